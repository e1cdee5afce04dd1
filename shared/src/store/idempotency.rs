//! Requests with an Idempotency-Key: who carries one out, and what it was answered.
//!
//! One item each. A request takes it for a while before it does anything (its lease); the answer comes into it in the
//! transaction of what the request did, provided that the lease is still its own.

use jiff::Timestamp;

use super::dynamo::{Table, Updated};
use super::table::{Changes, Cond, Item, Key, Value, Write, integer, number, string, text};
use crate::error::{Error, Result};

/// A request, and the attempt to carry it out.
#[derive(Debug)]
pub struct Attempt {
    pub key: Key,
    /// What is asked for: another request has another one.
    pub fingerprint: String,
    /// No other attempt has the same.
    pub owner: String,
}

/// What became of the wish to carry out a request.
#[derive(Debug, PartialEq)]
pub enum Claim {
    /// This attempt does it, until its lease ends.
    Taken,
    /// Another attempt does it, until then at the latest.
    InFlight(Timestamp),
    /// It was done: its answer, sealed.
    Answered(Vec<u8>),
    /// The key is that of another request.
    Reused,
}

const OWNER: &str = "owner";
const FINGERPRINT: &str = "fingerprint";
const LEASE: &str = "lease";
const ANSWER: &str = "answer";
const UNTIL: &str = "until";
const TTL: &str = "ttl";

impl Attempt {
    /// Takes the key until `lease`, unless it is taken or answered. Done twice, it is done once: the second time it is known
    /// by its owner.
    pub async fn claim(&self, table: &Table, now: Timestamp, lease: Timestamp) -> Result<Claim> {
        let taken = Changes::new()
            .set(OWNER, text(&self.owner))
            .set(FINGERPRINT, text(&self.fingerprint))
            .set(LEASE, number(lease.as_millisecond()))
            .set(TTL, number(lease.as_second()))
            .remove(ANSWER)
            .remove(UNTIL);
        let ended = |name| Cond::Lt(name, number(now.as_millisecond() + 1));
        let gave_up = Cond::All(vec![Cond::Absent(ANSWER), ended(LEASE)]);
        let free = Cond::Any(vec![Cond::absent(), gave_up, ended(UNTIL)]);
        match table.update(&self.key, &taken, &free).await? {
            Updated::Done(_) => Ok(Claim::Taken),
            Updated::Refused(found) => self.refused(found.unwrap_or_default()),
        }
    }

    /// What became of the key so far, where it is not free: without taking it.
    pub async fn found(&self, table: &Table, now: Timestamp) -> Result<Option<Claim>> {
        let found = table.get(&self.key).await?;
        let end = |item: &Item| integer(item, if item.contains_key(ANSWER) { UNTIL } else { LEASE });
        let found = found.filter(|item| end(item).is_some_and(|end| end > now.as_millisecond()));
        found.map(|item| self.refused(item)).transpose()
    }

    fn refused(&self, mut found: Item) -> Result<Claim> {
        if string(&found, OWNER) == Some(&self.owner) {
            return Ok(Claim::Taken);
        }
        if string(&found, FINGERPRINT) != Some(&self.fingerprint) {
            return Ok(Claim::Reused);
        }
        if let Some(Value::B(answer)) = found.remove(ANSWER) {
            return Ok(Claim::Answered(answer));
        }
        let until = integer(&found, LEASE).unwrap_or_default();
        Timestamp::from_millisecond(until)
            .map(Claim::InFlight)
            .map_err(Error::fault)
    }

    /// Keeps the answer until then, provided that the lease is this attempt's.
    pub fn answered(&self, sealed: Vec<u8>, until: Timestamp) -> Write {
        let answer = Changes::new()
            .set(ANSWER, Value::B(sealed))
            .set(UNTIL, number(until.as_millisecond()))
            .set(TTL, number(until.as_second()))
            .remove(LEASE);
        Write::update(self.key.clone(), answer).when(self.is_own(), Error::InFlight(1))
    }

    /// Gives the key back, where nothing came of the attempt.
    pub async fn give_up(&self, table: &Table, now: Timestamp) -> Result<()> {
        let free = Changes::new()
            .set(LEASE, number(now.as_millisecond()))
            .set(TTL, number(now.as_second()));
        let unanswered = Cond::All(vec![self.is_own(), Cond::Absent(ANSWER)]);
        table.update(&self.key, &free, &unanswered).await.map(drop)
    }

    fn is_own(&self) -> Cond {
        Cond::Eq(OWNER, text(&self.owner))
    }
}
