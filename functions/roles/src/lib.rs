//! Roles and permissions: `/api/roles*` and `/api/permissions` of the directory contract
//! (`docs/contracts/directory.md`, §B). API keys (`docs/contracts/account.md`) and tenants.

use usher::access::guard::needs;
use usher::domain::permission::{ADMIN_KEYS, ADMIN_ROLES, ADMIN_TENANTS};
use usher::error::Conflict::{
    BelowMemberCount, LastAdministrator, RoleHasMembers, RoleNameTaken, SystemRole, TenantTaken, TooManyMembers,
};
use usher::error::Error;
use usher::error::Error::{Conflict, Forbidden};
use usher::error::Forbidden::AboveOwnRank;
use usher::http::problem::Problem;
use usher::http::routes::Routes;

pub mod handlers;
pub mod wire;

pub fn routes() -> Routes {
    Routes::new::<Problem>("Roles")
        .about("Roles, their permissions and seats; API keys; tenants.")
        .get("/api/roles", needs(ADMIN_ROLES), handlers::list)
        .summary("Lists roles, those of the system first")
        .post("/api/roles", needs(ADMIN_ROLES), handlers::create)
        .summary("Makes a role")
        .errors(&[Error::NOT_HELD, Conflict(RoleNameTaken)])
        .get("/api/roles/{role}", needs(ADMIN_ROLES), handlers::show)
        .summary("Shows a role")
        .patch("/api/roles/{role}", needs(ADMIN_ROLES), handlers::patch)
        .summary("Changes a role")
        .errors(&[
            Forbidden(AboveOwnRank),
            Error::NOT_HELD,
            Conflict(RoleNameTaken),
            Conflict(BelowMemberCount),
            Conflict(SystemRole("a system role keeps its name")),
            Conflict(LastAdministrator),
            Conflict(TooManyMembers(20)),
        ])
        .delete("/api/roles/{role}", needs(ADMIN_ROLES), handlers::delete)
        .summary("Deletes a role; with `force`, it is taken from its members first")
        .errors(&[
            Conflict(SystemRole("a system role cannot be deleted")),
            Conflict(RoleHasMembers),
            Conflict(LastAdministrator),
        ])
        .get("/api/permissions", needs(ADMIN_ROLES), handlers::permissions)
        .summary("Lists the permission catalogue")
        .get("/api/api-keys", needs(ADMIN_KEYS), handlers::list_keys)
        .summary("Lists API keys, newest first")
        .post("/api/api-keys", needs(ADMIN_KEYS), handlers::create_key)
        .summary("Makes an API key; its text is shown this once")
        .delete("/api/api-keys/{key}", needs(ADMIN_KEYS), handlers::revoke_key)
        .summary("Revokes an API key")
        .get("/api/tenants", needs(ADMIN_TENANTS), handlers::list_tenants)
        .summary("Lists tenants, by id; from `main` alone")
        .post("/api/tenants", needs(ADMIN_TENANTS), handlers::create_tenant)
        .summary("Makes a tenant with its system roles and its first owner; from `main` alone")
        .errors(&[Conflict(TenantTaken)])
}
