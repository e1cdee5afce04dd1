//! Bodies of every contract, through the whole service: each is carried out or refused in the words of its contract, as the
//! document has it, and none is a fault.
//!
//! The input is a method and the pattern of a path in a line (`PUT /api/users/{user}`, with ` form` behind it for a form),
//! and the body. The caller is the owner, or nobody where the route is for guests.

use std::cell::RefCell;

use axum::Router;
use axum::body::Body;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use usher::access::guard::Guard;
use usher::http::serve;

use crate::document::Document;
use crate::stage::{self, Answer, Stage};

/// What no answer has, unless the request had it.
const INSIDE: [&str; 6] = ["dynamo", "DynamoDB", "T#main", "panicked", ".rs:", "serde"];

/// How paths of the account contract begin.
const ACCOUNT: [&str; 5] = ["/auth/", "/user/", "/member/", "/admin/", "/owner/"];

struct Bodies {
    stage: Stage,
    routes: Router,
    document: Document,
    /// Method and path of each operation with a body, and whether guests use it.
    operations: Vec<(String, String, bool)>,
}

thread_local! {
    static BODIES: RefCell<Bodies> = RefCell::new(Bodies::new());
}

pub fn run(data: &[u8]) {
    BODIES.with_borrow_mut(|bodies| bodies.run(data));
}

impl Bodies {
    fn new() -> Self {
        let (stage, document) = (Stage::new(), Document::committed());
        let tables = local::tables();
        let rows = || tables.iter().flat_map(usher::http::routes::Routes::rows);
        let for_guests = |(method, path): &(String, String)| {
            let row = rows().find(|row| row.method.as_str() == method && row.path == path.as_str());
            matches!(row.unwrap().guard, Guard::Anyone | Guard::Guest)
        };
        let operations = document.with_bodies().into_iter().map(|one| {
            let guests = for_guests(&one);
            (one.0, one.1, guests)
        });
        Self {
            operations: operations.collect(),
            routes: serve::service(stage.app.clone(), local::tables()),
            document,
            stage,
        }
    }

    fn run(&mut self, data: &[u8]) {
        let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
        let (Ok(head), body) = (
            std::str::from_utf8(&data[..end]),
            data.get(end + 1..).unwrap_or_default(),
        ) else {
            return;
        };
        let (head, is_form) = head.strip_suffix(" form").map_or((head, false), |head| (head, true));
        let Some((method, path)) = head.split_once(' ') else {
            return;
        };
        let known = |one: &&(String, String, bool)| one.0 == method && one.1 == path;
        let Some((method, path, for_guests)) = self.operations.iter().find(known).cloned() else {
            return;
        };
        let token = if for_guests {
            String::new()
        } else {
            self.stage.filled("{{token}}")
        };
        let about = path.replace("{user}", stage::ADDRESS).replace("{role}", stage::ROLE);
        let media_type = if is_form {
            "application/x-www-form-urlencoded"
        } else {
            "application/json"
        };
        let body = match std::str::from_utf8(body) {
            Ok(text) => self.stage.filled(text).into_bytes(),
            Err(_) => body.to_vec(),
        };
        let request = stage::request(&method, &about, &token).header(CONTENT_TYPE, media_type);
        let request = request.body(Body::from(body)).unwrap();
        let answer = self.stage.play(stage::answer(&self.routes, request));
        self.check(&method, &path, &answer);
        let revealed = INSIDE
            .iter()
            .find(|word| answer.text.contains(**word) && !contains(data, word));
        assert!(
            revealed.is_none(),
            "{method} {path} reveals {revealed:?}: {}",
            answer.text
        );
    }

    fn check(&mut self, method: &str, path: &str, answer: &Answer) {
        let status = answer.status.as_u16();
        assert!(status < 500, "{method} {path}: {status} {}", answer.text);
        let media_type = answer.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap());
        let media_type = media_type.unwrap_or_default().split(';').next().unwrap_or_default();
        // The account contract answers in camelCase who writes in it; its schemas, as the document has it, are in PascalCase.
        let body = match ACCOUNT.iter().any(|start| path.starts_with(start)) {
            true => pascal_case(answer.body.clone()),
            false => answer.body.clone(),
        };
        let why = self.document.refuses(method, path, status, media_type, &body);
        assert_eq!(why, None, "{method} {path}: {status} {}", answer.text);
    }
}

fn pascal_case(body: Value) -> Value {
    let named = |(name, value): (String, Value)| {
        let (first, rest) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
        (first.to_uppercase() + rest, pascal_case(value))
    };
    match body {
        Value::Object(members) => Value::Object(members.into_iter().map(named).collect()),
        Value::Array(all) => Value::Array(all.into_iter().map(pascal_case).collect()),
        other => other,
    }
}

fn contains(data: &[u8], word: &str) -> bool {
    data.windows(word.len()).any(|window| window == word.as_bytes())
}
