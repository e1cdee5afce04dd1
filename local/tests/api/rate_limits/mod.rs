//! Limits of rate (A2, A4): who is held by which, whom that leaves alone, and what it costs.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, World};

mod contracts;
mod flood;
mod people;
mod proxies;
mod tenant;
mod tokens;

/// A stack behind a proxy on this machine, so that requests can come from anywhere.
pub const LIMITED: [(&str, &str); 3] = [
    ("USHER_RATE_LIMITS", "true"),
    ("USHER_TRUSTED_PROXIES", "127.0.0.0/8"),
    // What locks a name is another test's.
    ("USHER_LOCKOUT_LIMIT", "100"),
];

pub async fn limited() -> World {
    World::with(&LIMITED).await
}

/// Sends a request that comes from this address.
pub fn from(client: &Client, address: &str, path: &str, body: Value) -> impl Future<Output = Reply> + Send + use<> {
    let (client, address, path) = (client.clone(), address.to_owned(), path.to_owned());
    async move {
        let headers = [("x-forwarded-for", address.as_str())];
        client.send(Method::POST, &path, Some(body), &headers).await
    }
}

/// A login with a wrong password.
pub fn guess(world: &World, address: &str, name: &str) -> impl Future<Output = Reply> + Send + use<> {
    let body = json!({ "username": name, "password": "not this one" });
    from(&world.nobody(), address, "/api/auth/login", body)
}

/// Changes limits of the tenant, as its owner.
pub async fn set(world: &World, limits: Value) -> Reply {
    let owner = from_elsewhere(world).await;
    owner.patch("/v1/settings", json!({ "rate_limits": limits })).await
}

/// The owner, signed in from an address that no test counts.
pub async fn from_elsewhere(world: &World) -> Client {
    let body = json!({ "username": "owner", "password": "Owner@12345" });
    let reply = from(&world.nobody(), "203.0.113.250", "/api/auth/login", body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    world.with_token(reply.str("token"))
}

/// The statuses of so many requests.
pub async fn statuses<F: Future<Output = Reply>>(many: usize, one: impl Fn(usize) -> F) -> Vec<u16> {
    let mut statuses = Vec::new();
    for n in 0..many {
        statuses.push(one(n).await.status.as_u16());
    }
    statuses
}

/// A world in which each function that counts did so.
pub async fn counted() -> World {
    let world = limited().await;
    let owner = from_elsewhere(&world).await;
    let guest = world.nobody();
    for (path, body) in [
        ("/auth/login", json!({ "Username": "owner", "Password": "Owner@12345" })),
        (
            "/v1/auth/login",
            json!({ "email": "owner@usher.local", "password": "Owner@12345" }),
        ),
        ("/v1/user/login", json!({ "login": "owner", "password": "Owner@12345" })),
    ] {
        let reply = guest.post(path, body).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    }
    let invited = json!({ "email": "invited@example.org" });
    for (path, body) in [
        ("/api/users", invited.clone()),
        ("/api/tenants", json!({ "id": "another", "owner": invited })),
    ] {
        let reply = owner.post(path, body).await;
        assert_eq!(reply.status, 201, "{path}: {}", reply.text);
    }
    // Over the limit it is read whether the key has an answer.
    assert_eq!(set(&world, json!({ "registration_by_address": 5 })).await.status, 200);
    for n in 0..8 {
        let (name, key) = (format!("registered{n}"), format!("key{n}"));
        let (path, body) = match n % 2 {
            0 => (
                "/v1/user/register",
                json!({ "username": name, "password": PASSWORD, "confirm_password": PASSWORD }),
            ),
            _ => (
                "/auth/register",
                json!({ "Email": format!("{name}@example.org"), "Username": name, "Password": PASSWORD }),
            ),
        };
        let headers = [("idempotency-key", key.as_str())];
        let reply = guest.send(Method::POST, path, Some(body), &headers).await;
        assert_eq!(reply.status, if n < 5 { 200 } else { 429 }, "{path}: {}", reply.text);
    }
    world
}

#[tokio::test]
async fn by_default_nothing_is_counted_here_and_on_a_stack_everything_is() {
    let world = World::new().await;
    for n in 0..70 {
        let body = json!({ "username": format!("nobody{n}"), "password": "not this one" });
        let reply = world.nobody().post("/api/auth/login", body).await;
        assert_eq!((reply.status.as_u16(), reply.header("ratelimit")), (401, ""), "{n}");
    }
    let counters = |world: &World| {
        let items = world.items().into_iter();
        items
            .filter(|item| item["PK"]["S"].as_str().unwrap().contains("#LIMIT#"))
            .count()
    };
    assert_eq!(counters(&world), 0);
    let template = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml")).unwrap();
    let parameter = template.split("\n  RateLimits:\n").nth(1).unwrap();
    assert!(
        parameter.starts_with("    Type: String\n    Default: \"true\"\n"),
        "{parameter:.80}"
    );
    let world = limited().await;
    world.signed_in("owner", "Owner@12345").await;
    assert_eq!(counters(&world), 2, "the address and the name");
}

#[tokio::test]
async fn a_counter_holds_no_address_and_no_name_and_expires() {
    let world = limited().await;
    assert_eq!(guess(&world, "198.51.100.77", "somebody@example.org").await.status, 401);
    let counters: Vec<Value> = world
        .items()
        .into_iter()
        .filter(|item| item["PK"]["S"].as_str().unwrap().contains("#LIMIT#"))
        .collect();
    assert_eq!(counters.len(), 2);
    for counter in counters {
        let text = counter.to_string();
        assert!(!text.contains("198.51.100.77") && !text.contains("somebody"), "{text}");
        let ends: i64 = counter["ttl"]["N"].as_str().unwrap().parse().unwrap();
        let left = ends - world.now().as_second();
        assert!((60..=3 * 300 + 60).contains(&left), "{left}");
    }
}

#[tokio::test]
async fn what_is_left_is_stated_to_the_caller_and_never_what_others_did() {
    let world = limited().await;
    let body = json!({ "username": "owner", "password": "Owner@12345" });
    let first = from(&world.nobody(), "198.51.100.1", "/api/auth/login", body.clone()).await;
    let second = from(&world.nobody(), "198.51.100.1", "/api/auth/login", body.clone()).await;
    let wrong = guess(&world, "198.51.100.1", "owner").await;
    let fields = |reply: &Reply| [reply.header("ratelimit-policy"), reply.header("ratelimit")].map(str::to_owned);
    let policy = "\"login_by_address\";q=60;w=60";
    assert_eq!(fields(&first), [policy, "\"login_by_address\";r=59;t=60"]);
    assert_eq!(fields(&second), [policy, "\"login_by_address\";r=58;t=60"]);
    assert_eq!(
        fields(&wrong),
        [policy, "\"login_by_address\";r=57;t=60"],
        "a refusal, too"
    );
    // From elsewhere nothing shows that the name was used.
    let other = from(&world.nobody(), "198.51.100.2", "/api/auth/login", body).await;
    assert_eq!(fields(&other), [policy, "\"login_by_address\";r=59;t=60"]);
    let listed = from_elsewhere(&world).await.get("/api/users").await;
    assert_eq!(fields(&listed), ["", ""], "no limit holds this route");
}

#[tokio::test]
async fn a_person_at_work_meets_no_limit() {
    let world = limited().await;
    let made = json!({ "email": "jane@example.org", "password": PASSWORD });
    let owner = from_elsewhere(&world).await;
    assert_eq!(owner.post("/api/users", made).await.status, 201);
    // Every quarter of an hour, for a day, from a phone and a desk; and now and then the wrong password.
    for n in 0..96 {
        for address in ["198.51.100.1", "2001:db8:1:2::1"] {
            if n % 10 == 0 {
                assert_eq!(guess(&world, address, "jane@example.org").await.status, 401, "{n}");
            }
            let body = json!({ "username": "jane@example.org", "password": PASSWORD });
            let reply = from(&world.nobody(), address, "/api/auth/login", body).await;
            assert_eq!(reply.status, 200, "{n}: {}", reply.text);
        }
        world.clock.advance(900);
    }
}
