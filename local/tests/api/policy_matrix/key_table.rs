//! The table's keys: the list at the head of `store/keys.rs` is held to the functions below it, and to the items that a
//! lived-in directory has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use usher::domain::role::USER;
use usher::domain::tenant::TenantId;
use usher::store::keys;

use super::lived_in::lived_in;
use super::made::{Made, made};
use super::samples::{SAMPLES, fits};
use crate::guard_walk::golden;

const SOURCE: &str = include_str!("../../../../shared/src/store/keys.rs");

/// A row of the list: the patterns of PK, SK, GSI1PK, GSI1SK, GSI2PK and GSI2SK, by attribute.
struct Row {
    item: String,
    keys: BTreeMap<&'static str, String>,
}

/// The list, as the doc comment has it.
fn documented() -> Vec<Row> {
    let lines = SOURCE.lines().filter_map(|line| line.strip_prefix("//! | "));
    let rows = lines.filter(|line| !line.starts_with("item |") && !line.starts_with("---"));
    rows.map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let code = |cell: &str| cell.trim_matches('`').to_owned();
        let mut keys = BTreeMap::from([("PK", code(cells[1])), ("SK", code(cells[2]))]);
        for index in cells[3].split(", ").filter(|index| !index.is_empty()) {
            let (name, pair) = index.split_once(' ').unwrap();
            let (pk, sk) = pair.split_once(" / ").unwrap();
            let names = if name == "GSI1" {
                ["GSI1PK", "GSI1SK"]
            } else {
                ["GSI2PK", "GSI2SK"]
            };
            keys.extend([(names[0], code(pk)), (names[1], code(sk))]);
        }
        Row {
            item: cells[0].to_owned(),
            keys,
        }
    })
    .collect()
}

/// A pattern of the list with the samples in it.
fn filled(item: &str, pattern: &str) -> String {
    let canonical = match item {
        "e-mail claim" => "jane@example.org",
        "role name claim" => "press office",
        _ => "jane",
    };
    let text = pattern.replace("<canonical>", canonical);
    SAMPLES
        .iter()
        .fold(text, |text, (pattern, sample)| text.replace(pattern, sample))
}

#[test]
fn the_list_at_the_head_of_the_keys_is_what_the_functions_below_make() {
    let rows = documented();
    let mut of_items = BTreeSet::new();
    for Made { function, item, texts } in made() {
        let row = rows.iter().find(|row| row.item == item);
        let row = row.unwrap_or_else(|| panic!("no row `{item}`"));
        for (attribute, text) in &texts {
            assert_eq!(
                &filled(item, &row.keys[attribute]),
                text,
                "{function}: {attribute} of {item}"
            );
        }
        if texts.len() == 2 {
            of_items.insert(item);
        }
    }
    let listed: BTreeSet<&str> = rows.iter().map(|row| row.item.as_str()).collect();
    assert_eq!(of_items, listed, "each row has the function of its key");
}

#[test]
fn every_function_of_the_keys_is_in_the_golden_file() {
    let public: BTreeSet<&str> = SOURCE
        .lines()
        .filter_map(|line| line.strip_prefix("pub fn "))
        .map(|rest| rest.split('(').next().unwrap())
        // Where a role's counters begin, and whose partition one is, which are no keys; and claims of names that were others in an earlier form.
        .filter(|name| !["seats_of", "rights_shard"].contains(name) && !name.starts_with("former_"))
        .collect();
    let made = made();
    let called: BTreeSet<&str> = made.iter().map(|made| made.function).collect();
    assert_eq!(called, public);
    let line = |made: &Made| {
        let texts: Vec<&str> = made.texts.iter().map(|(_, text)| text.as_str()).collect();
        format!("{:18} {}", made.function, texts.join(" / "))
    };
    let lines: Vec<String> = made.iter().map(line).collect();
    golden("keys", &lines.join("\n"));
}

#[tokio::test]
async fn every_item_of_a_directory_is_in_the_list_and_every_row_of_the_list_has_an_item() {
    let world = lived_in().await;
    assert_eq!(world.nobody().get("/health").await.status, 200);
    let rows = documented();
    let mut seen = BTreeSet::new();
    for item in world.items() {
        let attribute = |name: &str| item[name]["S"].as_str().map(str::to_owned);
        let of = |row: &&Row| {
            ["PK", "SK"]
                .iter()
                .all(|name| fits(&row.keys[name], &attribute(name).unwrap()))
        };
        let found: Vec<&Row> = rows.iter().filter(of).collect();
        let [row] = found[..] else {
            panic!("{} / {}", item["PK"], item["SK"])
        };
        for name in ["GSI1PK", "GSI1SK", "GSI2PK", "GSI2SK"] {
            let right = match (row.keys.get(name), attribute(name)) {
                (Some(pattern), Some(text)) => fits(pattern, &text),
                // What set-up does, nobody does: there is no actor to index it by. A mail that is not to be sent any more
                // has left its index.
                (Some(_), None) => match row.item.as_str() {
                    "rights history" => name.starts_with("GSI2"),
                    _ => row.item == "mail to send" && item["state"]["S"] == "dropped",
                },
                (None, found) => found.is_none(),
            };
            assert!(right, "{name} of {}: {item}", row.item);
        }
        seen.insert(row.item.as_str());
    }
    let listed: BTreeSet<&str> = rows.iter().map(|row| row.item.as_str()).collect();
    assert_eq!(seen, listed);
}

#[test]
fn the_base_role_has_the_same_key_in_every_tenant() {
    let key = keys::role(&TenantId::main(), USER.id);
    let item: Value = json!({ "PK": key.pk, "SK": key.sk });
    assert_eq!(item, json!({ "PK": "T#main#ROLES", "SK": format!("ROLE#{}", USER.id) }));
}
