//! The matrix, walked completely: every action under every first segment, by either method, for everybody there is. What
//! is expected is written here from the contract, and shares nothing with the table of the code.

use reqwest::Method;
use serde_json::json;

use super::{Person, person};
use crate::guard_walk::golden;
use crate::support::{Client, Reply, World};

/// The first segments, lowest first.
const SIDES: [&str; 5] = ["auth", "user", "member", "admin", "owner"];

/// An action, its methods, and the first segments that it is under: from this one up, or this one alone.
type Line = (&'static str, &'static str, &'static str);

const CONTRACT: [Line; 19] = [
    ("register", "POST", "auth"),
    ("login", "POST", "auth"),
    ("resetpassword", "POST", "auth"),
    ("profile", "GET", "user"),
    ("logout", "GET POST", "user"),
    ("update", "POST", "user"),
    ("change", "POST", "user"),
    ("resetpassword", "GET POST", "user"),
    ("delete", "GET POST", "user"),
    ("deleteaccount", "GET POST", "user"),
    ("deleteuser", "POST", "admin"),
    ("deleteuseraccount", "POST", "admin"),
    ("changerole", "POST", "admin"),
    ("users", "GET", "admin"),
    ("roles", "GET", "admin"),
    ("entries", "GET", "admin"),
    ("rightschanges", "GET POST", "admin"),
    ("setmaxroles", "POST", "owner"),
    ("setrolecounts", "POST", "owner"),
];

fn height(side: &str) -> usize {
    SIDES.iter().position(|known| *known == side).unwrap()
}

/// The methods of an action under a first segment.
fn methods(action: &str, side: &str) -> Vec<&'static str> {
    let here = |(_, _, from): &&Line| match *from {
        "auth" => side == "auth",
        from => side != "auth" && height(side) >= height(from),
    };
    let lines = CONTRACT.iter().filter(|(name, ..)| *name == action).filter(here);
    lines.flat_map(|(_, methods, _)| methods.split(' ')).collect()
}

/// What is answered once the guard has let it through, to a body with nothing in it.
fn behind(action: &str, method: &str, side: &str) -> u16 {
    match (action, method) {
        ("resetpassword", _) if side == "auth" => 400,
        ("register" | "login" | "change" | "deleteuser" | "deleteuseraccount" | "changerole", _) => 400,
        ("setmaxroles" | "setrolecounts", _) => 400,
        _ => 200,
    }
}

fn actions() -> Vec<&'static str> {
    let mut all: Vec<&str> = CONTRACT.iter().map(|(action, ..)| *action).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whoever knocks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    NoKey,
    WrongKey,
    NoToken,
    Cookie,
    BadToken,
    On(&'static str),
}

const EVERYBODY: [(&str, Who); 9] = [
    ("no key", Who::NoKey),
    ("wrong key", Who::WrongKey),
    ("no token", Who::NoToken),
    ("cookie", Who::Cookie),
    ("bad token", Who::BadToken),
    ("user", Who::On("user")),
    ("member", Who::On("member")),
    ("admin", Who::On("admin")),
    ("owner", Who::On("owner")),
];

fn expected(who: Who, action: &str, method: &str, side: &str) -> u16 {
    let taken = methods(action, side);
    let behind = behind(action, method, side);
    match who {
        Who::NoKey | Who::WrongKey => 401,
        _ if taken.is_empty() => 404,
        _ if !taken.contains(&method) => 405,
        Who::On(_) if side == "auth" => 400,
        _ if side == "auth" => behind,
        Who::NoToken | Who::Cookie | Who::BadToken => 401,
        Who::On(rank) if height(rank) < height(side) => 403,
        Who::On(_) => behind,
    }
}

/// Everybody, and new people where what they do is their last.
struct Cast<'a> {
    world: &'a World,
    standing: Vec<(&'static str, Person)>,
    made: usize,
}

impl Cast<'_> {
    async fn fresh(&mut self, rank: &'static str) -> Person {
        self.made += 1;
        let roles: &[&str] = if rank == "user" { &[] } else { &[rank] };
        person(self.world, &format!("{rank}{}", self.made), roles).await
    }

    async fn client(&mut self, who: Who, action: &str) -> (Client, Vec<(&'static str, String)>) {
        let mut client = self.world.nobody();
        let mut headers = Vec::new();
        match who {
            Who::NoKey => client.api_key.clear(),
            Who::WrongKey => client.api_key = "another key".to_owned(),
            Who::NoToken => {}
            Who::Cookie => {
                let token = &self.standing[0].1.client.token;
                headers.push(("cookie", format!("usher.authorization.token={token}")));
            }
            Who::BadToken => client.token = "no.such.token".to_owned(),
            Who::On(rank) if ["logout", "delete", "deleteaccount"].contains(&action) => {
                client = self.fresh(rank).await.client;
            }
            Who::On(rank) => {
                let found = self.standing.iter().find(|(known, _)| *known == rank);
                client = found.unwrap().1.client.clone();
            }
        }
        if matches!(who, Who::NoKey | Who::WrongKey) {
            client.token.clone_from(&self.standing[3].1.client.token);
        }
        (client, headers)
    }
}

/// Sent with an empty object where the method has a body.
async fn knock(client: &Client, headers: &[(&str, String)], method: &str, path: &str) -> Reply {
    let body = (method == "POST").then(|| json!({}));
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, text)| (*name, text.as_str())).collect();
    client
        .send(method.parse::<Method>().unwrap(), path, body, &headers)
        .await
}

/// What every refusal of the guard has: this contract's shape, and its headers.
fn assert_spoken(reply: &Reply, who: Who, line: &str) {
    assert_eq!(reply.header("content-type"), "application/json", "{line}");
    if reply.status == 200 {
        return;
    }
    assert!(reply.body["Message"].is_string(), "{line}: {}", reply.text);
    let challenge = reply.header("www-authenticate");
    match (reply.status.as_u16(), who) {
        (401, Who::BadToken) => assert_eq!(challenge, r#"Bearer error="invalid_token""#, "{line}"),
        (401, _) => assert_eq!(challenge, "Bearer", "{line}"),
        _ => assert_eq!(challenge, "", "{line}"),
    }
    assert_eq!(reply.status == 405, !reply.header("allow").is_empty(), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn z01_every_action_on_every_rank_for_everybody_answers_as_the_contract_states() {
    let world = World::new().await;
    let mut cast = Cast {
        world: &world,
        standing: Vec::new(),
        made: 0,
    };
    for rank in ["user", "member", "admin", "owner"] {
        let person = cast.fresh(rank).await;
        cast.standing.push((rank, person));
    }
    let names: Vec<String> = EVERYBODY.iter().map(|(name, _)| format!("{name:>9}")).collect();
    let mut matrix = format!("{:31} {}\n", "", names.join(" "));
    for action in actions() {
        for (side, method) in SIDES.iter().flat_map(|side| [(*side, "GET"), (*side, "POST")]) {
            let path = format!("/{side}/{action}");
            let mut cells = Vec::new();
            for (name, who) in EVERYBODY {
                let (client, headers) = cast.client(who, action).await;
                let reply = knock(&client, &headers, method, &path).await;
                let line = format!("{method} {path} for {name}");
                let status = reply.status.as_u16();
                assert_eq!(status, expected(who, action, method, side), "{line}: {}", reply.text);
                assert_spoken(&reply, who, &line);
                cells.push(format!("{status:>9}"));
            }
            if !methods(action, side).is_empty() {
                matrix += &format!("{:31} {}\n", format!("{method:4} {path}"), cells.join(" "));
            }
        }
    }
    golden("account_matrix", &matrix);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_alone_opens_nothing_and_nothing_happens() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    let cookie = format!("usher.authorization.token={}", jane.client.token);
    let before = world.items();
    for path in [
        "/user/delete",
        "/user/deleteaccount",
        "/user/logout",
        "/user/resetpassword",
    ] {
        for method in [Method::GET, Method::POST] {
            let reply = world.nobody().send(method, path, None, &[("cookie", &cookie)]).await;
            assert_eq!(reply.status, 401, "{path}");
        }
    }
    assert_eq!(before.len(), world.items().len());
    assert_eq!(jane.client.get("/user/profile").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn z10_a_key_in_the_query_or_sent_twice_is_none() {
    let world = World::new().await;
    let mut nobody = world.nobody();
    nobody.api_key.clear();
    let key = crate::support::API_KEY;
    let body = json!({ "Username": "admin", "Password": "Admin@123" });
    let path = "/auth/login?x-api-key=an%20API%20key%20of%20the%20tests,%20of%20some%20length";
    let reply = nobody.post(path, body.clone()).await;
    super::refused(&reply, 401, "this needs a valid API key: send it as `X-Api-Key`");
    let twice = [("x-api-key", key), ("x-api-key", key)];
    let reply = nobody
        .send(Method::POST, "/auth/login", Some(body.clone()), &twice)
        .await;
    assert_eq!(reply.status, 401);
    let once = [("x-api-key", key)];
    let reply = nobody.send(Method::POST, "/auth/login", Some(body), &once).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_there_is_no_path_and_no_method_to_be_known() {
    let world = World::new().await;
    for (method, path) in [
        (Method::GET, "/user/nope"),
        (Method::GET, "/USER/nope"),
        (Method::GET, "/admin"),
        (Method::GET, "/user/profile/x"),
        (Method::DELETE, "/user/profile"),
        (Method::PUT, "/auth/login"),
        (Method::HEAD, "/admin/users"),
        (Method::OPTIONS, "/auth/login"),
    ] {
        for key in ["", "another key"] {
            let mut nobody = world.nobody();
            key.clone_into(&mut nobody.api_key);
            let reply = nobody.send(method.clone(), path, None, &[]).await;
            assert_eq!(
                (reply.status.as_u16(), reply.header("allow")),
                (401, ""),
                "{method} {path}"
            );
            if method != Method::HEAD {
                super::refused(&reply, 401, "this needs a valid API key: send it as `X-Api-Key`");
            }
        }
    }
    // What belongs to no contract, or to another one, asks for none.
    let mut nobody = world.nobody();
    nobody.api_key.clear();
    for path in ["/nope", "/api/nope", "/v1/user/nope"] {
        assert_eq!(nobody.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_must_change_its_password_can_do_that_and_log_out_and_nothing_else() {
    let world = World::new().await;
    let other = person(&world, "other", &[]).await;
    let owner = world.owner().await;
    let body = json!({ "username": "new", "password": crate::support::PASSWORD, "mustChangePassword": true, "roles": ["admin"] });
    assert_eq!(owner.post("/api/users", body).await.status, 201);
    let new = super::signed_in(&world, "new", crate::support::PASSWORD).await;
    let message = "change your password first";
    for path in [
        "/user/profile",
        "/admin/users",
        "/user/delete",
        "/user/deleteaccount",
        "/user/resetpassword",
    ] {
        super::refused(&new.get(path).await, 403, message);
    }
    let rename = json!({ "Key": "Username", "Old": "new", "New": "newer" });
    super::refused(&new.post("/user/change", rename).await, 403, message);
    let anothers = json!({ "Id": other.id, "Key": "Password", "New": "battery staple" });
    super::refused(&new.post("/admin/change", anothers).await, 403, message);
    let own = json!({ "Key": "Password", "Old": crate::support::PASSWORD, "New": "battery staple" });
    super::done(&new.post("/user/change", own).await);
    assert_eq!(new.get("/admin/users").await.status, 200);
    assert_eq!(
        super::login(&world, "other", crate::support::PASSWORD).await.status,
        200
    );
}
