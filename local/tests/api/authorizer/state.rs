//! The account's present state decides, not what the token was issued with.

use serde_json::json;

use super::{FORMS, ask, event, jane, refused, status, status_of};
use crate::round_trips::counted;
use crate::service_accounts::{key, keyed, service};
use crate::support::{PASSWORD, World};
use crate::tenants::{owner_of, with_header};

#[tokio::test]
async fn what_is_done_to_an_account_is_seen_by_the_next_request() {
    for (what, method, path, body) in [
        (
            "switched off",
            "PUT",
            "/api/users/jane@example.org",
            json!({ "status": "inactive" }),
        ),
        ("locked", "POST", "/api/users/jane@example.org/lock", json!({})),
        ("deleted", "DELETE", "/api/users/jane@example.org", json!(null)),
        (
            "given another password",
            "POST",
            "/api/users/jane@example.org/reset-password",
            json!({}),
        ),
    ] {
        let world = World::new().await;
        let jane = jane(&world).await;
        for form in FORMS {
            assert_eq!(status_of(&world, form, &jane.token).await, 200, "{form}");
        }
        let body = Some(body).filter(|body| !body.is_null());
        let reply = world.owner().await.send(method.parse().unwrap(), path, body, &[]).await;
        assert!(reply.status.is_success(), "{what}: {}", reply.text);
        for form in FORMS {
            assert_eq!(
                status_of(&world, form, &jane.token).await,
                refused(form),
                "{what}: {form}"
            );
        }
    }
}

#[tokio::test]
async fn a_session_that_was_ended_opens_nothing() {
    let world = World::new().await;
    let jane = jane(&world).await;
    assert_eq!(status_of(&world, "http-api", &jane.token).await, 200);
    assert_eq!(jane.post_empty("/api/auth/logout").await.status, 204);
    assert_eq!(status_of(&world, "http-api", &jane.token).await, 403);
}

#[tokio::test]
async fn the_context_has_the_roles_and_permissions_of_now() {
    let world = World::new().await;
    let jane = jane(&world).await;
    let context = async || ask(&world, event("http-api", &jane.token)).await.unwrap().unwrap()["context"].clone();
    let before = context().await;
    assert_eq!(before["scope"], "admin.users");
    assert!(before["roles"].as_str().unwrap().contains("Press Office"), "{before}");
    let delete = world.owner().await.delete("/api/roles/press%20office?force=true").await;
    assert_eq!(delete.status, 204, "{}", delete.text);
    let after = context().await;
    assert_eq!((&after["scope"], &after["roles"]), (&json!(""), &json!("[\"user\"]")));
}

#[tokio::test]
async fn the_token_names_the_tenant_and_no_header_does() {
    let world = with_header().await;
    let theirs = owner_of(&world, "acme").await;
    let ours = world.owner().await;
    for (token, tenant) in [(&theirs.token, "acme"), (&ours.token, "main")] {
        let mut event = event("http-api", token);
        event["headers"]["x-tenant"] = json!("main");
        let answer = ask(&world, event).await.unwrap().unwrap();
        assert_eq!(
            (&answer["isAuthorized"], &answer["context"]["tid"]),
            (&json!(true), &json!(tenant))
        );
    }
}

#[tokio::test]
async fn a_key_of_a_service_account_is_let_through_until_it_is_revoked_and_has_no_session() {
    let world = World::new().await;
    let (account, key, robot) = keyed(&world, "robot", &[]).await;
    for form in FORMS {
        let answer = ask(&world, event(form, &robot.token)).await.unwrap().unwrap();
        let context = &answer["context"];
        assert_eq!(
            (&context["sub"], &context["tid"]),
            (&json!(account), &json!("main")),
            "{form}"
        );
        assert!(context.get("sid").is_none(), "{context}");
    }
    let revoked = world
        .owner()
        .await
        .delete(&format!("/api/users/{account}/keys/{key}"))
        .await;
    assert_eq!(revoked.status, 204, "{}", revoked.text);
    for form in FORMS {
        assert_eq!(status_of(&world, form, &robot.token).await, refused(form), "{form}");
    }
}

#[tokio::test]
async fn a_key_opens_the_tenant_that_it_is_of_and_a_header_names_that() {
    let world = with_header().await;
    let theirs = owner_of(&world, "acme").await;
    let robot = service(&theirs, "robot", &[]).await;
    let key = key(&theirs, &robot).await;
    for (header, expected) in [
        (json!("acme"), 200),
        (json!("main"), 403),
        (json!("ACME!"), 403),
        (json!(null), 403),
    ] {
        let mut event = event("http-api", key.str("key"));
        if header.is_string() {
            event["headers"]["x-tenant"] = header.clone();
        }
        assert_eq!(status(&ask(&world, event).await), expected, "{header}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_costs_one_round_trip() {
    let (world, proxy) = counted().await;
    world.user("jane@example.org").await;
    let jane = world.signed_in("jane@example.org", PASSWORD).await;
    assert_eq!(status_of(&world, "http-api", &jane.token).await, 200);
    proxy.cost();
    assert_eq!(status_of(&world, "http-api", &jane.token).await, 200);
    assert_eq!(proxy.cost().operations, ["BatchGetItem"]);
    assert_eq!(status_of(&world, "http-api", "nonsense").await, 403);
    assert_eq!(proxy.cost().operations, Vec::<String>::new());
}
