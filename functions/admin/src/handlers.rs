//! Translation: parse, act, answer.

use usher::Result;
use usher::actions::{Context, catalogue, deletion, grants, links, listing, login as sign_in, sessions};
use usher::actions::{settings as tenant_settings, users};
use usher::http::answer::{AcceptedJson, Created, Json, NoContent};
use usher::http::body::{Body, MaybeBody, MergePatch};
use usher::http::call::{Query, RolePath, UserPath};

use crate::wire::{
    AssignRoles, Credentials, LoginView, Logout, Message, NewUser, NewUserView, PageQuery, PatchSettings, PutUser,
    Refresh, SearchQuery, SettingsView, TERMS, TokenPair, UpdatedUser, UserDetail, UserPage, Verification,
};

pub async fn login(cx: Context, Body(body): Body<Credentials>) -> Result<Json<LoginView>> {
    let (email, password) = body.parse()?;
    let issued = sign_in::login(&cx, email.as_given(), password, &TERMS).await?;
    // The login is done: where the roles cannot be read, the response is without their descriptions.
    let roles = listing::roles_by_id(&cx, &issued.user).await.unwrap_or_default();
    Ok(Json(LoginView::of(&cx, &issued, &roles)))
}

pub async fn refresh(cx: Context, Body(body): Body<Refresh>) -> Result<Json<TokenPair>> {
    let issued = sessions::refresh(&cx, &body.refresh_token, &TERMS).await?;
    Ok(Json(TokenPair::of(&cx, &issued)))
}

pub async fn logout(cx: Context, MaybeBody(body): MaybeBody<Logout>) -> Result<NoContent> {
    sessions::logout_with(&cx, &body.refresh_token.unwrap_or_default()).await?;
    Ok(NoContent)
}

pub async fn ask_for_verification(cx: Context, Body(body): Body<Verification>) -> Result<AcceptedJson<Message>> {
    links::ask_for_verification(&cx, &body.parse()?).await?;
    let sent = "If the address is still to be verified, a mail with a link is sent to it";
    Ok(AcceptedJson(Message::of(sent)))
}

pub async fn list(cx: Context, Query(query): Query<PageQuery>) -> Result<Json<UserPage>> {
    let place = query.parse()?;
    let found = listing::numbered(&cx, None, place.page, place.limit).await?;
    let roles = listing::roles_by_id(&cx, &found.items).await?;
    Ok(Json(UserPage::of(&cx, &found, place, &roles)))
}

pub async fn search(cx: Context, Query(query): Query<SearchQuery>) -> Result<Json<UserPage>> {
    let (q, place) = query.parse()?;
    let found = listing::numbered(&cx, Some(q), place.page, place.limit).await?;
    let roles = listing::roles_by_id(&cx, &found.items).await?;
    Ok(Json(UserPage::of(&cx, &found, place, &roles)))
}

pub async fn show(cx: Context, UserPath(user): UserPath) -> Result<Json<UserDetail>> {
    let user = users::find(&cx, &user).await?;
    let roles = listing::roles_by_id(&cx, [&user]).await?;
    let held = roles.values().flat_map(|role| &role.permissions).map(String::as_str);
    let described = catalogue::describe(&cx, &held.collect()).await?;
    Ok(Json(UserDetail::of(&cx, &user, &roles, &described)))
}

pub async fn create(cx: Context, Body(body): Body<NewUser>) -> Result<Created<NewUserView>> {
    let (user, roles) = users::create(&cx, body.parse(&cx)?).await?;
    Ok(Created {
        location: format!("/v1/admin/users/{}", user.id),
        body: NewUserView::of(&user, &roles),
    })
}

pub async fn update(cx: Context, UserPath(user): UserPath, Body(body): Body<PutUser>) -> Result<Json<UpdatedUser>> {
    let (user, names) = users::patch_naming_roles(&cx, &user, &body.parse(&cx)?).await?;
    Ok(Json(UpdatedUser::of(&cx, &user, &names)))
}

pub async fn delete(cx: Context, UserPath(user): UserPath) -> Result<Json<Message>> {
    deletion::delete_anothers(&cx, &user).await?;
    Ok(Json(Message::of("User deleted successfully")))
}

pub async fn assign_roles(
    cx: Context,
    UserPath(user): UserPath,
    Body(body): Body<AssignRoles>,
) -> Result<Json<Message>> {
    grants::add(&cx, &user, &body.parse()?).await?;
    Ok(Json(Message::of("Roles assigned successfully")))
}

pub async fn remove_role(cx: Context, UserPath(user): UserPath, RolePath(role): RolePath) -> Result<Json<Message>> {
    grants::take_role(&cx, &user, &role).await?;
    Ok(Json(Message::of("Role removed successfully")))
}

pub async fn send_verification(cx: Context, UserPath(user): UserPath) -> Result<AcceptedJson<Message>> {
    links::send_verification(&cx, &user).await?;
    Ok(AcceptedJson(Message::of("Verification mail requested")))
}

pub async fn settings(cx: Context) -> Result<Json<SettingsView>> {
    let chosen = tenant_settings::chosen(&cx).await?;
    Ok(Json(SettingsView::of(&cx, &chosen)))
}

pub async fn change_settings(cx: Context, MergePatch(body): MergePatch<PatchSettings>) -> Result<Json<SettingsView>> {
    let change = body.parse(&cx)?;
    let chosen = tenant_settings::change(&cx, |chosen| change.of(chosen)).await?;
    Ok(Json(SettingsView::of(&cx, &chosen)))
}
