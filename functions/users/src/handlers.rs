//! Translation: parse, act, answer.

use directory::{
    EndQuery, GrantRole, LoginView, MomentQuery, PageQuery, PageView, PermissionsView, SessionView, UserView,
};
use usher::Result;
use usher::actions::revisions::Revision;
use usher::actions::{
    Context, access, deletion, grants, histories, listing, locks, open_sessions, passwords, service_keys, users,
};
use usher::domain::role::Role;
use usher::domain::user::{AdminLock, User};
use usher::http::answer::{Changed, Created, CreatedTagged, Json, Maybe, NoContent, Shown, Tagged};
use usher::http::body::{Body, MaybeBody, MergePatch};
use usher::http::call::{GrantPath, Query, ServiceKeyPath, SessionPath, UserPath};
use usher::http::preconditions::IfMatch;
use usher::http::prefer::{Prefer, Return};

use crate::wire::keys::{KeyView, MadeKey, NewKey};
use crate::wire::{GrantView, ListQuery, LockUser, NewUser, PatchUser, PutUser, ResetPassword, TemporaryPassword};

pub async fn list(cx: Context, Query(query): Query<ListQuery>) -> Result<Json<PageView<UserView>>> {
    let (filter, limit) = query.parse()?;
    let page = listing::list(&cx, &filter, limit, query.cursor.as_deref()).await?;
    let names = users::role_names(&cx, &page.items).await?;
    Ok(PageView::of(page, |user| UserView::of(&cx, &user, &names)))
}

pub async fn create(cx: Context, Body(body): Body<NewUser>) -> Result<CreatedTagged<UserView>> {
    let (user, roles) = users::create(&cx, body.parse(&cx)?).await?;
    let Tagged { revision, body } = tagged(&cx, &user, &roles);
    let location = format!("/api/users/{}", user.id);
    Ok(CreatedTagged {
        revision,
        created: Created { location, body },
    })
}

pub async fn show(cx: Context, UserPath(user): UserPath) -> Result<Shown<UserView>> {
    let user = users::find(&cx, &user).await?;
    let roles = users::roles_of(&cx, &user).await?;
    Ok(Shown(tagged(&cx, &user, &roles)))
}

fn tagged(cx: &Context, user: &User, roles: &[Role]) -> Tagged<UserView> {
    Tagged {
        revision: Revision::of_user(cx, user, roles),
        body: UserView::whole(cx, user, roles),
    }
}

pub async fn put(
    cx: Context,
    UserPath(user): UserPath,
    IfMatch(expected): IfMatch,
    Body(body): Body<PutUser>,
) -> Result<NoContent> {
    let (rank, status) = body.parse()?;
    grants::set_rank(&cx, &user, &expected, rank, status).await?;
    Ok(NoContent)
}

pub async fn patch(
    cx: Context,
    UserPath(user): UserPath,
    IfMatch(expected): IfMatch,
    prefer: Prefer,
    MergePatch(body): MergePatch<PatchUser>,
) -> Result<Changed<UserView>> {
    let (user, roles) = users::patch(&cx, &user, &body.parse(&cx, expected)?).await?;
    let roles = match (roles, prefer.0) {
        // It is done. A preference that cannot be met does not undo that (RFC 7240, 2): the answer is 204 then.
        (None, Some(Return::Representation)) => users::roles_of(&cx, &user).await.ok(),
        (known, _) => known,
    };
    let tagged = roles.map(|roles| tagged(&cx, &user, &roles));
    Ok(Changed { prefer, tagged })
}

pub async fn delete(cx: Context, UserPath(user): UserPath, IfMatch(expected): IfMatch) -> Result<NoContent> {
    deletion::delete(&cx, &user, &expected).await?;
    Ok(NoContent)
}

pub async fn lock(
    cx: Context,
    UserPath(user): UserPath,
    IfMatch(expected): IfMatch,
    MaybeBody(body): MaybeBody<LockUser>,
) -> Result<NoContent> {
    let (reason, until) = (body.reason()?, body.until);
    locks::lock(&cx, &user, &expected, AdminLock { reason, until }).await?;
    Ok(NoContent)
}

pub async fn unlock(cx: Context, UserPath(user): UserPath, IfMatch(expected): IfMatch) -> Result<NoContent> {
    locks::unlock(&cx, &user, &expected).await?;
    Ok(NoContent)
}

pub async fn reset_password(
    cx: Context,
    UserPath(user): UserPath,
    IfMatch(expected): IfMatch,
    MaybeBody(body): MaybeBody<ResetPassword>,
) -> Result<Maybe<TemporaryPassword>> {
    let made = passwords::reset(&cx, &user, &expected, body.parse(&cx)?).await?;
    Ok(Maybe(made.map(TemporaryPassword::of)))
}

pub async fn login_history(
    cx: Context,
    UserPath(user): UserPath,
    Query(query): Query<PageQuery>,
) -> Result<Json<PageView<LoginView>>> {
    let page = histories::logins_of(&cx, &user, query.limit()?, query.cursor.as_deref()).await?;
    Ok(PageView::of(page, LoginView::of))
}

pub async fn sessions(cx: Context, UserPath(user): UserPath) -> Result<Json<Vec<SessionView>>> {
    let open = open_sessions::of(&cx, &user).await?;
    Ok(SessionView::all(&cx, open))
}

pub async fn end_sessions(
    cx: Context,
    UserPath(user): UserPath,
    IfMatch(expected): IfMatch,
    Query(query): Query<EndQuery>,
) -> Result<NoContent> {
    open_sessions::end_all(&cx, &user, &expected, query.keeps_current()).await?;
    Ok(NoContent)
}

pub async fn end_session(
    cx: Context,
    UserPath(user): UserPath,
    SessionPath(session): SessionPath,
    IfMatch(expected): IfMatch,
) -> Result<NoContent> {
    open_sessions::end(&cx, &user, &expected, session).await?;
    Ok(NoContent)
}

pub async fn grants(cx: Context, UserPath(user): UserPath) -> Result<Json<Vec<GrantView>>> {
    let all = grants::list(&cx, &user).await?;
    let views = all.iter().map(|(grant, role)| GrantView::of(&cx, grant, role));
    Ok(Json(views.collect()))
}

pub async fn grant(
    cx: Context,
    UserPath(user): UserPath,
    IfMatch(expected): IfMatch,
    Body(body): Body<GrantRole>,
) -> Result<Created<GrantView>> {
    let (user, grant, role) = grants::give(&cx, &user, &expected, &body.parse("")?).await?;
    let location = format!("/api/users/{user}/roles/{}", grant.id);
    Ok(Created {
        location,
        body: GrantView::of(&cx, &grant, role.name.as_given()),
    })
}

pub async fn revoke(
    cx: Context,
    UserPath(user): UserPath,
    GrantPath(grant): GrantPath,
    IfMatch(expected): IfMatch,
) -> Result<NoContent> {
    grants::take(&cx, &user, &expected, grant).await?;
    Ok(NoContent)
}

pub async fn keys(cx: Context, UserPath(user): UserPath) -> Result<Json<Vec<KeyView>>> {
    let all = service_keys::list(&cx, &user).await?;
    Ok(Json(all.iter().map(KeyView::of).collect()))
}

pub async fn create_key(
    cx: Context,
    UserPath(user): UserPath,
    IfMatch(expected): IfMatch,
    Body(body): Body<NewKey>,
) -> Result<Created<MadeKey>> {
    let (name, expires_at) = body.parse()?;
    let (key, text) = service_keys::create(&cx, &user, &expected, &name, expires_at).await?;
    Ok(Created {
        location: format!("/api/users/{}/keys/{}", key.user, key.id),
        body: MadeKey::of(&key, text),
    })
}

pub async fn revoke_key(
    cx: Context,
    UserPath(user): UserPath,
    ServiceKeyPath(key): ServiceKeyPath,
    IfMatch(expected): IfMatch,
) -> Result<NoContent> {
    service_keys::revoke(&cx, &user, &expected, key).await?;
    Ok(NoContent)
}

pub async fn permissions(
    cx: Context,
    UserPath(user): UserPath,
    Query(query): Query<MomentQuery>,
) -> Result<Json<PermissionsView>> {
    let (department, at) = query.parse()?;
    let held = access::permissions(&cx, Some(&user), department.as_ref(), at).await?;
    Ok(Json(PermissionsView::of(department.as_ref(), held)))
}
