//! One pass over the whole table, in bounded memory: of each account is kept whether it is there, and one sum over the
//! items that it implies and one over those that there are, which are equal where all is well. Some 80 bytes an account.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use futures::future::try_join_all;
use usher::domain::tenant::TenantId;
use usher::domain::text::FORM;
use usher::domain::user::{Status, User};
use usher::id::{RoleId, UserId};
use usher::store::dynamo::Table;
use usher::store::dynamo::scan::Part;
use usher::store::keys;
use usher::store::table::{Attributes, Item, Key, Value, from_item, string};

use super::account::{COMPARED, Wanted, domain_entries, implied, owner};
use super::confirm::is_session_of_account;
use super::counts::Counts;
use super::listed;
use crate::error::Result;

/// What a pass keeps of an account.
#[derive(Default)]
struct Mark {
    is_there: bool,
    /// What it implies, less what there is, of what is written with the account.
    balance: u64,
    /// The same of what may be there without the account: numbers, which are never given up, and search entries.
    loose: u64,
    /// Something of it is to be looked at in any case.
    is_suspect: bool,
    has_session: bool,
}

/// What one pass saw.
#[derive(Default)]
pub struct Pass {
    accounts: HashMap<(u32, u128), Mark>,
    tenants: BTreeMap<String, u32>,
    /// Roles of each tenant as they were before it: whether they let their holders manage users.
    pub roles: HashMap<(String, RoleId), bool>,
    pub counts: BTreeMap<String, Counts>,
    domains: HashSet<u64>,
    wanted_domains: HashMap<u64, Key>,
    /// Items to be read again: claims of roles' names, rows, what cannot be read.
    pub others: BTreeSet<Key>,
    pub items: u64,
}

/// The whole table, each page given to `take`.
pub async fn scan(table: &Table, parts: u16, take: impl Fn(Vec<Item>)) -> Result<()> {
    let take = &take;
    let part = |number| async move {
        let (part, mut after) = (Part { number, of: parts }, None);
        loop {
            let page = table.scan(part, after.as_ref()).await?;
            take(page.items);
            after = page.next;
            if after.is_none() {
                return Ok::<_, usher::Error>(());
            }
        }
    };
    try_join_all((0..parts).map(part)).await?;
    Ok(())
}

impl Pass {
    /// Goes over the whole table.
    pub async fn over(
        table: &Table,
        parts: u16,
        roles: HashMap<(String, RoleId), bool>,
        only: Option<&TenantId>,
    ) -> Result<Self> {
        let pass = Mutex::new(Self {
            roles,
            ..Self::default()
        });
        scan(table, parts, |items| {
            let mut pass = pass.lock().unwrap_or_else(PoisonError::into_inner);
            let own = |item: &Item| only.is_none_or(|only| tenant_of(item) == Some(only.as_str()));
            items.into_iter().filter(own).for_each(|item| pass.take(item));
        })
        .await?;
        Ok(pass.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn take(&mut self, item: Item) {
        self.items += 1;
        let Some(key) = Key::of(&item) else { return };
        let kind = key.pk.split('#').nth(2).unwrap_or_default();
        if !key.pk.starts_with("T#") {
            return;
        }
        if kind == "USER" && key.sk == "USER" {
            return self.account(key, item);
        }
        if let Some((tenant, id)) = owner(&key, &item) {
            let is_loose = matches!(kind, "FIND" | "NUMBER");
            let sum = digest(
                &key,
                COMPARED.iter().filter_map(|name| Some((*name, string(&item, name)?))),
            );
            let mark = self.mark(&tenant, &id);
            let of = if is_loose { &mut mark.loose } else { &mut mark.balance };
            *of = of.wrapping_sub(sum);
            return;
        }
        match kind {
            "FIND" => {
                self.domains.insert(digest(&key, []));
            }
            "ROLENAME" => {
                self.others.insert(key);
            }
            "USER" | "RIGHTS" => {
                if kind == "USER" && key.sk.starts_with(keys::SESSION) && is_session_of_account(&item) {
                    let (tenant, id) = (part(&key, 1), part(&key, 3));
                    self.mark(&tenant, &id).has_session = true;
                }
                if listed::of_row(&key, &item).is_some() {
                    self.others.insert(key);
                }
            }
            _ => {}
        }
    }

    fn account(&mut self, key: Key, item: Item) {
        let (tenant, id) = (part(&key, 1), part(&key, 3));
        let whole = whole(&item);
        let is_misplaced = |user: &User| !listed::misplaced(user, &item).is_empty();
        let user = from_item::<User>(item.clone());
        let Ok(user) = user else {
            self.others.insert(key);
            return;
        };
        let roles = &self.roles;
        let is_known = |role: RoleId, administers: bool| roles.get(&(tenant.clone(), role)) == Some(&administers);
        let grants_differ =
            user.status != Status::Deleted && user.grants.iter().any(|grant| !is_known(grant.role, grant.administers));
        let is_suspect = grants_differ || is_misplaced(&user);
        self.counts.entry(tenant.clone()).or_default().add(&user, whole);
        for entry in domain_entries(&user) {
            self.wanted_domains.insert(digest(&entry, []), entry);
        }
        let (mut balance, mut loose) = (0_u64, 0_u64);
        for (key, wanted) in implied(&user) {
            let sum = of_wanted(&key, &wanted);
            let is_loose = matches!(key.pk.split('#').nth(2), Some("FIND" | "NUMBER"));
            let of = if is_loose { &mut loose } else { &mut balance };
            *of = of.wrapping_add(sum);
        }
        let is_former = user.form != FORM;
        let mark = self.mark(&tenant, &id);
        mark.is_there = true;
        mark.is_suspect |= is_suspect;
        // Its names are looked at once set-up has moved them.
        if !is_former {
            mark.balance = mark.balance.wrapping_add(balance);
            mark.loose = mark.loose.wrapping_add(loose);
        }
    }

    fn mark(&mut self, tenant: &str, id: &str) -> &mut Mark {
        let next = u32::try_from(self.tenants.len()).unwrap_or(u32::MAX);
        let number = *self.tenants.entry(tenant.to_owned()).or_insert(next);
        let id = id
            .parse::<UserId>()
            .map_or_else(|_| u128::from(hashed(id)), |id| id.uuid().as_u128());
        self.accounts.entry((number, id)).or_default()
    }

    /// Accounts of which something does not fit.
    pub fn suspects(&self) -> HashSet<(String, u128)> {
        let names: HashMap<u32, &String> = self.tenants.iter().map(|(name, number)| (*number, name)).collect();
        let suspects = self.accounts.iter().filter(|(_, mark)| match mark.is_there {
            true => mark.is_suspect || mark.balance != 0 || mark.loose != 0,
            false => mark.balance != 0 || mark.has_session,
        });
        suspects
            .filter_map(|((tenant, id), _)| Some(((*names.get(tenant)?).clone(), *id)))
            .collect()
    }

    /// Search entries of domains that are not there, as far as this pass saw.
    pub fn missing_domains(&self) -> Vec<Key> {
        let missing = self
            .wanted_domains
            .iter()
            .filter(|(sum, _)| !self.domains.contains(*sum));
        missing.map(|(_, key)| key.clone()).collect()
    }

    pub fn accounts(&self) -> usize {
        self.accounts.values().filter(|mark| mark.is_there).count()
    }

    pub fn tenants(&self) -> BTreeSet<String> {
        self.tenants.keys().chain(self.counts.keys()).cloned().collect()
    }
}

pub fn tenant_of(item: &Item) -> Option<&str> {
    let rest = string(item, "PK")?.strip_prefix("T#")?;
    rest.split('#').next()
}

fn part(key: &Key, n: usize) -> String {
    key.pk.split('#').nth(n).unwrap_or_default().to_owned()
}

fn of_wanted(key: &Key, wanted: &Wanted) -> u64 {
    digest(
        key,
        COMPARED
            .iter()
            .filter_map(|name| Some((*name, wanted.attributes.get(name)?.as_str()))),
    )
}

fn digest<'a>(key: &Key, attributes: impl IntoIterator<Item = (&'a str, &'a str)>) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    attributes.into_iter().for_each(|attribute| attribute.hash(&mut hasher));
    hasher.finish()
}

fn hashed(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// All of an item, in a number.
pub fn whole(item: &Item) -> u64 {
    let mut hasher = DefaultHasher::new();
    fold(item, &mut hasher);
    hasher.finish()
}

/// Members in the order of their names: a map has them in another one each time it is read.
fn fold<H: BuildHasher>(members: &Attributes<H>, hasher: &mut DefaultHasher) {
    let sorted: BTreeMap<&String, &Value> = members.iter().collect();
    for (name, value) in sorted {
        name.hash(hasher);
        fold_value(value, hasher);
    }
}

fn fold_value(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::M(members) => fold(members, hasher),
        Value::L(values) => values.iter().for_each(|value| fold_value(value, hasher)),
        plain => format!("{plain:?}").hash(hasher),
    }
}
