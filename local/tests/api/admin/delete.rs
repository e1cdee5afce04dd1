//! `DELETE /v1/admin/users/{id}`

use serde_json::json;

use super::{admin, login, made, made_and_in, refused, role, signed_in, user};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_deleted_and_its_address_and_name_are_free() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let (id, jane) = made_and_in(&world, &admin, "jane", &["admin"]).await;
    let reply = admin.delete(&user(&id)).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.body),
        (200, &json!({ "message": "User deleted successfully" }))
    );
    refused(&jane.get("/v1/admin/users").await, 401, "Authentication required");
    refused(
        &login(&world, "jane@example.org", PASSWORD).await,
        401,
        "Invalid credentials",
    );
    refused(&admin.delete(&user(&id)).await, 404, "User not found");
    let again = made(&admin, "jane", &[]).await;
    assert_ne!(again, id);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z07_nobody_deletes_their_own_account_by_whatever_name() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let reply = login(&world, "owner@usher.local", "Owner@12345").await;
    let owner = world.with_token(reply.str("access_token"));
    let id = reply.body["user"]["id"].as_str().unwrap();
    for name in [id, "owner", "OWNER@usher.local"] {
        refused(
            &owner.delete(&user(name)).await,
            400,
            "You cannot delete your own account",
        );
    }
    // Not even where it is the last one: the answer is the same.
    assert_eq!(owner.delete(&user("admin")).await.status, 200);
    refused(
        &owner.delete(&user(id)).await,
        400,
        "You cannot delete your own account",
    );
    refused(&admin.get("/v1/admin/users").await, 401, "Authentication required");
    signed_in(&world, "owner@usher.local", "Owner@12345").await;
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_above_one_s_own_rank_and_the_last_administrator_stay() {
    let world = World::new().await;
    let admin = admin(&world).await;
    refused(
        &admin.delete(&user("owner")).await,
        403,
        "The account stands above yours",
    );
    // A grant that ends manages users and keeps nobody in charge.
    role(&world, "helpdesk", &["admin.users"]).await;
    let (id, helpdesk) = made_and_in(&world, &admin, "help", &[]).await;
    let brief = json!({ "role": "admin", "effectiveTo": "2027-01-01T00:00:00Z" });
    assert_eq!(admin.post(&format!("/api/users/{id}/roles"), brief).await.status, 201);
    assert_eq!(world.owner().await.delete("/api/users/owner").await.status, 204);
    refused(
        &helpdesk.delete(&user("admin")).await,
        409,
        "This is the last account that may manage users",
    );
    assert_reconciled(&world);
}
