//! The committed OpenAPI document is the one that the route tables make, and states of every route what it answers.

#![expect(clippy::unwrap_used, reason = "a test may end by panicking")]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use usher::http::dialect::{self, Asked};
use usher::http::openapi;
use usher::http::routes::{Route, Routes};

fn committed() -> Value {
    serde_json::from_str(include_str!("../../openapi.json")).unwrap()
}

fn with_rows(check: impl Fn(&Route, &Value)) {
    let document = committed();
    for row in local::tables().iter().flat_map(Routes::rows) {
        let operation = &document["paths"][&*row.path][row.method.as_str().to_lowercase()];
        check(row, &operation["responses"]);
    }
}

/// The examples of the only content that an answer has.
fn examples(answer: &Value) -> Vec<Value> {
    let content = answer["content"].as_object().into_iter().flatten();
    let of = |(_, content): (&String, &Value)| {
        let several = content["examples"].as_object().into_iter().flatten();
        let several = several.map(|(_, example)| example["value"].clone());
        several.chain(content.get("example").cloned()).collect::<Vec<Value>>()
    };
    content.flat_map(of).collect()
}

#[test]
fn the_committed_document_is_current() {
    let made: Value = serde_json::from_str(&local::openapi().unwrap()).unwrap();
    assert!(
        made == committed(),
        "openapi.json is not current: run `cargo run -- --write-openapi`"
    );
}

#[test]
fn the_committed_list_of_routes_is_current() {
    assert!(
        local::route_list() == include_str!("../../routes.txt"),
        "routes.txt is not current: run `cargo run -- --write-openapi`"
    );
}

#[test]
fn the_document_has_every_route_with_its_answers() {
    with_rows(|row, responses| {
        let answers = responses.as_object().unwrap();
        let succeeds = answers.keys().any(|status| status.starts_with('2'));
        assert!(succeeds, "{} {}", row.method, row.path);
        assert!(answers.contains_key("503"), "{} {}", row.method, row.path);
    });
}

#[test]
fn every_refusal_is_the_answer_of_the_route_s_dialect_to_one_of_its_errors_and_every_error_is_there() {
    with_rows(|row, responses| {
        let description = (row.describe)();
        let mut said: BTreeSet<(String, String)> = BTreeSet::new();
        for error in openapi::errors(row, &description) {
            let asked = Asked {
                with_token: true,
                ..Asked::default()
            };
            let (status, _, mut body) = dialect::example(&row.error_format, &asked, &error).unwrap();
            forget_place(&mut body);
            said.insert((status.as_u16().to_string(), body.to_string()));
        }
        let mut shown = BTreeSet::new();
        for (status, answer) in responses
            .as_object()
            .unwrap()
            .iter()
            .filter(|(status, _)| *status >= &"400".to_owned())
        {
            // A sentence for who follows a link is no refusal of the dialect's.
            if answer["content"].get("text/plain").is_some() {
                continue;
            }
            for mut example in examples(answer) {
                forget_place(&mut example);
                shown.insert((status.clone(), example.to_string()));
            }
        }
        assert_eq!(shown, said, "{} {}", row.method, row.path);
    });
}

/// Problem Details name the path that was asked for.
fn forget_place(body: &mut Value) {
    if let Some(instance) = body.get_mut("instance") {
        *instance = json!("");
    }
}

/// Of routes whose refusals were guessed wrongly once.
#[test]
fn the_refusals_of_these_routes_are_these() {
    let forms = |side: &str| [format!("/{side}/change"), "POST 409".to_owned()];
    let mut cases: Vec<([String; 2], &[&str])> = Vec::new();
    for side in ["user", "member", "admin", "owner"] {
        cases.push((forms(side), &["email-taken", "service-account", "username-taken"]));
    }
    let own: [(&str, &str, &[&str]); 14] = [
        (
            "/v1/auth/login",
            "POST 403",
            &["account-not-active", "email-not-verified"],
        ),
        ("/api/users/{user}/lock", "POST 409", &["last-administrator"]),
        (
            "/api/roles/{role}",
            "PATCH 409",
            &[
                "below-member-count",
                "last-administrator",
                "role-name-taken",
                "system-role",
                "too-many-members",
            ],
        ),
        (
            "/v1/admin/users/{user}/roles",
            "POST 409",
            &["in-flight", "role-full", "too-many-grants"],
        ),
        (
            "/v1/admin/users/{user}/roles/{role}",
            "DELETE 409",
            &["last-administrator", "system-role"],
        ),
        ("/v1/settings", "PATCH 409", &[]),
        ("/auth/register", "POST 401", &["invalid-api-key"]),
        ("/auth/resetpassword", "POST 401", &["invalid-api-key"]),
        ("/auth/resetpassword", "POST 403", &["account-not-active"]),
        ("/auth/login", "POST 403", &["account-not-active"]),
        ("/auth/login", "POST 401", &["invalid-api-key", "wrong-credentials"]),
        ("/v1/admin/users/{user}", "DELETE 400", &["own-account", "validation"]),
        ("/api/auth/set-password", "POST 401", &["account-not-active"]),
        ("/api/auth/logout", "POST 403", &["no-session"]),
    ];
    let own = own.map(|(path, which, kinds)| ([path.to_owned(), which.to_owned()], kinds));
    cases.extend(own);
    for ([path, which], expected) in cases {
        let (method, status) = which.split_once(' ').unwrap();
        let mut kinds = BTreeSet::new();
        for table in local::tables() {
            for row in table
                .rows()
                .iter()
                .filter(|row| row.path == path && row.method.as_str() == method)
            {
                for error in openapi::errors(row, &(row.describe)()) {
                    let (answered, ..) = dialect::example(&row.error_format, &Asked::default(), &error).unwrap();
                    if answered.as_str() == status {
                        kinds.insert(error.kind());
                    }
                }
            }
        }
        assert_eq!(kinds, expected.iter().copied().collect(), "{method} {path} {status}");
        let documented = &committed()["paths"][&path][method.to_lowercase()]["responses"];
        assert_eq!(
            documented.get(status).is_some(),
            !expected.is_empty(),
            "{method} {path} {status}"
        );
    }
}

#[test]
fn every_example_is_what_its_own_schema_describes() {
    let document = committed();
    let mut seen = 0;
    let mut wrong = Vec::new();
    walk(&document, "#", &mut |content, place| {
        let mut schema = json!({ "components": document["components"] });
        let own = content["schema"].as_object().unwrap().clone();
        schema.as_object_mut().unwrap().extend(own);
        let valid = jsonschema::draft202012::new(&schema).unwrap();
        let several = content["examples"].as_object().into_iter().flatten();
        let several = several.map(|(_, example)| &example["value"]);
        for example in several.chain(content.get("example")) {
            seen += 1;
            wrong.extend(
                valid
                    .iter_errors(example)
                    .map(|error| format!("{place}: {error}: {example}")),
            );
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 1_000, "only {seen} examples");
}

/// Everything with a schema and an example beside it.
fn walk<'a>(value: &'a Value, place: &str, look: &mut impl FnMut(&'a Value, &str)) {
    if value["schema"].is_object() {
        return look(value, place);
    }
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, one)| walk(one, &format!("{place}/{name}"), look)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(n, one)| walk(one, &format!("{place}/{n}"), look)),
        _ => {}
    }
}

/// What is read is compressed, and compressed answers are no place for secrets (`shared/src/http/compression.rs`).
#[test]
fn no_answer_to_get_has_a_secret_in_it() {
    let document = committed();
    let secrets = |method: &str| {
        let operations = document["paths"].as_object().unwrap().values();
        let answers = operations.filter_map(|path| path.get(method)?["responses"].as_object());
        let contents = answers.flatten().filter(|(status, _)| status.starts_with('2'));
        let bodies = contents
            .flat_map(|(_, answer)| examples(answer))
            .map(|body| body.to_string());
        let names = ["oken", "access_token", "refresh_token", "temporaryPassword", "key"];
        let names = names.map(|name| format!("{name}\":\""));
        bodies
            .filter(|body| names.iter().any(|name| body.contains(name.as_str())))
            .collect::<Vec<_>>()
    };
    assert_eq!(secrets("get"), Vec::<String>::new());
    assert!(secrets("post").len() >= 10, "{:?}", secrets("post"));
}

#[test]
fn closed_sets_of_words_are_in_the_document() {
    let document = committed();
    let schemas = &document["components"]["schemas"];
    let types = &schemas["ProblemDetails"]["properties"]["type"]["enum"];
    for kind in usher::Error::kinds() {
        assert!(
            types.as_array().unwrap().contains(&json!(format!("/problems/{kind}"))),
            "{kind}"
        );
    }
    let logins = schemas
        .as_object()
        .unwrap()
        .keys()
        .find(|name| name.contains("LoginView"))
        .unwrap();
    let row = &schemas[logins]["properties"]["items"]["items"]["properties"];
    assert_eq!(
        row["surface"]["enum"],
        json!(["account", "admin", "directory", "registration"])
    );
    assert_eq!(
        row["kind"]["enum"],
        json!(["login", "loginFailed", "logout", "refresh", "lockout"])
    );
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        operations.map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

/// Those of its parameters that are headers.
fn sent(operation: &Value) -> BTreeSet<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let headers = parameters.filter(|parameter| parameter["in"] == "header");
    headers
        .map(|header| header["name"].as_str().unwrap().to_lowercase())
        .collect()
}

#[test]
fn pages_may_send_and_read_every_header_that_the_document_names() {
    let document = committed();
    let (mut may_send, mut may_read) = (BTreeSet::new(), BTreeSet::new());
    for (_, operation) in operations(&document) {
        may_send.extend(sent(operation));
        for answer in operation["responses"].as_object().unwrap().values() {
            let named = answer["headers"].as_object().into_iter().flatten();
            may_read.extend(named.map(|(name, _)| name.to_lowercase()));
        }
    }
    // Every page may read the one, and no page the other.
    may_read.retain(|name| !["cache-control", "set-cookie"].contains(&name.as_str()));
    let unknown = |named: &BTreeSet<String>, known: &[&str]| {
        let unknown = named.iter().filter(|name| !known.contains(&name.as_str()));
        unknown.cloned().collect::<Vec<String>>()
    };
    assert_eq!(unknown(&may_send, &local::cors::SENT), Vec::<String>::new());
    assert_eq!(unknown(&may_read, &local::cors::READ), Vec::<String>::new());
    assert!(may_send.len() > 2 && may_read.len() > 4, "{may_send:?} {may_read:?}");
}

#[test]
fn what_answers_304_takes_if_none_match_and_shows_its_tag_both_times() {
    let document = committed();
    let mut seen = 0;
    for (name, operation) in operations(&document) {
        let answers = &operation["responses"];
        let known = sent(operation).contains("if-none-match");
        assert_eq!(answers["304"].is_object(), known, "{name}");
        if known {
            seen += 1;
            for status in ["200", "304"] {
                assert!(answers[status]["headers"]["ETag"].is_object(), "{name} {status}");
            }
        }
    }
    assert!(seen > 4, "only {seen}");
}
