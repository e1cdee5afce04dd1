//! Login: at most five comparisons between two successes, whoever asks and however many at once (rules 5 and 6).
//!
//! Three round trips: the claim of the name, and beside it what limits of rate counted; an attempt, reserved in the update that also returns the account; and,
//! after the hash, one transaction with the session, which is its row of the history, and the cleared count. An unknown login takes the
//! same three, with a decoy for the account.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use futures::future::join;
use jiff::Timestamp;

use super::sessions::{self, Issued};
use super::{Context, Terms, decoys, rate_limits};
use crate::domain::history::LoginKind;
use crate::domain::lockout::{Full, NameAttempts, NameKind};
use crate::domain::rate_limit::Operation;
use crate::domain::session::Session;
use crate::domain::text::{self, Password};
use crate::domain::user::{PasswordHash, Status, User};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::metrics::Metric;
use crate::proof::opaque::RefreshToken;
use crate::proof::password::Verdict;
use crate::store::attempts::{self, Reserved, Whose};
use crate::store::table::{Cond, Key, Lost, Write, from_item, number, text as string};
use crate::store::unit::{self, Unit, atomically};
use crate::store::{history, keys, record, sessions as session_store, users};

/// How often, and after how long, an attempt asks again while others are being compared.
const WAITS: u32 = 40;
const WAIT: Duration = Duration::from_millis(50);
const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(1);

pub(super) struct Attempt {
    /// Its number since the last success.
    number: u32,
    whose: Whose,
    /// The account; absent for an unknown login.
    pub(super) user: Option<User>,
    key: Key,
    /// What the comparison costs where there is no hash to compare with: [`decoys`].
    decoy: Option<String>,
}

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
    let mut attempt = reserve_name(cx, &name).await?;
    attempt.decoy = decoys::cost(cx, name.canonical()).await?;
    let verdict = compare(cx, &attempt, password.clone()).await?;
    let (Some(user), Verdict::Right { rehash }) = (&attempt.user, verdict) else {
        failed(cx, &attempt).await?;
        return Err(Error::WrongCredentials);
    };
    // The right password is no failure, whatever follows.
    if let Some(refused) = not_active(user, cx.now).or_else(|| sessions::not_verified(cx, user, terms)) {
        let row = record::login(cx, user.id, LoginKind::LoginFailed, None)?;
        succeed(cx, user, None, &[row]).await?;
        return Err(refused);
    }
    proven(cx, user, open_with(cx, user, rehash.then_some(password), terms)).await
}

/// Gives the attempts back: the password was right, and no session is opened.
pub(super) async fn give_back(cx: &Context, user: &User) -> Result<()> {
    succeed(cx, user, None, &[]).await
}

/// Gives the attempts back where what follows the right password fails for a reason of Usher's own: as well as can be
/// in a second, for the request is late already.
pub(super) async fn proven<T>(cx: &Context, user: &User, follows: impl Future<Output = Result<T>>) -> Result<T> {
    let outcome = follows.await;
    if matches!(outcome, Err(Error::Unavailable(_) | Error::NotSetUp | Error::Fault(_))) {
        let given_back = tokio::time::timeout(GIVEN_BACK_WITHIN, give_back(cx, user)).await;
        if !matches!(given_back, Ok(Ok(()))) {
            tracing::warn!(user = %user.id, "the attempt of a right password could not be given back");
        }
    }
    outcome
}

/// Opens a session; keeps the password by a better hash, where it is given for that.
async fn open_with(cx: &Context, user: &User, rehash: Option<Password>, terms: &Terms) -> Result<Issued> {
    let better = match &rehash {
        Some(password) => Some(PasswordHash(cx.app.hasher.hash(password.secret()).await?)),
        None => None,
    };
    let begun = sessions::begin(cx, user.id, user.epoch, terms)?;
    let issued = open(cx, user, better, begun, terms).await?;
    if rehash.is_some() {
        cx.app.metrics.count(Metric::Rehashes);
    }
    Ok(issued)
}

/// Opens a session that was begun for an account whose password was right, and issues its first tokens.
pub(super) async fn open(
    cx: &Context,
    user: &User,
    better: Option<PasswordHash>,
    (session, refresh): (Session, Option<RefreshToken>),
    terms: &Terms,
) -> Result<Issued> {
    let roles = sessions::role_names(cx, user).await?;
    let extra = sessions::claims(cx, user, terms);
    let (access_token, expires_at) = sessions::issue(cx, &session, &roles, extra, terms).await?;
    succeed(cx, user, better.as_ref(), &[session_store::open(&session)?]).await?;
    Ok(Issued {
        user: Some(user.clone()),
        rank: user.rank(cx.now),
        roles: roles.into_values().collect(),
        access_token,
        expires_at,
        refresh_token: refresh.map(|token| token.text()),
    })
}

/// Reserves an attempt under a name: one round trip to whom it belongs, one for the place.
async fn reserve_name(cx: &Context, name: &text::Login) -> Result<Attempt> {
    let looked = rate_limits::look(cx, Operation::Login, Some(name.canonical()));
    let (looked, claimed) = join(looked, claimed(cx, name)).await;
    let (looked, (id, kind)) = (looked?, claimed?);
    let reserved = async {
        let known = match id {
            Some(id) => reserve(cx, keys::user(&cx.tenant, id), Whose::Account(kind)).await?,
            None => None,
        };
        match known {
            Some(attempt) => Ok(attempt),
            None => reserve_unknown(cx, name).await,
        }
    };
    let (counted, reserved) = join(rate_limits::count(cx, looked), reserved).await;
    if let (Err(Error::RateLimited(_)), Ok(attempt)) = (&counted, &reserved) {
        // Others took the last places since these were looked at. Nothing is compared, so it is no failure.
        attempts::release(&cx.app.table, &attempt.key, attempt.whose).await?;
    }
    counted.and(reserved)
}

/// The account that the name is claimed by, and which of its names it is.
async fn claimed(cx: &Context, name: &text::Login) -> Result<(Option<UserId>, NameKind)> {
    let (t, table) = (&cx.tenant, &cx.app.table);
    // An invalid name looks up a claim that cannot exist, so that it takes as long as a valid one.
    Ok(match name {
        text::Login::Email(email) => (users::whose_email(table, t, email).await?, NameKind::Email),
        text::Login::Username(name) => (users::whose_username(table, t, name).await?, NameKind::Username),
        text::Login::Neither(_) => {
            let none = keys::unknown_login(t, "none");
            (users::claimed_by(table, none, None).await?, NameKind::Username)
        }
    })
}

async fn reserve_unknown(cx: &Context, name: &text::Login) -> Result<Attempt> {
    let attempt = reserve(
        cx,
        keys::unknown_login(&cx.tenant, &hashed(name.canonical())),
        Whose::UnknownLogin,
    )
    .await?;
    attempt.ok_or_else(|| Error::fault("the attempts of an unknown login cannot be gone"))
}

/// The key of an unknown login: its SHA-256, in hexadecimal.
pub(super) fn hashed(name: &str) -> String {
    let hash = digest(&SHA256, name.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reserves an attempt for whoever is signed in and states the password once more. No name is typed here: it counts
/// under the address, or where the account has none, under the username.
pub(super) async fn reserve_own(cx: &Context, user: &User) -> Result<Attempt> {
    let kind = match user.email {
        Some(_) => NameKind::Email,
        None => NameKind::Username,
    };
    let attempt = reserve(cx, keys::user(&cx.tenant, user.id), Whose::Account(kind)).await?;
    attempt.ok_or(Error::InvalidToken)
}

async fn reserve(cx: &Context, key: Key, whose: Whose) -> Result<Option<Attempt>> {
    let rule = &cx.tenant_settings.lockout;
    for _ in 0..WAITS {
        match attempts::reserve(&cx.app.table, &key, whose, rule, cx.now).await? {
            Reserved::Attempt(number, item) => {
                let user: Option<User> = match whose {
                    Whose::Account(_) => Some(from_item(item)?),
                    Whose::UnknownLogin => None,
                };
                return Ok(Some(Attempt {
                    number,
                    whose,
                    user,
                    key,
                    decoy: None,
                }));
            }
            Reserved::Gone => return Ok(None),
            Reserved::Full(Full::Locked(until)) => return Err(locked(cx.now, until)),
            // The places are taken by attempts that may yet succeed: such as many devices of one person at once.
            Reserved::Full(Full::InFlight | Full::Over { .. }) => tokio::time::sleep(WAIT).await,
        }
    }
    Err(locked(cx.now, cx.now + rule.first))
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

/// Records a failure; the one that takes the last place locks.
pub(super) async fn failed(cx: &Context, attempt: &Attempt) -> Result<()> {
    let limit = cx.tenant_settings.lockout.limit;
    let last = attempt.number >= limit;
    let (Some(user), Whose::Account(kind)) = (&attempt.user, attempt.whose) else {
        return failed_unknown(cx, attempt, last).await;
    };
    let locked = atomically(cx, |unit| async move {
        let now = unit.reread(user).await?;
        unit.write([record::login(cx, user.id, LoginKind::LoginFailed, None)?]);
        // Where somebody changed the account in the meantime, the lock goes onto what it is now, unless one of the
        // attempts succeeded, or an administrator cleared the count, or it is there already.
        let attempts = now.attempts.under(kind);
        let counted = now == *user || (attempts.failed_login_count >= limit && attempts.locked_until(cx.now).is_none());
        if last && counted {
            lock(cx, &unit, &now, kind)?;
        }
        Ok(last && counted)
    });
    match locked.await {
        Ok(true) => {
            cx.app.metrics.count(Metric::Lockouts);
            tracing::warn!(event = "lockout", user = %user.id, "failed logins locked an account");
            Ok(())
        }
        // It was erased in the meantime.
        Ok(false) | Err(Error::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Locks an account under one of its names, provided that it still counts that many failures.
fn lock(cx: &Context, unit: &Unit<'_>, user: &User, kind: NameKind) -> Result<()> {
    let rule = &cx.tenant_settings.lockout;
    let mut locked = user.clone();
    let attempts = locked.attempts.under_mut(kind);
    attempts.lockout_until = Some(cx.now + rule.duration(attempts.lockouts));
    let counted = attempts::counts(Whose::Account(kind), rule.limit);
    unit.change_if(user, locked, Some(counted))?;
    unit.write([record::login(cx, user.id, LoginKind::Lockout, None)?]);
    Ok(())
}

async fn failed_unknown(cx: &Context, attempt: &Attempt, last: bool) -> Result<()> {
    let kept = crate::domain::lockout::MEMORY;
    let entry = |kind| record::login_entry(cx, UserId::new(cx.now)?, kind, None);
    let mut writes = vec![history::login_of_unknown(
        &attempt.key,
        &entry(LoginKind::LoginFailed)?,
        kept,
    )?];
    if last {
        let seen = cx.app.table.get(&attempt.key).await?.unwrap_or_default();
        let seen = attempts::attempts(&seen, attempt.whose);
        let until = cx.now + cx.tenant_settings.lockout.duration(seen.lockouts);
        let changes = attempts::locked(attempt.whose, until);
        writes.push(Write::update(attempt.key.clone(), changes));
        writes.push(history::login_of_unknown(
            &attempt.key,
            &entry(LoginKind::Lockout)?,
            kept,
        )?);
    }
    unit::write(cx, &writes).await?;
    if last {
        cx.app.metrics.count(Metric::UnknownLockouts);
        tracing::warn!(event = "lockout", "failed logins locked an unknown login");
    }
    Ok(())
}

/// Clears the counts and does what a success brings, provided that the account is still the one whose password was right.
async fn succeed(cx: &Context, proven: &User, better: Option<&PasswordHash>, brings: &[Write]) -> Result<()> {
    let cleared = atomically(cx, |unit| async move {
        let user = unit.reread(proven).await?;
        if user.epoch != proven.epoch || user.status != proven.status {
            return Err(Error::WrongCredentials);
        }
        unit.write(brings.iter().cloned());
        // The account is listed and counted as locked until its lock is taken off.
        if user.attempts.lockout_until().is_some() {
            let mut after = user.clone();
            after.attempts = NameAttempts::default();
            after.password = better.cloned().or(after.password);
            unit.change_if(&user, after, None)?;
        } else {
            unit.write([cleared(&user, better)]);
        }
        Ok(())
    });
    cleared.await.map_err(|error| match error {
        Error::NotFound(_) => Error::WrongCredentials,
        other => other,
    })
}

/// The write that clears the counts, provided that the account is as it was read.
fn cleared(user: &User, better: Option<&PasswordHash>) -> Write {
    let changes = match better {
        Some(hash) => attempts::cleared().set("password", string(&hash.0)),
        None => attempts::cleared(),
    };
    let same = vec![
        Cond::exists(),
        attempts::never_locked(),
        Cond::Eq("epoch", number(user.epoch)),
        Cond::Eq("status", string(user.status.as_str())),
    ];
    Write::update(keys::user(&user.tenant, user.id), changes).when(Cond::All(same), Lost::Changed)
}

/// Why the account may not sign in: an administrator decided so. Failed logins are no reason here: a lock under the name
/// that was typed is reported before any password is compared, and one under the other name does not count.
pub(super) fn not_active(user: &User, now: Timestamp) -> Option<Error> {
    match user.status_set(now) {
        Status::Active => None,
        Status::Locked => {
            let lock = user.lock.clone().unwrap_or_default();
            Some(Error::Locked {
                reason: lock.reason.map_or(BY_ADMIN.into(), Into::into),
                until: lock.until,
                retry_after: lock.until.map(|until| seconds(now, until)),
            })
        }
        Status::Deleted => Some(Error::WrongCredentials),
        status @ (Status::Inactive | Status::Banned) => Some(Error::AccountNotActive(status)),
    }
}

const BY_ADMIN: &str = "locked by an administrator";

fn locked(now: Timestamp, until: Timestamp) -> Error {
    Error::Locked {
        reason: "too many failed logins".into(),
        until: Some(until),
        retry_after: Some(seconds(now, until)),
    }
}

fn seconds(now: Timestamp, until: Timestamp) -> u64 {
    let ms = u64::try_from(until.as_millisecond() - now.as_millisecond()).unwrap_or(0);
    ms.div_ceil(1000)
}
