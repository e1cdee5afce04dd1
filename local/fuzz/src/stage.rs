//! Usher in this process, over an embedded DynamoDB in memory that is as set-up left it before each input.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use axum::Router;
use axum::body::{Body, to_bytes};
use dynoxide::Database;
use http::request::Builder;
use http::{HeaderMap, Request, StatusCode};
use local::embedded::{self, Store};
use serde_json::{Value, json};
use tokio::runtime::{self, Runtime};
use tower::ServiceExt;
use usher::ambient::ManualClock;
use usher::app::App;
use usher::http::serve;
use usher::settings::Settings;

/// In the middle of a month, which histories are kept by.
const START: &str = "2026-11-22T08:00:00Z";
pub const API_KEY: &str = "an API key of the targets, of some length";
/// The account that requests are about, and its role.
pub const ADDRESS: &str = "jane@example.org";
pub const ROLE: &str = "editor";
const PASSWORD: &str = "correct horse battery staple";

pub struct Stage {
    runtime: Runtime,
    /// What requests change.
    database: Arc<Database>,
    /// As it is before each of them, for as long as somebody has it open, and the name by which SQLite copies it.
    _original: Arc<Database>,
    name: String,
    pub app: Arc<App>,
    /// What stands in inputs for what is another thing each time.
    replacements: Vec<(&'static str, String)>,
}

impl Stage {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        // One thread, so that the same input takes the same way.
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let name = format!(
            "file:fuzz-{}?mode=memory&cache=shared",
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let original = Arc::new(Database::new(&name).unwrap());
        let mut table = local::table::Definition::shipped().unwrap().create_table("usher");
        // Nobody reads its stream.
        table.as_object_mut().unwrap().remove("StreamSpecification");
        original.create_table(serde_json::from_value(table).unwrap()).unwrap();
        let replacements = runtime.block_on(set_up(&app(&original, &runtime)));
        let database = Arc::new(Database::memory().unwrap());
        let app = app(&database, &runtime);
        Self {
            runtime,
            database,
            _original: original,
            name,
            app,
            replacements,
        }
    }

    /// Runs this on the table as it was after set-up.
    pub fn play<T>(&self, work: impl Future<Output = T>) -> T {
        self.database.restore_from(&self.name).unwrap();
        self.runtime.block_on(work)
    }

    /// A text of the corpus, with the words of this stage.
    pub fn filled(&self, text: &str) -> String {
        let fill = |text: String, (name, value): &(&str, String)| text.replace(name, value);
        self.replacements.iter().fold(text.to_owned(), fill)
    }
}

/// Usher before this database, whose operations run on this runtime.
fn app(database: &Arc<Database>, runtime: &Runtime) -> Arc<App> {
    let client = SharedHttpClient::new(Store::new(database, runtime.handle().clone()));
    let clock = ManualClock::at(START.parse().unwrap());
    App::with_http_client(settings(), clock, client).unwrap()
}

fn settings() -> Settings {
    let key = "k".repeat(64);
    let variables: HashMap<String, String> = [
        ("USHER_TABLE", "usher"),
        ("USHER_STAGE", "local"),
        ("USHER_DEV_ENDPOINTS", "true"),
        ("USHER_ISSUER", "https://usher.example"),
        ("USHER_DYNAMODB_ENDPOINT", embedded::URL),
        ("USHER_MASTER_KEY", &key),
        ("USHER_CURSOR_KEY", &key),
        ("USHER_FIRST_API_KEY", API_KEY),
        ("USHER_MAIL_FROM", "Usher <no-reply@usher.example>"),
        ("USHER_ARGON2", "m=8,t=1,p=1"),
        ("USHER_STORE_DEADLINE_MS", "60000"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    Settings::from_map(variables).unwrap()
}

/// Set-up, and what requests are about. What of it an input names: ids and tokens, as samples and examples have them.
async fn set_up(app: &Arc<App>) -> Vec<(&'static str, String)> {
    setup::local(app).await.unwrap();
    let routes = serve::service(app.clone(), local::tables());
    let login = json!({ "username": "owner", "password": "Owner@12345" });
    let owner = asked(&routes, "/api/auth/login", "", &login).await["token"].clone();
    let owner = owner.as_str().unwrap();
    let jane = json!({ "email": ADDRESS, "username": "jane", "password": PASSWORD });
    let jane = asked(&routes, "/api/users", owner, &jane).await["id"].clone();
    asked(&routes, "/api/roles", owner, &json!({ "name": ROLE })).await;
    let login = json!({ "email": ADDRESS, "password": PASSWORD });
    let pair = asked(&routes, "/api/auth/token", "", &login).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    vec![
        ("0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", text(&jane)),
        ("019ab0f2-1d5a-7c33-8e4f-6a7b8c9d0e1f", text(&jane)),
        ("{{ownToken}}", text(&pair["accessToken"])),
        ("{{refreshToken}}", text(&pair["refreshToken"])),
        ("{{token}}", owner.to_owned()),
        ("{{apiKey}}", API_KEY.to_owned()),
    ]
}

async fn asked(routes: &Router, path: &str, token: &str, body: &Value) -> Value {
    let request = request("POST", path, token).header("content-type", "application/json");
    let answer = answer(routes, request.body(Body::from(body.to_string())).unwrap()).await;
    assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.text);
    answer.body
}

/// A request of whoever has this token; of nobody where it is empty.
pub fn request(method: &str, path: &str, token: &str) -> Builder {
    let request = Request::builder().method(method).uri(path).header("x-api-key", API_KEY);
    match token {
        "" => request,
        token => request.header("authorization", format!("Bearer {token}")),
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    /// Null where it is no JSON.
    pub body: Value,
}

pub async fn answer(routes: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = routes.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
    }
}
