//! Attempts to log in, before their passwords are compared: one place under the name that was typed, or of the device that
//! comes with it, and one among the requests that limits of rate count.

use std::time::Duration;

use futures::future::{join, join3};
use jiff::Timestamp;

use super::{Context, devices, rate_limits};
use crate::domain::lockout::{Full, NameKind, remembered_since};
use crate::domain::rate_limit::Operation;
use crate::domain::text;
use crate::domain::user::User;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::proof::device::DeviceToken;
use crate::proof::opaque::Digest;
use crate::store::attempts::{self, Reserved, Whose};
use crate::store::table::{Key, from_item};
use crate::store::{keys, users};

/// How often, and after how long, an attempt asks again while others are being compared.
const WAITS: u32 = 40;
const WAIT: Duration = Duration::from_millis(50);

pub(super) struct Attempt {
    /// Its number since the last success.
    pub(super) number: u32,
    pub(super) whose: Whose,
    /// The account; absent for an unknown login.
    pub(super) user: Option<User>,
    pub(super) key: Key,
    /// What the comparison costs where there is no hash to compare with: [`super::decoys`].
    pub(super) decoy: Option<String>,
    /// The device whose count it is in, where it has one of its own.
    pub(super) device: Option<DeviceToken>,
}

/// Reserves an attempt under a name: one round trip to whom it belongs, one for the place.
pub(super) async fn reserve_name(cx: &Context, name: &text::Login) -> Result<Attempt> {
    let device = devices::presented(cx).await?;
    let of_device = device.as_ref().map(devices::subject);
    let looked = rate_limits::look(cx, Operation::Login, Some(name.canonical()), of_device.as_deref());
    let (looked, claimed, known) = join3(looked, claimed(cx, name), known(cx, device)).await;
    let (looked, (id, kind), known) = (looked?, claimed?, known?);
    // A device of another account is none here.
    let known = known.filter(|known| Some(known.user.id) == id);
    let counters = looked.counters(cx, known.is_some())?;
    let reserved = reserve_of(cx, name, id, kind, known);
    let (counted, reserved) = join(rate_limits::count(cx, counters), reserved).await;
    if let (Err(_), Ok(attempt)) = (&counted, &reserved) {
        // Others took the last places since these were looked at. Nothing is compared, so it is no failure.
        give_up(cx, attempt).await;
    }
    counted.and(reserved)
}

/// A device that its account logged in from before, with that account.
struct Known {
    device: DeviceToken,
    user: User,
}

/// Nothing without a device, or where its token has ended with the account's password since.
async fn known(cx: &Context, device: Option<DeviceToken>) -> Result<Option<Known>> {
    let Some(device) = device else { return Ok(None) };
    let user = users::get(&cx.app.table, &cx.tenant, device.user).await?;
    Ok(user.and_then(|user| Known::of(device, user)))
}

impl Known {
    fn of(device: DeviceToken, user: User) -> Option<Self> {
        let is_of_it = device.user == user.id && device.epoch == user.epoch;
        is_of_it.then_some(Self { device, user })
    }
}

async fn reserve_of(
    cx: &Context,
    name: &text::Login,
    id: Option<UserId>,
    kind: NameKind,
    known: Option<Known>,
) -> Result<Attempt> {
    let reserved = match (known, id) {
        (Some(known), _) => reserve_device(cx, known).await?,
        (None, Some(id)) => reserve(cx, keys::user(&cx.tenant, id), Whose::Account(kind), None).await?,
        (None, None) => None,
    };
    match reserved {
        Some(attempt) => Ok(attempt),
        None => reserve_unknown(cx, name).await,
    }
}

/// Reserves an attempt in a device's own count.
async fn reserve_device(cx: &Context, known: Known) -> Result<Option<Attempt>> {
    let Known { device, user } = known;
    let key = devices::attempts(cx, &device);
    let reserved = reserve(cx, key, Whose::Device, user.attempts.cleared_at).await?;
    Ok(reserved.map(|attempt| Attempt {
        user: Some(user),
        device: Some(device),
        ..attempt
    }))
}

/// Gives an attempt back with which nothing was compared, as well as can be: one that is not counts as a failure.
pub(super) async fn give_up(cx: &Context, attempt: &Attempt) {
    if let Err(error) = attempts::release(&cx.app.table, &attempt.key, attempt.whose).await {
        tracing::warn!(?error, "an attempt could not be given back");
    }
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
    let key = keys::unknown_login(&cx.tenant, &Digest::of(name.canonical().as_bytes()).hex());
    let attempt = reserve(cx, key, Whose::UnknownLogin, None).await?;
    attempt.ok_or_else(|| Error::fault("the attempts of an unknown login cannot be gone"))
}

/// Reserves an attempt for whoever is signed in and states the password once more: in the device's own count, where it shows
/// that it logged in before.
pub(super) async fn reserve_own(cx: &Context) -> Result<Attempt> {
    let user = cx.own_account()?;
    let device = devices::presented(cx).await?;
    let reserved = match device.and_then(|device| Known::of(device, user.clone())) {
        Some(known) => reserve_device(cx, known).await?,
        None => reserve_for(cx, user).await?,
    };
    reserved.ok_or(Error::InvalidToken)
}

/// Reserves an attempt at an account for which no name is typed: it counts under the address, or where the account has
/// none, under the username. Nothing where the account was erased.
pub(super) async fn reserve_for(cx: &Context, user: &User) -> Result<Option<Attempt>> {
    let kind = match user.email {
        Some(_) => NameKind::Email,
        None => NameKind::Username,
    };
    reserve(cx, keys::user(&cx.tenant, user.id), Whose::Account(kind), None).await
}

/// Attempts until they were cleared count no more.
async fn reserve(cx: &Context, key: Key, whose: Whose, cleared_at: Option<Timestamp>) -> Result<Option<Attempt>> {
    let rule = &cx.tenant_settings.lockout;
    let since = remembered_since(cx.now, cleared_at);
    let mut ends = cx.now + rule.first;
    for _ in 0..WAITS {
        match attempts::reserve(&cx.app.table, &key, whose, rule, since, cx.now).await? {
            Reserved::Attempt(number, item) => {
                let user: Option<User> = match whose {
                    Whose::Account(_) => Some(from_item(item)?),
                    Whose::UnknownLogin | Whose::Device => None,
                };
                return Ok(Some(Attempt {
                    number,
                    whose,
                    user,
                    key,
                    decoy: None,
                    device: None,
                }));
            }
            Reserved::Gone => return Ok(None),
            Reserved::Full(Full::Locked(until)) => return Err(locked(cx.now, until)),
            // The places are taken by attempts that may yet succeed: such as many devices of one person at once.
            Reserved::Full(Full::InFlight(until)) => ends = until,
            Reserved::Full(Full::Over { .. }) => {}
        }
        tokio::time::sleep(WAIT).await;
    }
    Err(locked(cx.now, ends))
}

/// The refusal of a name that failed logins locked.
pub(super) fn locked(now: Timestamp, until: Timestamp) -> Error {
    Error::Locked {
        reason: "too many failed logins".into(),
        until: Some(until),
        retry_after: Some(seconds(now, until)),
    }
}

/// Whole seconds from one moment to another.
pub(super) fn seconds(now: Timestamp, until: Timestamp) -> u64 {
    let ms = u64::try_from(until.as_millisecond() - now.as_millisecond()).unwrap_or(0);
    ms.div_ceil(1000)
}
