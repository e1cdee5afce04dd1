//! Set-up: what a stack needs before its first request. Run as often as one likes, and twice at once, it makes one of
//! each; and it never makes anew what an administrator deleted.

use std::slice;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::hashed::Hashed;
use super::migration::{self, Collision};
use super::users::{self, NewUser};
use super::{Context, api_keys, audit, for_each_tenant, growth, rotation, system_roles};
use crate::domain::api_key::check_chosen;
use crate::domain::permission;
use crate::domain::role::Role;
use crate::domain::tenant::{Tenant, TenantId};
use crate::domain::text::Label;
use crate::error::{Conflict, Error, Result};
use crate::store::pages::Pages;
use crate::store::table::{Cond, Key, Lost, Write};
use crate::store::unit::{self, Unit, atomically};
use crate::store::{catalogue, ended, keys, secret, tenants};

/// An account to begin with.
#[derive(Debug)]
pub struct FirstAccount {
    /// What set-up calls it: under this name it is made once.
    pub name: &'static str,
    pub user: NewUser,
    pub role: Role,
}

/// What set-up made, and did not find.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    pub roles: Vec<String>,
    pub accounts: Vec<String>,
    /// How many signing keys: at first the one that signs and the next.
    pub signing_keys: usize,
    pub api_key: bool,
    /// Names that became one when they were brought into their present form.
    pub collisions: Vec<Collision>,
    /// Whether names are left to be brought into it, by the next set-up.
    pub names_left: bool,
}

/// Makes the catalogue, the system roles, a signing key, and these accounts; and brings names into their present form, for
/// as long as this at most.
pub async fn run(cx: &Context, accounts: Vec<FirstAccount>, longest: Duration) -> Result<Made> {
    let mut made = Made::default();
    catalogue(cx).await?;
    main_tenant(cx).await?;
    // Before the tenants: of these there may be more than there is time for.
    made.signing_keys = rotation::rotate(cx).await?;
    let tenants = tenants::ids(&cx.app.table).await?;
    made.roles = system_roles::bring_up_to_date(cx, &tenants).await?;
    growth::bring_up_to_date(cx, &tenants).await?;
    let ready = (0..keys::READY_COPIES).map(|copy| Write::put(keys::ready(copy).attributes()));
    cx.app.table.batch_write(&ready.collect::<Vec<_>>()).await?;
    for account in accounts {
        if first_account(cx, &account).await? {
            made.accounts.push(account.name.to_owned());
        }
    }
    if let Some(source) = &cx.app.settings.first_api_key {
        made.api_key = first_api_key(cx, &secret::read(source).await?).await?;
    }
    audit::sign(cx, &tenants).await?;
    let listed = |tenant: TenantId| async move { ended::list_all(&cx.app.table, &tenant).await };
    for_each_tenant(&tenants, listed).await?;
    // At last: nothing above waits for it, and it can be long.
    let (collisions, ended) = migration::run(cx, &tenants, longest).await?;
    (made.collisions, made.names_left) = (collisions, !ended);
    if tokio::time::timeout(MAPS, maps(cx, &tenants)).await.is_err() {
        tracing::warn!("the maps of the lists of accounts are not all up to date: the next set-up goes on");
    }
    Ok(made)
}

/// For how long maps of lists are brought up to date: millions of accounts.
const MAPS: Duration = Duration::from_secs(10);

/// Brings the maps up to date by which pages far down are found. Without them they are found as well.
async fn maps(cx: &Context, tenants: &[TenantId]) {
    for tenant in tenants {
        let renewed = async {
            // With its own size: its list may be spread over more partitions than the stack's tenants begin with.
            let mut within = cx.clone();
            within.enter(tenant.clone()).await?;
            map(&within).await
        };
        if let Err(error) = renewed.await {
            tracing::warn!(
                ?error,
                tenant = tenant.as_str(),
                "the map of a list of accounts is as it was"
            );
        }
    }
}

async fn map(cx: &Context) -> Result<()> {
    let pages = Pages::of(cx);
    let counts = pages.list.counts().await?;
    let near = u64::try_from(pages.scale.walked_without_map).map_err(Error::fault)?;
    match counts.values().sum::<u64>() > near {
        true => pages.renew().await,
        false => Ok(()),
    }
}

/// The API key whose text the stack, or the developer, chose. Once revoked it stays so; another text makes another key.
async fn first_api_key(cx: &Context, text: &SecretString) -> Result<bool> {
    let text = text.expose_secret();
    check_chosen(text).map_err(|why| Error::fault(format!("the first API key {why}")))?;
    let name = Label::parse("first API key").map_err(Error::fault)?;
    let key = &api_keys::new(cx, name, text, None)?;
    atomically(cx, |unit| async move {
        let is_first = once(cx, &unit, &keys::first_api_key(&cx.tenant, &key.digest)).await?;
        if is_first {
            unit.write(api_keys::writes(cx, key)?);
        }
        Ok(is_first)
    })
    .await
}

async fn catalogue(cx: &Context) -> Result<()> {
    let entries = permission::built_in();
    let writes: Vec<Write> = entries.iter().map(catalogue::put).collect::<Result<_>>()?;
    cx.app.table.batch_write(&writes).await
}

/// `main` is listed among the tenants, and no other of its name can be created.
async fn main_tenant(cx: &Context) -> Result<()> {
    let tenant = Tenant {
        id: cx.tenant.clone(),
        name: None,
        created_at: cx.now,
        created_by: None,
    };
    match unit::write(cx, &[tenants::put(&tenant)?]).await {
        Err(Error::Conflict(Conflict::TenantTaken)) => Ok(()),
        outcome => outcome,
    }
}

/// Whether this marks the first time; it is marked with what is done then.
async fn once(cx: &Context, unit: &Unit<'_>, marker: &Key) -> Result<bool> {
    let is_first = cx.app.table.get(marker).await?.is_none();
    if is_first {
        unit.write([Write::put(marker.attributes()).when(Cond::absent(), Lost::Changed)]);
    }
    Ok(is_first)
}

async fn first_account(cx: &Context, account: &FirstAccount) -> Result<bool> {
    let FirstAccount { name, user, role } = account;
    let hash = &Hashed::of(user.password.as_ref());
    let made = atomically(cx, |unit| async move {
        let is_first = once(cx, &unit, &keys::first_account(&cx.tenant, name)).await?;
        if is_first {
            unit.create(&users::beginning(cx, user, hash.get(cx).await?, slice::from_ref(role))?)?;
        }
        Ok(is_first)
    });
    made.await.map_err(|error| match error {
        // Then the output would name an owner who is not one.
        Error::Conflict(why @ (Conflict::EmailTaken | Conflict::UsernameTaken)) => Error::fault(format!(
            "the account {name} is not made: {why}, by an account that was there before"
        )),
        other => other,
    })
}
