//! Tokens: `/api/auth/*` of the directory contract (`docs/contracts/directory.md`, §A and §B).

use usher::access::guard::Guard::{Anyone, SignedInToChangePassword};
use usher::domain::user::Status;
use usher::error::Error::{
    AccountNotActive, Forbidden, InvalidLink, InvalidToken, NotFound, NotSetUp, WrongCredentials,
};
use usher::error::Forbidden::WrongPassword;
use usher::error::{Error, Noun};
use usher::http::problem::Problem;
use usher::http::routes::Routes;

pub mod handlers;
pub mod wire;

/// What a login without a password answers that is none.
const DEV_LOGIN: &[Error] = &[WrongCredentials, AccountNotActive(Status::Inactive), NotSetUp];

pub fn routes() -> Routes {
    Routes::new::<Problem>("Auth")
        .about("Tokens: by e-mail address or username, with or without refresh.")
        .post("/api/auth/token", Anyone, handlers::token)
        .summary("Logs in by e-mail address; answers an access and a refresh token")
        .errors(Error::LOGIN)
        .post("/api/auth/refresh", Anyone, handlers::refresh)
        .summary("Exchanges a refresh token for a new pair")
        .errors(&[InvalidToken, NotSetUp])
        .post("/api/auth/revoke", Anyone, handlers::revoke)
        .summary("Ends the session of a token, of either kind (RFC 7009)")
        .errors(&[NotSetUp])
        .post("/api/auth/logout", SignedInToChangePassword, handlers::logout)
        .summary("Ends the caller's session")
        .post("/api/auth/login", Anyone, handlers::login)
        .summary("Logs in by username or e-mail address, for eight hours")
        .errors(Error::LOGIN)
        .post(
            "/api/auth/change-password",
            SignedInToChangePassword,
            handlers::change_password,
        )
        .summary("Changes the caller's password, and ends every other session of the account")
        .errors(&[Forbidden(WrongPassword), Error::LOCKED, NotFound(Noun::User)])
        .post("/api/auth/forgot-password", Anyone, handlers::forgot_password)
        .summary(
            "Asks for a mail with a link to choose a new password by; answers the same whether anybody has the address",
        )
        .post("/api/auth/set-password", Anyone, handlers::set_password)
        .summary("Chooses a password by the one-time token of such a mail, and ends every session of the account")
        .errors(&[InvalidLink, AccountNotActive(Status::Inactive), Error::LOCKED])
        .post("/api/auth/login-dev", Anyone, handlers::login_dev)
        .summary("Logs in without a password; on development stages only")
        .errors(DEV_LOGIN)
        .on_dev_stages()
        .post("/api/auth/dev-token", Anyone, handlers::dev_token)
        .summary("Makes a token for an account or a made-up principal; on development stages only")
        .errors(DEV_LOGIN)
        .on_dev_stages()
}
