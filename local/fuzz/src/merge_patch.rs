//! Merge patches (RFC 7396) of a profile: the input is what a profile is made of, and a patch of it, two JSON values.

use serde_json::{Map, Value, json};
use usher::domain::profile::Profile;

pub fn run(data: &[u8]) {
    let mut values = serde_json::Deserializer::from_slice(data).into_iter::<Value>();
    let mut next = || values.next()?.ok();
    let (Some(first), Some(patch)) = (next(), next()) else {
        return;
    };
    let Ok(profile) = Profile::default().merge(&first) else {
        return;
    };
    assert_eq!(profile.merge(&json!({})).as_ref(), Ok(&profile), "nothing was patched");
    let Ok(patched) = profile.merge(&patch) else { return };
    assert_eq!(patched.validate(), Ok(()));
    assert_eq!(
        patched.merge(&patch).as_ref(),
        Ok(&patched),
        "twice is another thing than once"
    );
    assert_eq!(patched, expected(&profile, &patch));
    let back = difference(&json(&patched), &json(&profile));
    assert_eq!(patched.merge(&back).as_ref(), Ok(&profile), "{back} does not lead back");
    assert_eq!(
        serde_json::from_value::<Profile>(json(&patched)).ok().as_ref(),
        Some(&patched)
    );
}

fn json(profile: &Profile) -> Value {
    serde_json::to_value(profile).unwrap()
}

/// RFC 7396, section 2, word by word; then what a profile knows of it.
fn expected(profile: &Profile, patch: &Value) -> Profile {
    let mut merged = merged(Some(json(profile)), patch);
    for group in ["address", "contact"] {
        let known: Profile = serde_json::from_value(json!({ group: merged[group] })).unwrap();
        if json(&known)[group] == json!({}) {
            merged.as_object_mut().unwrap().remove(group);
        }
    }
    serde_json::from_value(merged).unwrap()
}

fn merged(target: Option<Value>, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut all = match target {
        Some(Value::Object(all)) => all,
        _ => Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            all.remove(name);
        } else {
            let value = merged(all.get(name).cloned(), value);
            all.insert(name.clone(), value);
        }
    }
    Value::Object(all)
}

/// The patch that makes one value of another.
fn difference(from: &Value, to: &Value) -> Value {
    let (Value::Object(from), Value::Object(to)) = (from, to) else {
        return to.clone();
    };
    let mut patch = Map::new();
    for name in from.keys().filter(|name| !to.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, value) in to.iter().filter(|(name, value)| from.get(*name) != Some(value)) {
        let change = from
            .get(name)
            .map_or_else(|| value.clone(), |from| difference(from, value));
        patch.insert(name.clone(), change);
    }
    Value::Object(patch)
}
