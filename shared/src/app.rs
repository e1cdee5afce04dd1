//! What an action may touch: built once per cold start, shared by every request.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;

use crate::actions::authenticate::SeenKeys;
use crate::actions::keyring::Keyring;
use crate::actions::origin::Origin;
use crate::actions::session_use::SessionUses;
use crate::actions::settings::SettingsCache;
use crate::ambient::{Clock, SystemClock};
use crate::aws;
use crate::error::{Cause, Error, Result};
use crate::metrics::{Metric, Metrics};
use crate::proof::password::Hasher;
use crate::proof::seal::{MacKey, MasterKey};
use crate::settings::{KeySource, Settings};
use crate::store::dynamo::Table;
use crate::store::secret;

#[derive(Debug)]
pub struct App {
    /// What the stack, or the developer, set.
    pub settings: Settings,
    pub table: Table,
    pub clock: Arc<dyn Clock>,
    pub hasher: Hasher,
    pub keyring: Keyring,
    pub origin: Origin,
    pub tenant_settings: SettingsCache,
    pub session_uses: SessionUses,
    pub seen_keys: SeenKeys,
    pub metrics: Arc<Metrics>,
    warm: AtomicBool,
    master: OnceCell<MasterKey>,
    cursors: OnceCell<MacKey>,
}

impl App {
    /// Connects to the table that the settings name.
    pub fn new(settings: Settings) -> Result<Arc<Self>> {
        Self::with_clock(settings, Arc::new(SystemClock))
    }

    /// The same with a clock of one's own.
    pub fn with_clock(settings: Settings, clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        Self::with_http_client(settings, clock, aws::direct())
    }

    /// The same, where the settings' DynamoDB endpoint is reached by this client.
    pub fn with_http_client(settings: Settings, clock: Arc<dyn Clock>, http: SharedHttpClient) -> Result<Arc<Self>> {
        let metrics = Arc::<Metrics>::default();
        let shared = match settings.dynamodb_endpoint.as_deref() {
            Some(url) => aws::emulated(url, http),
            None => aws::config().clone(),
        };
        let table = Table::new(&shared, &settings.table, settings.store_deadline, metrics.clone());
        Ok(Arc::new(Self {
            hasher: Hasher::new(settings.argon2, settings.hash_parallel)?,
            keyring: Keyring::default(),
            origin: Origin::default(),
            tenant_settings: SettingsCache::default(),
            session_uses: SessionUses::default(),
            seen_keys: SeenKeys::default(),
            metrics,
            warm: AtomicBool::new(false),
            master: OnceCell::new(),
            cursors: OnceCell::new(),
            settings,
            table,
            clock,
        }))
    }

    /// Whether this is the first time that anybody asks: the process's cold start, which is counted.
    pub fn is_cold(&self) -> bool {
        let cold = !self.warm.swap(true, Ordering::Relaxed);
        if cold {
            self.metrics.count(Metric::ColdStarts);
        }
        cold
    }

    /// Writes what was counted, where CloudWatch reads it, on behalf of this function.
    pub fn write_metrics(&self, function: &str) {
        if let Some(namespace) = &self.settings.metrics_namespace {
            self.metrics.write(namespace, function, self.clock.now(), io::stdout());
        }
    }

    /// The key that signing keys are sealed under.
    /// Without it nothing is issued.
    pub async fn master_key(&self) -> Result<&MasterKey> {
        let source = self.settings.master_key.as_ref();
        let read = || async {
            let text = text("USHER_MASTER_KEY", source).await?;
            MasterKey::from_text(text.expose_secret()).map_err(misconfigured("USHER_MASTER_KEY"))
        };
        self.master.get_or_try_init(read).await
    }

    /// The key that authenticates cursors.
    pub async fn cursor_key(&self) -> Result<&MacKey> {
        let source = self.settings.cursor_key.as_ref();
        let read = || async {
            let text = text("USHER_CURSOR_KEY", source).await?;
            MacKey::from_text(text.expose_secret()).map_err(misconfigured("USHER_CURSOR_KEY"))
        };
        self.cursors.get_or_try_init(read).await
    }
}

/// An invalid key is a configuration error, not a defect: until it is fixed, this function is unavailable.
fn misconfigured(name: &'static str) -> impl Fn(Error) -> Error {
    move |error| match error {
        Error::Fault(Cause(why)) => {
            Error::unavailable(format!("{name}: {why}; see docs/operations.md, The master key"))
        }
        other => other,
    }
}

async fn text(name: &str, source: Option<&KeySource>) -> Result<SecretString> {
    let source = source.ok_or_else(|| Error::unavailable(format!("{name}_SECRET is not set")))?;
    secret::read(source).await
}
