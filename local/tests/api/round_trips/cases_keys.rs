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
