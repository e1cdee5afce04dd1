//! The route table is data: every row that makes something is asked to keep its answer, and every other `POST` is in the
//! document with the reason why it keeps none.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use usher::error::Error;
use usher::http::idempotency::{LONGEST, NAME};

use super::{assert_refused, done, kept, ready, rows, seen};
use crate::fault_injection::dump;
use crate::reconcile::assert_reconciled;
use crate::support::{World, at_once, steps, tables};

const DOCUMENT: &str = include_str!("../../../../docs/idempotency.md");

/// The routes of a table of the document, each with what stands beside it.
fn documented(heading: &str) -> BTreeMap<String, String> {
    let (_, rest) = DOCUMENT.split_once(&format!("## {heading}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let mut routes = BTreeMap::new();
    for line in section.lines().filter_map(|line| line.strip_prefix("| `")) {
        let (paths, reason) = line.split_once(" | ").unwrap();
        for path in paths.split(", ") {
            routes.insert(
                path.trim_matches('`').to_owned(),
                reason.trim_end_matches(" |").to_owned(),
            );
        }
    }
    routes
}

#[test]
fn every_post_keeps_its_answer_or_has_a_reason_why_not() {
    let (mut keep, mut do_not) = (BTreeSet::new(), BTreeSet::new());
    for table in tables() {
        for row in table.rows() {
            assert!(row.method == "POST" || !row.options.makes, "{}", row.path);
            if row.method == "POST" {
                let list = if row.options.makes { &mut keep } else { &mut do_not };
                list.insert(row.path.to_string());
            }
        }
    }
    let paths = |documented: &BTreeMap<String, String>| documented.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(paths(&documented("Which routes take one")), keep);
    let reasons = documented("Which take none, and why");
    assert_eq!(paths(&reasons), do_not);
    assert!(reasons.values().all(|reason| reason.len() > 20), "{reasons:?}");
}

#[test]
fn the_document_of_the_api_has_the_header_and_its_refusals_where_it_is_taken_and_nowhere_else() {
    let document: Value = serde_json::from_str(include_str!("../../../../openapi.json")).unwrap();
    let makes: BTreeSet<String> = rows().into_iter().map(|row| row.path).collect();
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            if !parameters.iter().any(|parameter| parameter["name"] == NAME) {
                continue;
            }
            assert_eq!(method, "post", "{path}");
            let answers = &operation["responses"];
            assert!(answers["422"].is_object(), "{path}");
            assert!(answers["409"]["headers"]["Retry-After"].is_object(), "{path}");
            found.insert(path.clone());
        }
    }
    assert_eq!(found, makes);
}

/// The secrets of an answer.
fn secrets(answer: &Value) -> impl Iterator<Item = &str> {
    let names = ["key", "temporaryPassword"];
    names.into_iter().filter_map(|name| answer[name].as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_is_done_once_and_answered_the_same_to_the_byte() {
    let world = World::new().await;
    let mut with_secret = 0;
    for (n, row) in steps(rows()).enumerate() {
        let request = ready(&world, &row.path, n).await;
        let key = request.key(n);
        let before = dump(&world);
        let first = request.send(&key).await;
        assert!(first.status.is_success(), "{}: {}", row.path, first.text);
        assert!(done(&before, &world).len() > 1, "{} did nothing", row.path);
        let items = world.items();
        let again = request.send(&format!("\"{key}\"")).await;
        assert_eq!(seen(&again), seen(&first), "{}", row.path);
        // Not even what an attempt leaves.
        assert!(world.items() == items, "{} did something twice", row.path);
        for secret in secrets(&first.body) {
            with_secret += 1;
            let table = Value::from(world.items()).to_string();
            assert!(!table.contains(secret), "{}", row.path);
        }
        let other = request.send_other(&key).await;
        assert_refused(&row, &request.path, &other, &Error::KeyReused);
        assert!(world.items() == items, "{} did another request", row.path);
        let other = request.send_other(&request.key(500 + n)).await;
        assert!(other.status.is_success(), "{}: {}", row.path, other.text);
    }
    assert_eq!(with_secret, 3, "an API key, a service account's, a temporary password");
    assert_eq!(kept(&world).len(), 2 * rows().len());
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_sealed_and_shows_nothing_of_the_request_or_the_key() {
    let world = World::new().await;
    for (n, row) in rows().into_iter().enumerate() {
        let request = ready(&world, &row.path, n).await;
        let (key, before) = (request.key(n), kept(&world).len());
        let reply = request.send(&key).await;
        assert!(reply.status.is_success(), "{}", reply.text);
        let items = kept(&world);
        assert_eq!(items.len(), before + 1);
        let words = [key.clone(), reply.text.clone(), request.body.to_string()];
        let bodies = [&reply.body, &request.body].into_iter();
        let texts = bodies.flat_map(|body| body.as_object().unwrap().values().filter_map(Value::as_str));
        let texts: Vec<String> = texts.filter(|text| text.len() > 8).map(str::to_owned).collect();
        for item in items {
            let sealed = STANDARD.decode(item["answer"]["B"].as_str().unwrap()).unwrap();
            let plain = Value::from(vec![item]).to_string();
            for word in words.iter().chain(&texts).filter(|word| !word.is_empty()) {
                assert!(!plain.contains(word.as_str()), "{}: {word}", row.path);
                assert!(
                    !sealed.windows(word.len()).any(|part| part == word.as_bytes()),
                    "{}",
                    row.path
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_is_done_and_all_others_get_its_answer_or_409() {
    let world = World::new().await;
    for (n, row) in steps(rows()).enumerate() {
        let alone = ready(&world, &row.path, 1_000 + n).await;
        let before = dump(&world);
        assert!(alone.send(&alone.key(1_000 + n)).await.status.is_success());
        let once = done(&before, &world);

        let request = ready(&world, &row.path, n).await;
        let key = request.key(n);
        let before = dump(&world);
        let replies = at_once(32, |_| {
            let (request, key) = (request.clone(), key.clone());
            async move { request.send(&key).await }
        })
        .await;
        assert_eq!(done(&before, &world), once, "{}", row.path);
        let answer = request.send(&key).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        let mut answered = 0;
        for reply in &replies {
            if reply.status == 409 {
                assert_refused(&row, &request.path, reply, &Error::InFlight(15));
            } else {
                assert_eq!(seen(reply), seen(&answer), "{}", row.path);
                answered += 1;
            }
        }
        assert!(answered > 0, "{}", row.path);
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_key_is_400_in_the_contract_s_own_words_and_does_nothing() {
    let world = World::new().await;
    let detail =
        format!("a key is 1 to {LONGEST} characters of ASCII, such as a UUID, with quotes around it or without");
    for (n, row) in rows().into_iter().enumerate() {
        let request = ready(&world, &row.path, n).await;
        let items = world.items();
        for wrong in ["", "two words", "\"open", &"k".repeat(LONGEST + 1)] {
            let reply = request.send(wrong).await;
            assert_refused(&row, &request.path, &reply, &Error::invalid(NAME, detail.clone()));
            assert!(reply.text.contains(NAME), "{}", reply.text);
        }
        assert!(world.items() == items, "{}", row.path);
    }
}

/// A tenant's beginning is the largest transaction that there is.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_tenant_s_beginning_has_room_for_its_answer() {
    let world = World::with(&[("USHER_TENANT_SIZE", "large")]).await;
    for (n, row) in rows().into_iter().enumerate() {
        let request = ready(&world, &row.path, n).await;
        let key = request.key(n);
        let first = request.send(&key).await;
        assert!(first.status.is_success(), "{}: {}", row.path, first.text);
        assert_eq!(seen(&request.send(&key).await), seen(&first), "{}", row.path);
    }
    assert_reconciled(&world);
}
