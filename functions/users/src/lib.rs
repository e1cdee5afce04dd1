//! Users, for administrators: `/api/users*` of the directory contract (`docs/contracts/directory.md`, §A
//! and §B).
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

use usher::access::guard::needs;
use usher::domain::permission::{ADMIN_KEYS, ADMIN_USERS};
use usher::domain::service_key::MAX_KEYS;
use usher::error::Conflict::{
    GrantStands, LastAdministrator, NotServiceAccount, SamePassword, ServiceAccount, SystemRole, TooManyKeys,
};
use usher::error::Error;
use usher::error::Error::Conflict;
use usher::http::problem::Problem;
use usher::http::routes::Routes;

pub mod handlers;
pub mod wire;

pub fn routes() -> Routes {
    Routes::new::<Problem>("Users")
        .about("Users, for administrators.")
        .get("/api/users", needs(ADMIN_USERS), handlers::list)
        .summary("List users, newest first")
        .make("/api/users", needs(ADMIN_USERS), handlers::create)
        .summary("Create a user")
        .errors(&[Error::RATE_LIMITED])
        .errors(Error::GIVES_ROLES)
        .errors(Error::TAKES_NAMES)
        .get("/api/users/{user}", needs(ADMIN_USERS), handlers::show)
        .summary("Get a user")
        .put("/api/users/{user}", needs(ADMIN_USERS), handlers::put)
        .summary("Set a user's type, status, or both")
        .errors(Error::GIVES_ROLES)
        .errors(Error::TOUCHES)
        .errors(&[Conflict(LastAdministrator)])
        .patch("/api/users/{user}", needs(ADMIN_USERS), handlers::patch)
        .summary("Update a user")
        .errors(Error::TAKES_NAMES)
        .errors(Error::TOUCHES)
        .errors(&[
            Error::HELD_FOR_LESS,
            Conflict(ServiceAccount),
            Conflict(SamePassword),
            Conflict(LastAdministrator),
        ])
        .delete("/api/users/{user}", needs(ADMIN_USERS), handlers::delete)
        .summary("Delete a user; the e-mail address and username are free again")
        .errors(Error::TOUCHES)
        .errors(&[Conflict(LastAdministrator)])
        .post("/api/users/{user}/lock", needs(ADMIN_USERS), handlers::lock)
        .summary("Lock a user, until a time or until unlocked")
        .errors(Error::TOUCHES)
        .errors(&[Conflict(LastAdministrator)])
        .post("/api/users/{user}/unlock", needs(ADMIN_USERS), handlers::unlock)
        .summary("Unlock a user and clear the count of failed logins")
        .errors(Error::TOUCHES)
        .make(
            "/api/users/{user}/reset-password",
            needs(ADMIN_USERS),
            handlers::reset_password,
        )
        .summary("Set a password, or generate a temporary one; ends every session of the user")
        .errors(Error::TOUCHES)
        .errors(&[Error::HELD_FOR_LESS, Conflict(ServiceAccount)])
        .get(
            "/api/users/{user}/login-history",
            needs(ADMIN_USERS),
            handlers::login_history,
        )
        .summary("List a user's logins, newest first")
        .errors(Error::TOUCHES)
        .get("/api/users/{user}/sessions", needs(ADMIN_USERS), handlers::sessions)
        .summary("List a user's open sessions, newest first")
        .errors(Error::TOUCHES)
        .delete("/api/users/{user}/sessions", needs(ADMIN_USERS), handlers::end_sessions)
        .summary("End every session of a user")
        .errors(Error::TOUCHES)
        .delete(
            "/api/users/{user}/sessions/{session}",
            needs(ADMIN_USERS),
            handlers::end_session,
        )
        .summary("End a session of a user")
        .errors(Error::TOUCHES)
        .get(
            "/api/users/{user}/permissions",
            needs(ADMIN_USERS),
            handlers::permissions,
        )
        .summary("List what a user may do, now or at another moment")
        .errors(&[Error::NotKept])
        .get("/api/users/{user}/roles", needs(ADMIN_USERS), handlers::grants)
        .summary("List a user's grants: past, present and future")
        .make("/api/users/{user}/roles", needs(ADMIN_USERS), handlers::grant)
        .summary("Grant a role to a user")
        .errors(Error::GIVES_ROLES)
        .errors(Error::TOUCHES)
        .errors(&[Conflict(GrantStands)])
        .delete("/api/users/{user}/roles/{grant}", needs(ADMIN_USERS), handlers::revoke)
        .summary("Revoke a grant")
        .errors(Error::TOUCHES)
        .errors(&[
            Conflict(LastAdministrator),
            Conflict(SystemRole("every account is at least `user`")),
        ])
        .get("/api/users/{user}/keys", needs(ADMIN_KEYS), handlers::keys)
        .summary("List a service account's keys, newest first")
        .errors(Error::TOUCHES)
        .make("/api/users/{user}/keys", needs(ADMIN_KEYS), handlers::create_key)
        .summary("Create a key that acts as a service account; its text is only in this response")
        .errors(Error::TOUCHES)
        .errors(&[
            Error::HELD_FOR_LESS,
            Conflict(NotServiceAccount),
            Conflict(TooManyKeys(MAX_KEYS)),
        ])
        .delete("/api/users/{user}/keys/{key}", needs(ADMIN_KEYS), handlers::revoke_key)
        .summary("Revoke a service account's key")
        .errors(Error::TOUCHES)
}
