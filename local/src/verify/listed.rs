//! Where accounts and rows are listed: the attributes of the indexes, which only what writes an item sets.

use usher::domain::history::{LoginEntry, LoginKind, RightsEntry};
use usher::domain::tenant_size::TenantSize;
use usher::domain::user::{Status, User};
use usher::store::keys;
use usher::store::listed::Listed;
use usher::store::sessions;
use usher::store::table::{Item, Key, from_item, string};

/// Attributes that are not as they are to be, with what they are to be; none where the account is in no list.
pub fn misplaced(user: &User, item: &Item) -> Vec<(&'static str, Option<String>)> {
    let (t, status) = (&user.tenant, user.listed_status());
    let at = |n: u16| keys::users_index(t, keys::shard(user.id, n));
    let sizes = [TenantSize::Small, TenantSize::Large];
    let lists = sizes.map(|size| at(size.user_lists()));
    let by_status = sizes.map(|size| keys::status_index(t, status, keys::shard(user.id, size.status_lists(status))));
    let is_listed = status != Status::Deleted;
    let all = [
        ("GSI1PK", is_listed.then_some(lists.to_vec())),
        ("GSI1SK", is_listed.then(|| vec![Listed::in_all(user)])),
        ("GSI2PK", Some(by_status.to_vec())),
        ("GSI2SK", Some(vec![Listed::by_status(user)])),
    ];
    let differs = all
        .into_iter()
        .filter_map(|(name, places)| match (string(item, name), places) {
            (None, None) => None,
            (Some(is), Some(places)) if places.iter().any(|place| place == is) => None,
            // What a small tenant has is read in any case.
            (_, places) => Some((name, places.and_then(|places| places.into_iter().next()))),
        });
    differs.collect()
}

/// The index attributes that a row of a history lacks, or has wrong, with what they are to be.
pub fn of_row(key: &Key, item: &Item) -> Option<Vec<(&'static str, String)>> {
    let wanted = match key.pk.split('#').nth(2)? {
        "RIGHTS" => rights(item)?,
        _ if key.sk.starts_with(keys::LOGIN) || key.sk.starts_with(keys::SESSION) => login(item)?,
        _ => return None,
    };
    let differs: Vec<_> = wanted
        .into_iter()
        .filter(|(name, value)| string(item, name) != Some(value))
        .collect();
    (!differs.is_empty()).then_some(differs)
}

fn rights(item: &Item) -> Option<Vec<(&'static str, String)>> {
    let row: RightsEntry = from_item(item.clone()).ok()?;
    let target = keys::target_index(&row.tenant, &row.target.id());
    let mut wanted = vec![("GSI1PK", target), ("GSI1SK", row.id.to_string())];
    if let Some(actor) = row.actor {
        wanted.push(("GSI2PK", keys::actor_index(&row.tenant, actor)));
        wanted.push(("GSI2SK", row.id.to_string()));
    }
    Some(wanted)
}

fn login(item: &Item) -> Option<Vec<(&'static str, String)>> {
    let row: LoginEntry = match item.contains_key("kind") {
        true => from_item(item.clone()).ok()?,
        // A session whose login is in no history is in no list.
        false if !item.contains_key("recordedUntil") => return None,
        false => sessions::open_in(Some(item.clone())).ok()??.login(),
    };
    let is_listed = matches!(row.kind, LoginKind::Login | LoginKind::Logout);
    let list = keys::logins_index(&row.tenant, row.at, row.id.partition());
    is_listed.then(|| vec![("GSI1PK", list), ("GSI1SK", row.id.to_string())])
}
