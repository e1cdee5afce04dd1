//! A world of its own for each test: an embedded DynamoDB in memory, the whole of Usher in front of it on a real
//! socket, a clock that stands still until it is moved, and passwords that cost next to nothing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use axum::Router;
use dynoxide::Database;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::types::Item;
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use usher::ambient::{Clock, ManualClock};
use usher::app::App;
use usher::http::serve;
use usher::jiff::Timestamp;
use usher::settings::Settings;

use crate::databases::{create_table, offer_dynamodb, serve_dynamodb, table_set_up_with};
use crate::watch::{Secrets, Watch};

/// When every test begins.
pub const START: &str = "2026-11-22T08:00:00Z";

/// One Usher.
pub struct World {
    pub base: String,
    pub app: Arc<App>,
    pub clock: Arc<ManualClock>,
    pub db: Database,
    pub dynamodb: String,
    pub watch: Watch,
    /// One for all who send requests: each of its own would connect anew.
    http: reqwest::Client,
}

impl World {
    /// A world after set-up.
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The same with other settings (`USHER_…`).
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::later(table_set_up_with(settings).await, settings, START.parse().unwrap()).await
    }

    /// A world on a table that another one left at this moment.
    pub async fn later(db: Database, settings: &[(&str, &str)], now: Timestamp) -> Self {
        let (dynamodb, store) = offer_dynamodb(db.clone()).await;
        let clock = ManualClock::at(now);
        let settings = settings_of(&dynamodb, settings);
        // As the local server reaches it.
        let http = SharedHttpClient::new(store);
        let app = App::with_http_client(settings, clock.clone(), http).unwrap();
        Self::serving(app, clock, db, dynamodb, Watch::new()).await
    }

    /// A world on an empty table of its own on which set-up runs now, and is watched as its requests are.
    pub async fn fresh(db: Database, settings: &[(&str, &str)]) -> Self {
        create_table(&db);
        let dynamodb = serve_dynamodb(db.clone()).await;
        Self::on(db, dynamodb, settings).await
    }

    /// A world on a DynamoDB that is there already: perhaps behind a proxy, perhaps another world's.
    pub async fn on(db: Database, dynamodb: String, settings: &[(&str, &str)]) -> Self {
        let clock = ManualClock::at(START.parse().unwrap());
        let app = App::with_clock(settings_of(&dynamodb, settings), clock.clone()).unwrap();
        let watch = Watch::new();
        watch.over("setup", setup::local(&app)).await.unwrap();
        Self::serving(app, clock, db, dynamodb, watch).await
    }

    /// A world of this application, on a table that is set up.
    pub async fn serving(app: Arc<App>, clock: Arc<ManualClock>, db: Database, dynamodb: String, watch: Watch) -> Self {
        Self {
            base: serve_routes(watch.around(serve::service(app.clone(), tables()))).await,
            app,
            clock,
            db,
            dynamodb,
            watch,
            http: reqwest::Client::new(),
        }
    }

    /// Nobody: requests without a token.
    pub fn nobody(&self) -> Client {
        self.with_token("")
    }

    /// Requests with this token.
    pub fn with_token(&self, token: &str) -> Client {
        Client {
            base: self.base.clone(),
            token: token.to_owned(),
            api_key: API_KEY.to_owned(),
            http: self.http.clone(),
            secrets: self.watch.secrets.clone(),
        }
    }

    /// The first administrator (rank `admin`).
    pub async fn admin(&self) -> Client {
        self.signed_in("admin", "Admin@123").await
    }

    /// The first owner.
    pub async fn owner(&self) -> Client {
        self.signed_in("owner", "Owner@12345").await
    }

    /// Whoever has this name and password.
    pub async fn signed_in(&self, name: &str, password: &str) -> Client {
        let body = json!({ "username": name, "password": password });
        let reply = self.nobody().post("/api/auth/login", body).await;
        assert_eq!(reply.status, 200, "{name} cannot log in: {}", reply.text);
        self.with_token(reply.body["token"].as_str().unwrap())
    }

    /// An account with an address alone and the password `correct horse`, made by the owner; its id.
    pub async fn user(&self, email: &str) -> String {
        let reply = self
            .owner()
            .await
            .post("/api/users", json!({ "email": email, "password": PASSWORD }))
            .await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.body["id"].as_str().unwrap().to_owned()
    }

    /// The same with these roles beside `user`.
    pub async fn user_with(&self, email: &str, roles: &[&str]) -> String {
        let body = json!({ "email": email, "password": PASSWORD, "roles": roles });
        let reply = self.owner().await.post("/api/users", body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.body["id"].as_str().unwrap().to_owned()
    }

    /// The moment that the clock shows.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Every item of the table, as DynamoDB JSON.
    pub fn items(&self) -> Vec<Value> {
        let items = self.scan().into_iter();
        items.map(|item| serde_json::to_value(item).unwrap()).collect()
    }

    /// Every item of the table.
    pub fn scan(&self) -> Vec<Item> {
        scan(&self.db)
    }
}

/// Every item of the table in this database.
pub fn scan(db: &Database) -> Vec<Item> {
    let mut items = Vec::new();
    let mut start = None;
    loop {
        let request = ScanRequest {
            table_name: "usher".to_owned(),
            exclusive_start_key: start,
            ..ScanRequest::default()
        };
        let page = db.scan(request).unwrap();
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() {
            return items;
        }
    }
}

/// The text of the API key that set-up makes.
pub const API_KEY: &str = "an API key of the tests, of some length";

/// The password of accounts that tests make.
pub const PASSWORD: &str = "correct horse";

/// Settings of a test's Usher.
pub fn settings_of(dynamodb: &str, overrides: &[(&str, &str)]) -> Settings {
    let key = "k".repeat(64);
    let mut vars: HashMap<String, String> = [
        ("USHER_TABLE", "usher"),
        ("USHER_STAGE", "local"),
        ("USHER_DEV_ENDPOINTS", "true"),
        ("USHER_ISSUER", "https://usher.test"),
        ("USHER_DYNAMODB_ENDPOINT", dynamodb),
        ("USHER_MASTER_KEY", &key),
        ("USHER_CURSOR_KEY", &key),
        ("USHER_FIRST_API_KEY", API_KEY),
        ("USHER_MAIL_FROM", "Usher <no-reply@usher.test>"),
        ("USHER_ARGON2", "m=8,t=1,p=1"),
        ("USHER_HASH_PARALLEL", "8"),
        // Hundreds of requests at once on two cores are slow, and no fault of the store's.
        ("USHER_STORE_DEADLINE_MS", "60000"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    vars.extend(
        overrides
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    Settings::from_map(vars).unwrap()
}

/// Serves Usher on a socket; its URL.
pub async fn serve_http(app: Arc<App>) -> String {
    serve_routes(serve::service(app, tables())).await
}

/// Serves these routes on a socket; their URL.
pub async fn serve_routes(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    url
}

/// Every function's routes.
pub fn tables() -> Vec<usher::http::routes::Routes> {
    local::tables()
}

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Client {
    pub base: String,
    pub token: String,
    /// Sent with every request, unless it is empty.
    pub api_key: String,
    pub http: reqwest::Client,
    /// What its requests send and are given that no log may hold.
    pub secrets: Secrets,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    /// The body where it is JSON, else null.
    pub body: Value,
}

impl Reply {
    /// The `type` of its Problem Details, without the prefix.
    pub fn problem(&self) -> &str {
        self.body["type"]
            .as_str()
            .unwrap_or_default()
            .trim_start_matches("/problems/")
    }

    /// The pointers of its validation errors.
    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|error| error["pointer"].as_str()).collect()
    }

    /// A header's text; empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// A string of the body.
    pub fn str(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }
}

impl Client {
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    /// A `POST` without a body.
    pub async fn post_empty(&self, path: &str) -> Reply {
        self.send(Method::POST, path, None, &[]).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body), &[]).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None, &[]).await
    }

    /// A request with headers of its own.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Reply {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        self.secrets.keep(&self.token);
        self.secrets.keep(&self.api_key);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if !self.api_key.is_empty() {
            request = request.header("x-api-key", &self.api_key);
        }
        if let Some(body) = body {
            self.secrets.keep_of(&body);
            request = request.json(&body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = reply(request).await;
        self.secrets.keep_of(&reply.body);
        reply
    }
}

/// Sends a request as it is.
pub async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_default();
    Reply {
        status,
        headers,
        text,
        body,
    }
}

/// Runs this many of these at once; their outcomes in order.
pub async fn at_once<F, Fut, T>(many: usize, one: F) -> Vec<T>
where
    F: Fn(usize) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let tasks: Vec<_> = (0..many).map(|n| tokio::spawn(one(n))).collect();
    let mut outcomes = Vec::with_capacity(many);
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

/// These, and how far a long test is with them, for whoever reads along (`--nocapture`).
pub fn steps<I: IntoIterator<IntoIter: ExactSizeIterator>>(all: I) -> impl Iterator<Item = I::Item> {
    let all = all.into_iter();
    let (many, between) = (all.len(), (all.len() / 20).max(1));
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    all.enumerate().map(move |(n, step)| {
        if n % between == 0 {
            eprintln!("{test}: {n} of {many}");
        }
        step
    })
}

/// An account as bodies show it: every personal field, null where this one does not have it, and no failed login.
pub fn whole(account: Value) -> Value {
    let mut whole = json!({
        "kind": "person",
        "firstName": null, "middleName": null, "lastName": null, "displayName": null, "gender": null, "age": null,
        "address": { "country": null, "city": null, "street": null },
        "contact": {
            "mobile": null, "email": null, "website": null, "facebook": null, "instagram": null, "tikTok": null,
            "youtube": null, "twitter": null,
        },
        "failedLoginCount": 0,
    });
    for (name, value) in account.as_object().unwrap() {
        match value {
            Value::Object(fields) => fields
                .iter()
                .for_each(|(field, value)| whole[name][field] = value.clone()),
            value => whole[name] = value.clone(),
        }
    }
    whole
}
