//! Translation: parse, act, answer.

use usher::Result;
use usher::actions::revisions::Expected;
use usher::actions::{Context, credentials, deletion, grants, histories, links, listing};
use usher::actions::{login as sign_in, registration, roles as role_actions, sessions, users as accounts};
use usher::domain::history::RightsEntry;
use usher::http::answer::Json;
use usher::http::body::{Body, MaybeBody, OneOrMore};
use usher::http::call::Query;

use crate::answer::{Listed, WithCookie};
use crate::case::Case;
use crate::credentials::{DeviceCookie, OwnEmail};
use crate::sentences;
use crate::wire::{Answer, Change, ChangeAny, ChangeRole, Credentials, EntriesQuery, Entry, ForgottenPassword};
use crate::wire::{FullProfile, LoggedIn, MaxRoles, PageQuery, Profile, Register, Reset, RightsChange, RightsFilter};
use crate::wire::{RightsQuery, RoleView, UpdateAny, UpdateOwn, UserId, next, no_cookie, terms};

pub async fn register(cx: Context, Body(body): Body<Register>) -> Result<Json<Answer>> {
    registration::register(&cx, body.parse(&cx)?).await?;
    Ok(Answer::of(sentences::REGISTERED))
}

pub async fn login(
    DeviceCookie(cx): DeviceCookie,
    case: Case,
    Body(body): Body<Credentials>,
) -> Result<WithCookie<LoggedIn>> {
    let (name, password) = body.parse();
    let issued = sign_in::login(&cx, &name, password, &terms(case)).await?;
    Ok(LoggedIn::of(&cx, &issued))
}

/// `ResetPassword` of a guest
pub async fn forgotten_password(cx: Context, Body(body): Body<ForgottenPassword>) -> Result<Json<Answer>> {
    match body.parse(&cx)? {
        Reset::Ask(email) => {
            links::ask_for_password(&cx, &email).await?;
            Ok(Answer::of(sentences::MAIL_IF_KNOWN))
        }
        Reset::Choose(token, new) => {
            links::set_password(&cx, &token, new).await?;
            Ok(Answer::of(sentences::PASSWORD_SET))
        }
    }
}

pub async fn reset_password(cx: Context, OwnEmail(email): OwnEmail) -> Result<Json<Answer>> {
    links::ask_for_password(&cx, &email).await?;
    Ok(Answer::of(sentences::MAIL_SENT))
}

pub async fn profile(cx: Context) -> Result<Json<Profile>> {
    cx.own_account().map(Profile::of).map(Json)
}

/// `Profile`, from `admin` up
pub async fn profile_in_full(cx: Context) -> Result<Json<FullProfile>> {
    cx.own_account().map(|user| FullProfile::of(&cx, user)).map(Json)
}

pub async fn logout(cx: Context) -> Result<WithCookie<Answer>> {
    sessions::logout(&cx).await?;
    Ok(no_cookie(sentences::LOGGED_OUT))
}

pub async fn update(cx: Context, Body(body): Body<UpdateOwn>) -> Result<Json<Answer>> {
    accounts::patch_own(&cx, &body.patch(), &Expected::Anything).await?;
    Ok(Answer::of(sentences::UPDATED))
}

/// `Update`, from `admin` up
pub async fn update_any(cx: Context, Body(body): Body<UpdateAny>) -> Result<Json<Answer>> {
    match body.another()? {
        Some(user) => accounts::patch(&cx, &user, &body.parse()).await?.0,
        None => accounts::patch_own(&cx, &body.own.patch(), &Expected::Anything).await?,
    };
    Ok(Answer::of(sentences::UPDATED))
}

pub async fn change(DeviceCookie(cx): DeviceCookie, Body(body): Body<Change>) -> Result<Json<Answer>> {
    let (change, done) = body.parse(&cx, true)?;
    credentials::change(&cx, None, change).await?;
    Ok(Answer::of(done))
}

/// `Change`, from `admin` up
pub async fn change_any(DeviceCookie(cx): DeviceCookie, Body(body): Body<ChangeAny>) -> Result<Json<Answer>> {
    let whose = body.another(&cx)?;
    let (change, done) = body.change().parse(&cx, whose.is_none())?;
    credentials::change(&cx, whose, change).await?;
    Ok(Answer::of(done))
}

pub async fn delete(cx: Context) -> Result<WithCookie<Answer>> {
    let own = accounts::UserRef::Id(cx.own_account()?.id);
    deletion::delete(&cx, &own, &Expected::Anything).await?;
    Ok(no_cookie(sentences::OWN_DELETED))
}

pub async fn delete_account(cx: Context) -> Result<WithCookie<Answer>> {
    deletion::erase(&cx, cx.own_account()?.id).await?;
    Ok(no_cookie(sentences::OWN_ERASED))
}

pub async fn delete_user(cx: Context, Body(body): Body<UserId>) -> Result<Json<Answer>> {
    let user = accounts::UserRef::Id(body.parse()?);
    deletion::delete_anothers(&cx, &user).await?;
    Ok(Answer::of(sentences::DELETED))
}

pub async fn delete_user_account(cx: Context, Body(body): Body<UserId>) -> Result<Json<Answer>> {
    deletion::erase_anothers(&cx, body.parse()?).await?;
    Ok(Answer::of(sentences::ERASED))
}

pub async fn change_role(cx: Context, Body(body): Body<ChangeRole>) -> Result<Json<Answer>> {
    grants::put(&cx, &body.user()?, &body.role_name).await?;
    Ok(Answer::of(sentences::ROLE_GIVEN))
}

pub async fn users(cx: Context, Query(query): Query<PageQuery>) -> Result<Listed<FullProfile>> {
    let filter = listing::Filter {
        with_deleted: true,
        ..listing::Filter::default()
    };
    let page = listing::list(&cx, &filter, query.size()?, query.cursor.as_deref()).await?;
    let items = page.items.iter().map(|user| FullProfile::of(&cx, user)).collect();
    let next = next(page.next_cursor, &query.filters());
    Ok(Listed { items, next })
}

pub async fn roles(cx: Context, Query(query): Query<PageQuery>) -> Result<Listed<RoleView>> {
    let page = role_actions::page(&cx, query.size()?, query.cursor.as_deref()).await?;
    let items = page.items.iter().map(RoleView::of).collect();
    let next = next(page.next_cursor, &query.filters());
    Ok(Listed { items, next })
}

pub async fn entries(cx: Context, Query(query): Query<EntriesQuery>) -> Result<Listed<Entry>> {
    let (user, size) = query.parse()?;
    let page = histories::entries(&cx, user, size, query.cursor.as_deref()).await?;
    let names = listing::usernames(&cx, page.items.iter().map(|row| row.user)).await?;
    let items = page.items.iter().map(|row| Entry::of(row, &names)).collect();
    let next = next(page.next_cursor, &query.filters());
    Ok(Listed { items, next })
}

pub async fn rights_changes(cx: Context, Query(query): Query<RightsQuery>) -> Result<Listed<RightsChange>> {
    let asked = query.filter().parse(&cx).await?;
    let page = histories::rights_changes(&cx, &asked, query.size()?, query.cursor.as_deref()).await?;
    let rows = page.items.iter();
    let names = role_actions::names(&cx, rows.clone().flat_map(RightsEntry::roles)).await?;
    let items = rows.map(|row| RightsChange::of(row, &asked, &names)).collect();
    let next = next(page.next_cursor, &query.filters());
    Ok(Listed { items, next })
}

/// `RightsChanges` by `POST`
pub async fn rights_changes_posted(
    cx: Context,
    Query(query): Query<RightsQuery>,
    MaybeBody(filter): MaybeBody<RightsFilter>,
) -> Result<Listed<RightsChange>> {
    rights_changes(cx, Query(query.with(filter))).await
}

/// `SetMaxRoles` and `SetRoleCounts`
pub async fn set_max_roles(cx: Context, OneOrMore(limits): OneOrMore<MaxRoles>) -> Result<Json<Answer>> {
    role_actions::set_limits(&cx, limits.iter().map(MaxRoles::parse)).await?;
    Ok(Answer::of(sentences::LIMIT_SET))
}
