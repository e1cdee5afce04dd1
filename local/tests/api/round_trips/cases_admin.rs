//! The admin contract's routes.

use serde_json::json;

use super::Measured;
use crate::support::PASSWORD;

/// An account with a verified address and the role of administrators; its id.
async fn jane(m: &Measured) -> String {
    // The newest account, and not one of those that chance puts first.
    m.world.clock.advance_ms(1);
    let body = json!({
        "email": "adm.jane@example.org", "user_name": "adm-jane", "password": PASSWORD, "email_verified": true,
        "roles": ["admin"],
    });
    let reply = m.owner.post("/v1/admin/users", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.str("id").to_owned()
}

pub async fn admin(m: &mut Measured) {
    let id = jane(m).await;
    tokens(m).await;
    users(m, &id).await;
    let owner = m.owner.clone();
    m.of("GET /v1/settings", "", 200, owner.get("/v1/settings")).await;
    let body = json!({ "lockout": { "limit": 6 } });
    m.of("PATCH /v1/settings", "", 200, owner.patch("/v1/settings", body))
        .await;
    let nothing = owner.patch("/v1/settings", json!({ "lockout": {} }));
    m.of("PATCH /v1/settings", "nothing changes", 200, nothing).await;
}

async fn tokens(m: &mut Measured) {
    let nobody = m.world.nobody();
    let login = "POST /v1/auth/login";
    let body = json!({ "email": "adm.jane@example.org", "password": PASSWORD });
    let pair = m
        .of(login, "right", 200, nobody.post("/v1/auth/login", body.clone()))
        .await;
    let wrong = json!({ "email": "adm.jane@example.org", "password": "not the password" });
    m.of(login, "wrong password", 401, nobody.post("/v1/auth/login", wrong))
        .await;
    let wrong = json!({ "email": "stranger.22@example.org", "password": "not the password" });
    m.of(login, "unregistered address", 401, nobody.post("/v1/auth/login", wrong))
        .await;
    let refresh = json!({ "refresh_token": pair.str("refresh_token") });
    let pair = m
        .of(
            "POST /v1/auth/refresh",
            "",
            200,
            nobody.post("/v1/auth/refresh", refresh),
        )
        .await;
    let holder = m.world.with_token(pair.str("access_token"));
    assert_eq!(holder.get("/v1/settings").await.status, 200);
    let out = json!({ "refresh_token": pair.str("refresh_token") });
    m.of(
        "POST /v1/auth/logout",
        "with its own refresh token",
        204,
        holder.post("/v1/auth/logout", out),
    )
    .await;
    let pair = nobody.post("/v1/auth/login", body).await;
    let holder = m.world.with_token(pair.str("access_token"));
    m.of("POST /v1/auth/logout", "", 204, holder.post_empty("/v1/auth/logout"))
        .await;
}

async fn users(m: &mut Measured, id: &str) {
    let owner = m.owner.clone();
    let (user, roles) = (format!("/v1/admin/users/{id}"), format!("/v1/admin/users/{id}/roles"));
    let one = |path: &'static str| {
        let owner = owner.clone();
        async move { owner.get(path).await }
    };
    let list = "GET /v1/admin/users";
    m.of(list, "a page of one", 200, one("/v1/admin/users?limit=1")).await;
    m.of(list, "a page past the end", 200, one("/v1/admin/users?page=1000"))
        .await;
    let search = "GET /v1/admin/users/search";
    m.of(search, "one found", 200, one("/v1/admin/users/search?q=adm-jane"))
        .await;
    m.of(search, "none found", 200, one("/v1/admin/users/search?q=nothing"))
        .await;
    let route = "GET /v1/admin/users/{user}";
    m.of(route, "by id", 200, owner.get(&user)).await;
    let body = json!({
        "email": "typical.44@example.org", "user_name": "typical4", "password": PASSWORD, "email_verified": true,
    });
    m.of("POST /v1/admin/users", "", 201, owner.post("/v1/admin/users", body))
        .await;
    let route = "PUT /v1/admin/users/{user}";
    let body = json!({ "email_verified": false });
    m.of(route, "`email_verified`", 200, owner.put(&user, body)).await;
    let verification = format!("{user}/verification");
    let asked = owner.post_empty(&verification);
    m.of("POST /v1/admin/users/{user}/verification", "", 202, asked).await;
    let (again, path) = ("POST /v1/auth/verification", "/v1/auth/verification");
    for (case, email) in [
        ("", "adm.jane@example.org"),
        ("unregistered address", "stranger.22@example.org"),
    ] {
        let body = json!({ "email": email });
        m.of(again, case, 202, m.world.nobody().post(path, body)).await;
    }
    let body = json!({ "roles": ["member"], "password": "battery staple" });
    m.of(
        route,
        "a role for another, and the password",
        200,
        owner.put(&user, body),
    )
    .await;
    let route = "POST /v1/admin/users/{user}/roles";
    let body = json!({ "roles": ["admin", "SYS_ADMIN"] });
    m.of(route, "two", 200, owner.post(&roles, body)).await;
    let route = "DELETE /v1/admin/users/{user}/roles/{role}";
    m.of(route, "", 200, owner.delete(&format!("{roles}/SYS_ADMIN"))).await;
    m.of("DELETE /v1/admin/users/{user}", "", 200, owner.delete(&user))
        .await;
}
