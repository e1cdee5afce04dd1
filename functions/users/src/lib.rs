//! Accounts as an administrator sees them: `/api/users*` of the directory contract (`docs/contracts/directory.md`, §A
//! and §B).

use usher::access::guard::needs;

use usher::domain::permission::ADMIN_USERS;
use usher::error::Conflict::{GrantStands, LastAdministrator, SystemRole};
use usher::error::Error;
use usher::error::Error::{Conflict, Forbidden};
use usher::error::Forbidden::AboveOwnRank;
use usher::http::problem::Problem;
use usher::http::routes::Routes;

pub mod handlers;
pub mod wire;

pub fn routes() -> Routes {
    Routes::new::<Problem>("Users")
        .about("Accounts, as an administrator sees them.")
        .get("/api/users", needs(ADMIN_USERS), handlers::list)
        .summary("Lists accounts, newest first")
        .post("/api/users", needs(ADMIN_USERS), handlers::create)
        .summary("Makes an account")
        .errors(Error::GIVES_ROLES)
        .errors(Error::TAKES_NAMES)
        .get("/api/users/{user}", needs(ADMIN_USERS), handlers::show)
        .summary("Shows an account")
        .put("/api/users/{user}", needs(ADMIN_USERS), handlers::put)
        .summary("Sets an account's type, status, or both")
        .errors(Error::GIVES_ROLES)
        .errors(&[Conflict(LastAdministrator)])
        .patch("/api/users/{user}", needs(ADMIN_USERS), handlers::patch)
        .summary("Changes an account")
        .errors(Error::TAKES_NAMES)
        .errors(&[Forbidden(AboveOwnRank), Error::NOT_HELD, Conflict(LastAdministrator)])
        .delete("/api/users/{user}", needs(ADMIN_USERS), handlers::delete)
        .summary("Deletes an account; its address and name are free again")
        .errors(&[Forbidden(AboveOwnRank), Conflict(LastAdministrator)])
        .post("/api/users/{user}/lock", needs(ADMIN_USERS), handlers::lock)
        .summary("Locks an account, until a time or until it is unlocked")
        .errors(&[Forbidden(AboveOwnRank), Conflict(LastAdministrator)])
        .post("/api/users/{user}/unlock", needs(ADMIN_USERS), handlers::unlock)
        .summary("Ends a lock of either kind and clears the failed count")
        .errors(&[Forbidden(AboveOwnRank)])
        .post(
            "/api/users/{user}/reset-password",
            needs(ADMIN_USERS),
            handlers::reset_password,
        )
        .summary("Sets a password, or makes a one-time one; ends every session of the account")
        .errors(&[Forbidden(AboveOwnRank), Error::NOT_HELD])
        .get(
            "/api/users/{user}/login-history",
            needs(ADMIN_USERS),
            handlers::login_history,
        )
        .summary("Lists an account's logins, newest first")
        .get("/api/users/{user}/roles", needs(ADMIN_USERS), handlers::grants)
        .summary("Lists an account's grants: past, present and future")
        .post("/api/users/{user}/roles", needs(ADMIN_USERS), handlers::grant)
        .summary("Gives an account a role")
        .errors(Error::GIVES_ROLES)
        .errors(&[Conflict(GrantStands)])
        .delete("/api/users/{user}/roles/{grant}", needs(ADMIN_USERS), handlers::revoke)
        .summary("Takes a grant from an account")
        .errors(&[
            Forbidden(AboveOwnRank),
            Conflict(LastAdministrator),
            Conflict(SystemRole("every account is at least `user`")),
        ])
}
