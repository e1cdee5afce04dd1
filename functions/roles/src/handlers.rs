//! Translation: parse, act, answer. Pages are asked for as those of `/api/users` are.

use users::wire::PageQuery;
use usher::Result;
use usher::actions::{Context, catalogue, roles};
use usher::http::answer::{Created, Json, NoContent};
use usher::http::body::{Body, MergePatch};
use usher::http::call::{Query, RolePath};

use crate::wire::{DeleteQuery, NewRole, PatchRole, PermissionView, RolePage, RoleView};

/// `GET /api/roles`
pub async fn list(cx: Context, Query(query): Query<PageQuery>) -> Result<Json<RolePage>> {
    let page = roles::list(&cx, query.limit()?, query.cursor.as_deref()).await?;
    Ok(Json(RolePage::of(page)))
}

/// `POST /api/roles`
pub async fn create(cx: Context, Body(body): Body<NewRole>) -> Result<Created<RoleView>> {
    let role = roles::create(&cx, body.parse()?).await?;
    Ok(Created {
        location: format!("/api/roles/{}", role.id),
        body: RoleView::of(&role, 0),
    })
}

/// `GET /api/roles/{role}`
pub async fn show(cx: Context, RolePath(role): RolePath) -> Result<Json<RoleView>> {
    let (role, members) = roles::show(&cx, &role).await?;
    Ok(Json(RoleView::of(&role, members)))
}

/// `PATCH /api/roles/{role}`
pub async fn patch(
    cx: Context,
    RolePath(role): RolePath,
    MergePatch(body): MergePatch<PatchRole>,
) -> Result<Json<RoleView>> {
    let (role, members) = roles::patch(&cx, &role, &body.parse()?).await?;
    Ok(Json(RoleView::of(&role, members)))
}

/// `DELETE /api/roles/{role}`
pub async fn delete(cx: Context, RolePath(role): RolePath, Query(query): Query<DeleteQuery>) -> Result<NoContent> {
    roles::delete(&cx, &role, query.force).await?;
    Ok(NoContent)
}

/// `GET /api/permissions`
pub async fn permissions(cx: Context) -> Result<Json<Vec<PermissionView>>> {
    let all = catalogue::list(&cx).await?;
    Ok(Json(all.into_iter().map(PermissionView::of).collect()))
}
