//! Roles whose members had them until a moment that is over (rule 15).

use serde_json::json;

use crate::reconcile::assert_reconciled;
use crate::support::World;
use crate::users::{grant, refused, role};

#[tokio::test(flavor = "multi_thread")]
async fn those_whose_grants_ended_are_not_too_many_to_change_what_the_role_permits() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "editor", &[]).await;
    for n in 0..24 {
        let id = world.user(&format!("u{n}@example.org")).await;
        let end = if n < 4 {
            json!(null)
        } else {
            json!("2026-11-22T08:01:00Z")
        };
        grant(&owner, &id, json!({ "role": "editor", "effectiveTo": end })).await;
    }
    let body = json!({ "permissions": ["admin.users"] });
    let early = owner.patch("/api/roles/editor", body.clone()).await;
    refused(&early, 409, "too-many-members");
    world.clock.advance(60);
    let patched = owner.patch("/api/roles/editor", body).await;
    assert_eq!(
        (patched.status.as_u16(), &patched.body["memberCount"]),
        (200, &json!(4)),
        "{}",
        patched.text
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_contract_s_limit_goes_down_to_those_whose_grants_last() {
    let world = World::new().await;
    let owner = world.owner().await;
    for (name, end) in [("jane", json!(null)), ("john", json!("2026-11-22T08:01:00Z"))] {
        let id = world.user(&format!("{name}@example.org")).await;
        grant(&owner, &id, json!({ "role": "member", "effectiveTo": end })).await;
    }
    for (action, expected) in [("setmaxroles", 409), ("setrolecounts", 200)] {
        let set = json!({ "Name": "Member", "MaxCount": 1 });
        let reply = owner.post(&format!("/owner/{action}"), set).await;
        assert_eq!(reply.status, expected, "{}", reply.text);
        world.clock.advance(60);
    }
    assert_reconciled(&world);
}
