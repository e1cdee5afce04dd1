//! `GET /api/api-keys`

use serde_json::{Value, json};

use super::made;
use crate::support::World;
use crate::users::invalid;

fn names(page: &Value) -> Vec<&str> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_listed_newest_first_a_page_at_a_time() {
    let world = World::new().await;
    let owner = world.owner().await;
    for name in ["one", "two", "three", "four"] {
        world.clock.advance(1);
        made(&owner, name).await;
    }
    let whole = owner.get("/api/api-keys").await.body;
    assert_eq!(names(&whole), ["four", "three", "two", "one", "first API key"]);
    assert!(whole["nextCursor"].is_null());
    let (mut listed, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = owner.get(&format!("/api/api-keys?limit=2{cursor}")).await.body;
        pages += 1;
        listed.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((json!(listed), pages), (whole["items"].clone(), 3));
    // A cursor is its caller's and this listing's.
    invalid(
        &world.admin().await.get(&format!("/api/api-keys?limit=2{cursor}")).await,
        &["?cursor"],
    );
    invalid(&owner.get(&format!("/api/roles?limit=2{cursor}")).await, &["?cursor"]);
    for limit in ["0", "-1", "101", "1e9", "abc", ""] {
        invalid(&owner.get(&format!("/api/api-keys?limit={limit}")).await, &["?limit"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_as_it_is_listed() {
    let world = World::new().await;
    let owner = world.owner().await;
    let mut page = owner.get("/api/api-keys").await.body;
    page["items"][0]["id"] = json!("<id>");
    insta::assert_json_snapshot!(page, @r#"
    {
      "items": [
        {
          "id": "<id>",
          "name": "first API key",
          "hint": "an A",
          "expiresAt": null,
          "lastUsedAt": null,
          "createdAt": "2026-11-22T08:00:00.000Z",
          "createdBy": null
        }
      ],
      "nextCursor": null
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn c10_a_walk_meets_every_key_that_stays_though_others_come_and_go() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (mut staying, mut going) = (Vec::new(), Vec::new());
    for n in 0..8 {
        world.clock.advance(1);
        let id = made(&owner, &format!("key {n}")).await.str("id").to_owned();
        if n % 2 == 0 { &mut staying } else { &mut going }.push(id);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.get(&format!("/api/api-keys?limit=2{cursor}")).await.body;
        let ids = page["items"].as_array().unwrap().iter();
        seen.extend(ids.map(|key| key["id"].as_str().unwrap().to_owned()));
        if let Some(id) = going.pop() {
            assert_eq!(owner.delete(&format!("/api/api-keys/{id}")).await.status, 204);
        }
        world.clock.advance(1);
        made(&owner, "new").await;
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let once: std::collections::BTreeSet<&String> = seen.iter().collect();
    assert_eq!(once.len(), seen.len(), "none twice");
    assert!(staying.iter().all(|id| once.contains(id)), "none lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn f7_an_index_that_names_the_wrong_key_revokes_nothing() {
    let world = World::new().await;
    let owner = world.owner().await;
    let other = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    let mut item = super::stored(&world).pop().unwrap();
    item["GSI1SK"] = json!({ "S": other });
    let request = json!({ "TableName": "usher", "Item": item });
    world.db.put_item(serde_json::from_value(request).unwrap()).unwrap();
    assert_eq!(owner.delete(&format!("/api/api-keys/{other}")).await.status, 404);
    assert_eq!(super::stored(&world).len(), 1);
    assert_eq!(super::rights_rows(&world, "apiKeyRevoked"), [] as [Value; 0]);
}
