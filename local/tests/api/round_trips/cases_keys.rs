//! API keys and tenants.

use serde_json::json;

use super::Measured;

pub async fn api_keys(m: &mut Measured) {
    let owner = m.owner.clone();
    let body = json!({ "name": "Web shop" });
    let key = m
        .of("POST /api/api-keys", "", 201, owner.post("/api/api-keys", body))
        .await;
    m.of("GET /api/api-keys", "two keys", 200, owner.get("/api/api-keys"))
        .await;
    with_idempotency_key(m).await;
    let path = format!("/api/api-keys/{}", key.str("id"));
    m.of("DELETE /api/api-keys/{key}", "", 204, owner.delete(&path)).await;
    m.of("DELETE /api/api-keys/{key}", "no such key", 404, owner.delete(&path))
        .await;
}

pub async fn rights_history(m: &mut Measured) {
    let owner = m.owner.clone();
    m.of(
        "GET /api/rights-history",
        "one account's",
        200,
        owner.get("/api/rights-history?target=owner"),
    )
    .await;
}

pub async fn tenants(m: &mut Measured) {
    let owner = m.owner.clone();
    let body = json!({ "id": "acme", "owner": { "email": "typical.22@example.org", "username": "typical8" } });
    m.of(
        "POST /api/tenants",
        "owner invited",
        201,
        owner.post("/api/tenants", body),
    )
    .await;
    m.of("GET /api/tenants", "two tenants", 200, owner.get("/api/tenants"))
        .await;
}

/// Service accounts and their keys, and what a request with one costs.
pub async fn service_accounts(m: &mut Measured) {
    let owner = m.owner.clone();
    let body = json!({ "kind": "service", "username": "robot678" });
    let robot = m
        .of(
            "POST /api/users",
            "a service account",
            201,
            owner.post("/api/users", body),
        )
        .await;
    let path = format!("/api/users/{}/keys", robot.str("id"));
    let body = json!({ "name": "Deployed" });
    let route = "POST /api/users/{user}/keys";
    let key = m.of(route, "", 201, owner.post(&path, body)).await;
    m.of("GET /api/users/{user}/keys", "one key", 200, owner.get(&path))
        .await;
    let one = format!("{path}/{}", key.str("id"));
    let role = json!({ "name": "of robots", "permissions": ["admin.users"] });
    assert_eq!(owner.post("/api/roles", role).await.status, 201);
    let given = json!({ "role": "of robots" });
    let given = owner
        .post(&format!("/api/users/{}/roles", robot.str("id")), given)
        .await;
    assert_eq!(given.status, 201, "{}", given.text);
    let with_key = m.world.with_token(key.str("key"));
    let own = "/api/me/profile";
    for case in [
        "by a key: its first use in a minute, in a process that never saw its account, which has a role of its own",
        "by a key",
    ] {
        m.of("GET /api/me/profile", case, 200, with_key.get(own)).await;
    }
    for (case, token) in [("a key", key.str("key")), ("an access token", owner.token.as_str())] {
        let asked = json!({ "token": token });
        m.of(
            "POST /api/auth/introspect",
            case,
            200,
            with_key.post("/api/auth/introspect", asked),
        )
        .await;
    }
    // Wherever a key is first used in a minute, that function notes it.
    let second = owner.post(&path, json!({ "name": "Deployed" })).await;
    let asks = m.world.with_token(second.str("key"));
    let asked = json!({ "user": "owner", "permission": "admin.users" });
    assert_eq!(asks.post("/api/access/check", asked).await.body["allowed"], true);
    m.of("DELETE /api/users/{user}/keys/{key}", "", 204, owner.delete(&one))
        .await;
    let key = owner.post(&path, json!({ "name": "Deployed" })).await;
    let body = json!({ "token": key.str("key") });
    let nobody = m.world.nobody();
    m.of(
        "POST /api/auth/revoke",
        "a key",
        200,
        nobody.post("/api/auth/revoke", body),
    )
    .await;
}

async fn with_idempotency_key(m: &mut Measured) {
    let (owner, route) = (m.owner.clone(), "POST /api/api-keys");
    let body = json!({ "name": "Made once" });
    let send = |body| crate::idempotency::send(&owner, "/api/api-keys", body, "8e03978e");
    m.of(route, "with an Idempotency-Key", 201, send(&body)).await;
    m.of(route, "with one, again", 201, send(&body)).await;
    let ended = json!({ "name": "Made once", "expiresAt": "2026-01-01T00:00:00Z" });
    m.of(route, "with that of another request", 422, send(&ended)).await;
    let refused = crate::idempotency::send(&owner, "/api/api-keys", &ended, "40d543dd");
    m.of(route, "with one, refused", 400, refused).await;
}
