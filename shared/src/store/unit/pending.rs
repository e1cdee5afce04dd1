//! A unit of work whose answer is an item of its own transaction: it is put off until there is an answer, and then written
//! with it (`docs/decisions/027-idempotency-keys.md`).

use std::sync::{Arc, Mutex, PoisonError};

use super::{Tries, Unit, Wanted};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::store::attempts::Guess;
use crate::store::table::{Refusal, Write};

/// Carries out what `attempt` does with the context that it is given, whose one unit of work is written when its answer is
/// there, with `kept` of it: both, or neither. Where others changed what was read, or were in the way, all of it begins
/// again.
pub async fn atomically_answered<T, Fut>(
    cx: &Context,
    compared: &Compared,
    attempt: impl Fn(Context) -> Fut,
    kept: impl Fn(&T) -> Result<Write>,
) -> Result<T>
where
    Fut: Future<Output = Result<T>>,
{
    let mut tries = Tries::default();
    loop {
        let pending = Arc::new(Pending {
            is_again: tries.all > 0,
            compared: compared.clone(),
            unit: Mutex::default(),
        });
        let within = Context {
            pending: Some(pending.clone()),
            ..cx.clone()
        };
        let answer = Box::pin(attempt(within)).await?;
        match Box::pin(pending.commit(cx, kept(&answer)?, &mut tries)).await {
            Ok(()) => return Ok(answer),
            Err(Refusal::Answer(error)) => return Err(error),
            Err(Refusal::Lost(lost)) => tries.another(&cx.app.table, lost).await?,
        }
    }
}

/// The attempt by which the password that a request sets was compared with the present one, until it is settled.
pub type Compared = Arc<Mutex<Option<Guess>>>;

/// Where a unit of work waits for its answer.
#[derive(Default)]
pub struct Pending {
    is_again: bool,
    /// Over all tries of the request.
    compared: Compared,
    unit: Mutex<Option<Waiting>>,
}

struct Waiting {
    cx: Context,
    wanted: Wanted,
}

impl Pending {
    /// Whether what the request read at its beginning was in vain once.
    pub(super) fn is_again(&self) -> bool {
        self.is_again
    }

    pub fn compared(&self) -> &Compared {
        &self.compared
    }

    /// A request that keeps its answer has one unit: of two, the first could be done without the other and the answer.
    pub(super) fn put_off(&self, cx: &Context, wanted: Wanted) -> Result<()> {
        let mut unit = self.unit.lock().unwrap_or_else(PoisonError::into_inner);
        if unit.is_some() || wanted.alone.is_some() {
            return Err(Error::fault("a route that keeps its answer is one transaction"));
        }
        let cx = Context {
            pending: None,
            ..cx.clone()
        };
        *unit = Some(Waiting { cx, wanted });
        Ok(())
    }

    async fn commit(&self, cx: &Context, answer: Write, tries: &mut Tries) -> Result<(), Refusal> {
        let waiting = self.unit.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (cx, mut wanted) = match waiting {
            Some(Waiting { cx, wanted }) => (cx, wanted),
            None => (cx.clone(), Wanted::default()),
        };
        // Its condition comes first: who lost the key is answered with that, whatever else does not hold.
        wanted.writes.insert(0, answer);
        let unit = Unit {
            cx: &cx,
            is_first: false,
            wanted: Arc::new(Mutex::new(wanted)),
        };
        unit.commit(tries).await
    }
}
