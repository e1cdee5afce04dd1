//! Cursors: one opens for the question that it was sealed for, and nothing else opens.

use std::sync::LazyLock;

use serde_json::Value;
use usher::jiff::{SignedDuration, Timestamp};
use usher::proof::seal::MacKey;
use usher::store::cursor::{open, seal};

use crate::{seed, with_another_character};

const QUESTION: &str = "GET /api/users";

static KEY: LazyLock<MacKey> = LazyLock::new(|| MacKey::from_bytes([7; 32]));
static OTHER: LazyLock<MacKey> = LazyLock::new(|| MacKey::from_bytes([8; 32]));

/// `CURSOR` stands for one of ours.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let own = seal(&KEY, QUESTION, &"position", now).unwrap();
    let sent = text.replace("CURSOR", &own);
    let opened = open::<Value>(&KEY, QUESTION, &sent, now);
    assert_eq!(opened.is_ok(), sent == own, "{sent:?}");
    sealed(&Value::from(text), text, now);
    if let Ok(position) = serde_json::from_str::<Value>(text) {
        // What JSON keeps: its numbers are not all its own spelling's.
        let kept: Value = serde_json::from_str(&position.to_string()).unwrap();
        sealed(&kept, text, now);
    }
}

fn sealed(position: &Value, context: &str, now: Timestamp) {
    let cursor = seal(&KEY, context, position, now).unwrap();
    let opened = |key: &MacKey, context: &str, cursor: &str, now| open::<Value>(key, context, cursor, now);
    assert_eq!(opened(&KEY, context, &cursor, now).as_ref(), Ok(position));
    let day = SignedDuration::from_hours(24);
    let last = now + day - SignedDuration::from_secs(1);
    assert!(opened(&KEY, context, &cursor, last).is_ok());
    assert!(opened(&KEY, context, &cursor, now + day).is_err(), "it has ended");
    assert!(opened(&OTHER, context, &cursor, now).is_err(), "another key");
    assert!(
        opened(&KEY, &format!("{context} "), &cursor, now).is_err(),
        "another question"
    );
    let changed = with_another_character(&cursor, seed(context.as_bytes()));
    assert!(opened(&KEY, context, &changed, now).is_err(), "{changed:?}");
    for cut in [&cursor[1..], &cursor[..cursor.len() - 1]] {
        assert!(opened(&KEY, context, cut, now).is_err(), "{cut:?}");
    }
}
