//! What a route that asks for an API key does with it: tried on a small table of its own, whose routes stand for all.

use std::net::SocketAddr;

use axum::Router;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;
use usher::Result;
use usher::access::guard::Guard;
use usher::actions::Context;
use usher::http::answer::NoContent;
use usher::http::problem::Problem;
use usher::http::routes::Routes;
use usher::http::serve;

use super::{made, stored};
use crate::proxy::Fault;
use crate::round_trips::counted;
use crate::support::{API_KEY, Client, World, at_once};
use crate::tenants::{owner_of, with_header, within};
use crate::users::refused;

async fn done(_: Context) -> Result<NoContent> {
    Ok(NoContent)
}

/// A route for each kind of guard, behind a key.
const PATHS: [&str; 3] = ["/keyed/anyone", "/keyed/guest", "/keyed/signed-in"];

fn table() -> Routes {
    Routes::new::<Problem>("Keyed")
        .credential(::account::credentials::api_key)
        .get(PATHS[0], Guard::Anyone, done)
        .get(PATHS[1], Guard::Guest, done)
        .get(PATHS[2], Guard::SignedIn, done)
}

/// Serves the table beside the world's own routes; its address.
async fn keyed(world: &World) -> String {
    let mut tables = crate::support::tables();
    tables.push(table());
    let router: Router = serve::service(world.app.clone(), tables);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    url
}

/// Whoever asks that table with this key: for each of its paths, in their order.
struct Asking {
    base: String,
    owner: Client,
}

impl Asking {
    async fn of(world: &World) -> Self {
        let base = keyed(world).await;
        Self {
            base,
            owner: world.owner().await,
        }
    }

    /// The client that a path is for: only the signed-in one has a token.
    fn client(&self, path: &str, key: &str) -> Client {
        let token = if path == PATHS[2] {
            self.owner.token.clone()
        } else {
            String::new()
        };
        Client {
            base: self.base.clone(),
            token,
            api_key: key.to_owned(),
            ..self.owner.clone()
        }
    }

    async fn statuses(&self, key: &str) -> Vec<u16> {
        let mut statuses = Vec::new();
        for path in PATHS {
            let reply = self.client(path, key).get(path).await;
            if reply.status != 204 {
                refused(&reply, 401, "invalid-api-key");
            }
            statuses.push(reply.status.as_u16());
        }
        statuses
    }
}

const IN: [u16; 3] = [204; 3];
const OUT: [u16; 3] = [401; 3];

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_key_opens_and_no_key_or_another_text_does_not() {
    let world = World::new().await;
    let asking = Asking::of(&world).await;
    assert_eq!(asking.statuses(API_KEY).await, IN);
    let key = made(&asking.owner, "x").await;
    assert_eq!(asking.statuses(key.str("key")).await, IN);
    let text = key.str("key");
    for wrong in [
        "",
        "x",
        &API_KEY[..API_KEY.len() - 1],
        &API_KEY.to_uppercase(),
        &format!("{text}x"),
        &text.replace("_ak_", "_rt_"),
        key.str("id"),
        key.str("hint"),
        &usher::actions::api_keys::digest(text),
        &asking.owner.token,
        &"k".repeat(8_000),
    ] {
        assert_eq!(asking.statuses(wrong).await, OUT, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_is_reported_before_anything_else_is_looked_at() {
    let world = World::new().await;
    let asking = Asking::of(&world).await;
    for key in ["", "wrong"] {
        for path in PATHS {
            for token in ["", "garbage", &asking.owner.token] {
                let client = Client {
                    token: token.to_owned(),
                    ..asking.client(path, key)
                };
                refused(&client.get(path).await, 401, "invalid-api-key");
            }
        }
    }
    // With it, the rest is looked at.
    for (path, token, status, problem) in [
        (PATHS[2], "", 401, "no-credentials"),
        (PATHS[2], "garbage", 401, "invalid-token"),
        (PATHS[1], &asking.owner.token, 400, "already-signed-in"),
    ] {
        let client = Client {
            token: token.to_owned(),
            ..asking.client(path, API_KEY)
        };
        refused(&client.get(path).await, status, problem);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn z10_a_key_in_the_query_string_or_a_cookie_or_as_a_token_is_not_looked_at() {
    let world = World::new().await;
    let asking = Asking::of(&world).await;
    let encoded = API_KEY.replace(' ', "%20").replace(',', "%2C");
    for path in PATHS {
        let client = asking.client(path, "");
        for name in ["x-api-key", "X-Api-Key", "api_key", "apiKey", "key"] {
            refused(
                &client.get(&format!("{path}?{name}={encoded}")).await,
                401,
                "invalid-api-key",
            );
        }
        let cookie = format!("x-api-key={encoded}");
        let reply = client.send(Method::GET, path, None, &[("cookie", &cookie)]).await;
        refused(&reply, 401, "invalid-api-key");
    }
    let key = made(&asking.owner, "x").await;
    let client = Client {
        token: key.str("key").to_owned(),
        ..asking.client(PATHS[0], "")
    };
    refused(&client.get(PATHS[0]).await, 401, "invalid-api-key");
    // Nor does a key open what asks for a token.
    refused(&world.nobody().get("/api/users").await, 401, "no-credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn i05_two_keys_are_refused_even_where_both_are_right() {
    let world = World::new().await;
    let asking = Asking::of(&world).await;
    for path in PATHS {
        for second in [API_KEY, "wrong", ""] {
            let client = asking.client(path, API_KEY);
            let reply = client.send(Method::GET, path, None, &[("x-api-key", second)]).await;
            refused(&reply, 401, "invalid-api-key");
        }
        let name = asking
            .client(path, "")
            .send(Method::GET, path, None, &[("X-API-KEY", API_KEY)])
            .await;
        assert_eq!(name.status, 204, "a header's name has no letter case");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn z08_a_key_opens_until_its_end_and_not_at_it() {
    let world = World::new().await;
    let asking = Asking::of(&world).await;
    // Ids of one millisecond are in no order, and set-up's key is of the first.
    world.clock.advance_ms(1);
    let body = json!({ "name": "x", "expiresAt": "2026-11-22T08:10:00Z" });
    let key = asking.owner.post("/api/api-keys", body).await.str("key").to_owned();
    world.clock.advance_ms(600_000 - 2);
    assert_eq!(asking.statuses(&key).await, IN);
    world.clock.advance_ms(1);
    assert_eq!(asking.statuses(&key).await, OUT);
    assert_eq!(asking.statuses(API_KEY).await, IN);
    // The broom has not come yet: it is the moment that counts, and listings show it.
    let listed = asking.owner.get("/api/api-keys").await.body;
    assert_eq!(listed["items"][0]["expiresAt"], "2026-11-22T08:10:00.000Z");
    assert_eq!(listed["items"][0]["lastUsedAt"], "2026-11-22T08:09:59.999Z");
    let ttl = stored(&world)
        .into_iter()
        .find_map(|item| Some(item["ttl"]["N"].as_str()?.to_owned()));
    assert_eq!(ttl.as_deref(), Some("1795335000"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_opens_nothing_from_the_next_request_on_and_does_not_come_back() {
    let world = World::new().await;
    let asking = Asking::of(&world).await;
    let key = made(&asking.owner, "x").await;
    assert_eq!(asking.statuses(key.str("key")).await, IN);
    assert_eq!(
        asking
            .owner
            .delete(&format!("/api/api-keys/{}", key.str("id")))
            .await
            .status,
        204
    );
    // A minute later, when its use would be written down again.
    for _ in 0..2 {
        assert_eq!(asking.statuses(key.str("key")).await, OUT);
        world.clock.advance(60);
    }
    assert_eq!(stored(&world).len(), 1, "that of set-up");
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_a_key_of_one_tenant_opens_nothing_in_another() {
    let world = with_header().await;
    let base = keyed(&world).await;
    let (one, ten) = (owner_of(&world, "org1").await, owner_of(&world, "org10").await);
    let (of_one, of_ten) = (made(&one, "x").await, made(&ten, "x").await);
    for (key, opens) in [
        (of_one.str("key"), "org1"),
        (of_ten.str("key"), "org10"),
        (API_KEY, "main"),
    ] {
        for (tenant, token) in [
            ("org1", &one.token),
            ("org10", &ten.token),
            ("main", &world.owner().await.token),
        ] {
            for path in PATHS {
                let client = Client {
                    base: base.clone(),
                    token: if path == PATHS[2] { token.clone() } else { String::new() },
                    api_key: key.to_owned(),
                    ..within(&world.nobody(), tenant)
                };
                let reply = client.get(path).await;
                if tenant == opens {
                    assert_eq!(reply.status, 204, "{path} of {tenant}: {}", reply.text);
                } else {
                    refused(&reply, 401, "invalid-api-key");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_is_written_at_most_once_a_minute() {
    let (world, proxy) = counted().await;
    let asking = Asking::of(&world).await;
    let updates = || {
        proxy
            .cost()
            .operations
            .iter()
            .filter(|one| *one == "UpdateItem")
            .count()
    };
    for path in PATHS {
        world.clock.advance_ms(1);
        let key = made(&asking.owner, path).await;
        let client = asking.client(path, key.str("key"));
        updates();
        for n in 0..50 {
            assert_eq!(client.get(path).await.status, 204, "{n}");
            world.clock.advance_ms(1_199);
        }
        assert_eq!(updates(), 1, "{path}: 50 requests within 59.95 s");
        world.clock.advance_ms(60_000 - 50 * 1_199);
        assert_eq!(client.get(path).await.status, 204);
        // That of the session, too, where there is one.
        let written = if path == "/keyed/signed-in" { 2 } else { 1 };
        assert_eq!(updates(), written, "{path}: a minute after the one that was written");
        let listed = asking.owner.get("/api/api-keys?limit=1").await.body;
        let used = usher::domain::time::text(world.now());
        assert_eq!(
            (&listed["items"][0]["name"], &listed["items"][0]["lastUsedAt"]),
            (&json!(path), &json!(used))
        );
        // What a request costs with a key that was used within the minute.
        let costs = match path {
            "/keyed/signed-in" => ["BatchGetItem"],
            _ => ["GetItem"],
        };
        proxy.cost();
        assert_eq!(client.get(path).await.status, 204);
        assert_eq!(proxy.cost().operations, costs, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_50_first_uses_at_once_one_is_written_and_all_are_let_through() {
    let (world, proxy) = counted().await;
    let asking = Asking::of(&world).await;
    let key = made(&asking.owner, "x").await;
    let client = asking.client(PATHS[0], key.str("key"));
    proxy.cost();
    let statuses = at_once(50, |_| {
        let client = client.clone();
        async move { client.get(PATHS[0]).await.status.as_u16() }
    })
    .await;
    assert_eq!(statuses, [204; 50]);
    let written = proxy.cost().written;
    assert!((written - 1.0).abs() < f64::EPSILON, "{written} units were written");
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_where_the_store_is_away_nobody_is_let_in_without_a_look_at_the_key() {
    let (world, proxy) = counted().await;
    let asking = Asking::of(&world).await;
    for path in PATHS {
        let client = asking.client(path, API_KEY);
        proxy.plan(|_| Some(Fault::Busy));
        assert_eq!(client.get(path).await.status, 503, "{path}");
        proxy.calm();
        assert_eq!(client.get(path).await.status, 204, "{path}");
    }
}
