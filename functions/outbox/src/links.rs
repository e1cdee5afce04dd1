//! Where links in mails lead to: the one place that knows which contract takes which token.

use usher::domain::mail::{Mail, Purpose};

/// Shows that an address is one's own; the token is its last segment (the registration contract gives it so).
pub const VERIFY_EMAIL: &str = "/v1/user/email/verify/{token}";
/// The page on which a password is chosen; the token is behind a `#`, so that it reaches no server and no log.
pub const SET_PASSWORD: &str = "/set-password";

pub fn to(mail: &Mail, purpose: Purpose, token: &str) -> String {
    let base = mail.base.trim_end_matches('/');
    match purpose {
        Purpose::VerifyEmail => format!("{base}{}", VERIFY_EMAIL.replace("{token}", token)),
        Purpose::SetPassword => format!("{base}{SET_PASSWORD}#{token}"),
    }
}
