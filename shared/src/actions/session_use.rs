//! When sessions were last used, to the minute: written down by the request that finds it older than that, which costs
//! that one a round trip more, and no other.
//!
//! It is for its holder to read, and decides nothing. So it leaves the session's version as it is, brings no session back
//! that has ended, and a store that refuses it, or is slow, refuses no request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::Context;
use crate::domain::session::Session;
use crate::error::Error;
use crate::id::SessionId;
use crate::store::{last_use, sessions};

/// How long a request waits for it at most.
const WAITS: Duration = Duration::from_secs(1);
/// Of how many sessions a process remembers when it last tried.
const REMEMBERED: usize = 4_096;

/// Which sessions this process tried to write down lately: of requests that come at once, one tries, and where the store
/// refuses, not every one waits for that. A hint; what is written, a condition decides.
#[derive(Debug, Default)]
pub struct SessionUses(Mutex<HashMap<SessionId, Timestamp>>);

impl SessionUses {
    fn is_turn(&self, id: SessionId, now: Timestamp) -> bool {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !last_use::is_due(tried.get(&id).copied(), now) {
            return false;
        }
        if tried.len() >= REMEMBERED {
            tried.retain(|_, at| !last_use::is_due(Some(*at), now));
        }
        if tried.len() < REMEMBERED {
            tried.insert(id, now);
        }
        true
    }
}

/// Writes down that a session is used, where it is time for that. The request goes on in any case.
pub(super) async fn note(cx: &Context, session: &Session) {
    if !last_use::is_due(Some(session.used_at()), cx.now) || !cx.app.session_uses.is_turn(session.id, cx.now) {
        return;
    }
    let written = tokio::time::timeout(WAITS, sessions::used(&cx.app.table, session, cx.now)).await;
    let refused = written.unwrap_or_else(|_| Err(Error::unavailable("it took too long")));
    if let Err(error) = refused {
        tracing::warn!(?error, session = %session.id, "that a session was used could not be written down");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_session_one_request_a_minute_tries_and_of_too_many_every_one_does() {
        let uses = SessionUses::default();
        let at = |seconds| Timestamp::from_second(1_800_000_000_i64 + seconds).unwrap();
        let new = || SessionId::new(at(0)).unwrap();
        let id = new();
        let tries: Vec<bool> = [0, 0, 59, 60, 61, 120].map(|s| uses.is_turn(id, at(s))).into();
        assert_eq!(tries, [true, false, false, true, false, true]);
        assert!(uses.is_turn(new(), at(120)), "another session");
        for _ in 0..2 * REMEMBERED {
            assert!(uses.is_turn(new(), at(130)));
        }
        assert!(uses.0.lock().unwrap().len() <= REMEMBERED);
        assert!(!uses.is_turn(id, at(131)), "it is remembered still");
        let late = new();
        assert!(
            uses.is_turn(late, at(131)) && uses.is_turn(late, at(131)),
            "there is no room to remember it"
        );
        assert!(
            uses.is_turn(late, at(200)) && !uses.is_turn(late, at(200)),
            "there is room again"
        );
    }
}
