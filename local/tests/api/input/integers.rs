//! Integers, however they are written.

use reqwest::Method;
use serde_json::{Value, json};

use super::raw;
use crate::support::{Client, World};
use crate::users::invalid;

async fn sent(client: &Client, method: Method, path: &str, body: &str) -> Value {
    let reply = raw(client, &method, path, body.to_owned()).await;
    assert!(reply.status.is_success(), "{method} {path} {body}: {}", reply.text);
    reply.body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_without_a_fraction_is_an_integer_wherever_one_is_read() {
    let world = World::new().await;
    let owner = world.owner().await;
    for number in ["42", "42.0", "4.2e1", "420E-1", "42.000000000000000000000"] {
        let made = sent(
            &owner,
            Method::PATCH,
            "/api/me/profile",
            &format!(r#"{{"age":{number}}}"#),
        )
        .await;
        assert_eq!(made["age"], 42, "{number}");
        let body = format!(r#"{{"email":"u{number}@example.org","age":{number}}}"#);
        assert_eq!(
            sent(&owner, Method::POST, "/api/users", &body).await["age"],
            42,
            "{number}"
        );
        let body = format!(r#"{{"name":"r{number}","maxCount":{number}}}"#);
        let role = sent(&owner, Method::POST, "/api/roles", &body).await;
        assert_eq!(role["maxCount"], 42, "{number}");
        let body = format!(r#"{{"maxCount":{number}}}"#);
        assert_eq!(
            sent(&owner, Method::PATCH, "/api/roles/SYS_ADMIN", &body).await["maxCount"],
            42
        );
        let body = format!(r#"{{"lockout":{{"limit":{number}}},"min_password_length":1e1}}"#);
        let settings = sent(&owner, Method::PATCH, "/v1/settings", &body).await;
        assert_eq!(
            (&settings["lockout"]["limit"], &settings["min_password_length"]),
            (&json!(42), &json!(10))
        );
        sent(
            &owner,
            Method::POST,
            "/api/auth/dev-token",
            &format!(r#"{{"expiresIn":{number}}}"#),
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fraction_or_a_number_that_is_too_large_is_400_and_says_so() {
    let world = World::new().await;
    let owner = world.owner().await;
    let numbers = [
        "42.5",
        "1e-9",
        "-1",
        "-1.0",
        "1e19",
        "1e20",
        "1e300",
        "-1e300",
        "18446744073709551616",
    ];
    for number in numbers {
        for (method, path, field, range) in [
            (Method::PATCH, "/api/me/profile", "age", "a whole number from 0 to 150"),
            (
                Method::POST,
                "/api/roles",
                "maxCount",
                "a whole number from 0 to 4294967295",
            ),
            (
                Method::PATCH,
                "/api/roles/member",
                "maxCount",
                "a whole number from 0 to 4294967295",
            ),
        ] {
            let body = format!(r#"{{"name":"x","{field}":{number}}}"#);
            let reply = raw(&owner, &method, path, body).await;
            invalid(&reply, &[&format!("/{field}")]);
            assert!(reply.str("detail").contains(range), "{number}: {}", reply.text);
        }
        let body = format!(r#"{{"lockout":{{"limit":{number}}}}}"#);
        let reply = raw(&owner, &Method::PATCH, "/v1/settings", body).await;
        assert_eq!(reply.status, 400, "{}", reply.text);
        assert_eq!(reply.body["details"][0]["field"], "lockout.limit", "{}", reply.text);
    }
    for number in ["600.5", "1e300", "86401.0"] {
        let body = format!(r#"{{"expiresIn":{number}}}"#);
        let reply = raw(&owner, &Method::POST, "/api/auth/dev-token", body).await;
        invalid(&reply, &["/expiresIn"]);
    }
}
