//! `GET /api/users/{user}`

use serde_json::json;

use super::{refused, user};
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
        "a+b@bu%CC%88cher.example",
    ] {
        let reply = owner.get(&user(name)).await;
        assert_eq!((reply.status.as_u16(), reply.str("id")), (200, id.as_str()), "{name}");
        assert_eq!(reply.header("etag"), "\"1\"");
    }
    // An id has one spelling: it is a key, and not a name.
    assert_eq!(owner.get(&user(&id.to_uppercase())).await.status, 404);
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
        "a%20%20b",
        "%00",
        "..%2F..%2Fapi",
        "x'%20OR%201=1",
        "a@b@c",
        "%FF",
        "a%2Fb@example.org",
        "%40",
        "*",
    ] {
        let reply = owner.get(&user(name)).await;
        assert_eq!(reply.status, 404, "{name}: {}", reply.text);
        assert_eq!(reply.header("content-type"), "application/problem+json");
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
