//! What a request did to the table, written so that two runs of the same request can be compared.

use std::collections::BTreeMap;

use dynoxide::types::{AttributeValue, Item};

use crate::support::World;

/// The items of a table by their keys, without the counts of attempts to log in.
pub type Dump = BTreeMap<(String, String), Item>;

/// Items by kind that came, went and changed, and how much numbers grew.
pub type Diff = BTreeMap<String, i64>;

/// The items as they are now.
pub fn dump(world: &World) -> Dump {
    dump_of(world.scan())
}

/// The same of these.
pub fn dump_of(items: Vec<Item>) -> Dump {
    let place = |item: &Item, name: &str| match &item[name] {
        AttributeValue::S(text) => text.clone(),
        other => panic!("{name} is no string: {other:?}"),
    };
    let strip = |mut item: Item| {
        // Of the names of accounts and of unknown logins alike.
        let counts = ["ailedLoginCount", "ttemptedAt", "ockouts", "ockoutUntil"];
        item.retain(|name, _| !counts.iter().any(|count| name.ends_with(count)));
        item
    };
    items
        .into_iter()
        .map(|item| ((place(&item, "PK"), place(&item, "SK")), strip(item)))
        .collect()
}

/// What became of the items. Which of several counters grew is chance.
pub fn between(before: &Dump, after: &Dump) -> Diff {
    let mut diff = Diff::new();
    let mut note = |what: String, by: i64| *diff.entry(what).or_insert(0) += by;
    for (key, item) in after {
        match before.get(key) {
            None => note(format!("{} came", kind(key)), 1),
            // Its numbers are what they were.
            Some(was) if was == item => continue,
            Some(_) => note(format!("{} changed", kind(key)), 1),
        }
        numbers(item).for_each(|(name, n)| note(name, n));
    }
    for (key, item) in before {
        match after.get(key) {
            None => note(format!("{} went", kind(key)), 1),
            Some(is) if is == item => continue,
            Some(_) => {}
        }
        numbers(item).for_each(|(name, n)| note(name, -n));
    }
    diff.retain(|what, by| *by != 0 && !is_chance(what));
    diff
}

/// Whether which of these items grew is chance; as is which chain a row of the rights history is linked into, and whether a
/// counter of seats was there before.
pub fn is_chance(kind: &str) -> bool {
    ["TALLY/TALLY", "CHAINS/HEAD", "SEATS/"]
        .iter()
        .any(|one| kind.starts_with(one))
}

/// `T#main#USER#…` / `SESSION#…` is `USER/SESSION`, and `MAIL#…` / `MAIL` is `MAIL/MAIL`.
pub fn kind((pk, sk): &(String, String)) -> String {
    let of_tenant = pk.strip_prefix("T#").and_then(|rest| rest.split('#').nth(1));
    let pk = of_tenant.or_else(|| pk.split('#').next()).unwrap();
    match pk {
        // Their sort keys are texts, and times.
        "FIND" | "RIGHTS" | "LEFT" => pk.to_owned(),
        _ => format!("{pk}/{}", sk.split('#').next().unwrap()),
    }
}

fn numbers(item: &Item) -> impl Iterator<Item = (String, i64)> {
    const NAMES: [&str; 8] = [
        "taken", "share", "count", "active", "inactive", "locked", "banned", "version",
    ];
    NAMES.into_iter().filter_map(|name| match item.get(name)? {
        AttributeValue::N(number) => Some((name.to_owned(), number.parse().ok()?)),
        _ => None,
    })
}
