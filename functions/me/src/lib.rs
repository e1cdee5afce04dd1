//! The caller's own account: `/api/me/*` of the directory contract (`docs/contracts/directory.md`, §B).
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

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
        .summary("Get the caller's profile")
        .errors(&[NotFound(Noun::User)])
        .patch("/api/me/profile", SignedIn, handlers::patch)
        .summary("Update the caller's personal fields; every other field is ignored")
        .errors(&[NotFound(Noun::User)])
        .get("/api/me/login-history", SignedIn, handlers::login_history)
        .summary("List the caller's logins, newest first")
        .get("/api/me/sessions", SignedIn, handlers::sessions)
        .summary("List the caller's open sessions, newest first")
        .delete("/api/me/sessions", SignedIn, handlers::end_sessions)
        .summary("End every session of the caller, or every other one")
        .delete("/api/me/sessions/{session}", SignedIn, handlers::end_session)
        .summary("End a session of the caller")
        .get("/api/me/permissions", SignedIn, handlers::permissions)
        .summary("List what the caller may do")
}
