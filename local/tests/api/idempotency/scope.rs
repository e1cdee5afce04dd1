//! Whose key it is: the same text is another key for another account, tenant, route, address or program.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tower::ServiceExt;
use usher::http::serve;

use super::{Ready, kept, seen, send};
use crate::api_keys::made;
use crate::support::{Client, PASSWORD, World, tables};
use crate::tenants::{owner_of, with_header};
use crate::users::{refused, signed_in_with};

const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";

fn role(name: &str) -> Value {
    json!({ "name": name })
}

#[tokio::test]
async fn the_same_key_of_another_account_is_another_key() {
    let world = World::new().await;
    let owner = world.owner().await;
    let admin = world.admin().await;
    let (_, _, robot) = crate::service_accounts::keyed(&world, "robot", &["admin"]).await;
    for (n, client) in [&owner, &admin, &robot].into_iter().enumerate() {
        let first = send(client, "/api/roles", &role(&format!("role {n}")), KEY).await;
        assert_eq!(first.status, 201, "{}", first.text);
        let again = send(client, "/api/roles", &role(&format!("role {n}")), KEY).await;
        assert_eq!(seen(&again), seen(&first));
    }
    // Of one account by whichever of its sessions.
    let again = send(&world.owner().await, "/api/roles", &role("role 0"), KEY).await;
    assert_eq!(again.status, 201);
    assert_eq!(kept(&world).len(), 3);
}

#[tokio::test]
async fn the_same_key_in_another_tenant_is_another_key() {
    let world = with_header().await;
    let other = owner_of(&world, "acme").await;
    let owner = world.owner().await;
    for client in [&owner, &other] {
        let first = send(client, "/api/roles", &role("press"), KEY).await;
        assert_eq!(first.status, 201, "{}", first.text);
        assert_eq!(
            seen(&send(client, "/api/roles", &role("press"), KEY).await),
            seen(&first)
        );
    }
    let mut of: Vec<_> = kept(&world)
        .iter()
        .map(|item| super::place(item).pk[..7].to_owned())
        .collect();
    of.sort();
    assert_eq!(of, ["T#acme#", "T#main#"]);
}

#[tokio::test]
async fn the_same_key_on_another_route_is_another_key_and_on_another_path_of_the_route_another_request() {
    let world = World::new().await;
    let owner = world.owner().await;
    let named = role("press");
    assert_eq!(send(&owner, "/api/roles", &named, KEY).await.status, 201);
    assert_eq!(send(&owner, "/api/api-keys", &named, KEY).await.status, 201);
    let [jane, john] = ["jane@example.org", "john@example.org"].map(|email| world.user(email));
    let (jane, john) = (jane.await, john.await);
    let member = json!({ "role": "member" });
    let first = send(&owner, &format!("/api/users/{jane}/roles"), &member, KEY).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let other = send(&owner, &format!("/api/users/{john}/roles"), &member, KEY).await;
    refused(&other, 422, "key-reused");
    let replies = [("/admin/changerole", "Admin"), ("/owner/changerole", "Admin")].map(|(path, role)| {
        let body = json!({ "Id": john, "RoleName": role });
        let owner = owner.clone();
        async move { send(&owner, path, &body, KEY).await.status }
    });
    for status in futures::future::join_all(replies).await {
        assert_eq!(status, 200);
    }
}

/// A registration from this address.
async fn from(world: &World, address: &str, path: &str, api_key: &str, body: &Value) -> (u16, Value) {
    let service = serve::service(world.app.clone(), tables());
    let request = Request::post(path)
        .header(CONTENT_TYPE, "application/json")
        .header("idempotency-key", KEY)
        .header("x-api-key", api_key)
        .extension(ConnectInfo(address.parse::<SocketAddr>().unwrap()));
    let response = service
        .oneshot(request.body(Body::from(body.to_string())).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn a_guest_s_key_is_that_of_its_address_whatever_its_port() {
    let world = World::new().await;
    let body = |name: &str| json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD, "confirm_password": PASSWORD });
    let path = "/v1/user/register";
    let (here, there) = ("192.0.2.7:1000", "192.0.2.8:1000");
    let first = from(&world, here, path, "", &body("jane")).await;
    assert_eq!(first.0, 200, "{}", first.1);
    assert_eq!(from(&world, "192.0.2.7:2000", path, "", &body("jane")).await, first);
    assert_eq!(from(&world, here, path, "", &body("john")).await.0, 422);
    // Elsewhere the key is free, and the name is not.
    assert_eq!(
        from(&world, there, path, "", &body("jane")).await.1,
        json!({ "error": "Email is taken" })
    );
    assert_eq!(from(&world, there, path, "", &body("john")).await.0, 200);
}

#[tokio::test]
async fn a_guest_s_key_is_that_of_the_program_that_it_came_by() {
    let world = World::new().await;
    let owner = world.owner().await;
    let [one, other] = [made(&owner, "one").await, made(&owner, "other").await];
    let body = |name: &str| json!({ "Username": name, "Email": format!("{name}@example.org"), "Password": PASSWORD });
    let at = "192.0.2.7:1000";
    assert_eq!(
        from(&world, at, "/auth/register", one.str("key"), &body("jane"))
            .await
            .0,
        200
    );
    assert_eq!(
        from(&world, at, "/auth/register", one.str("key"), &body("john"))
            .await
            .0,
        422
    );
    assert_eq!(
        from(&world, at, "/auth/register", other.str("key"), &body("john"))
            .await
            .0,
        200
    );
    assert_eq!(from(&world, at, "/auth/register", "no key", &body("john")).await.0, 401);
}

#[tokio::test]
async fn who_lost_the_right_is_not_shown_the_answer() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, jane) = signed_in_with(&world, "jane@example.org", &["owner"]).await;
    let request = Ready {
        client: jane.clone(),
        path: "/api/api-keys".to_owned(),
        body: json!({ "name": "CI" }),
        other: json!({}),
    };
    let first = request.send(KEY).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let put = |kind: &'static str| {
        let (owner, path) = (owner.clone(), format!("/api/users/{id}"));
        async move { assert_eq!(owner.put(&path, json!({ "type": kind })).await.status, 204) }
    };
    put("user").await;
    refused(&request.send(KEY).await, 403, "missing-permission");
    put("admin").await;
    let lock = format!("/api/users/{id}/lock");
    assert_eq!(owner.post(&lock, json!({ "reason": "on leave" })).await.status, 204);
    refused(&request.send(KEY).await, 401, "invalid-token");
    let nobody = Client {
        token: String::new(),
        ..jane
    };
    let stranger = Ready {
        client: nobody,
        ..request
    };
    refused(&stranger.send(KEY).await, 401, "no-credentials");
}
