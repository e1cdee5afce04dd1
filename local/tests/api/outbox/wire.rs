//! The edges: what Lambda hands over and takes back, and where links lead to.

use std::collections::BTreeSet;

use http::Method;
use outbox::handlers::handle;
use outbox::links::{SET_PASSWORD, VERIFY_EMAIL};
use outbox::wire::Event;
use serde_json::{Value, json};

use super::{Post, follow, inserted, invite, mails, state};
use crate::databases::{serve_dynamodb, table_set_up_with};
use crate::proxy::Proxy;
use crate::support::{World, tables};

/// An event of `events/outbox`.
fn event(name: &str) -> Value {
    let path = format!("{}/../events/outbox/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The same about the only mail of a world.
fn about(world: &World, mut event: Value) -> Value {
    let mails = mails(world);
    let own = &inserted(&mails)["Records"][0]["dynamodb"];
    let records = event.get_mut("Records").and_then(Value::as_array_mut);
    for record in records.into_iter().flatten() {
        if record["dynamodb"]["Keys"]["PK"]["S"]
            .as_str()
            .unwrap()
            .starts_with("MAIL#")
        {
            record["dynamodb"]["Keys"] = own["Keys"].clone();
        }
    }
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_the_outbox_send_what_they_are_about() {
    for (name, expected) in [
        ("stream", "sent"),
        ("stream-other-items", "pending"),
        ("schedule", "sent"),
    ] {
        let (world, post) = (World::new().await, Post::default());
        invite(&world, "jane@example.org").await;
        let event = Event::of(about(&world, event(name))).unwrap();
        let answer = handle(&post.outbox(&world.app), event).await.unwrap();
        assert_eq!(
            serde_json::to_value(answer).unwrap(),
            json!({ "batchItemFailures": [] }),
            "{name}"
        );
        assert_eq!(state(&world), expected, "{name}");
        assert_eq!(post.letters().len(), usize::from(expected == "sent"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_a_mail_that_is_not_there_is_no_failure() {
    let (world, post) = (World::new().await, Post::default());
    let event = Event::of(event("stream")).unwrap();
    assert!(
        handle(&post.outbox(&world.app), event)
            .await
            .unwrap()
            .batch_item_failures
            .is_empty()
    );
    assert!(post.asked().is_empty() && mails(&world).is_empty());
}

#[test]
fn an_event_of_the_stream_that_cannot_be_read_is_reported() {
    for records in [
        json!({}),
        json!([{}]),
        json!([{ "eventName": "INSERT", "dynamodb": {} }]),
    ] {
        assert!(Event::of(json!({ "Records": records })).is_err());
    }
    assert_eq!(Event::of(json!({ "source": "aws.events" })).unwrap(), Event::Sweep);
}

/// What the function's policies in `template.yaml` let it do, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn p02_sending_takes_five_calls_and_a_notice_one_less_and_a_sweep_eight_at_once_more() {
    let db = table_set_up_with(&[]).await;
    let proxy = Proxy::before(&serve_dynamodb(db.clone()).await).await;
    let (world, post) = (World::on(db, proxy.url.clone(), &[]).await, Post::default());
    let outbox = post.outbox(&world.app);
    invite(&world, "jane@example.org").await;
    proxy.cost();
    proxy.transactions();
    follow(&world, &outbox).await;
    let with_a_link = [
        "UpdateItem",
        "GetItem",
        "BatchGetItem",
        "TransactWriteItems",
        "UpdateItem",
    ];
    assert_eq!(proxy.cost().operations, with_a_link);
    let written = proxy.transactions()[0]["TransactItems"].clone();
    let kind = |write: &Value| {
        let (_, write) = write.as_object().unwrap().iter().next().unwrap();
        let place = write.get("Item").or_else(|| write.get("Key")).unwrap();
        place["PK"]["S"].as_str().unwrap().split('#').next().unwrap().to_owned()
    };
    let kinds: Vec<String> = written.as_array().unwrap().iter().map(kind).collect();
    assert_eq!(kinds, ["MAIL", "MAILED", "MAILED", "TOKEN"]);
    world.clock.advance(60);
    let owner = world.owner().await;
    let path = "/api/users/jane@example.org";
    assert_eq!(owner.patch(path, json!({ "emailVerified": true })).await.status, 204);
    for new in ["another password", "and another one"] {
        let change = json!({ "newPassword": new });
        assert_eq!(owner.post(&format!("{path}/reset-password"), change).await.status, 204);
    }
    proxy.cost();
    proxy.weak_reads();
    handle(&outbox, Event::Sweep).await.unwrap();
    assert_eq!(
        proxy.cost().operations,
        [
            ["Query"; 8].as_slice(),
            &["UpdateItem", "BatchGetItem", "TransactWriteItems", "UpdateItem"],
        ]
        .concat(),
        "a notice has no link"
    );
    assert_eq!(proxy.weak_reads(), Vec::<Value>::new());
}

#[tokio::test]
async fn without_a_sender_nothing_begins() {
    let world = World::with(&[("USHER_MAIL_FROM", "")]).await;
    let error = outbox::outbox(world.app.clone(), std::sync::Arc::new(Post::default())).unwrap_err();
    assert!(format!("{error:?}").contains("USHER_MAIL_FROM"), "{error:?}");
}

#[test]
fn links_in_mails_lead_to_routes() {
    let tables = tables();
    let rows = tables.iter().flat_map(usher::http::routes::Routes::rows);
    let paths: BTreeSet<String> = rows
        .filter(|row| row.method == Method::GET)
        .map(|row| row.path.to_string())
        .collect();
    for path in [VERIFY_EMAIL, SET_PASSWORD] {
        assert!(paths.contains(path), "{path}");
    }
}
