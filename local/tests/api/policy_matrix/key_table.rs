//! The table's keys: the list at the head of `store/keys.rs` is held to the functions below it, and to the items that a
//! lived-in directory has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use usher::domain::rate_limit::Limit;
use usher::domain::role::USER;
use usher::domain::tenant::TenantId;
use usher::domain::text::{Email, RoleName, Username};
use usher::domain::user::Status;
use usher::id::{RoleId, UserNumber};
use usher::store::keys;
use usher::store::table::Key;

use super::lived_in::lived_in;
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

fn sample<T: std::str::FromStr>(name: &str) -> T {
    let found = SAMPLES.iter().find(|(pattern, _)| *pattern == name).unwrap();
    found.1.parse().unwrap_or_else(|_| panic!("{name}"))
}

/// What a function makes of the samples: its name, the item whose row it is about, and each attribute with its text.
struct Made {
    function: &'static str,
    item: &'static str,
    texts: Vec<(&'static str, String)>,
}

fn key(function: &'static str, item: &'static str, key: Key) -> Made {
    let texts = vec![("PK", key.pk), ("SK", key.sk)];
    Made { function, item, texts }
}

fn partition(function: &'static str, item: &'static str, attribute: &'static str, text: String) -> Made {
    let texts = vec![(attribute, text)];
    Made { function, item, texts }
}

fn made() -> Vec<Made> {
    [
        of_accounts(),
        of_histories(),
        of_lists(),
        of_roles(),
        of_tenants(),
        of_the_stack(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn of_accounts() -> Vec<Made> {
    let (t, user) = (&TenantId::main(), sample("<user>"));
    let email = Email::parse("Jane@Example.ORG").unwrap();
    let name = Username::parse("JANE").unwrap();
    let guess = keys::unknown_login(t, "ba7816bf");
    vec![
        key("user", "user", keys::user(t, user)),
        partition("user_partition", "user", "PK", keys::user_partition(t, user)),
        partition("users_index", "user", "GSI1PK", keys::users_index(t, 3)),
        partition(
            "status_index",
            "user",
            "GSI2PK",
            keys::status_index(t, Status::Locked, 3),
        ),
        key("email", "e-mail claim", keys::email(t, &email)),
        key("username", "username claim", keys::username(t, &name)),
        key("number", "number claim", keys::number(t, UserNumber::of(user))),
        key(
            "unknown_login_entry",
            "login history of such a name",
            keys::unknown_login_entry(&guess, sample("<entry>")),
        ),
        key("unknown_login", "attempts of an unregistered name", guess),
        key(
            "past",
            "past grant",
            keys::past(t, user, crate::support::START.parse().unwrap(), sample("<grant>")),
        ),
        key("session", "session", keys::session(t, user, sample("<session>"))),
        key("service_key", "service account's key", keys::service_key(t, user, 7)),
        key(
            "first_account",
            "first accounts, made once",
            keys::first_account(t, "owner"),
        ),
        key(
            "names_form",
            "how far names were brought into their present form",
            keys::names_form(t, 2),
        ),
    ]
}

fn of_histories() -> Vec<Made> {
    let (t, user, entry) = (&TenantId::main(), sample("<user>"), sample("<entry>"));
    let (target, at): (RoleId, _) = (sample("<target>"), crate::support::START.parse().unwrap());
    let (logins, rights) = ("login history of one user", "rights history");
    let (head, signed) = ("head of a chain of the rights history", "signed heads of chains");
    vec![
        key("login", logins, keys::login(t, user, entry)),
        partition("logins_index", logins, "GSI1PK", keys::logins_index(t, at, 3)),
        key("rights", rights, keys::rights(t, at, entry)),
        partition("rights_partition", rights, "PK", keys::rights_partition(t, at, 3)),
        partition(
            "target_index",
            rights,
            "GSI1PK",
            keys::target_index(t, &target.to_string()),
        ),
        partition("actor_index", rights, "GSI2PK", keys::actor_index(t, user)),
        partition("chains_partition", head, "PK", keys::chains_partition(t, 3)),
        key("chain_head", head, keys::chain_head(t, "400-3")),
        partition("anchors_partition", signed, "PK", keys::anchors_partition(t)),
        key("anchor", signed, keys::anchor(t, 7)),
    ]
}

fn of_lists() -> Vec<Made> {
    let (t, user) = (&TenantId::main(), sample("<user>"));
    let found = keys::find(t, 3, "äne@example.org", user).unwrap();
    let left = "account that left the list";
    vec![
        partition("find_partition", "search entry", "PK", keys::find_partition(t, 3, 'ä')),
        key("find", "search entry", found),
        partition(
            "find_domain_partition",
            "search entry of a domain",
            "PK",
            keys::find_domain_partition(t, 'ä'),
        ),
        key(
            "find_domain",
            "search entry of a domain",
            keys::find_domain(t, "äne.example", "example.org").unwrap(),
        ),
        partition(
            "domain_index",
            "e-mail claim",
            "GSI1PK",
            keys::domain_index(t, 3, "example.org"),
        ),
        partition(
            "tally_partition",
            "accounts by status, one counter of several",
            "PK",
            keys::tally_partition(t, 3),
        ),
        key(
            "tally",
            "accounts by status, one counter of several",
            keys::tally(t, 3, 7),
        ),
        key("administrators", "accounts in charge", keys::administrators(t)),
        key("list_map", "map of the list of accounts", keys::list_map(t)),
        partition("left_partition", left, "PK", keys::left_partition(t)),
        key(
            "left",
            left,
            keys::left(t, crate::support::START.parse().unwrap(), user),
        ),
    ]
}

fn of_roles() -> Vec<Made> {
    let (t, user, role, grant) = (&TenantId::main(), sample("<user>"), sample("<role>"), sample("<grant>"));
    let name = RoleName::parse("Press Office").unwrap();
    let at = crate::support::START.parse().unwrap();
    let (seats, copy) = ("role's seats, one counter of several", "role, one copy of several");
    let all = keys::role_copies(t, role).nth(7).unwrap();
    vec![
        partition("roles_partition", "role", "PK", keys::roles_partition(t)),
        key("role", "role", keys::role(t, role)),
        key("role_copy", copy, keys::role_copy(t, role, 7)),
        key("role_copies", copy, all),
        key("role_name", "role name claim", keys::role_name(t, &name)),
        partition(
            "members_partition",
            "role's member",
            "PK",
            keys::members_partition(t, role, 3),
        ),
        key("seats", seats, keys::seats(t, role, 7)),
        partition("seats_partition", seats, "PK", keys::seats_partition(t, 1)),
        key("member", "role's member", keys::member(t, role, 3, user, grant)),
        key(
            "ends",
            "the end of a member's last grant",
            keys::ends(t, role, 3, at, user),
        ),
        key("gone_role", "role that was deleted", keys::gone_role(t, role)),
    ]
}

fn of_tenants() -> Vec<Made> {
    let (t, mail): (_, usher::id::MailId) = (&TenantId::main(), sample("<mail>"));
    let at = crate::support::START.parse().unwrap();
    let (api_key, to_send) = ("API key", "mail to send");
    vec![
        key("ends_listed", "the ends of all grants are listed", keys::ends_listed(t)),
        key("tenant_settings", "settings", keys::tenant_settings(t)),
        key(
            "rate_limit",
            "counter of a rate limit",
            keys::rate_limit(t, Limit::LoginByAddress, "ba7816bf"),
        ),
        key("api_key", api_key, keys::api_key(t, "ba7816bf")),
        key(
            "first_api_key",
            "first API key, made once",
            keys::first_api_key(t, "ba7816bf"),
        ),
        partition("api_keys_index", api_key, "GSI1PK", keys::api_keys_index(t)),
        key(
            "idempotency",
            "request with an Idempotency-Key",
            keys::idempotency(t, "ba7816bf"),
        ),
        key("tenant", "tenant", keys::tenant(t)),
        key("one_time", "one-time token", keys::one_time("ba7816bf")),
        key("mail", to_send, keys::mail(mail)),
        partition("mails_index", to_send, "GSI1PK", keys::mails_index("pending", 3)),
        partition("due", to_send, "GSI1SK", keys::due(at, mail)),
        key("mailed_to", "latest mails to an address", keys::mailed_to("ba7816bf")),
        key(
            "mailed_by",
            "latest mails caused by an account",
            keys::mailed_by(sample("<user>")),
        ),
    ]
}

fn of_the_stack() -> Vec<Made> {
    let marker = "the marker that a stack has a signing key";
    vec![
        key("permission", "permission", keys::permission("admin.users")),
        key(
            "catalogue_count",
            "how many permissions applications have",
            keys::catalogue_count(),
        ),
        key(
            "removals",
            "how many permissions were removed, one copy of several",
            keys::removals(7),
        ),
        partition(
            "permission_partition",
            "a role that has a permission",
            "PK",
            keys::permission_partition("press.write"),
        ),
        key(
            "permission_holder",
            "a role that has a permission",
            keys::permission_holder("press.write", &TenantId::main(), sample("<role>")),
        ),
        key("signing_key", "signing key", keys::signing_key("a_kid")),
        key(
            "retired_key",
            "public half of a key that no longer signs",
            keys::retired_key("a_kid"),
        ),
        key("first_signing_key", marker, keys::first_signing_key()),
        key("ready", "that set-up was run, one copy of several", keys::ready(7)),
        key("health", "a check that writes succeed, one of 256", keys::health(7)),
    ]
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
