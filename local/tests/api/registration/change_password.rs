//! `POST /v1/user/{user}/change-password`

use serde_json::{Value, json};

use super::{assert_refusal, login, number_of, register, registered, token, verdict};
use crate::auth::{self, opens, pair};
use crate::backstage::mails;
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, Reply, World};

const NEW: &str = "six-ch";

async fn change(client: &Client, user: &str, current: &str, new: &str) -> Reply {
    let body = json!({ "current_password": current, "password": new, "confirm_password": new });
    client.post(&format!("/v1/user/{user}/change-password"), body).await
}

#[tokio::test]
async fn the_password_changes_and_every_other_session_on_every_surface_ends() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let verified = json!({ "emailVerified": true });
    let reply = world.owner().await.patch(&format!("/api/users/{id}"), verified).await;
    assert_eq!(reply.status, 204);
    let (own, other) = (token(&world, "jane").await, token(&world, "jane").await);
    let elsewhere = pair(&world, "jane@example.org").await;
    let reply = change(&world.with_token(&own), &id, PASSWORD, NEW).await;
    assert_eq!(reply.status, 200);
    let number = number_of(&world, &id);
    assert_eq!(
        reply.body,
        json!({ "data": format!("Password changed for user with ID: {number}") })
    );
    assert_eq!(opens(&world, &own).await, 200, "its own goes on");
    assert_eq!(
        (opens(&world, &other).await, opens(&world, &elsewhere.access).await),
        (401, 401)
    );
    assert_eq!(auth::refresh(&world, &elsewhere.refresh).await.status, 401);
    assert_eq!(login(&world, "jane", PASSWORD).await.status, 403);
    assert_eq!(login(&world, "jane", NEW).await.status, 200);
    assert!(mails(&world).contains(&("passwordChanged".to_owned(), "jane@example.org".to_owned())));
    assert_reconciled(&world);
}

#[tokio::test]
async fn the_account_is_named_by_its_number_its_id_its_name_or_its_address_in_any_letter_case() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let number = number_of(&world, &id).to_string();
    let me = world.with_token(&token(&world, "jane").await);
    let mut current = PASSWORD.to_owned();
    let address = "Jane%40Example.org";
    let names = [number.as_str(), &id, "jane", "JANE", "jane@example.org", address];
    for (n, name) in names.iter().enumerate() {
        let new = format!("password {n}");
        assert_eq!(change(&me, name, &current, &new).await.status, 200, "{name}");
        current = new;
    }
}

#[tokio::test]
async fn z02_another_s_account_is_refused_whether_it_exists_or_not_even_to_an_owner() {
    let world = World::new().await;
    let (jane, john) = (registered(&world, "jane").await, registered(&world, "john").await);
    let number = number_of(&world, &john).to_string();
    let me = world.with_token(&token(&world, "jane").await);
    for other in [
        &john,
        &number,
        "1",
        "john",
        "john@example.org",
        "nobody",
        "00000000-0000-7000-8000-000000000000",
    ] {
        for current in [PASSWORD, "wrong"] {
            let reply = change(&me, other, current, NEW).await;
            assert_refusal(&reply, 403, "This is another's account");
        }
    }
    let owner = world.owner().await;
    assert_refusal(
        &change(&owner, &jane, "Owner@12345", NEW).await,
        403,
        "This is another's account",
    );
    let attempts = crate::backstage::account(&world, &jane);
    for count in ["emailFailedLoginCount", "usernameFailedLoginCount"] {
        assert!(attempts.get(count).is_none(), "it costs no attempt");
    }
    assert_eq!(login(&world, "john", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_wrong_current_password_is_named_as_such_also_where_the_new_one_is_the_same() {
    let world = World::new().await;
    registered(&world, "jane").await;
    let me = world.with_token(&token(&world, "jane").await);
    for _ in 0..2 {
        for _ in 0..4 {
            let reply = change(&me, "jane", "wrong-one", "wrong-one").await;
            assert_refusal(&reply, 403, "Invalid current password");
        }
        // The right one is no failure, and ends the count of them.
        let reply = change(&me, "jane", PASSWORD, PASSWORD).await;
        assert_eq!(reply.status, 400, "{}", reply.text);
        assert!(
            reply.text.contains("he new password is the present one"),
            "{}",
            reply.text
        );
    }
    for _ in 0..5 {
        assert_eq!(change(&me, "jane", "wrong-one", "wrong-one").await.status, 403);
    }
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 423);
}

#[tokio::test]
async fn a_wrong_current_password_counts_as_a_failed_login_and_the_fifth_locks() {
    let world = World::new().await;
    registered(&world, "jane").await;
    let own = token(&world, "jane").await;
    let me = world.with_token(&own);
    for _ in 0..3 {
        assert_refusal(
            &change(&me, "jane", "wrong", NEW).await,
            403,
            "Invalid current password",
        );
    }
    // It counts under the address.
    assert_eq!(login(&world, "jane@example.org", "wrong").await.status, 403);
    assert_refusal(
        &change(&me, "jane", "wrong", NEW).await,
        403,
        "Invalid current password",
    );
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 423);
    assert_eq!(auth::login(&world, "jane@example.org", PASSWORD).await.status, 423);
    assert_eq!(change(&me, "jane", PASSWORD, NEW).await.status, 423);
    assert_eq!(verdict(&world, &own).await, "Token is valid.", "the session goes on");
}

#[tokio::test]
async fn what_breaks_a_rule_is_400_and_costs_no_attempt() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let me = world.with_token(&token(&world, "jane").await);
    let compared = world.app.hasher.comparisons();
    let with = |name: &str, value: Value| {
        let mut body = json!({ "current_password": PASSWORD, "password": NEW, "confirm_password": NEW });
        body[name] = value;
        body
    };
    let long = "x".repeat(65);
    for (body, words) in [
        (
            with("confirm_password", json!("abcdeg")),
            "Password and confirm_password are not the same",
        ),
        (
            json!({ "password": NEW, "confirm_password": NEW }),
            "Missing field `current_password`",
        ),
        (
            json!({ "current_password": PASSWORD, "confirm_password": NEW }),
            "Missing field `password`",
        ),
        (
            json!({ "current_password": PASSWORD, "password": NEW }),
            "Missing field `confirm_password`",
        ),
        (
            json!({ "current_password": PASSWORD, "password": "12345", "confirm_password": "12345" }),
            "The password must have at least 6 characters",
        ),
        (
            json!({ "current_password": PASSWORD, "password": long, "confirm_password": long }),
            "The password must have at most 64 characters",
        ),
        (with("password", json!(null)), "Missing field `password`"),
    ] {
        assert_refusal(
            &me.post(&format!("/v1/user/{id}/change-password"), body).await,
            400,
            words,
        );
    }
    assert_eq!(world.app.hasher.comparisons(), compared);
}

#[tokio::test]
async fn a_guest_is_asked_to_sign_in() {
    let world = World::new().await;
    let reply = change(&world.nobody(), "admin", "Admin@123", NEW).await;
    assert_refusal(&reply, 401, "Sign in first: this needs a bearer token");
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    let reply = change(&world.with_token("x"), "admin", "Admin@123", NEW).await;
    assert_refusal(&reply, 401, "Token invalid.");
    assert_eq!(reply.header("www-authenticate"), r#"Bearer error="invalid_token""#);
}

#[tokio::test]
async fn an_account_called_ban_gives_its_id_because_that_path_is_another_route() {
    let world = World::new().await;
    for name in ["ban", "email", "token", "login"] {
        let id = registered(&world, name).await;
        let me = world.with_token(&token(&world, name).await);
        let by_name = change(&me, name, PASSWORD, NEW).await;
        if name == "ban" {
            assert_refusal(&by_name, 405, "This path does not take this method");
            assert_eq!(change(&me, &id, PASSWORD, NEW).await.status, 200);
        } else {
            assert_eq!(by_name.status, 200, "{name}: {}", by_name.text);
        }
    }
}

#[tokio::test]
async fn a_number_that_is_another_s_username_is_its_owner_s_and_no_ban_goes_by_it() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let number = number_of(&world, &id).to_string();
    assert_eq!(
        register(&world.nobody(), json!({ "username": number })).await.status,
        200
    );
    let (jane, digits) = (token(&world, "jane").await, token(&world, &number).await);
    assert_eq!(
        change(&world.with_token(&jane), &number, PASSWORD, NEW).await.status,
        200
    );
    assert_eq!(
        change(&world.with_token(&digits), &number, PASSWORD, NEW).await.status,
        200
    );
    let banned = world.owner().await.delete(&format!("/v1/user/ban/{number}")).await;
    assert_eq!(banned.body, json!({ "data": format!("Banned user: {number}") }));
    assert_eq!(login(&world, "jane", NEW).await.status, 200);
    assert_eq!(login(&world, &number, NEW).await.status, 403);
}
