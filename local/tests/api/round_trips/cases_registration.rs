//! The routes of `/v1/user`, and those that links out of mails lead to.

use serde_json::json;
use usher::domain::mail::Purpose;

use super::Measured;
use crate::backstage::one_time;
use crate::support::{PASSWORD, Reply};

pub async fn registration(m: &mut Measured) {
    registering(m).await;
    signing_in(m).await;
    changing(m).await;
    bans(m).await;
}

async fn registering(m: &mut Measured) {
    let nobody = m.world.nobody();
    let body = |name: &str, email: Option<&str>| json!({ "username": name, "email": email, "password": PASSWORD, "confirm_password": PASSWORD });
    let route = "POST /v1/user/register";
    let with = body("guybrush", Some("guybrush@example.org"));
    let made = m
        .of(route, "with an address", 200, nobody.post("/v1/user/register", with))
        .await;
    let without = body("elaine", None);
    m.of(
        route,
        "without an address",
        200,
        nobody.post("/v1/user/register", without),
    )
    .await;
    let taken = body("guybrush", None);
    m.of(route, "name taken", 400, nobody.post("/v1/user/register", taken))
        .await;
    let id = crate::registration::id_of(&m.world, &made);
    let (route, path) = ("POST /v1/user/email/resend", "/v1/user/email/resend");
    for (case, email) in [
        ("", "guybrush@example.org"),
        ("unregistered address", "stranger@example.org"),
    ] {
        let body = json!({ "email": email });
        m.of(route, case, 202, nobody.post(path, body)).await;
    }
    let token = one_time(&m.world, &id, Purpose::VerifyEmail).await;
    let path = format!("/v1/user/email/verify/{token}");
    let route = "GET /v1/user/email/verify/{token}";
    m.of(route, "", 200, nobody.get(&path)).await;
    m.of(route, "followed again", 200, nobody.get(&path)).await;
    m.of(route, "no token of ours", 400, nobody.get("/v1/user/email/verify/x"))
        .await;
}

async fn signing_in(m: &mut Measured) {
    let nobody = m.world.nobody();
    let (route, path) = ("POST /v1/user/login", "/v1/user/login");
    let body = json!({ "login": "guybrush", "password": PASSWORD });
    let reply = m.of(route, "right", 200, nobody.post(path, body)).await;
    let body = json!({ "login": "guybrush", "password": "wrong" });
    m.of(route, "wrong password", 403, nobody.post(path, body)).await;
    let body = json!({ "login": "stranger2", "password": "wrong" });
    m.of(route, "unregistered name", 403, nobody.post(path, body)).await;
    let token = json!({ "token": token_of(&reply) });
    let verified = nobody.post("/v1/user/token/verify", token.clone());
    m.of("POST /v1/user/token/verify", "", 200, verified).await;
    let path = "/v1/user/token/renew";
    let route = "POST /v1/user/token/renew";
    m.of(route, "a week or more left", 200, nobody.post(path, token.clone()))
        .await;
    m.world.clock.advance(7 * 24 * 3600 + 1);
    // Settings and keys are at hand again.
    nobody.post("/v1/user/token/verify", token.clone()).await;
    m.of(route, "less left", 200, nobody.post(path, token)).await;
    m.owner = m.world.owner().await;
}

async fn changing(m: &mut Measured) {
    let id = m.somebody("herman").await;
    let login = json!({ "login": "herman", "password": PASSWORD });
    let reply = m.world.nobody().post("/v1/user/login", login).await;
    let herman = m.world.with_token(&token_of(&reply));
    let body = json!({ "current_password": PASSWORD, "password": "three-headed monkey", "confirm_password": "three-headed monkey" });
    let changed = herman.post("/v1/user/herman/change-password", body);
    m.of("POST /v1/user/{user}/change-password", "", 200, changed).await;
    let nobody = m.world.nobody();
    let (route, path) = ("POST /api/auth/forgot-password", "/api/auth/forgot-password");
    let body = json!({ "email": "herman@example.org" });
    m.of(route, "", 202, nobody.post(path, body.clone())).await;
    m.of(route, "again within a minute", 202, nobody.post(path, body)).await;
    let body = json!({ "email": "stranger2@example.org" });
    m.of(route, "unregistered address", 202, nobody.post(path, body)).await;
    let (route, path) = ("POST /api/auth/set-password", "/api/auth/set-password");
    let token = one_time(&m.world, &id, Purpose::SetPassword).await;
    let body = json!({ "token": token, "newPassword": "look behind you" });
    m.of(route, "", 204, nobody.post(path, body.clone())).await;
    m.of(route, "spent", 400, nobody.post(path, body)).await;
    m.of("GET /set-password", "", 200, nobody.get("/set-password")).await;
}

async fn bans(m: &mut Measured) {
    m.somebody("lechuck").await;
    let owner = m.owner.clone();
    let ban = owner.delete("/v1/user/ban/lechuck");
    m.of("DELETE /v1/user/ban/{user}", "", 200, ban).await;
    let lift = owner.delete("/v1/user/ban/lechuck/lift");
    m.of("DELETE /v1/user/ban/{user}/lift", "", 200, lift).await;
}

fn token_of(reply: &Reply) -> String {
    reply.body["data"]["token"].as_str().unwrap().to_owned()
}
