//! Requests that are sent again with the same Idempotency-Key: done once, answered the same each time
//! (`docs/idempotency.md`).

use std::time::Duration;

use jiff::SignedDuration;
use secrecy::ExposeSecret;

use super::reservations::seconds;
use super::{Context, api_keys, hashed, rate_limits};
use crate::ambient;
use crate::domain::rate_limit::Operation;
use crate::error::{Error, Result};
use crate::proof::opaque::Digest;
use crate::proof::seal::{MacKey, SealingKey};
use crate::store::idempotency::{Attempt, Claim};
use crate::store::keys;
use crate::store::unit::{self, Compared};

/// For how long an answer is kept.
pub const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// For how long an attempt has its key: longer than any request takes (`Timeout` in `template.yaml`), so that what broke
/// off can be sent again soon.
pub const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// How long it may take to give a key back. Where it takes longer, the lease ends by itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// A request with an Idempotency-Key.
#[derive(Debug)]
pub struct Keyed<'a> {
    /// The key, as the client chose it: a stranger who learned it could ask for the answer.
    pub key: &'a str,
    /// Its method and the pattern of its path.
    pub route: &'a str,
    /// All that it asks for.
    pub asked: &'a [u8],
}

/// Answers what the request was answered the first time; where it is the first, carries it out by `attempt`, whose one unit
/// of work is written together with its answer. What is refused leaves nothing, and may be tried again with the same key.
pub async fn once<Fut>(cx: &Context, keyed: &Keyed<'_>, attempt: impl Fn(Context) -> Fut) -> Result<Vec<u8>>
where
    Fut: Future<Output = Result<Vec<u8>>>,
{
    let (table, clock) = (&cx.app.table, &cx.app.clock);
    let mac = cx.app.cursor_key().await?;
    let own = keyed.attempt(cx, mac)?;
    let sealing = mac.sealing_key(b"usher/answer", keyed.key.as_bytes());
    let now = clock.now();
    let answered = |claim| match claim {
        Claim::Taken => Ok(None),
        Claim::InFlight(until) => Err(Error::InFlight(seconds(now, until).max(1))),
        Claim::Answered(sealed) => opened(&own, &sealing, &sealed).map(Some),
        Claim::Reused => Err(Error::KeyReused),
    };
    if cx.caller.is_none() {
        // What a guest makes is a registration. A flood of those writes nothing, so not its keys either. What was done
        // already makes nothing, and no limit takes its answer away.
        let looked = rate_limits::look(cx, Operation::Registration, None, None).await?;
        if !looked.has_room(cx)
            && let Some(claim) = own.found(table, now).await?
            && let Some(answer) = answered(claim)?
        {
            return Ok(answer);
        }
        looked.counters(cx, false)?;
    }
    if let Some(answer) = answered(own.claim(table, now, now + LEASE).await?)? {
        return Ok(answer);
    }
    let kept = |answer: &Vec<u8>| {
        let sealed = sealing.seal(answer, own.key.pk.as_bytes())?;
        Ok(own.answered(sealed, cx.now + LIFE))
    };
    let compared = Compared::default();
    let outcome = unit::atomically_answered(cx, &compared, attempt, kept).await;
    let outcome = hashed::settled(cx, &compared, outcome).await;
    if outcome.is_err() {
        // Should it have been done after all, the answer is there, and the key stays taken.
        let given_up = tokio::time::timeout(PATIENCE, own.give_up(table, clock.now())).await;
        if !matches!(given_up, Ok(Ok(()))) {
            tracing::warn!("an Idempotency-Key stays taken until its lease ends");
        }
    }
    outcome
}

impl Keyed<'_> {
    fn attempt(&self, cx: &Context, mac: &MacKey) -> Result<Attempt> {
        let place = serde_json::to_vec(&[who(cx), self.route.to_owned(), self.key.to_owned()]).map_err(Error::fault)?;
        let key = keys::idempotency(&cx.tenant, &Digest::of(&place).to_string());
        // A tag, not a hash: what is asked for has passwords in it, which nobody is to try out.
        let asked = mac.hmac(b"usher/asked", &[key.pk.as_bytes(), self.asked].concat());
        Ok(Attempt {
            fingerprint: Digest::of(&asked).to_string(),
            owner: uuid::Uuid::from_bytes(ambient::random()?).to_string(),
            key,
        })
    }
}

/// Whose key it is: an account's; of guests that of their address, and of the program that they came by.
fn who(cx: &Context) -> String {
    if let Some(caller) = &cx.caller {
        return format!("account {}", caller.id);
    }
    let program = cx.api_key.as_deref().map(api_keys::digest).unwrap_or_default();
    format!("guest {} {program}", cx.origin.ip)
}

fn opened(own: &Attempt, sealing: &SealingKey, sealed: &[u8]) -> Result<Vec<u8>> {
    let answer = sealing.open(sealed, own.key.pk.as_bytes())?;
    Ok(answer.expose_secret().to_vec())
}
