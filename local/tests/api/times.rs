//! Times that clients send (rule 13), wherever one is taken: the ends of grants, locks and API keys.

use serde_json::{Value, json};

use crate::reconcile::assert_reconciled;
use crate::support::{Client, World};
use crate::users::{invalid, user};

/// What the last second of the year 9999 stands for, however it is written.
const NEVER: [&str; 5] = [
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59-12:00",
    "9999-12-31t23:59:60z",
    "9999-12-31T00:00:00Z",
];

const SENTENCE: &str = "a time is written as RFC 3339 has it, such as 2026-11-26T09:30:00Z";

/// Every place that takes a time: the path, the body around the time, and its field.
fn places(id: &str) -> [(String, Value, &'static str); 4] {
    let roles = user(id) + "/roles";
    [
        (roles.clone(), json!({ "role": "member" }), "effectiveTo"),
        (roles, json!({ "role": "member" }), "effectiveFrom"),
        (user(id) + "/lock", json!({}), "until"),
        ("/api/api-keys".to_owned(), json!({ "name": "x" }), "expiresAt"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_second_of_the_year_9999_is_no_end() {
    let world = World::new().await;
    let owner = world.owner().await;
    for (n, never) in NEVER.into_iter().enumerate() {
        let id = world.user(&format!("u{n}@example.org")).await;
        let body = json!({ "role": "member", "effectiveTo": never });
        let given = owner.post(&(user(&id) + "/roles"), body).await;
        assert_eq!(
            (given.status.as_u16(), &given.body["effectiveTo"]),
            (201, &Value::Null),
            "{never}"
        );
        let again = owner.post(&(user(&id) + "/roles"), json!({ "role": "member" })).await;
        assert_eq!(again.problem(), "grant-stands", "{never}");
        let key = owner
            .post("/api/api-keys", json!({ "name": "x", "expiresAt": never }))
            .await;
        assert_eq!(
            (key.status.as_u16(), &key.body["expiresAt"]),
            (201, &Value::Null),
            "{never}"
        );
        let lock = owner.post(&(user(&id) + "/lock"), json!({ "until": never })).await;
        assert_eq!(lock.status, 204, "{never}");
        let rows = owner.get(&format!("/api/rights-history?target={id}")).await.body;
        assert!(!rows.to_string().contains("9999"), "{rows}");
    }
    assert_reconciled(&world);
    assert!(
        !json!(world.items()).to_string().contains("2534022"),
        "nothing is kept of the year 9999"
    );
}

/// Whoever is given a role until the end of the year 9999 is in charge for good.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_until_the_year_9999_is_in_charge() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    let body = json!({ "role": "owner", "effectiveTo": "9999-12-31T23:59:59Z" });
    assert_eq!(owner.post(&(user(&id) + "/roles"), body).await.status, 201);
    assert_reconciled(&world);
    for name in ["admin", "owner"] {
        assert_eq!(owner.delete(&user(name)).await.status, 204, "{name}");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_begins_is_refused() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await) + "/roles";
    for never in NEVER {
        let reply = owner
            .post(&path, json!({ "role": "member", "effectiveFrom": never }))
            .await;
        invalid(&reply, &["/effectiveFrom"]);
        assert_eq!(
            detail(&reply.body),
            "what begins at the end of the year 9999 never begins"
        );
    }
}

fn detail(body: &Value) -> &str {
    body["errors"][0]["detail"].as_str().unwrap()
}

async fn refused_with(owner: &Client, (path, body, field): &(String, Value, &str), time: Value) -> String {
    let mut body = body.clone();
    body[*field] = time;
    let reply = owner.post(path, body).await;
    invalid(&reply, &[&format!("/{field}")]);
    detail(&reply.body).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_time_is_refused_in_one_sentence_wherever_a_time_is_taken() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    for place in places(&id) {
        for time in ["soon", "", "2027-01-01", "2027-01-01T00:00:00", "10000-01-01T00:00:00Z"] {
            assert_eq!(
                refused_with(&owner, &place, json!(time)).await,
                SENTENCE,
                "{place:?}: {time}"
            );
        }
        let day = refused_with(&owner, &place, json!("2027-02-29T00:00:00Z")).await;
        assert_eq!(day, "there is no such day, or no such time of day", "{place:?}");
        let number = refused_with(&owner, &place, json!(1)).await;
        assert!(number.contains("2026-11-26T09:30:00Z"), "{number}");
        assert!(!number.contains("jiff") && !number.contains("Timestamp"), "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn null_is_no_time_wherever_one_is_taken() {
    let world = World::new().await;
    let owner = world.owner().await;
    for (n, (path, mut body, field)) in places("{user}").into_iter().enumerate() {
        let id = world.user(&format!("u{n}@example.org")).await;
        body[field] = Value::Null;
        let reply = owner.post(&path.replace("{user}", &id), body).await;
        assert!(reply.status.is_success(), "{field}: {}", reply.text);
    }
}
