//! `Idempotency-Key`: whatever makes something is done once, and answered the same each time.

mod faults;
mod kept;
mod refusals;
mod scope;
mod walk;

use http::Method;
use serde_json::{Value, json};
use usher::http::dialect::{self, Asked, ErrorFormat};
use usher::store::keys;
use usher::store::table::Key;

use crate::fault_injection::{Diff, Dump, between, dump};
use crate::service_accounts::service;
use crate::support::{Client, PASSWORD, Reply, World, tables};

/// A row that makes something.
#[derive(Clone)]
pub struct Row {
    pub path: String,
    pub error_format: ErrorFormat,
}

/// The rows whose table states that they make something.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for table in tables() {
        let made = table.rows().iter().filter(|row| row.options.makes);
        rows.extend(made.map(|row| Row {
            path: row.path.to_string(),
            error_format: row.error_format,
        }));
    }
    assert!(rows.len() >= 14, "the walk has lost its routes");
    rows
}

/// A request that is ready to be sent.
#[derive(Clone)]
pub struct Ready {
    pub client: Client,
    pub path: String,
    pub body: Value,
    /// Another body that the same route takes.
    pub other: Value,
}

impl Ready {
    pub async fn send(&self, key: &str) -> Reply {
        send(&self.client, &self.path, &self.body, key).await
    }

    pub async fn send_other(&self, key: &str) -> Reply {
        send(&self.client, &self.path, &self.other, key).await
    }

    /// A key of its own for the n-th request, which no log may hold.
    pub fn key(&self, n: usize) -> String {
        let key = format!("0199{n:04}-5f0e-7000-8000-8e03978e40d5");
        self.client.secrets.keep(&key);
        key
    }
}

pub async fn send(client: &Client, path: &str, body: &Value, key: &str) -> Reply {
    let headers = [("idempotency-key", key)];
    client.send(Method::POST, path, Some(body.clone()), &headers).await
}

/// A request of this row about things of its own.
pub async fn ready(world: &World, row: &str, n: usize) -> Ready {
    let (owner, name) = (world.owner().await, format!("made-{n:04}"));
    let (email, other) = (format!("{name}@example.org"), format!("other-{n:04}"));
    let other_email = format!("{other}@example.org");
    // That the API key was used is written down once a minute.
    assert_eq!(owner.get("/owner/profile").await.status, 200);
    let mut client = owner.clone();
    let mut path = row.to_owned();
    if row.contains("{user}") {
        let user = match row.ends_with("/keys") {
            true => service(&owner, &format!("robot-{n:04}"), &[]).await,
            false => world.user(&format!("some-{n:04}@example.org")).await,
        };
        path = row.replace("{user}", &user);
    }
    let (body, other) = match row {
        "/api/users" => (
            json!({ "email": email, "username": name, "password": PASSWORD, "roles": ["member"] }),
            json!({ "email": other_email }),
        ),
        "/api/users/{user}/roles" => (json!({ "role": "member" }), json!({ "role": "SYS_ADMIN" })),
        "/api/users/{user}/keys" | "/api/api-keys" => (json!({ "name": name }), json!({ "name": other })),
        "/api/users/{user}/reset-password" => (json!({}), json!({ "newPassword": "battery staple" })),
        "/api/roles" => (
            json!({ "name": name, "maxCount": 3, "permissions": ["admin.users"] }),
            json!({ "name": other }),
        ),
        "/api/permissions" => (
            json!({ "name": format!("{name}.read") }),
            json!({ "name": format!("{other}.read") }),
        ),
        "/api/tenants" => {
            let tenant = |id: &str| json!({ "id": id, "owner": { "email": email, "password": PASSWORD } });
            (tenant(&name), tenant(&other))
        }
        "/v1/admin/users" => {
            let user = |name: &str, email: &str| json!({ "email": email, "password": PASSWORD, "user_name": name, "roles": ["user"] });
            (user(&name, &email), user(&other, &other_email))
        }
        "/v1/admin/users/{user}/roles" => (json!({ "roles": ["member"] }), json!({ "roles": ["SYS_ADMIN"] })),
        "/v1/user/register" => {
            client = world.nobody();
            let user = |name: &str, email: &str| json!({ "email": email, "username": name, "password": PASSWORD, "confirm_password": PASSWORD });
            (user(&name, &email), user(&other, &other_email))
        }
        "/auth/register" => {
            client = world.nobody();
            let user = |name: &str, email: &str| json!({ "Email": email, "Username": name, "Password": PASSWORD });
            (user(&name, &email), user(&other, &other_email))
        }
        "/admin/changerole" | "/owner/changerole" => {
            let user = world.user(&format!("some-{n:04}@example.org")).await;
            let role = |name: &str| json!({ "Id": user, "RoleName": name });
            (role("Member"), role("SYS_ADMIN"))
        }
        _ => panic!("POST {row} makes something: give it a body here, and its answer is kept"),
    };
    Ready {
        client,
        path,
        body,
        other,
    }
}

/// What a client sees of an answer, without what is each answer's own.
pub fn seen(reply: &Reply) -> (u16, Vec<(String, String)>, &str) {
    let own = ["x-request-id", "date"];
    let headers = reply.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (reply.status.as_u16(), headers.collect(), &reply.text)
}

/// What was done since, as far as it is the same for each request of a row: a domain's search entries and the count of
/// permissions come with the first, and entries of an account that was not made find nothing.
pub fn done(before: &Dump, world: &World) -> Diff {
    let mut diff = between(before, &dump(world));
    diff.retain(|what, _| !what.starts_with("FIND") && !what.starts_with("CATALOGUE/COUNT"));
    diff
}

/// Asserts that this is how the row's contract phrases the error, its headers included.
pub fn assert_refused(row: &Row, path: &str, reply: &Reply, error: &usher::error::Error) {
    let asked = Asked {
        path: path.to_owned(),
        with_token: true,
        ..Asked::default()
    };
    let (status, headers, body) = dialect::example(&row.error_format, &asked, error).unwrap();
    assert_eq!((reply.status, &reply.body), (status, &body), "{path}: {}", reply.text);
    for name in ["content-type", "retry-after"] {
        let expected = headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(reply.header(name), expected.unwrap_or_default(), "{path}: {name}");
    }
}

/// The items of requests with a key.
pub fn kept(world: &World) -> Vec<Value> {
    let pk = |item: &Value| item["PK"]["S"].as_str().unwrap().to_owned();
    let mut items = world.items();
    items.retain(|item| pk(item).contains("#IDEMPOTENCY#"));
    items
}

/// The place of an item.
pub fn place(item: &Value) -> Key {
    let text = |name: &str| item[name]["S"].as_str().unwrap().to_owned();
    let place = Key::new(text("PK"), text("SK"));
    assert_eq!(
        place.sk,
        keys::idempotency(&usher::domain::tenant::TenantId::main(), "x").sk
    );
    place
}
