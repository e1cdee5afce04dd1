//! What a new password must not be, wherever one is set (rule 4), and temporary ones.

use reqwest::Method;
use serde_json::{Value, json};
use usher::domain::mail::Purpose;
use usher::proof::opaque::{Kind, Opaque};
use usher::secrecy::ExposeSecret;

use super::login;
use crate::backstage::one_time;
use crate::support::{Client, PASSWORD, Reply, World};
use crate::users::{role, signed_in_with};

const NEW: &str = "battery staple";
const SAME: &str = "the new password is the present one";
const NAMED: &str = "the password must not be the account's own address or username";

const COMMON: &str = "the password is one of the most common ones: choose another";

/// An account called `janet-of-usher`, at `Janet@Example.org`; its id and itself signed in.
async fn janet(world: &World) -> (String, Client) {
    let body = json!({ "username": "janet-of-usher", "email": "Janet@Example.org", "password": PASSWORD });
    let made = world.owner().await.post("/api/users", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    (
        made.str("id").to_owned(),
        world.signed_in("janet-of-usher", PASSWORD).await,
    )
}

fn refused(reply: &Reply, sentence: &str) {
    assert_eq!(reply.status, 400, "{}", reply.text);
    assert!(
        reply.text.to_lowercase().contains(&sentence.to_lowercase()),
        "{}",
        reply.text
    );
}

/// Sets this password in every way in which somebody who is there sets one; the answers.
async fn set_everywhere(world: &World, new: &str) -> Vec<(&'static str, Reply)> {
    let (id, me) = janet(world).await;
    let owner = world.owner().await;
    let link = one_time(world, &id, Purpose::SetPassword).await;
    let other = one_time(world, &id, Purpose::SetPassword).await;
    let user = format!("/api/users/{id}");
    let own: [(&str, Value); 3] = [
        (
            "/api/auth/change-password",
            json!({ "currentPassword": PASSWORD, "newPassword": new }),
        ),
        (
            "/v1/user/janet-of-usher/change-password",
            json!({ "current_password": PASSWORD, "password": new, "confirm_password": new }),
        ),
        (
            "/user/change",
            json!({ "Key": "Password", "Old": PASSWORD, "New": new }),
        ),
    ];
    let mut answers = Vec::new();
    for (path, body) in own {
        answers.push((path, me.post(path, body).await));
    }
    let guest = world.nobody();
    let body = json!({ "token": link, "newPassword": new });
    answers.push(("set-password", guest.post("/api/auth/set-password", body).await));
    let body = json!({ "Token": other, "New": new });
    answers.push(("resetpassword", guest.post("/auth/resetpassword", body).await));
    let reset = format!("{user}/reset-password");
    answers.push((
        "reset-password",
        owner.post(&reset, json!({ "newPassword": new })).await,
    ));
    let body = json!({ "Key": "Password", "Id": id, "New": new });
    answers.push(("another's Change", owner.post("/admin/change", body).await));
    let body = json!({ "password": new });
    answers.push(("PUT", owner.put(&format!("/v1/admin/users/{id}"), body).await));
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_is_not_the_present_one_in_any_contract() {
    let world = World::new().await;
    for (way, reply) in set_everywhere(&world, PASSWORD).await {
        eprintln!("{way}");
        refused(&reply, SAME);
    }
    let body = json!({ "password": PASSWORD });
    let patched = world.owner().await.patch("/api/users/janet-of-usher", body).await;
    assert_eq!((patched.status.as_u16(), patched.problem()), (409, "same-password"));
    assert_eq!(login(&world, "janet-of-usher", PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn to_set_the_present_password_over_and_over_locks_nobody() {
    let world = World::new().await;
    let (_, me) = janet(&world).await;
    let owner = world.owner().await;
    for n in 0..6 {
        let (key, body) = (format!("{n}"), json!({ "newPassword": PASSWORD }));
        let path = "/api/users/janet-of-usher/reset-password";
        let headers = [("idempotency-key", key.as_str())];
        let reset = owner.send(Method::POST, path, Some(body), &headers).await;
        assert_eq!(reset.status, 400, "{n}: {}", reset.text);
        let shown = me.get("/api/me/profile").await;
        assert_eq!(
            shown.body["failedLoginCount"],
            json!(0),
            "{n}, by a key: {}",
            shown.text
        );
        let body = json!({ "password": PASSWORD });
        let patched = owner.patch("/api/users/janet-of-usher", body).await;
        assert_eq!(
            (patched.status.as_u16(), patched.problem()),
            (409, "same-password"),
            "{n}"
        );
        let shown = me.get("/api/me/profile").await;
        assert_eq!(shown.body["failedLoginCount"], json!(0), "{n}: {}", shown.text);
    }
    assert_eq!(login(&world, "janet-of-usher", PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_is_the_account_s_own_address_or_username_in_any_letter_case_or_width() {
    for name in [
        "JANET@example.ORG",
        "Janet-of-Usher",
        "\u{ff2a}\u{ff41}\u{ff4e}\u{ff45}\u{ff54}-of-usher",
        "janet@\u{ff45}xample.org",
        "janet\u{ff20}example\u{3002}org",
    ] {
        let world = World::new().await;
        for (way, reply) in set_everywhere(&world, name).await {
            eprintln!("{way}");
            refused(&reply, NAMED);
        }
        let owner = world.owner().await;
        refused(
            &owner
                .patch("/api/users/janet-of-usher", json!({ "password": name }))
                .await,
            NAMED,
        );
        let both = json!({ "username": "another-name", "password": "Another-Name" });
        refused(&owner.patch("/api/users/janet-of-usher", both).await, NAMED);
        assert_eq!(login(&world, "janet-of-usher", PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn no_new_account_has_its_name_for_a_password() {
    let world = World::new().await;
    let (guest, owner) = (world.nobody(), world.owner().await);
    let body = json!({ "Email": "jane@example.org", "Username": "jane-of-usher", "Password": "Jane-of-Usher" });
    refused(&guest.post("/auth/register", body).await, NAMED);
    let body = json!({ "username": "jane-of-usher", "password": "jane-of-usher", "confirm_password": "jane-of-usher" });
    refused(&guest.post("/v1/user/register", body).await, NAMED);
    let body = json!({ "email": "jane@example.org", "password": "Jane@Example.org" });
    refused(&owner.post("/api/users", body).await, NAMED);
    let body = json!({ "email": "jane@example.org", "password": "jane@example.org", "user_name": "jane" });
    refused(&owner.post("/v1/admin/users", body).await, NAMED);
    let body = json!({ "id": "acme", "owner": { "email": "jane@example.org", "password": "jane@example.org" } });
    refused(&owner.post("/api/tenants", body).await, NAMED);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_is_one_of_the_commonest_in_any_contract_or_letter_case() {
    let world = World::new().await;
    for (way, reply) in set_everywhere(&world, "Password123").await {
        eprintln!("{way}");
        refused(&reply, COMMON);
    }
    let (guest, owner) = (world.nobody(), world.owner().await);
    let body = json!({ "password": "PASSWORD123" });
    refused(&owner.patch("/api/users/janet-of-usher", body).await, COMMON);
    assert_eq!(login(&world, "janet-of-usher", PASSWORD).await.status, 200);
    let body = json!({ "Email": "jane@example.org", "Username": "jane", "Password": "1qaz2wsx3edc" });
    let reply = guest.post("/auth/register", body).await;
    refused(&reply, COMMON);
    assert_eq!(reply.body["Errors"], json!({ "Password": [COMMON] }));
    let sentence = "The password is one of the most common ones: choose another";
    let body = json!({ "username": "jane", "password": "abcdef", "confirm_password": "abcdef" });
    let reply = guest.post("/v1/user/register", body).await;
    assert_eq!((reply.status.as_u16(), reply.body), (400, json!({ "error": sentence })));
    let body = json!({ "email": "jane@example.org", "password": "qwertyuiop" });
    let reply = owner.post("/api/users", body).await;
    refused(&reply, COMMON);
    assert_eq!(reply.pointers(), ["/password"]);
    let body = json!({ "email": "jane@example.org", "password": "dragon", "user_name": "jane" });
    let reply = owner.post("/v1/admin/users", body).await;
    let details = json!([{ "field": "password", "message": sentence }]);
    assert_eq!((reply.status.as_u16(), &reply.body["details"]), (400, &details));
    let body = json!({ "id": "acme", "owner": { "email": "jane@example.org", "password": "1234567890" } });
    refused(&owner.post("/api/tenants", body).await, COMMON);
    assert_eq!(owner.get("/api/users/jane@example.org").await.status, 404);
}

#[tokio::test]
async fn a_password_that_must_be_changed_is_not_changed_to_itself() {
    let world = World::new().await;
    let body = json!({ "username": "jane", "password": PASSWORD, "mustChangePassword": true });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
    let me = world.signed_in("jane", PASSWORD).await;
    let change = |new: &str| json!({ "currentPassword": PASSWORD, "newPassword": new });
    refused(&me.post("/api/auth/change-password", change(PASSWORD)).await, SAME);
    assert_eq!(me.get("/api/me/profile").await.status, 403);
    assert_eq!(me.post("/api/auth/change-password", change(NEW)).await.status, 204);
    assert_eq!(me.get("/api/me/profile").await.status, 200);
}

#[tokio::test]
async fn a_temporary_password_ends_after_three_days_and_is_a_wrong_one_then() {
    let world = World::new().await;
    let (id, _) = janet(&world).await;
    let reset = format!("/api/users/{id}/reset-password");
    let made = world.owner().await.post_empty(&reset).await;
    let temporary = made.str("temporaryPassword").to_owned();
    world.clock.advance(72 * 3600 - 1);
    let in_time = login(&world, "janet-of-usher", &temporary).await;
    assert_eq!(in_time.status, 200);
    world.clock.advance(1);
    let late = login(&world, "janet-of-usher", &temporary).await;
    let wrong = login(&world, "janet-of-usher", "not this one").await;
    assert_eq!((late.status.as_u16(), &late.body), (401, &wrong.body));
    let me = world.with_token(in_time.str("token"));
    let change = json!({ "currentPassword": temporary, "newPassword": NEW });
    assert_eq!(me.post("/api/auth/change-password", change).await.status, 403);
    let again = world.owner().await.post(&reset, json!({ "newPassword": NEW })).await;
    assert_eq!(again.status, 204);
    world.clock.advance(100 * 3600);
    assert_eq!(
        login(&world, "janet-of-usher", NEW).await.status,
        200,
        "a chosen one does not end"
    );
}

#[tokio::test]
async fn a_stack_sets_for_how_long_temporary_passwords_hold() {
    let world = World::with(&[("USHER_TEMPORARY_PASSWORD_HOURS", "1")]).await;
    let (id, _) = janet(&world).await;
    let made = world
        .owner()
        .await
        .post_empty(&format!("/api/users/{id}/reset-password"))
        .await;
    world.clock.advance(3600);
    let late = login(&world, "janet-of-usher", made.str("temporaryPassword")).await;
    assert_eq!(late.status, 401);
}

#[tokio::test]
async fn a_one_time_token_that_was_never_given_out_costs_no_hash() {
    let world = World::new().await;
    let (hashed, compared) = (world.app.hasher.hashes(), world.app.hasher.comparisons());
    let token = Opaque::mint(Kind::OneTime).unwrap();
    let body = json!({ "token": token.text().expose_secret(), "newPassword": NEW });
    let reply = world.nobody().post("/api/auth/set-password", body).await;
    assert_eq!((reply.status.as_u16(), reply.problem()), (400, "invalid-link"));
    assert_eq!(
        (world.app.hasher.hashes(), world.app.hasher.comparisons()),
        (hashed, compared)
    );
}

/// What is set for another is a guess at what is there: bounded and counted, whatever else is wrong with the request.
#[tokio::test(flavor = "multi_thread")]
async fn c07_no_route_compares_a_password_more_often_than_a_login_does() {
    let world = World::new().await;
    role(&world, "users", &["admin.users"]).await;
    let (_, users) = signed_in_with(&world, "users@example.org", &["users"]).await;
    let id = world.user("jane@example.org").await;
    let path = format!("/api/users/{id}");
    for late in [json!({ "status": "deleted" }), json!({ "username": "owner" })] {
        let before = world.app.hasher.comparisons();
        for n in 0..9 {
            let mut body = late.clone();
            body["password"] = json!(format!("guess number {n}"));
            let reply = users.patch(&path, body).await;
            assert!([400, 409].contains(&reply.status.as_u16()), "{}", reply.text);
        }
        assert!(world.app.hasher.comparisons() - before <= 5, "{late}");
    }
    // One's own count is not cleared by what one may do as an administrator.
    let own = format!("/api/users/{}", users.get("/api/me/profile").await.str("id"));
    let before = world.app.hasher.comparisons();
    for _ in 0..3 {
        for _ in 0..5 {
            let wrong = json!({ "currentPassword": "not this one", "newPassword": "battery staple" });
            users.post("/api/auth/change-password", wrong).await;
        }
        assert_eq!(users.post_empty(&format!("{own}/unlock")).await.status, 204);
        assert_eq!(users.patch(&own, json!({ "status": "active" })).await.status, 204);
        assert_eq!(users.put(&own, json!({ "status": "active" })).await.status, 204);
    }
    assert_eq!(world.app.hasher.comparisons() - before, 5);
}

/// What was asked for is refused when the password was compared already: the place that this took is a failed login, so that
/// no lock comes without a trace.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_that_guessed_at_a_password_is_a_failed_login_and_locks_in_sight() {
    let world = World::new().await;
    role(&world, "users", &["admin.users"]).await;
    let (_, users) = signed_in_with(&world, "users@example.org", &["users"]).await;
    let owner = world.owner().await;
    for (name, at_admin) in [("vic", false), ("vera", true)] {
        let id = world.user(&format!("{name}@example.org")).await;
        for n in 0..5 {
            let password = format!("some other pass {n}");
            let refused = if at_admin {
                let body = json!({ "password": password, "email": "users@example.org" });
                owner.put(&format!("/v1/admin/users/{id}"), body).await
            } else {
                let body = json!({ "password": password, "username": "owner" });
                users.patch(&format!("/api/users/{id}"), body).await
            };
            assert_eq!(refused.status, 409, "{}", refused.text);
        }
        let right = login(&world, &format!("{name}@example.org"), PASSWORD).await;
        assert_eq!(right.status, 423, "{}", right.text);
        let shown = owner.get(&format!("/api/users/{id}")).await;
        assert_eq!(
            (shown.str("status"), shown.str("lockoutUntil")),
            ("locked", right.str("lockoutUntil"))
        );
        let locked = owner.get(&format!("/api/users?status=locked&q={name}")).await;
        assert_eq!(locked.body["items"][0]["id"], json!(id), "{}", locked.text);
        let history = owner.get(&format!("/api/users/{id}/login-history")).await;
        let mut kinds: Vec<&str> = history.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|row| row["kind"].as_str())
            .collect();
        kinds.sort_unstable();
        assert_eq!(kinds[..], [["lockout"].as_slice(), &["loginFailed"; 5]].concat());
        // What is done leaves none.
        let body = json!({ "password": "some other pass", "emailVerified": true });
        assert_eq!(owner.post_empty(&format!("/api/users/{id}/unlock")).await.status, 204);
        assert_eq!(owner.patch(&format!("/api/users/{id}"), body).await.status, 204);
        let after = owner.get(&format!("/api/users/{id}/login-history")).await;
        assert_eq!(after.body["items"], history.body["items"]);
    }
}
