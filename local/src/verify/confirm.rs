//! Whether what a pass suspected is so: read again, strongly consistent, between two readings of the account that show
//! it unchanged. What is written beside the transaction of an account (search entries, domains) has a moment to come.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use usher::domain::role::Role;
use usher::domain::tenant::TenantId;
use usher::domain::text::FORM;
use usher::domain::user::{Status, User};
use usher::id::UserId;
use usher::store::dynamo::Table;
use usher::store::table::{Changes, Cond, Item, Key, Lost, Write, from_item, string, text};
use usher::store::{keys, sessions, users};

use super::account::{Wanted, implied, kinds_at, owner};
use super::finding::{Finding, Kind, Repair};
use super::listed;
use crate::error::Result;

/// How often a suspicion is looked at, and the pause between.
const LOOKS: usize = 4;
pub const PAUSE: Duration = Duration::from_millis(250);
/// How often an account may change under one look before the next begins.
const MOVES: usize = 20;

/// What was read of one account at one moment.
struct Seen {
    user: Option<(User, Item)>,
    wanted: BTreeMap<Key, Wanted>,
    items: HashMap<Key, Item>,
    roles: HashMap<Key, Role>,
}

/// What is wrong with an account, of which there were items at these places.
pub async fn account(table: &Table, t: &TenantId, id: UserId, places: &BTreeSet<Key>) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        found = match seen(table, t, id, places).await? {
            Some(seen) => differences(table, t, id, &seen).await?,
            // It changes all the time: whoever changes it finds what is wrong with it.
            None => Vec::new(),
        };
        if found.is_empty() {
            return Ok(found);
        }
    }
    Ok(found)
}

async fn seen(table: &Table, t: &TenantId, id: UserId, places: &BTreeSet<Key>) -> Result<Option<Seen>> {
    for _ in 0..MOVES {
        let before = read(table, t, id).await?;
        let wanted = before.as_ref().map(|(user, _)| implied(user)).unwrap_or_default();
        let is_former = before.as_ref().is_some_and(|(user, _)| user.form != FORM);
        let places = if is_former { BTreeSet::new() } else { places.clone() };
        let all: Vec<Key> = wanted
            .keys()
            .cloned()
            .chain(places)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let items = table.batch_get(&all).await?;
        let granted = before.iter().flat_map(|(user, _)| &user.grants);
        let granted: BTreeSet<Key> = granted.map(|grant| keys::role(t, grant.role)).collect();
        let roles = table.batch_get(&granted.into_iter().collect::<Vec<_>>()).await?;
        if read(table, t, id).await? == before {
            let roles = roles
                .into_iter()
                .filter_map(|item| Some((Key::of(&item)?, from_item(item).ok()?)));
            return Ok(Some(Seen {
                user: before,
                wanted,
                items: items
                    .into_iter()
                    .filter_map(|item| Some((Key::of(&item)?, item)))
                    .collect(),
                roles: roles.collect(),
            }));
        }
    }
    Ok(None)
}

async fn read(table: &Table, t: &TenantId, id: UserId) -> Result<Option<(User, Item)>> {
    let Some(item) = table.get(&keys::user(t, id)).await? else {
        return Ok(None);
    };
    Ok(Some((from_item(item.clone())?, item)))
}

/// Holds a repair to the account as it was read.
fn as_read(t: &TenantId, id: UserId, seen: Option<&User>) -> Write {
    match seen {
        Some(user) => users::unchanged(user),
        None => Write::check(keys::user(t, id)).when(Cond::absent(), Lost::Changed),
    }
}

async fn differences(table: &Table, t: &TenantId, id: UserId, seen: &Seen) -> Result<Vec<Finding>> {
    let user = seen.user.as_ref().map(|(user, _)| user);
    let held = as_read(t, id, user);
    let mut found = Vec::new();
    for (user, (key, wanted)) in user
        .into_iter()
        .flat_map(|user| seen.wanted.iter().map(move |one| (user, one)))
    {
        match seen.items.get(key) {
            Some(item) if wanted.is(item) => {}
            is => found.push(missing(table, user, key, wanted, is).await?),
        }
    }
    for (key, item) in seen.items.iter().filter(|(key, _)| !seen.wanted.contains_key(*key)) {
        found.extend(left_over(id, user, key, item, &held));
    }
    if let Some((user, item)) = &seen.user {
        found.extend(misplaced(user, item));
        found.extend(grants(user, seen));
    }
    Ok(found)
}

/// An item that is not there, or is another.
async fn missing(table: &Table, user: &User, key: &Key, wanted: &Wanted, is: Option<&Item>) -> Result<Finding> {
    let mut item = key.attributes();
    item.extend(
        wanted
            .attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), text(value))),
    );
    let held = users::unchanged(user);
    let put = |when| Repair::Writes {
        text: "put it".to_owned(),
        writes: vec![held.clone(), Write::put(item.clone()).when(when, Lost::Changed)],
    };
    let holder = is.and_then(|item| string(item, "user"));
    let (kind, repair) = match (is, holder) {
        (None, _) => (wanted.kind.0, put(Cond::absent())),
        (Some(_), None) => (wanted.kind.0, put(Cond::Absent("user"))),
        (Some(_), Some(holder)) if holder == user.id.to_string() => {
            (Kind::ClaimNotListed, put(Cond::Eq("user", text(holder))))
        }
        (Some(_), Some(holder)) if has_it(table, &user.tenant, holder, key).await? => {
            let why = "which account keeps it, somebody has to decide: give one of them another name";
            (Kind::SharedName, Repair::None(why))
        }
        // The other one's claim is left over, and deleted first.
        (Some(_), Some(_)) => (
            wanted.kind.0,
            Repair::None("it is put once the claim that is left over is deleted"),
        ),
    };
    Ok(Finding {
        kind,
        key: key.clone(),
        is: is.map_or_else(|| "nothing".to_owned(), shown),
        should_be: format!("of account {}", user.id),
        repair,
    })
}

/// Whether the account of this id has the name that is claimed here, too.
async fn has_it(table: &Table, t: &TenantId, id: &str, key: &Key) -> Result<bool> {
    let Ok(id) = id.parse::<UserId>() else { return Ok(false) };
    let other = read(table, t, id).await?;
    Ok(other.is_some_and(|(other, _)| implied(&other).contains_key(key)))
}

/// Of an item whose key is a session's, whether it is one that an account has: not a row of a history, nor of a development
/// principal, which is no account.
pub fn is_session_of_account(item: &Item) -> bool {
    !item.contains_key("kind") && !item.contains_key("devPrincipal")
}

/// An item that nothing implies. Of an account that is not there, numbers and search entries may be left.
fn left_over(id: UserId, user: Option<&User>, key: &Key, item: &Item, held: &Write) -> Option<Finding> {
    let place = key.pk.split('#').nth(2);
    if key.sk.starts_with(keys::SESSION) {
        return match user {
            None if is_session_of_account(item) => session(key, item, held),
            _ => None,
        };
    }
    if user.is_none() && matches!(place, Some("NUMBER" | "FIND")) {
        return None;
    }
    let (_, of) = owner(key, item)?;
    if of != id.to_string() {
        return None;
    }
    let mine = match place {
        Some("FIND") => Cond::exists(),
        _ => Cond::Eq("user", text(of)),
    };
    let state = user.map_or("which is not there", |user| match user.status {
        Status::Deleted => "which is deleted",
        _ => "which does not imply it",
    });
    Some(Finding {
        kind: kinds_at(key).1,
        key: key.clone(),
        is: format!("of account {id}, {state}"),
        should_be: "nothing".to_owned(),
        repair: Repair::Writes {
            text: "delete it".to_owned(),
            writes: vec![held.clone(), Write::delete(key.clone()).when(mine, Lost::Changed)],
        },
    })
}

/// A session of an account that is not there: what is left is the row of its login.
fn session(key: &Key, item: &Item, held: &Write) -> Option<Finding> {
    let session = sessions::open_in(Some(item.clone())).ok()??;
    let end = sessions::end(&session, Lost::Changed).ok()?;
    Some(Finding {
        kind: Kind::SessionOfNobody,
        key: key.clone(),
        is: "a session".to_owned(),
        should_be: "the row of its login, or nothing".to_owned(),
        repair: Repair::Writes {
            text: "end it".to_owned(),
            writes: vec![held.clone(), end],
        },
    })
}

fn misplaced(user: &User, item: &Item) -> Option<Finding> {
    let differ = listed::misplaced(user, item);
    let changes = differ
        .iter()
        .fold(Changes::new(), |changes, (name, value)| match value {
            Some(value) => changes.set(*name, text(value)),
            None => changes.remove(*name),
        });
    let key = keys::user(&user.tenant, user.id);
    let held = users::unchanged(user).when?;
    let shown = |name: &str| format!("{name} {:?}", string(item, name));
    (!differ.is_empty()).then(|| Finding {
        kind: Kind::NotListed,
        key: key.clone(),
        is: differ
            .iter()
            .map(|(name, _)| shown(name))
            .collect::<Vec<_>>()
            .join(", "),
        should_be: differ
            .iter()
            .map(|(name, value)| format!("{name} {value:?}"))
            .collect::<Vec<_>>()
            .join(", "),
        repair: Repair::Writes {
            text: "list it".to_owned(),
            writes: vec![Write::update(key, changes).when(held, Lost::Changed)],
        },
    })
}

/// A deleted account has no seat, so its roles may go, and nobody can take one from it.
fn grants(user: &User, seen: &Seen) -> Vec<Finding> {
    if user.status == Status::Deleted {
        return Vec::new();
    }
    let differs = user.grants.iter().filter_map(|grant| {
        let role = seen.roles.get(&keys::role(&user.tenant, grant.role));
        let (is, why) = match role {
            None => (
                "of a role that is not there",
                "take it: DELETE /api/users/{user}/roles/{grant}",
            ),
            Some(role) if role.administers() != grant.administers => (
                "wrong about whether its role manages users",
                "take the role from the account and give it again",
            ),
            Some(_) => return None,
        };
        Some(Finding {
            kind: Kind::WrongGrant,
            key: keys::user(&user.tenant, user.id),
            is: format!("grant {} of role {} is {is}", grant.id, grant.role),
            should_be: "as its role is".to_owned(),
            repair: Repair::None(why),
        })
    });
    differs.collect()
}

/// What an item is, in a few words.
fn shown(item: &Item) -> String {
    let names = ["user", "role", "GSI1PK", "GSI1SK"];
    let parts = names
        .iter()
        .filter_map(|name| Some(format!("{name} {}", string(item, name)?)));
    parts.collect::<Vec<_>>().join(", ")
}

/// A search entry of a domain that a pass missed: whether it is missing still.
pub async fn domains(table: &Table, missing: Vec<Key>) -> Result<Vec<Finding>> {
    let mut left = missing;
    for look in 0..LOOKS {
        if left.is_empty() {
            break;
        }
        if look > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let found: BTreeSet<Key> = table.batch_get(&left).await?.iter().filter_map(Key::of).collect();
        left.retain(|key| !found.contains(key));
    }
    let finding = |key: Key| Finding {
        kind: Kind::MissingDomainEntry,
        is: "nothing".to_owned(),
        should_be: "an entry of the domain".to_owned(),
        repair: Repair::Writes {
            text: "put it".to_owned(),
            writes: vec![Write::put(key.attributes()).when(Cond::absent(), Lost::Changed)],
        },
        key,
    };
    Ok(left.into_iter().map(finding).collect())
}

/// A row of a history that a pass found in no list, or an account that could not be read.
pub async fn other(table: &Table, key: &Key) -> Result<Option<Finding>> {
    let Some(item) = table.get(key).await? else {
        return Ok(None);
    };
    Ok(match key.sk.as_str() {
        "USER" => unreadable(key, item),
        _ => row(key, &item),
    })
}

fn unreadable(key: &Key, item: Item) -> Option<Finding> {
    let why = from_item::<User>(item).err()?;
    Some(Finding {
        kind: Kind::Unreadable,
        key: key.clone(),
        is: format!("{why:?}"),
        should_be: "an account".to_owned(),
        repair: Repair::None("what it was is in a backup: docs/restore.md"),
    })
}

fn row(key: &Key, item: &Item) -> Option<Finding> {
    let differ = listed::of_row(key, item)?;
    let changes = differ
        .iter()
        .fold(Changes::new(), |changes, (name, value)| changes.set(*name, text(value)));
    let same = item.get("at").map_or(Cond::exists(), |at| Cond::Eq("at", at.clone()));
    Some(Finding {
        kind: Kind::RowNotListed,
        key: key.clone(),
        is: differ
            .iter()
            .map(|(name, _)| format!("{name} {:?}", string(item, name)))
            .collect::<Vec<_>>()
            .join(", "),
        should_be: differ
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect::<Vec<_>>()
            .join(", "),
        repair: match key.pk.contains("#RIGHTS#") {
            true => Repair::None("it is evidence: docs/operations.md, Is the rights history as it was written?"),
            false => Repair::Writes {
                text: "list it".to_owned(),
                writes: vec![Write::update(key.clone(), changes).when(same, Lost::Changed)],
            },
        },
    })
}
