//! Roles and permissions: `/api/roles*` and `/api/permissions` of the directory contract
//! (`docs/contracts/directory.md`, §B). API keys (`docs/contracts/account.md`) and tenants.
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

use usher::access::guard::needs;
use usher::domain::permission::{ADMIN_KEYS, ADMIN_PERMISSIONS, ADMIN_ROLES, ADMIN_TENANTS};
use usher::domain::role::Rank;
use usher::error::Conflict::{
    BelowMemberCount, LastAdministrator, PermissionInUse, PermissionTaken, RoleHasMembers, RoleNameTaken,
    SystemPermission, SystemRole, TenantTaken, TooManyMembers,
};
use usher::error::Error;
use usher::error::Error::{Conflict, Forbidden};
use usher::error::Forbidden::BelowRank;
use usher::http::problem::Problem;
use usher::http::routes::Routes;

pub mod handlers;
pub mod wire;

pub fn routes() -> Routes {
    Routes::new::<Problem>("Roles")
        .about("Roles, their permissions and seats; API keys; tenants.")
        .get("/api/roles", needs(ADMIN_ROLES), handlers::list)
        .summary("List roles, system roles first")
        .make("/api/roles", needs(ADMIN_ROLES), handlers::create)
        .summary("Create a role")
        .errors(&[Error::NOT_HELD, Error::HELD_FOR_LESS, Conflict(RoleNameTaken)])
        .get("/api/roles/{role}", needs(ADMIN_ROLES), handlers::show)
        .summary("Get a role")
        .patch("/api/roles/{role}", needs(ADMIN_ROLES), handlers::patch)
        .summary("Update a role")
        .errors(Error::TOUCHES)
        .errors(&[
            Forbidden(BelowRank(Rank::Owner)),
            Error::HELD_FOR_LESS,
            Conflict(RoleNameTaken),
            Conflict(BelowMemberCount),
            Conflict(SystemRole("a system role keeps its name")),
            Conflict(LastAdministrator),
            Conflict(TooManyMembers(20)),
        ])
        .delete("/api/roles/{role}", needs(ADMIN_ROLES), handlers::delete)
        .summary("Delete a role; with `force`, also from its members")
        .errors(Error::TOUCHES)
        .errors(&[
            Forbidden(BelowRank(Rank::Owner)),
            Conflict(SystemRole("a system role cannot be deleted")),
            Conflict(RoleHasMembers),
            Conflict(TooManyMembers(1_000)),
            Conflict(LastAdministrator),
        ])
        .get("/api/permissions", needs(ADMIN_ROLES), handlers::permissions)
        .summary("List the permission catalogue")
        .make(
            "/api/permissions",
            needs(ADMIN_PERMISSIONS),
            handlers::create_permission,
        )
        .summary("Add a permission of an application to the catalogue; from `main` only")
        .errors(&[Conflict(PermissionTaken)])
        .delete(
            "/api/permissions/{permission}",
            needs(ADMIN_PERMISSIONS),
            handlers::delete_permission,
        )
        .summary("Remove a permission from the catalogue; with `force`, also from the roles that have it")
        .errors(&[Conflict(PermissionInUse), Conflict(SystemPermission)])
        .get("/api/api-keys", needs(ADMIN_KEYS), handlers::list_keys)
        .summary("List API keys, newest first")
        .make("/api/api-keys", needs(ADMIN_KEYS), handlers::create_key)
        .summary("Create an API key; its text is only in this response")
        .errors(&[Error::HELD_FOR_LESS])
        .delete("/api/api-keys/{key}", needs(ADMIN_KEYS), handlers::revoke_key)
        .summary("Revoke an API key")
        .errors(Error::TOUCHES)
        .errors(&[Forbidden(BelowRank(Rank::Owner))])
        .get("/api/tenants", needs(ADMIN_TENANTS), handlers::list_tenants)
        .summary("List tenants, by id; from `main` only")
        .make("/api/tenants", needs(ADMIN_TENANTS), handlers::create_tenant)
        .summary("Create a tenant with its system roles and first owner; from `main` only")
        .errors(&[Conflict(TenantTaken), Error::RATE_LIMITED])
}
