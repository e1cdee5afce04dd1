//! What a service account's key opens: what its account may do now, in one round trip, until it is revoked.

use serde_json::{Value, json};
use usher::proof::opaque::ServiceToken;
use usher::secrecy::ExposeSecret;

use super::{key, key_until, keyed, service, stored};
use crate::access::catalogue;
use crate::proxy::Fault;
use crate::round_trips::counted;
use crate::support::{Client, PASSWORD, World};
use crate::tenants::{owner_of, with_header, within};
use crate::users::{grant, refused, role, user};

const OWN: &str = "/api/me/profile";

#[tokio::test(flavor = "multi_thread")]
async fn it_acts_with_its_account_s_rights_in_every_contract() {
    let world = World::new().await;
    let (account, _, robot) = keyed(&world, "robot", &[]).await;
    let (_, _, admin) = keyed(&world, "admin robot", &["admin"]).await;
    assert_eq!(robot.get(OWN).await.str("id"), account);
    refused(&robot.get("/api/users").await, 403, "missing-permission");
    for (path, of_robot) in [
        ("/api/users", 403),
        ("/v1/admin/users", 403),
        ("/admin/users", 403),
        ("/user/profile", 200),
    ] {
        assert_eq!(robot.get(path).await.status, of_robot, "{path}");
        assert_eq!(
            admin.get(&path.replace("/user/", "/admin/")).await.status,
            200,
            "{path}"
        );
    }
    world.user("jane@example.org").await;
    let banned = admin.delete("/v1/user/ban/jane@example.org").await;
    assert_eq!(banned.status, 200, "{}", banned.text);
    // A wrong API key is reported first, whatever else is right.
    let no_api_key = Client {
        api_key: "wrong".to_owned(),
        ..admin.clone()
    };
    let reply = no_api_key.get("/admin/users").await;
    assert!(reply.status == 401 && reply.text.contains("API key"), "{}", reply.text);
    // And the history names who did it.
    let rows = crate::api_keys::rights_rows(&world, "statusChanged");
    assert_eq!(rows.last().unwrap()["actor"], admin.get(OWN).await.body["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_its_account_takes_effect_on_the_next_request() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "reader", &["admin.users"]).await;
    let (account, _, robot) = keyed(&world, "robot", &[]).await;
    let path = user(&account);
    for _ in 0..2 {
        let given = grant(&owner, &account, json!({ "role": "reader" })).await;
        assert_eq!(robot.get("/api/users").await.status, 200);
        assert_eq!(owner.delete(&format!("{path}/roles/{given}")).await.status, 204);
        refused(&robot.get("/api/users").await, 403, "missing-permission");
    }
    for status in ["inactive", "locked", "banned"] {
        assert_eq!(owner.patch(&path, json!({ "status": status })).await.status, 204);
        refused(&robot.get(OWN).await, 401, "invalid-token");
        // What switches it off for a while ends no key.
        assert_eq!(owner.patch(&path, json!({ "status": "active" })).await.status, 204);
        assert_eq!(robot.get(OWN).await.status, 200);
    }
    // Guesses at a password that it does not have end nobody's work.
    for _ in 0..6 {
        world
            .nobody()
            .post("/api/auth/login", json!({ "username": "robot", "password": PASSWORD }))
            .await;
    }
    assert_eq!(robot.get(OWN).await.body["status"], "locked");
    assert_eq!(owner.delete(&path).await.status, 204);
    refused(&robot.get(OWN).await, 401, "invalid-token");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_opens_until_its_end_and_not_at_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let account = service(&owner, "robot", &[]).await;
    let made = key_until(&owner, &account, json!("2026-11-22T08:10:00Z")).await;
    let robot = world.with_token(made.str("key"));
    world.clock.advance_ms(600_000 - 1);
    assert_eq!(robot.get(OWN).await.status, 200);
    world.clock.advance_ms(1);
    let reply = robot.get(OWN).await;
    refused(&reply, 401, "invalid-token");
    assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    assert_eq!(stored(&world)[0]["ttl"]["N"], "1795335000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_exchanged_while_both_work() {
    let world = World::new().await;
    let (account, old_id, old) = keyed(&world, "robot", &["admin"]).await;
    let made = key(&old, &account).await;
    let new = world.with_token(made.str("key"));
    assert_eq!(
        (old.get(OWN).await.status, new.get(OWN).await.status),
        (200.try_into().unwrap(), 200.try_into().unwrap())
    );
    // The list shows when nobody uses the old one any more.
    world.clock.advance(60);
    assert_eq!(new.get(OWN).await.status, 200);
    let listed = new.get(&format!("/api/users/{account}/keys")).await.body;
    let used = |id: &str| {
        let keys = listed.as_array().unwrap().iter();
        keys.filter(|one| one["id"] == id)
            .map(|one| one["lastUsedAt"].clone())
            .next()
            .unwrap()
    };
    assert_eq!(
        (used(&old_id), used(made.str("id"))),
        (json!("2026-11-22T08:00:00.000Z"), json!("2026-11-22T08:01:00.000Z"))
    );
    assert_eq!(
        new.delete(&format!("/api/users/{account}/keys/{old_id}")).await.status,
        204
    );
    refused(&old.get(OWN).await, 401, "invalid-token");
    assert_eq!(new.get(OWN).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_token_is_a_key_and_a_key_is_no_other_token() {
    let world = World::new().await;
    let (_, id, robot) = keyed(&world, "robot", &[]).await;
    // One that makes no request: the log names the accounts of those that do, and nothing that was sent as a token.
    let (account, ..) = keyed(&world, "idle", &[]).await;
    let owner = world.owner().await;
    let token = &robot.token;
    let body = json!({ "email": "owner@usher.local", "password": "Owner@12345" });
    let pair = world.nobody().post("/api/auth/token", body).await;
    let api_key = crate::api_keys::made(&owner, "x").await;
    let digest = usher::actions::api_keys::digest(token);
    for other in [
        pair.str("refreshToken"),
        api_key.str("key"),
        &pair.str("refreshToken").replace("_rt_", "_sk_"),
        &api_key.str("key").replace("_ak_", "_sk_"),
        &token.to_uppercase(),
        &token.replace("_sk_", "_SK_"),
        &token[..token.len() - 1],
        &format!("{token}A"),
        &format!("{token}="),
        &digest,
        &format!("usher_sk_{digest}"),
        &id,
        &account,
        "usher_sk_",
        &format!("usher_sk_{}", "A".repeat(8_000)),
    ] {
        refused(&world.with_token(other).get(OWN).await, 401, "invalid-token");
    }
    let nobody = world.nobody();
    for (path, field) in [
        ("/api/auth/refresh", "refreshToken"),
        ("/v1/auth/refresh", "refresh_token"),
        ("/v1/user/token/renew", "token"),
    ] {
        let reply = nobody.post(path, json!({ field: token })).await;
        assert!(
            [401, 403].contains(&reply.status.as_u16()),
            "{path}: {} {}",
            reply.status,
            reply.text
        );
    }
    let set = json!({ "token": token, "newPassword": "a long enough password" });
    refused(&nobody.post("/api/auth/set-password", set).await, 400, "invalid-link");
    let link = nobody.get(&format!("/v1/user/email/verify/{token}")).await;
    assert!(link.text.contains("invalid"), "{}", link.text);
    let as_api_key = Client {
        api_key: token.clone(),
        ..owner.clone()
    };
    assert_eq!(as_api_key.get("/owner/users").await.status, 401);
    let in_query = world.nobody().get(&format!("{OWN}?access_token={token}")).await;
    refused(&in_query, 401, "no-credentials");
    assert_eq!(robot.get(OWN).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_about_a_session_is_refused_and_ends_nothing() {
    let world = World::new().await;
    let (_, _, robot) = keyed(&world, "robot", &["admin"]).await;
    refused(&robot.post_empty("/api/auth/logout").await, 403, "no-session");
    for path in ["/user/logout", "/admin/logout"] {
        let reply = robot.post_empty(path).await;
        assert!(
            reply.status == 403 && reply.text.contains("no session"),
            "{path}: {}",
            reply.text
        );
    }
    let reply = robot.post("/v1/auth/logout", json!({})).await;
    assert!(
        reply.status == 403 && reply.text.contains("no session"),
        "{}",
        reply.text
    );
    // Where a guest is meant, it is none.
    assert_eq!(
        robot
            .post("/auth/login", json!({ "Username": "x", "Password": "x" }))
            .await
            .status,
        400
    );
    assert_eq!(robot.get(OWN).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_costs_one_round_trip_and_once_a_minute_one_that_notes_it() {
    let (world, proxy) = counted().await;
    role(&world, "reader", &["admin.users"]).await;
    let (account, _, robot) = keyed(&world, "robot", &["reader"]).await;
    let owner = world.owner().await;
    let asked = async || {
        proxy.cost();
        assert_eq!(robot.get(OWN).await.status, 200);
        proxy.cost().operations
    };
    let (read, note) = ("BatchGetItem", "UpdateItem");
    // Which roles it has is not in its text: this process sees them for the first time.
    assert_eq!(asked().await, [read, read, note]);
    assert_eq!(asked().await, [read]);
    world.clock.advance_ms(59_999);
    // Whoever comes first pays for the settings.
    assert_eq!(owner.get("/api/users").await.status, 200);
    assert_eq!(asked().await, [read]);
    world.clock.advance_ms(1);
    assert_eq!(asked().await, [read, note]);
    grant(&owner, &account, json!({ "role": "member" })).await;
    assert_eq!(asked().await, [read, read]);
    assert_eq!(asked().await, [read]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_no_key_costs_one_read_whatever_its_request_is_about() {
    let (world, proxy) = counted().await;
    catalogue(&world, &["invoices.read"]).await;
    let (account, _, robot) = keyed(&world, "robot", &[]).await;
    let mut checks = Vec::new();
    for n in 0..10 {
        let id = world.user(&format!("u{n}@example.org")).await;
        checks.push(json!({ "user": id, "permission": "invoices.read" }));
    }
    let body = json!({ "checks": checks });
    let costs = async |client: &Client, status: u16| {
        proxy.cost();
        let reply = client.post("/api/access/check", body.clone()).await;
        assert_eq!(reply.status, status, "{}", reply.text);
        proxy.cost()
    };
    // Of the right form, and in the place of the one that there is.
    let text = ServiceToken::mint(account.parse().unwrap(), 0).unwrap();
    let stranger = world.with_token(text.text().expose_secret());
    proxy.cost();
    assert_eq!(stranger.get(OWN).await.status, 401);
    let bare = proxy.cost();
    assert_eq!(bare.operations, ["BatchGetItem"]);
    assert_eq!(costs(&stranger, 401).await, bare);
    // The first request of a key that this process sees pays for it, and no other.
    let (read, note) = ("BatchGetItem", "UpdateItem");
    assert_eq!(costs(&robot, 200).await.operations, [read, note, read, read]);
    assert_eq!(costs(&robot, 200).await.operations, [read, read]);
    assert_eq!(costs(&stranger, 401).await, bare);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_a_key_no_session_ends_and_the_login_history_has_no_logout() {
    let world = World::new().await;
    let (account, _, robot) = keyed(&world, "robot", &["admin"]).await;
    for path in [
        "/api/me/sessions".to_owned(),
        "/api/me/sessions?except=current".to_owned(),
        format!("{}/sessions", user(&account)),
    ] {
        assert_eq!(robot.delete(&path).await.status, 204, "{path}");
    }
    let history = robot.get("/api/me/login-history").await.body;
    assert_eq!(history["items"], json!([]));
    assert_eq!(robot.get(OWN).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_that_cannot_be_noted_is_let_in() {
    let (world, proxy) = counted().await;
    let (_, _, robot) = keyed(&world, "robot", &[]).await;
    proxy.plan(|call| (call.operation == "UpdateItem").then_some(Fault::Broken));
    assert_eq!(robot.get(OWN).await.status, 200);
    proxy.calm();
    assert!(stored(&world)[0]["lastUsedAt"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_uses_at_once_one_is_noted() {
    let (world, proxy) = counted().await;
    let (_, _, robot) = keyed(&world, "robot", &[]).await;
    let replies = crate::support::at_once(64, |_| {
        let robot = robot.clone();
        async move { robot.get(OWN).await }
    })
    .await;
    assert!(replies.iter().all(|reply| reply.status == 200));
    drop(proxy);
    assert_eq!(
        stored(&world)[0]["lastUsedAt"]["N"],
        Value::from(world.now().as_millisecond().to_string())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn in_another_tenant_it_is_nobody() {
    let world = with_header().await;
    let one = owner_of(&world, "org1").await;
    owner_of(&world, "org10").await;
    let account = service(&one, "robot", &["owner"]).await;
    let made = key(&one, &account).await;
    let robot = world.with_token(made.str("key"));
    assert_eq!(within(&robot, "org1").get(OWN).await.str("id"), account);
    for tenant in ["org10", "main"] {
        refused(&within(&robot, tenant).get(OWN).await, 401, "invalid-token");
    }
}
