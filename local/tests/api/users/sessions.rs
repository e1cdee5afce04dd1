//! `/api/users/{user}/sessions`

use reqwest::Method;
use serde_json::{Value, json};

use super::{refused, role, signed_in_with, user};
use crate::auth::{assert_refused, opens, pair};
use crate::conditional::if_match;
use crate::me::sessions::{all_of, at, listed, own_id};
use crate::service_accounts::keyed;
use crate::support::{Client, PASSWORD, World};

const JANE: &str = "jane@example.org";

fn of(id: &str) -> String {
    format!("{}/sessions", user(id))
}

fn logins_of(id: &str) -> String {
    format!("{}/login-history", user(id))
}

/// The rows of the rights history about an account, newest first.
async fn rows(owner: &Client, id: &str) -> Vec<Value> {
    let reply = owner.get(&format!("/api/rights-history?target={id}&limit=100")).await;
    reply.body["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_and_ends_the_sessions_of_another_and_it_is_recorded() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let (boss, admin) = signed_in_with(&world, "boss@example.org", &["admin"]).await;
    let (first, second) = (pair(&world, JANE).await, pair(&world, JANE).await);
    let shown = all_of(&admin.get(&of(&id)).await);
    let own = listed(&world.with_token(&first.access)).await;
    assert_eq!(shown.len(), 2);
    assert!(shown.iter().all(|session| session["current"] == false), "{shown:?}");
    assert!(
        own.iter()
            .all(|session| shown.iter().any(|one| one["id"] == session["id"]))
    );
    let ended = own_id(&world.with_token(&first.access)).await;
    world.clock.advance(1);
    let reply = admin.delete(&format!("{}/{ended}", of(&id))).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    assert_eq!(opens(&world, &first.access).await, 401);
    assert_refused(&world, &first.refresh, "ended").await;
    assert_eq!(opens(&world, &second.access).await, 200);
    refused(&admin.delete(&format!("{}/{ended}", of(&id))).await, 404, "not-found");
    let owner = world.owner().await;
    let row = rows(&owner, &id).await.remove(0);
    assert_eq!(
        row,
        json!({
            "at": "2026-11-22T08:00:01.000Z", "actor": boss, "ip": "127.0.0.1", "target": id, "kind": "sessionEnded",
            "before": { "session": ended, "surface": "directory", "createdAt": "2026-11-22T08:00:00.000Z" },
            "after": null,
        })
    );
    world.clock.advance(1);
    // The administrator's own session is not among them.
    assert_eq!(admin.delete(&format!("{}?except=current", of(&id))).await.status, 204);
    assert_eq!(opens(&world, &second.access).await, 401);
    assert_eq!(all_of(&admin.get(&of(&id)).await), [] as [Value; 0]);
    let row = rows(&owner, &id).await.remove(0);
    assert_eq!(
        (&row["kind"], &row["before"]),
        (&json!("sessionEnded"), &json!({ "sessions": "all" }))
    );
    // It is no logout of the account's, and its holder is shown no administrator's address.
    let history = owner.get(&format!("{}/login-history", user(&id))).await;
    let kinds: Vec<&Value> = history.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["kind"])
        .collect();
    assert_eq!(kinds, ["login", "login"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_s_own_account_by_its_id_is_as_by_me() {
    let world = World::new().await;
    let (id, admin) = signed_in_with(&world, "boss@example.org", &["admin"]).await;
    let other = world.signed_in("boss@example.org", PASSWORD).await;
    assert_eq!(all_of(&admin.get(&of(&id)).await), listed(&admin).await);
    let rows_before = rows(&world.owner().await, &id).await.len();
    let ended = own_id(&other).await;
    assert_eq!(admin.delete(&format!("{}/{ended}", of(&id))).await.status, 204);
    assert_eq!(opens(&world, &other.token).await, 401);
    let other = world.signed_in("boss@example.org", PASSWORD).await;
    assert_eq!(
        admin
            .delete(&format!("{}?except=current", of("boss@example.org")))
            .await
            .status,
        204
    );
    assert_eq!(
        (opens(&world, &other.token).await, opens(&world, &admin.token).await),
        (401, 200)
    );
    assert_eq!(admin.delete(&of(&id)).await.status, 204);
    assert_eq!(opens(&world, &admin.token).await, 401);
    let owner = world.owner().await;
    assert_eq!(
        rows(&owner, &id).await.len(),
        rows_before,
        "what somebody does to their own is no such row"
    );
    let history = owner.get(&format!("{}/login-history?limit=100", user(&id))).await.text;
    assert_eq!(history.matches("\"logout\"").count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn z04_nobody_sees_or_ends_the_sessions_or_sees_the_logins_of_whom_they_may_not_touch() {
    let world = World::new().await;
    let (owner, admin) = (world.owner().await, world.admin().await);
    let keys = role(&world, "keys", &["admin.keys", "admin.users"]).await;
    let above = owner.get("/api/me/profile").await.str("id").to_owned();
    let (id, holder) = signed_in_with(&world, JANE, &[&keys]).await;
    let helper_role = role(&world, "helper", &["admin.users"]).await;
    let (_, helper) = signed_in_with(&world, "helper@example.org", &[&helper_role]).await;
    for (who, whose, client, why) in [
        (&admin, &above, &owner, "above-own-rank"),
        (&helper, &id, &holder, "not-held"),
    ] {
        let session = own_id(client).await;
        let before = world.items();
        refused(&who.get(&of(whose)).await, 403, why);
        refused(&who.get(&logins_of(whose)).await, 403, why);
        refused(&who.delete(&of(whose)).await, 403, why);
        refused(&who.delete(&format!("{}/{session}", of(whose))).await, 403, why);
        assert!(world.items() == before, "nothing is done");
        assert_eq!(opens(&world, &client.token).await, 200);
    }
    for path in [of(&id), logins_of(&id)] {
        assert_eq!(admin.get(&path).await.status, 200, "who holds all that they hold");
    }
    let own = holder.get(&logins_of(&id)).await;
    assert_eq!(own.status, 200, "{}", own.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn z02_a_session_is_found_under_its_own_account_alone_and_a_deleted_account_has_none() {
    let world = World::new().await;
    let (owner, jane) = (world.owner().await, world.user(JANE).await);
    let john = world.user("john@example.org").await;
    let client = world.signed_in("john@example.org", PASSWORD).await;
    let session = own_id(&client).await;
    for path in [format!("{}/{session}", of(&jane)), at(&session)] {
        refused(&owner.delete(&path).await, 404, "not-found");
    }
    super::invalid(&owner.delete(&format!("{}/x", of(&john))).await, &["{session}"]);
    super::invalid(&owner.delete(&format!("{}?except=mine", of(&john))).await, &["?except"]);
    assert_eq!(opens(&world, &client.token).await, 200);
    assert_eq!(owner.delete(&user(&john)).await.status, 204);
    for reply in [
        owner.get(&of(&john)).await,
        owner.delete(&of(&john)).await,
        owner.delete(&format!("{}/{session}", of(&john))).await,
    ] {
        refused(&reply, 404, "not-found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_not_there_is_404_before_a_stale_tag_is_412() {
    let world = World::new().await;
    let (owner, jane) = (world.owner().await, world.user(JANE).await);
    let nowhere = format!("{}/00000000-0000-7000-8000-000000000000", of(&jane));
    let stale = |path: String| {
        let owner = owner.clone();
        async move { if_match(&owner, Method::DELETE, &path, None, &["\"99999\""]).await }
    };
    refused(&stale(nowhere).await, 404, "not-found");
    let client = world.signed_in(JANE, PASSWORD).await;
    let session = own_id(&client).await;
    refused(&stale(format!("{}/{session}", of(&jane))).await, 412, "stale");
    refused(&stale(of(&jane)).await, 412, "stale");
    assert_eq!(opens(&world, &client.token).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_from_an_erased_account_was_signed_in_is_nowhere_any_more() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let body = json!({ "username": JANE, "password": PASSWORD });
    let headers = [("user-agent", "a rare client")];
    world
        .nobody()
        .send(Method::POST, "/api/auth/login", Some(body), &headers)
        .await;
    assert_eq!(world.owner().await.delete(&of(&id)).await.status, 204);
    let named = |world: &World| {
        world
            .items()
            .iter()
            .filter(|item| item.to_string().contains("a rare client"))
            .count()
    };
    assert_eq!(
        named(&world),
        1,
        "the session, which has ended and is the row of the login"
    );
    let boss = crate::account::signed_in(&world, "owner", "Owner@12345").await;
    crate::account::done(&boss.post("/admin/deleteuseraccount", json!({ "Id": id })).await);
    assert_eq!(named(&world), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_has_no_sessions_and_ends_those_of_others_by_its_key() {
    let world = World::new().await;
    let (account, _, robot) = keyed(&world, "robot", &["admin"]).await;
    let jane = world.user(JANE).await;
    let client = world.signed_in(JANE, PASSWORD).await;
    let session = own_id(&client).await;
    for path in ["/api/me/sessions".to_owned(), of(&account)] {
        assert_eq!(all_of(&robot.get(&path).await), [] as [Value; 0]);
        refused(&robot.delete(&format!("{path}/{session}")).await, 404, "not-found");
        for query in ["?except=current", ""] {
            assert_eq!(
                robot.delete(&format!("{path}{query}")).await.status,
                204,
                "{path}{query}"
            );
        }
    }
    assert_eq!(opens(&world, &robot.token).await, 200, "a key is no session");
    assert_eq!(all_of(&robot.get(&of(&jane)).await)[0]["current"], false);
    assert_eq!(robot.delete(&format!("{}/{session}", of(&jane))).await.status, 204);
    assert_eq!(opens(&world, &client.token).await, 401);
}
