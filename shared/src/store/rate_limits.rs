//! Counters of rate limits. Each is an item of its own, for each limit and subject; it expires when nothing that it counted
//! matters any more. What was counted is read a moment old; whether one more is counted, its condition decides.

use jiff::Timestamp;

use super::dynamo::{Table, Updated};
use super::table::{Changes, Cond, Item, Key, integer, number};
use crate::domain::rate_limit::{Count, Rule};
use crate::error::Result;

const WINDOW: &str = "window";
const COUNT: &str = "count";
const BEFORE: &str = "before";

/// How often one request tries again where others were counted meanwhile. Each turn follows another one's success.
const TURNS: u32 = 16;

/// What became of the wish to count a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It counts, and this is what was counted since.
    Done(Count),
    /// There is no room, and nothing was written.
    Over(Count),
}

/// What was counted at these places, as it was a moment ago, in their order; nothing where nothing is.
pub async fn read(table: &Table, places: &[Key]) -> Result<Vec<Option<Count>>> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let found = table.batch_get_stale(places).await?;
    let at = |place: &Key| found.iter().find(|item| Key::of(item).as_ref() == Some(place));
    Ok(places.iter().map(|place| at(place).map(counted)).collect())
}

/// Counts one request at this place where the rule has room for it, given what was seen there.
pub async fn count(table: &Table, place: &Key, rule: Rule, mut seen: Option<Count>, now: Timestamp) -> Result<Counted> {
    let mut current = rule.current(seen, now);
    for _ in 0..TURNS {
        let room = rule.room(current, now);
        if current.count >= room {
            break;
        }
        let (changes, when) = one_more(seen, current, room, rule);
        match table.update(place, &changes, &when).await? {
            Updated::Done(item) => return Ok(Counted::Done(counted(&item))),
            Updated::Refused(item) => seen = item.as_ref().map(counted),
        }
        current = rule.current(seen, now);
    }
    Ok(Counted::Over(current))
}

/// The change that counts one more, and when it may be made.
fn one_more(seen: Option<Count>, current: Count, room: u32, rule: Rule) -> (Changes, Cond) {
    match seen {
        // What the window before weighs does not change any more, so that others are counted meanwhile does no harm.
        Some(seen) if seen.window == current.window => {
            let when = vec![
                Cond::Eq(WINDOW, number(current.window)),
                Cond::Eq(BEFORE, number(current.before)),
                Cond::Lt(COUNT, number(room)),
            ];
            (Changes::new().add(COUNT, 1), Cond::All(when))
        }
        seen => {
            let over = (current.window + 2) * i64::from(rule.seconds) + 60;
            let changes = Changes::new()
                .set(WINDOW, number(current.window))
                .set(COUNT, number(1))
                .set(BEFORE, number(current.before))
                .set("ttl", number(over));
            let as_seen = |seen: Count| {
                Cond::All(vec![
                    Cond::Eq(WINDOW, number(seen.window)),
                    Cond::Eq(COUNT, number(seen.count)),
                ])
            };
            (changes, seen.map_or(Cond::Absent(WINDOW), as_seen))
        }
    }
}

fn counted(item: &Item) -> Count {
    let count = |name| integer(item, name).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    Count {
        window: integer(item, WINDOW).unwrap_or(i64::MIN),
        count: count(COUNT),
        before: count(BEFORE),
    }
}
