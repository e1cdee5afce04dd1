//! The caller's own account: `/api/me/*` of the directory contract (`docs/contracts/directory.md`, §B).

use usher::access::guard::Guard::SignedIn;
use usher::http::problem::Problem;
use usher::http::routes::Routes;

pub mod handlers;

/// The route table.
pub fn routes() -> Routes {
    Routes::new::<Problem>("Me")
        .about("The caller's own account. No permission is needed.")
        .get("/api/me/profile", SignedIn, handlers::profile)
        .summary("Shows the caller's account", &[404])
        .patch("/api/me/profile", SignedIn, handlers::patch)
        .summary(
            "Changes the caller's personal fields; every other field is ignored",
            &[404],
        )
        .get("/api/me/login-history", SignedIn, handlers::login_history)
        .summary("Lists the caller's logins, newest first", &[])
}
