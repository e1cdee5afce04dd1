//! What each route costs: requests to DynamoDB and capacity units, counted by a proxy, equal what `docs/table.md` states.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

mod cases;
mod cases_access;
mod cases_account;
mod cases_admin;
mod cases_conditional;
mod cases_ended;
mod cases_keys;
mod cases_registration;
mod cases_sessions;

use serde_json::{Value, json};
use usher::access::guard::Guard;
use usher::domain::tenant_size::TenantSize;

use crate::databases::{serve_dynamodb, table_set_up_with};
use crate::proxy::{Cost, Proxy};
use crate::support::{Client, PASSWORD, Reply, World, tables};

/// A world whose calls to DynamoDB are counted.
pub async fn counted() -> (World, Proxy) {
    counted_in(TenantSize::Small).await
}

/// The same in a tenant of this size, all partitions of which are written to.
pub async fn counted_in(size: TenantSize) -> (World, Proxy) {
    let of_size: &[_] = match size {
        TenantSize::Small => &[],
        TenantSize::Large => &[("USHER_TENANT_SIZE", "large")],
    };
    let settings = [of_size, &[("USHER_STORE_DEADLINE_MS", "4000")]].concat();
    let db = table_set_up_with(of_size).await;
    let proxy = Proxy::before(&serve_dynamodb(db.clone()).await).await;
    let world = World::on(db, proxy.url.clone(), &settings).await;
    if size == TenantSize::Large {
        world.clock.advance(61);
    }
    (world, proxy)
}

/// Rows as the document has them, without what a test cannot see.
struct Measured {
    world: World,
    proxy: Proxy,
    owner: Client,
    rows: Vec<String>,
    /// Deeds on what is another's that left no row with who did them.
    unrecorded: Vec<String>,
}

/// Whether a route does something to another's account, a role, a setting, a key or a tenant.
fn is_deed(route: &str) -> bool {
    let (method, path) = route.split_once(' ').unwrap();
    let tables = tables();
    let mut rows = tables.iter().flat_map(usher::http::routes::Routes::rows);
    let row = rows.find(|row| row.method == method && row.path == path);
    let by_admins = [
        "changerole",
        "deleteuser",
        "deleteuseraccount",
        "setmaxroles",
        "setrolecounts",
    ];
    let action = path.rsplit('/').next().unwrap();
    // A mail that is asked for again changes nothing, and nor does a question.
    if ["verification", "introspect", "preview"].contains(&action) {
        return false;
    }
    match row.unwrap_or_else(|| panic!("no route {route}")).guard {
        Guard::Needs(_) => method != "GET",
        Guard::OnRank(_) => by_admins.contains(&action),
        _ => false,
    }
}

impl Measured {
    /// The rows of the rights history that name who did it.
    fn recorded(&self) -> usize {
        let items = self.world.items().into_iter();
        let by = |item: &Value| item["GSI2PK"]["S"].as_str().is_some_and(|pk| pk.contains("#ACTOR#"));
        items.filter(by).count()
    }

    /// Sends a request of this route, in this case, and notes its cost.
    async fn of(&mut self, route: &str, case: &str, status: u16, request: impl Future<Output = Reply>) -> Reply {
        let recorded =
            (is_deed(route) && !["nothing changes", "with one, again"].contains(&case)).then(|| self.recorded());
        self.proxy.cost();
        let reply = request.await;
        let Cost {
            operations,
            read,
            written,
        } = self.proxy.cost();
        assert_eq!(reply.status, status, "{route} ({case}): {}", reply.text);
        if recorded.is_some_and(|before| status < 300 && self.recorded() == before) {
            self.unrecorded.push(format!("{route} ({case})"));
        }
        let requests = operations.len();
        let operations = folded(&operations);
        self.rows.push(format!(
            "| `{route}` | {case} | {requests} | {operations} | {read} | {written} |"
        ));
        reply
    }

    /// An account of its own for the next case, with an address that is verified.
    async fn somebody(&self, name: &str) -> String {
        // So that listings find the same rows in every run.
        self.world.clock.advance_ms(1);
        let email = format!("{name}@example.org");
        let body = json!({ "email": email, "emailVerified": true, "username": name, "password": PASSWORD });
        let reply = self.owner.post("/api/users", body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.str("id").to_owned()
    }
}

/// `Get, Get, Query` is `2 Get, Query`: neighbours that are alike are counted.
pub fn folded(operations: &[String]) -> String {
    let mut folded: Vec<(usize, &str)> = Vec::new();
    for operation in operations {
        let short = operation.trim_end_matches("Items").trim_end_matches("Item");
        match folded.last_mut() {
            Some((times, last)) if *last == short => *times += 1,
            _ => folded.push((1, short)),
        }
    }
    let names = folded.iter().map(|(times, name)| match times {
        1 => (*name).to_owned(),
        _ => format!("{times} {name}"),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// The rows of the document's table of costs.
#[derive(Default)]
struct Documented {
    /// Without the column that a test cannot see (sequential steps).
    rows: Vec<String>,
    /// The routes and cases of which some requests go out at once: which of these comes first is chance.
    at_once: BTreeSet<String>,
}

impl Documented {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/table.md");
        let text = std::fs::read_to_string(path).unwrap();
        let (_, costs) = text.split_once("## What each route costs").unwrap();
        Self::of(costs.lines().filter(|line| line.starts_with("| `")))
    }

    fn of<'a>(rows: impl Iterator<Item = &'a str>) -> Self {
        let mut documented = Self::default();
        for row in rows {
            let mut cells: Vec<&str> = row.split('|').collect();
            let steps = cells.remove(4);
            documented.at_once.extend((steps != cells[3]).then(|| case(row)));
            documented.rows.push(cells.join("|"));
        }
        documented
    }

    /// The rows, with the operations of those with requests at once in the order of their names.
    fn ordered<'a>(&self, rows: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
        let rows = rows.into_iter().map(|row| match self.at_once.contains(&case(row)) {
            true => by_name(row),
            false => row.clone(),
        });
        rows.collect()
    }
}

/// The route and the case of a row.
fn case(row: &str) -> String {
    row.split('|').take(3).collect::<Vec<_>>().join("|")
}

/// `Query, 2 Get, Query` is `2 Get, 2 Query`.
fn by_name(row: &str) -> String {
    let mut cells: Vec<String> = row.split('|').map(str::to_owned).collect();
    let mut counted = BTreeMap::<&str, usize>::new();
    for operation in cells[4].trim().split(", ") {
        let (times, name) = operation.split_once(' ').unwrap_or(("1", operation));
        *counted.entry(name).or_default() += times.parse::<usize>().unwrap();
    }
    let named = counted.iter().map(|(name, times)| format!("{times} {name}"));
    cells[4] = named.collect::<Vec<_>>().join(", ");
    cells.join("|")
}

#[test]
fn of_requests_that_go_out_at_once_any_can_be_the_first() {
    let documented = Documented::of(
        [
            "| `GET /a` | | 3 | 2 | Get, 2 Query | 1 | 1 |",
            "| `GET /b` | | 2 | 2 | Get, Query | 1 | 1 |",
        ]
        .into_iter(),
    );
    let is_same = |measured: &str| {
        documented
            .ordered([&measured.to_owned()])
            .is_subset(&documented.ordered(&documented.rows))
    };
    for measured in ["Get, 2 Query", "Query, Get, Query", "2 Query, Get"] {
        assert!(
            is_same(&format!("| `GET /a` | | 3 | {measured} | 1 | 1 |")),
            "{measured}"
        );
    }
    assert!(!is_same("| `GET /a` | | 3 | 2 Get, Query | 1 | 1 |"));
    assert!(is_same("| `GET /b` | | 2 | Get, Query | 1 | 1 |"));
    assert!(!is_same("| `GET /b` | | 2 | Query, Get | 1 | 1 |"));
}

/// A request of every route, in every case of the document.
async fn measured((world, proxy): (World, Proxy)) -> Measured {
    let owner = world.owner().await;
    let mut m = Measured {
        world,
        proxy,
        owner,
        rows: Vec::new(),
        unrecorded: Vec::new(),
    };
    cases::auth(&mut m).await;
    cases::me(&mut m).await;
    cases::accounts(&mut m).await;
    cases::roles(&mut m).await;
    cases_keys::api_keys(&mut m).await;
    cases_keys::service_accounts(&mut m).await;
    cases_keys::rights_history(&mut m).await;
    cases_keys::tenants(&mut m).await;
    cases::discovery(&mut m).await;
    cases::listings(&mut m).await;
    cases_account::account(&mut m).await;
    cases_admin::admin(&mut m).await;
    cases_registration::registration(&mut m).await;
    cases_conditional::conditional(&mut m).await;
    cases_ended::ended(&mut m).await;
    cases_sessions::sessions(&mut m).await;
    cases_access::catalogue(&mut m).await;
    cases_access::access(&mut m).await;
    m
}

#[tokio::test(flavor = "multi_thread")]
async fn d04_every_deed_on_what_is_another_s_leaves_a_row_with_who_did_it() {
    let measured = measured(counted().await).await;
    let tables = tables();
    let rows = tables.iter().flat_map(usher::http::routes::Routes::rows);
    let deeds = rows.filter(|row| is_deed(&format!("{} {}", row.method, row.path)));
    assert!(deeds.count() > 30, "the deeds are not found");
    assert!(measured.unrecorded.is_empty(), "{:#?}", measured.unrecorded);
}

/// A world in which every route was asked for, in every case of the document, each function with caches of its own.
pub async fn every_route() -> World {
    let (mut world, proxy) = counted().await;
    world.deploy().await;
    measured((world, proxy)).await.world
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_costs_what_the_document_states_and_no_route_is_left_out() {
    let stated = Documented::read();
    let measured = stated.ordered(&measured(counted().await).await.rows);
    let documented = stated.ordered(&stated.rows);
    let (wrong, right): (Vec<_>, Vec<_>) = (
        documented.difference(&measured).collect(),
        measured.difference(&documented).collect(),
    );
    assert!(
        right.is_empty() && wrong.is_empty(),
        "docs/table.md states\n{wrong:#?}\nand it is\n{right:#?}"
    );
    let tables = tables();
    let routes = tables.iter().flat_map(usher::http::routes::Routes::rows);
    for route in routes.map(|row| format!("| `{} {}` ", row.method, row.path)) {
        assert!(
            documented.iter().any(|row| row.starts_with(&route)),
            "no row for {route}"
        );
    }
}
