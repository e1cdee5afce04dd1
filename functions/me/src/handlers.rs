//! Translation: parse, act, answer. Accounts and histories are shown as `/api/users` shows them.

use directory::{DepartmentQuery, EndQuery, LoginView, PageQuery, PageView, PermissionsView, SessionView, UserView};
use serde_json::Value;
use usher::Result;
use usher::actions::revisions::Revision;
use usher::actions::{Context, access, histories, open_sessions, users as accounts};
use usher::domain::profile::Profile;
use usher::domain::user::User;
use usher::http::answer::{Json, NoContent, Shown, Tagged};
use usher::http::body::MergePatch;
use usher::http::call::{Query, SessionPath};
use usher::http::preconditions::IfMatch;

pub async fn profile(cx: Context) -> Result<Shown<UserView>> {
    Ok(Shown(tagged(&cx, cx.own_account()?)?))
}

fn tagged(cx: &Context, user: &User) -> Result<Tagged<UserView>> {
    let roles = &cx.caller()?.roles;
    Ok(Tagged {
        revision: Revision::of_user(cx, user, roles),
        body: UserView::whole(cx, user, roles),
    })
}

pub async fn patch(
    cx: Context,
    IfMatch(expected): IfMatch,
    MergePatch(patch): MergePatch<ProfilePatch>,
) -> Result<Tagged<UserView>> {
    let user = accounts::patch_own(&cx, &Value::Object(patch.fields), &expected).await?;
    tagged(&cx, &user)
}

pub async fn login_history(cx: Context, Query(query): Query<PageQuery>) -> Result<Json<PageView<LoginView>>> {
    let page = histories::logins(&cx, cx.caller()?.id, query.limit()?, query.cursor.as_deref()).await?;
    Ok(PageView::of(page, LoginView::of))
}

pub async fn sessions(cx: Context) -> Result<Json<Vec<SessionView>>> {
    let open = open_sessions::own(&cx).await?;
    Ok(SessionView::all(&cx, open))
}

pub async fn end_sessions(cx: Context, Query(query): Query<EndQuery>) -> Result<NoContent> {
    open_sessions::end_all_own(&cx, query.keeps_current()).await?;
    Ok(NoContent)
}

pub async fn end_session(cx: Context, SessionPath(session): SessionPath) -> Result<NoContent> {
    open_sessions::end_own(&cx, session).await?;
    Ok(NoContent)
}

/// A merge patch of the personal fields (RFC 7396). Whatever else it holds has no effect.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[schema(example = json!({ "displayName": "Jane D.", "age": null }))]
pub struct ProfilePatch {
    #[serde(flatten)]
    #[schema(value_type = Profile)]
    fields: serde_json::Map<String, Value>,
}

pub async fn permissions(cx: Context, Query(query): Query<DepartmentQuery>) -> Result<Json<PermissionsView>> {
    let department = query.parse()?;
    let held = access::permissions(&cx, None, department.as_ref(), None).await?;
    Ok(Json(PermissionsView::of(department.as_ref(), held)))
}
