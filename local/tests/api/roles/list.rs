//! `GET /api/roles`

use serde_json::json;

use crate::support::World;
use crate::users::{invalid, refused, role};

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_listed_those_of_the_system_first_then_by_age_a_page_at_a_time() {
    let world = World::new().await;
    let owner = world.owner().await;
    for name in ["zebra", "apple", "mango"] {
        world.clock.advance(1);
        role(&world, name, &[]).await;
    }
    let (mut names, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = owner.get(&format!("/api/roles?limit=3{cursor}")).await;
        pages += 1;
        names.extend(
            page.body["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|role| role["name"].as_str().unwrap().to_owned()),
        );
        match page.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(
        names,
        [
            "user",
            "member",
            "admin",
            "owner",
            "SYS_ADMIN",
            "SERVICE_ACCOUNT",
            "zebra",
            "apple",
            "mango"
        ]
    );
    assert_eq!(pages, 3);
    let whole = owner.get("/api/roles").await.body;
    assert_eq!(whole["items"].as_array().unwrap().len(), 8);
    for item in whole["items"].as_array().unwrap() {
        assert_eq!(
            *item,
            owner
                .get(&format!("/api/roles/{}", item["id"].as_str().unwrap()))
                .await
                .body
        );
    }
    // A cursor is its caller's and this listing's.
    invalid(
        &world.admin().await.get(&format!("/api/roles?limit=3{cursor}")).await,
        &["?cursor"],
    );
    invalid(&owner.get(&format!("/api/users?limit=3{cursor}")).await, &["?cursor"]);
    invalid(&owner.get("/api/roles?cursor=AAAA").await, &["?cursor"]);
    world.clock.advance(24 * 3600);
    invalid(
        &world.owner().await.get(&format!("/api/roles?limit=3{cursor}")).await,
        &["?cursor"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn i06_a_page_has_1_to_100_roles() {
    let world = World::new().await;
    let owner = world.owner().await;
    for limit in ["0", "-1", "101", "1000000000", "abc", ""] {
        invalid(&owner.get(&format!("/api/roles?limit={limit}")).await, &["?limit"]);
    }
    let one = owner.get("/api/roles?limit=1").await.body;
    assert_eq!(
        (one["items"].as_array().unwrap().len(), one["nextCursor"].is_string()),
        (1, true)
    );
    let all = owner.get("/api/roles?limit=6").await.body;
    assert_eq!(
        (all["items"].as_array().unwrap().len(), &all["nextCursor"]),
        (6, &json!(null))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_holds_admin_roles_sees_roles() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let jane = world.signed_in("jane@example.org", crate::support::PASSWORD).await;
    for path in ["/api/roles", "/api/roles/user", "/api/permissions"] {
        refused(&jane.get(path).await, 403, "missing-permission");
        refused(&world.nobody().get(path).await, 401, "no-credentials");
    }
}
