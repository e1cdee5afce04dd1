//! Where the requests of [`super::play`] are carried out.
//!
//! It is Usher as it is deployed, but in this process: the routes of the functions over one embedded DynamoDB, which is reached
//! through a [`Recorder`]. There are as many copies as asked for, each with its own caches, as instances of a Lambda function
//! have them. Set-up has run and the tenant is large. The clock stands still but for when the play advances it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ::outbox::handlers::handle;
use ::outbox::wire::Event;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use dynoxide::Database;
use http::Method;
use serde_json::{Value, json};
use tower::ServiceExt;
use usher::actions::outbox::Outbox;
use usher::ambient::ManualClock;
use usher::app::App;
use usher::http::serve;
use usher::jiff::Timestamp;
use usher::mail::memory::Memory;
use usher::settings::Settings;

use super::billing::Key;
use super::recorder::Recorder;

pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

pub const OWNER: (&str, &str) = ("owner", "Owner@12345");
/// Of accounts that are made here.
pub const PASSWORD: &str = "correct horse";
/// In the middle of a month: histories are kept by months.
pub const START: &str = "2026-11-22T08:00:00Z";
/// In seconds.
const MINUTES: i64 = 120;

pub struct Stage {
    pub recorder: Recorder,
    pub clock: Arc<ManualClock>,
    /// Of the function that sends mails.
    pub app: Arc<App>,
    pub processes: Vec<Router>,
    outbox: Outbox,
    api_key: Option<String>,
}

/// A request, before it is sent.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    pub method: Method,
    pub path: String,
    pub token: &'a str,
    pub body: Value,
    /// Who connects; nobody where it does not matter.
    pub from: Option<Ipv4Addr>,
}

impl<'a> Call<'a> {
    pub fn get(path: impl Into<String>, token: &'a str) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            token,
            body: Value::Null,
            from: None,
        }
    }

    /// From an address that this person has alone.
    #[must_use]
    pub fn by(self, person: usize) -> Self {
        let number = u32::try_from(person).unwrap_or_default();
        Self {
            from: Some(Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 0, 0, 0)) + number)),
            ..self
        }
    }

    pub fn post(path: impl Into<String>, token: &'a str, body: Value) -> Self {
        Self {
            method: Method::POST,
            body,
            ..Self::get(path, token)
        }
    }
}

impl Stage {
    /// In memory, after set-up, with so many processes. The goal's rates are a large tenant's, and limits of rate are on, as
    /// they are on a stack.
    pub async fn start(processes: usize) -> Outcome<Self> {
        let variables = variables(&[("USHER_TENANT_SIZE", "large"), ("USHER_RATE_LIMITS", "true")]);
        Self::on(with_table(Database::memory()?)?, START.parse()?, processes, &variables).await
    }

    /// On this database, which has the table.
    pub async fn on(
        database: Arc<Database>,
        start: Timestamp,
        processes: usize,
        variables: &BTreeMap<String, String>,
    ) -> Outcome<Self> {
        let recorder = Recorder::before(database);
        let clock = ManualClock::at(start);
        let app = || -> Outcome<Arc<App>> {
            let client = SharedHttpClient::new(recorder.clone());
            Ok(App::with_http_client(settings(variables)?, clock.clone(), client)?)
        };
        let first = app()?;
        setup::local(&first).await?;
        // From a minute later on all partitions of a large tenant are written to.
        clock.advance(MINUTES);
        let mut routers = Vec::new();
        for _ in 0..processes {
            routers.push(serve::service(app()?, local::tables()));
        }
        let outbox = ::outbox::outbox(first.clone(), Arc::new(Memory::default()))?;
        recorder.take();
        Ok(Self {
            recorder,
            clock,
            app: first,
            processes: routers,
            outbox,
            api_key: variables.get("USHER_FIRST_API_KEY").cloned(),
        })
    }

    /// The answer's body, where the request succeeds.
    pub async fn ask(&self, process: usize, call: Call<'_>) -> Outcome<Value> {
        let (status, body) = self.answer(process, call.clone()).await?;
        match (200..300).contains(&status) {
            true => Ok(body),
            false => Err(format!("{} {}: {status} {body}", call.method, call.path).into()),
        }
    }

    /// The request with what each has here.
    pub fn request(&self, call: Call<'_>) -> Outcome<http::Request<Body>> {
        let mut request = http::Request::builder().method(call.method).uri(call.path);
        if !call.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", call.token));
        }
        if let Some(from) = call.from {
            request = request.extension(ConnectInfo(SocketAddr::from((from, 443))));
        }
        if let Some(key) = &self.api_key {
            request = request.header("x-api-key", key);
        }
        let body = match call.body {
            Value::Null => Body::empty(),
            body => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
        };
        Ok(request.body(body)?)
    }

    pub async fn answer(&self, process: usize, call: Call<'_>) -> Outcome<(u16, Value)> {
        let router = self.processes[process % self.processes.len()].clone();
        let Ok(answer) = router.oneshot(self.request(call)?).await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), usize::MAX).await?;
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }

    /// Hands the outbox what the stream would: the record of an item that came into being.
    pub async fn follow(&self, inserted: &Key) -> Outcome<()> {
        let record = json!({
            "eventID": "1", "eventName": "INSERT", "awsRegion": "eu-central-1",
            "dynamodb": {
                "Keys": { "PK": { "S": inserted.pk }, "SK": { "S": inserted.sk } },
                "SequenceNumber": "1", "SizeBytes": 1,
            },
        });
        handle(&self.outbox, Event::of(json!({ "Records": [record] }))?).await?;
        Ok(())
    }

    pub async fn sweep(&self) -> Outcome<()> {
        handle(&self.outbox, Event::Sweep).await?;
        Ok(())
    }
}

/// A new database, with the table in it.
pub fn with_table(database: Database) -> Outcome<Arc<Database>> {
    let mut table = local::table::Definition::shipped()?.create_table("usher");
    // Nobody reads its stream.
    table.as_object_mut().map(|table| table.remove("StreamSpecification"));
    database.create_table(serde_json::from_value(table)?)?;
    Ok(Arc::new(database))
}

pub fn settings(variables: &BTreeMap<String, String>) -> Outcome<Settings> {
    Settings::from_map(variables.clone().into_iter().collect()).map_err(|error| format!("{error:?}").into())
}

/// What the application reads from its environment here: these, and what every stage has.
pub fn variables(own: &[(&str, &str)]) -> BTreeMap<String, String> {
    let key = "k".repeat(64);
    let common = [
        ("USHER_TABLE", "usher"),
        ("USHER_STAGE", "local"),
        ("USHER_DEV_ENDPOINTS", "true"),
        ("USHER_ISSUER", "https://usher.example"),
        ("USHER_DYNAMODB_ENDPOINT", local::embedded::URL),
        ("USHER_MASTER_KEY", &key),
        ("USHER_CURSOR_KEY", &key),
        ("USHER_MAIL_FROM", "Usher <no-reply@usher.example>"),
        // What a hash costs is no unit.
        ("USHER_ARGON2", "m=8,t=1,p=1"),
        ("USHER_STORE_DEADLINE_MS", "30000"),
    ];
    let all = common.iter().chain(own);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
