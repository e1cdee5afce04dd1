//! `POST /api/auth/login`

use serde_json::json;

use super::{Look, covered, login, opens, pair, patched, refresh, token};
use crate::support::{Client, PASSWORD, Reply, World};

#[tokio::test]
async fn a_name_and_its_password_get_a_token_for_eight_hours() {
    let world = World::new().await;
    let body = json!({
        "username": "Jane", "email": "jane@example.org", "password": PASSWORD, "displayName": "Jane D.",
    });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
    let reply = login(&world, "jane", PASSWORD).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), "no-store");
    insta::assert_json_snapshot!(covered(&reply.body, &["/token", "/user/id"]), @r#"
    {
      "token": "[token]",
      "expiresAt": "2026-11-22T16:00:00.000Z",
      "user": {
        "id": "[user/id]",
        "email": "jane@example.org",
        "username": "Jane",
        "displayName": "Jane D.",
        "roles": [
          "user"
        ],
        "mustChangePassword": false
      }
    }
    "#);
    let by_address = login(&world, "JANE@example.org", PASSWORD).await;
    assert_eq!(by_address.body["user"]["id"], reply.body["user"]["id"]);
}

#[tokio::test]
async fn the_token_opens_for_eight_hours_and_cannot_be_refreshed() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let access = login(&world, "jane@example.org", PASSWORD)
        .await
        .str("token")
        .to_owned();
    assert_eq!(refresh(&world, &access).await.status, 401);
    world.clock.advance(8 * 3600 - 1);
    assert_eq!(opens(&world, &access).await, 200);
    world.clock.advance(1);
    assert_eq!(opens(&world, &access).await, 401);
}

#[tokio::test]
async fn what_is_missing_is_reported_with_its_place() {
    let world = World::new().await;
    for (body, pointer) in [
        (json!({ "password": PASSWORD }), "/username"),
        (json!({ "username": "jane" }), "/password"),
        (json!({ "username": ["jane"], "password": PASSWORD }), "/username"),
        (json!({ "username": "jane", "password": 5 }), "/password"),
    ] {
        let reply = world.nobody().post("/api/auth/login", body.clone()).await;
        assert_eq!(
            (reply.status.as_u16(), reply.pointers()),
            (400, vec![pointer]),
            "{body}"
        );
    }
}

/// Accounts in every state that a login must not distinguish, and the names that stand for them.
async fn accounts_in_every_state(world: &World) -> Vec<&'static str> {
    let owner = world.owner().await;
    for name in ["right", "inactive", "banned", "locked", "deleted"] {
        world.user(&format!("{name}@example.org")).await;
    }
    let invited = json!({ "email": "invited@example.org" });
    assert_eq!(owner.post("/api/users", invited).await.status, 201);
    patched(world, "inactive@example.org", json!({ "status": "inactive" })).await;
    patched(world, "banned@example.org", json!({ "status": "banned" })).await;
    assert_eq!(lock(&owner, "locked@example.org").await.status, 204);
    assert_eq!(owner.delete("/api/users/deleted@example.org").await.status, 204);
    vec![
        "unknown@example.org",
        "right@example.org",
        "inactive@example.org",
        "banned@example.org",
        "locked@example.org",
        "deleted@example.org",
        "invited@example.org",
    ]
}

async fn lock(owner: &Client, email: &str) -> Reply {
    owner
        .post(&format!("/api/users/{email}/lock"), json!({ "reason": "abuse" }))
        .await
}

#[tokio::test]
async fn e01_e02_a_wrong_password_gets_one_answer_for_one_comparison_whoever_is_meant() {
    let world = World::new().await;
    let names = accounts_in_every_state(&world).await;
    let mut looks = Vec::new();
    for name in &names {
        let before = world.app.hasher.comparisons();
        let by_token = token(&world, name, "not this one").await;
        let by_login = login(&world, name, "not this one").await;
        assert_eq!(
            world.app.hasher.comparisons() - before,
            2,
            "{name}: one comparison each"
        );
        assert_eq!(by_token.problem(), "wrong-credentials", "{name}");
        looks.push([Look::of(&by_token), Look::of(&by_login)]);
    }
    for (look, name) in looks.iter().zip(&names) {
        assert_eq!(*look, looks[0], "{name}");
    }
    insta::assert_json_snapshot!(login(&world, "unknown@example.org", "x").await.body, @r#"
    {
      "type": "/problems/wrong-credentials",
      "title": "Wrong name or password",
      "status": 401,
      "detail": "wrong name or password",
      "instance": "/api/auth/login"
    }
    "#);
}

#[tokio::test]
async fn e01_the_password_that_was_right_changes_nothing_for_an_account_that_is_gone_or_has_none() {
    let world = World::new().await;
    accounts_in_every_state(&world).await;
    let looks = async |name: &'static str| {
        [
            Look::of(&token(&world, name, PASSWORD).await),
            Look::of(&login(&world, name, PASSWORD).await),
        ]
    };
    let unknown = looks("unknown@example.org").await;
    assert_eq!(looks("deleted@example.org").await, unknown);
    assert_eq!(looks("invited@example.org").await, unknown);
}

#[tokio::test]
async fn e01_a_name_that_is_no_name_is_refused_like_any_other() {
    let world = World::new().await;
    let unknown = Look::of(&login(&world, "nobody", PASSWORD).await);
    for name in [
        "",
        " ",
        "a  b",
        "@",
        "a@b@c",
        "\u{202e}x",
        "' OR 1=1 --",
        "T#main#USER",
        &"x".repeat(5000),
    ] {
        let before = world.app.hasher.comparisons();
        assert_eq!(Look::of(&login(&world, name, PASSWORD).await), unknown, "{name:?}");
        assert_eq!(world.app.hasher.comparisons() - before, 1, "{name:?}");
    }
}

#[tokio::test]
async fn e01_the_state_of_an_account_is_named_only_to_its_own_password() {
    let world = World::new().await;
    accounts_in_every_state(&world).await;
    for status in ["inactive", "banned"] {
        for reply in [
            token(&world, &format!("{status}@example.org"), PASSWORD).await,
            login(&world, &format!("{status}@example.org"), PASSWORD).await,
        ] {
            assert_eq!((reply.status.as_u16(), reply.problem()), (401, "account-not-active"));
            assert_eq!(reply.str("detail"), format!("the account is {status}"));
        }
    }
    let reply = login(&world, "locked@example.org", PASSWORD).await;
    assert_eq!(reply.header("retry-after"), "", "it does not end by itself");
    insta::assert_json_snapshot!(reply.body, @r#"
    {
      "type": "/problems/locked",
      "title": "Account locked",
      "status": 423,
      "detail": "the account is locked",
      "instance": "/api/auth/login",
      "reason": "abuse"
    }
    "#);
}

#[tokio::test]
async fn a_lock_by_an_administrator_states_when_it_ends_and_ends_then() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let body = json!({ "reason": "holiday", "until": "2026-11-22T09:00:00Z" });
    let reply = world.owner().await.post("/api/users/jane@example.org/lock", body).await;
    assert_eq!(reply.status, 204);
    let refused = login(&world, "jane@example.org", PASSWORD).await;
    assert_eq!(refused.status, 423);
    assert_eq!(refused.str("lockoutUntil"), "2026-11-22T09:00:00.000Z");
    assert_eq!(refused.header("retry-after"), "3600");
    world.clock.advance(3600);
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn r06_every_token_of_an_account_dies_with_the_very_next_request_for_good() {
    let world = World::new().await;
    let owner = world.owner().await;
    let changes = [
        json!({ "status": "inactive" }),
        json!({ "status": "banned" }),
        json!({ "status": "locked" }),
        json!({ "password": "another password" }),
        json!({ "email": "elsewhere@example.org" }),
        json!(null),
    ];
    for (n, change) in changes.into_iter().enumerate() {
        let email = format!("jane{n}@example.org");
        let id = world.user(&email).await;
        let access = pair(&world, &email).await.access;
        let long = login(&world, &email, PASSWORD).await.str("token").to_owned();
        assert_eq!((opens(&world, &access).await, opens(&world, &long).await), (200, 200));
        let path = format!("/api/users/{id}");
        let done = if change.is_null() {
            owner.delete(&path).await
        } else {
            owner.patch(&path, change.clone()).await
        };
        assert_eq!(done.status, 204, "{}", done.text);
        assert_eq!(
            (opens(&world, &access).await, opens(&world, &long).await),
            (401, 401),
            "{change}"
        );
        if change["status"].is_string() {
            let back = owner.patch(&path, json!({ "status": "active" })).await;
            assert_eq!(back.status, 204, "{}", back.text);
            assert_eq!(login(&world, &email, PASSWORD).await.status, 200, "{change}");
            assert_eq!(
                opens(&world, &access).await,
                401,
                "a session that was ended stays ended: {change}"
            );
        }
    }
}

#[tokio::test]
async fn i09_a_password_is_taken_exactly_as_it_was_set() {
    let world = World::new().await;
    let owner = world.owner().await;
    let a72 = "a".repeat(72);
    let (x, y) = (format!("{a72}x"), format!("{a72}y"));
    for (n, (set, other)) in [
        (
            "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}e\u{301}",
        ),
        ("  spaces kept  ", "spaces kept"),
        ("nul\0nul\0nul\0", "nul"),
        (
            "\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}",
            "\u{1f511}",
        ),
        (&x, &y),
        (&x, &a72),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("jane{n}@example.org");
        let made = owner
            .post("/api/users", json!({ "email": email, "password": set }))
            .await;
        assert_eq!(made.status, 201, "{set:?}: {}", made.text);
        assert_eq!(login(&world, &email, other).await.status, 401, "{other:?} for {set:?}");
        assert_eq!(login(&world, &email, set).await.status, 200, "{set:?}");
    }
}

#[tokio::test]
async fn i09_a_login_compares_whatever_length_is_sent() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    for password in ["", "x", &"x".repeat(129), &"x".repeat(1025), &"x".repeat(60_000)] {
        let reply = login(&world, "jane@example.org", password).await;
        let length = password.len();
        let want = if length < 60_000 { 401 } else { 423 };
        assert!(
            reply.status == 401 || reply.status == want,
            "{length}: {}",
            reply.status
        );
    }
    // The first account's password is shorter than the minimum of this contract, and lets it in all the same.
    assert_eq!(login(&world, "admin", "Admin@123").await.status, 200);
}

#[tokio::test]
async fn after_a_deletion_the_address_is_another_account_s() {
    let world = World::new().await;
    let old = world.user("jane@example.org").await;
    let access = pair(&world, "jane@example.org").await.access;
    let owner = world.owner().await;
    assert_eq!(owner.delete(&format!("/api/users/{old}")).await.status, 204);
    let body = json!({ "email": "JANE@example.org", "password": "battery staple" });
    assert_eq!(owner.post("/api/users", body).await.status, 201);
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 401);
    let new = login(&world, "jane@example.org", "battery staple").await;
    assert_ne!(new.body["user"]["id"], json!(old));
    assert_eq!(opens(&world, &access).await, 401);
}
