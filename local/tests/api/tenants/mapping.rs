//! What names the tenant of a request: nothing, `X-Tenant`, or the host.

use http::header::HOST;
use reqwest::Method;
use serde_json::{Value, json};
use tower::ServiceExt;
use usher::http::event::Event;
use usher::http::serve;

use super::{made, owner_of, with_header, within};
use crate::support::{Client, PASSWORD, World, reply, tables};
use crate::users::refused;

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_x_tenant_is_not_looked_at() {
    let world = World::new().await;
    made(&world, "acme").await;
    let owner = world.owner().await;
    for tenant in ["acme", "nope", "ORG1", ""] {
        assert_eq!(
            within(&owner, tenant).get("/api/me/profile").await.status,
            200,
            "{tenant}"
        );
    }
    let two = [("x-tenant", "acme"), ("x-tenant", "main")];
    assert_eq!(owner.send(Method::GET, "/api/me/profile", None, &two).await.status, 200);
    let in_acme = json!({ "username": "boss", "password": PASSWORD });
    let reply = within(&world.nobody(), "acme").post("/api/auth/login", in_acme).await;
    refused(&reply, 401, "wrong-credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_names_the_tenant_and_without_it_there_is_main() {
    let world = with_header().await;
    let boss = owner_of(&world, "acme").await;
    assert_eq!(boss.get("/api/me/profile").await.body["username"], "boss");
    let owner = world.owner().await;
    for client in [&owner, &within(&owner, "main")] {
        assert_eq!(client.get("/api/me/profile").await.body["username"], "owner");
    }
    let name = owner
        .send(Method::GET, "/api/me/profile", None, &[("X-TENANT", "main")])
        .await;
    assert_eq!(name.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_a_tenant_that_is_none_is_404_in_the_style_of_each_contract_before_anybody_is_asked_who_they_are() {
    let world = with_header().await;
    made(&world, "org1").await;
    let owner = world.owner().await;
    let mut asked = 0;
    for table in tables() {
        for row in table.rows().iter().filter(|row| !row.options.tenantless) {
            for tenant in [
                "nope",
                "ORG1",
                "org10",
                "",
                "a.b",
                "../main",
                "org1 x",
                "*",
                &"a".repeat(33),
            ] {
                let client = within(&owner, tenant);
                let reply = client.send(row.method.clone(), &row.path, Some(json!({})), &[]).await;
                let context = format!("{} {} of {tenant}: {}", row.method, row.path, reply.text);
                assert_eq!(reply.status, 404, "{context}");
                assert!(
                    reply.header("content-type").starts_with(row.error_format.media_type),
                    "{context}"
                );
                asked += 1;
            }
            // Two are none, though they be the same, and though they be the right one.
            let two = [("x-tenant", "org1"), ("x-tenant", "org1")];
            let reply = owner.send(row.method.clone(), &row.path, Some(json!({})), &two).await;
            assert_eq!(reply.status, 404, "two: {} {}", row.method, row.path);
        }
    }
    assert!(asked > 250, "the walk has lost its routes");
    let reply = within(&owner, "nope").get("/api/users").await;
    refused(&reply, 404, "not-found");
    assert_eq!(reply.str("detail"), "no such tenant");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_about_no_tenant_asks_for_none() {
    let world = with_header().await;
    for tenant in ["nope", "ORG1", ""] {
        let nobody = within(&world.nobody(), tenant);
        for path in [
            "/health",
            "/.well-known/jwks.json",
            "/.well-known/openid-configuration",
            "/docs",
        ] {
            assert_eq!(nobody.get(path).await.status, 200, "{path}");
        }
        refused(&nobody.get("/nowhere").await, 404, "no-such-route");
        refused(&nobody.delete("/api/users").await, 405, "method-not-allowed");
    }
}

/// The status of a request over HTTP at this host.
async fn status(client: &Client, host: &str) -> u16 {
    let request = client.http.get(format!("{}/api/me/profile", client.base));
    let request = request.header(HOST, host).bearer_auth(&client.token);
    reply(request).await.status.as_u16()
}

/// The tenant that a host names: whose owner is somebody there.
async fn named_by(host: &str, boss: &Client, owner: &Client) -> &'static str {
    match (status(boss, host).await, status(owner, host).await) {
        (200, 401) => "acme",
        (401, 200) => "main",
        (404, 404) => "none",
        other => panic!("{host}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_the_host_names_the_tenant_by_its_one_label_before_the_domain() {
    let world = World::with(&[("USHER_TENANTS", "host:Example.org")]).await;
    made(&world, "acme").await;
    // What the header names is not looked at.
    let owner = within(&world.owner().await, "acme");
    let login = json!({ "username": "boss", "password": PASSWORD });
    let request = owner.http.post(format!("{}/api/auth/login", world.base));
    let signed_in = reply(request.header(HOST, "acme.example.org").json(&login)).await;
    let boss = world.with_token(signed_in.str("token"));
    for (host, tenant) in [
        ("acme.example.org", "acme"),
        ("ACME.Example.ORG", "acme"),
        ("acme.example.org:3000", "acme"),
        ("acme.example.org.", "acme"),
        ("acme.example.org.:443", "acme"),
        ("main.example.org", "main"),
        ("example.org", "main"),
        ("127.0.0.1:3000", "main"),
        ("[::1]:3000", "main"),
        ("acme.example.org.evil.org", "main"),
        ("acme.evilexample.org", "main"),
        ("acmeexample.org", "main"),
        ("acme.org", "main"),
        ("acme", "main"),
        ("nope.example.org", "none"),
        ("acme1.example.org", "none"),
        ("acm.example.org", "none"),
        ("www.acme.example.org", "none"),
        ("acme.acme.example.org", "none"),
        ("acme..example.org", "none"),
        (".example.org", "none"),
        ("-acme.example.org", "none"),
        ("acme_.example.org", "none"),
    ] {
        assert_eq!(named_by(host, &boss, &owner).await, tenant, "{host}");
    }
}

/// The status of a login as an event of API Gateway's, with these two words about the host.
async fn through_lambda(world: &World, domain: Value, host: &str, name: &str, password: &str) -> u16 {
    let event = json!({
        "version": "2.0", "routeKey": "POST /api/auth/login", "rawPath": "/api/auth/login", "rawQueryString": "",
        "headers": {
            "content-type": "application/json", "host": host, "x-forwarded-host": host, "forwarded": format!("host={host}"),
            "x-tenant": "acme",
        },
        "requestContext": {
            "accountId": "123456789012", "apiId": "k3x9d2p7qa", "domainName": domain, "requestId": "id",
            "http": {
                "method": "POST", "path": "/api/auth/login", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.24",
                "userAgent": "curl",
            },
            "stage": "$default", "time": "22/Nov/2026:04:01:18 +0000", "timeEpoch": 1_795_320_078_137_i64,
        },
        "body": json!({ "username": name, "password": password }).to_string(), "isBase64Encoded": false,
    });
    let event: Event = serde_json::from_str(&event.to_string()).unwrap();
    let request: http::Request<lambda_http::Body> = event.into();
    let service = serve::service(world.app.clone(), tables());
    service.oneshot(request).await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_on_lambda_the_host_is_api_gateways_word_and_no_header_of_the_clients() {
    let world = World::with(&[("USHER_TENANTS", "host:example.org")]).await;
    made(&world, "acme").await;
    let gateway = "k3x9d2p7qa.execute-api.eu-central-1.amazonaws.com";
    for (domain, host, boss, owner) in [
        (json!("acme.example.org"), "acme.example.org", 200, 401),
        (json!("acme.example.org"), "main.example.org", 200, 401),
        (json!("ACME.example.org"), "nope.example.org", 200, 401),
        (json!(gateway), "acme.example.org", 401, 200),
        (json!("nope.example.org"), "acme.example.org", 404, 404),
        (Value::Null, "acme.example.org", 401, 200),
    ] {
        let context = format!("{domain}, {host}");
        let status = through_lambda(&world, domain.clone(), host, "boss", PASSWORD).await;
        assert_eq!(status, boss, "{context}");
        let status = through_lambda(&world, domain, host, "owner", "Owner@12345").await;
        assert_eq!(status, owner, "{context}");
    }
}
