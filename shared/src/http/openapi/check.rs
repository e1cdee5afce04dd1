//! What is wrong with a document that is well-formed all the same: things that it refers to and does not have.

use std::collections::BTreeSet;

use serde_json::Value;

/// Every error of this document, a sentence each.
pub fn complaints(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    references(document, document, &mut found);
    let mut seen = BTreeSet::new();
    for (path, method, operation) in operations(document) {
        let mut complain = |what: String| found.push(format!("{method} {path}: {what}"));
        let id = operation["operationId"].as_str().unwrap_or_default();
        if id.is_empty() || !seen.insert(id) {
            complain(format!("the operationId `{id}` is missing or not its own"));
        }
        if operation["summary"].as_str().unwrap_or_default().is_empty() {
            complain("it has no summary".to_owned());
        }
        let (named, declared) = (in_path(path), declared(operation));
        if named != declared {
            complain(format!("the path names {named:?} and the handler takes {declared:?}"));
        }
        for tag in list(&operation["tags"]) {
            if !list(&document["tags"]).iter().any(|known| known["name"] == *tag) {
                complain(format!("the tag {tag} is not described"));
            }
        }
    }
    found
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    members(&document["paths"]).flat_map(|(path, item)| {
        let all = members(item);
        all.map(move |(method, operation)| (path, method, operation))
    })
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let all = value.as_object().into_iter().flatten();
    all.map(|(name, member)| (name.as_str(), member))
}

fn references(document: &Value, value: &Value, found: &mut Vec<String>) {
    if let Some(to) = value.get("$ref").and_then(Value::as_str) {
        let pointer = to.strip_prefix('#').unwrap_or(to);
        if document.pointer(pointer).is_none() {
            found.push(format!(
                "there is nothing at {to}: a type parameter's field needs `#[schema(inline)]`"
            ));
        }
    }
    match value {
        Value::Object(members) => members.values().for_each(|one| references(document, one, found)),
        Value::Array(items) => items.iter().for_each(|one| references(document, one, found)),
        _ => {}
    }
}

fn in_path(path: &str) -> BTreeSet<&str> {
    let segments = path.split('/');
    segments
        .filter_map(|one| one.strip_prefix('{')?.strip_suffix('}'))
        .collect()
}

fn declared(operation: &Value) -> BTreeSet<&str> {
    let parameters = list(&operation["parameters"]).iter();
    let of_path = parameters.filter(|one| one["in"] == "path");
    of_path.filter_map(|one| one["name"].as_str()).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
