//! `POST /api/auth/introspect` (RFC 7662)

use serde_json::{Value, json};

use super::{key, keyed, stored};
use crate::auth::{raw, refresh, token};
use crate::support::{Client, PASSWORD, Reply, World};
use crate::tenants::{owner_of, with_header, within};
use crate::users::{grant, invalid, refused, role, signed_in_with, user};

const PATH: &str = "/api/auth/introspect";

async fn asked(by: &Client, token: &str) -> Reply {
    let reply = by.post(PATH, json!({ "token": token })).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("cache-control")),
        (200, "no-store"),
        "{}",
        reply.text
    );
    reply
}

#[track_caller]
fn inactive(reply: &Reply) {
    assert_eq!(reply.body, json!({ "active": false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_token_is_answered_with_whose_it_is_and_what_it_may_do_now() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (robot_id, _, robot) = keyed(&world, "robot", &[]).await;
    role(&world, "reader", &["admin.users", "admin.roles"]).await;
    let jane = world.user_with("jane@example.org", &["reader"]).await;
    let issued = token(&world, "jane@example.org", PASSWORD).await;
    let now = world.now().as_second();
    let expected = json!({
        "active": true, "sub": jane, "tid": "main", "exp": now + 3_600, "iat": now, "roles": ["reader", "user"],
        "scope": "admin.roles admin.users",
    });
    assert_eq!(asked(&robot, issued.str("accessToken")).await.body, expected);
    // Of itself, without an end; and of one with another name and an end.
    let own = json!({
        "active": true, "sub": robot_id, "tid": "main", "iat": now, "roles": ["SERVICE_ACCOUNT", "user"],
        "username": "robot", "scope": "admin.access",
    });
    assert_eq!(asked(&robot, &robot.token).await.body, own);
    let brief = super::key_until(&owner, &robot_id, json!("2026-11-22T09:00:00Z")).await;
    assert_eq!(asked(&owner, brief.str("key")).await.body["exp"], now + 3_600);
    // Forms are what clients of OAuth send; a hint is no help.
    let form = format!("token={}&token_type_hint=refresh_token", issued.str("accessToken"));
    let reply = raw(&robot, PATH, "application/x-www-form-urlencoded", form).await;
    assert_eq!(reply.body, expected, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_s_state_counts_and_not_the_token_s_word() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (_, _, robot) = keyed(&world, "robot", &[]).await;
    role(&world, "reader", &["admin.users"]).await;
    let (id, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    let scope = async || asked(&robot, &jane.token).await.body["scope"].clone();
    assert_eq!(scope().await, "");
    let given = grant(
        &owner,
        &id,
        json!({ "role": "reader", "effectiveTo": "2026-11-22T08:01:00Z" }),
    )
    .await;
    assert_eq!(scope().await, "admin.users");
    assert_eq!(owner.delete(&format!("{}/roles/{given}", user(&id))).await.status, 204);
    assert_eq!(scope().await, "");
    grant(
        &owner,
        &id,
        json!({ "role": "reader", "effectiveTo": "2026-11-22T08:01:00Z" }),
    )
    .await;
    grant(&owner, &id, json!({ "role": "member", "department": "sales" })).await;
    world.clock.advance(60);
    let shown = asked(&robot, &jane.token).await.body;
    assert_eq!((&shown["scope"], &shown["roles"]), (&json!(""), &json!(["user"])));
    let second = world.signed_in("jane@example.org", PASSWORD).await;
    assert_eq!(jane.post_empty("/api/auth/logout").await.status, 204);
    inactive(&asked(&robot, &jane.token).await);
    assert_eq!(asked(&robot, &second.token).await.body["active"], true);
    assert_eq!(owner.post_empty(&format!("{}/lock", user(&id))).await.status, 204);
    inactive(&asked(&robot, &second.token).await);
    assert_eq!(owner.post_empty(&format!("{}/unlock", user(&id))).await.status, 204);
    let third = world.signed_in("jane@example.org", PASSWORD).await;
    world.clock.advance(8 * 3_600);
    inactive(&asked(&robot, &third.token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_opens_nothing_is_inactive_and_no_word_more() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (account, id, robot) = keyed(&world, "robot", &[]).await;
    let other = world.with_token(key(&owner, &account).await.str("key"));
    world.user("jane@example.org").await;
    let pair = token(&world, "jane@example.org", PASSWORD).await;
    let api_key = crate::api_keys::made(&owner, "x").await;
    for nothing in [
        pair.str("refreshToken"),
        api_key.str("key"),
        "garbage",
        "",
        "usher_sk_",
        &robot.token[1..],
        &"x".repeat(10_000),
    ] {
        inactive(&asked(&robot, nothing).await);
    }
    assert_eq!(
        owner.delete(&format!("/api/users/{account}/keys/{id}")).await.status,
        204
    );
    inactive(&asked(&other, &robot.token).await);
    // Nothing is open to it but the change of its password (rule 14).
    let reset = owner.post_empty("/api/users/jane@example.org/reset-password").await;
    let signed_in = token(&world, "jane@example.org", reset.str("temporaryPassword")).await;
    inactive(&asked(&other, signed_in.str("accessToken")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_asked_by_who_holds_admin_access() {
    let world = World::new().await;
    let nobody = world.nobody();
    let (_, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    let (_, _, robot) = keyed(&world, "robot", &[]).await;
    let body = json!({ "token": jane.token });
    let reply = nobody.post(PATH, body.clone()).await;
    refused(&reply, 401, "no-credentials");
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    refused(&jane.post(PATH, body.clone()).await, 403, "missing-permission");
    assert_eq!(world.admin().await.post(PATH, body).await.body["active"], true);
    invalid(&robot.post(PATH, json!({})).await, &["/token"]);
    invalid(
        &raw(&robot, PATH, "application/x-www-form-urlencoded", "hint=x").await,
        &["/token"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn to_be_asked_about_is_no_use_of_a_token() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (_, _, robot) = keyed(&world, "robot", &[]).await;
    world.user("jane@example.org").await;
    let first = token(&world, "jane@example.org", PASSWORD).await;
    let second = refresh(&world, first.str("refreshToken")).await;
    let before = world.items().len();
    assert_eq!(asked(&owner, second.str("accessToken")).await.body["active"], true);
    assert_eq!(asked(&owner, &robot.token).await.body["active"], true);
    assert_eq!(world.items().len(), before);
    assert!(stored(&world)[0]["lastUsedAt"].is_null());
    // The client may have lost the answer: it refreshes again, and the unused pair is dead.
    assert_eq!(refresh(&world, first.str("refreshToken")).await.status, 200);
    inactive(&asked(&owner, second.str("accessToken")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_s_token_is_inactive() {
    let world = with_header().await;
    let (one, ten) = (owner_of(&world, "org1").await, owner_of(&world, "org10").await);
    let robot = super::service(&one, "robot", &[]).await;
    let of_one = key(&one, &robot).await;
    for token in [of_one.str("key"), &one.token] {
        assert_eq!(asked(&one, token).await.body["tid"], "org1");
        inactive(&asked(&ten, token).await);
        inactive(&asked(&within(&world.owner().await, "main"), token).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_discovery_document_names_it() {
    let world = World::new().await;
    let document = world.nobody().get("/.well-known/openid-configuration").await.body;
    assert_eq!(document["introspection_endpoint"], format!("https://usher.test{PATH}"));
    assert_eq!(
        document["introspection_endpoint_auth_methods_supported"],
        Value::from(vec!["Bearer"])
    );
}
