//! Tenants: `/api/tenants`, how a request names which it is about, and that none is anything to another.

mod create;
mod isolation;
mod list;
mod mapping;
mod twins;
mod walk;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use usher::actions::Context;
use usher::actions::users::{self, UserRef};
use usher::domain::mail::{OneTime, Purpose};
use usher::domain::tenant::TenantId;
use usher::proof::opaque::{Kind, Opaque};
use usher::secrecy::ExposeSecret;
use usher::store::one_time;

use crate::support::{Client, PASSWORD, Reply, World};

/// A world whose requests name their tenant in `X-Tenant`.
pub async fn with_header() -> World {
    World::with(&[("USHER_TENANTS", "header")]).await
}

/// The same client, whose requests are about this tenant.
pub fn within(client: &Client, tenant: &str) -> Client {
    let headers = [("x-tenant".parse().unwrap(), tenant.parse().unwrap())];
    let http = reqwest::Client::builder().default_headers(headers.into_iter().collect());
    Client {
        http: http.build().unwrap(),
        ..client.clone()
    }
}

/// The body that asks for a tenant, with an owner `owner` at `owner@example.org`.
pub fn body(id: &str) -> Value {
    json!({ "id": id, "owner": { "email": "owner@example.org", "username": "boss", "password": PASSWORD } })
}

/// A new tenant; the answer.
pub async fn made(world: &World, id: &str) -> Reply {
    let reply = world.owner().await.post("/api/tenants", body(id)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply
}

/// Whoever has this name and password in a tenant.
pub async fn signed_in(world: &World, tenant: &str, name: &str, password: &str) -> Client {
    let nobody = within(&world.nobody(), tenant);
    let body = json!({ "username": name, "password": password });
    let reply = nobody.post("/api/auth/login", body).await;
    assert_eq!(reply.status, 200, "{name} cannot log in: {}", reply.text);
    Client {
        token: reply.str("token").to_owned(),
        ..nobody
    }
}

/// The owner of a new tenant, signed in.
pub async fn owner_of(world: &World, tenant: &str) -> Client {
    made(world, tenant).await;
    signed_in(world, tenant, "boss", PASSWORD).await
}

/// The items of one tenant, by their keys: those of its partitions, and what bears its id.
pub fn items_of(world: &World, tenant: &str) -> BTreeMap<String, Value> {
    let mut items = BTreeMap::new();
    for item in world.items() {
        let (pk, sk) = (item["PK"]["S"].as_str().unwrap(), item["SK"]["S"].as_str().unwrap());
        let own = pk.starts_with(&format!("T#{tenant}#")) || item["tenant"]["S"] == tenant;
        if own || sk == format!("TENANT#{tenant}") {
            items.insert(format!("{pk} {sk}"), item);
        }
    }
    items
}

/// A request of nobody's as one about a tenant, for actions that no route here has.
pub async fn context(world: &World, tenant: &str) -> Context {
    let mut cx = ::setup::context(&world.app);
    cx.enter(TenantId::parse(tenant).unwrap()).await.unwrap();
    cx
}

/// A one-time token about the account of this name, as its mail would carry it.
pub async fn link(world: &World, tenant: &str, name: &str, purpose: Purpose) -> String {
    let cx = context(world, tenant).await;
    let named = UserRef::Username(name.parse().unwrap());
    let user = users::find(&cx, &named).await.unwrap();
    let token = Opaque::mint(Kind::OneTime).unwrap();
    let kept = OneTime {
        tenant: cx.tenant.clone(),
        purpose,
        user: user.id,
        email: user.email.unwrap().as_given().to_owned(),
        epoch: user.epoch,
        expires_at: world.now() + usher::jiff::SignedDuration::from_hours(1),
    };
    let write = one_time::put(&token.digest().to_string(), &kept).unwrap();
    usher::store::unit::commit(&world.app.table, &[write]).await.unwrap();
    token.text().expose_secret().to_owned()
}
