//! Each function's policy in `template.yaml` is what it does with the table (P2): nothing that is not allowed, in the
//! whole suite ([`crate::watch`]), and nothing allowed that is not done, here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use dynoxide::Database;
use serde_json::{Value, json};
use usher::actions::outbox::Outcome;
use usher::domain::mail::Purpose;

use crate::backstage::one_time;
use crate::outbox::{Mishap, Post, follow, invite};
use crate::rotation::scheduled;
use crate::round_trips::every_route;
use crate::support::{PASSWORD, Reply, World};
use crate::template::{Function, Statement, functions};

mod names;
mod rare;

/// What a function asked of the table: an action, the index, and the kinds of partitions of one request.
type Asked = (String, Option<String>, BTreeSet<String>);

/// A function of the template, as far as it is looked at for each request: read once.
struct Policy {
    name: String,
    binary: String,
    paths: BTreeSet<String>,
    statements: Vec<Statement>,
}

impl Policy {
    fn of(function: &Function) -> Self {
        let routes = function.routes();
        let paths = routes.iter().filter_map(|route| route.split(' ').nth(1));
        Self {
            name: function.name.clone(),
            binary: function.binary(),
            paths: paths.map(str::to_owned).collect(),
            statements: function.statements(),
        }
    }
}

fn shipped() -> &'static [Policy] {
    static SHIPPED: OnceLock<Vec<Policy>> = OnceLock::new();
    SHIPPED.get_or_init(|| functions().iter().map(Policy::of).collect())
}

/// What of a line decides whether its request was allowed.
pub fn request(line: &Value) -> [String; 3] {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let span = &line["span"];
    [&span["function"], &span["route"], &line["touched"]].map(text)
}

/// Whose request this line is: the binary's, and of two with one binary the one's that has the route.
fn asking(line: &Value) -> &'static Policy {
    let word = |name: &str| line["span"][name].as_str().unwrap_or_default();
    let (binary, route) = (word("function"), word("route"));
    let same = || shipped().iter().filter(|policy| policy.binary == binary);
    let found = same()
        .find(|policy| policy.paths.contains(route))
        .or_else(|| same().next());
    found.unwrap_or_else(|| panic!("no function's request: {line}"))
}

/// `PutItem T#*#USER#*, PutItem TOKEN#*, Query GSI1 MAILS#*`.
fn asked(line: &Value) -> Vec<Asked> {
    let mut asked: BTreeMap<(String, Option<String>), BTreeSet<String>> = BTreeMap::new();
    let touched = line["touched"].as_str().unwrap();
    assert!(!touched.is_empty(), "a request that is about nothing: {line}");
    for one in touched.split(", ") {
        let words: Vec<&str> = one.split(' ').collect();
        let index = (words.len() == 3).then(|| words[1].to_owned());
        let kinds = asked.entry((words[0].to_owned(), index)).or_default();
        kinds.insert((*words.last().unwrap()).to_owned());
    }
    asked
        .into_iter()
        .map(|((action, index), kinds)| (action, index, kinds))
        .collect()
}

/// Whether IAM would allow it by this statement: the action, the table or its index, and every partition.
fn covers(statement: &Statement, (action, index, kinds): &Asked) -> bool {
    let resource = match index {
        None => "Table.Arn".to_owned(),
        Some(index) => format!("${{Table.Arn}}/index/{index}"),
    };
    statement.actions.contains(&format!("dynamodb:{action}"))
        && statement.resources.contains(&resource)
        && (statement.leading.is_empty() || kinds.iter().all(|kind| statement.leading.contains(kind)))
}

/// Fails where the function that logged this was not allowed what it asked for.
pub fn allows(line: &Value) {
    let function = asking(line);
    for asked in asked(line) {
        let allowed = function.statements.iter().any(|statement| covers(statement, &asked));
        assert!(allowed, "{} is not allowed {asked:?}: {line}", function.name);
    }
}

/// What each function asked for, by its name in the template.
fn seen(logs: &[Value]) -> BTreeMap<String, Vec<Asked>> {
    let mut seen: BTreeMap<String, Vec<Asked>> = BTreeMap::new();
    for line in logs.iter().filter(|line| line["event"] == "dynamodb") {
        let function = asking(line);
        seen.entry(function.name.clone()).or_default().extend(asked(line));
    }
    seen
}

/// What a statement allows on the table and none of these needs: actions, indexes, partitions.
fn idle(function: &str, statement: &Statement, seen: &[Asked]) -> Vec<String> {
    let used: Vec<&Asked> = seen.iter().filter(|asked| covers(statement, asked)).collect();
    let actions: BTreeSet<String> = used.iter().map(|asked| format!("dynamodb:{}", asked.0)).collect();
    let resources: BTreeSet<String> = used
        .iter()
        .map(|asked| {
            asked
                .1
                .as_ref()
                .map_or("Table.Arn".to_owned(), |index| format!("${{Table.Arn}}/index/{index}"))
        })
        .collect();
    let kinds: BTreeSet<String> = used.iter().flat_map(|asked| asked.2.clone()).collect();
    let about_the_table = statement
        .actions
        .iter()
        .filter(|action| action.starts_with("dynamodb:"));
    let is_rare = |what: &str| rare::RARE.contains(&(function, what));
    let mut idle: Vec<String> = about_the_table
        .filter(|action| !actions.contains(*action) && !is_rare(action))
        .cloned()
        .collect();
    if statement.actions.iter().any(|action| action.starts_with("dynamodb:")) {
        idle.extend(statement.resources.iter().filter(|r| !resources.contains(*r)).cloned());
        let unused = |kind: &&String| !kinds.contains(*kind) && !is_rare(kind);
        idle.extend(statement.leading.iter().filter(unused).cloned());
    }
    idle
}

/// A world in which a mail failed, and was sent by a sweep.
async fn mailed() -> World {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    post.expect([Mishap::Refused]);
    invite(&world, "jane@example.org").await;
    follow(&world, &outbox).await;
    world.clock.advance(60);
    let sent = world.watch.over("outbox", outbox.sweep()).await.unwrap();
    assert_eq!(sent, [Outcome::Sent]);
    world
}

/// A world whose first signing key was retired.
async fn rotated() -> World {
    let world = World::new().await;
    for _ in 0..6 {
        scheduled(&world).await;
        world.clock.advance(31 * 24 * 3_600);
    }
    world
}

/// The longest address that there is, and its search entries more than a transaction can write.
fn longest(name: &str) -> String {
    let name = format!("{name}{}", "a".repeat(64 - name.len()));
    format!("{name}@{0}.{0}.{1}.org", "d".repeat(63), "e".repeat(57))
}

/// A world in which every contract made, changed and removed accounts with such addresses, and other rare ways.
#[expect(clippy::too_many_lines, reason = "a list of requests")]
async fn by_rare_ways() -> World {
    let mut world = World::new().await;
    world.deploy().await;
    let owner = world.owner().await;
    let made = |reply: Reply| assert!(reply.status.is_success(), "{}", reply.text);
    let first = owner
        .post("/api/users", json!({ "email": longest("users"), "password": PASSWORD }))
        .await;
    let user = format!("/api/users/{}", first.str("id"));
    made(first);
    made(owner.patch(&user, json!({ "email": longest("changed") })).await);
    made(owner.delete(&user).await);
    let tenant = json!({ "id": "acme", "owner": { "email": longest("roles"), "password": PASSWORD } });
    made(owner.post("/api/tenants", tenant).await);
    let guest = world.nobody();
    made(
        guest
            .post(
                "/auth/register",
                json!({ "Email": longest("account"), "Username": "john", "Password": PASSWORD }),
            )
            .await,
    );
    let own = world.signed_in(&longest("account"), PASSWORD).await;
    let change = json!({ "Key": "Email", "Old": longest("account"), "New": longest("other") });
    made(own.post("/user/change", change).await);
    let admin = json!({ "email": longest("admin"), "password": PASSWORD, "user_name": "jane", "roles": ["user"] });
    let reply = owner.post("/v1/admin/users", admin).await;
    let user = format!("/v1/admin/users/{}", reply.str("id"));
    made(reply);
    made(owner.delete(&user).await);
    // Ways that the document of costs does not take: a spent link, and changes of rights by who made them.
    let user = world.user("forgetful@example.org").await;
    let spend = json!({ "Token": one_time(&world, &user, Purpose::SetPassword).await, "New": "battery staple" });
    made(guest.post("/auth/resetpassword", spend).await);
    made(owner.get("/admin/rightschanges?From=owner").await);
    made(owner.get("/api/rights-history?actor=owner").await);
    // The catalogue, and what a role gains of it.
    made(owner.post("/api/permissions", json!({ "name": "ship.sail" })).await);
    made(
        owner
            .post("/api/roles", json!({ "name": "sailor", "permissions": ["ship.sail"] }))
            .await,
    );
    made(
        owner
            .patch("/api/roles/sailor", json!({ "description": "Sails" }))
            .await,
    );
    let sailor = world.user_with("sailor@example.org", &["sailor"]).await;
    made(owner.get(&format!("/v1/admin/users/{sailor}")).await);
    made(
        owner
            .post(
                "/api/access/check",
                json!({ "user": sailor, "permission": "ship.sail" }),
            )
            .await,
    );
    // A removal that was left in the middle keeps roles from gaining the permission.
    let until = world.now() + usher::jiff::SignedDuration::from_mins(1);
    let marked = usher::store::catalogue::mark("ship.sail", "a removal that crashed", Some(world.now()), until);
    usher::store::unit::commit(&world.app.table, &marked).await.unwrap();
    let gains = json!({ "name": "cook", "permissions": ["ship.sail"] });
    assert_eq!(owner.post("/api/roles", gains).await.status, 503);
    world.clock.advance(60);
    made(owner.delete("/api/permissions/ship.sail?force=true").await);
    // The first use of a pair that was refreshed, at the function that asks what somebody may do.
    let first = crate::auth::pair(&world, "sailor@example.org").await;
    let next = crate::auth::refresh(&world, &first.refresh).await;
    made(
        world
            .with_token(next.str("accessToken"))
            .get("/api/me/permissions")
            .await,
    );
    let next = crate::auth::refresh(&world, next.str("refreshToken")).await;
    let own = json!({ "permission": "admin.users" });
    made(
        world
            .with_token(next.str("accessToken"))
            .post("/api/access/check", own)
            .await,
    );
    // An account with a role that somebody created: that role stays as it is while the account is changed.
    made(owner.post("/api/roles", json!({ "name": "pirate" })).await);
    let pirate = json!({ "username": "lechuck", "password": PASSWORD, "roles": ["pirate"] });
    made(owner.post("/api/users", pirate).await);
    made(owner.delete("/v1/user/ban/lechuck").await);
    // And while its key is revoked by another.
    let captain = json!({ "username": "captain", "password": PASSWORD, "roles": ["admin", "pirate"] });
    made(owner.post("/api/users", captain).await);
    let captain = world.signed_in("captain", PASSWORD).await;
    let key = captain.post("/api/api-keys", json!({ "name": "CI" })).await;
    made(owner.delete(&format!("/api/api-keys/{}", key.str("id"))).await);
    made(owner.delete("/api/roles/pirate?force=true").await);
    let registered = json!({
        "email": longest("registered"), "username": "guybrush", "password": PASSWORD, "confirm_password": PASSWORD,
    });
    made(guest.post("/v1/user/register", registered).await);
    for (n, row) in crate::idempotency::rows().into_iter().enumerate() {
        let request = crate::idempotency::ready(&world, &row.path, n).await;
        made(request.send(&request.key(n)).await);
    }
    // A name that set-up may not have moved yet.
    made(
        owner
            .post(
                "/api/users",
                json!({ "username": "\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c2}" }),
            )
            .await,
    );
    made(
        guest
            .post(
                "/api/auth/login-dev",
                json!({ "username": "\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c2}" }),
            )
            .await,
    );
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn p02_what_a_policy_allows_on_the_table_is_done() {
    // Boxed: together they are larger than a stack.
    let worlds = [
        Box::pin(World::fresh(Database::memory().unwrap(), &[])).await,
        Box::pin(every_route()).await,
        Box::pin(mailed()).await,
        Box::pin(rotated()).await,
        Box::pin(crate::setup::names::upgraded()).await,
        Box::pin(by_rare_ways()).await,
        Box::pin(names::by_names_seats_and_guesses()).await,
        Box::pin(crate::rate_limits::counted()).await,
        Box::pin(crate::authorizer::used()).await,
    ];
    let logs = worlds.iter().flat_map(|world| world.watch.log.lines());
    let seen = seen(&logs.collect::<Vec<_>>());
    let mut idle_rights = Vec::new();
    for function in shipped() {
        let own = seen.get(&function.name).map(Vec::as_slice).unwrap_or_default();
        for statement in &function.statements {
            let idle = idle(&function.name, statement, own);
            if !idle.is_empty() {
                idle_rights.push(format!("{} may and does not: {}", function.name, idle.join(", ")));
            }
        }
    }
    assert!(idle_rights.is_empty(), "{}", idle_rights.join("\n"));
}
