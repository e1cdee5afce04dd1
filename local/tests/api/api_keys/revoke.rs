//! `DELETE /api/api-keys/{key}`

use serde_json::json;

use super::{made, rights_rows, stored};
use crate::support::{World, at_once};
use crate::users::refused;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_revoked_once_and_the_history_shows_by_whom() {
    let world = World::new().await;
    let owner = world.owner().await;
    let key = made(&owner, "Web shop").await;
    let path = format!("/api/api-keys/{}", key.str("id"));
    let reply = owner.delete(&path).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    refused(&owner.delete(&path).await, 404, "not-found");
    assert_eq!(stored(&world).len(), 1, "that of set-up");
    let rows = rights_rows(&world, "apiKeyRevoked");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["actor"], owner.get("/api/me/profile").await.body["id"]);
    assert_eq!(rows[0]["target"], json!({ "apiKey": key.str("id") }));
    let was = json!({ "name": "Web shop", "hint": key.str("hint"), "expiresAt": null });
    assert_eq!((&rows[0]["before"], &rows[0]["after"]), (&was, &json!(null)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_key_is_404() {
    let world = World::new().await;
    let owner = world.owner().await;
    let key = made(&owner, "Web shop").await;
    let own = owner.get("/api/me/profile").await.str("id").to_owned();
    let digest = usher::actions::api_keys::digest(key.str("key"));
    for path in [
        "00000000-0000-7000-8000-000000000000",
        &key.str("id")[..35],
        key.str("key"),
        key.str("hint"),
        "Web%20shop",
        &own,
        &digest,
        "*",
        "%00",
    ] {
        refused(&owner.delete(&format!("/api/api-keys/{path}")).await, 404, "not-found");
    }
    assert_eq!(stored(&world).len(), 2);
    let in_capitals = format!("/api/api-keys/{}", key.str("id").to_uppercase());
    assert_eq!(owner.delete(&in_capitals).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_of_16_revocations_at_once_one_succeeds_and_is_reported_once() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = format!("/api/api-keys/{}", made(&owner, "x").await.str("id"));
    let outcomes = at_once(16, |_| {
        let (owner, path) = (owner.clone(), path.clone());
        async move { owner.delete(&path).await.status.as_u16() }
    })
    .await;
    let count = |status| outcomes.iter().filter(|one| **one == status).count();
    assert_eq!((count(204), count(404)), (1, 15), "{outcomes:?}");
    assert_eq!(rights_rows(&world, "apiKeyRevoked").len(), 1);
}
