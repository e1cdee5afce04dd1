//! `/{auth,user,member,admin,owner}/{action}`: the account contract, a module per kind of action.

mod change;
mod client;
mod erased;
mod gone;
mod guests;
mod histories;
mod letter_case;
mod matrix;
mod own;
mod races;
mod ranks;
mod role_limits;
mod spelling;
mod whole_listings;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use usher::domain::mail::{OneTime, Purpose};
use usher::domain::tenant::TenantId;
use usher::jiff::SignedDuration;
use usher::proof::opaque::{Kind, Opaque};
use usher::secrecy::ExposeSecret;
use usher::store::{one_time, users};

pub use crate::backstage::mails;
use crate::support::{Client, PASSWORD, Reply, World};

/// Somebody with an account, signed in through this contract.
#[derive(Clone)]
pub struct Person {
    pub id: String,
    pub client: Client,
}

/// Whoever logs in by this name.
pub async fn signed_in(world: &World, name: &str, password: &str) -> Client {
    let reply = login(world, name, password).await;
    assert_eq!(reply.status, 200, "{name}: {}", reply.text);
    world.with_token(reply.str("Token"))
}

pub async fn login(world: &World, name: &str, password: &str) -> Reply {
    let body = json!({ "Username": name, "Password": password });
    world.nobody().post("/auth/login", body).await
}

/// An account called `name`, at the verified address `name@example.org`, with these roles beside `user`.
pub async fn person(world: &World, name: &str, roles: &[&str]) -> Person {
    let email = format!("{name}@example.org");
    let body = json!({
        "email": email, "emailVerified": true, "username": name, "password": PASSWORD, "roles": roles,
    });
    let reply = world.owner().await.post("/api/users", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    // So that what happens to it stands in one order in the histories.
    world.clock.advance_ms(1);
    Person {
        id: reply.str("id").to_owned(),
        client: signed_in(world, name, PASSWORD).await,
    }
}

/// Asserts an answer that only states that it is done.
#[track_caller]
pub fn done(reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.text);
    let mut body = reply.body.clone();
    in_both_languages(&mut body);
    let members = body.as_object().unwrap();
    assert!(members.len() == 1 && members["Message"].is_string(), "{}", reply.text);
}

/// Asserts a refusal: its status and its message, and that no field is at fault.
#[track_caller]
pub fn refused(reply: &Reply, status: u16, message: &str) {
    let mut body = reply.body.clone();
    in_both_languages(&mut body);
    assert_eq!((reply.status.as_u16(), body), (status, json!({ "Message": message })));
    assert_eq!(reply.header("content-type"), "application/json");
}

/// Asserts that what a body states is there in both languages, and leaves the English of it.
#[track_caller]
pub fn in_both_languages(body: &mut Value) {
    let members = body.as_object_mut().unwrap();
    let (en, bg) = (members.remove("En"), members.remove("Bg"));
    assert_eq!(en.as_ref(), members.get("Message"));
    let bg = bg.unwrap_or_default();
    let is_cyrillic = |c| ('\u{400}'..'\u{500}').contains(&c);
    assert!(bg.as_str().is_some_and(|bg| bg.contains(is_cyrillic)), "{bg}");
}

/// Asserts that validation refused it for these fields.
#[track_caller]
pub fn invalid(reply: &Reply, fields: &[&str]) {
    assert_eq!(reply.status, 400, "{}", reply.text);
    let named: Vec<&String> = reply.body["Errors"].as_object().unwrap().keys().collect();
    assert_eq!(named, fields, "{}", reply.text);
}

/// An exchange as it is recorded: what was asked, and all that was answered but ids, tokens and cursors, and its message
/// in English alone.
pub fn recorded(asked: &str, reply: &Reply) -> Value {
    let mut body = reply.body.clone();
    if body.get("En").is_some() {
        in_both_languages(&mut body);
    }
    settle("", &mut body);
    let mut record = json!({ "asked": asked, "status": reply.status.as_u16() });
    for name in ["www-authenticate", "retry-after", "allow", "link", "set-cookie"] {
        if !reply.header(name).is_empty() {
            let text = reply.header(name).to_owned();
            let token = reply.str("Token");
            let text = if token.is_empty() {
                text
            } else {
                text.replace(token, "<token>")
            };
            record[name] = text.into();
        }
    }
    record["body"] = body;
    record
}

fn settle(name: &str, value: &mut Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| settle(name, value)),
        Value::Array(values) => values.iter_mut().for_each(|value| settle(name, value)),
        Value::String(text) if name == "Token" => *text = "<token>".to_owned(),
        // Those of system roles are the same everywhere, and stay.
        Value::String(text) if text.parse::<usher::id::UserId>().is_ok() && !text.starts_with("0000") => {
            *text = "<id>".to_owned();
        }
        _ => {}
    }
}

/// The token of a mail to choose a password by, as the outbox makes it.
pub async fn token_of_mail(world: &World, id: &str) -> String {
    let (main, user) = (TenantId::main(), id.parse().unwrap());
    let user = users::get(&world.app.table, &main, user).await.unwrap().unwrap();
    let token = Opaque::mint(Kind::OneTime).unwrap();
    let kept = OneTime {
        tenant: main,
        purpose: Purpose::SetPassword,
        user: user.id,
        email: user.email.unwrap().as_given().to_owned(),
        epoch: user.epoch,
        expires_at: world.now() + SignedDuration::from_hours(1),
    };
    let write = one_time::put(&token.digest().to_string(), &kept).unwrap();
    usher::store::unit::commit(&world.app.table, &[write]).await.unwrap();
    token.text().expose_secret().to_owned()
}

/// The claims of a token.
pub fn claims(token: &str) -> Value {
    let body = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

/// The next page of a listing, as its `Link` has it.
pub fn next(reply: &Reply) -> Option<String> {
    let link = reply.header("link");
    let query = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
    Some(query.to_owned())
}

/// Every page of a listing, of this size at most.
pub async fn walk(client: &Client, path: &str, limit: usize) -> Vec<Value> {
    let mark = if path.contains('?') { '&' } else { '?' };
    let mut reply = client.get(&format!("{path}{mark}limit={limit}")).await;
    let bare = path.split('?').next().unwrap();
    let mut all = Vec::new();
    loop {
        assert_eq!(reply.status, 200, "{}", reply.text);
        let page = reply.body.as_array().unwrap();
        assert!(page.len() <= limit, "{}", reply.text);
        all.extend(page.iter().cloned());
        let Some(query) = next(&reply) else { return all };
        reply = client.get(&format!("{bare}{query}")).await;
    }
}

/// A request by either method, without a body.
pub async fn ask(client: &Client, method: &Method, path: &str) -> Reply {
    client.send(method.clone(), path, None, &[]).await
}
