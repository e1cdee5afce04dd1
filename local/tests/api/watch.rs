//! Every world is watched. When it ends, what its requests logged must hold no secret and no address (R8), and what they
//! asked of DynamoDB must be what their function's policy allows (P2), and every answer's status must be in the document, as
//! must the path of what it made: so the whole suite holds all of it.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::header::LOCATION;
use futures::TryFutureExt;
use serde_json::Value;
use tower::ServiceExt;
use tracing::instrument::WithSubscriber;
use tracing::{Dispatch, Instrument};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{API_KEY, PASSWORD};
use crate::{document, policies};

/// What is logged, in memory.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub fn lines(&self) -> Vec<Value> {
        self.text().lines().map(parsed).collect()
    }

    /// What listens as the binaries do (`http::lambda::logs`), and to every word of ours.
    pub fn dispatch(&self) -> Dispatch {
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_env_filter("warn,usher=trace,api=info")
            .with_writer(self.clone())
            .finish();
        Dispatch::new(subscriber)
    }
}

/// What the requests of a test sent and were given that no log may hold.
#[derive(Clone)]
pub struct Secrets(Arc<Mutex<BTreeSet<String>>>);

impl Default for Secrets {
    fn default() -> Self {
        let known = [PASSWORD, API_KEY, "Admin@123", "Owner@12345", &"k".repeat(64)];
        Self(Arc::new(Mutex::new(known.map(str::to_owned).into())))
    }
}

impl Secrets {
    /// Keeps a secret. What is shorter than any token or password could be part of an innocent word.
    pub fn keep(&self, secret: &str) {
        if secret.len() >= 8 {
            self.0.lock().unwrap().insert(secret.to_owned());
        }
    }

    /// Keeps those of another world.
    pub fn keep_all(&self, others: &Self) {
        let others = others.0.lock().unwrap().clone();
        self.0.lock().unwrap().extend(others);
    }

    /// All of them, the shortest first.
    fn by_length(&self) -> Vec<String> {
        let mut secrets: Vec<String> = self.0.lock().unwrap().iter().cloned().collect();
        secrets.sort_by_key(String::len);
        secrets
    }

    /// Keeps what a body has under the names that secrets go by.
    pub fn keep_of(&self, body: &Value) {
        match body {
            Value::Array(items) => items.iter().for_each(|item| self.keep_of(item)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    let name = name.to_lowercase();
                    let secret = ["password", "token", "key"].iter().any(|word| name.contains(word));
                    match value.as_str() {
                        Some(text) if secret => self.keep(text),
                        _ => self.keep_of(value),
                    }
                }
            }
            _ => {}
        }
    }
}

/// Watches a world until it ends.
pub struct Watch {
    pub log: Log,
    pub secrets: Secrets,
    undocumented: Arc<Mutex<BTreeSet<String>>>,
    dispatch: Dispatch,
    // While there is one subscriber alone, a line that another test's thread reaches first is taken to interest nobody,
    // as on that thread nobody listens; with a second one it is not.
    _second: Dispatch,
}

impl Watch {
    pub fn new() -> Self {
        let log = Log::default();
        Self {
            dispatch: log.dispatch(),
            log,
            secrets: Secrets::default(),
            undocumented: Arc::default(),
            _second: Dispatch::new(tracing::subscriber::NoSubscriber::new()),
        }
    }

    /// This work of a function that no route leads to, logged here.
    pub async fn over<T>(&self, function: &str, work: impl Future<Output = T>) -> T {
        let watched = async {
            let span = tracing::info_span!("event", function);
            work.instrument(span).await
        };
        watched.with_subscriber(self.dispatch.clone()).await
    }

    /// These routes, whose requests are logged here, and whose answers are held to the document.
    pub fn around(&self, router: Router) -> Router {
        let (dispatch, undocumented) = (self.dispatch.clone(), self.undocumented.clone());
        let watched = tower::service_fn(move |request: Request| {
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let undocumented = undocumented.clone();
            let answer = router.clone().oneshot(request).with_subscriber(dispatch.clone());
            answer.inspect_ok(move |response| {
                let status = response.status().as_u16();
                let made = response.headers().get(LOCATION).filter(|_| status == 201);
                let made = made.map(|path| path.to_str().unwrap());
                if !document::allows(&method, &path, status) || made.is_some_and(|path| !document::has(path)) {
                    let answer = format!("{method} {path}: {status} {}", made.unwrap_or_default());
                    undocumented.lock().unwrap().insert(answer);
                }
            })
        });
        Router::new().fallback_service(watched)
    }

    /// A log repeats the same things over and over, so each is looked at once.
    fn check(&self) {
        let undocumented = self.undocumented.lock().unwrap();
        assert!(undocumented.is_empty(), "not in the document: {undocumented:?}");
        let secrets = self.secrets.by_length();
        let log = self.log.text();
        let (mut asked, mut seen) = (HashSet::new(), HashSet::new());
        for line in log.lines().map(parsed) {
            if line["event"] == "dynamodb" && asked.insert(policies::request(&line)) {
                policies::allows(&line);
            }
            strings(&line, &mut |text| {
                if !seen.contains(text) {
                    assert_eq!(secret_in(text, &secrets), None, "in the log: {line}");
                    seen.insert(text.to_owned());
                }
            });
        }
    }
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON in the log: {line}"))
}

/// What of this text no log may hold: a secret, what looks like one, or an address.
fn secret_in<'a>(text: &'a str, secrets: &'a [String]) -> Option<&'a str> {
    let shape = ["usher_rt_", "usher_ot_", "usher_ak_", "usher_sk_", "$argon2", "@"]
        .into_iter()
        .find(|shape| text.contains(shape));
    let fitting = || secrets.iter().take_while(|secret| secret.len() <= text.len());
    shape
        .or_else(|| has_jwt(text).then_some(text))
        .or_else(|| fitting().find(|secret| text.contains(*secret)).map(String::as_str))
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check();
        }
    }
}

/// What a line holds that is not the same in every run.
fn strings(line: &Value, look: &mut impl FnMut(&str)) {
    match line {
        Value::String(text) => look(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, look)),
        Value::Object(fields) => {
            let fixed = ["timestamp", "level", "target", "route", "method"];
            let varying = fields.iter().filter(|(name, _)| !fixed.contains(&name.as_str()));
            varying.for_each(|(_, value)| strings(value, look));
        }
        _ => {}
    }
}

/// Whether a JWT is in it: a word that begins as the base64url of `{"` does, and has several parts. The three letters
/// alone can be anywhere in the id of a signing key, which is random and no secret.
fn has_jwt(text: &str) -> bool {
    let of_jwt = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    text.split(|c| !of_jwt(c))
        .any(|word| word.starts_with("eyJ") && word.contains('.'))
}

#[test]
fn a_secret_of_any_length_is_found_in_what_is_no_shorter() {
    let secrets = ["12345678".to_owned(), "0123456789".to_owned()];
    assert_eq!(secret_in("is 12345678", &secrets), Some("12345678"));
    assert_eq!(secret_in("0123456789", &secrets), Some("12345678"));
    assert_eq!(secret_in("0123456789", &secrets[1..]), Some("0123456789"));
    assert_eq!(secret_in("123456789", &secrets[1..]), None);
    assert_eq!(secret_in("$argon2id$v=19", &[]), Some("$argon2"));
    assert_eq!(secret_in("to jane@example.org", &[]), Some("@"));
    assert_eq!(secret_in("eyJh.eyJz.c2ln", &[]), Some("eyJh.eyJz.c2ln"));
}

#[test]
fn a_token_is_distinguished_from_the_id_of_a_key() {
    assert!(has_jwt(
        "bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl, and so on"
    ));
    assert!(has_jwt("\"eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.\""));
    assert!(!has_jwt(
        "a signing key, kid NzbLsXh8uDCcd-6MNweyJ7WuQuW8m1q7NVTnVTBqd6E, was published"
    ));
}
