//! What happens: verbs over a [`Context`]. No HTTP, no JSON of any contract, no status codes. What is read, decided and
//! written goes through [`crate::store::unit`].

use futures::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;
use serde_json::{Map, Value};

pub use crate::context::{Caller, Context, Credential, DeviceTokens, MayChange, Origin, Surface};
use crate::domain::role::Rank;
use crate::domain::tenant::TenantId;
use crate::domain::user::User;
use crate::error::Result;

pub mod access;
pub mod api_keys;
pub mod audit;
pub mod authenticate;
pub mod catalogue;
mod changes;
pub mod credentials;
mod decoys;
pub mod deletion;
pub mod dev;
mod devices;
mod failed_logins;
pub mod grants;
mod growth;
mod hashed;
pub mod health;
pub mod histories;
pub mod idempotency;
pub mod introspection;
pub mod keyring;
pub mod links;
pub mod listing;
pub mod locks;
pub mod login;
pub mod migration;
pub mod open_sessions;
pub mod operator;
pub mod origin;
pub mod outbox;
pub mod paging;
pub mod passwords;
mod past;
pub mod preview;
pub mod rate_limits;
pub mod registration;
mod reservations;
pub mod revisions;
pub mod roles;
pub mod rotation;
pub mod service_keys;
pub mod session_use;
pub mod sessions;
pub mod settings;
pub mod setup;
mod system_roles;
pub mod tenants;
pub mod transfer;
pub mod users;

/// Does this for each of the tenants, for sixteen at once; what came of it, in any order.
async fn for_each_tenant<T, Work>(tenants: &[TenantId], one: impl Fn(TenantId) -> Work) -> Result<Vec<T>>
where
    Work: Future<Output = Result<T>>,
{
    let all = stream::iter(tenants.to_vec()).map(one).buffer_unordered(16);
    all.try_collect().await
}

/// On what terms a contract lets people sign in: whom, for how long, and what its tokens carry.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub name: &'static str,
    pub access: SignedDuration,
    /// The session: no refresh extends it.
    pub session: SignedDuration,
    pub refresh: bool,
    pub verified_email: VerifiedEmail,
    /// What its access tokens carry beside the common claims. Usher never reads them back.
    pub claims: fn(&User, Rank) -> Map<String, Value>,
}

impl Terms {
    /// Terms without refresh, without a verified address and without claims of their own.
    pub const fn of(name: &'static str, access: SignedDuration) -> Self {
        Self {
            name,
            access,
            session: access,
            refresh: false,
            verified_email: VerifiedEmail::NotNeeded,
            claims: |_, _| Map::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifiedEmail {
    NotNeeded,
    /// Where the tenant's settings require it, of accounts that have an address.
    WhereRequired,
    Needed,
}
