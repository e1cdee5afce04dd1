//! What was sent and answered, held to the model.
//!
//! Steps that were sent at the same time can often be explained in several ways, of which one turns out later: whose password
//! was set last, or whether a login came before all sessions were ended, nothing shows at once. So the first explanation is
//! taken, and where something contradicts it, others are looked for that explain what came later, too.

use super::calls::Call;
use super::expected::Answer;
use super::order::explained;
use super::read::Read;
use super::state::State;

/// How many moments with several explanations are kept: which of three refreshes at once came last can show thirty batches later.
const KEPT: usize = 32;

#[derive(Debug)]
pub enum Event {
    /// Seconds go by.
    Wait(u32),
    /// One, or several at the same time; and what was there afterwards.
    Sent {
        calls: Vec<Call>,
        answers: Vec<Answer>,
        read: Option<Read>,
    },
}

#[derive(Debug, Default)]
pub struct History {
    events: Vec<Event>,
    /// The state before events that have several explanations, and the place of each.
    kept: Vec<(State, usize)>,
}

impl History {
    /// Goes on by an event: what contradicts the model, if anything does.
    pub fn hold(&mut self, state: &mut State, event: Event) -> Option<String> {
        let is_at_once = matches!(&event, Event::Sent { calls, .. } if calls.len() > 1);
        self.events.push(event);
        let last = self.events.len() - 1;
        let before = is_at_once.then(|| (state.clone(), last));
        let why = match held(state, &self.events[last..]) {
            Ok(after) => {
                *state = after;
                self.kept.extend(before);
                let over = self.kept.len().saturating_sub(KEPT);
                self.kept.drain(..over);
                return None;
            }
            Err(why) => why,
        };
        for n in (0..self.kept.len()).rev() {
            let (then, place) = &self.kept[n];
            if let Ok(after) = held(then, &self.events[*place..]) {
                *state = after;
                self.kept.truncate(n + 1);
                return None;
            }
        }
        Some(why)
    }
}

/// The state after these events, or what they contradict.
fn held(state: &State, events: &[Event]) -> Result<State, String> {
    let mut state = state.clone();
    for (n, event) in events.iter().enumerate() {
        match event {
            Event::Wait(seconds) => state.now += i64::from(*seconds),
            Event::Sent { calls, answers, read } if calls.len() > 1 => {
                let rest = &events[n + 1..];
                let after = |state: &State| held(&agreed(state, read.as_ref())?, rest);
                let found = explained(&state, calls, answers, &after);
                return found.map_err(|why| at_once(calls, answers, &why));
            }
            Event::Sent { calls, answers, read } => {
                for (call, answer) in calls.iter().zip(answers) {
                    one(&mut state, call, answer)?;
                }
                let last = calls.last().map(|call| &call.step);
                state = agreed(&state, read.as_ref()).map_err(|why| format!("after {last:?}, {why}"))?;
                continue;
            }
        }
        state.forget();
    }
    Ok(state)
}

fn one(state: &mut State, call: &Call, answer: &Answer) -> Result<(), String> {
    let expected = state.apply(call, answer);
    match expected.differs(answer) {
        None => Ok(()),
        Some(why) => Err(format!(
            "{:?} ({} {}): {why}; the answer is {}",
            call.step, call.method, call.path, answer.body
        )),
    }
}

/// The state, where it is what was read.
fn agreed(state: &State, read: Option<&Read>) -> Result<State, String> {
    let mut state = state.clone();
    if let Some(read) = read {
        if let Some(why) = read.differs(&state) {
            return Err(format!("as it is read afterwards, {why}"));
        }
        read.bind(&mut state);
    }
    state.forget();
    Ok(state)
}

fn at_once(calls: &[Call], answers: &[Answer], why: &str) -> String {
    let both = calls.iter().zip(answers);
    let all: Vec<String> = both
        .map(|(call, answer)| format!("  {} {:?}: {}", answer.status, call.step, answer.body))
        .collect();
    format!(
        "no order of these explains their answers and what is there:\n{}\nthe nearest fails at: {why}",
        all.join("\n")
    )
}
