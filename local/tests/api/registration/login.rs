//! `POST /v1/user/login`

use serde_json::{Value, json};
use usher::domain::mail::Purpose;
use usher::domain::tenant_settings::EmailVerification;

use super::{LIFE, assert_refusal, claims, login, number_of, registered, token, token_of, verdict};
use crate::auth::{self, Look, covered, opens};
use crate::backstage::{one_time, set, set_lifetime};
use crate::support::{PASSWORD, World};

const WRONG: &str = "Invalid username/email or password";

#[tokio::test]
async fn a_name_or_an_address_and_its_password_get_a_token() {
    let world = World::new().await;
    registered(&world, "Jane").await;
    for name in ["Jane", "jane", "jane@example.org", "JANE@Example.org"] {
        let reply = login(&world, name, PASSWORD).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("cache-control")),
            (200, "no-store")
        );
        insta::allow_duplicates! {
            insta::assert_json_snapshot!(covered(&reply.body, &["/data/token"]), @r#"
            {
              "data": {
                "token": "[data/token]",
                "username": "Jane",
                "admin": false
              }
            }
            "#);
        }
        assert_eq!(opens(&world, &token_of(&reply)).await, 200);
    }
}

#[tokio::test]
async fn a_token_names_its_user_as_this_contract_s_clients_read_it() {
    let world = World::new().await;
    let id = registered(&world, "Jane").await;
    let said = claims(&token(&world, "jane").await);
    let user = json!({ "user_id": number_of(&world, &id), "username": "Jane", "administrator": false });
    assert_eq!(said["user"], user);
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), LIFE);
    assert_eq!((&said["sub"], &said["roles"]), (&json!(id), &json!(["user"])));
    let other = auth::login(&world, "jane", PASSWORD).await;
    assert!(
        claims(other.str("token")).get("user").is_none(),
        "another contract's token carries none"
    );
}

#[tokio::test]
async fn administrators_are_those_on_the_rank_admin_or_above() {
    let world = World::new().await;
    world.user_with("member@example.org", &["member"]).await;
    world.user_with("sys@example.org", &["SYS_ADMIN"]).await;
    for (name, password, admin) in [
        ("admin", "Admin@123", true),
        ("owner", "Owner@12345", true),
        ("member@example.org", PASSWORD, false),
        ("sys@example.org", PASSWORD, false),
    ] {
        let reply = login(&world, name, password).await;
        assert_eq!(reply.body["data"]["admin"], admin, "{name}");
        assert_eq!(reply.body["data"]["username"], name, "an address stands in for a name");
        let said = &claims(&token_of(&reply))["user"];
        assert_eq!(
            (&said["administrator"], &said["username"]),
            (&json!(admin), &json!(name))
        );
    }
}

#[tokio::test]
async fn the_token_opens_for_fourteen_days_on_every_contract() {
    let world = World::new().await;
    registered(&world, "jane").await;
    let token = token(&world, "jane").await;
    world.clock.advance(LIFE - 1);
    assert_eq!(
        (opens(&world, &token).await, verdict(&world, &token).await.as_str()),
        (200, "Token is valid.")
    );
    world.clock.advance(1);
    assert_eq!(
        (opens(&world, &token).await, verdict(&world, &token).await.as_str()),
        (401, "Token invalid.")
    );
}

#[tokio::test]
async fn a_tenant_sets_how_long_it_lasts() {
    let world = World::new().await;
    registered(&world, "jane").await;
    set_lifetime(&world, "registration", 60).await;
    let token = token(&world, "jane").await;
    world.clock.advance(59);
    assert_eq!(opens(&world, &token).await, 200);
    world.clock.advance(1);
    assert_eq!(opens(&world, &token).await, 401);
}

#[tokio::test]
async fn what_is_missing_or_of_another_type_is_reported_with_its_place() {
    let world = World::new().await;
    for (body, words) in [
        (json!({ "password": PASSWORD }), "Missing field `login`"),
        (json!({ "login": "jane" }), "Missing field `password`"),
        (
            json!({ "login": "jane", "password": 5 }),
            "password: this must be a text",
        ),
        (json!({ "login": null, "password": "x" }), "Missing field `login`"),
    ] {
        assert_refusal(&world.nobody().post("/v1/user/login", body).await, 400, words);
    }
}

/// Accounts in every state that a login must not distinguish before the password was right, and their names.
async fn everybody(world: &World) -> Vec<&'static str> {
    let owner = world.owner().await;
    for name in ["right", "unverified", "inactive", "banned", "locked", "deleted"] {
        registered(world, name).await;
    }
    for name in ["right", "inactive", "banned", "locked"] {
        let path = format!("/api/users/{name}");
        assert_eq!(owner.patch(&path, json!({ "emailVerified": true })).await.status, 204);
    }
    for status in ["inactive", "banned"] {
        let path = format!("/api/users/{status}");
        assert_eq!(owner.patch(&path, json!({ "status": status })).await.status, 204);
    }
    assert_eq!(owner.post("/api/users/locked/lock", json!({})).await.status, 204);
    assert_eq!(owner.delete("/api/users/deleted").await.status, 204);
    let invited = json!({ "username": "invited", "email": "invited@example.org" });
    assert_eq!(owner.post("/api/users", invited).await.status, 201);
    let required = Some(EmailVerification::Required);
    set(world, |chosen| chosen.email_verification = required).await;
    vec![
        "nobody",
        "right",
        "unverified",
        "inactive",
        "banned",
        "locked",
        "deleted",
        "invited",
    ]
}

#[tokio::test]
async fn e01_e02_a_wrong_password_gets_one_answer_for_one_comparison_whoever_is_meant() {
    let world = World::new().await;
    let mut looks = Vec::new();
    for name in everybody(&world).await {
        for login_as in [name.to_owned(), format!("{name}@example.org")] {
            let before = world.app.hasher.comparisons();
            let reply = login(&world, &login_as, "not this one").await;
            assert_refusal(&reply, 403, WRONG);
            assert_eq!(world.app.hasher.comparisons() - before, 1, "{login_as}");
            looks.push((login_as, Look::of(&reply)));
        }
    }
    for (name, look) in &looks {
        assert_eq!(*look, looks[0].1, "{name}");
    }
    for odd in ["", "@", "jane doe", "\u{0}", &"x".repeat(3000)] {
        assert_eq!(
            Look::of(&login(&world, odd, "not this one").await),
            looks[0].1,
            "{odd:?}"
        );
    }
}

#[tokio::test]
async fn once_the_password_was_right_the_account_s_state_is_reported() {
    let world = World::new().await;
    everybody(&world).await;
    let refused = |name: &'static str| login(&world, name, PASSWORD);
    assert_eq!(refused("right").await.status, 200);
    assert_refusal(
        &refused("unverified").await,
        403,
        "Please verify your email before logging in",
    );
    assert_refusal(&refused("banned").await, 403, "The account is banned");
    assert_refusal(&refused("inactive").await, 403, "The account is inactive");
    let locked = refused("locked").await;
    assert_refusal(&locked, 423, "The account is locked");
    assert_eq!(locked.header("retry-after"), "", "only an administrator ends it");
    assert_refusal(&refused("deleted").await, 403, WRONG);
}

#[tokio::test]
async fn a_verified_address_is_asked_for_where_the_tenant_requires_it_and_of_those_who_have_one() {
    let world = World::new().await;
    let jane = registered(&world, "jane").await;
    let bare = json!({ "username": "bare" });
    assert_eq!(super::register(&world.nobody(), bare).await.status, 200);
    for (setting, status) in [
        (None, 200),
        (Some(EmailVerification::Optional), 200),
        (Some(EmailVerification::Off), 200),
        (Some(EmailVerification::Required), 403),
    ] {
        set(&world, |chosen| chosen.email_verification = setting).await;
        assert_eq!(login(&world, "jane", PASSWORD).await.status, status, "{setting:?}");
        assert_eq!(login(&world, "bare", PASSWORD).await.status, 200, "{setting:?}");
    }
    let link = one_time(&world, &jane, Purpose::VerifyEmail).await;
    assert_eq!(
        world
            .nobody()
            .get(&format!("/v1/user/email/verify/{link}"))
            .await
            .status,
        200
    );
    assert_eq!(login(&world, "jane", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn e05_five_failures_on_any_surface_lock_an_account_and_an_unregistered_name_alike() {
    let world = World::new().await;
    registered(&world, "jane").await;
    let mut looks = Vec::new();
    for (name, address) in [
        ("jane@example.org", "JANE@example.org"),
        ("nobody@example.org", "NOBODY@example.org"),
    ] {
        for n in 0..5 {
            let status = match n % 2 {
                0 => login(&world, name, "wrong").await.status,
                _ => auth::login(&world, address, "wrong").await.status,
            };
            assert_eq!(status.as_u16(), [403, 401][n % 2], "failure {n} of {name}");
        }
        let compared = world.app.hasher.comparisons();
        for password in ["wrong", PASSWORD] {
            let reply = login(&world, name, password).await;
            assert_refusal(&reply, 423, "The account is locked until 2026-11-22T08:15:00.000Z");
            assert_eq!(reply.header("retry-after"), "900");
            looks.push(Look::of(&reply));
            assert_eq!(auth::login(&world, name, password).await.status, 423, "elsewhere too");
        }
        assert_eq!(
            world.app.hasher.comparisons(),
            compared,
            "nothing is compared while {name} is locked"
        );
    }
    assert!(looks.iter().all(|look| *look == looks[0]), "{looks:#?}");
    world.clock.advance(900);
    assert_eq!(login(&world, "jane", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_account_of_another_contract_logs_in_whatever_its_name_and_password() {
    let world = World::new().await;
    let password = "x".repeat(128);
    let name = "Zoë.of-more-than-20-characters";
    let body = json!({ "username": name, "password": password });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
    let reply = login(&world, name, &password).await;
    assert_eq!(reply.body["data"]["username"], name, "{}", reply.text);
}

#[tokio::test]
async fn an_account_made_here_logs_in_through_the_other_contract() {
    let world = World::new().await;
    let body = json!({ "username": "jane", "password": "six-ch", "confirm_password": "six-ch" });
    assert_eq!(super::register(&world.nobody(), body).await.status, 200);
    assert_eq!(auth::login(&world, "jane", "six-ch").await.status, 200);
}

#[tokio::test]
async fn rule_14_a_one_time_password_gets_a_token_that_opens_nothing_but_changing_it() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let path = format!("/api/users/{id}/reset-password");
    let made = world.owner().await.post_empty(&path).await;
    let temporary = made.str("temporaryPassword").to_owned();
    let token = token_of(&login(&world, "jane", &temporary).await);
    let me = world.with_token(&token);
    assert_eq!(me.get("/api/me/profile").await.problem(), "must-change-password");
    let refused = me.delete("/v1/user/ban/admin").await;
    assert_refusal(&refused, 403, "Change your password first");
    let body = json!({ "current_password": temporary, "password": "six-ch", "confirm_password": "six-ch" });
    assert_eq!(me.post("/v1/user/jane/change-password", body).await.status, 200);
    assert_eq!(me.get("/api/me/profile").await.status, 200);
}

#[tokio::test]
async fn every_login_and_failure_is_in_the_history_under_this_contract_s_name() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    token(&world, "jane").await;
    world.clock.advance(1);
    login(&world, "jane", "wrong").await;
    let rows = world
        .owner()
        .await
        .get(&format!("/api/users/{id}/login-history"))
        .await
        .body;
    let rows = rows["items"].as_array().unwrap().clone();
    let entries: Vec<(Value, Value)> = rows
        .iter()
        .map(|row| (row["kind"].clone(), row["surface"].clone()))
        .collect();
    let row = |kind: &str| (json!(kind), json!("registration"));
    assert_eq!(entries, [row("loginFailed"), row("login")]);
}
