//! `local seed`, as a command.

use std::process::Command;

use dynoxide::Database;
use serde_json::Value;
use usher::ambient::{Clock, SystemClock};

use crate::audit::assert_whole;
use crate::reconcile::assert_reconciled;
use crate::support::World;

fn seed(place: &std::path::Path, users: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_local"))
        .args(["seed", "--users", users, "--password", "correct horse", "--data-dir"])
        .arg(place)
        .env("USHER_ARGON2", "m=64,t=1,p=1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
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
    let file = place.path().join("dynamodb.sqlite");
    let db = Database::new(file.to_str().unwrap()).unwrap();
    let keys: Value = serde_json::from_slice(&std::fs::read(place.path().join("keys.json")).unwrap()).unwrap();
    let master = keys["master"].as_str().unwrap();
    let world = World::later(db, &[("USHER_MASTER_KEY", master)], SystemClock.now()).await;
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
