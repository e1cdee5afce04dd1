//! Roles: the claims of their names, the copies that requests read, the shares of their limits.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use usher::domain::role::{FEW_COUNTERS, Role};
use usher::domain::tenant::TenantId;
use usher::id::RoleId;
use usher::store::dynamo::{Query, Table};
use usher::store::table::{Cond, Item, Key, Lost, Write, from_item, number, string, text};
use usher::store::{keys, roles, seats};

use super::confirm::PAUSE;
use super::finding::{Finding, Kind, Repair};
use crate::error::Result;

/// How often a role is looked at, which may change meanwhile.
const LOOKS: usize = 6;

/// The roles of a tenant, as they are kept.
pub async fn all(table: &Table, t: &TenantId) -> Result<Vec<(Role, Item)>> {
    let query = Query {
        pk: keys::roles_partition(t),
        prefix: Some(keys::ROLE.to_owned()),
        ..Query::default()
    };
    let items = table.query(&query).await?.items.into_iter();
    let roles = items.map(|item| Ok((from_item(item.clone())?, item)));
    roles.collect::<Result<_>>()
}

/// Whether each role lets its holders manage users.
pub async fn known(table: &Table, tenants: &[TenantId]) -> Result<HashMap<(String, RoleId), bool>> {
    let mut known = HashMap::new();
    for t in tenants {
        let roles = all(table, t).await?.into_iter();
        known.extend(roles.map(|(role, _)| ((t.to_string(), role.id), role.administers())));
    }
    Ok(known)
}

/// What is wrong with the roles of a tenant.
pub async fn check(table: &Table, t: &TenantId) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for (role, _) in all(table, t).await? {
        found.extend(settled(table, t, role.id).await?);
    }
    Ok(found)
}

/// The differences of a role that two looks in a row find.
async fn settled(table: &Table, t: &TenantId, id: RoleId) -> Result<Vec<Finding>> {
    let mut before: Option<Vec<Finding>> = None;
    for _ in 0..LOOKS {
        let Some(found) = look(table, t, id).await? else {
            continue;
        };
        if found.is_empty() || before.as_ref() == Some(&found) {
            return Ok(found);
        }
        before = Some(found);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(Vec::new())
}

/// The differences of a role that did not change meanwhile.
async fn look(table: &Table, t: &TenantId, id: RoleId) -> Result<Option<Vec<Finding>>> {
    let place = keys::role(t, id);
    let Some(item) = table.get(&place).await? else {
        return Ok(Some(Vec::new()));
    };
    let role: Role = from_item(item.clone())?;
    let held = Write::check(place.clone()).when(roles::as_read(&role), Lost::Changed);
    let mut found = Vec::new();
    found.extend(claim(table, t, &role, &held).await?);
    found.extend(copies(table, t, &role, &item, &held).await?);
    found.extend(shares(table, t, &role).await?);
    Ok((table.get(&place).await? == Some(item)).then_some(found))
}

async fn claim(table: &Table, t: &TenantId, role: &Role, held: &Write) -> Result<Option<Finding>> {
    let key = keys::role_name(t, &role.name);
    let is = table.get(&key).await?;
    let holder = is.as_ref().and_then(|item| string(item, "role"));
    if holder == Some(role.id.to_string().as_str()) || is_former(table, t, role).await? {
        return Ok(None);
    }
    let mut put = key.attributes();
    put.insert("role".to_owned(), text(role.id.to_string()));
    let repair = match holder {
        Some(_) => Repair::None("which role keeps the name, somebody has to decide: give one another"),
        None => Repair::Writes {
            text: "put it".to_owned(),
            writes: vec![held.clone(), Write::put(put).when(Cond::absent(), Lost::Changed)],
        },
    };
    Ok(Some(Finding {
        kind: if holder.is_some() {
            Kind::SharedName
        } else {
            Kind::MissingClaim
        },
        key,
        is: holder.map_or_else(|| "nothing".to_owned(), |holder| format!("of role {holder}")),
        should_be: format!("of role {}", role.id),
        repair,
    }))
}

/// Whether its name is still claimed in the first form of names.
async fn is_former(table: &Table, t: &TenantId, role: &Role) -> Result<bool> {
    match keys::former_role_name(t, &role.name) {
        None => Ok(false),
        Some(key) => {
            let claim = table.get(&key).await?;
            Ok(claim.is_some_and(|item| string(&item, "role") == Some(&role.id.to_string())))
        }
    }
}

async fn copies(table: &Table, t: &TenantId, role: &Role, item: &Item, held: &Write) -> Result<Vec<Finding>> {
    let places: Vec<Key> = keys::role_copies(t, role.id).collect();
    let found = table.batch_get(&places).await?;
    let found: BTreeMap<Key, Item> = found
        .into_iter()
        .filter_map(|item| Some((Key::of(&item)?, item)))
        .collect();
    let at = |key: &Key| {
        let mut copy = item.clone();
        copy.extend(key.attributes());
        copy
    };
    let differ = places.iter().filter(|key| found.get(*key) != Some(&at(key)));
    let finding = |key: &Key| Finding {
        kind: Kind::WrongCopy,
        key: key.clone(),
        is: found.get(key).map_or("nothing", |_| "another").to_owned(),
        should_be: format!("role {} as it is", role.id),
        repair: Repair::Writes {
            text: "copy the role".to_owned(),
            writes: vec![held.clone(), Write::put(at(key))],
        },
    };
    Ok(differ.map(finding).collect())
}

/// A limit is shared by the few counters, beside what is still taken on the others.
async fn shares(table: &Table, t: &TenantId, role: &Role) -> Result<Option<Finding>> {
    let counters = seats::read(table, role).await?;
    let (few, many): (Vec<&seats::Counter>, Vec<&seats::Counter>) =
        counters.iter().partition(|counter| counter.number < FEW_COUNTERS);
    let shares: Vec<u32> = few.iter().filter_map(|counter| counter.share).collect();
    let shared: u32 = shares.iter().sum();
    let beside: u32 = many.iter().map(|counter| counter.taken).sum();
    let is_over = few
        .iter()
        .any(|counter| counter.share.is_some_and(|share| counter.taken > share));
    let is_right = match role.max_count {
        None => shares.is_empty(),
        Some(limit) if many.is_empty() => shares.len() == few.len() && shared == limit,
        Some(limit) => shares.len() == few.len() && shared + beside <= limit,
    };
    Ok((!is_right || is_over).then(|| Finding {
        kind: Kind::WrongShares,
        key: keys::seats(t, role.id, 0),
        is: format!("shares {shares:?}, {beside} taken beside them"),
        should_be: format!("limit {:?} of role {}", role.max_count, role.id),
        repair: Repair::None("mend the counts of its seats, then set the role's limit again: PATCH /api/roles/{role}"),
    }))
}

/// Claims of roles' names that no role has.
pub async fn dangling(table: &Table, claims: BTreeSet<Key>) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for key in claims {
        found.extend(dangling_claim(table, key).await?);
    }
    Ok(found)
}

async fn dangling_claim(table: &Table, key: Key) -> Result<Option<Finding>> {
    let t = key.pk.split('#').nth(1).and_then(|t| TenantId::parse(t).ok());
    let (Some(t), Some(claim)) = (t, table.get(&key).await?) else {
        return Ok(None);
    };
    let id: Option<RoleId> = string(&claim, "role").and_then(|id| id.parse().ok());
    let place = id.map(|id| keys::role(&t, id));
    let role = match &place {
        Some(place) => table.get(place).await?.map(from_item::<Role>).transpose()?,
        None => None,
    };
    let has_it = |role: &Role| {
        keys::role_name(&t, &role.name) == key || keys::former_role_name(&t, &role.name).as_ref() == Some(&key)
    };
    // Renamed or deleted meanwhile: then the claim is gone as well.
    if role.as_ref().is_some_and(has_it) || table.get(&key).await? != Some(claim.clone()) {
        return Ok(None);
    }
    let held = place.map(|place| match &role {
        Some(role) => Write::check(place).when(Cond::Eq("version", number(role.version)), Lost::Changed),
        None => Write::check(place).when(Cond::absent(), Lost::Changed),
    });
    let mine = claim
        .get("role")
        .map_or(Cond::Absent("role"), |role| Cond::Eq("role", role.clone()));
    let delete = Write::delete(key.clone()).when(mine, Lost::Changed);
    Ok(Some(Finding {
        kind: Kind::DanglingClaim,
        key,
        is: "of a role that does not have this name".to_owned(),
        should_be: "nothing".to_owned(),
        repair: Repair::Writes {
            text: "delete it".to_owned(),
            writes: held.into_iter().chain([delete]).collect(),
        },
    }))
}
