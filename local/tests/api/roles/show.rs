//! `GET /api/roles/{role}`

use serde_json::json;

use crate::support::World;
use crate::users::{refused, role};

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_found_by_its_id_and_by_its_name_in_any_spelling() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = role(&world, "Night shift", &[]).await;
    for name in [id.as_str(), "Night%20shift", "NIGHT%20SHIFT", "night shift"] {
        let reply = owner.get(&format!("/api/roles/{name}")).await;
        assert_eq!((reply.status.as_u16(), reply.str("id")), (200, id.as_str()), "{name}");
    }
    for name in [
        "nothing",
        "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        "%00",
        "..%2Fadmin",
        "a%20%20b",
    ] {
        refused(&owner.get(&format!("/api/roles/{name}")).await, 404, "not-found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_role_shows_that_it_is_one_and_how_many_have_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user("jane@example.org").await;
    let shown = owner.get("/api/roles/USER").await.body;
    assert_eq!(
        shown,
        json!({
            "id": "00000000-0000-8000-8000-000000000001", "name": "user", "description": "Default user role",
            "permissions": [], "maxCount": null, "memberCount": 3, "system": true,
            "createdAt": "2026-11-22T08:00:00.000Z", "modifiedAt": "2026-11-22T08:00:00.000Z",
        })
    );
    assert_eq!(
        owner.get("/api/roles/00000000-0000-8000-8000-000000000001").await.body,
        shown
    );
}
