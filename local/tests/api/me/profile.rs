//! `GET` and `PATCH /api/me/profile`

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, World, at_once, whole};
use crate::users::{invalid, refused, role, signed_in_with, user};

async fn patch(client: &Client, body: Value, tag: &str) -> Reply {
    client
        .send(Method::PATCH, "/api/me/profile", Some(body), &[("if-match", tag)])
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_is_the_caller_s_whole_account() {
    let world = World::new().await;
    let admin = world.admin().await;
    let reply = admin.get("/api/me/profile").await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("cache-control")),
        (200, "no-store")
    );
    // The version, and a digest of what is shown beside the account itself.
    assert!(reply.header("etag").starts_with("\"1-"), "{}", reply.header("etag"));
    assert_eq!(
        reply.body,
        whole(json!({
            "id": reply.str("id"), "email": "admin@gauth.local", "emailVerified": true, "username": "admin",
            "status": "active", "mustChangePassword": false, "roles": ["admin", "user"],
            "permissions": ["admin.access", "admin.keys", "admin.roles", "admin.users"],
            "createdAt": "2026-11-22T08:00:00.000Z", "modifiedAt": "2026-11-22T08:00:00.000Z",
        }))
    );
    let nobody = world.nobody().get("/api/me/profile").await;
    refused(&nobody, 401, "no-credentials");
    let stranger = world.with_token("x.y.z").get("/api/me/profile").await;
    refused(&stranger, 401, "invalid-token");
    assert_eq!(stranger.header("www-authenticate"), "Bearer error=\"invalid_token\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_patch_sets_what_it_names_and_takes_away_what_is_null() {
    let world = World::new().await;
    let (id, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    let contact = json!({ "mobile": "+49 431 1", "email": "shown@example.org", "website": "https://example.org/", "facebook": "j",
        "instagram": "@j", "tikTok": "@j", "youtube": "@j", "twitter": "@j" });
    let personal = json!({
        "firstName": "Jane", "middleName": "M", "lastName": "Doe", "displayName": "Jane D.", "gender": "Female",
        "age": 42, "address": { "country": "Germany", "city": "Kiel", "street": "1" }, "contact": contact,
    });
    let account = whole(json!({
        "id": id, "email": "jane@example.org", "emailVerified": false, "username": null, "status": "active",
        "mustChangePassword": false, "roles": ["user"], "permissions": [],
        "createdAt": "2026-11-22T08:00:00.000Z", "modifiedAt": "2026-11-22T08:00:01.000Z",
    }));
    world.clock.advance(1);
    let reply = jane.patch("/api/me/profile", personal.clone()).await;
    let mut expected = account.clone();
    expected
        .as_object_mut()
        .unwrap()
        .extend(personal.as_object().unwrap().clone());
    assert_eq!((reply.status.as_u16(), &reply.body), (200, &expected));
    let shown = jane.get("/api/me/profile").await;
    assert_eq!((&shown.body, shown.header("etag")), (&expected, reply.header("etag")));
    let mut one = expected.clone();
    one["address"].as_object_mut().unwrap().remove("city");
    one["contact"]["tikTok"] = json!("@jane");
    one.as_object_mut().unwrap().remove("age");
    let body = json!({ "age": null, "address": { "city": null }, "contact": { "tikTok": "@jane" } });
    assert_eq!(jane.patch("/api/me/profile", body).await.body, whole(one));
    let none = json!({ "firstName": null, "middleName": null, "lastName": null, "displayName": null, "gender": null,
        "address": null, "contact": null, "age": null });
    assert_eq!(jane.patch("/api/me/profile", none).await.body, account);
    let media = [("content-type", "application/merge-patch+json")];
    let client = jane
        .http
        .patch(format!("{}/api/me/profile", world.base))
        .bearer_auth(&jane.token);
    let sent = crate::support::reply(client.header(media[0].0, media[0].1).body(r#"{"age":7}"#)).await;
    assert_eq!(sent.body["age"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn z03_no_field_raises_the_caller_s_rights() {
    let world = World::new().await;
    role(&world, "editor", &[]).await;
    let (id, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    let before = jane.get("/api/me/profile").await;
    for (field, value) in [
        ("role", json!("owner")),
        ("roles", json!(["owner", "admin"])),
        ("type", json!("admin")),
        ("permissions", json!(["admin.users"])),
        ("is_admin", json!(true)),
        ("isAdmin", json!(true)),
        ("email_verified", json!(true)),
        ("emailVerified", json!(true)),
        ("email", json!("admin@example.org")),
        ("username", json!("root")),
        ("status", json!("banned")),
        ("banned", json!(true)),
        ("lock", json!({})),
        ("password", json!("another horse")),
        ("passwordHash", json!("x")),
        ("password_hash", json!("x")),
        ("mustChangePassword", json!(true)),
        ("id", json!("0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")),
        ("tenant", json!("other")),
        ("grants", json!([{ "role": "owner" }])),
        ("epoch", json!(9)),
        ("version", json!(9)),
        ("createdAt", json!("2000-01-01T00:00:00Z")),
        ("created_at", json!("2000-01-01T00:00:00Z")),
        ("failedLoginCount", json!(0)),
        ("lockoutUntil", json!(0)),
        ("PK", json!("x")),
        ("SK", json!("x")),
        ("GSI1PK", json!("x")),
        ("$set", json!({ "roles": ["owner"] })),
        ("__proto__", json!({ "roles": ["owner"] })),
    ] {
        let alone = jane.patch("/api/me/profile", json!({ field: value })).await;
        invalid(&alone, &[""]);
        // Beside one that has no effect either, for it is so already.
        let reply = jane
            .patch("/api/me/profile", json!({ field: value, "age": null }))
            .await;
        assert_eq!((reply.status.as_u16(), &reply.body), (200, &before.body), "{field}");
    }
    let after = jane.get("/api/me/profile").await;
    assert_eq!(
        (&after.body, after.header("etag")),
        (&before.body, before.header("etag"))
    );
    assert_eq!(world.owner().await.get(&user(&id)).await.body, before.body);
    world.signed_in("jane@example.org", PASSWORD).await;
    refused(&jane.get("/api/users").await, 403, "missing-permission");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_tag_is_412_and_of_two_changes_with_one_tag_one_is() {
    let world = World::new().await;
    let (_, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    let tag = jane.get("/api/me/profile").await.header("etag").to_owned();
    let reply = patch(&jane, json!({ "age": 1 }), &tag).await;
    assert_eq!(reply.status, 200);
    assert_ne!(reply.header("etag"), tag);
    refused(&patch(&jane, json!({ "age": 2 }), &tag).await, 412, "stale");
    refused(&patch(&jane, json!({ "age": 2 }), "nonsense").await, 412, "stale");
    assert_eq!(jane.get("/api/me/profile").await.body["age"], 1);
    for round in 0..20 {
        let tag = jane.get("/api/me/profile").await.header("etag").to_owned();
        let replies = at_once(2, |n| {
            let (jane, tag) = (jane.clone(), tag.clone());
            async move { patch(&jane, json!({ "age": 10 + 2 * round + n }), &tag).await }
        })
        .await;
        let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "c03 round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_a_rule_is_reported_with_its_place_and_changes_nothing() {
    let world = World::new().await;
    let (_, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    let before = jane.get("/api/me/profile").await;
    let long = "x".repeat(257);
    for (body, places) in [
        (json!({ "firstName": long }), ["/firstName"]),
        (json!({ "firstName": 1 }), ["/firstName"]),
        (json!({ "age": 151 }), ["/age"]),
        (json!({ "age": 1.5 }), ["/age"]),
        (json!({ "gender": "femme" }), ["/gender"]),
        (json!({ "address": [] }), ["/address"]),
        (json!({ "contact": { "email": "x".repeat(257) } }), ["/contact/email"]),
        (json!({ "contact": { "website": "a\tb" } }), ["/contact/website"]),
        (json!({ "displayName": "a\r\nSet-Cookie: x" }), ["/displayName"]),
    ] {
        invalid(&jane.patch("/api/me/profile", body).await, &places);
    }
    for body in [json!(null), json!([]), json!("x"), json!(1)] {
        assert_eq!(jane.patch("/api/me/profile", body).await.status, 400);
    }
    let after = jane.get("/api/me/profile").await;
    assert_eq!(
        (&after.body, after.header("etag")),
        (&before.body, before.header("etag"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_development_principal_has_no_profile() {
    let world = World::new().await;
    let made = world
        .nobody()
        .post("/api/auth/dev-token", json!({ "roles": ["admin"] }))
        .await;
    assert_eq!(made.status, 200, "{}", made.text);
    let nobody = world.with_token(made.str("token"));
    refused(&nobody.get("/api/me/profile").await, 404, "not-found");
    refused(
        &nobody.patch("/api/me/profile", json!({ "age": 1 })).await,
        404,
        "not-found",
    );
}
