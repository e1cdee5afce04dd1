//! `/v1/user/*` of the registration contract.

use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, World};

mod ban;
mod change_password;
mod email_resend;
mod email_verify;
mod login;
mod refusals;
mod register;
mod renew;
mod tenants;
mod verify;

/// Fourteen days, in seconds.
const LIFE: i64 = 14 * 24 * 3600;
/// Seven days, in seconds.
const WEEK: i64 = LIFE / 2;

/// Registers this body, with a password where it has none.
pub async fn register(client: &Client, body: Value) -> Reply {
    let mut whole = json!({ "password": PASSWORD, "confirm_password": PASSWORD });
    for (name, value) in body.as_object().unwrap() {
        whole[name] = value.clone();
    }
    client.post("/v1/user/register", whole).await
}

/// Somebody who registered with this name, and the address of that name; the id.
pub async fn registered(world: &World, username: &str) -> String {
    let body = json!({ "username": username, "email": format!("{username}@example.org") });
    let reply = register(&world.nobody(), body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    id_of(world, &reply)
}

/// The id, in every other contract, of the account whose number this registration answered.
pub fn id_of(world: &World, reply: &Reply) -> String {
    let number = reply.body["data"]["user_id"].as_u64().unwrap();
    let items = world.items();
    let mut accounts = items.iter().filter(|item| item["SK"]["S"] == "USER");
    let found = accounts.find(|item| number_in(item) == number);
    found.unwrap()["id"]["S"].as_str().unwrap().to_owned()
}

/// The number of the account of this id.
pub fn number_of(world: &World, id: &str) -> u64 {
    number_in(&crate::backstage::account(world, id))
}

/// The number of an account, as its item has it or as its id gives it: the last 53 bits.
pub fn number_in(item: &Value) -> u64 {
    let own = item["number"]["N"].as_str().map(|number| number.parse().unwrap());
    own.unwrap_or_else(|| {
        let digits = item["id"]["S"].as_str().unwrap().replace('-', "");
        u64::from_str_radix(&digits[16..], 16).unwrap() % (1 << 53)
    })
}

/// Logs in.
pub async fn login(world: &World, name: &str, password: &str) -> Reply {
    let body = json!({ "login": name, "password": password });
    world.nobody().post("/v1/user/login", body).await
}

/// The token of an answer.
pub fn token_of(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body["data"]["token"].as_str().unwrap().to_owned()
}

/// The token of a new login.
pub async fn token(world: &World, name: &str) -> String {
    token_of(&login(world, name, PASSWORD).await)
}

/// What `/token/verify` answers about a token.
pub async fn verdict(world: &World, token: &str) -> String {
    let reply = world
        .nobody()
        .post("/v1/user/token/verify", json!({ "token": token }))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let members: Vec<&String> = reply.body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["data"]);
    reply.str("data").to_owned()
}

/// Renews a token.
pub async fn renew(world: &World, token: &str) -> Reply {
    world
        .nobody()
        .post("/v1/user/token/renew", json!({ "token": token }))
        .await
}

/// Asserts that this is a refusal of this contract's, of this status and with these words.
pub fn assert_refusal(reply: &Reply, status: u16, words: &str) {
    assert_eq!(reply.body, json!({ "error": words }), "{}", reply.text);
    assert_eq!(reply.status.as_u16(), status, "{words}");
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("cache-control"), "no-store");
}

/// The claims of a token.
pub fn claims(token: &str) -> Value {
    use base64::Engine;
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
