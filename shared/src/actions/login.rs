//! Login: at most five comparisons between two successes, whoever asks and however many at once (rules 5 and 6).
//!
//! Three round trips: the claim of the name, and beside it what limits of rate counted; an attempt, reserved in the update
//! that also returns the account; and, after the hash, one transaction with the session, which is its row of the history,
//! and the cleared count of that name. An unknown login takes the same three, with a decoy for the account.

use std::time::Duration;

use jiff::Timestamp;

use super::reservations::{Attempt, seconds};
use super::sessions::{self, Issued};
use super::{Context, Terms, decoys, devices, failed_logins, reservations};
use crate::domain::history::LoginKind;
use crate::domain::lockout::{Attempts, NameKind};
use crate::domain::session::Session;
use crate::domain::text::{self, Password};
use crate::domain::user::{PasswordHash, Status, User};
use crate::error::{Error, Result};
use crate::metrics::Metric;
use crate::proof::opaque::RefreshToken;
use crate::proof::password::Verdict;
use crate::store::attempts::{self, Whose};
use crate::store::table::{Changes, Cond, Lost, Write, number, text as string};
use crate::store::unit::atomically;
use crate::store::{keys, record, sessions as session_store};

const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(1);

/// Opens a session for whoever knows the password.
/// The status of an account is only reported once the password was right.
pub async fn login(cx: &Context, name: &str, password: Password, terms: &Terms) -> Result<Issued> {
    let outcome = try_to_log_in(cx, name, password, terms).await;
    match &outcome {
        Ok(_) => cx.app.metrics.count(Metric::Logins),
        Err(Error::Unavailable(_) | Error::NotSetUp | Error::Fault(_)) => {}
        Err(_) => cx.app.metrics.count(Metric::FailedLogins),
    }
    outcome
}

async fn try_to_log_in(cx: &Context, name: &str, password: Password, terms: &Terms) -> Result<Issued> {
    // Before an attempt is counted: where nothing can be signed, the right password must not lock its account.
    cx.keys().await?.signer(&cx.app, cx.now).await?;
    let name = text::Login::parse(name);
    let mut attempt = reservations::reserve_name(cx, &name).await?;
    attempt.decoy = decoys::cost(cx, name.canonical()).await?;
    let verdict = compare(cx, &attempt, password.clone()).await?;
    let (Some(user), Verdict::Right { rehash }) = (&attempt.user, verdict) else {
        failed_logins::record(cx, &attempt).await?;
        return Err(Error::WrongCredentials);
    };
    let refused = not_active(user, cx.now).or_else(|| sessions::not_verified(cx, user, terms));
    let opened = match refused {
        Some(refused) => Err(refused),
        None => open_with(cx, user, &attempt, rehash.then_some(password), terms).await,
    };
    match opened {
        Ok(issued) => {
            devices::issue(cx, user, attempt.device.as_ref()).await?;
            Ok(issued)
        }
        // The right password is no failure, whatever follows.
        Err(refused @ (Error::AccountNotActive(_) | Error::Locked { .. } | Error::EmailNotVerified)) => {
            let row = record::login(cx, user.id, LoginKind::LoginFailed, None)?;
            succeed(cx, user, Some(&attempt), None, &Brings::Row(row)).await?;
            Err(refused)
        }
        failed => given_back(cx, user, &attempt, failed).await,
    }
}

/// Gives an attempt back: the password was right, and no session is opened.
pub(super) async fn give_back(cx: &Context, user: &User, attempt: &Attempt) -> Result<()> {
    succeed(&cx.at_once(), user, Some(attempt), None, &Brings::Nothing).await
}

/// Gives the attempts back where what follows the right password is refused, or fails: as well as can be in a second, for
/// the request is late already. Not where the password is another one by now.
pub(super) async fn given_back<T>(cx: &Context, user: &User, attempt: &Attempt, outcome: Result<T>) -> Result<T> {
    if outcome.as_ref().is_err_and(|error| *error != Error::WrongCredentials) {
        let at_once = cx.at_once();
        let given_back = succeed(&at_once, user, Some(attempt), None, &Brings::Nothing);
        let given_back = tokio::time::timeout(GIVEN_BACK_WITHIN, given_back).await;
        if !matches!(given_back, Ok(Ok(()) | Err(Error::WrongCredentials))) {
            tracing::warn!(user = %user.id, "the attempt of a right password could not be given back");
        }
    }
    outcome
}

/// Opens a session; keeps the password by a better hash, where it is given for that.
async fn open_with(
    cx: &Context,
    user: &User,
    attempt: &Attempt,
    rehash: Option<Password>,
    terms: &Terms,
) -> Result<Issued> {
    let better = match &rehash {
        Some(password) => Some(PasswordHash(cx.app.hasher.hash(password.secret()).await?)),
        None => None,
    };
    let begun = sessions::begin(cx, user.id, user.epoch, terms)?;
    let issued = open_after(cx, user, Some(attempt), better, begun, terms).await?;
    if rehash.is_some() {
        cx.app.metrics.count(Metric::Rehashes);
    }
    Ok(issued)
}

/// Opens a session that was begun for an account whose password was right, and issues its first tokens.
pub(super) async fn open(
    cx: &Context,
    user: &User,
    begun: (Session, Option<RefreshToken>),
    terms: &Terms,
) -> Result<Issued> {
    open_after(cx, user, None, None, begun, terms).await
}

async fn open_after(
    cx: &Context,
    user: &User,
    attempt: Option<&Attempt>,
    better: Option<PasswordHash>,
    (session, refresh): (Session, Option<RefreshToken>),
    terms: &Terms,
) -> Result<Issued> {
    let roles = sessions::role_names(cx, user).await?;
    let extra = sessions::claims(cx, user, terms);
    let (access_token, expires_at) = sessions::issue(cx, &session, &roles, extra, terms).await?;
    succeed(cx, user, attempt, better.as_ref(), &Brings::Session(session)).await?;
    Ok(Issued {
        user: Some(user.clone()),
        rank: user.rank(cx.now),
        roles: roles.into_values().collect(),
        access_token,
        expires_at,
        refresh_token: refresh.map(|token| token.text()),
    })
}

pub(super) async fn compare(cx: &Context, attempt: &Attempt, password: Password) -> Result<Verdict> {
    let hash = attempt
        .user
        .as_ref()
        .and_then(|user| user.password.clone())
        .map(|hash| hash.0);
    let verdict = match (hash, &attempt.decoy) {
        (None, Some(cost)) => {
            cx.app.hasher.verify_decoy(password.secret(), cost.clone()).await?;
            Verdict::Wrong
        }
        (hash, _) => cx.app.hasher.verify(password.secret(), hash).await?,
    };
    // A temporary password that has ended is a wrong one, in the time that it takes to compare it.
    let ends = attempt.user.as_ref().and_then(|user| user.password_ends);
    Ok(match ends.is_some_and(|end| end <= cx.now) {
        true => Verdict::Wrong,
        false => verdict,
    })
}

/// What the right password brings beside cleared counts.
enum Brings {
    Nothing,
    /// Of the login history.
    Row(Write),
    Session(Session),
}

impl Brings {
    /// Where others ended all sessions of the account while the password was compared, the new one begins after that.
    fn write(&self, user: &User) -> Result<Option<Write>> {
        Ok(match self {
            Self::Nothing => None,
            Self::Row(row) => Some(row.clone()),
            Self::Session(session) => Some(session_store::open(&Session {
                epoch: user.epoch,
                ..session.clone()
            })?),
        })
    }
}

/// Clears the count that the attempt was in and does what a success brings, provided that the account is still the one whose
/// password was right. No other: a lock that vanished before its end, as none of an unregistered name does, would show whose
/// name it is, and what strangers did goes on to count.
async fn succeed(
    cx: &Context,
    proven: &User,
    attempt: Option<&Attempt>,
    better: Option<&PasswordHash>,
    brings: &Brings,
) -> Result<()> {
    let whose = attempt.map(|attempt| attempt.whose);
    let of_device = attempt.filter(|attempt| attempt.whose == Whose::Device);
    let cleared = atomically(cx, |unit| async move {
        let user = unit.reread(proven).await?;
        if !is_still(proven, &user) {
            return Err(Error::WrongCredentials);
        }
        if matches!(brings, Brings::Session(_))
            && let Some(refused) = not_active(&user, cx.now)
        {
            return Err(refused);
        }
        unit.write(brings.write(&user)?);
        unit.write(of_device.map(|attempt| Write::update(attempt.key.clone(), attempts::cleared(attempt.whose))));
        let mut after = user.clone();
        if attempt.is_some() {
            after.take_off_ended_locks(cx.now);
            // Who signs in stays.
            after.leaving = false;
        }
        if let Some(Whose::Account(kind)) = whose {
            *after.attempts.under_mut(kind) = Attempts::default();
        }
        if locks(&after) == locks(&user) {
            unit.write([cleared(&user, whose, better)]);
        } else {
            // The account is listed and counted as locked until its locks are taken off, and not in charge.
            after.password = better.cloned().or(after.password);
            unit.change_if(&user, after, None)?;
        }
        Ok(())
    });
    cleared.await.map_err(|error| match error {
        Error::NotFound(_) => Error::WrongCredentials,
        other => other,
    })
}

/// What an account is listed by as locked, over or not, and is not in charge for.
fn locks(user: &User) -> (Status, bool, [Option<Timestamp>; 2]) {
    let by_failures = |kind| user.attempts.under(kind).lockout_until;
    let by_failures = [NameKind::Email, NameKind::Username].map(by_failures);
    (user.status, user.leaving, by_failures)
}

/// Whether an account is still the one whose password was right. That all its sessions were ended in the meantime is no
/// reason to refuse it; that it was given another password or name is.
fn is_still(proven: &User, now: &User) -> bool {
    now.status != Status::Deleted && (now.epoch == proven.epoch || now.has_credentials_of(proven))
}

/// The write that clears a count of the account, where it is in one, provided that the account is as it was read.
fn cleared(user: &User, whose: Option<Whose>, better: Option<&PasswordHash>) -> Write {
    let (changes, when) = match whose {
        Some(name @ Whose::Account(_)) => (attempts::cleared(name), Some(attempts::never_locked(name))),
        _ => (Changes::new().add("version", 0), None),
    };
    as_proven(user, better, changes, when)
}

/// A write to the account, provided that it is the one whose password was right.
fn as_proven(user: &User, better: Option<&PasswordHash>, changes: Changes, when: Option<Cond>) -> Write {
    let changes = match better {
        Some(hash) => changes.set("password", string(&hash.0)),
        None => changes,
    };
    let same = [
        Cond::exists(),
        Cond::Eq("epoch", number(user.epoch)),
        Cond::Eq("status", string(user.status.as_str())),
    ];
    let when = same.into_iter().chain(when).collect();
    Write::update(keys::user(&user.tenant, user.id), changes).when(Cond::All(when), Lost::Changed)
}

/// Why the account may not sign in: an administrator decided so. Failed logins are no reason here: a lock under the name
/// that was typed is reported before any password is compared, and one under the other name does not count.
pub(super) fn not_active(user: &User, now: Timestamp) -> Option<Error> {
    match user.status_set(now) {
        Status::Active => None,
        Status::Locked => {
            let lock = user.lock.clone().unwrap_or_default();
            let reason = lock.reason.filter(|reason| !reason.trim().is_empty());
            Some(Error::Locked {
                reason: reason.map_or(BY_ADMIN.into(), Into::into),
                until: lock.until,
                retry_after: lock.until.map(|until| seconds(now, until)),
            })
        }
        Status::Deleted => Some(Error::WrongCredentials),
        status @ (Status::Inactive | Status::Banned) => Some(Error::AccountNotActive(status)),
    }
}

const BY_ADMIN: &str = "locked by an administrator";
