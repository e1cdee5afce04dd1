//! `GET /api/users/{user}`

use serde_json::json;

use super::{invalid, refused, user};
use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_shown_by_its_id_and_by_its_address_however_it_is_written() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("a+b@b\u{fc}cher.example").await;
    for name in [
        id.as_str(),
        "a+b@xn--bcher-kva.example",
        "a%2Bb%40xn--bcher-kva.example",
        "A%2bB@B%C3%BCCHER.example",
        &id.to_uppercase(),
        "a+b@bu%CC%88cher.example",
    ] {
        let reply = owner.get(&user(name)).await;
        assert_eq!((reply.status.as_u16(), reply.str("id")), (200, id.as_str()), "{name}");
        assert_eq!(reply.header("etag"), "\"1\"");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_nobody_s_is_404_in_the_words_of_problem_details() {
    let world = World::new().await;
    let owner = world.owner().await;
    let reply = owner.get("/api/users/nobody@example.org").await;
    assert_eq!(
        reply.body,
        json!({
            "type": "/problems/not-found",
            "title": "Not found",
            "status": 404,
            "detail": "no such user",
            "instance": "/api/users/nobody@example.org",
        })
    );
    for name in [
        "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        "nobody",
        "..%2F..%2Fapi",
        "x'OR'1=1",
        "a%2Fb@example.org",
        "*",
    ] {
        let reply = owner.get(&user(name)).await;
        assert_eq!(reply.status, 404, "{name}: {}", reply.text);
        assert_eq!(reply.header("content-type"), "application/problem+json");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_no_address_name_or_id_is_400() {
    let world = World::new().await;
    let owner = world.owner().await;
    let reply = owner.get("/api/users/a@b@c").await;
    let detail = "this cannot be an id, an e-mail address or a username";
    assert_eq!(
        reply.body,
        json!({
            "type": "/problems/validation",
            "title": "Invalid request",
            "status": 400,
            "detail": detail,
            "instance": "/api/users/a@b@c",
            "errors": [{ "pointer": "{user}", "detail": detail }],
        })
    );
    for name in [
        "a%20%20b",
        "%00",
        "%20",
        "%40",
        "%FF",
        "@example.org",
        "jane@",
        "%E2%80%8B",
    ] {
        invalid(&owner.get(&user(name)).await, &["{user}"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_holds_admin_users_sees_accounts() {
    let world = World::new().await;
    let id = world.user("jane@example.org").await;
    let jane = world.signed_in("jane@example.org", crate::support::PASSWORD).await;
    for path in [user(&id), "/api/users".to_owned(), format!("/api/users/{id}/roles")] {
        refused(&jane.get(&path).await, 403, "missing-permission");
        let reply = world.nobody().get(&path).await;
        refused(&reply, 401, "no-credentials");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}
