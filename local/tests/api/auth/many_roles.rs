//! What tokens carry of an account's roles, however many and whatever they are called.

use serde_json::{Value, json};

use crate::account::claims;
use crate::support::{PASSWORD, World};

/// As many roles as an account can have beside the one that everybody has, of this length in four-byte letters.
async fn with_roles(world: &World, letters: usize) -> Vec<String> {
    let owner = world.owner().await;
    let mut roles = Vec::new();
    for n in 0..19 {
        let name = format!("{n:02}{}", "\u{20000}".repeat(letters - 2));
        let body = json!({ "name": name, "permissions": ["admin.users"] });
        let made = owner.post("/api/roles", body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        roles.push(name);
    }
    let body = json!({
        "username": "jane", "email": "jane@example.org", "password": PASSWORD, "emailVerified": true, "roles": roles,
    });
    let made = owner.post("/api/users", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    roles
}

#[tokio::test(flavor = "multi_thread")]
async fn nineteen_roles_of_the_longest_names_log_in_through_every_contract() {
    let world = World::new().await;
    with_roles(&world, 64).await;
    let ways: [(&str, Value, &str); 5] = [
        (
            "/api/auth/login",
            json!({ "username": "jane", "password": PASSWORD }),
            "/token",
        ),
        (
            "/api/auth/token",
            json!({ "email": "jane@example.org", "password": PASSWORD }),
            "/accessToken",
        ),
        (
            "/auth/login",
            json!({ "Username": "jane", "Password": PASSWORD }),
            "/Token",
        ),
        (
            "/v1/auth/login",
            json!({ "email": "jane@example.org", "password": PASSWORD }),
            "/access_token",
        ),
        (
            "/v1/user/login",
            json!({ "login": "jane", "password": PASSWORD }),
            "/data/token",
        ),
    ];
    for (path, body, place) in ways {
        for _ in 0..6 {
            let reply = world.nobody().post(path, body.clone()).await;
            assert_eq!(reply.status, 200, "{path}: {}", reply.text);
            let token = reply.body.pointer(place).unwrap().as_str().unwrap();
            assert!(token.len() <= 8_192, "{path}: {}", token.len());
            assert_eq!(claims(token)["roles"], json!([]), "{path}");
            assert_eq!(claims(token)["role_ids"].as_array().unwrap().len(), 20);
            let listed = world.with_token(token).get("/api/users").await;
            assert_eq!(listed.status, 200, "{path}: {}", listed.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_fit_into_a_token_are_in_it() {
    let world = World::new().await;
    let roles = with_roles(&world, 20).await;
    let token = super::login(&world, "jane", PASSWORD).await;
    let named = claims(token.str("token"))["roles"].clone();
    let mut named: Vec<String> = serde_json::from_value(named).unwrap();
    named.sort();
    assert_eq!(named, [roles, vec!["user".to_owned()]].concat());
}
