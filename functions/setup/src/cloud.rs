//! Set-up of a deployed stack: as a custom resource of CloudFormation, by the scheduler, or by hand
//! (`sam local invoke`).

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use usher::actions::setup::{self as actions, FirstAccount, Made};
use usher::actions::users::NewUser;
use usher::app::App;
use usher::domain::role::OWNER;
use usher::domain::text::{Email, Password};
use usher::error::{Error, Result};
use usher::secrecy::ExposeSecret;
use usher::settings::KeySource;
use usher::store::secret;

use crate::cloudformation::Event;
use crate::{LOCAL_ACCOUNTS, context};

/// The physical id of the custom resource.
const ID: &str = "usher-setup";

/// For how long set-up may work for CloudFormation: the function has sixty seconds, and keeps some of them for its answer.
pub const LONGEST: Duration = Duration::from_secs(40);

/// For how long of it names are brought into their present form: some ten thousand accounts. The next set-up goes on.
const NAMES: Duration = Duration::from_secs(25);

/// Carries an event out and, where CloudFormation asked, answers it.
pub async fn handle(app: &Arc<App>, event: Event) -> Result<()> {
    match event {
        Event::Resource(request) => {
            // Nothing is ever undone: the table outlives the stack.
            let outcome = match request.deletes {
                true => Ok(()),
                false => in_time(set_up(app)).await,
            };
            if let Err(error) = &outcome {
                tracing::error!(
                    event = "set_up_failed",
                    ?error,
                    "set-up failed, and CloudFormation is informed"
                );
            }
            // Not an error of the function as well: Lambda would call it again while the stack rolls back.
            request.answer(ID, &outcome).await
        }
        Event::Other => set_up(app).await.map(drop),
    }
}

/// Work that ends in time, whatever happens: a function that is killed, or panics, sends no answer.
async fn in_time<T>(work: impl Future<Output = Result<T>>) -> Result<()> {
    let work = Box::pin(AssertUnwindSafe(work).catch_unwind());
    match tokio::time::timeout(LONGEST, work).await {
        Ok(Ok(outcome)) => outcome.map(drop),
        Ok(Err(_)) => Err(Error::fault("set-up panicked: the function's log has the place")),
        Err(_) => Err(Error::unavailable(format!(
            "set-up took more than {} seconds: what it did is done, and the next one goes on from there",
            LONGEST.as_secs()
        ))),
    }
}

pub async fn set_up(app: &Arc<App>) -> Result<Made> {
    let cx = context(app);
    let owner = match (&app.settings.admin_email, &app.settings.admin_password) {
        (Some(email), Some(password)) => Some(first_owner(email, password).await?),
        _ => None,
    };
    let accounts = owner.into_iter().map(|user| {
        let role = OWNER.in_tenant(&cx.tenant, cx.now)?;
        Ok(FirstAccount {
            name: "first-owner",
            user,
            role,
        })
    });
    let made = actions::run(&cx, accounts.collect::<Result<_>>()?, NAMES).await?;
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
        is_temporary: true,
        ..NewUser::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_that_never_ends_or_panics_has_an_outcome_all_the_same() {
        assert_eq!(in_time(async { Ok(1) }).await, Ok(()));
        assert_eq!(
            in_time(async { Err::<(), _>(Error::NotSetUp) }).await,
            Err(Error::NotSetUp)
        );
        let never = in_time(std::future::pending::<Result<()>>()).await;
        assert!(matches!(never, Err(Error::Unavailable(_))), "{never:?}");
        let panics = in_time::<()>(async { panic!("in the middle of it") }).await;
        assert!(matches!(panics, Err(Error::Fault(_))), "{panics:?}");
    }
}
