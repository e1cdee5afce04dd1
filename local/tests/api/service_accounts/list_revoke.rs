//! `GET /api/users/{user}/keys` and `DELETE /api/users/{user}/keys/{key}`

use serde_json::{Value, json};

use super::{key, key_until, keyed, service};
use crate::support::World;
use crate::users::{refused, role, signed_in_with};

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_an_account_are_listed_the_newest_first() {
    let world = World::new().await;
    let owner = world.owner().await;
    let account = service(&owner, "robot", &[]).await;
    let first = key(&owner, &account).await;
    world.clock.advance(1);
    let second = key_until(&owner, &account, json!("2026-11-22T09:00:00Z")).await;
    keyed(&world, "other", &[]).await;
    let listed = owner.get("/api/users/robot/keys").await;
    assert_eq!(listed.status, 200);
    let mut expected = vec![second.body.clone(), first.body.clone()];
    for one in &mut expected {
        one.as_object_mut().unwrap().remove("key");
    }
    assert_eq!(listed.body, Value::from(expected));
    assert_eq!(listed.header("cache-control"), "no-store");
    // One that ended is listed for as long as it is there.
    world.clock.advance(3_600);
    assert_eq!(
        owner.get("/api/users/robot/keys").await.body.as_array().unwrap().len(),
        2
    );
    world.user("jane@example.org").await;
    assert_eq!(owner.get("/api/users/jane@example.org/keys").await.body, json!([]));
    refused(&owner.get("/api/users/nobody/keys").await, 404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_revoked_once_by_whoever_may_touch_its_account() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (account, id, robot) = keyed(&world, "robot", &["admin"]).await;
    let (other, of_other, _) = keyed(&world, "other", &[]).await;
    role(&world, "keeper", &["admin.keys", "admin.access"]).await;
    let (_, keeper) = signed_in_with(&world, "keeper@example.org", &["keeper"]).await;
    let path = |account: &str, id: &str| format!("/api/users/{account}/keys/{id}");
    refused(&keeper.delete(&path(&account, &id)).await, 403, "above-own-rank");
    // Of another account, of no account, and no id at all.
    refused(&owner.delete(&path(&account, &of_other)).await, 404, "not-found");
    refused(&owner.delete(&path("nobody", &id)).await, 404, "not-found");
    refused(&owner.delete(&path(&account, "x")).await, 404, "not-found");
    assert_eq!(robot.get("/api/users").await.status, 200);
    assert_eq!(owner.delete(&path("robot", &id.to_uppercase())).await.status, 204);
    refused(&robot.get("/api/users").await, 401, "invalid-token");
    refused(&owner.delete(&path(&account, &id)).await, 404, "not-found");
    assert_eq!(keeper.delete(&path(&other, &of_other)).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_key_s_text_ends_it_and_no_other() {
    let world = World::new().await;
    let (account, id, robot) = keyed(&world, "robot", &[]).await;
    let other = key(&world.owner().await, &account).await;
    let nobody = world.nobody();
    let revoke = async |text: &str| {
        let reply = nobody.post("/api/auth/revoke", json!({ "token": text })).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    };
    for wrong in [&robot.token[..60], &format!("{}x", robot.token), "usher_sk_"] {
        revoke(wrong).await;
    }
    assert_eq!(robot.get("/api/me/profile").await.status, 200);
    for _ in 0..2 {
        revoke(&robot.token).await;
    }
    refused(&robot.get("/api/me/profile").await, 401, "invalid-token");
    assert_eq!(
        world.with_token(other.str("key")).get("/api/me/profile").await.status,
        200
    );
    let rows = crate::api_keys::rights_rows(&world, "serviceKeyRevoked");
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["actor"], &rows[0]["before"]["key"]),
        (&json!(account), &json!(id))
    );
}
