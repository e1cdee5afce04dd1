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
                false => in_time(once_allowed(|| set_up(app))).await,
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

/// How long, in seconds, permissions of a policy that was changed with the same update may take to hold everywhere.
const PAUSES: [u64; 4] = [2, 4, 8, 16];

/// Work that is begun again where AWS denies it something: CloudFormation calls a policy complete before IAM knows it
/// everywhere.
async fn once_allowed<T, Work>(work: impl Fn() -> Work) -> Result<T>
where
    Work: Future<Output = Result<T>>,
{
    let is_denied = |error: &Error| match error {
        Error::Fault(cause) | Error::Unavailable(cause) => cause.0.contains("AccessDenied"),
        _ => false,
    };
    for pause in PAUSES {
        match work().await {
            Err(error) if is_denied(&error) => {
                tracing::warn!(?error, pause, "set-up is not allowed something yet, and begins again");
                tokio::time::sleep(Duration::from_secs(pause)).await;
            }
            outcome => return outcome,
        }
    }
    work().await
}

/// Work that ends in time, whatever happens: a function that is killed, or panics, sends no answer.
async fn in_time<T>(work: impl Future<Output = Result<T>>) -> Result<()> {
    let work = Box::pin(AssertUnwindSafe(work).catch_unwind());
    match tokio::time::timeout(LONGEST, work).await {
        Ok(Ok(outcome)) => outcome.map(drop),
        Ok(Err(_)) => Err(Error::fault("set-up panicked: the function's log has the place")),
        Err(_) => Err(Error::unavailable(format!(
            "set-up took more than {} seconds: what it did stays done, and the next one does the rest",
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_denied_is_tried_again_and_any_other_fault_is_not() {
        let runs = AtomicUsize::new(0);
        let denied = || Error::unavailable("service error: AccessDeniedException: not authorized to perform GetItem");
        let third_time = || async {
            match runs.fetch_add(1, Ordering::Relaxed) {
                2 => Ok(()),
                _ => Err(denied()),
            }
        };
        assert_eq!(once_allowed(third_time).await, Ok(()));
        let never = || async {
            runs.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(denied())
        };
        runs.store(0, Ordering::Relaxed);
        assert_eq!(once_allowed(never).await, Err(denied()));
        assert_eq!(runs.swap(0, Ordering::Relaxed), PAUSES.len() + 1);
        let other = || async {
            runs.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(Error::NotSetUp)
        };
        assert_eq!(once_allowed(other).await, Err(Error::NotSetUp));
        assert_eq!(runs.into_inner(), 1);
    }

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
