//! What is done with a token counts by the caller's network, and introspection by who asks.

use serde_json::json;

use super::{from, from_elsewhere, limited, set, statuses};

const HERE: &str = "198.51.100.1";

#[tokio::test]
async fn every_way_to_bring_a_token_counts_at_one_counter() {
    let world = limited().await;
    assert_eq!(set(&world, json!({ "token_by_address": 60 })).await.status, 200);
    let link = format!("usher_once_{}", "a".repeat(49));
    let wrong = json!({ "refreshToken": "none", "refresh_token": "none", "token": "none" });
    let ways = [
        ("/api/auth/revoke", 200),
        ("/v1/user/token/verify", 200),
        ("/v1/user/token/renew", 401),
    ];
    let counted = statuses(60, |n| from(&world.nobody(), HERE, ways[n % 3].0, wrong.clone())).await;
    for (n, status) in counted.into_iter().enumerate() {
        assert_eq!(status, ways[n % 3].1, "{n} {}", ways[n % 3].0);
    }
    for (path, _) in ways {
        let refused = from(&world.nobody(), HERE, path, wrong.clone()).await;
        assert_eq!(refused.status, 429, "{path}: {}", refused.text);
        assert!(
            refused.header("ratelimit").starts_with("\"token_by_address\";r=0;"),
            "{path}"
        );
        let elsewhere = from(&world.nobody(), "198.51.100.2", path, wrong.clone()).await;
        assert_ne!(elsewhere.status, 429, "{path}");
    }
    // What cannot be a token of Usher's at all is refused for that, and costs nothing.
    let body = json!({ "token": link, "newPassword": "battery staple" });
    assert_eq!(
        from(&world.nobody(), HERE, "/api/auth/set-password", body).await.status,
        400
    );
}

#[tokio::test]
async fn a_refresh_is_refused_before_its_token_is_spent() {
    let world = limited().await;
    assert_eq!(set(&world, json!({ "token_by_address": 60 })).await.status, 200);
    let body = json!({ "email": "owner@usher.local", "password": "Owner@12345" });
    let pair = from(&world.nobody(), HERE, "/api/auth/token", body).await;
    let wrong = json!({ "token": "none" });
    statuses(60, |_| from(&world.nobody(), HERE, "/api/auth/revoke", wrong.clone())).await;
    let refresh = json!({ "refreshToken": pair.str("refreshToken") });
    let refused = from(&world.nobody(), HERE, "/api/auth/refresh", refresh.clone()).await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    let seconds: i64 = refused.header("retry-after").parse().unwrap();
    world.clock.advance(seconds);
    let then = from(&world.nobody(), HERE, "/api/auth/refresh", refresh).await;
    assert_eq!(then.status, 200, "{}", then.text);
}

#[tokio::test]
async fn introspection_counts_by_the_account_that_asks() {
    let world = limited().await;
    assert_eq!(set(&world, json!({ "introspection_by_account": 60 })).await.status, 200);
    let owner = from_elsewhere(&world).await;
    let body = json!({ "token": owner.token });
    let asked = statuses(61, |n| {
        let (owner, body) = (owner.clone(), body.clone());
        async move { from(&owner, &format!("198.51.100.{}", n + 1), "/api/auth/introspect", body).await }
    })
    .await;
    assert_eq!((asked[59], asked[60]), (200, 429));
    let other = json!({ "username": "admin", "password": "Admin@123" });
    let reply = from(&world.nobody(), HERE, "/api/auth/login", other).await;
    let admin = world.with_token(reply.str("token"));
    let allowed = from(&admin, HERE, "/api/auth/introspect", body).await;
    assert_ne!(allowed.status, 429, "{}", allowed.text);
}
