//! All that is wrong with the fields of a body: serde stops at the first.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::shape::Shape;
use super::{pointer, refusal};
use crate::error::{Error, Violation};

/// Every field that is missing, or of another type than its own. What is of another type is taken out, and the rest looked
/// at once more.
pub fn everything<T: DeserializeOwned>(body: &Value, shape: &Shape) -> Error {
    let (mut left, mut wrong) = (body.clone(), Vec::<Violation>::new());
    while let Err(error) = serde_path_to_error::deserialize::<_, T>(&left) {
        let found = match refusal(pointer(error.path()), error.inner()) {
            Error::Invalid(found) => found,
            other => return other,
        };
        // What was taken out is not missing.
        let is_new = |found: &&Violation| wrong.iter().all(|known| !is_at(&known.pointer, &found.pointer));
        let Some(found) = found.iter().find(is_new) else { break };
        let goes_on = take_out(&mut left, &found.pointer);
        wrong.push(found.clone());
        if !goes_on {
            break;
        }
    }
    let missing = shape
        .missing(body)
        .filter(|missing| wrong.iter().all(|known| known.pointer != missing.pointer));
    let missing: Vec<Violation> = missing.collect();
    wrong.extend(missing);
    Error::Invalid(wrong)
}

/// Whether a place is this one, or in it.
fn is_at(place: &str, this: &str) -> bool {
    let rest = place.strip_prefix(this);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Removes what is at a place; where nothing is, or an item of a list, what that would be in. Whether it removed anything.
fn take_out(body: &mut Value, place: &str) -> bool {
    let mut place = place;
    while let Some((parent, name)) = place.rsplit_once('/') {
        if let Some(Value::Object(members)) = body.pointer_mut(parent) {
            let name = name.replace("~1", "/").replace("~0", "~");
            if members.remove(&name).is_some() {
                return true;
            }
        }
        place = parent;
    }
    false
}
