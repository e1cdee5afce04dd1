//! What an account implies beside its own item, worked out from the account alone: no code is shared with
//! `store::users`, which keeps the table so, and whose mistakes would be made here as well.

use std::collections::BTreeMap;

use usher::domain::role::USER;
use usher::domain::text::FORM;
use usher::domain::user::{Status, User};
use usher::store::table::{Item, Key, string};
use usher::store::{keys, search};

use super::finding::Kind;

/// The attributes of an implied item that are compared.
pub const COMPARED: [&str; 3] = ["user", "GSI1PK", "GSI1SK"];

/// An item that is to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What it is where it is missing, and where it is there without a reason.
    pub kind: (Kind, Kind),
    pub attributes: BTreeMap<&'static str, String>,
}

impl Wanted {
    fn of(kind: (Kind, Kind), user: &User) -> Self {
        let attributes = BTreeMap::from([("user", user.id.to_string())]);
        Self { kind, attributes }
    }

    /// Whether the item is as it is to be.
    pub fn is(&self, item: &Item) -> bool {
        COMPARED
            .iter()
            .all(|name| string(item, name) == self.attributes.get(name).map(String::as_str))
    }
}

const CLAIM: (Kind, Kind) = (Kind::MissingClaim, Kind::DanglingClaim);
const MEMBER: (Kind, Kind) = (Kind::MissingMember, Kind::LeftOverMember);
const ENTRY: (Kind, Kind) = (Kind::MissingSearchEntry, Kind::LeftOverSearchEntry);

/// The kinds of an item that stands at this key for an account.
pub fn kinds_at(key: &Key) -> (Kind, Kind) {
    match key.pk.split('#').nth(2) {
        Some("ROLE") => MEMBER,
        Some("FIND") => ENTRY,
        _ => CLAIM,
    }
}

/// The items that an account implies. One whose names set-up has not moved to their present form yet implies none.
pub fn implied(user: &User) -> BTreeMap<Key, Wanted> {
    let t = &user.tenant;
    let mut wanted = BTreeMap::new();
    if user.form != FORM {
        return wanted;
    }
    wanted.insert(keys::number(t, user.number()), Wanted::of(CLAIM, user));
    if user.status == Status::Deleted {
        return wanted;
    }
    if let Some(email) = &user.email {
        let mut claim = Wanted::of(CLAIM, user);
        let domain = email.canonical().rsplit('@').next().unwrap_or_default();
        let list = keys::domain_index(t, keys::shard(user.id, user.search_shards) % 2, domain);
        claim.attributes.insert("GSI1PK", list);
        claim.attributes.insert("GSI1SK", user.id.to_string());
        wanted.insert(keys::email(t, email), claim);
    }
    if let Some(name) = &user.username {
        wanted.insert(keys::username(t, name), Wanted::of(CLAIM, user));
    }
    let grants = user.grants.iter().filter(|grant| grant.role != USER.id);
    for grant in grants {
        let key = keys::member(t, grant.role, grant.partition, user.id, grant.id);
        wanted.insert(key, Wanted::of(MEMBER, user));
    }
    for (role, seat) in user.seats() {
        if let Some(end) = seat.ends {
            let key = keys::ends(t, role, seat.partition, end, user.id);
            wanted.insert(key, Wanted::of(MEMBER, user));
        }
    }
    wanted.extend(entries(user));
    wanted
}

fn entries(user: &User) -> BTreeMap<Key, Wanted> {
    let shard = keys::shard(user.id, user.search_shards);
    let mut entries = BTreeMap::new();
    for text in search::searchable(user) {
        let end = text.rfind('@').unwrap_or(text.len());
        for (at, _) in text[..end].char_indices() {
            let wanted = Wanted {
                kind: ENTRY,
                attributes: BTreeMap::new(),
            };
            let key = keys::find(&user.tenant, shard, &text[at..], user.id);
            entries.extend(key.map(|key| (key, wanted)));
        }
    }
    entries
}

/// The search entries of the domain of its address, by each part of which the accounts there are found.
pub fn domain_entries(user: &User) -> Vec<Key> {
    let email = user
        .email
        .as_ref()
        .filter(|_| user.status != Status::Deleted && user.form == FORM);
    let Some(domain) = email.and_then(|email| email.canonical().rsplit('@').next()) else {
        return Vec::new();
    };
    let at = format!("@{domain}");
    let suffixes = at.char_indices().map(|(start, _)| &at[start..]);
    suffixes
        .filter_map(|suffix| keys::find_domain(&user.tenant, suffix, domain))
        .collect()
}

/// Whose account an item is about, where it is one that an account implies: its tenant and id.
pub fn owner(key: &Key, item: &Item) -> Option<(String, String)> {
    let mut parts = key.pk.splitn(4, '#');
    let ("T", tenant, kind, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?) else {
        return None;
    };
    let id = match kind {
        "EMAIL" | "NAME" | "NUMBER" => string(item, "user")?,
        "ROLE" if key.sk.starts_with(keys::MEMBER) || key.sk.starts_with(keys::ENDS) => string(item, "user")?,
        "FIND" if !rest.starts_with('@') => key.sk.rsplit(' ').next()?,
        _ => return None,
    };
    Some((tenant.to_owned(), id.to_owned()))
}
