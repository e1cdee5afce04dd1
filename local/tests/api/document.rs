//! The committed OpenAPI document, as far as answers are held to it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use http::Method;
use serde_json::Value;

struct Operation {
    method: String,
    path: Vec<String>,
    statuses: BTreeSet<u16>,
}

fn operations() -> &'static [Operation] {
    static OPERATIONS: OnceLock<Vec<Operation>> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let document: Value = serde_json::from_str(include_str!("../../../openapi.json")).unwrap();
        let mut all = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let statuses = operation["responses"].as_object().unwrap().keys();
                all.push(Operation {
                    method: method.to_uppercase(),
                    path: path.split('/').map(str::to_owned).collect(),
                    statuses: statuses.map(|status| status.parse().unwrap()).collect(),
                });
            }
        }
        all
    })
}

fn fitting(path: &str) -> impl Iterator<Item = &'static Operation> + Clone {
    let asked: Vec<String> = path.split('/').map(str::to_owned).collect();
    let same = |(known, asked): (&String, &String)| {
        known.eq_ignore_ascii_case(asked) || (known.starts_with('{') && !asked.is_empty())
    };
    operations()
        .iter()
        .filter(move |operation| operation.path.len() == asked.len() && operation.path.iter().zip(&asked).all(same))
}

/// Whether the document has any operation at this path.
pub fn has(path: &str) -> bool {
    fitting(path).next().is_some()
}

/// Whether the document allows this answer to a request. It states nothing of what it does not know.
pub fn allows(method: &Method, path: &str, status: u16) -> bool {
    let fitting = fitting(path);
    // Of two that fit, a route goes to the one whose earlier segment is not a variable.
    let order =
        |operation: &Operation| -> Vec<bool> { operation.path.iter().map(|part| part.starts_with('{')).collect() };
    let Some(first) = fitting.clone().map(order).min() else {
        return true;
    };
    let mut taken = fitting.filter(|operation| order(operation) == first && operation.method == method.as_str());
    taken
        .next()
        .is_none_or(|operation| operation.statuses.contains(&status))
}

#[test]
fn an_answer_that_the_document_does_not_have_is_found() {
    assert!(allows(&Method::GET, "/api/users/me%40example.org", 200));
    assert!(allows(&Method::GET, "/Admin/Users", 200));
    assert!(!allows(&Method::GET, "/api/users/me%40example.org", 409));
    assert!(!allows(&Method::GET, "/v1/admin/users/search", 201));
    assert!(allows(&Method::GET, "/nobody/has/this", 404));
    assert!(has("/api/users/jane/roles/any") && !has("/api/tenants/acme"));
    assert!(allows(&Method::PUT, "/api/users", 405));
    assert!(allows(&Method::POST, "/v1/user/ban/change-password", 405));
}
