//! Mail on this machine: what the function `outbox` does in the cloud, done in this process. The embedded DynamoDB's
//! stream is read as Lambda reads a table's, its records are handed over in the event that Lambda makes of them, and the
//! sweep comes by a timer. Another DynamoDB may be without a stream: there the sweep does all.

use std::sync::Arc;
use std::time::Duration;

use outbox::handlers::handle;
use outbox::wire::Event;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use usher::actions::outbox::Outbox;

use crate::error::Result;

mod eml;
mod letters;
pub mod page;
mod records;

pub use letters::Letters;
pub use records::Records;

/// How far apart the sweeps are. (In the cloud it is a minute: there each costs something.)
const BETWEEN_SWEEPS: Duration = Duration::from_secs(5);

/// The outbox at work. Dropping it lets it end what it is at, without waiting for that.
#[derive(Debug)]
pub struct Sending {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Sending {
    /// Begins to send: at once what is due, then what comes.
    pub fn start(outbox: Arc<Outbox>, records: Option<Records>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(work(outbox, records, stopped));
        Self { stop, task }
    }

    /// Lets it end what it is at.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the outbox ended in a panic");
        }
    }
}

async fn work(outbox: Arc<Outbox>, mut records: Option<Records>, mut stopped: watch::Receiver<bool>) {
    let mut sweeps = tokio::time::interval(BETWEEN_SWEEPS);
    sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let event = tokio::select! {
            // Or its sender is gone.
            _ = stopped.wait_for(|stop| *stop) => return,
            _ = sweeps.tick() => Ok(Event::Sweep),
            event = next(records.as_mut()) => event,
        };
        match event {
            Ok(event) => sent(&outbox, event).await,
            Err(error) => {
                // The sweep goes on.
                tracing::warn!(%error, "the table's stream cannot be read: mail takes a few seconds longer");
                records = None;
            }
        }
    }
}

/// What fails here is still in the table, and due again soon.
async fn sent(outbox: &Outbox, event: Event) {
    match handle(outbox, event).await {
        Ok(answer) if answer.batch_item_failures.is_empty() => {}
        Ok(answer) => tracing::warn!(
            mails = answer.batch_item_failures.len(),
            "the table did not answer the outbox"
        ),
        Err(error) => tracing::warn!(%error, "the table did not answer the outbox"),
    }
}

async fn next(records: Option<&mut Records>) -> Result<Event> {
    match records {
        Some(records) => records.next().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::path::Path;

    use serde_json::{Value, json};

    use crate::{DynamoDb, Options, Stack};

    /// A stack that listens; its address.
    async fn listening(stack: &Stack) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let service = stack.router.clone().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        address
    }

    /// Invites somebody through the directory's API.
    async fn invite(address: &str, email: &str) {
        let http = reqwest::Client::new();
        let post = |path: &str, body: Value| http.post(format!("{address}{path}")).json(&body);
        let login = json!({ "username": "owner", "password": "Owner@12345" });
        let login: Value = post("/api/auth/login", login)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let new = post("/api/users", json!({ "email": email })).bearer_auth(login["token"].as_str().unwrap());
        assert_eq!(new.send().await.unwrap().status(), 201);
    }

    /// What `/dev/outbox` lists, once there is something.
    async fn listed(address: &str) -> Value {
        loop {
            let list: Value = reqwest::get(format!("{address}/dev/outbox"))
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            if !list.as_array().unwrap().is_empty() {
                return list;
            }
            tokio::task::yield_now().await;
        }
    }

    fn files(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory.join("outbox")).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_account_without_a_password_leads_to_a_mail_in_the_data_directory_by_way_of_the_stream() {
        let place = tempfile::tempdir().unwrap();
        let options = Options {
            directory: Some(place.path().to_owned()),
            ..Options::default()
        };
        let stack = Stack::start(options.clone()).await.unwrap();
        let address = listening(&stack).await;
        invite(&address, "jane@example.org").await;
        let list = listed(&address).await;
        let id = list[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(list[0]["to"], "jane@example.org");
        assert_eq!(list[0]["subject"], "You have an account: choose a password");
        assert_eq!(files(place.path()), [format!("{id}.eml")]);
        let text = reqwest::get(format!("{address}{}", list[0]["text"].as_str().unwrap()))
            .await
            .unwrap();
        assert_eq!(text.headers()["content-type"], "text/plain; charset=utf-8");
        let text = text.text().await.unwrap();
        assert!(
            text.contains("\nhttp://127.0.0.1:3000/set-password#usher_ot_"),
            "{text}"
        );
        stack.stop().await.unwrap();
        assert!(
            !place.path().join("dynamodb.sqlite-wal").exists(),
            "SQLite was not closed"
        );
        // The letters of the last run are still there, and nothing is sent again.
        let stack = Stack::start(options).await.unwrap();
        assert_eq!(listed(&listening(&stack).await).await.as_array().unwrap().len(), 1);
        assert_eq!(files(place.path()), [format!("{id}.eml")]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_a_stream_the_sweep_sends_and_without_a_directory_mail_is_in_memory() {
        let offered = Options {
            dynamodb: DynamoDb::Embedded(Some(([127, 0, 0, 1], 0).into())),
            ..Options::default()
        };
        let theirs = Stack::start(offered).await.unwrap();
        let options = Options {
            dynamodb: DynamoDb::At(theirs.dynamodb_url.clone().unwrap()),
            settings: [("USHER_TABLE".to_owned(), "second".to_owned())].into(),
            ..Options::default()
        };
        let ours = Stack::start(options.clone()).await.unwrap();
        let address = listening(&ours).await;
        invite(&address, "jane@b\u{fc}cher.example").await;
        let list = listed(&address).await;
        assert_eq!(list[0]["to"], "jane@xn--bcher-kva.example");
        let page = reqwest::get(format!("{address}{}", list[0]["text"].as_str().unwrap()))
            .await
            .unwrap();
        let text = page.text().await.unwrap();
        assert!(text.contains("jane@b\u{fc}cher.example"), "{text}");
        ours.stop().await.unwrap();
        theirs.stop().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_browser_gets_a_page_and_whoever_asks_for_no_mail_of_ours_gets_404() {
        let stack = Stack::start(Options::default()).await.unwrap();
        let address = listening(&stack).await;
        invite(&address, "o'neil&sons@example.org").await;
        listed(&address).await;
        let http = reqwest::Client::new();
        let page = http
            .get(format!("{address}/dev/outbox"))
            .header("accept", "text/html,*/*")
            .send()
            .await
            .unwrap();
        assert_eq!(
            page.headers()["content-security-policy"],
            "default-src 'none'; style-src 'unsafe-inline'"
        );
        let page = page.text().await.unwrap();
        assert!(
            page.contains("o&#39;neil&#38;sons@example.org") && !page.contains("neil&sons"),
            "{page}"
        );
        for path in [
            "x",
            "..%2Fkeys.json",
            "019ab0f2-1d5a-7c33-8e4f-6a7b8c9d0e1f",
            "keys.json",
        ] {
            let answer = reqwest::get(format!("{address}/dev/outbox/{path}")).await.unwrap();
            assert_eq!(answer.status(), 404, "{path}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_development_routes_nobody_sees_the_mail() {
        let options = Options {
            settings: [("USHER_DEV_ENDPOINTS".to_owned(), "false".to_owned())].into(),
            ..Options::default()
        };
        let stack = Stack::start(options).await.unwrap();
        let address = listening(&stack).await;
        for path in ["/dev/outbox", "/dev/outbox/019ab0f2-1d5a-7c33-8e4f-6a7b8c9d0e1f"] {
            assert_eq!(
                reqwest::get(format!("{address}{path}")).await.unwrap().status(),
                404,
                "{path}"
            );
        }
    }
}
