//! Every route that takes a body, with what the document says of it, and a world in which each of them can be asked.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value, json};
use usher::access::guard::Guard;
use usher::http::dialect::ErrorFormat;

use crate::service_accounts::service;
use crate::support::{Client, PASSWORD, Reply, World, tables};

pub struct Route {
    pub method: Method,
    pub path: String,
    pub guard: Guard,
    pub error_format: ErrorFormat,
    /// The document's example.
    pub example: Value,
    /// Its fields by name: whether it can be null, and whether it can be left out.
    pub fields: BTreeMap<String, Field>,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Field {
    pub nullable: bool,
    pub required: bool,
}

impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Every route that takes a body.
pub fn routes() -> Vec<Route> {
    let document: Value = serde_json::from_str(include_str!("../../../../openapi.json")).unwrap();
    let mut routes = Vec::new();
    for table in tables() {
        for row in table.rows() {
            let operation = &document["paths"][&*row.path][row.method.as_str().to_lowercase()];
            let Some(body) = operation["requestBody"]["content"].get("application/json") else {
                continue;
            };
            let mut fields = BTreeMap::new();
            collect(&document, &body["schema"], &mut fields);
            routes.push(Route {
                method: row.method.clone(),
                path: row.path.to_string(),
                guard: row.guard,
                error_format: row.error_format,
                example: body["example"].clone(),
                fields,
            });
        }
    }
    assert!(routes.len() > 40, "the walk has lost its routes");
    routes
}

/// Those that change something that is there.
pub fn changes() -> Vec<Route> {
    let mut changes = routes();
    changes.retain(|route| [Method::PUT, Method::PATCH].contains(&route.method));
    assert!(changes.len() > 5, "the walk has lost its routes");
    changes
}

/// The others: they make something, or ask for something.
pub fn posts() -> Vec<Route> {
    let mut posts = routes();
    posts.retain(|route| route.method == Method::POST);
    assert!(posts.len() > 30, "the walk has lost its routes");
    posts
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next());
    name.map_or(schema, |name| &document["components"]["schemas"][name])
}

fn collect(document: &Value, schema: &Value, fields: &mut BTreeMap<String, Field>) {
    let schema = resolve(document, schema);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        collect(document, part, fields);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let required = schema["required"].as_array().into_iter().flatten();
        let one_of = field["oneOf"].as_array().into_iter().flatten();
        let mut kinds = field["type"].as_array().into_iter().flatten();
        let field = Field {
            nullable: kinds.any(|kind| kind == "null") || one_of.clone().any(|one| one["type"] == "null"),
            required: required.clone().any(|one| one == name),
        };
        fields.insert(name.clone(), field);
    }
}

/// A world in which the routes are walked, each by an owner of its own and about an account of its own.
pub struct Walk {
    world: World,
    owner: Client,
    made: usize,
}

impl Walk {
    pub async fn new() -> Self {
        let world = World::new().await;
        let owner = world.owner().await;
        let editor = json!({ "name": "editor" });
        assert_eq!(owner.post("/api/roles", editor).await.status, 201);
        Self { world, owner, made: 0 }
    }

    /// Asks a route with this body.
    pub async fn ask(&mut self, route: &Route, body: &Value) -> Reply {
        self.send(route, Some(body), &[]).await
    }

    pub async fn send(&mut self, route: &Route, body: Option<&Value>, headers: &[(&str, &str)]) -> Reply {
        self.made += 1;
        let caller = match route.guard {
            Guard::Anyone | Guard::Guest => self.world.nobody(),
            _ => {
                let name = format!("caller{}@example.org", self.made);
                self.user(&name, json!(["owner"])).await;
                self.world.signed_in(&name, PASSWORD).await
            }
        };
        let about = if route.path.ends_with("/keys") {
            service(&self.owner, &format!("about{}", self.made), &[]).await
        } else {
            let about = format!("about{}@example.org", self.made);
            self.user(&about, json!([])).await;
            about
        };
        let path = route.path.replace("{user}", &about).replace("{role}", "editor");
        caller.send(route.method.clone(), &path, body.cloned(), headers).await
    }

    async fn user(&self, email: &str, roles: Value) {
        let body = json!({ "email": email, "password": PASSWORD, "roles": roles });
        let reply = self.owner.post("/api/users", body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
}

/// An answer without what is another one each time. Of a list, its length: what is of one moment has no order.
pub fn settled(reply: &Reply) -> (u16, Value) {
    let mut body = reply.body.clone();
    if let Value::Array(all) = &body {
        body = json!(all.len());
    }
    settle(&mut body);
    (reply.status.as_u16(), body)
}

fn settle(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("temporaryPassword");
            members.values_mut().for_each(settle);
        }
        Value::Array(all) => all.iter_mut().for_each(settle),
        Value::String(text) => {
            let secret = ["eyJ", "usher_"].iter().any(|start| text.starts_with(start));
            let id = text.parse::<usher::id::UserId>().is_ok();
            if secret || id {
                "<another>".clone_into(text);
            }
        }
        _ => {}
    }
}

/// The body with its names in capitals, at any depth.
pub fn in_capitals(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter();
            let named = members.map(|(name, value)| (name.to_uppercase(), in_capitals(value)));
            Value::Object(named.collect::<Map<_, _>>())
        }
        Value::Array(all) => Value::Array(all.iter().map(in_capitals).collect()),
        other => other.clone(),
    }
}
