//! Roles and permissions: `/api/roles*` and `/api/permissions` of the directory contract (`directory.md`, §B).

use usher::access::guard::needs;
use usher::domain::permission::ADMIN_ROLES;
use usher::http::problem::Problem;
use usher::http::routes::Routes;

pub mod handlers;
pub mod wire;

/// The route table.
pub fn routes() -> Routes {
    Routes::new::<Problem>("Roles")
        .about("Roles, their permissions and seats.")
        .get("/api/roles", needs(ADMIN_ROLES), handlers::list)
        .says("Lists roles, those of the system first", &[])
        .post("/api/roles", needs(ADMIN_ROLES), handlers::create)
        .says("Makes a role", &[409])
        .get("/api/roles/{role}", needs(ADMIN_ROLES), handlers::show)
        .says("Shows a role", &[])
        .patch("/api/roles/{role}", needs(ADMIN_ROLES), handlers::patch)
        .says("Changes a role", &[409])
        .delete("/api/roles/{role}", needs(ADMIN_ROLES), handlers::delete)
        .says(
            "Deletes a role; with `force`, it is taken from its members first",
            &[409],
        )
        .get("/api/permissions", needs(ADMIN_ROLES), handlers::permissions)
        .says("Lists the permission catalogue", &[])
}
