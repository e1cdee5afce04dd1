//! Set-up: what a stack has before its first request. A CloudFormation custom resource in the cloud; called by the
//! local server at its start. Idempotent: run twice, or twice at once, it makes one of each.
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

pub mod cloud;
pub mod cloudformation;

use std::sync::Arc;
use std::time::Duration;

use usher::actions::setup::{self as actions, FirstAccount, Made};
use usher::actions::users::{self, NewUser, UserRef};
use usher::actions::{Context, Surface};
use usher::app::App;
use usher::domain::role::{ADMIN, OWNER, SystemRole};
use usher::domain::text::{Email, Password, Username};
use usher::domain::user::{PasswordHash, Status};
use usher::error::{Error, Result};
use usher::proof::password::Verdict;

/// What set-up is called in the histories.
const SURFACE: Surface = Surface {
    name: "setup",
    min_password: 0,
    max_password: 128,
};

/// The first accounts of the local server (`docs/rules.md`): name, address, password, role. These passwords are
/// in every copy of the documentation, so no deployed stack has these accounts.
pub const LOCAL_ACCOUNTS: [(&str, &str, &str, SystemRole); 2] = [
    ("admin", "admin@gauth.local", "Admin@123", ADMIN),
    ("owner", "owner@usher.local", "Owner@12345", OWNER),
];

pub async fn local(app: &Arc<App>) -> Result<Made> {
    let cx = context(app);
    let accounts = LOCAL_ACCOUNTS.map(|(name, email, password, role)| {
        Ok(FirstAccount {
            name,
            role: role.in_tenant(&cx.tenant, cx.now)?,
            user: NewUser {
                email: Some(Email::parse(email).map_err(Error::fault)?),
                username: Some(Username::parse(name).map_err(Error::fault)?),
                password: Some(Password::presented(password.to_owned())),
                email_verified: true,
                ..NewUser::default()
            },
        })
    });
    actions::run(&cx, accounts.into_iter().collect::<Result<_>>()?, Duration::MAX).await
}

/// The first accounts that everybody can still sign in to: their addresses and passwords.
pub async fn unchanged(app: &Arc<App>) -> Result<Vec<(&'static str, &'static str)>> {
    let cx = context(app);
    let mut unchanged = Vec::new();
    for (_, email, password, _) in LOCAL_ACCOUNTS {
        let address = Email::parse(email).map_err(Error::fault)?;
        let hash = match users::find(&cx, &UserRef::Email(address)).await {
            Ok(user) => user.password.filter(|_| user.status == Status::Active),
            Err(Error::NotFound(_)) => None,
            Err(other) => return Err(other),
        };
        let Some(PasswordHash(hash)) = hash else { continue };
        if app.hasher.verify(password.into(), Some(hash)).await? != Verdict::Wrong {
            unchanged.push((email, password));
        }
    }
    Ok(unchanged)
}

/// The context of work without an HTTP request.
pub fn context(app: &Arc<App>) -> Context {
    Context::without_request(app, SURFACE)
}
