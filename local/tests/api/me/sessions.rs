//! `/api/me/sessions`

use reqwest::Method;
use serde_json::{Value, json};
use usher::domain::session::Session;
use usher::domain::tenant::TenantId;
use usher::id::SessionId;
use usher::jiff::SignedDuration;
use usher::store::{sessions, unit};

use crate::auth::{Pair, assert_refused, opens, pair};
use crate::support::{Client, PASSWORD, Reply, World};
use crate::users::{invalid, refused};

const JANE: &str = "jane@example.org";
const PATH: &str = "/api/me/sessions";

/// The open sessions of whoever asks.
pub async fn listed(client: &Client) -> Vec<Value> {
    all_of(&client.get(PATH).await)
}

/// The sessions of an answer.
pub fn all_of(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body.as_array().unwrap().clone()
}

/// The session that a client's token is of.
pub async fn current(client: &Client) -> Value {
    let mut listed = listed(client).await;
    listed.retain(|session| session["current"] == true);
    assert_eq!(listed.len(), 1);
    listed.remove(0)
}

/// Its id.
pub async fn own_id(client: &Client) -> String {
    current(client).await["id"].as_str().unwrap().to_owned()
}

/// The path of a session of the caller's.
pub fn at(id: &str) -> String {
    format!("{PATH}/{id}")
}

/// An account with a verified address, which every contract lets in.
async fn jane(world: &World) -> String {
    let body = json!({ "email": JANE, "emailVerified": true, "username": "jane", "password": PASSWORD });
    world.owner().await.post("/api/users", body).await.str("id").to_owned()
}

/// Logs jane in through each contract, a minute after the other; the tokens, the oldest first.
async fn through_every_contract(world: &World) -> Vec<Client> {
    let mut clients = Vec::new();
    for (path, body, token) in [
        (
            "/api/auth/token",
            json!({ "email": JANE, "password": PASSWORD }),
            "/accessToken",
        ),
        (
            "/api/auth/login",
            json!({ "username": "jane", "password": PASSWORD }),
            "/token",
        ),
        (
            "/auth/login",
            json!({ "Username": "jane", "Password": PASSWORD }),
            "/Token",
        ),
        (
            "/v1/auth/login",
            json!({ "email": JANE, "password": PASSWORD }),
            "/access_token",
        ),
        (
            "/v1/user/login",
            json!({ "login": "jane", "password": PASSWORD }),
            "/data/token",
        ),
    ] {
        world.clock.advance(60);
        let headers = [("user-agent", path)];
        let reply = world.nobody().send(Method::POST, path, Some(body), &headers).await;
        let token = reply
            .body
            .pointer(token)
            .unwrap_or_else(|| panic!("{path}: {}", reply.text));
        clients.push(world.with_token(token.as_str().unwrap()));
    }
    clients
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sessions_of_every_contract_are_listed_newest_first_with_where_they_came_from() {
    let world = World::new().await;
    jane(&world).await;
    let clients = through_every_contract(&world).await;
    let reply = clients[1].get(PATH).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    let mut listed = all_of(&reply);
    let lines = listed.iter().map(|session| {
        let text = |name: &str| session[name].as_str().unwrap();
        assert_eq!(
            session["id"]
                .as_str()
                .unwrap()
                .parse::<SessionId>()
                .unwrap()
                .to_string(),
            text("id")
        );
        format!(
            "{} {} {} {} {}",
            text("createdAt"),
            text("surface"),
            text("userAgent"),
            text("ip"),
            session["current"]
        )
    });
    let lines: Vec<String> = lines.collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    2026-11-22T08:05:00.000Z registration /v1/user/login 127.0.0.1 false
    2026-11-22T08:04:00.000Z admin /v1/auth/login 127.0.0.1 false
    2026-11-22T08:03:00.000Z account /auth/login 127.0.0.1 false
    2026-11-22T08:02:00.000Z directory /api/auth/login 127.0.0.1 true
    2026-11-22T08:01:00.000Z directory /api/auth/token 127.0.0.1 false
    ");
    listed.iter_mut().for_each(|session| session["id"] = json!("<id>"));
    insta::assert_json_snapshot!(listed[3], @r#"
    {
      "id": "<id>",
      "surface": "directory",
      "createdAt": "2026-11-22T08:02:00.000Z",
      "lastUsedAt": "2026-11-22T08:05:00.000Z",
      "ip": "127.0.0.1",
      "userAgent": "/api/auth/login",
      "current": true,
      "expiresAt": "2026-11-22T16:02:00.000Z"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_any_contract_ends_on_every_contract_with_the_next_request() {
    let world = World::new().await;
    jane(&world).await;
    let clients = through_every_contract(&world).await;
    let me = world.signed_in("jane", PASSWORD).await;
    for (n, client) in clients.iter().enumerate() {
        let id = own_id(client).await;
        assert_eq!(opens(&world, &client.token).await, 200);
        let reply = me.delete(&at(&id)).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""), "{n}");
        assert_eq!(opens(&world, &client.token).await, 401, "{n}");
        assert_eq!(client.get("/user/profile").await.status, 401, "{n}");
        let verified = crate::registration::verdict(&world, &client.token).await;
        assert_ne!(verified, crate::registration::verdict(&world, &me.token).await, "{n}");
        assert_eq!(listed(&me).await.len(), clients.len() - n);
        refused(&me.delete(&at(&id)).await, 404, "not-found");
    }
    assert_eq!(opens(&world, &me.token).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_ended_is_not_refreshed_and_its_end_is_a_logout() {
    let world = World::new().await;
    jane(&world).await;
    let (other, own) = (pair(&world, JANE).await, pair(&world, JANE).await);
    let me = world.with_token(&own.access);
    let id = own_id(&world.with_token(&other.access)).await;
    world.clock.advance(1);
    assert_eq!(me.delete(&at(&id)).await.status, 204);
    assert_refused(&world, &other.refresh, "ended").await;
    // One's own, as by a logout.
    world.clock.advance(1);
    assert_eq!(me.delete(&at(&own_id(&me).await)).await.status, 204);
    assert_eq!(opens(&world, &own.access).await, 401);
    assert_refused(&world, &own.refresh, "ended").await;
    let history = world
        .owner()
        .await
        .get(&format!("/api/users/{JANE}/login-history"))
        .await;
    let kinds: Vec<&Value> = history.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["kind"])
        .collect();
    assert_eq!(kinds, ["logout", "logout", "login", "login"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn z02_another_s_session_and_one_that_is_not_open_are_404_and_what_is_no_id_is_400() {
    let world = World::new().await;
    jane(&world).await;
    world.user("john@example.org").await;
    let (me, john) = (
        world.signed_in("jane", PASSWORD).await,
        world.signed_in("john@example.org", PASSWORD).await,
    );
    let unknown = "00000000-0000-7000-8000-000000000000".to_owned();
    for id in [own_id(&john).await, unknown] {
        refused(&me.delete(&at(&id)).await, 404, "not-found");
    }
    assert_eq!(opens(&world, &john.token).await, 200);
    for id in ["x", "%ff", "0192a1b2c3d47e5f8a9b0c1d2e3f4a5b", "current"] {
        invalid(&me.delete(&at(id)).await, &["{session}"]);
    }
    // Left over from before the password was changed, and expired: both are in the table still.
    let old = own_id(&world.signed_in("jane", PASSWORD).await).await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "battery staple" });
    assert_eq!(me.post("/api/auth/change-password", body).await.status, 204);
    refused(&me.delete(&at(&old)).await, 404, "not-found");
    let own = own_id(&me).await;
    assert_eq!(listed(&me).await.len(), 1);
    world.clock.advance(7 * 3_600);
    let later = world.signed_in("jane", "battery staple").await;
    assert_eq!(listed(&later).await.len(), 2);
    world.clock.advance(3_600);
    assert_eq!(listed(&later).await.len(), 1);
    refused(&later.delete(&at(&own)).await, 404, "not-found");
}

/// The tokens that open something, by their place.
async fn open(world: &World, pairs: &[Pair]) -> Vec<usize> {
    let mut open = Vec::new();
    for (n, pair) in pairs.iter().enumerate() {
        if opens(world, &pair.access).await == 200 {
            open.push(n);
        }
    }
    open
}

#[tokio::test(flavor = "multi_thread")]
async fn every_other_session_ends_at_once_and_the_one_that_asks_goes_on_with_its_account_as_it_was() {
    let world = World::new().await;
    jane(&world).await;
    let mut pairs = Vec::new();
    for _ in 0..4 {
        pairs.push(pair(&world, JANE).await);
    }
    let me = world.with_token(&pairs[2].access);
    for wrong in ["", "none", "Current", "current&except=current"] {
        invalid(&me.delete(&format!("{PATH}?except={wrong}")).await, &["?except"]);
    }
    assert_eq!(open(&world, &pairs).await, [0, 1, 2, 3]);
    world.clock.advance(1);
    let profile = me.get("/api/me/profile").await.body;
    for _ in 0..2 {
        let reply = me.delete(&format!("{PATH}?except=current")).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
        assert_eq!(open(&world, &pairs).await, [2]);
        assert_eq!(listed(&me).await.len(), 1);
    }
    assert_eq!(me.get("/api/me/profile").await.body, profile);
    for n in [0, 1, 3] {
        assert_refused(&world, &pairs[n].refresh, "ended").await;
    }
    let next = Pair::of(&crate::auth::refresh(&world, &pairs[2].refresh).await);
    assert_eq!(opens(&world, &next.access).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_is_in_the_history_where_a_session_ended_and_not_where_none_did() {
    let world = World::new().await;
    jane(&world).await;
    let me = world.with_token(&pair(&world, JANE).await.access);
    let kinds = async || {
        world.clock.advance(1);
        let history = me.get("/api/me/login-history").await.body;
        let items = history["items"].as_array().unwrap().iter();
        items
            .map(|row| row["kind"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let end_others = async || assert_eq!(me.delete(&format!("{PATH}?except=current")).await.status, 204);
    end_others().await;
    assert_eq!(kinds().await, ["login"]);
    pair(&world, JANE).await;
    // Rows of one millisecond have no order.
    world.clock.advance(1);
    end_others().await;
    assert_eq!(kinds().await, ["logout", "login", "login"]);
    end_others().await;
    assert_eq!(kinds().await, ["logout", "login", "login"]);
    assert_eq!(listed(&me).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_exception_the_session_that_asks_ends_as_well() {
    let world = World::new().await;
    jane(&world).await;
    let pairs = [pair(&world, JANE).await, pair(&world, JANE).await];
    let me = world.with_token(&pairs[0].access);
    assert_eq!(me.delete(PATH).await.status, 204);
    assert_eq!(open(&world, &pairs).await, [0; 0]);
    refused(&me.delete(PATH).await, 401, "invalid-token");
    assert_eq!(
        opens(&world, &pair(&world, JANE).await.access).await,
        200,
        "a new one opens"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_development_principal_has_one_session_and_ends_it() {
    let world = World::new().await;
    for path in [PATH.to_owned(), String::new()] {
        let made = world
            .nobody()
            .post("/api/auth/dev-token", json!({ "permissions": ["admin.users"] }))
            .await;
        let robot = world.with_token(made.str("token"));
        let listed = listed(&robot).await;
        assert_eq!((listed.len(), &listed[0]["current"]), (1, &json!(true)));
        assert_eq!(robot.delete(&format!("{PATH}?except=current")).await.status, 204);
        let own = at(listed[0]["id"].as_str().unwrap());
        let path = if path.is_empty() { own } else { path };
        assert_eq!(robot.delete(&path).await.status, 204, "{path}");
        refused(&robot.get(PATH).await, 401, "invalid-token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_thousand_are_looked_at_and_the_current_one_is_listed_in_any_case() {
    let world = World::new().await;
    let id = jane(&world).await;
    let me = world.signed_in("jane", PASSWORD).await;
    let (table, t) = (&world.app.table, TenantId::parse("main").unwrap());
    let own: Session = sessions::newest(table, &t, id.parse().unwrap(), world.now(), 1)
        .await
        .unwrap()
        .0
        .remove(0);
    for batch in 0..11 {
        let made = (0..100).map(|n| {
            let created_at = own.created_at + SignedDuration::from_millis(batch * 100 + n + 1);
            let id = SessionId::new(created_at).unwrap();
            sessions::open(&Session {
                id,
                created_at,
                ..own.clone()
            })
            .unwrap()
        });
        unit::commit(table, &made.collect::<Vec<_>>()).await.unwrap();
    }
    let listed = listed(&me).await;
    assert_eq!(listed.len(), 1_001);
    let created: Vec<&str> = listed
        .iter()
        .map(|session| session["createdAt"].as_str().unwrap())
        .collect();
    assert!(created.is_sorted_by(|a, b| a > b), "newest first");
    assert_eq!(created[0], "2026-11-22T08:00:01.100Z");
    assert_eq!(listed[1_000]["current"], true);
    assert_eq!(me.delete(&format!("{PATH}?except=current")).await.status, 204);
    assert_eq!(all_of(&me.get(PATH).await).len(), 1, "however many they were");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_from_before_its_origin_was_kept_shows_none_and_goes_on() {
    let world = World::new().await;
    let id = jane(&world).await;
    let me = world.signed_in("jane", PASSWORD).await;
    let own = own_id(&me).await;
    let key = usher::store::keys::session(
        &TenantId::parse("main").unwrap(),
        id.parse().unwrap(),
        own.parse().unwrap(),
    );
    let mut item = world.app.table.get(&key).await.unwrap().unwrap();
    item.retain(|name, _| !["ip", "userAgent", "lastUsedAt"].contains(&name.as_str()));
    world
        .app
        .table
        .batch_write(&[usher::store::table::Write::put(item)])
        .await
        .unwrap();
    for _ in 0..2 {
        let shown = listed(&me).await.remove(0);
        assert_eq!((&shown["ip"], &shown["userAgent"]), (&json!(""), &json!("")));
        world.clock.advance(60);
    }
    assert_eq!(listed(&me).await[0]["lastUsedAt"], "2026-11-22T08:02:00.000Z");
}
