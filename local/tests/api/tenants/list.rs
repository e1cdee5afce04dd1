//! `GET /api/tenants`

use serde_json::{Value, json};

use super::{body, with_header};
use crate::users::invalid;

fn ids(page: &Value) -> Vec<&str> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_listed_by_id_a_page_at_a_time() {
    let world = with_header().await;
    let owner = world.owner().await;
    for id in ["zebra", "org10", "acme", "org1"] {
        assert_eq!(owner.post("/api/tenants", body(id)).await.status, 201);
    }
    let whole = owner.get("/api/tenants").await.body;
    assert_eq!(ids(&whole), ["acme", "main", "org1", "org10", "zebra"]);
    assert!(whole["nextCursor"].is_null());
    let (mut listed, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = owner.get(&format!("/api/tenants?limit=2{cursor}")).await.body;
        pages += 1;
        listed.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((json!(listed), pages), (whole["items"].clone(), 3));
    invalid(&owner.get(&format!("/api/roles?limit=2{cursor}")).await, &["?cursor"]);
    invalid(
        &owner.get(&format!("/api/tenants?{}", "cursor=AAAA")).await,
        &["?cursor"],
    );
    for limit in ["0", "-1", "101", "1e9", "abc", ""] {
        invalid(&owner.get(&format!("/api/tenants?limit={limit}")).await, &["?limit"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_as_it_is_listed() {
    let world = with_header().await;
    let owner = world.owner().await;
    let mut acme = body("acme");
    acme["name"] = json!("Acme Ltd.");
    assert_eq!(owner.post("/api/tenants", acme).await.status, 201);
    let mut page = owner.get("/api/tenants").await.body;
    assert_eq!(
        page["items"][0]["createdBy"],
        owner.get("/api/me/profile").await.body["id"]
    );
    page["items"][0]["createdBy"] = json!("<owner of main>");
    insta::assert_json_snapshot!(page, @r#"
    {
      "items": [
        {
          "id": "acme",
          "name": "Acme Ltd.",
          "createdAt": "2026-11-22T08:00:00.000Z",
          "createdBy": "<owner of main>"
        },
        {
          "id": "main",
          "name": null,
          "createdAt": "2026-11-22T08:00:00.000Z",
          "createdBy": null
        }
      ],
      "nextCursor": null
    }
    "#);
}
