//! The admin contract (`docs/contracts/admin.md`): `/v1/auth/*`, `/v1/admin/*` and `/v1/settings`.

use usher::access::guard::Guard::{Anyone, SignedInToChangePassword};
use usher::access::guard::needs;

use usher::domain::permission::ADMIN_USERS;

use usher::error::Conflict::{LastAdministrator, OwnAccount, SystemRole};
use usher::error::Error::{Conflict, EmailNotVerified, Forbidden, InvalidToken, NotFound, NotSetUp};
use usher::error::Forbidden::AboveOwnRank;
use usher::error::{Error, Noun};
use usher::http::routes::Routes;

pub mod error_format;
pub mod handlers;
pub mod wire;

use error_format::ErrorObject;

pub fn routes() -> Routes {
    Routes::new::<ErrorObject>("Admin")
        .about("Accounts, roles and settings for an admin panel: snake_case, pages by number.")
        .post("/v1/auth/login", Anyone, handlers::login)
        .summary("Logs in by e-mail address, which must be verified")
        .errors(Error::LOGIN)
        .errors(&[EmailNotVerified])
        .post("/v1/auth/refresh", Anyone, handlers::refresh)
        .summary("Exchanges a refresh token for a new pair")
        .errors(&[InvalidToken, NotSetUp])
        .post("/v1/auth/logout", SignedInToChangePassword, handlers::logout)
        .summary("Ends the caller's session, and that of its refresh token")
        .get("/v1/admin/users", needs(ADMIN_USERS), handlers::list)
        .summary("Lists accounts, newest first, by the number of the page")
        .post("/v1/admin/users", needs(ADMIN_USERS), handlers::create)
        .summary("Makes an account")
        .errors(Error::GIVES_ROLES)
        .errors(Error::TAKES_NAMES)
        .get("/v1/admin/users/search", needs(ADMIN_USERS), handlers::search)
        .summary("Finds accounts by a part of their e-mail address or user name")
        .get("/v1/admin/users/{user}", needs(ADMIN_USERS), handlers::show)
        .summary("Shows an account, its roles and what they permit")
        .put("/v1/admin/users/{user}", needs(ADMIN_USERS), handlers::update)
        .summary("Changes an account; `roles` replaces all that it has")
        .errors(Error::GIVES_ROLES)
        .errors(Error::TAKES_NAMES)
        .errors(&[Conflict(LastAdministrator)])
        .delete("/v1/admin/users/{user}", needs(ADMIN_USERS), handlers::delete)
        .summary("Deletes another's account")
        .errors(&[
            Conflict(OwnAccount),
            Forbidden(AboveOwnRank),
            Conflict(LastAdministrator),
        ])
        .post(
            "/v1/admin/users/{user}/roles",
            needs(ADMIN_USERS),
            handlers::assign_roles,
        )
        .summary("Adds roles to those that an account has: all of them, or none")
        .errors(Error::GIVES_ROLES)
        .delete(
            "/v1/admin/users/{user}/roles/{role}",
            needs(ADMIN_USERS),
            handlers::remove_role,
        )
        .summary("Takes a role from an account")
        .errors(&[
            Forbidden(AboveOwnRank),
            NotFound(Noun::Grant),
            Conflict(LastAdministrator),
            Conflict(SystemRole("every account is at least `user`")),
        ])
        .get("/v1/settings", needs(ADMIN_USERS), handlers::settings)
        .summary("Shows the tenant's settings as they are in force")
        .patch("/v1/settings", needs(ADMIN_USERS), handlers::change_settings)
        .summary("Changes the tenant's settings; in force everywhere within ten seconds")
}
