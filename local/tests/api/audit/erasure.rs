//! Erasure keeps the chains whole, and is no way to empty rows of an account that is there.

use serde_json::{Value, json};
use usher::domain::audit::Fault;

use super::{assert_whole, findings, hash, place, put, rows};
use crate::support::{Client, PASSWORD, World};

/// A world with an administrator who was renamed and changed others; the client, and its id.
async fn with_jane() -> (World, String, Client) {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user_with("jane@example.org", &["admin"]).await;
    let change = json!({ "email": "jane@example.com", "username": "jane" });
    assert_eq!(owner.patch(&format!("/api/users/{id}"), change).await.status, 204);
    let jane = world.signed_in("jane", PASSWORD).await;
    let body = json!({ "email": "john@example.org" });
    assert_eq!(jane.post("/api/users", body).await.status, 201);
    (world, id, jane)
}

async fn erase(jane: &Client) {
    let reply = jane.post_empty("/admin/deleteaccount").await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_account_s_rows_keep_their_hash_and_the_bare_id() {
    let (world, id, jane) = with_jane().await;
    let before = rows(&world);
    erase(&jane).await;
    let about = |row: &&Value| row["actor"]["S"] == id.as_str() || row["target"]["M"]["user"]["S"] == id.as_str();
    let mut emptied = 0;
    for row in rows(&world).iter().filter(about) {
        let text = row.to_string();
        let is_by = row["actor"]["S"] == id.as_str();
        assert!(
            !text.contains("jane") && !(is_by && text.contains("127.0.0.1")),
            "{text}"
        );
        assert_eq!(row["link"]["M"]["hash"]["S"], hash(row).as_str());
        let was = before.iter().find(|was| was["id"] == row["id"]);
        if let Some(was) = was {
            assert_eq!(was["link"]["M"]["hash"], row["link"]["M"]["hash"]);
            emptied += usize::from(was != row);
        }
    }
    assert!(emptied >= 3, "{emptied} rows were emptied");
    assert_whole(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_broke_off_is_found_until_it_is_done() {
    let (world, id, jane) = with_jane().await;
    let main = usher::domain::tenant::TenantId::main();
    usher::store::history::anonymise(&world.app.table, &main, id.parse().unwrap())
        .await
        .unwrap();
    let found = findings(&world).await;
    assert!(
        !found.is_empty() && found.iter().all(|found| found.fault == Fault::Emptied),
        "{found:?}"
    );
    erase(&jane).await;
    assert_whole(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_emptied_by_hand_is_found_also_where_its_actor_has_no_account() {
    let (world, ..) = with_jane().await;
    let guest = world.nobody();
    let reply = guest.post("/api/auth/dev-token", json!({ "roles": ["owner"] })).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let developer = world.with_token(reply.str("token"));
    let made = developer.post("/api/roles", json!({ "name": "by nobody" })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let rows = rows(&world);
    let filled = rows
        .iter()
        .filter(|row| row["ip"]["S"] != "" && !row["link"]["M"]["ofActor"].is_null());
    let mut tried = 0;
    for row in filled {
        let mut emptied = row.clone();
        emptied["ip"]["S"] = json!("");
        let part = emptied["link"]["M"]["ofActor"]["M"].as_object_mut().unwrap();
        part.remove("salt");
        put(&world, &emptied);
        let found = findings(&world).await;
        let found: Vec<_> = found.into_iter().map(|found| (found.place, found.fault)).collect();
        assert_eq!(found, [(place(row), Fault::Emptied)]);
        put(&world, row);
        tried += 1;
    }
    assert!(tried >= 4, "{tried}");
}
