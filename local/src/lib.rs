//! The whole of Usher in one process: every function's routes on an embedded DynamoDB. `cargo run` starts it, and so do
//! the tests, which therefore meet what a developer meets.
//!
//! The application reaches DynamoDB by the same client and the same protocol as in the cloud; only what carries the
//! requests differs.
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

pub mod args;
pub mod audit;
mod bodies;
pub mod cors;
mod daily;
mod directory;
pub mod dynamodb;
pub mod embedded;
pub mod error;
pub mod hosts;
pub mod operator;
pub mod outbox;
pub mod place;
pub mod sam;
pub mod server;
mod stream;
pub mod table;
pub mod transfer;
pub mod verify;
pub mod welcome;

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use axum::Router;
use tokio::net::TcpListener;
use usher::ambient::{Clock, SystemClock};
use usher::app::App;
use usher::http::routes::Routes;
use usher::http::serve;
use usher::secrecy::ExposeSecret;
use usher::settings::{KeySource, Settings, TenantSource};

use cors::Origins;
use daily::Daily;
use directory::{Directory, Keys};
use embedded::{Embedded, Listen};
pub use error::{Error, Result};
use hosts::Hosts;
use outbox::{Letters, Records, Sending};

/// Every function's route table: the one place of this crate that names them.
pub fn tables() -> Vec<Routes> {
    vec![
        auth::routes(),
        me::routes(),
        users::routes(),
        roles::routes(),
        access::routes(),
        account::routes(),
        admin::routes(),
        registration::routes(),
        discovery::routes(),
    ]
}

/// The OpenAPI document of all of them, as it is committed.
pub fn openapi() -> Result<String> {
    let document =
        usher::http::openapi::document(env!("CARGO_PKG_VERSION"), ABOUT, &tables()).map_err(Error::OpenApi)?;
    let text = serde_json::to_string_pretty(&document).map_err(|error| Error::OpenApi(usher::Error::fault(error)))?;
    Ok(text + "\n")
}

/// The list of all routes, as it is committed beside the document.
pub fn route_list() -> String {
    usher::http::known::list(&tables())
}

/// What stands at the head of the document.
const ABOUT: &str = "A user directory and authorization service: accounts, roles and tokens. It speaks five \
user-management APIs over one directory; each has headings and a way to refuse of its own here, and an account made \
through one is the same account in all.

Sign in with `POST /api/auth/login`, or as your contract does, and send the token as `Authorization: Bearer …`. Bodies \
are JSON, at most 64 KiB. Every answer has an `x-request-id`.
";

/// Where the table is.
#[derive(Debug, Clone)]
pub enum DynamoDb {
    /// In this process; listening on this address, where there is one.
    Embedded(Option<SocketAddr>),
    /// At this plain HTTP address, which checks no credentials.
    At(String),
}

/// What a stack is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Keeps data and keys between runs; `None` keeps nothing.
    pub directory: Option<PathBuf>,
    pub dynamodb: DynamoDb,
    /// `USHER_…` variables that override the local defaults.
    pub settings: HashMap<String, String>,
    pub clock: Arc<dyn Clock>,
    /// The address that it will be reached by: the `iss` of tokens.
    pub address: String,
    /// What it may be called by (`Host`), beside its address.
    pub host_names: Vec<String>,
    /// Origins whose pages may call it, in place of those of this machine.
    pub cors_origins: Vec<String>,
}

impl Default for Options {
    /// In memory, by the machine's clock.
    fn default() -> Self {
        Self {
            directory: None,
            dynamodb: DynamoDb::Embedded(None),
            settings: HashMap::new(),
            clock: Arc::new(SystemClock),
            address: "http://127.0.0.1:3000".to_owned(),
            host_names: Vec::new(),
            cors_origins: Vec::new(),
        }
    }
}

#[derive(Debug)]
pub struct Stack {
    pub app: Arc<App>,
    /// Every route of it, to be listened for or called directly.
    pub router: Router,
    /// Where DynamoDB listens, if it does.
    pub dynamodb_url: Option<String>,
    host_names: Vec<String>,
    origins: Origins,
    sending: Sending,
    _daily: Daily,
    embedded: Option<Embedded>,
    directory: Option<Arc<Directory>>,
}

impl Stack {
    /// Starts DynamoDB, makes the table where it is missing, and builds the application. It does not listen yet.
    pub async fn start(options: Options) -> Result<Self> {
        let directory = options
            .directory
            .as_deref()
            .map(Directory::take)
            .transpose()?
            .map(Arc::new);
        let keys = directory
            .as_ref()
            .map_or_else(Keys::new, |directory| directory.keys())?;
        let (dynamodb, embedded) = match &options.dynamodb {
            DynamoDb::At(url) => (dynamodb::Client::new(url)?, None),
            DynamoDb::Embedded(listen) => {
                let file = directory.as_ref().map(|directory| directory.database());
                let names = options.host_names.clone();
                let listen = listen.map(|address| Listen { address, names });
                let embedded = Embedded::start(file.as_deref(), listen.as_ref(), directory.clone())?;
                (dynamodb::Client::embedded(embedded.store()), Some(embedded))
            }
        };
        let settings = settings(&options, keys, dynamodb.url())?;
        table::ensure(&dynamodb, &settings.table, &table::Definition::shipped()?).await?;
        if settings.dev_endpoints {
            tracing::warn!(
                "development routes exist: anyone who reaches this server can sign in as any user, without a password"
            );
        }
        let dynamodb_url = match &embedded {
            Some(embedded) => embedded.url().map(str::to_owned),
            None => Some(dynamodb.url().to_owned()),
        };
        let app = match &embedded {
            Some(embedded) => {
                let http = SharedHttpClient::new(embedded.store());
                App::with_http_client(settings, options.clock, http)?
            }
            None => App::with_clock(settings, options.clock)?,
        };
        setup::local(&app).await.map_err(Error::Setup)?;
        let letters = Letters::at(options.directory.as_deref());
        let router = routes(&app, &letters);
        // An emulator's stream is its own affair: some have none, and the sweep finds every mail as well.
        let records = match embedded {
            Some(_) => Some(Records::from_now(dynamodb, &app.settings.table).await?),
            None => None,
        };
        let outbox = ::outbox::outbox(app.clone(), letters.mailer()?)?;
        Ok(Self {
            sending: Sending::start(Arc::new(outbox), records),
            _daily: Daily::start(app.clone()),
            app,
            router,
            dynamodb_url,
            host_names: options.host_names,
            origins: Origins::new(&options.cors_origins),
            embedded,
            directory,
        })
    }

    /// The text of the first API key, where it is not kept elsewhere.
    pub fn api_key(&self) -> Option<&str> {
        match self.app.settings.first_api_key.as_ref()? {
            KeySource::Text(text) => Some(text.expose_secret()),
            KeySource::SecretsManager(_) => None,
        }
    }

    /// Writes the environment of `sam local` into the data directory, where there is one and DynamoDB listens; returns
    /// the file.
    pub fn write_sam(&self) -> Result<Option<PathBuf>> {
        let (Some(directory), Some(url)) = (&self.directory, &self.dynamodb_url) else {
            return Ok(None);
        };
        directory
            .write_sam(&sam::environment(&self.app.settings, url))
            .map(Some)
    }

    /// Serves whoever calls it by a name that it has, until `shutdown`, and lets requests that run then end.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> Result<()> {
        let mut names = self.host_names.clone();
        if let TenantSource::Host(domain) = &self.app.settings.tenants {
            names.extend([domain.clone(), format!(".{domain}")]);
        }
        let hosts = Hosts::new(listener.local_addr()?.ip(), &names);
        let router = hosts.guard(self.origins.clone().share(self.router.clone()));
        let router = router.layer(axum::middleware::from_fn(bodies::whole));
        server::serve(listener, router, shutdown, server::GRACE).await
    }

    /// Stops the outbox and the embedded DynamoDB, and waits until its data is closed. (A stack that is only dropped stops as well, and
    /// loses nothing, but does not wait.)
    pub async fn stop(self) -> Result<()> {
        self.sending.stop().await;
        match self.embedded {
            Some(embedded) => embedded.stop().await,
            None => Ok(()),
        }
    }
}

/// Every route, and where they are wanted those for developers.
fn routes(app: &Arc<App>, letters: &Letters) -> Router {
    let service = serve::service(app.clone(), tables());
    if app.settings.dev_endpoints {
        outbox::page::routes(letters.clone()).fallback_service(service)
    } else {
        service
    }
}

/// What the template sets for a function in the cloud, for this machine; the developer's variables override it.
fn settings(options: &Options, keys: Keys, dynamodb_url: &str) -> Result<Settings> {
    let defaults = [
        ("USHER_TABLE", "usher".to_owned()),
        ("USHER_STAGE", "local".to_owned()),
        ("USHER_DEV_ENDPOINTS", "true".to_owned()),
        ("USHER_ISSUER", options.address.clone()),
        ("USHER_DYNAMODB_ENDPOINT", dynamodb_url.to_owned()),
        // The embedded one does one thing after another; a burst of requests waits, and is no outage.
        ("USHER_STORE_DEADLINE_MS", "30000".to_owned()),
        // Callers may name their tenant; a token of another tenant is invalid in it.
        ("USHER_TENANTS", "header".to_owned()),
        ("USHER_FIRST_API_KEY", keys.api_key),
        ("USHER_MAIL_FROM", "Usher <no-reply@localhost>".to_owned()),
        ("USHER_MASTER_KEY", keys.master),
        ("USHER_CURSOR_KEY", keys.cursor),
        // Nothing here makes that owner: the function `setup` does, in a container.
        ("USHER_ADMIN_SECRET", keys.owner_password),
    ];
    let mut vars: HashMap<_, _> = defaults.map(|(name, value)| (name.to_owned(), value)).into();
    // An empty variable is one that is not set, here as in `Settings`.
    let set = options.settings.iter().filter(|(_, value)| !value.is_empty());
    vars.extend(set.map(|(name, value)| (name.clone(), value.clone())));
    Settings::from_map(vars).map_err(Error::Settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stack_in_memory_has_local_settings_and_a_table() {
        let stack = Stack::start(Options::default()).await.unwrap();
        let settings = &stack.app.settings;
        assert_eq!((settings.table.as_str(), settings.stage.as_str()), ("usher", "local"));
        assert!(settings.dev_endpoints);
        assert_eq!(settings.issuer.as_deref(), Some("http://127.0.0.1:3000"));
        assert_eq!(stack.dynamodb_url, None);
        assert_eq!(settings.tenants, TenantSource::Header);
        assert!(settings.first_api_key.is_some());
        stack.app.master_key().await.unwrap();
        stack.app.cursor_key().await.unwrap();
        let keys = usher::store::table::Key::new("A", "B");
        assert!(stack.app.table.get(&keys).await.unwrap().is_none());
        stack.stop().await.unwrap();
    }

    #[tokio::test]
    async fn usher_variables_override_the_local_defaults_and_wrong_ones_are_reported() {
        let with = |name: &str, value: &str| Options {
            settings: HashMap::from([(name.to_owned(), value.to_owned())]),
            ..Options::default()
        };
        let stack = Stack::start(with("USHER_TABLE", "other")).await.unwrap();
        assert_eq!(stack.app.settings.table, "other");
        let stack = Stack::start(with("USHER_TABLE", "")).await.unwrap();
        assert_eq!(stack.app.settings.table, "usher");
        let message = Stack::start(with("USHER_DEV_ENDPOINTS", "maybe")).await.unwrap_err();
        assert!(message.to_string().contains("USHER_DEV_ENDPOINTS"), "{message}");
    }

    #[tokio::test]
    async fn a_dynamodb_that_is_not_there_is_reported_with_its_address() {
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let options = Options {
            dynamodb: DynamoDb::At(format!("http://{free}")),
            ..Options::default()
        };
        let message = Stack::start(options).await.unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("no DynamoDB answers at http://{free}")),
            "{message}"
        );
    }

    #[tokio::test]
    async fn two_stacks_of_one_master_key_can_share_a_dynamodb() {
        let with_key = |letter: &str| Options {
            settings: HashMap::from([("USHER_MASTER_KEY".to_owned(), letter.repeat(64))]),
            ..Options::default()
        };
        let listening = Options {
            dynamodb: DynamoDb::Embedded(Some(([127, 0, 0, 1], 0).into())),
            ..with_key("k")
        };
        let first = Stack::start(listening).await.unwrap();
        let there = DynamoDb::At(first.dynamodb_url.clone().unwrap());
        let options = Options {
            dynamodb: there.clone(),
            ..with_key("k")
        };
        let second = Stack::start(options).await.unwrap();
        assert_eq!(first.dynamodb_url, second.dynamodb_url);
        let options = Options {
            dynamodb: there,
            ..with_key("o")
        };
        // It could issue nothing, and reports so at once.
        let message = Stack::start(options).await.unwrap_err().to_string();
        assert!(message.contains("the master key is another one"), "{message}");
    }
}
