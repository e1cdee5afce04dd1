//! `local seed`, as a command.

use std::path::Path;
use std::process::Command;

use dynoxide::Database;
use serde_json::{Value, json};
use usher::ambient::{Clock, SystemClock};
use usher::domain::tenant::TenantId;
use usher::domain::tenant_size::TenantSize;
use usher::store::user_lists::UserLists;

use crate::audit::assert_whole;
use crate::reconcile::assert_reconciled;
use crate::support::World;

fn seed(place: &Path, users: &str) -> String {
    run(place, &["seed", "--users", users, "--password", "correct horse"])
}

/// What a command prints.
fn run(place: &Path, command: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_local"))
        .args(command)
        .arg("--data-dir")
        .arg(place)
        .env("USHER_ARGON2", "m=64,t=1,p=1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A world on what the commands left.
async fn opened(place: &Path) -> World {
    let file = place.join("dynamodb.sqlite");
    let db = Database::new(file.to_str().unwrap()).unwrap();
    let keys: Value = serde_json::from_slice(&std::fs::read(place.join("keys.json")).unwrap()).unwrap();
    let master = keys["master"].as_str().unwrap();
    World::later(db, &[("USHER_MASTER_KEY", master)], SystemClock.now()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_contradicts_anything_after_thousands_were_seeded_and_again() {
    let place = tempfile::tempdir().unwrap();
    let printed = seed(place.path(), "2500");
    assert!(
        printed.contains("2500 accounts in main") && printed.contains("correct horse"),
        "{printed}"
    );
    let printed = seed(place.path(), "2500");
    assert!(printed.contains("2500 of them there before"), "{printed}");
    let world = opened(place.path()).await;
    assert_reconciled(&world);
    assert_whole(&world).await;
    let listed = world.owner().await.get("/api/users?limit=25").await;
    assert_eq!(listed.body["total"], 2502, "{}", listed.text);
    let last = listed.body["items"][2]["email"].as_str().unwrap().to_owned();
    let found = world
        .owner()
        .await
        .get(&format!("/api/users?q={}", last.replace('@', "%40")))
        .await;
    assert_eq!(found.body["total"], 1, "{}", found.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_by_number_are_right_after_an_import_of_accounts_older_than_all() {
    let place = tempfile::tempdir().unwrap();
    seed(place.path(), "2600");
    let line = |n| json!({ "email": format!("old{n}@example.org"), "createdAt": "2001-01-01T00:00:00Z" }).to_string();
    let lines: Vec<String> = (0..40).map(line).collect();
    let file = place.path().join("old.ndjson");
    std::fs::write(&file, lines.join("\n")).unwrap();
    run(place.path(), &["import", file.to_str().unwrap()]);
    let world = opened(place.path()).await;
    let tenant = TenantId::main();
    let lists = UserLists {
        table: &world.app.table,
        tenant: &tenant,
        size: TenantSize::Small,
    };
    let (all, more) = lists.newest(None, None, 10_000).await.unwrap();
    assert_eq!((all.len(), more), (2_642, false));
    let admin = crate::admin::admin(&world).await;
    for page in [202, 251, 264] {
        let reply = admin.get(&format!("/v1/admin/users?page={page}&limit=10")).await;
        let shown: Vec<&str> = reply.body["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["id"].as_str().unwrap())
            .collect();
        let place = (page - 1) * 10;
        let expected: Vec<String> = all[place..place + 10].iter().map(|one| one.id.to_string()).collect();
        assert_eq!(shown, expected, "page {page}");
        assert_eq!(reply.body["pagination"]["total"], 2_642);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_filled_beyond_the_size_of_a_small_one_has_what_follows_spread() {
    let place = tempfile::tempdir().unwrap();
    seed(place.path(), "7000");
    let world = opened(place.path()).await;
    assert_reconciled(&world);
    let in_list = |item: &Value, list: &str| item["GSI1PK"]["S"].as_str().is_some_and(|pk| pk.ends_with(list));
    let items = world.items();
    let listed = |list| items.iter().filter(|item| in_list(item, list)).count();
    let (first, second) = (listed("#USERS#0"), listed("#USERS#1"));
    assert_eq!(first + second, 7_002);
    // Of the 2,000 that came once it was large, half by chance.
    assert!((800..1_200).contains(&second), "{second}");
    let owner = world.owner().await;
    assert_eq!(owner.get("/api/users?limit=1").await.body["total"], 7_002);
    let file = place.path().join("more.ndjson");
    let line = |n| json!({ "email": format!("more{n}@example.org") }).to_string();
    std::fs::write(&file, (0..700).map(line).collect::<Vec<_>>().join("\n")).unwrap();
    drop(world);
    run(place.path(), &["import", file.to_str().unwrap()]);
    let world = opened(place.path()).await;
    assert_reconciled(&world);
    let spread = world.items().iter().filter(|item| in_list(item, "#USERS#1")).count();
    assert!((second + 250..second + 450).contains(&spread), "{spread}");
}
