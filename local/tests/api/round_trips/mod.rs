//! What each route costs: requests to DynamoDB and capacity units, counted by a proxy, equal what `docs/table.md` says.

use std::collections::BTreeSet;
use std::path::Path;

mod cases;
mod cases_account;
mod cases_admin;
mod cases_keys;
mod cases_registration;

use serde_json::json;

use crate::databases::{serve_dynamodb, table_set_up_with};
use crate::proxy::{Cost, Proxy};
use crate::support::{Client, PASSWORD, Reply, World, tables};

/// A world whose calls to DynamoDB are counted.
pub async fn counted() -> (World, Proxy) {
    let db = table_set_up_with(&[]).await;
    let proxy = Proxy::before(&serve_dynamodb(db.clone()).await).await;
    (
        World::on(db, proxy.url.clone(), &[("USHER_STORE_DEADLINE_MS", "4000")]).await,
        proxy,
    )
}

/// Rows as the document has them, without what a test cannot see.
struct Measured {
    world: World,
    proxy: Proxy,
    owner: Client,
    rows: Vec<String>,
}

impl Measured {
    /// Sends a request of this route, in this case, and notes its cost.
    async fn of(&mut self, route: &str, case: &str, status: u16, request: impl Future<Output = Reply>) -> Reply {
        self.proxy.cost();
        let reply = request.await;
        let Cost {
            operations,
            read,
            written,
        } = self.proxy.cost();
        assert_eq!(reply.status, status, "{route} ({case}): {}", reply.text);
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
fn folded(operations: &[String]) -> String {
    let mut folded: Vec<(usize, &str)> = Vec::new();
    for operation in operations {
        let short = operation.trim_end_matches("Items").trim_end_matches("Item");
        match folded.last_mut() {
            Some((times, last)) if *last == short => *times += 1,
            _ => folded.push((1, short)),
        }
    }
    let told = folded.iter().map(|(times, name)| match times {
        1 => (*name).to_owned(),
        _ => format!("{times} {name}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The rows of the document's table of costs, without the column that a test cannot see (sequential steps).
fn documented() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/table.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, costs) = text.split_once("## What each route costs").unwrap();
    let rows = costs.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let mut cells: Vec<&str> = row.split('|').collect();
        cells.remove(4);
        cells.join("|")
    })
    .collect()
}

/// A request of every route, in every case of the document.
async fn measured((world, proxy): (World, Proxy)) -> Measured {
    let owner = world.owner().await;
    let mut m = Measured {
        world,
        proxy,
        owner,
        rows: Vec::new(),
    };
    cases::auth(&mut m).await;
    cases::me(&mut m).await;
    cases::accounts(&mut m).await;
    cases::roles(&mut m).await;
    cases_keys::api_keys(&mut m).await;
    cases_keys::tenants(&mut m).await;
    cases::discovery(&mut m).await;
    cases::listings(&mut m).await;
    cases_account::account(&mut m).await;
    cases_admin::admin(&mut m).await;
    cases_registration::registration(&mut m).await;
    m
}

/// A world in which every route was asked for, in every case of the document, each function with caches of its own.
pub async fn every_route() -> World {
    let (mut world, proxy) = counted().await;
    world.deploy().await;
    measured((world, proxy)).await.world
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_costs_what_the_document_says_and_no_route_is_left_out() {
    let measured: BTreeSet<String> = measured(counted().await).await.rows.into_iter().collect();
    let documented: BTreeSet<String> = documented().into_iter().collect();
    let (wrong, right): (Vec<_>, Vec<_>) = (
        documented.difference(&measured).collect(),
        measured.difference(&documented).collect(),
    );
    assert!(
        right.is_empty() && wrong.is_empty(),
        "docs/table.md says\n{wrong:#?}\nand it is\n{right:#?}"
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
