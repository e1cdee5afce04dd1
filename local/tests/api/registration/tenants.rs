//! Two tenants side by side: what is one's is nobody's in the other.

use reqwest::Method;
use serde_json::{Value, json};
use usher::domain::mail::Purpose;
use usher::domain::tenant::TenantId;

use super::{LIFE, assert_refusal, id_of};
use crate::backstage::{link, sent, tenant};
use crate::support::{Client, PASSWORD, Reply, World};

/// A request of this tenant's.
async fn ask(client: &Client, tenant: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
    client.send(method, path, body, &[("x-tenant", tenant)]).await
}

async fn post(world: &World, tenant: &str, path: &str, body: Value) -> Reply {
    ask(&world.nobody(), tenant, Method::POST, path, Some(body)).await
}

/// Jane of each of two tenants: id and token.
async fn two_janes(world: &World) -> [(String, String); 2] {
    tenant(world, "acme").await;
    let body = json!({
        "username": "jane", "email": "jane@example.org", "password": PASSWORD, "confirm_password": PASSWORD,
    });
    let mut janes = Vec::new();
    for tenant in ["main", "acme"] {
        let made = post(world, tenant, "/v1/user/register", body.clone()).await;
        assert_eq!(made.status, 200, "{tenant}: {}", made.text);
        let login = json!({ "login": "jane", "password": PASSWORD });
        let reply = post(world, tenant, "/v1/user/login", login).await;
        let text = |reply: &Reply, name: &str| reply.body["data"][name].as_str().unwrap().to_owned();
        janes.push((id_of(world, &made), text(&reply, "token")));
    }
    janes.try_into().unwrap()
}

#[tokio::test]
async fn z05_a_name_is_free_and_a_token_is_nobody_s_in_another_tenant() {
    let world = World::with(&[("USHER_TENANTS", "header")]).await;
    let [(main_id, main), (acme_id, acme)] = two_janes(&world).await;
    assert_ne!(main_id, acme_id);
    world.clock.advance(LIFE / 2 + 1);
    for (tenant, own, other) in [("main", &main, &acme), ("acme", &acme, &main)] {
        let said = |token: &str| post(&world, tenant, "/v1/user/token/verify", json!({ "token": token }));
        assert_eq!(said(own).await.str("data"), "Token is valid.", "{tenant}");
        assert_eq!(said(other).await.str("data"), "Token invalid.", "{tenant}");
        let renewed = post(&world, tenant, "/v1/user/token/renew", json!({ "token": other })).await;
        assert_refusal(&renewed, 401, "Token invalid.");
        let body = json!({ "current_password": PASSWORD, "password": "six-ch", "confirm_password": "six-ch" });
        let path = "/v1/user/jane/change-password";
        let changed = ask(&world.with_token(other), tenant, Method::POST, path, Some(body)).await;
        assert_refusal(&changed, 401, "Token invalid.");
    }
    for odd in ["nobody", "ACME", "", "acme "] {
        let reply = post(&world, odd, "/v1/user/token/verify", json!({ "token": acme })).await;
        match odd.trim() {
            // Servers trim header values.
            "acme" => assert_eq!(reply.str("data"), "Token is valid."),
            _ => assert_refusal(&reply, 404, "No such tenant"),
        }
    }
}

#[tokio::test]
async fn z05_an_administrator_bans_nobody_of_another_tenant() {
    let world = World::with(&[("USHER_TENANTS", "header")]).await;
    let [_, (acme_id, acme)] = two_janes(&world).await;
    let owner = world.owner().await;
    let path = format!("/v1/user/ban/{acme_id}");
    assert_refusal(&owner.delete(&path).await, 404, "No such user");
    let there = ask(&owner, "acme", Method::DELETE, &path, None).await;
    assert_refusal(&there, 401, "Token invalid.");
    assert_eq!(owner.delete("/v1/user/ban/jane").await.status, 200, "its own jane");
    let said = post(&world, "acme", "/v1/user/token/verify", json!({ "token": acme })).await;
    assert_eq!(said.str("data"), "Token is valid.");
}

#[tokio::test]
async fn z05_a_link_of_one_tenant_is_no_good_in_another() {
    let world = World::with(&[("USHER_TENANTS", "header")]).await;
    let [(main_id, _), _] = two_janes(&world).await;
    let mut verify = link(&world, &main_id, Purpose::VerifyEmail).await;
    let token = sent(&world, &verify).await;
    let path = format!("/v1/user/email/verify/{token}");
    let there = ask(&world.nobody(), "acme", Method::GET, &path, None).await;
    assert_eq!((there.status.as_u16(), there.text.as_str()), (400, "Token invalid."));
    // Not even where the account were the other tenant's.
    verify.tenant = TenantId::parse("acme").unwrap();
    let path = format!("/v1/user/email/verify/{}", sent(&world, &verify).await);
    let there = ask(&world.nobody(), "acme", Method::GET, &path, None).await;
    assert_eq!(there.status, 400);
    let set = link(&world, &main_id, Purpose::SetPassword).await;
    let body = json!({ "token": sent(&world, &set).await, "newPassword": "battery staple" });
    assert_eq!(
        post(&world, "acme", "/api/auth/set-password", body.clone())
            .await
            .problem(),
        "invalid-link"
    );
    assert_eq!(post(&world, "main", "/api/auth/set-password", body).await.status, 204);
}
