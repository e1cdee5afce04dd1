//! A tenant's settings: what is in force, cached for ten seconds; and changed, with a row in the history.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::RwLock;

use super::{Context, Surface, Terms};
use crate::access::policy;
use crate::app::App;
use crate::domain::history::{RightsKind, Target};
use crate::domain::lockout::LockoutRule;
use crate::domain::tenant::TenantId;
use crate::domain::tenant_settings::{Chosen, LONGEST_PASSWORD, TenantSettings};
use crate::domain::tenant_size::Growth;
use crate::error::{Error, Noun, Result};
use crate::settings::Settings;
use crate::store::record;
use crate::store::tenant_settings::{self as store, Kept};
use crate::store::unit::atomically;

/// How stale settings may be.
const FRESH: SignedDuration = SignedDuration::from_secs(10);

/// How many tenants' settings are cached.
const KEPT: usize = 10_000;

/// The settings as they were last read, by tenant.
#[derive(Debug, Default)]
pub struct SettingsCache(RwLock<HashMap<TenantId, (Timestamp, Arc<TenantSettings>)>>);

impl TenantSettings {
    /// What is in force where a tenant set nothing.
    pub fn of_stack(stack: &Settings) -> Self {
        Self::of(stack, &Chosen::default())
    }

    /// What is in force: what the tenant set, and the stack's for the rest.
    pub fn of(stack: &Settings, chosen: &Chosen) -> Self {
        let length = chosen
            .min_password_length
            .and_then(|length| usize::try_from(length).ok());
        let first = chosen
            .lockout_seconds
            .map(|seconds| SignedDuration::from_secs(i64::from(seconds)));
        let days = chosen
            .history_days
            .map(|days| SignedDuration::from_hours(24 * i64::from(days)));
        Self {
            // The stack's minimum raises all: a tenant cannot go below it.
            min_password_length: length.unwrap_or(0).max(stack.min_password_length),
            password_lengths: chosen.password_lengths.clone(),
            lockout: LockoutRule {
                limit: chosen.lockout_limit.unwrap_or(stack.lockout.limit),
                first: first.unwrap_or(stack.lockout.first),
                ..stack.lockout
            },
            email_on_signup: chosen.email_on_signup.unwrap_or_default(),
            email_verification: chosen.email_verification.unwrap_or_default(),
            registration_open: chosen.registration_open.unwrap_or(true),
            history: days.unwrap_or(stack.history),
            token_lifetimes: chosen.token_lifetimes.clone(),
            rate_limits: chosen.rate_limits.clone(),
            growth: Growth {
                stack: stack.tenant_size,
                large_since: None,
            },
            hash_costs: chosen.hash_costs.clone(),
        }
    }

    fn of_kept(stack: &Settings, kept: &Kept) -> Self {
        let mut settings = Self::of(stack, &kept.chosen);
        settings.growth.large_since = kept.large_since;
        settings
    }

    /// How many characters a password has that this contract sets: as many as the contract asks for, unless the tenant set
    /// others. What every contract asks for raises the least; where that leaves only one length, or none, the most is what
    /// it is where no contract has another.
    pub fn password_length(&self, surface: &Surface) -> (usize, usize) {
        let set = self.password_lengths.get(surface.name).copied().unwrap_or_default();
        let or = |length: Option<u32>, given: usize| length.and_then(|length| length.try_into().ok()).unwrap_or(given);
        let min = or(set.min, surface.min_password).max(self.min_password_length);
        let max = or(set.max, surface.max_password);
        let leaves_one = self.min_password_length >= max && set.max.is_none();
        if leaves_one || min > max {
            (min, LONGEST_PASSWORD.max(min))
        } else {
            (min, max)
        }
    }

    /// These terms with the lifetimes that the tenant set for them.
    #[must_use]
    pub fn applied(&self, terms: &Terms) -> Terms {
        let Some(set) = self.token_lifetimes.get(terms.name) else {
            return *terms;
        };
        let seconds = |count: u32| SignedDuration::from_secs(i64::from(count));
        let access = set.access.map_or(terms.access, seconds);
        // Without a refresh token nothing carries a session on beyond its one access token.
        let session = if terms.refresh {
            set.session.map_or(terms.session, seconds)
        } else {
            access
        };
        Terms {
            access,
            session,
            ..*terms
        }
    }
}

impl SettingsCache {
    pub async fn get(&self, app: &App, tenant: &TenantId, now: Timestamp) -> Result<Arc<TenantSettings>> {
        let held = self.0.read().await.get(tenant).cloned();
        if let Some((read_at, settings)) = held
            && now.duration_since(read_at) < FRESH
        {
            return Ok(settings);
        }
        let kept = store::get(&app.table, tenant).await?;
        // Every tenant but the first is made with an item of its own.
        if kept.is_none() && *tenant != TenantId::main() {
            return Err(Error::NotFound(Noun::Tenant));
        }
        let settings = Arc::new(TenantSettings::of_kept(&app.settings, &kept.unwrap_or_default()));
        self.put(tenant, now, settings.clone()).await;
        Ok(settings)
    }

    async fn put(&self, tenant: &TenantId, now: Timestamp, settings: Arc<TenantSettings>) {
        let mut held = self.0.write().await;
        if held.len() >= KEPT {
            held.clear();
        }
        held.insert(tenant.clone(), (now, settings));
    }
}

pub async fn chosen(cx: &Context) -> Result<Chosen> {
    Ok(store::get(&cx.app.table, &cx.tenant).await?.unwrap_or_default().chosen)
}

/// Changes what the tenant set; answers what it is since. In force here at once, and everywhere within ten seconds.
pub async fn change(cx: &Context, edit: impl Fn(Chosen) -> Result<Chosen>) -> Result<Chosen> {
    let edit = &edit;
    let (after, changed, large_since) = atomically(cx, |unit| async move {
        let before = store::get(&cx.app.table, &cx.tenant).await?;
        let Kept {
            chosen: was,
            large_since,
        } = before.clone().unwrap_or_default();
        let edited = edit(was.clone())?;
        if edited == was {
            return Ok((was, false, large_since));
        }
        // Whoever runs the stack has no account, and may set all of it.
        if let Some(caller) = &cx.caller {
            policy::may_set(&caller.rights, &was, &edited)?;
        }
        let after = Chosen {
            version: was.version + 1,
            ..edited
        };
        let target = Target::Tenant(cx.tenant.clone());
        unit.write([
            store::change(&cx.tenant, before.as_ref(), &after)?,
            record::rights(cx, RightsKind::SettingsChanged, target, json!(was), json!(after))?,
        ]);
        Ok((after, true, large_since))
    })
    .await?;
    if changed {
        let kept = Kept {
            chosen: after.clone(),
            large_since,
        };
        let settings = Arc::new(TenantSettings::of_kept(&cx.app.settings, &kept));
        cx.app.tenant_settings.put(&cx.tenant, cx.now, settings).await;
    }
    Ok(after)
}

impl Context {
    /// Goes on as a request about this tenant.
    pub async fn enter(&mut self, tenant: TenantId) -> Result<()> {
        let (app, now) = (&self.app, self.now);
        self.tenant_settings = app.tenant_settings.get(app, &tenant, now).await?;
        self.tenant = tenant;
        Ok(())
    }
}
