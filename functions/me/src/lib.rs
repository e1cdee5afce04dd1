//! The caller's own account: `/api/me/*` of the directory contract (`docs/contracts/directory.md`, §B).

use usher::access::guard::Guard::SignedIn;
use usher::error::Error::NotFound;
use usher::error::Noun;
use usher::http::problem::Problem;
use usher::http::routes::Routes;

pub mod handlers;

pub fn routes() -> Routes {
    Routes::new::<Problem>("Me")
        .about("The caller's own account. No permission is needed.")
        .get("/api/me/profile", SignedIn, handlers::profile)
        .summary("Shows the caller's account")
        .errors(&[NotFound(Noun::User)])
        .patch("/api/me/profile", SignedIn, handlers::patch)
        .summary("Changes the caller's personal fields; every other field is ignored")
        .errors(&[NotFound(Noun::User)])
        .get("/api/me/login-history", SignedIn, handlers::login_history)
        .summary("Lists the caller's logins, newest first")
}
