//! Translation: parse, act, answer.

use directory::{LoginView, PageQuery, PageView, UserView};
use usher::Result;
use usher::actions::{Context, deletion, grants, histories, listing, locks, passwords, users};
use usher::domain::user::AdminLock;
use usher::http::answer::{Created, Json, Maybe, NoContent, Tagged};
use usher::http::body::{Body, MaybeBody, MergePatch};
use usher::http::call::{GrantPath, IfMatch, Prefer, Query, UserPath};

use crate::wire::{
    GrantRole, GrantView, ListQuery, LockUser, NewUser, PatchUser, PutUser, ResetPassword, TemporaryPassword,
};

pub async fn list(cx: Context, Query(query): Query<ListQuery>) -> Result<Json<PageView<UserView>>> {
    let (filter, limit) = query.parse()?;
    let page = listing::list(&cx, &filter, limit, query.cursor.as_deref()).await?;
    let names = users::role_names(&cx, &page.items).await?;
    Ok(PageView::of(page, |user| UserView::of(&cx, &user, &names)))
}

pub async fn create(cx: Context, Body(body): Body<NewUser>) -> Result<Created<UserView>> {
    let (user, roles) = users::create(&cx, body.parse(&cx)?).await?;
    Ok(Created {
        location: format!("/api/users/{}", user.id),
        body: UserView::whole(&cx, &user, &roles),
    })
}

pub async fn show(cx: Context, UserPath(user): UserPath) -> Result<Tagged<UserView>> {
    let user = users::find(&cx, &user).await?;
    let roles = users::roles_of(&cx, &user).await?;
    Ok(Tagged {
        version: user.version,
        body: UserView::whole(&cx, &user, &roles),
    })
}

pub async fn put(cx: Context, UserPath(user): UserPath, Body(body): Body<PutUser>) -> Result<NoContent> {
    let (rank, status) = body.parse()?;
    grants::set_rank(&cx, &user, rank, status).await?;
    Ok(NoContent)
}

pub async fn patch(
    cx: Context,
    UserPath(user): UserPath,
    IfMatch(expected): IfMatch,
    prefer: Prefer,
    MergePatch(body): MergePatch<PatchUser>,
) -> Result<Maybe<UserView>> {
    let user = users::patch(&cx, &user, &body.parse(&cx, expected)?).await?;
    if !prefer.representation {
        return Ok(Maybe(None));
    }
    // It is done. A preference that cannot be met does not undo that (RFC 7240, 2): the answer is 204 then.
    let roles = users::roles_of(&cx, &user).await.ok();
    Ok(Maybe(roles.map(|roles| UserView::whole(&cx, &user, &roles))))
}

pub async fn delete(cx: Context, UserPath(user): UserPath) -> Result<NoContent> {
    deletion::delete(&cx, &user).await?;
    Ok(NoContent)
}

pub async fn lock(cx: Context, UserPath(user): UserPath, MaybeBody(body): MaybeBody<LockUser>) -> Result<NoContent> {
    let (reason, until) = (body.reason()?, body.until);
    locks::lock(&cx, &user, AdminLock { reason, until }).await?;
    Ok(NoContent)
}

pub async fn unlock(cx: Context, UserPath(user): UserPath) -> Result<NoContent> {
    locks::unlock(&cx, &user).await?;
    Ok(NoContent)
}

pub async fn reset_password(
    cx: Context,
    UserPath(user): UserPath,
    MaybeBody(body): MaybeBody<ResetPassword>,
) -> Result<Maybe<TemporaryPassword>> {
    let made = passwords::reset(&cx, &user, body.parse(&cx)?).await?;
    Ok(Maybe(made.map(TemporaryPassword::of)))
}

pub async fn login_history(
    cx: Context,
    UserPath(user): UserPath,
    Query(query): Query<PageQuery>,
) -> Result<Json<PageView<LoginView>>> {
    let user = users::find(&cx, &user).await?;
    let page = histories::logins(&cx, user.id, query.limit()?, query.cursor.as_deref()).await?;
    Ok(PageView::of(page, LoginView::of))
}

pub async fn grants(cx: Context, UserPath(user): UserPath) -> Result<Json<Vec<GrantView>>> {
    let all = grants::list(&cx, &user).await?;
    let views = all.iter().map(|(grant, role)| GrantView::of(&cx, grant, role));
    Ok(Json(views.collect()))
}

pub async fn grant(cx: Context, UserPath(user): UserPath, Body(body): Body<GrantRole>) -> Result<Created<GrantView>> {
    let (user, grant, role) = grants::give(&cx, &user, &body.parse()?).await?;
    let location = format!("/api/users/{user}/roles/{}", grant.id);
    Ok(Created {
        location,
        body: GrantView::of(&cx, &grant, role.name.as_given()),
    })
}

pub async fn revoke(cx: Context, UserPath(user): UserPath, GrantPath(grant): GrantPath) -> Result<NoContent> {
    grants::take(&cx, &user, grant).await?;
    Ok(NoContent)
}
