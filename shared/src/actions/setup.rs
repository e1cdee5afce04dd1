//! Set-up: what a stack needs before its first request. Run as often as one likes, and twice at once, it makes one of
//! each; and it never makes anew what an administrator deleted.

use super::users::{self, NewUser};
use secrecy::{ExposeSecret, SecretString};

use super::{Context, api_keys, rotation};
use crate::domain::api_key::check_chosen;
use crate::domain::permission::{self, Permission};
use crate::domain::role::{Role, SYSTEM_ROLES};
use crate::domain::tenant::Tenant;
use crate::domain::text::Label;
use crate::error::{Conflict, Error, Result};
use crate::store::table::{Cond, Write};
use crate::store::{keys, roles, secret, tenants};

/// An account to begin with.
#[derive(Debug)]
pub struct FirstAccount {
    /// What set-up calls it: under this name it is made once.
    pub name: &'static str,
    /// The account.
    pub user: NewUser,
    /// Its role.
    pub role: Role,
}

/// What set-up made, and did not find.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    /// Names of system roles.
    pub roles: Vec<String>,
    /// Names of first accounts.
    pub accounts: Vec<String>,
    /// How many signing keys: at first the one that signs and the next.
    pub signing_keys: usize,
    /// Whether the first API key was made.
    pub api_key: bool,
}

/// Makes the catalogue, the system roles, a signing key, and these accounts.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn run(cx: &Context, extra: &[Permission], accounts: Vec<FirstAccount>) -> Result<Made> {
    let mut made = Made::default();
    catalogue(cx, extra).await?;
    for system in &SYSTEM_ROLES {
        let role = system.in_tenant(&cx.tenant, cx.now).map_err(Error::fault)?;
        match cx.app.table.transact(&roles::create(&role)?).await {
            Ok(()) => made.roles.push(system.name.to_owned()),
            Err(Error::Conflict(Conflict::RoleNameTaken)) => {}
            Err(other) => return Err(other),
        }
    }
    main_tenant(cx).await?;
    made.signing_keys = rotation::rotate(cx).await?;
    for account in accounts {
        if first_account(cx, account.name, account.user, account.role).await? {
            made.accounts.push(account.name.to_owned());
        }
    }
    if let Some(source) = &cx.app.settings.first_api_key {
        made.api_key = first_api_key(cx, &secret::read(source).await?).await?;
    }
    Ok(made)
}

/// The API key whose text the stack, or the developer, chose. Once revoked it stays so; another text makes another key.
async fn first_api_key(cx: &Context, text: &SecretString) -> Result<bool> {
    let text = text.expose_secret();
    check_chosen(text).map_err(|why| Error::fault(format!("the first API key {why}")))?;
    let name = Label::parse("first API key").map_err(Error::fault)?;
    let key = api_keys::new(cx, name, text, None)?;
    let marker = Write::put(keys::first_api_key(&cx.tenant, &key.digest).attributes());
    let mut writes = vec![marker.when(Cond::absent(), Conflict::Contention)];
    writes.extend(api_keys::writes(cx, &key)?);
    match cx.app.table.transact(&writes).await {
        Ok(()) => Ok(true),
        Err(Error::Conflict(Conflict::Contention)) => Ok(false),
        Err(other) => Err(other),
    }
}

async fn catalogue(cx: &Context, extra: &[Permission]) -> Result<()> {
    let entries = permission::built_in().into_iter().chain(extra.iter().cloned());
    let writes: Vec<Write> = entries
        .map(|entry| roles::put_permission(&entry))
        .collect::<Result<_>>()?;
    cx.app.table.batch_write(&writes).await
}

/// `main` is listed among the tenants, and nobody can make another of its name.
async fn main_tenant(cx: &Context) -> Result<()> {
    let tenant = Tenant {
        id: cx.tenant.clone(),
        name: None,
        created_at: cx.now,
        created_by: None,
    };
    match cx.app.table.transact(&[tenants::put(&tenant)?]).await {
        Err(Error::Conflict(Conflict::TenantTaken)) => Ok(()),
        outcome => outcome,
    }
}

async fn first_account(cx: &Context, name: &str, user: NewUser, role: Role) -> Result<bool> {
    let marker = keys::first_account(&cx.tenant, name);
    if cx.app.table.get(&marker).await?.is_some() {
        return Ok(false);
    }
    let once = Write::put(marker.attributes()).when(Cond::absent(), Conflict::Contention);
    match users::create_with(cx, user, &[role], |_| Ok(vec![once.clone()])).await {
        Ok(_) => Ok(true),
        Err(Error::Conflict(why @ (Conflict::Contention | Conflict::EmailTaken | Conflict::UsernameTaken))) => {
            // Another set-up was quicker, or somebody has the name: then nobody would be told who is the owner.
            let made = cx.app.table.get(&marker).await?.is_some();
            let taken = || {
                Error::fault(format!(
                    "the account {name} is not made: {why}, by an account that was there before"
                ))
            };
            if made { Ok(false) } else { Err(taken()) }
        }
        Err(other) => Err(other),
    }
}
