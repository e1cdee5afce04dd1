//! `POST /api/users/{user}/keys`

use serde_json::{Value, json};

use super::{key, key_until, keyed, service, stored};
use crate::api_keys::rights_rows;
use crate::round_trips::counted;
use crate::support::{World, at_once};
use crate::users::{grant, invalid, refused, role, signed_in_with, user};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_and_its_text_is_shown_this_once() {
    let world = World::new().await;
    let owner = world.owner().await;
    let account = service(&owner, "robot", &[]).await;
    let body = json!({ "name": "Deployed in March", "expiresAt": "2027-01-01T00:00:00.0009+01:00" });
    let mut made = owner.post("/api/users/robot/keys", body).await;
    let (id, text) = (made.str("id").to_owned(), made.str("key").to_owned());
    assert_eq!(
        (
            made.status.as_u16(),
            made.header("location"),
            made.header("cache-control")
        ),
        (201, format!("/api/users/{account}/keys/{id}").as_str(), "no-store")
    );
    assert!(text.starts_with("usher_sk_") && text.len() > 80, "{text}");
    assert_eq!(made.str("hint"), &text[..13]);
    assert_eq!(made.body["createdBy"], owner.get("/api/me/profile").await.body["id"]);
    for name in ["id", "key", "hint", "createdBy"] {
        made.body[name] = json!(format!("<{name}>"));
    }
    insta::assert_json_snapshot!(made.body, @r#"
    {
      "key": "<key>",
      "id": "<id>",
      "name": "Deployed in March",
      "hint": "<hint>",
      "expiresAt": "2026-12-31T23:00:00.000Z",
      "lastUsedAt": null,
      "createdAt": "2026-11-22T08:00:00.000Z",
      "createdBy": "<createdBy>"
    }
    "#);
    let listed = owner.get("/api/users/robot/keys").await.text;
    let table = Value::from(world.items()).to_string();
    for place in [&listed, &table] {
        assert!(
            place.contains(&id) && !place.contains(&text) && !place.contains(&text[13..]),
            "{place}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_the_account_has_who_made_it_and_never_the_secret() {
    let world = World::new().await;
    let owner = world.owner().await;
    let account = service(&owner, "robot", &[]).await;
    let made = key(&owner, &account).await;
    let rows = rights_rows(&world, "serviceKeyCreated");
    assert_eq!(rows.len(), 1);
    let own = owner.get("/api/me/profile").await.body["id"].clone();
    let of_key = json!({ "key": made.str("id"), "name": "Deployed", "hint": made.str("hint"), "expiresAt": null });
    assert_eq!(
        (&rows[0]["actor"], &rows[0]["target"]),
        (&own, &json!({ "user": account }))
    );
    assert_eq!((&rows[0]["before"], &rows[0]["after"]), (&json!(null), &of_key));
    world.clock.advance_ms(1);
    let revoke = format!("/api/users/{account}/keys/{}", made.str("id"));
    assert_eq!(owner.delete(&revoke).await.status, 204);
    let rows = rights_rows(&world, "serviceKeyRevoked");
    assert_eq!((&rows[0]["before"], &rows[0]["after"]), (&of_key, &json!(null)));
    assert_eq!(rows[0]["actor"], own);
    let shown = owner.get("/api/rights-history?target=robot").await;
    assert_eq!(shown.body["items"][0]["kind"], "serviceKeyRevoked", "{}", shown.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_it_is_reported_with_its_place() {
    let world = World::new().await;
    let owner = world.owner().await;
    service(&owner, "robot", &[]).await;
    let path = "/api/users/robot/keys";
    invalid(&owner.post(path, json!({})).await, &["/name"]);
    invalid(&owner.post(path, json!({ "name": "" })).await, &["/name"]);
    for end in ["2026-11-22T08:00:00Z", "2020-01-01T00:00:00Z"] {
        invalid(
            &owner.post(path, json!({ "name": "x", "expiresAt": end })).await,
            &["/expiresAt"],
        );
    }
    refused(
        &owner.post("/api/users/nobody/keys", json!({ "name": "x" })).await,
        404,
        "not-found",
    );
    world.user("jane@example.org").await;
    let person = owner
        .post("/api/users/jane@example.org/keys", json!({ "name": "x" }))
        .await;
    refused(&person, 409, "not-service-account");
    assert_eq!(stored(&world), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_30_keys_made_at_once_exactly_ten_are_and_one_that_ended_or_was_revoked_gives_its_place() {
    let world = World::new().await;
    let owner = world.owner().await;
    let account = service(&owner, "robot", &[]).await;
    let brief = key_until(&owner, &account, json!("2026-11-22T08:01:00Z")).await;
    let path = format!("/api/users/{account}/keys");
    let replies = at_once(30, |n| {
        let (owner, path) = (owner.clone(), path.clone());
        async move { owner.post(&path, json!({ "name": format!("{n}") })).await }
    })
    .await;
    let (made, others): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((made.len(), stored(&world).len()), (9, 10));
    others.iter().for_each(|reply| refused(reply, 409, "too-many-keys"));
    for reply in &made {
        assert_eq!(
            world.with_token(reply.str("key")).get("/api/me/profile").await.status,
            200
        );
    }
    // At the end of the first its place is given, swept or not, and what was in it opens nothing.
    world.clock.advance(60);
    key(&owner, &account).await;
    refused(&owner.post(&path, json!({ "name": "x" })).await, 409, "too-many-keys");
    refused(
        &world.with_token(brief.str("key")).get("/api/me/profile").await,
        401,
        "invalid-token",
    );
    assert_eq!(owner.delete(&format!("{path}/{}", brief.str("id"))).await.status, 404);
    assert_eq!(owner.delete(&format!("{path}/{}", made[0].str("id"))).await.status, 204);
    let next = key(&owner, &account).await;
    refused(
        &world.with_token(made[0].str("key")).get("/api/me/profile").await,
        401,
        "invalid-token",
    );
    assert_eq!(
        world.with_token(next.str("key")).get("/api/me/profile").await.status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_made_by_whoever_could_take_the_account_over_and_for_no_longer() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "keeper", &["admin.keys", "admin.access"]).await;
    role(&world, "manager", &["admin.users", "admin.access"]).await;
    role(&world, "reader", &["admin.roles"]).await;
    let (keeper_id, keeper) = signed_in_with(&world, "keeper@example.org", &["keeper"]).await;
    let (_, manager) = signed_in_with(&world, "manager@example.org", &["manager"]).await;
    for (name, roles) in [("plain", [].as_slice()), ("strong", &["admin"]), ("reads", &["reader"])] {
        service(&owner, name, roles).await;
    }
    let body = |end: Option<&str>| json!({ "name": "x", "expiresAt": end });
    let make = |name: &str| format!("/api/users/{name}/keys");
    refused(
        &manager.post(&make("plain"), body(None)).await,
        403,
        "missing-permission",
    );
    assert_eq!(keeper.post(&make("plain"), body(None)).await.status, 201);
    refused(&keeper.post(&make("strong"), body(None)).await, 403, "above-own-rank");
    refused(&keeper.post(&make("reads"), body(None)).await, 403, "not-held");
    let end = "2027-01-01T00:00:00Z";
    grant(&owner, &keeper_id, json!({ "role": "reader", "effectiveTo": end })).await;
    assert_eq!(keeper.post(&make("reads"), body(Some(end))).await.status, 201);
    for later in [Some("2027-01-01T00:00:00.001Z"), None] {
        refused(&keeper.post(&make("reads"), body(later)).await, 403, "held-for-less");
    }
    // What keys one may make for so long alone.
    let brief = signed_in_with(&world, "brief@example.org", &["manager"]).await;
    grant(&owner, &brief.0, json!({ "role": "keeper", "effectiveTo": end })).await;
    assert_eq!(brief.1.post(&make("plain"), body(Some(end))).await.status, 201);
    refused(&brief.1.post(&make("plain"), body(None)).await, 403, "held-for-less");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_makes_none_that_outlives_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let account = service(&owner, "robot", &["admin"]).await;
    let end = "2027-01-01T00:00:00Z";
    let brief = world.with_token(key_until(&owner, &account, json!(end)).await.str("key"));
    let other = service(&owner, "other", &[]).await;
    for of in [&account, &other] {
        let path = format!("/api/users/{of}/keys");
        for later in [json!("2027-01-01T00:00:00.001Z"), json!(null)] {
            let reply = brief.post(&path, json!({ "name": "x", "expiresAt": later })).await;
            refused(&reply, 403, "held-for-less");
        }
        key_until(&brief, of, json!(end)).await;
    }
    // One without an end is renewed by itself.
    let (account, _, robot) = keyed(&world, "android", &["admin"]).await;
    key(&robot, &account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_made_of_an_account_as_it_was_seen_where_that_is_asked_for() {
    let world = World::new().await;
    let owner = world.owner().await;
    let account = service(&owner, "robot", &[]).await;
    let tag = owner.get(&user(&account)).await.header("etag").to_owned();
    assert_eq!(
        owner.patch(&user(&account), json!({ "firstName": "R" })).await.status,
        204
    );
    let now = owner.get(&user(&account)).await.header("etag").to_owned();
    let path = format!("/api/users/{account}/keys");
    let make = async |tag: &str| {
        let body = Some(json!({ "name": "x" }));
        owner
            .send(reqwest::Method::POST, &path, body, &[("if-match", tag)])
            .await
    };
    refused(&make(&tag).await, 412, "stale");
    let made = make(&now).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let one = format!("{path}/{}", made.str("id"));
    let end = async |tag: &str| {
        owner
            .send(reqwest::Method::DELETE, &one, None, &[("if-match", tag)])
            .await
    };
    refused(&end(&tag).await, 412, "stale");
    // That it has a key is no change of it.
    assert_eq!(end(&now).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_made_in_a_transaction_that_holds_the_account_to_what_was_decided_about() {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    let account = service(&owner, "robot", &[]).await;
    proxy.transactions();
    key(&owner, &account).await;
    let transactions = proxy.transactions();
    let items = transactions[0]["TransactItems"].as_array().unwrap().iter();
    let held: Vec<&Value> = items.map(|item| &item["ConditionCheck"]["Key"]).collect();
    let own = json!({ "PK": { "S": format!("T#main#USER#{account}") }, "SK": { "S": "USER" } });
    // Else a role that it is given at this moment would be the maker's as well.
    assert!(transactions.len() == 1 && held.contains(&&own), "{transactions:#?}");
}
