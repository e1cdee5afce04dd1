//! What somebody may do, and the catalogue of permissions.

use serde_json::{Value, json};

use super::Measured;

/// The permission `invoices.read` in a role of the tenant, `clerk`, that somebody has for a department.
pub async fn catalogue(m: &mut Measured) {
    let owner = m.owner.clone();
    // That the session was used is written down once a minute.
    assert_eq!(owner.get("/api/me/profile").await.status, 200);
    let body = json!({ "name": "invoices.read", "description": "Read invoices" });
    m.of("POST /api/permissions", "", 201, owner.post("/api/permissions", body))
        .await;
    let body = json!({ "name": "clerk", "permissions": ["invoices.read"] });
    m.of(
        "POST /api/roles",
        "with an application's permission",
        201,
        owner.post("/api/roles", body),
    )
    .await;
    let path = "/api/permissions/invoices.read";
    m.of(
        "DELETE /api/permissions/{permission}",
        "a role has it",
        409,
        owner.delete(path),
    )
    .await;
    let forced = format!("{path}?force=true");
    let forced = owner.delete(&forced);
    m.of("DELETE /api/permissions/{permission}", "`force`, one role", 204, forced)
        .await;
    let body = json!({ "name": "invoices.read" });
    assert_eq!(owner.post("/api/permissions", body).await.status, 201);
    m.of(
        "DELETE /api/permissions/{permission}",
        "no role has it",
        204,
        owner.delete(path),
    )
    .await;
    let body = json!({ "name": "invoices.read" });
    assert_eq!(owner.post("/api/permissions", body).await.status, 201);
    let body = json!({ "permissions": ["invoices.read"] });
    assert_eq!(owner.patch("/api/roles/clerk", body).await.status, 200);
}

pub async fn access(m: &mut Measured) {
    let owner = m.owner.clone();
    let id = m.somebody("clerk").await;
    let grant = json!({ "role": "clerk", "department": "sales" });
    let grants = format!("/api/users/{id}/roles");
    let grant = owner.post(&grants, grant).await.str("userRoleId").to_owned();
    let check = "POST /api/access/check";
    let ask = |body: Value| owner.post("/api/access/check", body);
    m.of(check, "oneself", 200, ask(json!({ "permission": "invoices.read" })))
        .await;
    let one = json!({ "user": id, "permission": "invoices.read", "department": "sales" });
    m.of(check, "another, by id", 200, ask(one.clone())).await;
    let named = json!({ "user": "clerk@example.org", "permission": "invoices.read" });
    m.of(check, "another, by address", 200, ask(named)).await;
    let many = json!({ "checks": vec![&one; 100] });
    m.of(check, "100 of one account", 200, ask(many)).await;
    let explain = owner.post("/api/access/explain", one);
    m.of("POST /api/access/explain", "another, by id", 200, explain).await;
    let preview = "POST /api/access/preview";
    let role = json!({ "role": "clerk", "permissions": [] });
    m.of(
        preview,
        "a role with one member",
        200,
        owner.post("/api/access/preview", role),
    )
    .await;
    let taken = json!({ "user": id, "revoke": grant });
    m.of(preview, "a grant", 200, owner.post("/api/access/preview", taken))
        .await;
    let path = format!("/api/users/{id}/permissions?department=sales");
    m.of("GET /api/users/{user}/permissions", "by id", 200, owner.get(&path))
        .await;
    m.of("GET /api/me/permissions", "", 200, owner.get("/api/me/permissions"))
        .await;
}
