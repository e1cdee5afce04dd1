//! What a line can have is what a request can.

use serde_json::{Value, json};
use usher::actions::transfer::{self, Imported};
use usher::domain::permission::Permission;
use usher::store::table::{Key, Write, text};
use usher::{Error, Result};

use super::{imported, operator, refusal, role};
use crate::reconcile::assert_reconciled;
use crate::support::World;

fn place<T: std::fmt::Debug>(refused: Result<T>) -> String {
    match refused {
        Err(Error::Invalid(violations)) => violations[0].pointer.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_s_fields_have_the_bounds_of_a_request_s() {
    let world = World::new().await;
    let grant = |department: &str| json!({ "role": "admin", "department": department, "id": "0192f0c1-2d3e-7f4a-8b5c-6d7e8f905678" });
    for (member, value) in [
        ("lockReason", json!("x".repeat(501))),
        ("lockReason", json!("a\u{0}b")),
        ("lockReason", json!("a\nb")),
        ("number", json!(0)),
        ("number", json!(1_u64 << 53)),
        ("roles", json!([grant("sales"), grant("support")])),
        ("roles", json!(["x".repeat(5_000)])),
    ] {
        let mut line = json!({ "email": "x@example.org", "status": "locked" });
        line[member] = value;
        let refused = refusal(&world, &line).await;
        assert!(refused.starts_with(&format!("/{member}: ")), "{refused}");
    }
    let fits = json!({ "email": "x@example.org", "status": "locked", "lockReason": "x".repeat(500), "number": (1_u64 << 53) - 1 });
    imported(&world, &fits).await;
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_permissions_have_them_too() {
    let world = World::new().await;
    let (cx, owner) = (operator(&world).await, world.owner().await);
    for (n, description) in ["x".repeat(201), "a\u{0}b".to_owned()].into_iter().enumerate() {
        let body = json!({ "name": format!("docs.{n}"), "description": description });
        assert_eq!(owner.post("/api/permissions", body).await.status, 400);
        let permission = Permission {
            name: format!("docs.{n}"),
            description: Some(description),
            restricted: false,
        };
        assert_eq!(place(transfer::permission(&cx, &permission).await), "/description");
    }
    let many: Vec<String> = (0..501).map(|n| format!("docs.{n}")).collect();
    for (member, value) in [
        ("permissions", json!(many)),
        ("permissions", json!(["x".repeat(5_000)])),
        ("description", json!("x".repeat(501))),
        ("description", json!("a\u{0}b")),
    ] {
        let mut line = json!({ "name": "editor" });
        line[member] = value;
        assert_eq!(owner.post("/api/roles", line.clone()).await.status, 400, "{member}");
        line["type"] = json!("role");
        let refused = transfer::role(&cx, &role(&line)).await;
        assert_eq!(place(refused), format!("/{member}"));
    }
    for (n, max_count) in [0, u32::MAX].into_iter().enumerate() {
        let body = json!({ "name": format!("made-{n}"), "maxCount": max_count });
        assert_eq!(owner.post("/api/roles", body).await.status, 201);
        let line: Value = json!({ "type": "role", "name": format!("imported-{n}"), "maxCount": max_count });
        let taken = transfer::role(&cx, &role(&line)).await;
        assert!(matches!(taken, Ok(Imported::Created(_))), "{taken:?}");
    }
    assert_reconciled(&world);
}

/// Behind the bounds: what the store refuses for good is tried again by nobody.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_takes_for_no_valid_request_is_no_outage() {
    let world = World::new().await;
    let table = &world.app.table;
    let mut item = Key::new("LARGE", "LARGE").attributes();
    item.insert("text".to_owned(), text("x".repeat(500_000)));
    let written = table.batch_write(&[Write::put(item.clone())]).await;
    assert!(matches!(written, Err(Error::Fault(_))), "{written:?}");
    let read = table.get(&Key::new("x".repeat(5_000), "LARGE")).await;
    assert!(matches!(read, Err(Error::Fault(_))), "{read:?}");
}
