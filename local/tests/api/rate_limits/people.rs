//! Limits by name and by address of mail: nobody is shown by them, and nobody keeps another out.

use http::HeaderMap;
use serde_json::json;

use super::{from, from_elsewhere, guess, limited, set, statuses};
use crate::support::{PASSWORD, Reply};

fn address(n: usize) -> String {
    format!("198.51.{}.{}", 100 + n / 200, 1 + n % 200)
}

fn shown(reply: &Reply) -> (u16, String, Vec<(String, String)>) {
    let headers: &HeaderMap = &reply.headers;
    let own = |name: &str| !["x-request-id", "date"].contains(&name);
    let mut all: Vec<(String, String)> = headers
        .iter()
        .filter(|(name, _)| own(name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    all.sort();
    (reply.status.as_u16(), reply.text.clone(), all)
}

#[tokio::test]
async fn a04_a_name_is_limited_in_the_same_way_whether_it_is_anybody_s() {
    let world = limited().await;
    let mut seen = Vec::new();
    for name in [
        "owner",
        "owner@usher.local",
        "unknown",
        "unknown@example.org",
        "no name at all ",
    ] {
        let mut replies = Vec::new();
        for n in 0..31 {
            replies.push(shown(&guess(&world, &address(n), name).await));
        }
        let refused = replies.last().unwrap();
        assert_eq!(refused.0, 429, "{name}");
        assert!(refused.1.contains("too many requests"), "{name}");
        seen.push(replies);
        // So that no address is over its own limit.
        world.clock.advance(3_600);
    }
    for replies in &seen {
        assert_eq!(replies, &seen[0]);
    }
}

#[tokio::test]
async fn a04_an_address_of_mail_is_limited_in_the_same_way_whether_it_is_anybody_s() {
    for path in [
        "/api/auth/forgot-password",
        "/v1/auth/verification",
        "/v1/user/email/resend",
    ] {
        let world = limited().await;
        let mut seen = Vec::new();
        for (person, email) in ["Owner@usher.local", "nobody@example.org"].iter().enumerate() {
            let mut replies = Vec::new();
            for n in 0..11 {
                let body = json!({ "email": email });
                let reply = from(&world.nobody(), &address(100 * person + n), path, body).await;
                replies.push(shown(&reply));
            }
            assert_eq!(replies[9].0, 202, "{path}");
            assert_eq!(replies[10].0, 429, "{path}");
            seen.push(replies);
        }
        assert_eq!(seen[0], seen[1], "{path}");
        // In another spelling it is the same, at another contract's route too.
        let body = json!({ "email": "OWNER@USHER.LOCAL" });
        assert_eq!(
            from(&world.nobody(), &address(300), path, body).await.status,
            429,
            "{path}"
        );
        let body = json!({ "email": "another@example.org" });
        assert_eq!(
            from(&world.nobody(), &address(301), path, body).await.status,
            202,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_mail_that_is_asked_for_counts_by_the_network_as_well() {
    let world = limited().await;
    let ask = |n: usize, from: &str| {
        let (world, from) = (&world, from.to_owned());
        async move {
            let body = json!({ "Email": format!("person{n}@example.org") });
            super::from(&world.nobody(), &from, "/auth/resetpassword", body).await
        }
    };
    let asked = statuses(61, |n| ask(n, "2001:db8:1:2::1")).await;
    assert_eq!((asked[59], asked[60]), (200, 429));
    assert_eq!(ask(70, "2001:db8:1:2:ffff::9").await.status, 429, "the same network");
    assert_eq!(ask(71, "2001:db8:1:3::1").await.status, 200, "its neighbour");
}

#[tokio::test]
async fn a02_whoever_is_refused_by_an_address_uses_up_no_other_s_name() {
    let world = limited().await;
    assert_eq!(
        set(&world, json!({ "login_by_address": 10, "login_by_name": 20 }))
            .await
            .status,
        200
    );
    let flood = statuses(200, |_| guess(&world, "198.51.100.1", "admin@gauth.local")).await;
    assert_eq!(flood.iter().filter(|status| **status == 401).count(), 10);
    let body = json!({ "username": "admin@gauth.local", "password": "Admin@123" });
    let own = from(&world.nobody(), "198.51.100.2", "/api/auth/login", body).await;
    assert_eq!(own.status, 200, "{}", own.text);
    let others = from_elsewhere(&world).await.get("/api/me/profile").await;
    assert_eq!(others.status, 200);
}

#[tokio::test]
async fn a_session_goes_on_while_the_name_and_the_address_are_over_their_limits() {
    let world = limited().await;
    let owner = from_elsewhere(&world).await;
    let made = json!({ "email": "jane@example.org", "password": PASSWORD });
    assert_eq!(owner.post("/api/users", made).await.status, 201);
    let body = json!({ "username": "jane@example.org", "password": PASSWORD });
    let reply = from(&world.nobody(), "198.51.100.1", "/api/auth/login", body).await;
    let jane = world.with_token(reply.str("token"));
    let flood = statuses(70, |n| guess(&world, &address(n), "jane@example.org")).await;
    assert!(flood.ends_with(&[429, 429]), "{flood:?}");
    assert_eq!(jane.get("/api/me/profile").await.status, 200);
}
