//! One request, as far as what happens knows it: no HTTP, no JSON of any contract, no status codes.

use std::fmt;
use std::sync::atomic::AtomicU16;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use secrecy::SecretString;

use crate::access::policy::Rights;
use crate::app::App;
use crate::domain::grant::Grant;
use crate::domain::history::OPERATOR;
use crate::domain::rate_limit::Quota;
use crate::domain::role::Role;
use crate::domain::service_key::ServiceKey;
use crate::domain::session::Session;
use crate::domain::tenant::TenantId;
use crate::domain::tenant_settings::TenantSettings;
use crate::domain::tenant_size::TenantSize;
use crate::domain::user::User;
use crate::error::{Error, Forbidden, Noun, Result};
use crate::id::UserId;
use crate::store::unit::Pending;

/// What a contract brings along: what it is called in the histories, and its bounds for passwords (rule 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surface {
    pub name: &'static str,
    /// The fewest characters of a password that is set through it.
    pub min_password: usize,
    pub max_password: usize,
}

/// A contract's own rule of who may change another's account that has these grants.
pub type MayChange = fn(&Rights, &[Grant], Timestamp) -> Result<()>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub surface: Surface,
    /// The client's address, from whom the settings trust with it ([`crate::http::request_info`]).
    pub ip: String,
    /// The client, as it calls itself; cut at 256 characters.
    pub user_agent: String,
}

/// What shows that a device was here before: what the request came with, and what it is given.
#[derive(Debug, Clone, Default)]
pub struct DeviceTokens {
    pub presented: Option<SecretString>,
    pub issued: Arc<OnceLock<SecretString>>,
}

#[derive(Clone)]
pub struct Context {
    pub app: Arc<App>,
    /// The request's moment: one for all that it does.
    pub now: Timestamp,
    /// Whose things it is about.
    pub tenant: TenantId,
    /// What is in force in it.
    pub tenant_settings: Arc<TenantSettings>,
    /// The `iss` of tokens issued and accepted.
    pub issuer: String,
    /// The address that it came to: where links in mails lead to, unless the stack has an address for them.
    pub address: String,
    /// The API key that it came with, where the contract asks for one.
    pub api_key: Option<String>,
    pub origin: Origin,
    /// What its contract asks for beside the common rule where another's account is changed.
    pub stricter: Option<MayChange>,
    /// Accounts that the request is about, to be read with the caller's.
    pub about: Vec<UserId>,
    pub caller: Option<Arc<Caller>>,
    /// How many rows of the histories it has written, for their order.
    pub rows: Arc<AtomicU16>,
    /// What a limit of rate leaves to the caller, once it was counted.
    pub quota: Arc<OnceLock<Quota>>,
    pub device: DeviceTokens,
    /// Whether it is the operator's work on the table, who has no account.
    pub is_operator: bool,
    /// Where its unit of work waits for its answer, which is written with it.
    pub pending: Option<Arc<Pending>>,
    /// Whether all is read and decided, and nothing written: the operator asks what would be done.
    pub is_dry_run: bool,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("now", &self.now)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

/// What a caller's token belongs to.
#[derive(Debug, Clone)]
pub enum Credential {
    /// What a login opened.
    Session(Session),
    /// A service account's key.
    Key(ServiceKey),
}

#[derive(Debug, Clone)]
pub struct Caller {
    /// Its account, or the id of a development principal.
    pub id: UserId,
    /// Its account; none stands behind a development principal.
    pub user: Option<User>,
    /// What it came with.
    pub credential: Credential,
    /// Its roles that apply to requests about no department.
    pub roles: Vec<Role>,
    /// What it may do in requests about no department.
    pub rights: Rights,
    /// The accounts that the request is about, where they were read with its own; deleted or not.
    pub others: Option<Vec<User>>,
}

impl Caller {
    /// Whether its password must be changed before anything else.
    pub fn must_change_password(&self) -> bool {
        self.user.as_ref().is_some_and(|user| user.must_change_password)
    }

    /// Its session: a service account's key has none.
    pub fn session(&self) -> Result<&Session> {
        match &self.credential {
            Credential::Session(session) => Ok(session),
            Credential::Key(_) => Err(Forbidden::NoSession.into()),
        }
    }
}

impl Context {
    /// Work that no HTTP request asked for, in the tenant `main`.
    pub fn without_request(app: &Arc<App>, surface: Surface) -> Self {
        let origin = Origin {
            surface,
            ip: String::new(),
            user_agent: String::new(),
        };
        let issuer = app.settings.issuer.clone().unwrap_or_default();
        Self::of(app, app.clock.now(), origin, (issuer.clone(), issuer))
    }

    /// Work at this moment for whoever asked for it, in the tenant `main`, by nobody yet.
    pub fn of(app: &Arc<App>, now: Timestamp, origin: Origin, (issuer, address): (String, String)) -> Self {
        Self {
            app: app.clone(),
            now,
            tenant: TenantId::main(),
            tenant_settings: Arc::new(TenantSettings::of_stack(&app.settings)),
            issuer,
            address,
            api_key: None,
            origin,
            stricter: None,
            about: Vec::new(),
            caller: None,
            rows: Arc::default(),
            quota: Arc::default(),
            device: DeviceTokens::default(),
            is_operator: false,
            pending: None,
            is_dry_run: false,
        }
    }

    /// The size of the tenant whose partitions are read.
    pub fn size_to_read(&self) -> TenantSize {
        self.tenant_settings.growth.read()
    }

    /// The size of the tenant whose partitions are written to.
    pub fn size_to_write(&self) -> TenantSize {
        self.tenant_settings.growth.written(self.now)
    }

    /// The same request, for what is written whatever it is answered: not with the answer that it keeps.
    #[must_use]
    pub fn at_once(&self) -> Self {
        Self {
            pending: None,
            ..self.clone()
        }
    }

    /// The same, about another tenant's things.
    #[must_use]
    pub fn within(&self, tenant: &TenantId) -> Self {
        let mut settings = TenantSettings::clone(&self.tenant_settings);
        // Its size is its own: what is written as of a small one is read in any case.
        settings.growth.large_since = None;
        Self {
            tenant: tenant.clone(),
            tenant_settings: Arc::new(settings),
            ..self.clone()
        }
    }

    pub fn caller(&self) -> Result<&Caller> {
        self.caller.as_deref().ok_or(Error::NoCredentials)
    }

    /// The id of whoever makes the request, for what records it.
    pub fn actor(&self) -> Option<UserId> {
        let caller = self.caller.as_ref().map(|caller| caller.id);
        caller.or(self.is_operator.then_some(OPERATOR))
    }

    pub fn own_account(&self) -> Result<&User> {
        self.caller()?.user.as_ref().ok_or(Error::NotFound(Noun::User))
    }
}
