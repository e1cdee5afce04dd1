//! Tokens: `/api/auth/*` of the directory contract (`docs/contracts/directory.md`, §A and §B).
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

use usher::access::guard::Guard::{Anyone, SignedInToChangePassword};
use usher::access::guard::needs;
use usher::domain::permission::ADMIN_ACCESS;
use usher::domain::user::Status;
use usher::error::Conflict::ServiceAccount;
use usher::error::Error::{
    AccountNotActive, Conflict, Forbidden, InvalidLink, InvalidToken, NotFound, NotSetUp, WrongCredentials,
};
use usher::error::Forbidden::{NoSession, WrongPassword};
use usher::error::{Error, Noun};
use usher::http::problem::Problem;
use usher::http::routes::Routes;

pub mod handlers;
pub mod wire;

/// The errors of a failed login without a password.
const DEV_LOGIN: &[Error] = &[
    WrongCredentials,
    AccountNotActive(Status::Inactive),
    Error::LOCKED,
    NotSetUp,
];

pub fn routes() -> Routes {
    Routes::new::<Problem>("Auth")
        .about("Login by e-mail address or username, with or without refresh tokens.")
        .post("/api/auth/token", Anyone, handlers::token)
        .summary("Log in with an e-mail address; returns an access and a refresh token")
        .errors(Error::LOGIN)
        .post("/api/auth/refresh", Anyone, handlers::refresh)
        .summary("Exchange a refresh token for a new pair")
        .errors(&[InvalidToken, Error::RATE_LIMITED, NotSetUp])
        .post("/api/auth/revoke", Anyone, handlers::revoke)
        .summary("Revoke an access or refresh token and its session, or a service account's key (RFC 7009)")
        .errors(&[Error::RATE_LIMITED, NotSetUp])
        .post("/api/auth/introspect", needs(ADMIN_ACCESS), handlers::introspect)
        .summary("What a token opens now (RFC 7662); for services that are sent tokens of Usher's")
        .errors(&[Error::RATE_LIMITED, NotSetUp])
        .post("/api/auth/logout", SignedInToChangePassword, handlers::logout)
        .summary("Log out: end the caller's session")
        .errors(&[Forbidden(NoSession)])
        .post("/api/auth/login", Anyone, handlers::login)
        .summary("Log in with a username or e-mail address, for eight hours")
        .errors(Error::LOGIN)
        .post(
            "/api/auth/change-password",
            SignedInToChangePassword,
            handlers::change_password,
        )
        .summary("Change the caller's password; ends every other session of the user")
        .errors(&[
            Forbidden(WrongPassword),
            Error::LOCKED,
            NotFound(Noun::User),
            Conflict(ServiceAccount),
        ])
        .post("/api/auth/forgot-password", Anyone, handlers::forgot_password)
        .summary("Request a password reset mail; the response is the same for unknown addresses")
        .errors(&[Error::RATE_LIMITED])
        .post("/api/auth/set-password", Anyone, handlers::set_password)
        .summary("Set a password with the one-time token of a mail; ends every session of the user")
        .errors(&[
            InvalidLink,
            AccountNotActive(Status::Inactive),
            Error::LOCKED,
            Error::RATE_LIMITED,
        ])
        .post("/api/auth/login-dev", Anyone, handlers::login_dev)
        .summary("Log in without a password; on development stages only")
        .errors(DEV_LOGIN)
        .on_dev_stages()
        .post("/api/auth/dev-token", Anyone, handlers::dev_token)
        .summary("Create a token for a user or a development principal; on development stages only")
        .errors(DEV_LOGIN)
        .on_dev_stages()
}
