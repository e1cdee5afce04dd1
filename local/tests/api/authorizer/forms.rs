//! What each kind of API is answered.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{FORMS, ask, event, jane, status, status_of};
use crate::support::World;

/// An answer without the ids of its world.
fn settled(mut answer: Value) -> Value {
    for name in ["sub", "sid"] {
        answer["context"][name] = json!(format!("<{name}>"));
    }
    if answer.get("principalId").is_some() {
        answer["principalId"] = json!("<sub>");
    }
    answer
}

#[tokio::test]
async fn every_kind_of_api_is_answered_in_its_form() {
    let world = World::new().await;
    let jane = jane(&world).await;
    let mut answers = serde_json::Map::new();
    for form in FORMS {
        let answer = ask(&world, event(form, &jane.token)).await.unwrap().unwrap();
        answers.insert(form.to_owned(), settled(answer));
    }
    assert_json_snapshot!(answers);
}

#[tokio::test]
async fn every_sample_event_is_an_answer_and_that_of_a_stranger_a_refusal() {
    let world = World::new().await;
    let jane = jane(&world).await;
    let folder = format!("{}/../events/authorizer", env!("CARGO_MANIFEST_DIR"));
    let mut all = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap();
        let expected = if name.ends_with("-refused") { 403 } else { 200 };
        assert_eq!(status_of(&world, name, &jane.token).await, expected, "{name}");
        all += 1;
    }
    assert_eq!(all, FORMS.len() + 1);
}

#[tokio::test]
async fn an_http_api_without_simple_responses_is_answered_with_a_policy() {
    let world = World::with(&[("USHER_AUTHORIZER_SIMPLE_RESPONSES", "false")]).await;
    let jane = jane(&world).await;
    let answer = ask(&world, event("http-api", &jane.token)).await.unwrap().unwrap();
    assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Allow");
    assert_eq!(answer["context"]["tid"], "main");
    assert!(answer.get("isAuthorized").is_none());
    let refusal = ask(&world, event("http-api", "nonsense")).await.unwrap().unwrap();
    assert_eq!(refusal["policyDocument"]["Statement"][0]["Effect"], "Deny");
}

#[tokio::test]
async fn p05_a_policy_is_about_every_route_of_its_stage_so_that_a_cached_one_fits_the_next_request() {
    let world = World::new().await;
    let jane = jane(&world).await;
    for (token, effect) in [(jane.token.as_str(), "Allow"), ("nonsense", "Deny")] {
        let answer = ask(&world, event("http-api-payload-1", token)).await.unwrap().unwrap();
        let statement = &answer["policyDocument"]["Statement"][0];
        assert_eq!(statement["Effect"], effect);
        let stage = "arn:aws:execute-api:eu-central-1:123456789012:w8q1n4z6tc/$default/*";
        assert_eq!(statement["Resource"], json!([stage]));
    }
}

/// Until when a policy allows anything.
async fn until(seconds: &str) -> Value {
    let world = World::with(&[("USHER_AUTHORIZER_CACHE_SECONDS", seconds)]).await;
    let jane = jane(&world).await;
    let answer = ask(&world, event("rest-api-token", &jane.token))
        .await
        .unwrap()
        .unwrap();
    answer["policyDocument"]["Statement"][0]["Condition"].clone()
}

#[tokio::test]
async fn p05_a_policy_that_an_api_keeps_for_longer_than_the_stack_allows_does_not_allow_anything_any_more() {
    let at = |moment: &str| json!({ "DateLessThan": { "aws:CurrentTime": [moment] } });
    assert_eq!(until("0").await, at("2026-11-22T08:00:05Z"));
    assert_eq!(until("300").await, at("2026-11-22T08:05:00Z"));
}

#[tokio::test]
async fn permissions_that_are_too_long_for_a_context_are_left_out_of_it_and_the_answer_stays() {
    let world = World::new().await;
    let owner = world.owner().await;
    let names: Vec<String> = (0..80).map(|n| format!("{n:02}.{}", "p".repeat(60))).collect();
    let body = json!({ "permissions": names, "username": "dev" });
    let token = owner.post("/api/auth/dev-token", body).await;
    let answer = ask(&world, event("http-api", token.str("token"))).await;
    assert_eq!(status(&answer), 200, "{}", token.text);
    assert!(answer.unwrap().unwrap()["context"].get("scope").is_none());
}
