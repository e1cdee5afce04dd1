//! The routes of all functions, as the committed document has them: API Gateway sends here what none of them takes, and
//! here it is told whether the path or only the method was wrong.

use std::collections::BTreeMap;

use serde::Deserialize;
use usher::http::known::Known;

use crate::wire::OPENAPI;

/// As much of the document as this is about.
#[derive(Deserialize)]
struct Paths {
    paths: BTreeMap<String, BTreeMap<String, Operation>>,
}

#[derive(Deserialize)]
struct Operation {
    #[serde(default, rename = "x-dev-only")]
    dev_only: bool,
}

/// Every route of the document.
pub fn routes() -> Vec<Known> {
    read(OPENAPI)
}

/// A document that cannot be read has no routes: unknown paths are 404 then, and nothing else is different. A test holds
/// the committed one to be readable.
fn read(document: &str) -> Vec<Known> {
    let Ok(Paths { paths }) = serde_json::from_str(document) else {
        return Vec::new();
    };
    let of_path = |(path, operations): (String, BTreeMap<String, Operation>)| {
        let all = operations.into_iter();
        all.filter_map(move |(method, operation)| known(&path, &method, &operation))
    };
    paths.into_iter().flat_map(of_path).collect()
}

fn known(path: &str, method: &str, operation: &Operation) -> Option<Known> {
    Some(Known {
        method: method.to_ascii_uppercase().parse().ok()?,
        path: path.to_owned(),
        dev_only: operation.dev_only,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_a_document_is_known_with_its_stage() {
        let document = r#"{"paths": {"/a/{b}": {"get": {"summary": "…"}, "post": {"x-dev-only": true}}}}"#;
        let known: Vec<String> = read(document)
            .iter()
            .map(|k| format!("{} {} {}", k.method, k.path, k.dev_only))
            .collect();
        assert_eq!(known, ["GET /a/{b} false", "POST /a/{b} true"]);
    }

    #[test]
    fn the_committed_document_has_the_routes_of_this_function() {
        let known = routes();
        for row in crate::routes().rows() {
            let found = known.iter().any(|k| k.path == row.path && k.method == row.method);
            assert!(found, "{} {}: run `cargo run -- --write-openapi`", row.method, row.path);
        }
    }
}
