//! Set-up as CloudFormation calls it: its questions as it sends them (`events/setup/`), its answers on a real socket.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use setup::cloud::{self, handle};
use setup::cloudformation::{Event, FAREWELL};
use usher::app::App;
use usher::{Error, Result};

use super::{bare, with_key};
use crate::one_directory;
use crate::support::{Client, World, at_once, serve_http, settings_of};

const OWNER: &str = "owner@example.org";
const PASSWORD: &str = "Gen3rated-by-CloudFormation-012345";
const STACK: [(&str, &str); 2] = [("USHER_ADMIN_EMAIL", OWNER), ("USHER_ADMIN_SECRET", PASSWORD)];
/// Where no DynamoDB is.
const DOWN: &str = "http://127.0.0.1:9";

/// CloudFormation's end of it: takes answers, the next ones with these statuses in place of 200.
#[derive(Clone, Default)]
struct Stack {
    url: String,
    answers: Arc<Mutex<Vec<Value>>>,
    moods: Arc<Mutex<VecDeque<u16>>>,
}

impl Stack {
    async fn new() -> Self {
        let mut stack = Self::default();
        let taker = stack.clone();
        let take = move |request: axum::extract::Request| async move {
            let body = axum::body::to_bytes(request.into_body(), 4_096).await.unwrap();
            taker
                .answers
                .lock()
                .unwrap()
                .push(serde_json::from_slice(&body).unwrap());
            let mood = taker.moods.lock().unwrap().pop_front();
            axum::http::StatusCode::from_u16(mood.unwrap_or(200)).unwrap()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        stack.url = format!("http://{}/answer?X-Amz-Signature=0", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(take)).await });
        stack
    }

    /// A question of `events/setup/`, to be answered here.
    fn question(&self, kind: &str) -> Value {
        let file = format!("{}/../events/setup/{kind}.json", env!("CARGO_MANIFEST_DIR"));
        let mut question: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        question["ResponseURL"] = json!(self.url);
        question
    }

    /// Asks; the last answer, if there is one, and what the handler returns to Lambda.
    async fn ask(&self, app: &Arc<App>, question: &Value) -> (Value, Result<()>) {
        let outcome = handle(app, Event::of(question.clone()).unwrap()).await;
        let answers = std::mem::take(&mut *self.answers.lock().unwrap());
        (answers.last().cloned().unwrap_or_default(), outcome)
    }

    /// Asks what is answered with success.
    async fn done(&self, app: &Arc<App>, kind: &str) {
        let question = self.question(kind);
        let (answer, outcome) = self.ask(app, &question).await;
        let expected = json!({
            "Status": "SUCCESS", "PhysicalResourceId": "usher-setup", "StackId": question["StackId"],
            "RequestId": question["RequestId"], "LogicalResourceId": "Setup",
        });
        assert_eq!((answer, outcome), (expected, Ok(())), "{kind}");
    }

    /// Asks what is answered with failure; its reason.
    async fn failed(&self, app: &Arc<App>, kind: &str) -> String {
        let question = self.question(kind);
        let (answer, outcome) = self.ask(app, &question).await;
        assert_eq!(
            (answer["Status"].as_str(), outcome),
            (Some("FAILED"), Ok(())),
            "{kind}: {answer}"
        );
        assert_eq!(answer["PhysicalResourceId"], "usher-setup");
        answer["Reason"].as_str().unwrap().to_owned()
    }
}

/// Every item of the table, in an order of its own.
fn items(db: &dynoxide::Database) -> Vec<Value> {
    let request = serde_json::from_value(json!({ "TableName": "usher" })).unwrap();
    let answer = serde_json::to_value(db.scan(request).unwrap()).unwrap();
    assert!(answer["LastEvaluatedKey"].is_null(), "one page holds all of it");
    let mut items = answer["Items"].as_array().unwrap().clone();
    items.sort_by_key(|item| (item["PK"].to_string(), item["SK"].to_string()));
    items
}

/// Another version of the function, on the same table.
fn version(url: &str, settings: &[(&str, &str)]) -> Arc<App> {
    let clock = usher::ambient::ManualClock::at(crate::support::START.parse().unwrap());
    App::with_clock(settings_of(url, &[&STACK, settings].concat()), clock).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_is_created_updated_and_deleted_and_its_data_stays() {
    let stack = Stack::new().await;
    let (db, url, app) = bare(&STACK).await;
    stack.done(&app, "create").await;
    let created = items(&db);
    for (key, count) in [("KEY#", 2), ("ROLE#", 6), ("USER", 1), ("PERMISSION#", 6)] {
        assert_eq!(with_key(&created, key).len(), count, "{key}");
    }
    let api_keys = created
        .iter()
        .filter(|item| item["PK"]["S"].as_str().unwrap().contains("#APIKEY#"));
    assert_eq!(api_keys.count(), 1);
    // Another version of the function, another owner and another algorithm: one key more, and nothing else.
    stack.done(&app, "update").await;
    assert_eq!(items(&db), created);
    let changed = version(&url, &[("USHER_ADMIN_EMAIL", "other@example.org")]);
    stack.done(&changed, "update").await;
    assert_eq!(items(&db), created);
    stack.done(&changed, "delete").await;
    assert_eq!(items(&db), created);
    // A stack of the same name, made once more on the table that was kept.
    stack.done(&app, "create").await;
    assert_eq!(items(&db), created);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_comes_twice_or_twice_at_once_is_answered_twice_and_done_once() {
    let stack = Stack::new().await;
    let (db, _, app) = bare(&STACK).await;
    let created = at_once(4, |_| {
        let (app, stack) = (app.clone(), stack.clone());
        async move { handle(&app, Event::of(stack.question("create")).unwrap()).await }
    })
    .await;
    assert_eq!(created, [Ok(()), Ok(()), Ok(()), Ok(())]);
    let answers = std::mem::take(&mut *stack.answers.lock().unwrap());
    assert!(
        answers.len() == 4 && answers.iter().all(|answer| answer["Status"] == "SUCCESS"),
        "{answers:?}"
    );
    let made = items(&db);
    stack.done(&app, "create").await;
    assert_eq!(items(&db), made);
    for (key, count) in [("KEY#", 2), ("ROLE#", 6), ("USER", 1), ("PERMISSION#", 6)] {
        assert_eq!(with_key(&made, key).len(), count, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_fails_states_why_changes_nothing_and_is_rolled_back() {
    let stack = Stack::new().await;
    let (db, url, app) = bare(&STACK).await;
    stack.done(&app, "create").await;
    let base = serve_http(app.clone()).await;
    let other = "o".repeat(64);
    for (at, setting, value, reason) in [
        (DOWN, "USHER_ADMIN_EMAIL", OWNER, "127.0.0.1"),
        (&url, "USHER_ADMIN_EMAIL", "nobody", "USHER_ADMIN_EMAIL: "),
        (
            &url,
            "USHER_ADMIN_SECRET",
            "Admin@123",
            "the documented one of the local server",
        ),
        (
            &url,
            "USHER_MASTER_KEY",
            &other,
            "the master key is another one; see docs/operations.md, The master key",
        ),
        (&url, "USHER_MASTER_KEY", "short", "USHER_MASTER_KEY: "),
        (&url, "USHER_MASTER_KEY", "", "USHER_MASTER_KEY_SECRET is not set"),
        (&url, "USHER_FIRST_API_KEY", "short", "the first API key has less than"),
    ] {
        let old = items(&db);
        let new = version(at, &[(setting, value)]);
        let failure = stack.failed(&new, "update").await;
        assert!(failure.contains(reason), "{setting}={value}: {failure}");
        assert!(
            !failure.contains(PASSWORD) && (value.len() < 32 || !failure.contains(value)),
            "{failure}"
        );
        assert_eq!(items(&db), old, "{setting}={value}");
        // The versions before it go on serving, and CloudFormation goes back by calling one of them.
        let login = json!({ "email": OWNER, "password": PASSWORD });
        let client = client(&base);
        assert_eq!(
            client.post("/api/auth/token", login.clone()).await.status,
            200,
            "{setting}={value}"
        );
        stack.done(&app, "update").await;
    }
}

fn client(base: &str) -> Client {
    Client {
        base: base.to_owned(),
        token: String::new(),
        api_key: crate::support::API_KEY.to_owned(),
        http: reqwest::Client::new(),
        secrets: crate::watch::Secrets::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_could_not_be_created_and_one_whose_table_is_gone_can_be_deleted() {
    let stack = Stack::new().await;
    let app = version(DOWN, &[]);
    stack.failed(&app, "create").await;
    // With the id that its failure was answered with; and with one of CloudFormation's own, where nobody answered.
    stack.done(&app, "delete").await;
    let mut question = stack.question("delete");
    question["PhysicalResourceId"] = json!("usher-dev-Setup-1A2B3C4D5E6F");
    let (answer, outcome) = stack.ask(&app, &question).await;
    assert_eq!((answer["Status"].as_str(), outcome), (Some("SUCCESS"), Ok(())));
    assert_eq!(answer["PhysicalResourceId"], question["PhysicalResourceId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_taken_is_sent_again_and_in_the_end_it_is_lambdas_to_call_once_more() {
    let stack = Stack::new().await;
    let (_db, _, app) = bare(&STACK).await;
    stack.moods.lock().unwrap().extend([503, 500]);
    stack.done(&app, "create").await;
    stack.moods.lock().unwrap().extend([503; 5]);
    let (_, outcome) = stack.ask(&app, &stack.question("update")).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    // Lambda's second call.
    stack.done(&app, "update").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_owner_signs_in_by_every_contract_and_can_only_change_the_password_until_that_is_done() {
    let stack = Stack::new().await;
    for contract in one_directory::ALL {
        let (db, url, app) = bare(&STACK).await;
        stack.done(&app, "create").await;
        // As another function on the same table; what the local server makes besides is not this test's.
        let world = World::on(db, url, &STACK).await;
        let token = contract.token(&contract.login(&world, OWNER, PASSWORD).await);
        let owner = world.with_token(&token);
        for path in ["/api/users", "/v1/admin/users", "/admin/users"] {
            assert_eq!(owner.get(path).await.status, 403, "{contract:?}: {path}");
        }
        let new = json!({ "currentPassword": PASSWORD, "newPassword": "correct horse battery" });
        assert_eq!(
            owner.post("/api/auth/change-password", new).await.status,
            204,
            "{contract:?}"
        );
        for path in ["/api/users", "/v1/admin/users", "/admin/users"] {
            assert_eq!(owner.get(path).await.status, 200, "{contract:?}: {path}");
        }
        assert_ne!(
            contract.login(&world, OWNER, PASSWORD).await.status,
            200,
            "{contract:?}"
        );
        contract.token(&contract.login(&world, OWNER, "correct horse battery").await);
    }
}

#[test]
fn the_functions_time_holds_set_up_and_its_answer_and_the_stack_waits_for_a_second_call() {
    let template = yaml_rust2::YamlLoader::load_from_str(include_str!("../../../../template.yaml")).unwrap();
    let seconds = |resource: &str, name: &str| {
        let value = template[0]["Resources"][resource]["Properties"][name].as_i64().unwrap();
        u64::try_from(value).unwrap()
    };
    let timeout = seconds("SetupFunction", "Timeout");
    assert!((cloud::LONGEST + FAREWELL).as_secs() < timeout);
    // One that is killed all the same is called again after a minute (AWS: asynchronous invocation).
    assert!(timeout + 60 + timeout < seconds("Setup", "ServiceTimeout"));
    assert!(
        seconds("Setup", "ServiceTimeout") <= 600,
        "a stack does not hang for an hour"
    );
}
