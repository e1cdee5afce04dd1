//! The program of docs/restore.md copies a restored table back into the live one, and nothing contradicts itself then.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::audit::{assert_whole, eventful, put, remove, rows};
use crate::reconcile::assert_reconciled;
use crate::rotation::scheduled;
use crate::support::World;

/// The program as the document has it.
fn program() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/restore.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (_, rest) = document.split_once("cat > copy_back.py <<'END'\n").unwrap();
    rest.split_once("\nEND\n").unwrap().0.to_owned()
}

/// Plays it, with the restored table as these items; what it prints.
fn copy_back(world: &World, restored: &[Value]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let table = |name: &str, items: &[Value]| {
        let file = directory.path().join(name);
        std::fs::write(&file, serde_json::to_vec(items).unwrap()).unwrap();
        file
    };
    let before = world.items();
    let (from, to) = (table("restored", restored), table("live", &before));
    let played = Command::new("python3")
        .args(["-c", &program()])
        .args([&from, &to])
        .env(
            "PYTHONPATH",
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/restore"),
        )
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    let after: Vec<Value> = serde_json::from_slice(&std::fs::read(to).unwrap()).unwrap();
    before.iter().for_each(|item| remove(world, item));
    after.iter().for_each(|item| put(world, item));
    String::from_utf8(played.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_copied_back_leaves_the_rights_history_as_it_was_written() {
    let world = eventful().await;
    scheduled(&world).await;
    let jane = world.user("jane@example.org").await;
    let restored = world.items();
    world.clock.advance(3_600);
    let owner = world.owner().await;
    assert_eq!(owner.delete(&format!("/api/users/{jane}")).await.status, 204);
    for name in ["since-1", "since-2", "since-3"] {
        let role = json!({ "name": name, "permissions": ["admin.users"] });
        assert_eq!(owner.post("/api/roles", role).await.status, 201);
        world.user(&format!("{name}@example.org")).await;
    }
    scheduled(&world).await;
    assert_whole(&world).await;
    let written = rows(&world).len();
    let printed = copy_back(&world, &restored);
    assert!(printed.contains(" copied, "), "{printed}");
    assert_eq!(rows(&world).len(), written, "rows of the rights history");
    assert_whole(&world).await;
    // Everybody logs in again, the directory is the former one, and its history goes on.
    assert_eq!(owner.get("/api/me/profile").await.status, 401);
    world.clock.advance(11);
    let owner = world.owner().await;
    assert_eq!(owner.get(&format!("/api/users/{jane}")).await.status, 200);
    assert_eq!(owner.get("/api/users/since-1@example.org").await.status, 404);
    assert_eq!(owner.get("/api/roles/since-1").await.status, 404);
    assert_eq!(owner.delete(&format!("/api/users/{jane}")).await.status, 204);
    scheduled(&world).await;
    assert_whole(&world).await;
    assert_reconciled(&world);
}
