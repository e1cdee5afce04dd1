//! The reconciler: works out from the accounts and roles alone what every other item must be, and compares. It shares
//! no code with `store::users`, which keeps them in step, so that a mistake there is not made here as well. (The model of
//! `bench` has this file too.)

use std::collections::{BTreeMap, BTreeSet};

use icu_normalizer::ComposingNormalizerBorrowed;
use serde_json::{Map, Value};
use usher::domain::role::USER;
use usher::domain::text::{Email, RoleName, Username};

mod chains;
mod domains;
mod ends;
mod grants;
mod numbers;
mod seats;

/// Every difference between what the accounts and roles imply and what the table has, a line each: of every tenant that
/// has anything in the table.
pub fn differences(items: &[Value]) -> Vec<String> {
    let items: Vec<Map<String, Value>> = items.iter().map(plain_item).collect();
    let tenant_of = |item| Some(text(item, "PK").strip_prefix("T#")?.split_once('#')?.0);
    let tenants: BTreeSet<&str> = items.iter().filter_map(tenant_of).collect();
    let of = |tenant: &str| {
        let found = of_tenant(tenant, &items).into_iter();
        found.map(|line| format!("{tenant}: {line}")).collect::<Vec<_>>()
    };
    tenants.into_iter().flat_map(of).collect()
}

fn of_tenant(tenant: &str, items: &[Map<String, Value>]) -> Vec<String> {
    let mut table = Table::of(tenant, items);
    let mut found = Vec::new();
    compare("claim", &implied_claims(&table), &table.claims, &mut found);
    numbers::check(&table, &mut found);
    compare("member", &implied_members(&table), &table.members, &mut found);
    compare("end", &ends::implied(&table), &table.ends, &mut found);
    // Entries of an account that was not made after all find nothing.
    table.entries.retain(|_, user| table.users.contains_key(user.as_str()));
    compare("search entry", &implied_entries(&table), &table.entries, &mut found);
    domains::check(&table, &mut found);
    compare("seats taken", &implied_seats(&table), &table.taken, &mut found);
    compare("tally", &implied_tally(&table), &table.tally, &mut found);
    // Nothing is counted before the first one: an owner who was invited is not in charge.
    let implied = match (in_charge(&table), table.administrators.is_empty()) {
        (0, true) => BTreeMap::new(),
        (count, _) => BTreeMap::from([("count".to_owned(), count.to_string())]),
    };
    compare("administrators", &implied, &table.administrators, &mut found);
    seats::shares(&table, &mut found);
    seats::copies(&table, &mut found);
    ends::marks(&table, &mut found);
    grants::check(&table, &mut found);
    chains::check(tenant, items, &mut found);
    found
}

/// A counter of a role's seats: its number, its share, how many of its seats are taken.
type Share = (u16, Option<i64>, i64);

/// What the table has, by kind.
#[derive(Default)]
struct Table<'a> {
    tenant: &'a str,
    live: Vec<&'a Map<String, Value>>,
    deleted: u32,
    /// All accounts, deleted ones too, by id.
    users: BTreeMap<&'a str, &'a Map<String, Value>>,
    /// Number → whose it is, or was.
    numbers: BTreeMap<&'a str, &'a str>,
    roles: BTreeMap<&'a str, &'a Map<String, Value>>,
    claims: BTreeMap<String, String>,
    members: BTreeMap<String, String>,
    /// `<role> <partition> <end>#<account>` → the account.
    ends: BTreeMap<String, String>,
    /// Each → whose it is.
    entries: BTreeMap<String, String>,
    /// Search entries of domains.
    domains: BTreeSet<String>,
    /// Address → where its account is listed among those at its domain.
    at_domains: BTreeMap<&'a str, String>,
    /// `<role> <counter>` → seats taken.
    taken: BTreeMap<String, String>,
    /// `<role>` → its counters: number, share, seats taken.
    shares: BTreeMap<&'a str, Vec<Share>>,
    /// `<role>` → what every request reads of it.
    copies: BTreeMap<&'a str, Vec<&'a Map<String, Value>>>,
    /// `<role> <counter>` of those that are marked.
    marked: BTreeSet<String>,
    tally: BTreeMap<String, String>,
    administrators: BTreeMap<String, String>,
}

impl<'a> Table<'a> {
    fn of(tenant: &'a str, items: &'a [Map<String, Value>]) -> Self {
        let mut table = Self {
            tenant,
            ..Self::default()
        };
        let mut tally: BTreeMap<String, i64> = BTreeMap::new();
        for item in items {
            let (pk, sk) = (text(item, "PK"), text(item, "SK"));
            let kind: Vec<&str> = pk.split('#').collect();
            let ["T", of, kind @ ..] = kind.as_slice() else {
                continue;
            };
            if *of != tenant {
                continue;
            }
            if let (["USER", id], "USER") = (kind, sk) {
                table.users.insert(id, item);
            }
            match (kind, sk) {
                (["NUMBER", number], "CLAIM") => drop(table.numbers.insert(number, text(item, "user"))),
                (["USER", _], "USER") if text(item, "status") != "deleted" => table.live.push(item),
                (["USER", _], "USER") => table.deleted += 1,
                (["ROLES"], _) => drop(table.roles.insert(text(item, "id"), item)),
                (["EMAIL" | "NAME", ..], "CLAIM") => {
                    drop(table.claims.insert(pk.to_owned(), text(item, "user").to_owned()));
                    if let ["EMAIL", email] = kind {
                        table.at_domains.insert(email, domains::listed(item));
                    }
                }
                (["ROLENAME", ..], "CLAIM") => {
                    drop(table.claims.insert(pk.to_owned(), text(item, "role").to_owned()));
                }
                (["FIND", first], _) if first.len() > 1 && first.starts_with('@') => {
                    table.domains.insert(format!("{pk}|{sk}"));
                }
                (["FIND", ..], _) => {
                    let user = sk.rsplit(' ').next().unwrap_or_default();
                    drop(table.entries.insert(format!("{pk}|{sk}"), user.to_owned()));
                }
                (["TALLY", _], "ADMINISTRATORS") => {
                    drop(
                        table
                            .administrators
                            .insert("count".to_owned(), item["count"].to_string()),
                    );
                }
                (["TALLY", _], "MAP") => {}
                (["TALLY", _], _) => {
                    for (status, count) in item.iter().filter(|(name, _)| !["PK", "SK"].contains(&name.as_str())) {
                        *tally.entry(status.clone()).or_default() += count.as_i64().unwrap();
                    }
                }
                (["ROLE", role, partition], sk) if sk.starts_with("MEMBER#") => {
                    let place = format!("{role} {partition} {}", sk.trim_start_matches("MEMBER#"));
                    drop(table.members.insert(place, text(item, "user").to_owned()));
                }
                (["ROLE", role, partition], sk) if sk.starts_with("ENDS#") => {
                    let place = format!("{role} {partition} {}", sk.trim_start_matches("ENDS#"));
                    drop(table.ends.insert(place, text(item, "user").to_owned()));
                }
                (["ROLECOPY", role, _], "COPY") => table.copies.entry(role).or_default().push(item),
                (["SEATS", _], sk) => table.seats(sk, item),
                _ => {}
            }
        }
        let counted = tally.into_iter().filter(|(_, count)| *count != 0);
        table.tally = counted.map(|(status, count)| (status, count.to_string())).collect();
        table
    }

    fn seats(&mut self, sk: &'a str, item: &Map<String, Value>) {
        let (role, counter) = sk.split_once('#').unwrap();
        let counter: u16 = counter.parse().unwrap();
        let taken = item["taken"].as_i64().unwrap();
        if taken != 0 {
            self.taken.insert(format!("{role} {counter}"), taken.to_string());
        }
        if item.contains_key("ends") {
            self.marked.insert(format!("{role} {counter}"));
        }
        // What is left of the counters of a role that is gone goes by itself.
        if !item.contains_key("ttl") {
            let share = item.get("share").and_then(Value::as_i64);
            self.shares.entry(role).or_default().push((counter, share, taken));
        }
    }
}

fn implied_claims(table: &Table) -> BTreeMap<String, String> {
    let of_users = table.live.iter().flat_map(|user| {
        let id = text(user, "id");
        let email = user.get("email").and_then(Value::as_str).map(|email| {
            let email = Email::parse(email).unwrap();
            (format!("T#{}#EMAIL#{}", table.tenant, email.canonical()), id.to_owned())
        });
        let name = user.get("username").and_then(Value::as_str).map(|name| {
            let name = Username::parse(name).unwrap();
            (format!("T#{}#NAME#{}", table.tenant, name.canonical()), id.to_owned())
        });
        email.into_iter().chain(name)
    });
    let of_roles = table.roles.iter().map(|(id, role)| {
        let name = RoleName::parse(text(role, "name")).unwrap();
        (
            format!("T#{}#ROLENAME#{}", table.tenant, name.canonical()),
            (*id).to_owned(),
        )
    });
    of_users.chain(of_roles).collect()
}

fn implied_members(table: &Table) -> BTreeMap<String, String> {
    let of = |user: &&Map<String, Value>| {
        let id = text(user, "id").to_owned();
        let member = move |grant: &Value| {
            let place = format!(
                "{} {} {id}#{}",
                grant["role"].as_str().unwrap(),
                grants::partition(grant),
                grant["id"].as_str().unwrap()
            );
            (place, id.clone())
        };
        // Whoever is there has the role that everybody has.
        let grants = list(user, "grants")
            .iter()
            .filter(|grant| grant["role"] != USER.id.to_string());
        grants.map(member).collect::<Vec<_>>()
    };
    table.live.iter().flat_map(of).collect()
}

fn implied_seats(table: &Table) -> BTreeMap<String, String> {
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for user in &table.live {
        let seats: BTreeSet<String> = list(user, "grants")
            .iter()
            .map(|grant| format!("{} {}", grant["role"].as_str().unwrap(), grant["seat"]))
            .collect();
        for seat in seats {
            *taken.entry(seat).or_default() += 1;
        }
    }
    taken.into_iter().map(|(seat, n)| (seat, n.to_string())).collect()
}

fn implied_entries(table: &Table) -> BTreeMap<String, String> {
    let mut entries = BTreeMap::new();
    for user in &table.live {
        let shard = domains::shard(user);
        let email = user.get("email").and_then(Value::as_str);
        let name = user.get("username").and_then(Value::as_str);
        let canonical_email = email.map(|email| Email::parse(email).unwrap().canonical().to_owned());
        let canonical_name = name.map(|name| Username::parse(name).unwrap().canonical().to_owned());
        let as_given = email.into_iter().chain(name).map(folded);
        for text_of in as_given.chain(canonical_email).chain(canonical_name) {
            let domain = text_of.rfind('@').unwrap_or(text_of.len());
            for (at, first) in text_of[..domain].char_indices() {
                let entry = format!(
                    "T#{}#FIND#{shard}#{first}|{} {}",
                    table.tenant,
                    &text_of[at..],
                    text(user, "id")
                );
                entries.insert(entry, text(user, "id").to_owned());
            }
        }
    }
    entries
}

/// As search folds, as far as these tests' names go: lower case, one sigma, an iota beside its letter, composed.
fn folded(text: &str) -> String {
    let folded = text
        .to_lowercase()
        .replace('\u{3c2}', "\u{3c3}")
        .replace('\u{1fb3}', "\u{3b1}\u{3b9}");
    ComposingNormalizerBorrowed::new_nfc().normalize(&folded).into_owned()
}

fn implied_tally(table: &Table) -> BTreeMap<String, String> {
    let mut tally: BTreeMap<String, u32> = BTreeMap::new();
    for user in &table.live {
        let until = ["emailLockoutUntil", "usernameLockoutUntil"];
        let locked = text(user, "status") == "active" && until.iter().any(|name| user.contains_key(*name));
        let status = if locked { "locked" } else { text(user, "status") };
        *tally.entry(status.to_owned()).or_default() += 1;
    }
    if table.deleted > 0 {
        tally.insert("deleted".to_owned(), table.deleted);
    }
    tally.into_iter().map(|(status, n)| (status, n.to_string())).collect()
}

/// Active accounts with a grant of a role that holds `admin.users`: for no department, begun, without an end.
fn in_charge(table: &Table) -> usize {
    let keeps = |grant: &Value| {
        let begun = grant["effectiveFrom"]
            .as_i64()
            .is_none_or(|from| from <= grant["grantedAt"].as_i64().unwrap());
        administers(table, grant) && grant["department"].is_null() && grant["effectiveTo"].is_null() && begun
    };
    let can_sign_in = |user: &Map<String, Value>| {
        let lasts = user.get("mustChangePassword") != Some(&Value::Bool(true))
            || user.get("emailVerified") == Some(&Value::Bool(true));
        user.get("password").is_some_and(Value::is_string) && lasts
    };
    let is = |user: &&&Map<String, Value>| {
        let stays = text(user, "status") == "active" && user.get("leaving") != Some(&Value::Bool(true));
        stays && can_sign_in(user) && list(user, "grants").iter().any(keeps)
    };
    table.live.iter().filter(is).count()
}

fn administers(table: &Table, grant: &Value) -> bool {
    let role = table.roles.get(grant["role"].as_str().unwrap());
    role.is_some_and(|role| list(role, "permissions").iter().any(|name| name == "admin.users"))
}

fn compare(
    what: &str,
    implied: &BTreeMap<String, String>,
    present: &BTreeMap<String, String>,
    found: &mut Vec<String>,
) {
    let places: BTreeSet<&String> = implied.keys().chain(present.keys()).collect();
    for place in places {
        let (should, does) = (implied.get(place), present.get(place));
        if should != does {
            found.push(format!("{what} {place}: should be {should:?}, is {does:?}"));
        }
    }
}

fn text<'a>(item: &'a Map<String, Value>, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(item: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    item.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// An item of DynamoDB JSON as ordinary JSON.
pub fn plain_item(item: &Value) -> Map<String, Value> {
    let object = item.as_object().unwrap();
    object
        .iter()
        .map(|(name, value)| (name.clone(), plain(value)))
        .collect()
}

fn plain(value: &Value) -> Value {
    let (kind, inner) = value.as_object().and_then(|typed| typed.iter().next()).unwrap();
    match kind.as_str() {
        "N" => serde_json::from_str(inner.as_str().unwrap()).unwrap(),
        "NULL" => Value::Null,
        "M" => Value::Object(plain_item(inner)),
        "L" => inner.as_array().unwrap().iter().map(plain).collect(),
        _ => inner.clone(),
    }
}
