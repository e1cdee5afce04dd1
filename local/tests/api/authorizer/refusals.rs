//! Whom the authorizer lets through nowhere, and that no fault lets anybody through.

use serde_json::{Value, json};

use super::{FORMS, ask, event, jane, refused, status, status_of};
use crate::jwt_attacks::forger::Forger;
use crate::proxy::Fault;
use crate::round_trips::counted;
use crate::support::{PASSWORD, World};

#[tokio::test]
async fn a_token_that_is_not_valid_opens_nothing_in_any_form() {
    let forger = Forger::new().await;
    let fine = |claims: Value| forger.signed(&forger.header_with(json!({})), &forger.claims_with(claims));
    let none = forger.signed(
        &forger.header_with(json!({ "alg": "none" })),
        &forger.claims_with(json!({})),
    );
    let (message, signature) = forger.token.rsplit_once('.').unwrap();
    let tokens = [
        ("of the algorithm none", none),
        ("unsigned", format!("{message}.")),
        ("tampered with", format!("{}.{signature}", message.replace('E', "F"))),
        ("expired", fine(json!({ "exp": 1_795_334_400 }))),
        ("for another audience", fine(json!({ "aud": "invoices" }))),
        ("of another issuer", fine(json!({ "iss": "https://evil.test" }))),
        ("of another tenant", fine(json!({ "tid": "acme" }))),
        ("of a tenant that is none", fine(json!({ "tid": "../main" }))),
        (
            "of no session",
            fine(json!({ "sid": "019ab0f2-1d5a-7c33-8e4f-6a7b8c9d0e1f" })),
        ),
        (
            "of another type",
            forger.signed(
                &forger.header_with(json!({ "typ": "JWT" })),
                &forger.claims_with(json!({})),
            ),
        ),
        ("a refresh token", forger.refresh.clone()),
        ("nothing", String::new()),
        ("twice", format!("{0}, Bearer {0}", forger.token)),
    ];
    for form in FORMS {
        assert_eq!(status_of(&forger.world, form, &forger.token).await, 200, "{form}");
        for (what, token) in &tokens {
            assert_eq!(
                status_of(&forger.world, form, token).await,
                refused(form),
                "{form}: {what}"
            );
        }
    }
}

#[tokio::test]
async fn a_header_that_was_sent_twice_or_not_at_all_opens_nothing() {
    let world = World::new().await;
    let jane = jane(&world).await;
    let with = |values: Value| {
        let mut event = event("rest-api-request", &jane.token);
        event["multiValueHeaders"]["Authorization"] = values;
        event
    };
    let own = format!("Bearer {}", jane.token);
    assert_eq!(status(&ask(&world, with(json!([own]))).await), 200);
    assert_eq!(status(&ask(&world, with(json!([own, own]))).await), 401);
    assert_eq!(status(&ask(&world, with(json!([]))).await), 401);
    assert_eq!(status(&ask(&world, with(json!([jane.token]))).await), 401);
}

#[tokio::test]
async fn p05_an_api_that_would_keep_answers_under_something_else_than_the_token_is_refused() {
    let world = World::new().await;
    let jane = jane(&world).await;
    let own = format!("Bearer {}", jane.token);
    for (form, source, expected) in [
        ("http-api", json!(["203.0.113.24"]), 403),
        ("http-api", json!(["203.0.113.24", own]), 200),
        // Nothing is kept.
        ("http-api", Value::Null, 200),
        ("http-api-payload-1", json!("203.0.113.24"), 403),
        ("http-api-payload-1", json!(format!("203.0.113.24,{own}")), 200),
    ] {
        let mut event = event(form, &jane.token);
        event["identitySource"] = source.clone();
        assert_eq!(status(&ask(&world, event).await), expected, "{form}: {source}");
    }
}

#[tokio::test]
async fn whoever_must_change_their_password_first_gets_nowhere_else() {
    let world = World::new().await;
    let body = json!({ "email": "new@example.org", "password": PASSWORD, "mustChangePassword": true });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
    let new = world.signed_in("new@example.org", PASSWORD).await;
    for form in FORMS {
        assert_eq!(status_of(&world, form, &new.token).await, 403, "{form}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_not_answer_lets_nobody_through() {
    let (world, proxy) = counted().await;
    let jane = jane(&world).await;
    assert_eq!(status_of(&world, "http-api", &jane.token).await, 200);
    proxy.plan(|_| Some(Fault::Broken));
    for form in FORMS {
        assert!(ask(&world, event(form, &jane.token)).await.is_err(), "{form}");
    }
    proxy.calm();
    assert_eq!(status_of(&world, "http-api", &jane.token).await, 200);
}

#[tokio::test]
async fn an_event_of_something_else_is_an_error_and_no_answer() {
    let world = World::new().await;
    let jane = jane(&world).await;
    let changed = |name: &str, value: Value| {
        let mut event = event("http-api", &jane.token);
        event[name] = value;
        event
    };
    for event in [
        json!({}),
        json!(null),
        changed("version", json!("3.0")),
        changed("type", json!("JWT")),
        changed("routeArn", json!("")),
        changed("routeArn", Value::Null),
        changed("headers", json!(7)),
    ] {
        assert!(ask(&world, event.clone()).await.is_err(), "{event}");
    }
}
