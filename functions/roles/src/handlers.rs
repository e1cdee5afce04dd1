//! Translation: parse, act, answer. Pages are asked for as those of `/api/users` are.

use directory::{PageQuery, PageView};
use usher::Result;
use usher::actions::revisions::Revision;
use usher::actions::{Context, api_keys, catalogue, roles, tenants};
use usher::domain::role::Role;
use usher::http::answer::{Created, CreatedJson, CreatedTagged, Json, NoContent, Shown, Tagged};
use usher::http::body::{Body, MergePatch};
use usher::http::call::{KeyPath, PermissionPath, Query, RolePath};
use usher::http::preconditions::IfMatch;

use crate::wire::api_keys::{ApiKeyView, MadeApiKey, NewApiKey};
use crate::wire::permissions::{NewPermission, PermissionView, PermissionsQuery};
use crate::wire::tenants::{MadeTenant, NewTenant, TenantView};
use crate::wire::{DeleteQuery, NewRole, PatchRole, RoleView};

pub async fn list(cx: Context, Query(query): Query<PageQuery>) -> Result<Json<PageView<RoleView>>> {
    let page = roles::list(&cx, query.limit()?, query.cursor.as_deref()).await?;
    Ok(PageView::of(page, |(role, members)| RoleView::of(&role, members)))
}

pub async fn create(cx: Context, Body(body): Body<NewRole>) -> Result<CreatedTagged<RoleView>> {
    let role = roles::create(&cx, body.parse()?).await?;
    let Tagged { revision, body } = tagged(&role, 0);
    let location = format!("/api/roles/{}", role.id);
    Ok(CreatedTagged {
        revision,
        created: Created { location, body },
    })
}

pub async fn show(cx: Context, RolePath(role): RolePath) -> Result<Shown<RoleView>> {
    let (role, members) = roles::show(&cx, &role).await?;
    Ok(Shown(tagged(&role, members)))
}

fn tagged(role: &Role, members: u32) -> Tagged<RoleView> {
    Tagged {
        revision: Revision::of_role(role, members),
        body: RoleView::of(role, members),
    }
}

pub async fn patch(
    cx: Context,
    RolePath(role): RolePath,
    IfMatch(expected): IfMatch,
    MergePatch(body): MergePatch<PatchRole>,
) -> Result<Tagged<RoleView>> {
    let (role, members) = roles::patch(&cx, &role, &expected, &body.parse()?).await?;
    Ok(tagged(&role, members))
}

pub async fn delete(
    cx: Context,
    RolePath(role): RolePath,
    IfMatch(expected): IfMatch,
    Query(query): Query<DeleteQuery>,
) -> Result<NoContent> {
    roles::delete(&cx, &role, &expected, query.force).await?;
    Ok(NoContent)
}

pub async fn permissions(cx: Context, Query(query): Query<PermissionsQuery>) -> Result<Json<Vec<PermissionView>>> {
    let scope = query.scope()?;
    let mut all = catalogue::list(&cx).await?;
    all.retain(|entry| scope.is_none_or(|scope| entry.scope() == scope));
    Ok(Json(all.into_iter().map(PermissionView::of).collect()))
}

pub async fn create_permission(cx: Context, Body(body): Body<NewPermission>) -> Result<Created<PermissionView>> {
    let permission = body.parse()?;
    catalogue::add(&cx, &permission).await?;
    Ok(Created {
        location: format!("/api/permissions/{}", permission.name),
        body: PermissionView::of(permission),
    })
}

pub async fn delete_permission(
    cx: Context,
    PermissionPath(name): PermissionPath,
    Query(query): Query<DeleteQuery>,
) -> Result<NoContent> {
    catalogue::remove(&cx, &name, query.force).await?;
    Ok(NoContent)
}

pub async fn list_keys(cx: Context, Query(query): Query<PageQuery>) -> Result<Json<PageView<ApiKeyView>>> {
    let page = api_keys::list(&cx, query.limit()?, query.cursor.as_deref()).await?;
    Ok(PageView::of(page, |key| ApiKeyView::of(&key)))
}

pub async fn create_key(cx: Context, Body(body): Body<NewApiKey>) -> Result<Created<MadeApiKey>> {
    let (name, expires_at) = body.parse()?;
    let (key, text) = api_keys::create(&cx, name, expires_at).await?;
    Ok(Created {
        location: format!("/api/api-keys/{}", key.id),
        body: MadeApiKey::of(&key, text),
    })
}

pub async fn revoke_key(cx: Context, KeyPath(key): KeyPath) -> Result<NoContent> {
    api_keys::revoke(&cx, key).await?;
    Ok(NoContent)
}

pub async fn list_tenants(cx: Context, Query(query): Query<PageQuery>) -> Result<Json<PageView<TenantView>>> {
    let page = tenants::list(&cx, query.limit()?, query.cursor.as_deref()).await?;
    Ok(PageView::of(page, |tenant| TenantView::of(&tenant)))
}

pub async fn create_tenant(cx: Context, Body(body): Body<NewTenant>) -> Result<CreatedJson<MadeTenant>> {
    let (tenant, owner) = tenants::create(&cx, body.parse(&cx)?).await?;
    Ok(CreatedJson(MadeTenant::of(&tenant, &owner)))
}
