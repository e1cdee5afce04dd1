//! `POST /api/api-keys`

use serde_json::json;

use super::{made, rights_rows, stored};
use crate::support::{PASSWORD, START, World};
use crate::users::{invalid, refused, role, signed_in_with};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_and_its_text_is_shown_this_once() {
    let world = World::new().await;
    let owner = world.owner().await;
    let body = json!({ "name": "Web shop", "expiresAt": "2027-01-01T00:00:00.0009+01:00" });
    let mut reply = owner.post("/api/api-keys", body).await;
    let (id, text) = (reply.str("id").to_owned(), reply.str("key").to_owned());
    assert_eq!(
        (reply.status.as_u16(), reply.header("location")),
        (201, format!("/api/api-keys/{id}").as_str())
    );
    assert!(id.parse::<usher::id::ApiKeyId>().is_ok());
    assert!(text.starts_with("usher_ak_") && text.len() > 50, "{text}");
    assert_eq!(reply.str("hint"), &text[..13]);
    let own = owner.get("/api/me/profile").await.str("id").to_owned();
    assert_eq!(reply.str("createdBy"), own);
    for (name, shown) in [
        ("id", "<id>"),
        ("key", "<key>"),
        ("hint", "<hint>"),
        ("createdBy", "<owner>"),
    ] {
        reply.body[name] = json!(shown);
    }
    insta::assert_json_snapshot!(reply.body, @r#"
    {
      "key": "<key>",
      "id": "<id>",
      "name": "Web shop",
      "hint": "<hint>",
      "expiresAt": "2026-12-31T23:00:00.000Z",
      "lastUsedAt": null,
      "createdAt": "2026-11-22T08:00:00.000Z",
      "createdBy": "<owner>"
    }
    "#);
    // Nowhere else is it shown, and nowhere kept.
    let listed = owner.get("/api/api-keys").await.text;
    let table = serde_json::Value::from(world.items()).to_string();
    for place in [&listed, &table] {
        assert!(
            place.contains(&id) && !place.contains(&text) && !place.contains(&text[13..]),
            "{place}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_has_who_made_it_in_the_same_transaction() {
    let world = World::new().await;
    let owner = world.owner().await;
    let by_set_up = rights_rows(&world, "apiKeyCreated");
    assert_eq!(by_set_up.len(), 1);
    assert!(by_set_up[0]["actor"].is_null());
    world.clock.advance(1);
    let reply = made(&owner, "Web shop").await;
    let rows = rights_rows(&world, "apiKeyCreated");
    let row = &rows[1];
    assert_eq!(row["actor"], owner.get("/api/me/profile").await.body["id"]);
    assert_eq!(row["target"], json!({ "apiKey": reply.str("id") }));
    assert_eq!(row["GSI1PK"], format!("T#main#TARGET#{}", reply.str("id")));
    assert_eq!(
        (&row["before"], &row["after"]),
        (
            &json!(null),
            &json!({ "name": "Web shop", "hint": reply.str("hint"), "expiresAt": null })
        )
    );
    assert_eq!(rows.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_key_is_reported_with_its_place() {
    let world = World::new().await;
    let owner = world.owner().await;
    let before = stored(&world).len();
    invalid(&owner.post("/api/api-keys", json!({})).await, &["/name"]);
    for name in ["", " ", " a", "a ", "a\nb", "a\u{202e}b", &"n".repeat(101)] {
        invalid(&owner.post("/api/api-keys", json!({ "name": name })).await, &["/name"]);
    }
    for end in [
        json!(START),
        json!("2026-11-22T07:59:59Z"),
        json!("1969-01-01T00:00:00Z"),
        json!("2027-01-01"),
        json!(1),
    ] {
        let body = json!({ "name": "x", "expiresAt": end });
        invalid(&owner.post("/api/api-keys", body).await, &["/expiresAt"]);
    }
    assert_eq!(stored(&world).len(), before);
    // Names need not be unique, and what a client cannot choose is not looked at.
    let body = json!({
        "name": "x", "key": "a text of my own, long enough", "id": "x", "hint": "x", "digest": "x", "tenant": "x",
        "createdBy": null, "lastUsedAt": START, "expiresAt": null,
    });
    let (one, two) = (
        owner.post("/api/api-keys", body.clone()).await,
        owner.post("/api/api-keys", body).await,
    );
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (201, 201));
    assert_ne!(one.str("key"), two.str("key"));
    assert!(one.str("key").starts_with("usher_ak_") && one.body["lastUsedAt"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn z04_only_who_holds_admin_keys_comes_near_keys() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = made(&owner, "x").await.str("id").to_owned();
    world.user_with("jane@example.org", &["member"]).await;
    role(&world, "everything else", &["admin.users", "admin.roles"]).await;
    let jane = world.signed_in("jane@example.org", PASSWORD).await;
    let (_, other) = signed_in_with(&world, "other@example.org", &["everything else"]).await;
    for (who, status, problem) in [
        (&world.nobody(), 401, "no-credentials"),
        (&jane, 403, "missing-permission"),
        (&other, 403, "missing-permission"),
    ] {
        refused(&who.get("/api/api-keys").await, status, problem);
        refused(
            &who.post("/api/api-keys", json!({ "name": "x" })).await,
            status,
            problem,
        );
        refused(&who.delete(&format!("/api/api-keys/{id}")).await, status, problem);
    }
    role(&world, "keys", &["admin.keys"]).await;
    let (_, keys) = signed_in_with(&world, "keys@example.org", &["keys"]).await;
    let own = made(&keys, "y").await;
    assert_eq!(
        keys.delete(&format!("/api/api-keys/{}", own.str("id"))).await.status,
        204
    );
    // The first one is the stack's, and another's is whose account it may not touch (rule 9).
    refused(
        &keys.delete(&format!("/api/api-keys/{id}")).await,
        403,
        "above-own-rank",
    );
    let listed = owner.get("/api/api-keys").await.body;
    let listed = listed["items"].as_array().unwrap();
    let first = listed.iter().find(|key| key["name"] == "first API key").unwrap()["id"]
        .as_str()
        .unwrap();
    for who in [&keys, &world.admin().await] {
        refused(&who.delete(&format!("/api/api-keys/{first}")).await, 403, "below-rank");
    }
    for id in [&id, first] {
        assert_eq!(owner.delete(&format!("/api/api-keys/{id}")).await.status, 204);
    }
}
