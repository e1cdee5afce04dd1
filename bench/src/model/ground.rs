//! Usher as it is deployed, in this process: the routes of all functions, twice over one embedded DynamoDB, each with caches
//! of its own as instances of a function have them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use axum::Router;
use axum::body::{Body, to_bytes};
use dynoxide::Database;
use dynoxide::actions::scan::ScanRequest;
use http::Method;
use local::embedded::Store;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tower::ServiceExt;
use usher::ambient::{Clock, ManualClock};
use usher::app::App;
use usher::http::serve;

use super::calls::Call;
use super::expected::Answer;
use super::kept::{Kept, Passwords, Unknown, kept, unknown};
use crate::stage::{Outcome, START, settings, variables, with_table};

const API_KEY: &str = "an-api-key-of-the-model-that-is-long-enough";
/// As long as a development principal's token can last, in seconds.
const DAY: i64 = 86_400;

fn app(database: &Arc<Database>, clock: Arc<ManualClock>) -> Outcome<Arc<App>> {
    let variables = variables(&[
        ("USHER_FIRST_API_KEY", API_KEY),
        ("USHER_HASH_PARALLEL", "8"),
        ("USHER_STORE_DEADLINE_MS", "60000"),
    ]);
    let client = SharedHttpClient::new(Store::new(database, Handle::current()));
    Ok(App::with_http_client(settings(&variables)?, clock, client)?)
}

/// A table after set-up, of which there can be copies.
pub struct Original {
    name: String,
    /// As long as it is open, it is there.
    _database: Arc<Database>,
}

impl Original {
    pub async fn new() -> Outcome<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("file:model-{number}?mode=memory&cache=shared");
        let database = with_table(Database::new(&name)?)?;
        let clock = ManualClock::at(START.parse()?);
        setup::local(&app(&database, clock)?).await?;
        Ok(Self {
            name,
            _database: database,
        })
    }

    fn copy(&self) -> Outcome<Arc<Database>> {
        let database = Database::memory()?;
        database.restore_from(&self.name)?;
        Ok(Arc::new(database))
    }
}

pub struct Ground {
    database: Arc<Database>,
    clock: Arc<ManualClock>,
    instances: [Router; 2],
    /// Of the second.
    app: Arc<App>,
    passwords: Mutex<Passwords>,
    /// The principal's token, and the second at which it ends.
    principal: (String, i64),
}

impl Ground {
    pub async fn new(original: &Original) -> Outcome<Self> {
        let database = original.copy()?;
        let clock = ManualClock::at(START.parse()?);
        let apps = [app(&database, clock.clone())?, app(&database, clock.clone())?];
        let instances = apps.clone().map(|app| serve::service(app, local::tables()));
        let [_, app] = apps;
        let mut ground = Self {
            database,
            clock,
            instances,
            app,
            passwords: Mutex::default(),
            principal: (String::new(), 0),
        };
        ground.sign_in().await?;
        Ok(ground)
    }

    pub fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    /// Lets seconds go by.
    pub async fn wait(&mut self, seconds: u32) -> Outcome<()> {
        self.clock.advance(i64::from(seconds));
        match self.now() + 60 >= self.principal.1 {
            true => self.sign_in().await,
            false => Ok(()),
        }
    }

    async fn sign_in(&mut self) -> Outcome<()> {
        let body = json!({ "username": "model", "roles": ["owner"], "expiresIn": DAY });
        let request = request(&Method::POST, "/api/auth/dev-token", None, &body)?;
        let answer = sent(self.instances[0].clone(), request).await?;
        if answer.status != 200 {
            return Err(format!("no principal: {answer:?}").into());
        }
        self.principal = (answer.text("/token"), self.now() + DAY);
        Ok(())
    }

    /// Sends a request, to the one instance or the other.
    pub fn send(&self, call: &Call, instance: usize) -> impl Future<Output = Outcome<Answer>> + Send + 'static {
        let token = match call.by {
            super::calls::By::Principal => Some(self.principal.0.clone()),
            _ => call.token.clone(),
        };
        let request = request(&call.method, &call.path, token.as_deref(), &call.body);
        let router = self.instances[instance % 2].clone();
        async move { sent(router, request?).await }
    }

    /// What the principal reads.
    pub async fn get(&self, path: &str) -> Outcome<Value> {
        let request = request(&Method::GET, path, Some(&self.principal.0), &Value::Null)?;
        let answer = sent(self.instances[1].clone(), request).await?;
        match answer.status {
            200 => Ok(answer.body),
            status => Err(format!("{path}: {status} {}", answer.body).into()),
        }
    }

    /// What is kept of the accounts of these ids, whose roles' names are here by their ids.
    pub async fn kept(
        &self,
        ids: impl Iterator<Item = &String>,
        roles: &BTreeMap<String, Value>,
    ) -> Outcome<BTreeMap<String, Kept>> {
        kept(&self.app, &self.passwords, ids, roles).await
    }

    /// What is counted of names that are nobody's.
    pub async fn unknown(&self) -> Outcome<Unknown> {
        unknown(&self.app).await
    }

    /// Notes a password that Usher made.
    pub async fn note_password(&self, made: String) {
        self.passwords.lock().await.note(made);
    }

    /// All that is in the table, as DynamoDB's JSON.
    pub fn items(&self) -> Outcome<Vec<Value>> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let page = self.database.scan(ScanRequest {
                table_name: "usher".to_owned(),
                exclusive_start_key: start,
                ..ScanRequest::default()
            })?;
            for item in page.items.unwrap_or_default() {
                items.push(serde_json::to_value(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

fn request(method: &Method, path: &str, token: Option<&str>, body: &Value) -> Outcome<http::Request<Body>> {
    let mut request = http::Request::builder().method(method).uri(path.replace('@', "%40"));
    request = request.header("x-api-key", API_KEY);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = match body {
        Value::Null => Body::empty(),
        body => {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        }
    };
    Ok(request.body(body)?)
}

async fn sent(router: Router, request: http::Request<Body>) -> Outcome<Answer> {
    let Ok(answer) = router.oneshot(request).await;
    let status = answer.status().as_u16();
    let body = to_bytes(answer.into_body(), usize::MAX).await?;
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Answer { status, body })
}
