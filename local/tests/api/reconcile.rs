//! What is in the table, held to itself.

mod differences;

pub use differences::{differences, plain_item};

use crate::support::World;

/// Asserts that nothing contradicts anything else.
pub fn assert_reconciled(world: &World) {
    let found = differences(&world.items());
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_the_reconciler_finds_a_thing_that_is_missing_and_a_thing_too_many() {
    let world = World::new().await;
    let items = world.items();
    assert_eq!(differences(&items), [] as [&str; 0]);
    let kinds = [
        "#EMAIL#",
        "#NAME#",
        "#ROLENAME#",
        "#NUMBER#",
        "#FIND#",
        "#TALLY",
        "#ROLE#",
        "#ROLES",
        "#ROLECOPY#",
        "#SEATS#",
        "#RIGHTS#",
        "#CHAINS",
        "USER",
    ];
    for kind in kinds {
        let gone = items
            .iter()
            .position(|item| {
                let (pk, sk) = (item["PK"]["S"].as_str().unwrap(), item["SK"]["S"].as_str().unwrap());
                let counts = item["taken"]["N"].as_str().is_none_or(|taken| taken != "0");
                counts && (pk.contains(kind) || sk == kind)
            })
            .unwrap();
        let mut without = items.clone();
        without.remove(gone);
        assert_ne!(differences(&without), [] as [&str; 0], "{kind}");
    }
}
