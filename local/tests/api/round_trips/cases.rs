//! Every route in its usual cases, and in those whose cost is promised.

use serde_json::json;

use super::Measured;
use crate::support::PASSWORD;

#[expect(clippy::too_many_lines, reason = "a list of cases")]
pub async fn auth(m: &mut Measured) {
    m.somebody("jane").await;
    let nobody = m.world.nobody();
    let (name, wrong) = (json!({ "username": "jane", "password": PASSWORD }), "not the password");
    m.of(
        "POST /api/auth/login",
        "right",
        200,
        nobody.post("/api/auth/login", name.clone()),
    )
    .await;
    let body = json!({ "username": "jane", "password": wrong });
    m.of(
        "POST /api/auth/login",
        "wrong password",
        401,
        nobody.post("/api/auth/login", body),
    )
    .await;
    let body = json!({ "username": "stranger", "password": wrong });
    m.of(
        "POST /api/auth/login",
        "unregistered name",
        401,
        nobody.post("/api/auth/login", body),
    )
    .await;
    let body = json!({ "email": "jane@example.org", "password": PASSWORD });
    let pair = m
        .of(
            "POST /api/auth/token",
            "right",
            200,
            nobody.post("/api/auth/token", body),
        )
        .await;
    let body = json!({ "email": "jane@example.org", "password": wrong });
    m.of(
        "POST /api/auth/token",
        "wrong password",
        401,
        nobody.post("/api/auth/token", body),
    )
    .await;
    let body = json!({ "email": "stranger@example.org", "password": wrong });
    m.of(
        "POST /api/auth/token",
        "unregistered address",
        401,
        nobody.post("/api/auth/token", body),
    )
    .await;
    let body = json!({ "refreshToken": pair.str("refreshToken") });
    let pair = m
        .of(
            "POST /api/auth/refresh",
            "",
            200,
            nobody.post("/api/auth/refresh", body),
        )
        .await;
    let holder = m.world.with_token(pair.str("accessToken"));
    m.of(
        "GET /api/me/profile",
        "first use after a refresh",
        200,
        holder.get("/api/me/profile"),
    )
    .await;
    let body = json!({ "token": pair.str("refreshToken") });
    m.of(
        "POST /api/auth/revoke",
        "refresh token",
        200,
        nobody.post("/api/auth/revoke", body),
    )
    .await;
    let jane = m.world.signed_in("jane", PASSWORD).await;
    let body = json!({ "token": jane.token });
    m.of(
        "POST /api/auth/revoke",
        "access token",
        200,
        nobody.post("/api/auth/revoke", body),
    )
    .await;
    let jane = m.world.signed_in("jane", PASSWORD).await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "battery staple" });
    m.of(
        "POST /api/auth/change-password",
        "",
        204,
        jane.post("/api/auth/change-password", body),
    )
    .await;
    m.of("POST /api/auth/logout", "", 204, jane.post_empty("/api/auth/logout"))
        .await;
    let body = json!({ "username": "jane" });
    m.of(
        "POST /api/auth/login-dev",
        "",
        200,
        nobody.post("/api/auth/login-dev", body.clone()),
    )
    .await;
    m.of(
        "POST /api/auth/dev-token",
        "for an account",
        200,
        nobody.post("/api/auth/dev-token", body),
    )
    .await;
    let body = json!({ "permissions": ["admin.users"] });
    m.of(
        "POST /api/auth/dev-token",
        "development principal, without roles",
        200,
        nobody.post("/api/auth/dev-token", body),
    )
    .await;
}

pub async fn me(m: &mut Measured) {
    m.somebody("john").await;
    let john = m.world.signed_in("john", PASSWORD).await;
    m.of("GET /api/me/profile", "", 200, john.get("/api/me/profile")).await;
    let body = json!({ "displayName": "John" });
    m.of("PATCH /api/me/profile", "", 200, john.patch("/api/me/profile", body))
        .await;
    m.of("GET /api/me/login-history", "", 200, john.get("/api/me/login-history"))
        .await;
}

pub async fn listings(m: &mut Measured) {
    let owner = m.owner.clone();
    for n in 0..30 {
        m.somebody(&format!("many-{n:02}")).await;
    }
    let route = "GET /api/users";
    m.of(route, "first page of 25", 200, owner.get("/api/users")).await;
    m.of(route, "`status=active`", 200, owner.get("/api/users?status=active"))
        .await;
    m.of(
        route,
        "`status=banned`, none",
        200,
        owner.get("/api/users?status=banned"),
    )
    .await;
    m.of(route, "`role=admin`, one", 200, owner.get("/api/users?role=admin"))
        .await;
    m.of(route, "`q`, one found", 200, owner.get("/api/users?q=many-07"))
        .await;
    m.of(route, "`q`, 30 found", 200, owner.get("/api/users?q=many-")).await;
}

pub async fn accounts(m: &mut Measured) {
    let owner = m.owner.clone();
    let body = json!({ "email": "typical.22@example.org", "username": "typical8", "password": PASSWORD });
    m.of("POST /api/users", "", 201, owner.post("/api/users", body)).await;
    let body = json!({ "email": "typical.23@example.org", "password": PASSWORD, "roles": ["admin"] });
    m.of("POST /api/users", "with a role", 201, owner.post("/api/users", body))
        .await;
    let id = m.somebody("someone8").await;
    let (user, by_email) = (format!("/api/users/{id}"), "/api/users/someone8@example.org");
    m.of("GET /api/users/{user}", "by id", 200, owner.get(&user)).await;
    m.of("GET /api/users/{user}", "by address", 200, owner.get(by_email))
        .await;
    let body = json!({ "displayName": "Some One" });
    m.of(
        "PATCH /api/users/{user}",
        "a personal field",
        204,
        owner.patch(&user, body),
    )
    .await;
    let body = json!({ "password": "battery staple" });
    m.of("PATCH /api/users/{user}", "the password", 204, owner.patch(&user, body))
        .await;
    let body = json!({ "email": "someone9@example.org" });
    m.of("PATCH /api/users/{user}", "the address", 204, owner.patch(&user, body))
        .await;
    let body = json!({ "type": "admin" });
    m.of("PUT /api/users/{user}", "`type`", 204, owner.put(&user, body))
        .await;
    let body = json!({ "status": "inactive" });
    m.of("PUT /api/users/{user}", "`status`", 204, owner.put(&user, body))
        .await;
    let on = owner.put(&user, json!({ "status": "active" })).await;
    assert_eq!(on.status, 204, "{}", on.text);
    m.of(
        "POST /api/users/{user}/lock",
        "",
        204,
        owner.post_empty(&format!("{user}/lock")),
    )
    .await;
    m.of(
        "POST /api/users/{user}/unlock",
        "",
        204,
        owner.post_empty(&format!("{user}/unlock")),
    )
    .await;
    let history = format!("{user}/login-history");
    m.of("GET /api/users/{user}/login-history", "", 200, owner.get(&history))
        .await;
    let roles = format!("{user}/roles");
    m.of("GET /api/users/{user}/roles", "system roles", 200, owner.get(&roles))
        .await;
    let body = json!({ "role": "member" });
    let grant = m
        .of(
            "POST /api/users/{user}/roles",
            "role by name",
            201,
            owner.post(&roles, body),
        )
        .await;
    let revoked = format!("{roles}/{}", grant.str("userRoleId"));
    m.of(
        "DELETE /api/users/{user}/roles/{grant}",
        "",
        204,
        owner.delete(&revoked),
    )
    .await;
    let reset = format!("{user}/reset-password");
    m.of(
        "POST /api/users/{user}/reset-password",
        "",
        200,
        owner.post_empty(&reset),
    )
    .await;
    m.of("DELETE /api/users/{user}", "", 204, owner.delete(&user)).await;
}

pub async fn roles(m: &mut Measured) {
    let owner = m.owner.clone();
    let body = json!({ "name": "editor", "maxCount": 10 });
    m.of("POST /api/roles", "", 201, owner.post("/api/roles", body)).await;
    let body = json!({ "name": "writer", "permissions": ["admin.users"] });
    m.of(
        "POST /api/roles",
        "with permissions",
        201,
        owner.post("/api/roles", body),
    )
    .await;
    m.of("GET /api/roles", "", 200, owner.get("/api/roles")).await;
    m.of("GET /api/roles/{role}", "by name", 200, owner.get("/api/roles/editor"))
        .await;
    let body = json!({ "description": "Edits" });
    m.of(
        "PATCH /api/roles/{role}",
        "the description",
        200,
        owner.patch("/api/roles/editor", body),
    )
    .await;
    let body = json!({ "maxCount": 12 });
    m.of(
        "PATCH /api/roles/{role}",
        "`maxCount`",
        200,
        owner.patch("/api/roles/editor", body),
    )
    .await;
    let id = m.somebody("editing").await;
    let body = json!({ "role": "editor" });
    assert_eq!(owner.post(&format!("/api/users/{id}/roles"), body).await.status, 201);
    m.of(
        "GET /api/users/{user}",
        "with a role of the tenant",
        200,
        owner.get(&format!("/api/users/{id}")),
    )
    .await;
    let forced = owner.delete("/api/roles/editor?force=true");
    m.of("DELETE /api/roles/{role}", "`force`, one member", 204, forced)
        .await;
    m.of(
        "DELETE /api/roles/{role}",
        "no members",
        204,
        owner.delete("/api/roles/writer"),
    )
    .await;
    m.of("GET /api/permissions", "", 200, owner.get("/api/permissions"))
        .await;
}

pub async fn discovery(m: &mut Measured) {
    let nobody = m.world.nobody();
    for path in [
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
        "/openapi.json",
        "/docs",
        "/health",
    ] {
        m.of(&format!("GET {path}"), "", 200, nobody.get(path)).await;
    }
}
