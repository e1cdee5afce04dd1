//! The registration contract: `/v1/user/*` (`docs/contracts/registration.md`).
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

use usher::access::guard::Guard::{Anyone, SignedInToChangePassword};
use usher::access::guard::needs;
use usher::domain::permission::ADMIN_USERS;
use usher::error::Conflict::{LastAdministrator, RoleFull, ServiceAccount};
use usher::error::Error::{Conflict, EmailNotVerified, Forbidden, InvalidToken, NotFound, NotSetUp};
use usher::error::Forbidden::{AnothersAccount, MustChangePassword, RegistrationClosed, WrongPassword};
use usher::error::{Error, Noun};
use usher::http::routes::Routes;

pub mod error_format;
pub mod handlers;
pub mod wire;

use error_format::Registration;

pub fn routes() -> Routes {
    Routes::new::<Registration>("Registration")
        .about("Self-registration and bans. Success is `{\"data\": …}`, an error `{\"error\": \"…\"}`.")
        .make("/v1/user/register", Anyone, handlers::register)
        .summary("Register a user")
        .errors(Error::TAKES_NAMES)
        .errors(&[Forbidden(RegistrationClosed), Conflict(RoleFull), Error::RATE_LIMITED])
        .get("/v1/user/email/verify/{token}", Anyone, handlers::verify_email)
        .summary(
            "Shows that an address is the account's, by the link of a mail; answers a sentence for whoever reads it \
             in a browser, the same each time",
        )
        .errors(&[Error::RATE_LIMITED])
        .post("/v1/user/email/resend", Anyone, handlers::resend_verification)
        .summary("Request the verification mail again; the response is the same for unknown addresses")
        .errors(&[Error::RATE_LIMITED])
        .post("/v1/user/login", Anyone, handlers::login)
        .summary("Log in with a username or e-mail address, for 14 days")
        .errors(Error::LOGIN)
        .errors(&[EmailNotVerified])
        .post("/v1/user/token/verify", Anyone, handlers::verify_token)
        .summary("Check whether a token is valid: `Token is valid.` or `Token invalid.`")
        .errors(&[Error::RATE_LIMITED, NotSetUp])
        .post("/v1/user/token/renew", Anyone, handlers::renew_token)
        .summary("Renew a token for 14 days; the same token while a week or more of it is left")
        .errors(&[
            InvalidToken,
            Forbidden(MustChangePassword),
            Error::RATE_LIMITED,
            NotSetUp,
        ])
        .post(
            "/v1/user/{user}/change-password",
            SignedInToChangePassword,
            handlers::change_password,
        )
        .summary(
            "Changes the caller's own password, and ends every other session of the account: `Password changed for \
             user with ID: …`",
        )
        .errors(&[
            Forbidden(WrongPassword),
            Forbidden(AnothersAccount),
            Conflict(ServiceAccount),
            Error::LOCKED,
        ])
        .delete("/v1/user/ban/{user}", needs(ADMIN_USERS), handlers::ban)
        .summary("Ban a user and reject the user's tokens: `Banned user: …`")
        .errors(Error::TOUCHES)
        .errors(&[Conflict(LastAdministrator)])
        .delete("/v1/user/ban/{user}/lift", needs(ADMIN_USERS), handlers::lift_ban)
        .summary("Lift a ban: `Lifted the ban of user: …`")
        .errors(Error::TOUCHES)
        .errors(&[NotFound(Noun::Ban)])
}
