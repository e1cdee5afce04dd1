//! Who may use the routes, and what the guard answers: the same at every route.

use reqwest::Method;
use serde_json::{Value, json};
use usher::http::routes::Routes;

use super::{admin, made_and_in, refused, role, signed_in};
use crate::auth::raw;
use crate::support::{Client, PASSWORD, Reply, World};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// Every guarded route of `/v1/admin` and `/v1/settings`, as it is asked.
fn guarded() -> Vec<(Method, String)> {
    let table: Routes = ::admin::routes();
    let rows = table.rows().iter().filter(|row| !row.path.starts_with("/v1/auth"));
    let rows: Vec<_> = rows
        .map(|row| {
            let path = row.path.replace("{user}", NOBODY).replace("{role}", NOBODY);
            (row.method.clone(), path)
        })
        .collect();
    assert_eq!(rows.len(), 11, "{rows:?}");
    rows
}

async fn ask(client: &Client, (method, path): &(Method, String)) -> Reply {
    let body = (![Method::GET, Method::DELETE].contains(method)).then(|| json!({}));
    client.send(method.clone(), path, body, &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn z01_without_a_token_or_with_a_bad_one_every_route_asks_for_one() {
    let world = World::new().await;
    let expired = admin(&world).await;
    world.clock.advance(900);
    for row in guarded() {
        let reply = ask(&world.nobody(), &row).await;
        refused(&reply, 401, "Authentication required");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
        for bad in [&world.with_token("garbage"), &expired] {
            let reply = ask(bad, &row).await;
            refused(&reply, 401, "Authentication required");
            assert_eq!(reply.header("www-authenticate"), r#"Bearer error="invalid_token""#);
        }
    }
    refused(
        &world.nobody().post_empty("/v1/auth/logout").await,
        401,
        "Authentication required",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn z01_administrators_owners_and_holders_of_the_permission_pass_and_nobody_else() {
    let world = World::new().await;
    role(&world, "helpdesk", &["admin.users"]).await;
    role(&world, "roles", &["admin.roles", "admin.keys"]).await;
    let admin = admin(&world).await;
    let owner = signed_in(&world, "owner@usher.local", "Owner@12345").await;
    for (name, roles, passes) in [
        ("plain", &[] as &[&str], false),
        ("member", &["member"], false),
        ("roles", &["roles"], false),
        ("helpdesk", &["helpdesk"], true),
        ("sys", &["SYS_ADMIN"], true),
        ("second", &["admin"], true),
        ("boss", &["owner"], true),
    ] {
        let (_, client) = made_and_in(&world, &owner, name, roles).await;
        for row in guarded() {
            let reply = ask(&client, &row).await;
            if passes {
                assert!(
                    ![401, 403].contains(&reply.status.as_u16()),
                    "{name} {row:?}: {}",
                    reply.text
                );
            } else {
                refused(&reply, 403, "Admin access required");
            }
        }
    }
    for client in [&admin, &owner] {
        assert_eq!(client.get("/v1/settings").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn z09_a_right_that_was_taken_blocks_tokens_already_issued() {
    let world = World::new().await;
    let first = admin(&world).await;
    let (id, second) = made_and_in(&world, &first, "second", &["admin"]).await;
    assert_eq!(second.get("/v1/admin/users").await.status, 200);
    let taken = first.delete(&format!("/v1/admin/users/{id}/roles/admin")).await;
    assert_eq!(taken.status, 200);
    refused(&second.get("/v1/admin/users").await, 403, "Admin access required");
    let given = first
        .post(&format!("/v1/admin/users/{id}/roles"), json!({ "roles": ["admin"] }))
        .await;
    assert_eq!(given.status, 200);
    assert_eq!(second.get("/v1/admin/users").await.status, 200);
    let banned = json!({ "status": "banned" });
    assert_eq!(first.patch(&format!("/api/users/{id}"), banned).await.status, 204);
    refused(&second.get("/v1/admin/users").await, 401, "Authentication required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_must_be_changed_opens_logout_alone() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let body = json!({
        "email": "jane@example.org", "password": PASSWORD, "emailVerified": true, "roles": ["admin"],
        "mustChangePassword": true,
    });
    assert_eq!(admin.post("/api/users", body).await.status, 201);
    let jane = signed_in(&world, "jane@example.org", PASSWORD).await;
    for row in guarded() {
        refused(&ask(&jane, &row).await, 403, "Change your password first");
    }
    assert_eq!(jane.post_empty("/v1/auth/logout").await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn i01_a_body_that_cannot_be_read_is_reported_with_its_place() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let path = "/v1/admin/users";
    let reply = raw(&admin, path, "application/json", r#"{"email": "x",}"#).await;
    refused(
        &reply,
        400,
        "The body is not JSON: key must be a string at line 1, column 15",
    );
    let reply = raw(&admin, path, "application/json", "[]").await;
    assert_eq!(
        (reply.status.as_u16(), &reply.body),
        (
            400,
            &json!({
                "error": "Validation failed", "details": [{ "field": "body", "message": "The body must be an object" }],
            })
        )
    );
    let reply = raw(&admin, path, "text/plain", "{}").await;
    refused(
        &reply,
        415,
        "The body must be JSON: send `content-type: application/json`",
    );
    let reply = raw(&admin, path, "application/json", "x".repeat(65_537)).await;
    refused(&reply, 413, "The body is over 65536 bytes");
}

#[tokio::test]
async fn i07_unknown_paths_and_wrong_methods_are_reported_in_the_contract_s_words() {
    let world = World::new().await;
    let nobody = world.nobody();
    for path in ["/v1/admin", "/v1/admin/roles", "/v1/auth/register", "/v1/settings/x"] {
        refused(&nobody.get(path).await, 404, "There is nothing at this path");
    }
    for (method, path, allow) in [
        (Method::PATCH, "/v1/admin/users", "GET,POST"),
        (Method::POST, "/v1/admin/users/search", "GET"),
        (Method::PATCH, "/v1/admin/users/x", "DELETE,GET,PUT"),
        (Method::GET, "/v1/auth/login", "POST"),
        (Method::PUT, "/v1/settings", "GET,PATCH"),
    ] {
        let reply = nobody.send(method, path, None, &[]).await;
        refused(&reply, 405, "This path does not take this method");
        assert_eq!(reply.header("allow"), allow, "{path}");
    }
}

#[tokio::test]
async fn an_answer_carries_what_every_answer_carries() {
    let world = World::new().await;
    let reply = world.nobody().get("/v1/admin/users").await;
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(reply.header(name), value);
    }
    assert!(!reply.header("x-request-id").is_empty());
    assert_ne!(reply.body, Value::Null);
}
