//! What a case answers and does where nothing fails, and how far it may be otherwise.

use serde_json::Value;

use super::answer::{Answer, fits, has_form, pattern, without};
use super::state::State;

/// What two runs of the same have in common.
#[derive(Debug, Clone)]
pub struct Expected {
    pub status: u16,
    body: Value,
    pub state: State,
}

/// In what an answer may be otherwise where something fails.
#[derive(Debug, Clone, Copy, Default)]
pub struct But {
    /// Search entries: those that a deletion takes out last stay, those of an account that was not made are there already,
    /// and those of a domain come with the next account. The reconciler still finds each that is missing.
    pub search: bool,
    /// How much it lists: it is from what was there a while ago.
    pub behind: bool,
    /// The descriptions of roles.
    pub descriptions: bool,
}

impl Expected {
    pub fn of(one: &(Answer, State), other: &(Answer, State)) -> Self {
        assert_eq!(one.0.status, other.0.status, "{one:?} and {other:?}");
        Self {
            status: one.0.status,
            body: pattern(&one.0.body, &other.0.body),
            state: State::pattern(&one.1, &other.1),
        }
    }

    /// What this has in common with another run.
    pub fn and(&self, (answer, state): &(Answer, State)) -> Self {
        assert_eq!(self.status, answer.status, "{self:?} and {answer:?}");
        Self {
            status: self.status,
            body: pattern(&self.body, &answer.body),
            state: State::pattern(&self.state, state),
        }
    }

    /// Whether it is answered and done so.
    pub fn met(&self, answer: &Answer, state: &State, but: But) -> Result<(), String> {
        if answer.status != self.status || !self.has_body(&answer.body, but) {
            return Err(format!("{answer:?} in place of {} {}", self.status, self.body));
        }
        match self.is_done(state, but) {
            true => Ok(()),
            false => Err(format!("{state:?} in place of {:?}", self.state)),
        }
    }

    fn has_body(&self, is: &Value, but: But) -> bool {
        if but.behind {
            return has_form(&self.body, is);
        }
        let described = |body: &Value| match but.descriptions {
            true => without("description", body.clone()),
            false => body.clone(),
        };
        fits(&described(&self.body), &described(is))
    }

    pub fn is_done(&self, state: &State, but: But) -> bool {
        let counted = |state: &State| match but.search {
            true => state.clone().but_for_search(),
            false => state.clone(),
        };
        counted(state).fits(&counted(&self.state))
    }
}
