//! Nothing that a stranger can ask shows whose account there is (rules 5, 6 and 16): every way in of every contract,
//! interleaved over all states of an account, by address and by name.

use http::HeaderMap;
use serde_json::{Value, json};

use crate::databases::{serve_dynamodb, table_set_up_with};
use crate::proxy::Proxy;
use crate::support::{PASSWORD, Reply, World};

/// The states of an account, and what makes it so; nothing makes the last one, which does not exist.
const STATES: [&str; 9] = [
    "verified", "unproven", "inactive", "banished", "atadmins", "departed", "password", "mustedit", "unknowns",
];
const REQUESTS: usize = 300;

/// What a stranger sees and what the stack does for it: status, body, headers, comparisons, hashes, requests.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    body: String,
    headers: Vec<(String, String)>,
    compared: u64,
    hashed: u64,
    asked: Vec<String>,
}

/// The ways in: path, body, and whether a name can stand in place of the address.
fn ways(who: &str) -> Vec<(&'static str, Value)> {
    let (address, wrong) = (format!("{who}@example.org"), "not this one");
    vec![
        ("/api/auth/token", json!({ "email": address, "password": wrong })),
        ("/api/auth/login", json!({ "username": address, "password": wrong })),
        ("/api/auth/login", json!({ "username": who, "password": wrong })),
        ("/auth/login", json!({ "Username": address, "Password": wrong })),
        ("/auth/login", json!({ "Username": who, "Password": wrong })),
        ("/v1/auth/login", json!({ "email": address, "password": wrong })),
        ("/v1/user/login", json!({ "login": address, "password": wrong })),
        ("/v1/user/login", json!({ "login": who, "password": wrong })),
        ("/api/auth/forgot-password", json!({ "email": address })),
        ("/auth/resetpassword", json!({ "Email": address })),
        ("/v1/auth/verification", json!({ "email": address })),
        ("/v1/user/email/resend", json!({ "email": address })),
    ]
}

async fn everybody(world: &World) {
    let owner = world.owner().await;
    for state in STATES.iter().filter(|state| **state != "unknowns") {
        let mut body = json!({
            "email": format!("{state}@example.org"), "username": state, "password": PASSWORD,
            "emailVerified": *state != "unproven", "mustChangePassword": *state == "mustedit",
        });
        if *state == "password" {
            body.as_object_mut().unwrap().remove("password");
        }
        let id = owner.post("/api/users", body).await.str("id").to_owned();
        let path = format!("/api/users/{id}");
        let done = match *state {
            "inactive" => owner.patch(&path, json!({ "status": "inactive" })).await,
            "banished" => owner.patch(&path, json!({ "status": "banned" })).await,
            "atadmins" => owner.post_empty(&format!("{path}/lock")).await,
            "departed" => owner.delete(&path).await,
            _ => continue,
        };
        assert_eq!(done.status, 204, "{state}: {}", done.text);
    }
}

/// All but what differs from one request to the next whoever is meant.
fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut shown: Vec<(String, String)> = headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id" && *name != "date")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    shown.sort();
    shown
}

async fn seen(world: &World, proxy: &Proxy, path: &str, body: Value) -> Seen {
    let (compared, hashed) = (world.app.hasher.comparisons(), world.app.hasher.hashes());
    proxy.cost();
    let reply: Reply = world.nobody().post(path, body).await;
    Seen {
        status: reply.status.as_u16(),
        headers: shown(&reply.headers),
        body: reply.text,
        compared: world.app.hasher.comparisons() - compared,
        hashed: world.app.hasher.hashes() - hashed,
        asked: proxy.cost().operations,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_e02_e03_every_way_in_shows_and_costs_the_same_whoever_is_meant() {
    let db = table_set_up_with(&[]).await;
    let proxy = Proxy::before(&serve_dynamodb(db.clone()).await).await;
    // So that no name is locked before all have been asked for.
    let settings = [("USHER_LOCKOUT_LIMIT", "100"), ("USHER_STORE_DEADLINE_MS", "4000")];
    let world = World::on(db, proxy.url.clone(), &settings).await;
    everybody(&world).await;
    // The first request in a minute writes down that the API key was used.
    for (path, body) in ways("warmings") {
        world.nobody().post(path, body).await;
    }
    let mut first: Vec<Option<Seen>> = Vec::new();
    let mut requests = 0;
    while requests < REQUESTS {
        // One state after another at each way in, so that nothing that drifts is taken for a difference.
        for way in 0..ways("").len() {
            for state in STATES {
                let (path, body) = ways(state).swap_remove(way);
                let seen = seen(&world, &proxy, path, body).await;
                requests += 1;
                first.resize_with(first.len().max(way + 1), || None);
                match &first[way] {
                    Some(expected) => assert_eq!(&seen, expected, "{path} for {state}, request {requests}"),
                    None => first[way] = Some(seen),
                }
            }
        }
    }
    let logins = first.iter().flatten().filter(|seen| seen.compared == 1).count();
    assert_eq!(
        (logins, first.len()),
        (8, 12),
        "a login compares once, whoever is meant"
    );
}
