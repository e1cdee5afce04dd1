//! `POST /api/auth/login-dev` and `POST /api/auth/dev-token`: on development stages alone.

use serde_json::{Value, json};

use crate::auth::{covered, login, opens, patched, refresh};
use crate::me::sessions::listed;
use crate::support::{Client, PASSWORD, Reply, World};

async fn login_dev(world: &World, name: &str) -> Reply {
    world
        .nobody()
        .post("/api/auth/login-dev", json!({ "username": name }))
        .await
}

async fn dev_token(world: &World, body: Value) -> Reply {
    world.nobody().post("/api/auth/dev-token", body).await
}

/// Whoever holds the token of this answer.
fn holder(world: &World, reply: &Reply) -> Client {
    assert_eq!(reply.status, 200, "{}", reply.text);
    world.with_token(reply.str("token"))
}

/// The same table, clock and keys on a stage without the development routes.
async fn production(world: &World) -> World {
    let settings = [("USHER_DEV_ENDPOINTS", "false"), ("USHER_STAGE", "prod")];
    World::on(world.db.clone(), world.dynamodb.clone(), &settings).await
}

#[tokio::test]
async fn login_dev_answers_as_login_without_a_password() {
    let world = World::new().await;
    let reply = login_dev(&world, "ADMIN").await;
    assert_eq!(holder(&world, &reply).get("/api/users").await.status, 200);
    insta::assert_json_snapshot!(covered(&reply.body, &["/token", "/user/id"]), @r#"
    {
      "token": "[token]",
      "expiresAt": "2026-11-22T16:00:00.000Z",
      "user": {
        "id": "[user/id]",
        "email": "admin@gauth.local",
        "username": "admin",
        "displayName": null,
        "roles": [
          "user",
          "admin"
        ],
        "mustChangePassword": false
      }
    }
    "#);
    let by_address = login_dev(&world, "admin@gauth.local").await;
    assert_eq!(by_address.body["user"], reply.body["user"]);
    assert_eq!(world.app.hasher.comparisons(), 0);
}

#[tokio::test]
async fn login_dev_lets_in_nobody_who_may_not_log_in() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    for name in ["nobody", "", "nobody@example.org", "a b"] {
        let reply = login_dev(&world, name).await;
        assert_eq!(
            (reply.status.as_u16(), reply.problem()),
            (401, "wrong-credentials"),
            "{name}"
        );
    }
    let reply = world.nobody().post("/api/auth/login-dev", json!({})).await;
    assert_eq!((reply.status.as_u16(), reply.pointers()), (400, vec!["/username"]));
    for status in ["inactive", "banned"] {
        patched(&world, "jane@example.org", json!({ "status": status })).await;
        assert_eq!(
            login_dev(&world, "jane@example.org").await.problem(),
            "account-not-active"
        );
        assert_eq!(
            dev_token(&world, json!({ "username": "jane@example.org" }))
                .await
                .status,
            401
        );
    }
    assert_eq!(
        world.owner().await.delete("/api/users/jane@example.org").await.status,
        204
    );
    assert_eq!(
        login_dev(&world, "jane@example.org").await.problem(),
        "wrong-credentials"
    );
}

#[tokio::test]
async fn a_locked_account_is_answered_as_by_login() {
    let world = World::new().await;
    let body = json!({ "username": "jane", "email": "jane@example.org", "password": PASSWORD });
    let made = world.owner().await.post("/api/users", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("/api/users/{}", made.str("id"));
    let as_by_login = async |name: &str| {
        let mut expected = login(&world, name, PASSWORD).await;
        let dev = dev_token(&world, json!({ "username": name })).await;
        for mut reply in [login_dev(&world, name).await, dev] {
            assert_eq!(
                (reply.status.as_u16(), reply.problem()),
                (423, "locked"),
                "{}",
                reply.text
            );
            assert_eq!(reply.header("retry-after"), expected.header("retry-after"));
            reply.body["instance"] = expected.body["instance"].clone();
            assert_eq!(reply.body, expected.body);
        }
        std::mem::take(&mut expected.body)
    };
    for lock in [
        json!({ "reason": "on leave", "until": "2026-11-23T08:00:00.335Z" }),
        json!({}),
    ] {
        let locked = world.owner().await.post(&format!("{path}/lock"), lock.clone()).await;
        assert_eq!(locked.status, 204, "{}", locked.text);
        let body = as_by_login("jane@example.org").await;
        assert_eq!(body["lockoutUntil"], lock["until"]);
    }
    assert_eq!(
        world.owner().await.post_empty(&format!("{path}/unlock")).await.status,
        204
    );
    // A lock by failed logins is that of the name which was typed.
    for _ in 0..5 {
        assert_eq!(login(&world, "jane", "not this one").await.status, 401);
    }
    let body = as_by_login("jane").await;
    assert_eq!(body["reason"], "too many failed logins");
    assert_eq!(login_dev(&world, "jane@example.org").await.status, 200);
    world.clock.advance(900);
    assert_eq!(login_dev(&world, "jane").await.status, 200);
}

#[tokio::test]
async fn dev_token_is_for_an_account_where_only_its_name_is_given() {
    let world = World::new().await;
    let reply = dev_token(&world, json!({ "username": "admin" })).await;
    insta::assert_json_snapshot!(covered(&reply.body, &["/token"]), @r#"
    {
      "token": "[token]",
      "expiresAt": "2026-11-22T09:00:00.000Z"
    }
    "#);
    let me = holder(&world, &reply).get("/api/me/profile").await;
    assert_eq!(me.str("username"), "admin");
    assert_eq!(refresh(&world, reply.str("token")).await.status, 401);
}

#[tokio::test]
async fn dev_token_lasts_as_long_as_it_asks_for() {
    let world = World::new().await;
    for username in [json!("admin"), json!(null)] {
        for seconds in [1, 60, 86_400] {
            let body = json!({ "username": username, "expiresIn": seconds });
            let body = if username.is_null() {
                json!({ "roles": ["admin"], "expiresIn": seconds })
            } else {
                body
            };
            let client = holder(&world, &dev_token(&world, body).await);
            world.clock.advance_ms(seconds * 1000 - 1);
            assert_eq!(client.get("/api/users").await.status, 200, "{seconds}");
            world.clock.advance_ms(1);
            assert_eq!(client.get("/api/users").await.status, 401, "{seconds}");
        }
    }
    for seconds in [
        json!(0),
        json!(-1),
        json!(86_401),
        json!("60"),
        json!(1.5),
        json!(1e300),
    ] {
        let reply = dev_token(&world, json!({ "expiresIn": seconds })).await;
        assert_eq!(
            (reply.status.as_u16(), reply.pointers()),
            (400, vec!["/expiresIn"]),
            "{seconds}"
        );
    }
}

#[tokio::test]
async fn a_development_principal_may_what_its_roles_and_permissions_hold_and_no_more() {
    let world = World::new().await;
    for (body, users, roles) in [
        (json!({ "roles": ["admin"] }), 200, 200),
        (json!({ "permissions": ["admin.users"] }), 200, 403),
        (json!({ "permissions": ["admin.roles"], "username": "robot" }), 403, 200),
        (
            json!({ "roles": ["user"], "permissions": ["admin.users", "admin.roles"] }),
            200,
            200,
        ),
        (json!({ "roles": ["user"] }), 403, 403),
        (json!({ "roles": [], "username": "admin" }), 403, 403),
        (json!({}), 403, 403),
    ] {
        let client = holder(&world, &dev_token(&world, body.clone()).await);
        assert_eq!(client.get("/api/users").await.status, users, "{body}");
        assert_eq!(client.get("/api/roles").await.status, roles, "{body}");
    }
    let empty = world.nobody().post_empty("/api/auth/dev-token").await;
    assert_eq!(
        holder(&world, &empty).get("/api/users").await.status,
        403,
        "no body at all"
    );
}

#[tokio::test]
async fn a_development_principal_has_no_account_and_no_more_rights_than_a_real_one() {
    let world = World::new().await;
    let robot = holder(&world, &dev_token(&world, json!({ "roles": ["admin"] })).await);
    assert_eq!(robot.get("/api/me/profile").await.status, 404);
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "battery staple" });
    assert_eq!(robot.post("/api/auth/change-password", body).await.status, 404);
    let made = robot
        .post(
            "/api/users",
            json!({ "email": "jane@example.org", "password": PASSWORD }),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let above = robot.delete("/api/users/owner@usher.local").await;
    assert_eq!((above.status.as_u16(), above.problem()), (403, "above-own-rank"));
    assert_eq!(robot.post_empty("/api/auth/logout").await.status, 204);
    assert_eq!(robot.get("/api/users").await.status, 401);
}

#[tokio::test]
async fn a_role_that_does_not_exist_is_reported() {
    let world = World::new().await;
    let reply = dev_token(&world, json!({ "roles": ["admin", "wizard"] })).await;
    assert_eq!((reply.status.as_u16(), reply.pointers()), (400, vec!["/roles"]));
    assert_eq!(
        dev_token(&world, json!({ "roles": "admin" })).await.pointers(),
        ["/roles"]
    );
}

#[tokio::test]
async fn z09_the_roles_of_a_development_principal_are_what_they_are_now() {
    let world = World::new().await;
    let owner = world.owner().await;
    let body = json!({ "name": "clerk", "permissions": ["admin.users"] });
    assert_eq!(owner.post("/api/roles", body).await.status, 201);
    let clerk = holder(&world, &dev_token(&world, json!({ "roles": ["clerk"] })).await);
    assert_eq!(clerk.get("/api/users").await.status, 200);
    let changed = owner
        .patch("/api/roles/clerk", json!({ "permissions": ["admin.roles"] }))
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(clerk.get("/api/users").await.status, 403);
    assert_eq!(clerk.get("/api/roles").await.status, 200);
    assert_eq!(owner.delete("/api/roles/clerk").await.status, 204);
    assert_eq!(clerk.get("/api/roles").await.status, 403);
}

#[tokio::test]
async fn on_every_other_stage_the_two_routes_do_not_exist() {
    // Where they cannot be switched on (settings.rs), nor are they there unasked.
    for stage in ["staging", "prod", ""] {
        let world = World::with(&[("USHER_STAGE", stage), ("USHER_DEV_ENDPOINTS", "")]).await;
        do_not_exist(&world).await;
    }
    for switch in ["false", ""] {
        do_not_exist(&World::with(&[("USHER_DEV_ENDPOINTS", switch)]).await).await;
    }
}

async fn do_not_exist(world: &World) {
    let nobody = world.nobody();
    for path in ["/api/auth/login-dev", "/api/auth/dev-token"] {
        for body in [
            json!({ "username": "admin" }),
            json!({ "roles": ["admin"] }),
            json!(null),
        ] {
            let reply = nobody.post(path, body).await;
            assert_eq!(
                (reply.status.as_u16(), reply.problem()),
                (404, "no-such-route"),
                "{path}"
            );
        }
        assert_eq!(nobody.get(path).await.status, 404, "not even by another method: {path}");
    }
}

#[tokio::test]
async fn t10_what_was_minted_without_a_password_opens_nothing_on_a_stage_without_the_routes() {
    let dev = World::new().await;
    let prod = production(&dev).await;
    let real = login(&dev, "admin", "Admin@123").await;
    assert_eq!(
        opens(&prod, real.str("token")).await,
        200,
        "the two share their table and keys"
    );
    for reply in [
        login_dev(&dev, "admin").await,
        dev_token(&dev, json!({ "username": "admin" })).await,
        dev_token(&dev, json!({ "roles": ["admin"] })).await,
        dev_token(&dev, json!({ "permissions": ["admin.users"] })).await,
    ] {
        let token = reply.str("token");
        assert_eq!(dev.with_token(token).get("/api/users").await.status, 200);
        assert_eq!(prod.with_token(token).get("/api/users").await.status, 401);
    }
}

#[tokio::test]
async fn a_login_without_a_password_is_in_the_history_like_any_other() {
    let world = World::new().await;
    let me = holder(&world, &login_dev(&world, "owner").await);
    let history = me.get("/api/me/login-history").await;
    assert_eq!(history.body["items"][0]["kind"], "login");
}

#[tokio::test]
async fn a_session_that_no_password_opened_is_listed_on_its_own_stage_alone() {
    let dev = World::new().await;
    let prod = production(&dev).await;
    let real = login(&dev, "admin", "Admin@123").await;
    holder(&dev, &login_dev(&dev, "admin").await);
    for (world, many) in [(&dev, 2), (&prod, 1)] {
        let me = world.with_token(real.str("token"));
        let listed = listed(&me).await;
        assert_eq!(listed.len(), many, "{listed:?}");
        assert!(listed.iter().any(|session| session["current"] == true), "{listed:?}");
    }
}
