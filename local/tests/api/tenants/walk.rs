//! Z5, of every route that there is: the tables are walked, so a new route is asked without anybody thinking of it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use usher::access::guard::Guard;
use usher::domain::mail::Purpose;

use super::{items_of, link, owner_of, signed_in, with_header, within};
use crate::reconcile::assert_reconciled;
use crate::support::{API_KEY, Client, PASSWORD, Reply, World, steps, tables};
use crate::users::grant;

/// What all that is shown of the one tenant bears, and nothing of the other: no answer there may hold it.
const MARK: &str = "only-in-org1";

/// A route of some tenant's things.
struct Row {
    method: Method,
    path: String,
    guard: Guard,
    keyed: bool,
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for table in tables() {
        let of_tenants = table.rows().iter().filter(|row| !row.options.tenantless);
        rows.extend(of_tenants.map(|row| Row {
            method: row.method.clone(),
            path: row.path.to_string(),
            guard: row.guard,
            keyed: row.options.api_key.is_some(),
        }));
    }
    assert!(rows.len() > 25, "the walk has lost its routes");
    rows
}

impl Row {
    /// The path with what a parameter's name stands for.
    fn url(&self, of: impl Fn(&str) -> String) -> String {
        let segment = |part: &str| match part.strip_prefix('{') {
            Some(name) => of(name.trim_end_matches('}')),
            None => part.to_owned(),
        };
        self.path.split('/').map(segment).collect::<Vec<_>>().join("/")
    }

    async fn ask(&self, who: &Client, url: &str, body: &Value) -> Reply {
        let body = (self.method != Method::GET).then(|| body.clone());
        who.send(self.method.clone(), url, body, &[]).await
    }
}

/// The one tenant's things, as a body or a path could name them.
struct Things {
    user: String,
    names: [&'static str; 2],
    role: String,
    grant: String,
    key: String,
    session: String,
    key_text: String,
    refresh: String,
    links: Vec<String>,
}

const EMAIL: &str = "jane@example.org";

async fn things(world: &World, one: &Client) -> Things {
    let new = json!({
        "email": EMAIL, "username": "jane", "password": PASSWORD, "displayName": MARK, "firstName": MARK,
        "address": { "city": MARK },
    });
    let user = one.post("/api/users", new).await.str("id").to_owned();
    let role = json!({ "name": "editor", "description": MARK });
    let role = one.post("/api/roles", role).await.str("id").to_owned();
    let grant = grant(one, &user, json!({ "role": "editor", "department": MARK })).await;
    let key = crate::api_keys::made(one, MARK).await;
    let login = json!({ "email": EMAIL, "password": PASSWORD });
    let headers = [("user-agent", MARK)];
    let pair = within(&world.nobody(), "org1");
    let pair = pair.send(Method::POST, "/api/auth/token", Some(login), &headers).await;
    let jane = Client {
        token: pair.str("accessToken").to_owned(),
        ..within(&world.nobody(), "org1")
    };
    let session = crate::me::sessions::own_id(&jane).await;
    let mut links = Vec::new();
    for purpose in [Purpose::SetPassword, Purpose::VerifyEmail] {
        links.push(link(world, "org1", "boss", purpose).await);
    }
    Things {
        user,
        names: ["jane", EMAIL],
        role,
        grant,
        key: key.str("id").to_owned(),
        session,
        key_text: key.str("key").to_owned(),
        refresh: pair.str("refreshToken").to_owned(),
        links,
    }
}

impl Things {
    /// What a parameter of this name would be, if it were this tenant's.
    fn by_name(&self, parameter: &str) -> String {
        match parameter {
            "role" => self.role.clone(),
            "grant" => self.grant.clone(),
            "key" => self.key.clone(),
            "session" => self.session.clone(),
            _ => self.user.clone(),
        }
    }

    /// Everything that a parameter of whatever name could be.
    fn all(&self) -> Vec<String> {
        let names = self.names.map(str::to_owned).into_iter();
        let ids = [&self.user, &self.role, &self.grant, &self.key, &self.session].map(String::clone);
        names.chain(ids).chain(["editor".to_owned()]).collect()
    }

    /// Bodies that name this tenant's things in every field that any contract has for one. What a contract does not
    /// know it does not look at.
    fn bodies(&self) -> Vec<Value> {
        let of = |user: &str, token: &str| {
            json!({
                "id": user, "Id": user, "userId": user, "user_id": user, "UserId": user,
                "email": EMAIL, "username": user, "login": user, "name": "x", "role": self.role, "RoleName": "editor",
                "Name": "editor", "MaxCount": 0, "roles": [self.role], "Key": "Email", "Old": EMAIL,
                "New": "battery staple", "token": token, "refreshToken": token, "refresh_token": token,
                "password": PASSWORD, "newPassword": "battery staple", "new_password": "battery staple",
                "currentPassword": PASSWORD, "displayName": "taken over", "firstName": "taken over", "status": "banned",
            })
        };
        let tokens = [&self.refresh].into_iter().chain(&self.links);
        let mut bodies: Vec<Value> = tokens.map(|token| of(&self.user, token)).collect();
        bodies.extend(self.names.map(|name| of(name, &self.refresh)));
        let mut without_roles = of("jane", &self.refresh);
        without_roles.as_object_mut().unwrap().remove("roles");
        bodies.push(without_roles);
        bodies
    }
}

/// Somebody who may do everything in a tenant: made anew when the one before has logged out, been deleted, or worse.
struct Actor<'a> {
    world: &'a World,
    tenant: &'static str,
    boss: Client,
    key: String,
    client: Client,
    made: usize,
}

impl<'a> Actor<'a> {
    async fn of(world: &'a World, tenant: &'static str, boss: &Client) -> Self {
        let key = crate::api_keys::made(boss, "walk").await.str("key").to_owned();
        let mut actor = Self {
            world,
            tenant,
            client: boss.clone(),
            boss: boss.clone(),
            key,
            made: 0,
        };
        actor.renew().await;
        actor
    }

    async fn renew(&mut self) {
        self.made += 1;
        let email = format!("actor{}@example.org", self.made);
        let new = json!({ "email": email, "password": PASSWORD, "roles": ["owner"] });
        let reply = self.boss.post("/api/users", new).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        self.client = signed_in(self.world, self.tenant, &email, PASSWORD).await;
        self.client.api_key.clone_from(&self.key);
    }

    async fn client(&mut self) -> Client {
        if self.client.get("/api/me/profile").await.status != 200 {
            self.renew().await;
        }
        self.client.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_on_every_route_a_token_or_key_of_one_tenant_is_as_good_as_none_in_another() {
    let world = with_header().await;
    let (one, main) = (owner_of(&world, "org1").await, world.owner().await);
    let ten = owner_of(&world, "org10").await;
    let key = crate::api_keys::made(&one, "x").await.str("key").to_owned();
    let of_ten = crate::api_keys::made(&ten, "x").await.str("key").to_owned();
    // Each tenant accepts a key of its own, so that behind it the token is looked at.
    let key_of = |tenant: &str| match tenant {
        "org1" => key.clone(),
        "org10" => of_ten.clone(),
        _ => API_KEY.to_owned(),
    };
    let nobody = "00000000-0000-7000-8000-000000000000";
    for row in steps(rows()) {
        let url = row.url(|_| nobody.to_owned());
        for (token, tenant) in [
            (&one.token, "org10"),
            (&one.token, "main"),
            (&main.token, "org1"),
            (&main.token, "org10"),
        ] {
            let of = |token: &str| Client {
                token: token.to_owned(),
                api_key: key_of(tenant),
                ..within(&world.nobody(), tenant)
            };
            let context = format!("{} {} in {tenant}", row.method, row.path);
            let foreign = row.ask(&of(token), &url, &json!({})).await;
            let garbage = row.ask(&of("garbage"), &url, &json!({})).await;
            assert_eq!(foreign.status, garbage.status, "{context}: {}", foreign.text);
            if row.guard.is_guarded() {
                assert_eq!(
                    (foreign.status.as_u16(), &foreign.text),
                    (401, &garbage.text),
                    "{context}"
                );
            }
            if row.keyed && tenant != "org1" {
                let with = |key: &str| Client {
                    api_key: key.to_owned(),
                    ..of(token)
                };
                let foreign = row.ask(&with(&key), &url, &json!({})).await;
                let garbage = row.ask(&with("garbage"), &url, &json!({})).await;
                assert_eq!(
                    (foreign.status.as_u16(), &foreign.text),
                    (401, &garbage.text),
                    "{context}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_no_route_of_one_tenant_shows_or_changes_anything_of_another() {
    let world = with_header().await;
    let (one, ten) = (owner_of(&world, "org1").await, owner_of(&world, "org10").await);
    let things = things(&world, &one).await;
    let mut actor = Actor::of(&world, "org10", &ten).await;
    let before = items_of(&world, "org1");
    assert!(before.len() > 100 && before.keys().any(|key| key.starts_with("TOKEN#")));
    let bodies = things.bodies();
    for row in steps(rows()) {
        let mut urls: Vec<String> = vec![row.url(|name| things.by_name(name))];
        urls.extend(things.all().iter().map(|thing| row.url(|_| thing.clone())));
        urls.dedup();
        for (n, url) in urls.iter().enumerate() {
            // Every body at the likeliest path, and one at each of the others.
            for body in if n == 0 { &bodies[..] } else { &bodies[..1] } {
                let reply = row.ask(&actor.client().await, url, body).await;
                let context = format!("{} {url}: {} {}", row.method, reply.status, reply.text);
                assert!(reply.status.as_u16() < 500, "{context}");
                assert!(!reply.text.contains(MARK), "{context}");
                let shown = [&things.key_text, &things.user, &things.grant, &things.session];
                let shown: Vec<&&String> = shown
                    .iter()
                    .filter(|id| reply.text.contains(id.as_str()) && reply.status.is_success())
                    .collect();
                // A dev token is for whatever it is asked for; it is nobody's, as the walk above shows.
                assert!(shown.is_empty(), "{context}");
                if row.method == Method::GET {
                    break;
                }
            }
        }
        assert_eq!(items_of(&world, "org1"), before, "{} {}", row.method, row.path);
    }
    assert!(actor.made > 1, "it was logged out at least");
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_would_see_what_it_looks_for() {
    let world = with_header().await;
    let one = owner_of(&world, "org1").await;
    let things = things(&world, &one).await;
    let mut shown = BTreeSet::new();
    for row in rows().iter().filter(|row| row.method == Method::GET) {
        let url = row.url(|name| things.by_name(name));
        if row.ask(&one, &url, &json!({})).await.text.contains(MARK) {
            shown.insert(row.path.clone());
        }
    }
    for path in [
        "/api/users",
        "/api/users/{user}",
        "/api/users/{user}/login-history",
        "/api/users/{user}/sessions",
        "/api/users/{user}/roles",
        "/api/roles",
        "/api/roles/{role}",
        "/api/api-keys",
    ] {
        assert!(shown.contains(path), "{path} of {shown:?}");
    }
}
