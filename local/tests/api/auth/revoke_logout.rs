//! `POST /api/auth/revoke` and `POST /api/auth/logout`

use serde_json::json;

use super::{Pair, assert_refused, login, opens, pair, refresh};
use crate::support::{PASSWORD, Reply, World};

const JANE: &str = "jane@example.org";

async fn jane() -> (World, Pair) {
    let world = World::new().await;
    world.user(JANE).await;
    let tokens = pair(&world, JANE).await;
    (world, tokens)
}

async fn revoke(world: &World, token: &str) -> Reply {
    world.nobody().post("/api/auth/revoke", json!({ "token": token })).await
}

async fn assert_ended(world: &World, tokens: &Pair) {
    assert_eq!(opens(world, &tokens.access).await, 401);
    assert_refused(world, &tokens.refresh, "its session was ended").await;
}

#[tokio::test]
async fn r06_a_token_of_either_kind_ends_its_session_and_no_other() {
    let (world, other) = jane().await;
    let (by_refresh, by_access) = (pair(&world, JANE).await, pair(&world, JANE).await);
    let reply = revoke(&world, &by_refresh.refresh).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
    assert_eq!(revoke(&world, &by_access.access).await.status, 200);
    assert_ended(&world, &by_refresh).await;
    assert_ended(&world, &by_access).await;
    assert_eq!(opens(&world, &other.access).await, 200);
    assert_eq!(refresh(&world, &other.refresh).await.status, 200);
}

#[tokio::test]
async fn the_long_token_of_login_is_revoked_too() {
    let (world, _) = jane().await;
    let long = login(&world, JANE, PASSWORD).await.str("token").to_owned();
    assert_eq!(revoke(&world, &long).await.status, 200);
    assert_eq!(opens(&world, &long).await, 401);
}

#[tokio::test]
async fn an_older_token_of_the_session_ends_it_as_well() {
    let (world, first) = jane().await;
    let second = Pair::of(&refresh(&world, &first.refresh).await);
    let third = Pair::of(&refresh(&world, &second.refresh).await);
    assert_eq!(revoke(&world, &first.refresh).await.status, 200);
    assert_ended(&world, &third).await;
}

#[tokio::test]
async fn whatever_is_no_token_of_ours_is_200_too_and_ends_nothing() {
    let (world, tokens) = jane().await;
    let revoked = pair(&world, JANE).await;
    for token in [
        revoked.refresh.as_str(),
        &revoked.refresh,
        &revoked.access,
        "",
        "garbage",
        "a.b.c",
        "usher_rt_x",
    ] {
        let reply = revoke(&world, token).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""), "{token}");
    }
    let forged = usher::proof::opaque::RefreshToken::parse(&tokens.refresh).unwrap();
    let forged = usher::proof::opaque::RefreshToken::first(forged.user(), forged.session()).unwrap();
    let forged = usher::secrecy::ExposeSecret::expose_secret(&forged.text()).to_owned();
    assert_eq!(revoke(&world, &forged).await.status, 200);
    assert_eq!(opens(&world, &tokens.access).await, 200);
}

#[tokio::test]
async fn a_body_without_the_token_is_reported() {
    let world = World::new().await;
    let reply = world.nobody().post("/api/auth/revoke", json!({})).await;
    assert_eq!((reply.status.as_u16(), reply.pointers()), (400, vec!["/token"]));
    assert!(reply.body.get("error").is_none(), "JSON is not what the RFC speaks of");
}

#[tokio::test]
async fn r06_a_logout_ends_the_caller_s_session_at_once_and_no_other() {
    let (world, other) = jane().await;
    let own = pair(&world, JANE).await;
    let reply = world.with_token(&own.access).post_empty("/api/auth/logout").await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    assert_ended(&world, &own).await;
    assert_eq!(opens(&world, &other.access).await, 200);
    let again = world.with_token(&own.access).post_empty("/api/auth/logout").await;
    assert_eq!((again.status.as_u16(), again.problem()), (401, "invalid-token"));
}

#[tokio::test]
async fn a_logout_needs_a_token_and_takes_any_body() {
    let (world, tokens) = jane().await;
    let reply = world.nobody().post_empty("/api/auth/logout").await;
    assert_eq!((reply.status.as_u16(), reply.problem()), (401, "no-credentials"));
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    let me = world.with_token(&tokens.access);
    assert_eq!(
        me.post("/api/auth/logout", json!({ "refreshToken": tokens.refresh }))
            .await
            .status,
        204
    );
    assert_ended(&world, &tokens).await;
}

#[tokio::test]
async fn a_logout_with_a_refreshed_token_ends_the_session() {
    let (world, first) = jane().await;
    let second = Pair::of(&refresh(&world, &first.refresh).await);
    let reply = world.with_token(&second.access).post_empty("/api/auth/logout").await;
    assert_eq!(reply.status, 204);
    assert_ended(&world, &first).await;
    assert_ended(&world, &second).await;
}

async fn revoke_by_form(world: &World, media_type: &str, form: &str) -> Reply {
    let request = world.nobody().http.post(format!("{}/api/auth/revoke", world.base));
    let request = request.header("content-type", media_type).body(form.to_owned());
    crate::support::reply(request).await
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn r06_a_form_is_taken_as_rfc_7009_has_it() {
    let (world, other) = jane().await;
    for (media_type, rest) in [
        (FORM, ""),
        (FORM, "&token_type_hint=access_token"),
        (
            "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
            "&token_type_hint=nonsense&client_id=a&client_id=b",
        ),
    ] {
        let tokens = pair(&world, JANE).await;
        let reply = revoke_by_form(&world, media_type, &format!("token={}{rest}", tokens.refresh)).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""), "{rest}");
        assert_ended(&world, &tokens).await;
    }
    assert_eq!(revoke_by_form(&world, FORM, "token=garbage").await.status, 200);
    assert_eq!(opens(&world, &other.access).await, 200);
}

#[tokio::test]
async fn a_form_has_its_token_once() {
    let (world, tokens) = jane().await;
    let token = &tokens.refresh;
    for form in [
        format!("token={token}&token={token}"),
        format!("token={token}&token=x"),
        "token=".to_owned(),
        "token_type_hint=refresh_token".to_owned(),
        String::new(),
        format!("{{\"token\":\"{token}\"}}"),
    ] {
        let reply = revoke_by_form(&world, FORM, &form).await;
        assert_eq!(
            (reply.status.as_u16(), reply.pointers()),
            (400, vec!["/token"]),
            "{form}"
        );
        // RFC 6749, 5.2.
        assert_eq!(reply.str("error"), "invalid_request");
    }
    let form = format!("token={token}");
    for media_type in [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded-x",
    ] {
        let reply = revoke_by_form(&world, media_type, &form).await;
        assert_eq!(
            (reply.status.as_u16(), reply.problem()),
            (415, "unsupported-media-type")
        );
    }
    let large = revoke_by_form(&world, FORM, &format!("{form}&x={}", "x".repeat(65_536))).await;
    assert_eq!(large.status, 413);
    assert_eq!(opens(&world, &tokens.access).await, 200);
}

#[test]
fn the_document_has_both_media_types_of_a_revocation() {
    let document: serde_json::Value = serde_json::from_str(include_str!("../../../../openapi.json")).unwrap();
    let body = &document["paths"]["/api/auth/revoke"]["post"]["requestBody"];
    assert!(body["content"]["application/json"].is_object());
    assert_eq!(body["description"], format!("Taken as `{FORM}` as well."));
}
