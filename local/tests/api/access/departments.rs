//! Departments in questions and grants (rule 18).

use reqwest::Method;
use serde_json::json;

use super::{JANE, allowed_in, asker, catalogue, verdict};
use crate::support::World;
use crate::users::{grant, refused, role, signed_in_with};

const SALES: [&str; 4] = ["Sales", "sales", "SALES", "ＳＡＬＥＳ"];

#[tokio::test(flavor = "multi_thread")]
async fn a_department_is_one_in_any_letter_case_and_width() {
    let world = World::new().await;
    let owner = world.owner().await;
    catalogue(&world, &["invoices.read"]).await;
    role(&world, "clerk", &["invoices.read"]).await;
    let asker = asker(&world).await;
    for given in SALES {
        let id = world
            .user(&format!(
                "{}@example.org",
                given.len() + SALES.iter().position(|one| *one == given).unwrap() * 100
            ))
            .await;
        grant(&owner, &id, json!({ "role": "clerk", "department": given })).await;
        for asked in SALES {
            assert!(
                allowed_in(&asker, &id, "invoices.read", asked).await,
                "{given}: {asked}"
            );
            let query = percent_encoding::utf8_percent_encode(asked, percent_encoding::NON_ALPHANUMERIC);
            let held = owner
                .get(&format!("/api/users/{id}/permissions?department={query}"))
                .await
                .body;
            assert_eq!(
                held["permissions"],
                json!([{ "name": "invoices.read", "until": null }]),
                "{given}: {asked}"
            );
        }
        for other in ["sale", "sales 2", "support"] {
            assert!(
                !allowed_in(&asker, &id, "invoices.read", other).await,
                "{given}: {other}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_for_a_department_gives_nothing_without_it_and_a_global_one_in_each() {
    let world = World::new().await;
    let owner = world.owner().await;
    catalogue(&world, &["invoices.read", "invoices.write"]).await;
    role(&world, "reader", &["invoices.read"]).await;
    role(&world, "writer", &["invoices.write"]).await;
    let (id, asker) = (world.user(JANE).await, asker(&world).await);
    grant(&owner, &id, json!({ "role": "reader" })).await;
    grant(&owner, &id, json!({ "role": "writer", "department": "sales" })).await;
    assert!(verdict(&asker, &id, "invoices.read").await.0);
    assert!(!verdict(&asker, &id, "invoices.write").await.0);
    for (department, writes) in [("sales", true), ("support", false)] {
        assert!(allowed_in(&asker, &id, "invoices.read", department).await);
        assert_eq!(
            allowed_in(&asker, &id, "invoices.write", department).await,
            writes,
            "{department}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn usher_s_own_routes_take_no_department_from_a_caller() {
    let world = World::new().await;
    let owner = world.owner().await;
    for permission in ["admin.users", "admin.roles", "admin.access"] {
        role(&world, permission, &[permission]).await;
    }
    let (id, jane) = signed_in_with(&world, JANE, &[]).await;
    for permission in ["admin.users", "admin.roles", "admin.access"] {
        grant(&owner, &id, json!({ "role": permission, "department": "sales" })).await;
    }
    let about = json!({ "user": "owner", "permission": "admin.users", "department": "sales" });
    let role_change = json!({ "role": "member", "permissions": [], "department": "sales" });
    for (method, path, body) in [
        (Method::GET, "/api/users", None),
        (Method::GET, "/api/users?department=sales", None),
        (Method::GET, "/api/users/owner/permissions?department=sales", None),
        (Method::GET, "/api/roles?department=sales", None),
        (Method::POST, "/api/access/check", Some(about.clone())),
        (Method::POST, "/api/access/explain", Some(about)),
        (Method::POST, "/api/access/preview", Some(role_change)),
    ] {
        let headers = [("x-department", "sales"), ("department", "sales")];
        let reply = jane.send(method, path, body, &headers).await;
        refused(&reply, 403, "missing-permission");
    }
    // Applications learn what it may do there.
    assert!(allowed_in(&owner, &id, "admin.users", "sales").await);
}
