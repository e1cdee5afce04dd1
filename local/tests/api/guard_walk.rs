//! The guard walk: the route tables are data, so every row is asked for what its guard promises, and a new route is
//! asked without anybody thinking of it. A row without a guard does not compile.

use reqwest::Method;
use serde_json::{Value, json};
use usher::access::guard::Guard;
use usher::domain::role::Rank;
use usher::error::{Error, Forbidden};
use usher::http::dialect::{self, Asked, ErrorFormat};

use crate::support::{Client, PASSWORD, Reply, World, steps, tables};

/// A row as the walk sees it.
struct Row {
    method: Method,
    /// That, and `HEAD` where it is public.
    methods: Vec<Method>,
    path: String,
    guard: Guard,
    error_format: ErrorFormat,
    /// Whether it can end the account of whoever calls it.
    deadly: bool,
}

/// What stands for `{…}`: a well-formed unknown id, so that no walk changes anything.
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

impl Row {
    fn url(&self) -> String {
        let segment = |part| if str::starts_with(part, '{') { NOBODY } else { part };
        let segments: Vec<&str> = self.path.split('/').map(segment).collect();
        segments.join("/")
    }

    /// Sent with an empty object where the method has a body: enough to pass the guard, too little to act.
    async fn ask(&self, who: &Client) -> Reply {
        let body = (!matches!(self.method, Method::GET | Method::DELETE)).then(|| json!({}));
        who.send(self.method.clone(), &self.url(), body, &[]).await
    }

    /// Asserts that the answer is this refusal, to the letter, in the words of the row's contract.
    fn refused(&self, reply: &Reply, error: &Error, with_token: bool) {
        let asked = Asked {
            path: self.url(),
            with_token,
            ..Asked::default()
        };
        let (status, headers, body) = dialect::example(&self.error_format, &asked, error).unwrap();
        assert_eq!((reply.status, &reply.body), (status, &body), "{self}");
        for name in ["content-type", "www-authenticate", "retry-after"] {
            let said = headers.get(name).map(|value| value.to_str().unwrap());
            assert_eq!(reply.header(name), said.unwrap_or_default(), "{self}: {name}");
        }
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for table in tables() {
        rows.extend(table.rows().iter().map(|row| Row {
            method: row.method.clone(),
            methods: row.methods(),
            path: row.path.to_string(),
            guard: row.guard,
            error_format: row.error_format,
            deadly: row.options.rewrite_path.is_some(),
        }));
    }
    rows
}

fn guarded() -> Vec<Row> {
    let rows: Vec<Row> = rows().into_iter().filter(|row| row.guard.is_guarded()).collect();
    assert!(rows.len() > 20, "the walk has lost its routes");
    rows
}

/// Every guarded route answers this client that its token is not valid.
async fn every_guard_refuses(who: &Client) {
    for row in steps(guarded()) {
        let reply = row.ask(who).await;
        assert_eq!(reply.status, 401, "{row}");
        let challenge = reply.header("www-authenticate");
        assert_eq!(challenge, r#"Bearer error="invalid_token""#, "{row}");
        row.refused(&reply, &Error::InvalidToken, true);
    }
}

/// The token is good until now: else the walk after it would show nothing.
async fn opens(who: &Client) {
    assert_eq!(who.get("/api/me/profile").await.status, 200);
}

/// A signed-in administrator, and its id.
async fn jane(world: &World) -> (Client, String) {
    let id = world.user_with("jane@example.org", &["admin"]).await;
    let jane = world.signed_in("jane@example.org", PASSWORD).await;
    opens(&jane).await;
    (jane, id)
}

#[test]
fn every_placeholder_of_a_path_is_a_parameter_of_its_handler() {
    for table in tables() {
        for row in table.rows() {
            let named = row.path.split('/').filter_map(|part| part.strip_prefix('{'));
            let mut named: Vec<&str> = named.map(|part| part.trim_end_matches('}')).collect();
            let description = (row.describe)();
            let mut taken = description.path_parameters();
            named.sort_unstable();
            taken.sort_unstable();
            assert_eq!(named, taken, "{} {}", row.method, row.path);
        }
    }
}

#[test]
fn z01_the_routes_that_ask_nobody_are_these_and_no_others() {
    let rows = rows();
    let open = rows.iter().filter(|row| !row.guard.is_guarded());
    let open: Vec<String> = open.map(|row| format!("{:?} {row}", row.guard)).collect();
    golden("open_routes", &open.join("\n"));
}

#[tokio::test]
async fn z01_without_a_token_every_guarded_route_asks_to_sign_in() {
    let world = World::new().await;
    for row in steps(guarded()) {
        let reply = row.ask(&world.nobody()).await;
        row.refused(&reply, &Error::NoCredentials, false);
        // Nothing was wrong with a token (RFC 6750, 3.1).
        assert_eq!(reply.header("www-authenticate"), "Bearer", "{row}");
    }
}

#[tokio::test]
async fn t07_garbage_opens_no_guarded_route() {
    let world = World::new().await;
    for garbage in ["garbage", "a.b.c", "..", "usher_rt_x"] {
        every_guard_refuses(&world.with_token(garbage)).await;
    }
}

#[tokio::test]
async fn t08_an_expired_token_opens_no_guarded_route() {
    let world = World::new().await;
    let body = json!({ "email": "admin@gauth.local", "password": "Admin@123" });
    let pair = world.nobody().post("/api/auth/token", body).await;
    let admin = world.with_token(pair.str("accessToken"));
    opens(&admin).await;
    // An hour: the session itself goes on for a month.
    world.clock.advance(3_600);
    every_guard_refuses(&admin).await;
}

#[tokio::test]
async fn t06_a_token_for_another_audience_or_of_another_issuer_opens_no_guarded_route() {
    let world = World::new().await;
    for other in [
        ("USHER_AUDIENCE", "somebody-else"),
        ("USHER_ISSUER", "https://other.test"),
    ] {
        // The same table, so the same accounts, sessions and signing key.
        let elsewhere = World::on(world.db.clone(), world.dynamodb.clone(), &[other]).await;
        let admin = elsewhere.admin().await;
        opens(&admin).await;
        every_guard_refuses(&world.with_token(&admin.token)).await;
    }
}

#[tokio::test]
async fn z09_an_account_that_is_not_active_any_more_passes_no_guarded_route() {
    let (inactive, banned) = (json!({ "status": "inactive" }), json!({ "status": "banned" }));
    let changes: [(Method, &str, Option<Value>); 4] = [
        (Method::PATCH, "", Some(inactive)),
        (Method::PATCH, "", Some(banned)),
        (Method::POST, "/lock", None),
        (Method::DELETE, "", None),
    ];
    for (method, path, body) in changes {
        let world = World::new().await;
        let (jane, id) = jane(&world).await;
        let owner = world.owner().await;
        let reply = owner.send(method, &format!("/api/users/{id}{path}"), body, &[]).await;
        assert_eq!(reply.status, 204, "{}", reply.text);
        every_guard_refuses(&jane).await;
    }
}

#[tokio::test]
async fn z09_while_a_lockout_lasts_a_token_passes_as_before_it() {
    let world = World::new().await;
    let (jane, _) = jane(&world).await;
    for (password, status) in [("wrong", 401); 5].into_iter().chain([(PASSWORD, 423)]) {
        let body = json!({ "username": "jane@example.org", "password": password });
        assert_eq!(world.nobody().post("/api/auth/login", body).await.status, status);
    }
    opens(&jane).await;
    // By reading: what ends the session would refuse the rows after it.
    let reads = |row: &Row| row.method == Method::GET && ["/api/", "/v1/"].iter().any(|at| row.path.starts_with(at));
    for row in steps(guarded()).filter(reads) {
        assert_ne!(row.ask(&jane).await.status, 401, "{row}");
    }
}

#[tokio::test]
async fn r06_a_session_that_was_ended_opens_no_guarded_route() {
    let world = World::new().await;
    let (jane, _) = jane(&world).await;
    assert_eq!(jane.post_empty("/api/auth/logout").await.status, 204);
    every_guard_refuses(&jane).await;
}

#[tokio::test]
async fn an_account_that_must_change_its_password_can_do_that_and_log_out_and_nothing_else() {
    let world = World::new().await;
    let body =
        json!({ "email": "jane@example.org", "password": PASSWORD, "roles": ["admin"], "mustChangePassword": true });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
    let mut open = Vec::new();
    for row in steps(guarded()) {
        let jane = world.signed_in("jane@example.org", PASSWORD).await;
        let reply = row.ask(&jane).await;
        match row.guard {
            Guard::SignedInToChangePassword
            | Guard::OnRankToChangePassword(Rank::User | Rank::Member | Rank::Admin) => {
                assert!(![401, 403].contains(&reply.status.as_u16()), "{row}: {}", reply.text);
                open.push(row.to_string());
            }
            Guard::OnRankToChangePassword(rank) => row.refused(&reply, &Forbidden::BelowRank(rank).into(), true),
            _ => {
                assert_eq!(reply.status, 403, "{row}");
                row.refused(&reply, &Forbidden::MustChangePassword.into(), true);
            }
        }
    }
    golden("open_before_the_password_is_changed", &open.join("\n"));
}

#[tokio::test]
async fn z01_a_missing_permission_is_refused_and_named() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let jane = world.signed_in("jane@example.org", PASSWORD).await;
    for row in steps(guarded()) {
        let Guard::Needs(permission) = row.guard else { continue };
        let reply = row.ask(&jane).await;
        assert_eq!(reply.status, 403, "{row}");
        row.refused(&reply, &Forbidden::MissingPermission(permission).into(), true);
    }
}

/// The verdict on one request: the refusal of the guard, or that it came through.
async fn verdict(row: &Row, who: &Client) -> &'static str {
    let reply = row.ask(who).await;
    let status = reply.status.as_u16();
    assert!(![405, 500, 503].contains(&status), "{row}: {}", reply.text);
    match status {
        401 if !row.guard.is_guarded() => "through",
        401 => "401",
        403 => "403",
        _ => "through",
    }
}

#[tokio::test]
async fn z01_route_by_role_every_verdict_is_the_golden_one() {
    let world = World::new().await;
    let owner = world.owner().await;
    for permission in ["admin.users", "admin.roles"] {
        let role = json!({ "name": format!("only {permission}"), "permissions": [permission] });
        assert_eq!(owner.post("/api/roles", role).await.status, 201);
    }
    let roles = [
        "user",
        "member",
        "admin",
        "owner",
        "SYS_ADMIN",
        "only admin.users",
        "only admin.roles",
    ];
    let mut made = 0;
    let mut who = Vec::new();
    for role in roles {
        who.push(somebody(&world, &mut made, role).await);
    }
    let mut matrix = format!("{:52} {:8}", "", "nobody");
    roles.iter().for_each(|role| matrix += &format!(" {role:16}"));
    let mut spent = false;
    for row in steps(rows()) {
        matrix += &format!("\n{:52} {:8}", row.to_string(), verdict(&row, &world.nobody()).await);
        for (n, role) in roles.iter().enumerate() {
            if row.deadly || spent {
                who[n] = somebody(&world, &mut made, role).await;
            }
            matrix += &format!(" {:16}", verdict(&row, &who[n].1).await);
            // Another route that ends the session would show, as 401 from there on.
            if row.path.ends_with("/logout") || row.to_string() == "DELETE /api/me/sessions" {
                who[n].1 = world.signed_in(&who[n].0, PASSWORD).await;
            }
        }
        spent = row.deadly;
    }
    let lines: Vec<&str> = matrix.lines().map(str::trim_end).collect();
    golden("route_by_role", &lines.join("\n"));
}

/// A new account with this role: its address, and itself.
async fn somebody(world: &World, made: &mut usize, role: &str) -> (String, Client) {
    *made += 1;
    let email = format!("r{made}@example.org");
    world.user_with(&email, &[role]).await;
    let client = world.signed_in(&email, PASSWORD).await;
    (email, client)
}

/// Holds a text to its golden file.
pub fn golden(name: &str, text: &str) {
    insta::with_settings!({ snapshot_path => "golden", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

#[tokio::test]
async fn every_path_that_is_nobodys_is_404_in_problem_details() {
    let world = World::new().await;
    let admin = world.admin().await;
    let paths = [
        "/api",
        "/api/",
        "/api/nope",
        "/api/users/",
        "/api//users",
        "/API/users",
        "/api/users/a/b",
        "/.env",
    ];
    for path in paths {
        for (who, method) in [(&world.nobody(), Method::GET), (&admin, Method::DELETE)] {
            let reply = who.send(method, path, None, &[]).await;
            assert_eq!(
                (reply.status.as_u16(), reply.problem()),
                (404, "no-such-route"),
                "{path}"
            );
            assert_eq!(reply.header("content-type"), "application/problem+json", "{path}");
            assert_eq!(reply.str("instance"), path);
        }
    }
}

#[tokio::test]
async fn i07_every_wrong_method_is_405_and_names_which_are_right() {
    let world = World::new().await;
    let rows = rows();
    let every = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND",
    ];
    for row in &rows {
        let same = rows.iter().filter(|other| other.path == row.path);
        let mut right: Vec<&str> = same.flat_map(|other| &other.methods).map(Method::as_str).collect();
        right.sort_unstable();
        for wrong in every.iter().filter(|method| !right.contains(method)) {
            let method = wrong.parse().unwrap();
            let reply = world.nobody().send(method, &row.url(), None, &[]).await;
            assert_eq!(reply.status, 405, "{wrong} {}", row.path);
            let mut allow: Vec<&str> = reply.header("allow").split(',').map(str::trim).collect();
            allow.sort_unstable();
            assert_eq!(allow, right, "{wrong} {}", row.path);
            if *wrong != "HEAD" {
                row.refused(&reply, &Error::MethodNotAllowed, false);
            }
        }
    }
}
