//! A sequence is played: each step is sent, and what comes back held to the model.

use super::calls::{Call, Target};
use super::chance::Batch;
use super::expected::{Answer, grant_text, second, standing};
use super::ground::{Ground, Original};
use super::history::{Event, History};
use super::read::Read;
use super::state::{Grant, State};
use super::step::{DEPARTMENTS, Step, role_name};
use crate::stage::Outcome;

/// After so many batches everything is read.
const READ_EVERY: usize = 3;
/// After so many, what is in the table is held to itself.
const RECONCILED_EVERY: usize = 150;

/// Where a sequence contradicts the model.
#[derive(Debug, Clone)]
pub struct Found {
    /// The batch.
    pub at: usize,
    pub why: String,
    pub sent: usize,
}

struct Play {
    ground: Ground,
    state: State,
    history: History,
    sent: usize,
}

/// Plays these on a table of their own. How many steps were sent; or where they contradict the model.
pub async fn play(original: &Original, batches: &[Batch]) -> Outcome<Result<usize, Found>> {
    let ground = Ground::new(original).await?;
    let mut state = State::beginning(ground.now());
    Read::of(&ground).await?.bind(&mut state);
    let mut play = Play {
        ground,
        state,
        history: History::default(),
        sent: 0,
    };
    for (at, batch) in batches.iter().enumerate() {
        let is_last = at + 1 == batches.len();
        let mut why = match play.event(batch, at).await? {
            Some(event) => play.history.hold(&mut play.state, event),
            None => None,
        };
        if why.is_none() && (is_last || at % RECONCILED_EVERY == RECONCILED_EVERY - 1) {
            let found = super::reconcile::differences(&play.ground.items()?);
            why = found
                .first()
                .map(|first| format!("the table contradicts itself: {first}"));
        }
        if let Some(why) = why {
            return Ok(Err(Found {
                at,
                why,
                sent: play.sent,
            }));
        }
    }
    Ok(Ok(play.sent))
}

impl Play {
    /// Sends a batch.
    async fn event(&mut self, batch: &Batch, at: usize) -> Outcome<Option<Event>> {
        if let [Step::Wait(seconds)] = batch.as_slice() {
            self.ground.wait(*seconds).await?;
            return Ok(Some(Event::Wait(*seconds)));
        }
        let mut calls = Vec::new();
        for step in batch {
            if let Some(call) = self.state.call(step) {
                calls.extend(self.with_grant(call).await?);
            }
        }
        if calls.is_empty() {
            return Ok(None);
        }
        self.sent += calls.len();
        let answers = self.send(&calls).await?;
        // Some contracts do not show the id of what they make.
        let makes = |call: &Call| matches!(call.step, Step::Register { .. });
        let reads = calls.len() > 1 || at.is_multiple_of(READ_EVERY) || makes(&calls[0]);
        let read = if reads {
            Some(Read::of(&self.ground).await?)
        } else {
            None
        };
        Ok(Some(Event::Sent { calls, answers, read }))
    }

    /// Finds the grant that is to be taken.
    async fn with_grant(&self, mut call: Call) -> Outcome<Option<Call>> {
        let Step::Take { place, .. } = call.step else {
            return Ok(Some(call));
        };
        let key = match call.target {
            Some(Target::Account(key)) => Some(key),
            Some(Target::Name(name)) => self.state.whose(name),
            None => None,
        };
        let account = key
            .and_then(|key| self.state.account(key))
            .filter(|account| account.is_there());
        let Some(id) = account.and_then(|account| account.id.clone()) else {
            return Ok(None);
        };
        let list = self.ground.get(&format!("/api/users/{id}/roles")).await?;
        let all: Vec<_> = standing(self.state.now, &list).collect();
        let Some(shown) = all.get(usize::from(place) % all.len().max(1)) else {
            return Ok(None);
        };
        let grant_id = shown["userRoleId"].as_str().unwrap_or_default();
        call.path.push_str(grant_id);
        call.grant = self.state.grant_of(shown);
        Ok(Some(call))
    }

    async fn send(&self, calls: &[Call]) -> Outcome<Vec<Answer>> {
        let sending: Vec<_> = calls
            .iter()
            .enumerate()
            .map(|(n, call)| tokio::spawn(self.ground.send(call, n + self.sent)))
            .collect();
        let mut answers = Vec::new();
        for answer in sending {
            let answer = answer.await??;
            let made = answer.text("/temporaryPassword");
            if !made.is_empty() {
                self.ground.note_password(made).await;
            }
            answers.push(answer);
        }
        Ok(answers)
    }
}

impl State {
    /// The grant that an answer shows.
    fn grant_of(&self, shown: &serde_json::Value) -> Option<Grant> {
        let role = self
            .roles
            .iter()
            .find(|(_, role)| shown["role"] == role_name(role.name))?;
        let department = shown["department"].as_str();
        let number = |name: &str| DEPARTMENTS.iter().position(|known| *known == name);
        let grant = Grant {
            role: *role.0,
            department: department.and_then(number).and_then(|number| u8::try_from(number).ok()),
            from: second(&shown["effectiveFrom"]),
            to: second(&shown["effectiveTo"]),
            given: second(&shown["grantedAt"])?,
        };
        (self.grant_text(&grant) == grant_text(shown)).then_some(grant)
    }
}
