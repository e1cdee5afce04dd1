//! Any one row changed, removed, inserted or moved is found, and it is the first that is named.

use serde_json::{Value, json};
use usher::domain::audit::{Fault, Finding};

use super::{assert_whole, eventful, findings, hash, place, position, put, remove, rows};
use crate::rotation::scheduled;
use crate::support::{World, steps};

/// An eventful history, half of which was signed.
async fn half_signed() -> (World, Vec<Value>) {
    let world = eventful().await;
    scheduled(&world).await;
    let owner = world.owner().await;
    for name in ["press", "sales"] {
        world.clock.advance_ms(1);
        assert_eq!(owner.post("/api/roles", json!({ "name": name })).await.status, 201);
    }
    assert_whole(&world).await;
    let rows = rows(&world);
    assert!(rows.len() >= 50, "{} rows", rows.len());
    (world, rows)
}

async fn first(world: &World) -> Finding {
    let found = findings(world).await;
    found.first().unwrap().clone()
}

/// The id in the place of another one: a digit of its random part is the next one.
fn another_id(id: &str) -> String {
    let last = id.chars().last().and_then(|digit| digit.to_digit(16)).unwrap();
    format!("{}{:x}", &id[..35], (last + 1) % 16)
}

/// What can be changed of a row.
const CHANGES: [(&str, fn(&mut Value)); 12] = [
    ("kind", |row| row["kind"] = json!({ "S": "nothing" })),
    ("actor", |row| {
        row["actor"] = json!({ "S": "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b" })
    }),
    ("ip", |row| row["ip"] = json!({ "S": "203.0.113.99" })),
    (
        "after",
        |row| row["after"] = json!({ "M": { "status": { "S": "active" }, "x": { "NULL": true } } }),
    ),
    ("before", |row| {
        row["before"] = json!({ "M": { "email": { "S": "another@example.org" } } })
    }),
    ("ttl", |row| row["ttl"] = json!({ "N": "1795334401" })),
    ("who finds it", |row| {
        row["GSI1PK"] = json!({ "S": "T#main#TARGET#nobody" })
    }),
    ("seq", |row| row["link"]["M"]["seq"] = json!({ "N": "77" })),
    ("prev", |row| row["link"]["M"]["prev"] = json!({ "S": "x" })),
    ("hash", |row| row["link"]["M"]["hash"] = json!({ "S": "x" })),
    ("chain", |row| row["link"]["M"]["chain"] = json!({ "S": "400-999" })),
    ("no link", |row| drop(row.as_object_mut().unwrap().remove("link"))),
];

#[tokio::test(flavor = "multi_thread")]
async fn any_one_row_that_is_changed_is_found_and_named() {
    let (world, rows) = half_signed().await;
    for (n, row) in steps(rows.iter().enumerate()) {
        let all = n % 10 == 0;
        for (m, (what, change)) in CHANGES.iter().enumerate() {
            if !all && m != n % CHANGES.len() {
                continue;
            }
            let mut changed = row.clone();
            change(&mut changed);
            put(&world, &changed);
            let found = first(&world).await;
            assert_eq!(found.place, place(row), "{what} of {row}: {found:?}");
            assert!(
                matches!(found.fault, Fault::Changed | Fault::Unlinked),
                "{what}: {found:?}"
            );
            put(&world, row);
        }
    }
    assert_whole(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_one_row_that_is_changed_with_its_hash_calculated_anew_is_found_and_named() {
    let (world, rows) = half_signed().await;
    for row in steps(&rows) {
        let mut changed = row.clone();
        changed["kind"] = json!({ "S": "lockedOut" });
        changed["link"]["M"]["hash"]["S"] = hash(&changed).into();
        put(&world, &changed);
        let found = first(&world).await;
        assert_eq!(found.place, place(row), "{row}");
        assert!(matches!(found.fault, Fault::Changed | Fault::Rewritten), "{found:?}");
        put(&world, row);
    }
    assert_whole(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_one_row_that_is_removed_is_found_and_named() {
    let (world, rows) = half_signed().await;
    for row in steps(&rows) {
        remove(&world, row);
        let found = findings(&world).await;
        let one = [(position(row), Fault::Removed)];
        let found: Vec<_> = found.into_iter().map(|found| (found.place, found.fault)).collect();
        assert_eq!(found, one, "{row}");
        put(&world, row);
    }
    assert_whole(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_one_row_that_is_inserted_is_found_and_named() {
    let (world, rows) = half_signed().await;
    for (n, row) in steps(rows.iter().enumerate()) {
        let mut copy = row.clone();
        let id = another_id(row["id"]["S"].as_str().unwrap());
        for name in ["id", "SK", "GSI1SK"] {
            copy[name]["S"] = id.clone().into();
        }
        let seq: usize = row["link"]["M"]["seq"]["N"].as_str().unwrap().parse().unwrap();
        match n % 4 {
            0 => {}
            1 => copy["link"]["M"]["hash"]["S"] = hash(&copy).into(),
            2 => {
                // Behind the end of its chain.
                copy["link"]["M"]["seq"]["N"] = (seq + 1_000).to_string().into();
                copy["link"]["M"]["hash"]["S"] = hash(&copy).into();
            }
            _ => drop(copy.as_object_mut().unwrap().remove("link")),
        }
        put(&world, &copy);
        let found = findings(&world).await;
        let found: Vec<_> = found.into_iter().map(|found| found.place).collect();
        assert_eq!(found, [place(&copy)], "{copy}");
        remove(&world, &copy);
    }
    assert_whole(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_one_row_that_is_put_elsewhere_is_found_and_named() {
    let (world, rows) = half_signed().await;
    for (n, row) in steps(rows.iter().enumerate()) {
        let pk = row["PK"]["S"].as_str().unwrap();
        let mut moved = row.clone();
        match n % 3 {
            0 => moved["PK"]["S"] = pk.replace("2026-11", "2026-10").into(),
            1 if pk.contains("#main#") => moved["PK"]["S"] = pk.replace("#main#", "#acme#").into(),
            _ => moved["SK"]["S"] = another_id(row["SK"]["S"].as_str().unwrap()).into(),
        }
        remove(&world, row);
        put(&world, &moved);
        let found = first(&world).await;
        assert_eq!(
            (&found.place, found.fault),
            (&place(&moved), Fault::Elsewhere),
            "{moved}"
        );
        remove(&world, &moved);
        put(&world, row);
    }
    assert_whole(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rows_of_a_chain_that_change_places_are_found() {
    let (world, rows) = half_signed().await;
    for row in steps(&rows) {
        let next: u64 = row["link"]["M"]["seq"]["N"].as_str().unwrap().parse().unwrap();
        let follows = |other: &&Value| {
            let (link, own) = (&other["link"]["M"], &row["link"]["M"]);
            let is_next = link["seq"]["N"] == (next + 1).to_string().as_str();
            is_next && link["chain"] == own["chain"] && other["tenant"] == row["tenant"]
        };
        let Some(other) = rows.iter().find(follows) else {
            continue;
        };
        let (mut one, mut two) = (row.clone(), other.clone());
        std::mem::swap(&mut one["link"], &mut two["link"]);
        put(&world, &one);
        put(&world, &two);
        let found = findings(&world).await;
        let found: Vec<_> = found.into_iter().map(|found| found.place).collect();
        assert!(
            found.contains(&place(&one)) && found.contains(&place(&two)),
            "{found:?}"
        );
        put(&world, row);
        put(&world, other);
    }
    assert_whole(&world).await;
}
