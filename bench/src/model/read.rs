//! What is there, as the principal reads it, beside what the model has.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ground::Ground;
use super::kept::{Kept, Unknown};
use super::questions::{key, view};
use super::rights::permission_names;
use super::state::State;
use super::step::role_name;
use crate::stage::Outcome;

/// All accounts and all roles.
#[derive(Debug)]
pub struct Read {
    total: u64,
    users: BTreeMap<String, Value>,
    ids: BTreeMap<String, String>,
    roles: BTreeMap<String, Value>,
    /// By names, as the accounts.
    kept: BTreeMap<String, Kept>,
    unknown: Unknown,
}

impl Read {
    pub async fn of(ground: &Ground) -> Outcome<Self> {
        let list = ground.get("/api/users?limit=100").await?;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let (mut users, mut ids) = (BTreeMap::new(), BTreeMap::new());
        for item in &items {
            ids.insert(key(item), item["id"].as_str().unwrap_or_default().to_owned());
            users.insert(key(item), shown(item));
        }
        let list_of_roles = ground.get("/api/roles?limit=100").await?;
        let all = || list_of_roles["items"].as_array().into_iter().flatten();
        let names = all().map(|role| (role["id"].as_str().unwrap_or_default().to_owned(), role["name"].clone()));
        let mut by_id = ground.kept(ids.values(), &names.collect()).await?;
        let kept = ids
            .iter()
            .filter_map(|(key, id)| Some((key.clone(), by_id.remove(id)?)));
        let kept = kept.collect();
        let roles = all().map(|role| {
            let members = json!({
                "permissions": sorted(&role["permissions"]), "maxCount": role["maxCount"], "memberCount": role["memberCount"],
            });
            (role["name"].as_str().unwrap_or_default().to_owned(), members)
        });
        let mut roles: BTreeMap<String, Value> = roles.collect();
        // No service account is made here.
        roles.remove("SERVICE_ACCOUNT");
        Ok(Self {
            total: list["total"].as_u64().unwrap_or(u64::MAX),
            users,
            ids,
            roles,
            kept,
            unknown: ground.unknown().await?,
        })
    }

    /// What differs from the model, if anything does.
    pub fn differs(&self, state: &State) -> Option<String> {
        let users = state.there().map(|(_, account)| {
            let view = shown(&view(state, account));
            (key(&view), view)
        });
        let users: BTreeMap<String, Value> = users.collect();
        if let Some(found) = first_difference("the account", &users, &self.users) {
            return Some(found);
        }
        if self.total != users.len() as u64 {
            return Some(format!(
                "there are {} accounts, and the total is {}",
                users.len(),
                self.total
            ));
        }
        let roles = state.roles.iter().map(|(key, role)| {
            let permissions: Value = permission_names(role.permissions).into();
            let is = json!({
                "permissions": sorted(&permissions), "maxCount": role.limit, "memberCount": state.members(*key),
            });
            (role_name(role.name).to_owned(), is)
        });
        let difference = first_difference("the role", &roles.collect(), &self.roles);
        difference.or_else(|| self.kept_differently(state))
    }

    fn kept_differently(&self, state: &State) -> Option<String> {
        let unknown = state.unknown();
        if unknown != self.unknown {
            return Some(format!(
                "of names of nobody is to be counted {unknown:?}, and is {:?}",
                self.unknown
            ));
        }
        state.there().find_map(|(number, account)| {
            let key = key(&view(state, account));
            let (is, kept) = (state.kept(*number, account), self.kept.get(&key)?);
            (is != *kept).then(|| format!("of the account {key} is to be kept {is:?}, and is {kept:?}"))
        })
    }

    /// Notes the ids of accounts whose making did not show them.
    pub fn bind(&self, state: &mut State) {
        let unknown: Vec<(u32, String)> = state
            .there()
            .filter(|(_, account)| account.id.is_none())
            .map(|(number, account)| (*number, key(&view(state, account))))
            .collect();
        for (number, key) in unknown {
            if let Some(account) = state.change(number) {
                account.id = self.ids.get(&key).cloned();
            }
        }
    }
}

fn first_difference(what: &str, is: &BTreeMap<String, Value>, read: &BTreeMap<String, Value>) -> Option<String> {
    let both = is.keys().chain(read.keys());
    let mut differing = both.filter(|key| is.get(*key) != read.get(*key));
    let key = differing.next()?;
    let text = |value: Option<&Value>| value.map_or_else(|| "not there".to_owned(), Value::to_string);
    Some(format!(
        "{what} {key} is to be {}, and is {}",
        text(is.get(key)),
        text(read.get(key))
    ))
}

fn sorted(list: &Value) -> Vec<String> {
    let all = list.as_array().into_iter().flatten();
    let mut all: Vec<String> = all.filter_map(Value::as_str).map(str::to_owned).collect();
    all.sort();
    all
}

/// Of an account what the model knows; names in one spelling.
fn shown(item: &Value) -> Value {
    let lower = |name: &str| item[name].as_str().map(str::to_lowercase);
    json!({
        "email": lower("email"), "username": lower("username"), "emailVerified": item["emailVerified"],
        "status": item["status"], "failedLoginCount": item["failedLoginCount"],
        "mustChangePassword": item["mustChangePassword"], "lockoutUntil": item["lockoutUntil"],
        "roles": sorted(&item["roles"]),
    })
}
