//! Set-up of a deployed stack: as a custom resource of CloudFormation, by the scheduler, or by hand
//! (`sam local invoke`).

use std::sync::Arc;

use usher::actions::setup::{self as actions, FirstAccount, Made};
use usher::actions::users::NewUser;
use usher::app::App;
use usher::cloudformation::{Event, RequestType};
use usher::domain::role::OWNER;
use usher::domain::text::{Email, Password};
use usher::error::{Error, Result};
use usher::secrecy::ExposeSecret;
use usher::settings::KeySource;
use usher::store::secret;

use crate::{LOCAL_ACCOUNTS, context};

/// The physical id of the custom resource.
const ID: &str = "usher-setup";

/// Carries an event out and, where CloudFormation asked, answers it.
///
/// # Errors
/// Those of set-up; [`Error::Unavailable`] where the answer does not arrive.
pub async fn handle(app: &Arc<App>, event: Event) -> Result<()> {
    match event {
        Event::Resource(request) => {
            // Nothing is ever undone: the table outlives the stack.
            let outcome = match request.request_type {
                RequestType::Create | RequestType::Update => set_up(app).await.map(drop),
                RequestType::Delete => Ok(()),
            };
            request.answer(ID, &outcome).await?;
            outcome
        }
        Event::Other => set_up(app).await.map(drop),
    }
}

/// Sets a deployed stack up.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Fault`] where the first owner's address or password cannot be used.
pub async fn set_up(app: &Arc<App>) -> Result<Made> {
    let cx = context(app);
    let owner = match (&app.settings.admin_email, &app.settings.admin_password) {
        (Some(email), Some(password)) => Some(first_owner(email, password).await?),
        _ => None,
    };
    let accounts = owner.into_iter().map(|user| {
        let role = OWNER.in_tenant(&cx.tenant, cx.now).map_err(Error::fault)?;
        Ok(FirstAccount {
            name: "first-owner",
            user,
            role,
        })
    });
    let made = actions::run(&cx, &[], accounts.collect::<Result<_>>()?).await?;
    Ok(made)
}

/// The first owner: the address is the stack's parameter, the password is in Secrets Manager and must be changed at the
/// first login.
async fn first_owner(email: &str, password: &KeySource) -> Result<NewUser> {
    let password = secret::read(password).await?;
    if LOCAL_ACCOUNTS
        .iter()
        .any(|(_, _, documented, _)| *documented == password.expose_secret())
    {
        return Err(Error::fault(
            "the first owner's password is the documented one of the local server: choose another",
        ));
    }
    Ok(NewUser {
        email: Some(Email::parse(email).map_err(|why| Error::fault(format!("USHER_ADMIN_EMAIL: {why}")))?),
        password: Some(Password::presented(password.expose_secret().to_owned())),
        email_verified: true,
        must_change_password: true,
        ..NewUser::default()
    })
}
