//! A change of nothing that is known.

use serde_json::json;

use super::walk::{Walk, changes};
use crate::support::World;
use crate::users::refused;

#[tokio::test(flavor = "multi_thread")]
async fn a_put_or_patch_of_no_known_field_is_400_and_changes_nothing() {
    let mut walk = Walk::new().await;
    for route in changes() {
        for body in [
            json!({}),
            json!({ "zzz": 1 }),
            json!({ "zzz": null, "constructor": {} }),
        ] {
            let reply = walk.ask(&route, &body).await;
            let said = reply.text.to_lowercase();
            let (strict, sentence) = (
                said.contains("unknown field `"),
                said.contains("give at least one of `"),
            );
            assert_eq!(reply.status, 400, "{route} {body}: {}", reply.text);
            assert!(strict || sentence, "{route} {body}: {}", reply.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_said_which_there_are_and_the_table_stays_as_it_is() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user("jane@example.org").await;
    let table = |world: &World| {
        let mut items = world.items();
        items.sort_by_key(|item| format!("{} {}", item["PK"], item["SK"]));
        items
    };
    let before = table(&world);
    for path in ["/api/me/profile", "/api/users/jane@example.org", "/api/roles/member"] {
        refused(&owner.patch(path, json!({ "zzz": 1 })).await, 400, "validation");
    }
    let reply = owner
        .put("/api/users/jane@example.org", json!({ "Typ": "admin" }))
        .await;
    let errors = json!([{ "pointer": "", "detail": "give at least one of `status`, `type`" }]);
    assert_eq!(reply.body["errors"], errors);
    let reply = owner.put("/v1/admin/users/jane@example.org", json!({})).await;
    let message = "Give at least one of `email`, `email_verified`, `password`, `roles`, `user_name`";
    assert_eq!(
        reply.body,
        json!({ "error": "Validation failed", "details": [{ "field": "body", "message": message }] })
    );
    assert_eq!(table(&world), before);
}
