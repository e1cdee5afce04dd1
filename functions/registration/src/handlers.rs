//! Translation: parse, act, answer.

use usher::actions::authenticate::authenticate;
use usher::actions::{Context, links, locks, login as sign_in, passwords, rate_limits, registration, sessions};
use usher::domain::rate_limit::Operation;
use usher::domain::text::Password;
use usher::http::answer::{AcceptedJson, Json, Sentence};
use usher::http::body::Body;
use usher::http::call::{OneTimePath, UserPath};
use usher::secrecy::ExposeSecret;
use usher::{Error, Result};

use crate::wire::{ChangePassword, Data, LoggedIn, Login, Register, Registered, Resend, TERMS, Token, WEEK};
use crate::wire::{LINK_FOLLOWED, LINK_REFUSED, RESENT, TOKEN_INVALID, TOKEN_VALID, named, shown};

pub async fn register(cx: Context, Body(body): Body<Register>) -> Result<Json<Data<Registered>>> {
    let user = registration::register(&cx, body.parse(&cx)?).await?;
    Ok(Data::of(Registered::of(&user)))
}

pub async fn verify_email(cx: Context, OneTimePath(token): OneTimePath) -> Result<Sentence> {
    match links::verify_email(&cx, &token).await {
        Ok(_) => Ok(LINK_FOLLOWED),
        // Whoever followed a link reads it in a browser: this one refusal is text as well.
        Err(Error::InvalidLink) => Ok(LINK_REFUSED),
        Err(other) => Err(other),
    }
}

pub async fn resend_verification(cx: Context, Body(body): Body<Resend>) -> Result<AcceptedJson<Data<String>>> {
    links::ask_for_verification(&cx, &body.parse()?).await?;
    Ok(AcceptedJson(Data {
        data: RESENT.to_owned(),
    }))
}

pub async fn login(cx: Context, Body(body): Body<Login>) -> Result<Json<Data<LoggedIn>>> {
    let issued = sign_in::login(&cx, &body.login, Password::presented(body.password), &TERMS).await?;
    Ok(Data::of(LoggedIn::of(&issued)))
}

pub async fn verify_token(cx: Context, Body(body): Body<Token>) -> Result<Json<Data<String>>> {
    rate_limits::admit(&cx, Operation::Token, None).await?;
    match authenticate(&cx, body.token.expose_secret()).await {
        // It opens the change of the password and nothing else (rule 14).
        Ok(caller) if caller.must_change_password() => Ok(Data::of(TOKEN_INVALID.to_owned())),
        Ok(_) => Ok(Data::of(TOKEN_VALID.to_owned())),
        Err(Error::InvalidToken) => Ok(Data::of(TOKEN_INVALID.to_owned())),
        Err(other) => Err(other),
    }
}

pub async fn renew_token(cx: Context, Body(body): Body<Token>) -> Result<Json<Data<LoggedIn>>> {
    let issued = sessions::renew(&cx, &body.token, &TERMS, WEEK).await?;
    Ok(Data::of(LoggedIn::of(&issued)))
}

pub async fn change_password(
    cx: Context,
    UserPath(user): UserPath,
    Body(body): Body<ChangePassword>,
) -> Result<Json<Data<String>>> {
    let (current, new) = body.parse(&cx)?;
    let own = cx.own_account()?;
    passwords::change_named(&cx, &named(user, own), current, new).await?;
    Ok(Data::of(format!("Password changed for user with ID: {}", own.number())))
}

pub async fn ban(cx: Context, UserPath(user): UserPath) -> Result<Json<Data<String>>> {
    let banned = locks::ban(&cx, &user).await?;
    Ok(Data::of(format!("Banned user: {}", shown(&banned))))
}

pub async fn lift_ban(cx: Context, UserPath(user): UserPath) -> Result<Json<Data<String>>> {
    let lifted = locks::lift_ban(&cx, &user).await?;
    Ok(Data::of(format!("Lifted the ban of user: {}", shown(&lifted))))
}
