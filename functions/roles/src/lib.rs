//! Roles and permissions: `/api/roles*` and `/api/permissions` of the directory contract
//! (`docs/contracts/directory.md`, §B). API keys (`docs/contracts/account.md`) and tenants.

use usher::access::guard::needs;
use usher::domain::permission::{ADMIN_KEYS, ADMIN_ROLES, ADMIN_TENANTS};
use usher::http::problem::Problem;
use usher::http::routes::Routes;

pub mod handlers;
pub mod wire;

/// The route table.
pub fn routes() -> Routes {
    Routes::new::<Problem>("Roles")
        .about("Roles, their permissions and seats; API keys; tenants.")
        .get("/api/roles", needs(ADMIN_ROLES), handlers::list)
        .summary("Lists roles, those of the system first", &[])
        .post("/api/roles", needs(ADMIN_ROLES), handlers::create)
        .summary("Makes a role", &[409])
        .get("/api/roles/{role}", needs(ADMIN_ROLES), handlers::show)
        .summary("Shows a role", &[])
        .patch("/api/roles/{role}", needs(ADMIN_ROLES), handlers::patch)
        .summary("Changes a role", &[409])
        .delete("/api/roles/{role}", needs(ADMIN_ROLES), handlers::delete)
        .summary(
            "Deletes a role; with `force`, it is taken from its members first",
            &[409],
        )
        .get("/api/permissions", needs(ADMIN_ROLES), handlers::permissions)
        .summary("Lists the permission catalogue", &[])
        .get("/api/api-keys", needs(ADMIN_KEYS), handlers::list_keys)
        .summary("Lists API keys, newest first", &[])
        .post("/api/api-keys", needs(ADMIN_KEYS), handlers::create_key)
        .summary("Makes an API key; its text is shown this once", &[])
        .delete("/api/api-keys/{key}", needs(ADMIN_KEYS), handlers::revoke_key)
        .summary("Revokes an API key", &[])
        .get("/api/tenants", needs(ADMIN_TENANTS), handlers::list_tenants)
        .summary("Lists tenants, by id; from `main` alone", &[])
        .post("/api/tenants", needs(ADMIN_TENANTS), handlers::create_tenant)
        .summary(
            "Makes a tenant with its system roles and its first owner; from `main` alone",
            &[409],
        )
}
