//! The registration contract: `/v1/user/*` (`docs/contracts/registration.md`).

use usher::access::guard::Guard::{Anyone, SignedInToChangePassword};
use usher::access::guard::needs;
use usher::domain::permission::ADMIN_USERS;
use usher::error::Conflict::{LastAdministrator, RoleFull};
use usher::error::Error::{Conflict, EmailNotVerified, Forbidden, InvalidToken, NotFound, NotSetUp};
use usher::error::Forbidden::{AboveOwnRank, AnothersAccount, RegistrationClosed, WrongPassword};
use usher::error::{Error, Noun};
use usher::http::routes::Routes;

pub mod error_format;
pub mod handlers;
pub mod wire;

use error_format::Registration;

pub fn routes() -> Routes {
    Routes::new::<Registration>("Registration")
        .about(
            "People who make their own account, and bans. Success is `{\"data\": …}`, a refusal `{\"error\": \"…\"}`.",
        )
        .post("/v1/user/register", Anyone, handlers::register)
        .summary("Makes an account for whoever asks")
        .errors(Error::TAKES_NAMES)
        .errors(&[Forbidden(RegistrationClosed), Conflict(RoleFull)])
        .get("/v1/user/email/verify/{token}", Anyone, handlers::verify_email)
        .summary(
            "Shows that an address is the account's, by the link of a mail, once; answers a sentence for whoever reads \
             it in a browser",
        )
        .post("/v1/user/login", Anyone, handlers::login)
        .summary("Logs in by username or e-mail address, for 14 days")
        .errors(Error::LOGIN)
        .errors(&[EmailNotVerified])
        .post("/v1/user/token/verify", Anyone, handlers::verify_token)
        .summary("Tells whether a token is valid now: `Token is valid.` or `Token invalid.`")
        .errors(&[NotSetUp])
        .post("/v1/user/token/renew", Anyone, handlers::renew_token)
        .summary("Answers the same token while a week or more of it is left, else one for 14 more days")
        .errors(&[InvalidToken, NotSetUp])
        .post(
            "/v1/user/{user}/change-password",
            SignedInToChangePassword,
            handlers::change_password,
        )
        .summary(
            "Changes the caller's own password, and ends every other session of the account: `Password changed for \
             user with ID: …`",
        )
        .errors(&[Forbidden(WrongPassword), Forbidden(AnothersAccount), Error::LOCKED])
        .delete("/v1/user/ban/{user}", needs(ADMIN_USERS), handlers::ban)
        .summary("Bans an account, whose tokens open nothing from then on: `Banned user: …`")
        .errors(&[Forbidden(AboveOwnRank), Conflict(LastAdministrator)])
        .delete("/v1/user/ban/{user}/lift", needs(ADMIN_USERS), handlers::lift_ban)
        .summary("Lifts a ban, where there is one: `Lifted the ban of user: …`")
        .errors(&[Forbidden(AboveOwnRank), NotFound(Noun::Ban)])
}
