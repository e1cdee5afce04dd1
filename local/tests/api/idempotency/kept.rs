//! For how long a key is taken, and what is not kept.

use serde_json::json;

use super::{Ready, kept, place, ready, seen, send};
use crate::support::{PASSWORD, World};
use crate::users::refused;

const DAY: i64 = 24 * 3_600;

#[tokio::test]
async fn an_answer_is_kept_for_24_hours_and_not_a_moment_longer() {
    let world = World::new().await;
    let request = ready(&world, "/api/api-keys", 1).await;
    let key = request.key(1);
    let first = request.send(&key).await;
    let ends = world.now().as_second() + DAY;
    let [item] = &kept(&world)[..] else { panic!("one item") };
    assert_eq!(item["ttl"]["N"], ends.to_string());
    world.clock.advance_ms(DAY * 1_000 - 1);
    // Another session of the same account.
    let request = Ready {
        client: world.owner().await,
        ..request
    };
    assert_eq!(seen(&request.send(&key).await), seen(&first));
    refused(&request.send_other(&key).await, 422, "key-reused");
    world.clock.advance_ms(1);
    let again = request.send(&key).await;
    assert_eq!(again.status, 201, "{}", again.text);
    assert_ne!(again.text, first.text, "the key is free");
    assert_eq!(seen(&request.send(&key).await), seen(&again));
    world.clock.advance(DAY);
    let request = Ready {
        client: world.owner().await,
        ..request
    };
    let other = request.send_other(&key).await;
    assert_eq!(other.status, 201, "for another request as well: {}", other.text);
    assert_eq!(kept(&world).len(), 1);
}

#[tokio::test]
async fn a_refusal_is_not_kept_and_the_key_is_free_at_once() {
    let world = World::new().await;
    let owner = world.owner().await;
    let taken = world.user("jane@example.org").await;
    let body = json!({ "email": "jane@example.org", "password": PASSWORD });
    let key = "a key of a client's";
    refused(&send(&owner, "/api/users", &body, "jane").await, 409, "email-taken");
    refused(&send(&owner, "/api/users", &json!({}), "jane").await, 400, "validation");
    let [item] = &kept(&world)[..] else {
        panic!("one item: {key}")
    };
    assert!(item.get("answer").is_none(), "{item}");
    assert!(item["ttl"]["N"].as_str().unwrap().parse::<i64>().unwrap() <= world.now().as_second());
    assert_eq!(owner.delete(&format!("/api/users/{taken}")).await.status, 204);
    let made = send(&owner, "/api/users", &body, "jane").await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(seen(&send(&owner, "/api/users", &body, "jane").await), seen(&made));
}

#[tokio::test]
async fn an_attempt_that_broke_off_has_its_key_for_15_seconds() {
    let world = World::new().await;
    let request = ready(&world, "/api/roles", 1).await;
    let key = request.key(1);
    assert_eq!(request.send(&key).await.status, 201);
    let role = format!("/api/roles/{}", request.body["name"].as_str().unwrap());
    assert_eq!(request.client.delete(&role).await.status, 204);
    let [item] = &kept(&world)[..] else { panic!("one item") };
    let ends = world.now().as_millisecond() + 15_000;
    let begun = usher::store::table::Changes::new()
        .remove("answer")
        .remove("until")
        .set("lease", usher::store::table::number(ends));
    let at = usher::store::table::Cond::exists();
    world.app.table.update(&place(item), &begun, &at).await.unwrap();
    let waits = |seconds: &'static str| {
        let (request, key) = (&request, &key);
        async move {
            let reply = request.send(key).await;
            refused(&reply, 409, "in-flight");
            assert_eq!(reply.header("retry-after"), seconds);
            refused(&request.send_other(key).await, 422, "key-reused");
        }
    };
    waits("15").await;
    world.clock.advance_ms(5_001);
    waits("10").await;
    world.clock.advance_ms(9_998);
    waits("1").await;
    world.clock.advance_ms(1);
    let done = request.send(&key).await;
    assert_eq!(done.status, 201, "{}", done.text);
}

/// Where the process ended between commit and answer, another one has both.
#[tokio::test(flavor = "multi_thread")]
async fn another_process_gives_the_same_answer() {
    let world = World::new().await;
    let request = ready(&world, "/api/api-keys", 1).await;
    let key = request.key(1);
    let first = request.send(&key).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let other = World::later(world.db.clone(), &[], world.now()).await;
    other.watch.secrets.keep_all(&world.watch.secrets);
    let (items, again) = (
        other.items(),
        Ready {
            client: other.owner().await,
            ..request
        },
    );
    assert_eq!(seen(&again.send(&key).await), seen(&first));
    assert_eq!(kept(&other).len(), 1);
    let keys = |items: &[serde_json::Value]| items.iter().filter(|item| item["SK"]["S"] == "KEY").count();
    assert_eq!(keys(&other.items()), keys(&items));
}

/// The stack's key was replaced: what was asked for is not known again, and so nothing is done twice.
#[tokio::test(flavor = "multi_thread")]
async fn with_another_cursor_key_what_was_done_is_another_request() {
    let world = World::new().await;
    let request = ready(&world, "/api/api-keys", 1).await;
    let key = request.key(1);
    assert_eq!(request.send(&key).await.status, 201);
    let replaced = "r".repeat(64);
    let other = World::later(world.db.clone(), &[("USHER_CURSOR_KEY", &replaced)], world.now()).await;
    other.watch.secrets.keep_all(&world.watch.secrets);
    let again = Ready {
        client: other.owner().await,
        ..request
    };
    refused(&again.send(&key).await, 422, "key-reused");
}

#[tokio::test]
async fn without_a_key_nothing_is_kept_and_where_nothing_is_made_a_key_means_nothing() {
    let world = World::new().await;
    let owner = world.owner().await;
    let body = json!({ "email": "jane@example.org", "password": PASSWORD });
    assert_eq!(owner.post("/api/users", body).await.status, 201);
    let login = json!({ "username": "jane@example.org", "password": PASSWORD });
    let first = send(&world.nobody(), "/api/auth/login", &login, "one").await;
    let second = send(&world.nobody(), "/api/auth/login", &login, "one").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
    assert_ne!(first.str("token"), second.str("token"));
    assert_eq!(kept(&world).len(), 0);
}

#[tokio::test]
async fn who_lost_the_key_to_another_attempt_does_nothing() {
    use usher::store::idempotency::{Attempt, Claim};
    let world = World::new().await;
    let table = &world.app.table;
    let attempt = |owner: &str| Attempt {
        key: usher::store::keys::idempotency(&usher::domain::tenant::TenantId::main(), "some"),
        fingerprint: "asked".to_owned(),
        owner: owner.to_owned(),
    };
    let (slow, quick) = (attempt("slow"), attempt("quick"));
    let lease = |world: &World| world.now() + usher::actions::idempotency::LEASE;
    assert_eq!(slow.claim(table, world.now(), lease(&world)).await, Ok(Claim::Taken));
    // Its answer was lost, and it asked again.
    assert_eq!(slow.claim(table, world.now(), lease(&world)).await, Ok(Claim::Taken));
    let until = lease(&world);
    assert_eq!(quick.claim(table, world.now(), until).await, Ok(Claim::InFlight(until)));
    world.clock.advance(15);
    assert_eq!(quick.claim(table, world.now(), lease(&world)).await, Ok(Claim::Taken));
    let late = slow.answered(b"slow".to_vec(), lease(&world));
    let refusal = usher::store::unit::commit(table, &[late]).await.unwrap_err();
    assert_eq!(refusal, usher::error::Error::InFlight(1).into());
    slow.give_up(table, world.now()).await.unwrap();
    assert_eq!(
        slow.claim(table, world.now(), lease(&world)).await,
        Ok(Claim::InFlight(lease(&world))),
        "what it gave up was not its own"
    );
    let answer = quick.answered(b"quick".to_vec(), lease(&world));
    usher::store::unit::commit(table, &[answer]).await.unwrap();
    // Whether it was done after all is not known to who gives up, and an answer stays.
    quick.give_up(table, world.now()).await.unwrap();
    let found = slow.claim(table, world.now(), lease(&world)).await;
    assert_eq!(found, Ok(Claim::Answered(b"quick".to_vec())));
}
