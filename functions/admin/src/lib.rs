//! The admin contract (`docs/contracts/admin.md`): `/v1/auth/*`, `/v1/admin/*` and `/v1/settings`.
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

use usher::access::guard::Guard::{Anyone, SignedInToChangePassword};
use usher::access::guard::needs;
use usher::domain::permission::ADMIN_USERS;
use usher::domain::role::Rank;
use usher::error::Conflict::{LastAdministrator, NothingToVerify, OwnAccount, ServiceAccount, SystemRole};
use usher::error::Error::{Conflict, EmailNotVerified, Forbidden, InvalidToken, NotFound, NotSetUp};
use usher::error::Forbidden::{BelowRank, NoSession};
use usher::error::{Error, Noun};
use usher::http::routes::Routes;

pub mod error_format;
pub mod handlers;
pub mod wire;

use error_format::ErrorObject;

pub fn routes() -> Routes {
    Routes::new::<ErrorObject>("Admin")
        .about("Users, roles and settings for an admin panel: snake_case, pages by number.")
        .post("/v1/auth/login", Anyone, handlers::login)
        .summary("Log in with a verified e-mail address")
        .errors(Error::LOGIN)
        .errors(&[EmailNotVerified])
        .post("/v1/auth/refresh", Anyone, handlers::refresh)
        .summary("Exchange a refresh token for a new pair")
        .errors(&[InvalidToken, Error::RATE_LIMITED, NotSetUp])
        .post("/v1/auth/logout", SignedInToChangePassword, handlers::logout)
        .summary("Log out: end the caller's session and that of the refresh token")
        .errors(&[Forbidden(NoSession)])
        .post("/v1/auth/verification", Anyone, handlers::ask_for_verification)
        .summary("Request the verification mail again; the response is the same for unknown addresses")
        .errors(&[Error::RATE_LIMITED])
        .get("/v1/admin/users", needs(ADMIN_USERS), handlers::list)
        .summary("List users, newest first, by page number")
        .make("/v1/admin/users", needs(ADMIN_USERS), handlers::create)
        .summary("Create a user")
        .errors(&[Error::RATE_LIMITED])
        .errors(Error::GIVES_ROLES)
        .errors(Error::TAKES_NAMES)
        .get("/v1/admin/users/search", needs(ADMIN_USERS), handlers::search)
        .summary("Search users by part of their e-mail address or user name")
        .get("/v1/admin/users/{user}", needs(ADMIN_USERS), handlers::show)
        .summary("Get a user with roles and permissions")
        .put("/v1/admin/users/{user}", needs(ADMIN_USERS), handlers::update)
        .summary("Update a user; `roles` replaces all roles")
        .errors(Error::GIVES_ROLES)
        .errors(Error::TOUCHES)
        .errors(Error::TAKES_NAMES)
        .errors(&[Conflict(LastAdministrator), Conflict(ServiceAccount)])
        .delete("/v1/admin/users/{user}", needs(ADMIN_USERS), handlers::delete)
        .summary("Delete another user")
        .errors(&[Conflict(OwnAccount), Conflict(LastAdministrator)])
        .errors(Error::TOUCHES)
        .make(
            "/v1/admin/users/{user}/roles",
            needs(ADMIN_USERS),
            handlers::assign_roles,
        )
        .summary("Add roles to a user: all of them, or none")
        .errors(Error::GIVES_ROLES)
        .errors(Error::TOUCHES)
        .delete(
            "/v1/admin/users/{user}/roles/{role}",
            needs(ADMIN_USERS),
            handlers::remove_role,
        )
        .summary("Remove a role from a user")
        .errors(&[
            NotFound(Noun::Grant),
            Conflict(LastAdministrator),
            Conflict(SystemRole("every account is at least `user`")),
        ])
        .errors(Error::TOUCHES)
        .post(
            "/v1/admin/users/{user}/verification",
            needs(ADMIN_USERS),
            handlers::send_verification,
        )
        .summary("Send the verification mail again, or the invitation to who has no password yet")
        .errors(&[
            Conflict(NothingToVerify("the e-mail address is verified already")),
            Error::RATE_LIMITED,
        ])
        .errors(Error::TOUCHES)
        .get("/v1/settings", needs(ADMIN_USERS), handlers::settings)
        .summary("Get the tenant's settings in force")
        .patch("/v1/settings", needs(ADMIN_USERS), handlers::change_settings)
        .summary("Update the tenant's settings; in force everywhere within ten seconds")
        .errors(&[Forbidden(BelowRank(Rank::Admin))])
}
