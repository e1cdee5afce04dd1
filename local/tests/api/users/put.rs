//! `PUT /api/users/{email}`

use serde_json::json;

use super::{invalid, refused, signed_in_with};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn the_type_gives_and_takes_the_ladder_s_roles_in_any_letter_case() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user_with("jane@example.org", &["member", "SYS_ADMIN"]).await;
    let roles = || async { owner.get("/api/users/jane@example.org").await.body["roles"].clone() };
    for (sent, has) in [
        ("admin", json!(["SYS_ADMIN", "admin", "member", "user"])),
        ("ADMIN", json!(["SYS_ADMIN", "admin", "member", "user"])),
        ("uSeR", json!(["SYS_ADMIN", "user"])),
        ("user", json!(["SYS_ADMIN", "user"])),
    ] {
        let reply = owner
            .put("/api/users/jane%40example.org", json!({ "type": sent }))
            .await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
        assert_eq!(roles().await, has, "{sent}");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_switches_an_account_off_and_on_from_its_next_request() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (_, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    assert_eq!(jane.get("/api/me/profile").await.status, 200);
    let both = json!({ "type": "Admin", "status": "INACTIVE" });
    assert_eq!(owner.put("/api/users/jane@example.org", both).await.status, 204);
    refused(&jane.get("/api/me/profile").await, 401, "invalid-token");
    let login = json!({ "username": "jane@example.org", "password": PASSWORD });
    assert_eq!(world.nobody().post("/api/auth/login", login).await.status, 401);
    assert_eq!(
        owner
            .put("/api/users/jane@example.org", json!({ "status": "Active" }))
            .await
            .status,
        204
    );
    let jane = world.signed_in("jane@example.org", PASSWORD).await;
    assert_eq!(jane.get("/api/users").await.status, 200);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_does_not_take_is_refused_with_its_place() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user("jane@example.org").await;
    let path = "/api/users/jane@example.org";
    invalid(&owner.put(path, json!({})).await, &[""]);
    invalid(&owner.put(path, json!({ "type": null, "status": null })).await, &[""]);
    let one = json!({ "type": null, "status": "active" });
    assert_eq!(owner.put(path, one).await.status, 204);
    invalid(
        &owner.put(path, json!({ "type": "owner", "status": "banned" })).await,
        &["/type", "/status"],
    );
    invalid(&owner.put(path, json!({ "status": "deleted" })).await, &["/status"]);
    invalid(&owner.put(path, json!({ "type": 1 })).await, &["/type"]);
    refused(
        &owner.put("/api/users/no@example.org", json!({ "type": "user" })).await,
        404,
        "not-found",
    );
    refused(
        &owner.put("/api/users/no", json!({ "type": "user" })).await,
        404,
        "not-found",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_it_gives_no_account_more_grants_than_an_account_can_have() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    for n in 0..19 {
        super::grant(&owner, &id, json!({ "role": "member", "department": format!("d{n}") })).await;
    }
    let reply = owner
        .put("/api/users/jane@example.org", json!({ "type": "admin" }))
        .await;
    refused(&reply, 409, "too-many-grants");
    assert_eq!(
        owner
            .put("/api/users/jane@example.org", json!({ "type": "user" }))
            .await
            .status,
        204
    );
    assert_eq!(
        owner
            .put("/api/users/jane@example.org", json!({ "type": "admin" }))
            .await
            .status,
        204
    );
    assert_reconciled(&world);
}
