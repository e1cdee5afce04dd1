//! `DELETE /v1/user/ban/{user}` and `DELETE /v1/user/ban/{user}/lift`

use serde_json::{Value, json};
use usher::jiff::SignedDuration;

use super::{assert_refusal, login, registered, renew, token, verdict};
use crate::auth::{self, opens, pair};
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, Reply, World, at_once};

async fn ban(client: &Client, user: &str) -> Reply {
    client.delete(&format!("/v1/user/ban/{user}")).await
}

async fn lift(client: &Client, user: &str) -> Reply {
    client.delete(&format!("/v1/user/ban/{user}/lift")).await
}

async fn status(world: &World, user: &str) -> String {
    world
        .owner()
        .await
        .get(&format!("/api/users/{user}"))
        .await
        .str("status")
        .to_owned()
}

#[tokio::test]
async fn a_ban_ends_every_token_of_every_surface_at_once() {
    let world = World::new().await;
    registered(&world, "Jane").await;
    let own = token(&world, "jane").await;
    let elsewhere = pair(&world, "jane@example.org").await;
    let long = auth::login(&world, "jane", PASSWORD).await.str("token").to_owned();
    let reply = ban(&world.admin().await, "jane").await;
    assert_eq!(reply.status, 200);
    insta::assert_json_snapshot!(reply.body, @r#"
    {
      "data": "Banned user: Jane"
    }
    "#);
    for token in [&own, &elsewhere.access, &long] {
        assert_eq!(
            (opens(&world, token).await, verdict(&world, token).await.as_str()),
            (401, "Token invalid.")
        );
    }
    assert_eq!(auth::refresh(&world, &elsewhere.refresh).await.status, 401);
    assert_eq!(renew(&world, &own).await.status, 401);
    assert_refusal(&login(&world, "jane", PASSWORD).await, 403, "The account is banned");
    assert_eq!(
        auth::login(&world, "jane", PASSWORD).await.problem(),
        "account-not-active"
    );
    assert_eq!(status(&world, "jane").await, "banned");
    assert_reconciled(&world);
}

#[tokio::test]
async fn a_lifted_ban_lets_the_account_in_again_and_its_old_tokens_not() {
    let world = World::new().await;
    registered(&world, "Jane").await;
    let old = token(&world, "jane").await;
    let admin = world.admin().await;
    assert_eq!(ban(&admin, "jane").await.status, 200);
    let reply = lift(&admin, "jane").await;
    assert_eq!(reply.status, 200);
    insta::assert_json_snapshot!(reply.body, @r#"
    {
      "data": "Lifted the ban of user: Jane"
    }
    "#);
    assert_eq!(opens(&world, &old).await, 401);
    assert_eq!(opens(&world, &token(&world, "jane").await).await, 200);
    assert_reconciled(&world);
}

#[tokio::test]
async fn the_account_is_named_by_name_address_or_id_and_called_by_its_name() {
    let world = World::new().await;
    let id = registered(&world, "Jane").await;
    let admin = world.admin().await;
    for name in ["jane", "JANE@example.org", "jane%40example.org", &id] {
        assert_eq!(
            ban(&admin, name).await.body,
            json!({ "data": "Banned user: Jane" }),
            "{name}"
        );
        assert_eq!(
            ban(&admin, name).await.body,
            json!({ "data": "Banned user: Jane" }),
            "banned it stays banned"
        );
        assert_eq!(lift(&admin, name).await.status, 200, "{name}");
    }
    world.user("nameless@example.org").await;
    let reply = ban(&admin, "nameless@example.org").await;
    assert_eq!(reply.body, json!({ "data": "Banned user: nameless@example.org" }));
}

#[tokio::test]
async fn a_guest_is_401_and_whoever_may_not_manage_users_403() {
    let world = World::new().await;
    registered(&world, "jane").await;
    world.user_with("member@example.org", &["member"]).await;
    world.user_with("sys@example.org", &["SYS_ADMIN"]).await;
    for act in ["", "/lift"] {
        let path = format!("/v1/user/ban/jane{act}");
        let reply = world.nobody().delete(&path).await;
        assert_refusal(&reply, 401, "Sign in first: this needs a bearer token");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
        assert_refusal(&world.with_token("x").delete(&path).await, 401, "Token invalid.");
        for name in ["jane", "member@example.org"] {
            let somebody = world.with_token(&token(&world, name).await);
            let reply = somebody.delete(&path).await;
            assert_refusal(&reply, 403, "This needs the permission admin.users");
        }
    }
    let sys = world.with_token(&token(&world, "sys@example.org").await);
    assert_eq!(ban(&sys, "jane").await.status, 200, "it holds admin.users");
}

#[tokio::test]
async fn who_is_not_there_is_404() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let admin = world.admin().await;
    assert_eq!(
        world.owner().await.delete(&format!("/api/users/{id}")).await.status,
        204
    );
    for name in [
        "jane",
        &id,
        "nobody",
        "nobody@example.org",
        "00000000-0000-7000-8000-000000000000",
    ] {
        assert_refusal(&ban(&admin, name).await, 404, "No such user");
        assert_refusal(&lift(&admin, name).await, 404, "No such user");
    }
    for name in ["a@b@c", "%20", "no%20%20body"] {
        let words = "This cannot be an id, an e-mail address or a username";
        assert_refusal(&ban(&admin, name).await, 400, words);
        assert_refusal(&lift(&admin, name).await, 400, words);
    }
}

#[tokio::test]
async fn what_is_not_banned_has_no_ban_to_lift_and_stays_as_it_is() {
    let world = World::new().await;
    for name in ["active", "inactive", "locked"] {
        registered(&world, name).await;
    }
    let owner = world.owner().await;
    assert_eq!(
        owner
            .patch("/api/users/inactive", json!({ "status": "inactive" }))
            .await
            .status,
        204
    );
    assert_eq!(owner.post("/api/users/locked/lock", json!({})).await.status, 204);
    for name in ["active", "inactive", "locked"] {
        assert_refusal(&lift(&owner, name).await, 404, "No such ban of this user");
        assert_eq!(status(&world, name).await, name);
    }
}

#[tokio::test]
async fn a_lifted_ban_leaves_an_account_locked_or_switched_off_that_was_so_before() {
    let world = World::new().await;
    let (owner, admin) = (world.owner().await, world.admin().await);
    for name in ["inactive", "locked", "ending"] {
        registered(&world, name).await;
    }
    let off = json!({ "status": "inactive" });
    assert_eq!(owner.patch("/api/users/inactive", off).await.status, 204);
    let lock = |name: &str, body: Value| {
        let (owner, path) = (owner.clone(), format!("/api/users/{name}/lock"));
        async move { assert_eq!(owner.post(&path, body).await.status, 204) }
    };
    let until = (world.now() + SignedDuration::from_hours(1)).to_string();
    lock("locked", json!({ "reason": "fraud" })).await;
    lock("ending", json!({ "reason": "fraud", "until": until })).await;
    for name in ["inactive", "locked", "ending"] {
        // Twice, and banned anew by another contract.
        assert_eq!(ban(&admin, name).await.status, 200);
        assert_eq!(ban(&admin, name).await.status, 200);
        let again = json!({ "status": "banned" });
        assert_eq!(owner.patch(&format!("/api/users/{name}"), again).await.status, 204);
        assert_eq!(status(&world, name).await, "banned");
        assert_eq!(lift(&admin, name).await.status, 200);
        assert_reconciled(&world);
        let is = if name == "inactive" { "inactive" } else { "locked" };
        assert_eq!(status(&world, name).await, is, "{name}");
        let reply = auth::login(&world, name, PASSWORD).await;
        assert_ne!(reply.status, 200, "{name}: {}", reply.text);
        assert_eq!(reply.text.contains("fraud"), is == "locked", "{}", reply.text);
    }
    // What ended under the ban, or was ended, is over.
    for name in ["locked", "ending"] {
        assert_eq!(ban(&admin, name).await.status, 200);
    }
    assert_eq!(owner.post_empty("/api/users/locked/unlock").await.status, 204);
    world.clock.advance(3_601);
    let admin = world.admin().await;
    for name in ["locked", "ending"] {
        assert_eq!(lift(&admin, name).await.status, 200);
        assert_eq!(status(&world, name).await, "active", "{name}");
    }
    // A status that is set takes the place of all that was.
    let owner = world.owner().await;
    assert_eq!(ban(&admin, "inactive").await.status, 200);
    for set in ["active", "banned"] {
        let body = json!({ "status": set });
        assert_eq!(owner.patch("/api/users/inactive", body).await.status, 204);
    }
    assert_eq!(lift(&admin, "inactive").await.status, 200);
    assert_eq!(status(&world, "inactive").await, "active");
    assert_reconciled(&world);
}

#[tokio::test]
async fn rule_9_nobody_bans_an_account_on_a_rank_above_their_own() {
    let world = World::new().await;
    let admin = world.admin().await;
    assert_refusal(&ban(&admin, "owner").await, 403, "The account stands above yours");
    assert_eq!(ban(&world.owner().await, "admin").await.status, 200);
    assert_refusal(&ban(&admin, "owner").await, 401, "Token invalid.");
    assert_reconciled(&world);
}

#[tokio::test]
async fn z06_z07_the_last_administrator_cannot_be_banned_not_even_by_itself() {
    let world = World::new().await;
    let owner = world.owner().await;
    assert_eq!(ban(&owner, "admin").await.status, 200);
    let reply = ban(&owner, "owner").await;
    assert_refusal(&reply, 409, "This is the last account that may manage users");
    assert_eq!(owner.get("/api/me/profile").await.status, 200);
    assert_eq!(lift(&owner, "admin").await.status, 200);
    assert_eq!(
        ban(&owner, "owner").await.status,
        200,
        "somebody is left to lift it, or to make another"
    );
    assert_eq!(owner.get("/api/me/profile").await.status, 401);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z06_of_two_administrators_who_ban_each_other_at_once_one_is_left() {
    for round in 0..10 {
        let world = World::new().await;
        world.user_with("peer@example.org", &["owner"]).await;
        let peer = world.signed_in("peer@example.org", PASSWORD).await;
        let owner = world.owner().await;
        assert_eq!(ban(&owner, "admin").await.status, 200);
        let both = [(owner, "peer@example.org"), (peer, "owner")];
        let replies = at_once(2, |n| {
            let (client, other) = both[n].clone();
            async move { ban(&client, other).await }
        })
        .await;
        let done = replies.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(done, 1, "round {round}: {} {}", replies[0].text, replies[1].text);
        assert_reconciled(&world);
    }
}

#[tokio::test]
async fn rule_7_a_ban_and_its_end_are_in_the_rights_history_with_who_did_it() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let admin = world.admin().await;
    world.clock.advance(1);
    assert_eq!(ban(&admin, "jane").await.status, 200);
    assert_eq!(ban(&admin, "jane").await.status, 200);
    world.clock.advance(1);
    assert_eq!(lift(&admin, "jane").await.status, 200);
    let mut rows: Vec<Value> = world.items().into_iter().collect();
    rows.retain(|item| item["kind"]["S"] == "statusChanged" && item["target"]["M"]["user"]["S"] == id.as_str());
    rows.sort_by_key(|row| row["SK"]["S"].as_str().unwrap().to_owned());
    let changes: Vec<[&Value; 2]> = rows
        .iter()
        .map(|row| ["before", "after"].map(|side| &row[side]["M"]["status"]["S"]))
        .collect();
    assert_eq!(
        changes,
        [
            [&json!("active"), &json!("banned")],
            [&json!("banned"), &json!("active")]
        ]
    );
    assert!(rows.iter().all(|row| row["actor"]["S"].is_string()));
}
