//! Translation: parse, act, answer.

use usher::Result;
use usher::actions::{Context, dev, introspection, links, login as sign_in, passwords, sessions};
use usher::domain::text::Password;
use usher::http::answer::{Accepted, Done, Json, NoContent};
use usher::http::body::{Body, FormOrJson, MaybeBody};
use usher::jiff::SignedDuration;

use crate::wire::introspection::{Introspect, Introspected};
use crate::wire::{ChangePassword, Credentials, DevLogin, DevToken, ForgotPassword, LoginView, MintedToken, Refresh};
use crate::wire::{LOGIN_TERMS, Revoke, SetPassword, SignIn, TOKEN_TERMS, TokenPair, dev_terms};

pub async fn token(cx: Context, Body(body): Body<Credentials>) -> Result<Json<TokenPair>> {
    let (email, password) = body.parse()?;
    let issued = sign_in::login(&cx, email.as_given(), password, &TOKEN_TERMS).await?;
    Ok(Json(TokenPair::of(&cx, &issued)))
}

pub async fn refresh(cx: Context, Body(body): Body<Refresh>) -> Result<Json<TokenPair>> {
    let issued = sessions::refresh(&cx, &body.refresh_token, &TOKEN_TERMS).await?;
    Ok(Json(TokenPair::of(&cx, &issued)))
}

pub async fn revoke(cx: Context, FormOrJson(body): FormOrJson<Revoke>) -> Result<Done> {
    sessions::revoke(&cx, &body.token).await?;
    Ok(Done)
}

pub async fn introspect(cx: Context, FormOrJson(body): FormOrJson<Introspect>) -> Result<Json<Introspected>> {
    let found = introspection::introspect(&cx, &body.token).await?;
    Ok(Json(found.map_or_else(Introspected::inactive, |found| {
        Introspected::of(&cx, &found)
    })))
}

pub async fn logout(cx: Context) -> Result<NoContent> {
    sessions::logout(&cx).await?;
    Ok(NoContent)
}

pub async fn login(cx: Context, Body(body): Body<SignIn>) -> Result<Json<LoginView>> {
    let issued = sign_in::login(&cx, &body.username, Password::presented(body.password), &LOGIN_TERMS).await?;
    Ok(Json(LoginView::of(&issued)))
}

pub async fn change_password(cx: Context, Body(body): Body<ChangePassword>) -> Result<NoContent> {
    let new = passwords::chosen(&cx, "/newPassword", body.new_password)?;
    passwords::change(&cx, Password::presented(body.current_password), new).await?;
    Ok(NoContent)
}

pub async fn forgot_password(cx: Context, Body(body): Body<ForgotPassword>) -> Result<Accepted> {
    links::ask_for_password(&cx, &body.parse()?).await?;
    Ok(Accepted)
}

pub async fn set_password(cx: Context, Body(body): Body<SetPassword>) -> Result<NoContent> {
    let new = passwords::chosen(&cx, "/newPassword", body.new_password)?;
    links::set_password(&cx, &body.token, new).await?;
    Ok(NoContent)
}

pub async fn login_dev(cx: Context, Body(body): Body<DevLogin>) -> Result<Json<LoginView>> {
    let issued = dev::login_as(&cx, &body.username, &LOGIN_TERMS).await?;
    Ok(Json(LoginView::of(&issued)))
}

pub async fn dev_token(cx: Context, MaybeBody(body): MaybeBody<DevToken>) -> Result<Json<MintedToken>> {
    let lasts = SignedDuration::from_secs(body.seconds()?);
    let issued = match body.account() {
        Some(username) => dev::login_as(&cx, username, &dev_terms(lasts)).await?,
        None => dev::issue_dev_token(&cx, body.principal(), lasts).await?,
    };
    Ok(Json(MintedToken::of(&issued)))
}
