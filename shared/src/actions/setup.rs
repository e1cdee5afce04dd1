//! Set-up: what a stack needs before its first request. Run as often as one likes, and twice at once, it makes one of
//! each; and it never makes anew what an administrator deleted.

use super::users::{self, NewUser};
use secrecy::ExposeSecret;

use super::Context;
use crate::domain::permission::{self, Permission};
use crate::domain::role::{Role, SYSTEM_ROLES};
use crate::error::{Conflict, Error, Result};
use crate::proof::jwt::SigningKey;
use crate::store::signing_keys::{self, StoredKey};
use crate::store::table::{Cond, Write};
use crate::store::{keys, roles};

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
    /// Whether a signing key was made.
    pub signing_key: bool,
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
    made.signing_key = first_key(cx).await?;
    for account in accounts {
        if first_account(cx, account.name, account.user, account.role).await? {
            made.accounts.push(account.name.to_owned());
        }
    }
    Ok(made)
}

async fn catalogue(cx: &Context, extra: &[Permission]) -> Result<()> {
    let entries = permission::built_in().into_iter().chain(extra.iter().cloned());
    let writes: Vec<Write> = entries
        .map(|entry| roles::put_permission(&entry))
        .collect::<Result<_>>()?;
    cx.app.table.batch_write(&writes).await
}

async fn first_account(cx: &Context, name: &str, user: NewUser, role: Role) -> Result<bool> {
    let marker = keys::first_account(&cx.tenant, name);
    if cx.app.table.get(&marker).await?.is_some() {
        return Ok(false);
    }
    let once = Write::put(marker.attributes()).when(Cond::absent(), Conflict::Contention);
    match users::create_with(cx, user, &[role], vec![once]).await {
        Ok(_) => Ok(true),
        // Another set-up was quicker, or somebody has the name.
        Err(Error::Conflict(Conflict::Contention | Conflict::EmailTaken | Conflict::UsernameTaken)) => Ok(false),
        Err(other) => Err(other),
    }
}

async fn first_key(cx: &Context) -> Result<bool> {
    if !signing_keys::all(&cx.app.table).await?.is_empty() {
        return Ok(false);
    }
    let algorithm = cx.app.settings.jwt_algorithm;
    let key = SigningKey::generate(algorithm)?;
    let stored = StoredKey {
        kid: key.kid().to_owned(),
        algorithm: algorithm.to_string(),
        jwk: key.public_jwk(),
        sealed: cx
            .app
            .master_key()
            .await?
            .seal(key.pkcs8().expose_secret(), key.kid().as_bytes())?,
        created_at: cx.now,
        signs_from: cx.now,
    };
    match cx.app.table.transact(&signing_keys::put_first(&stored)?).await {
        Ok(()) => Ok(true),
        Err(Error::PreconditionFailed) => Ok(false),
        Err(other) => Err(other),
    }
}
