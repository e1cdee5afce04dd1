//! The embedded DynamoDBs of tests. Set-up costs as much as all that many a test does, so it runs once in a process, and
//! a test begins with a copy of the table that it left. The tests that are about set-up run it themselves.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use dynoxide::Database;
use local::embedded::{Store, listener::routes};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use crate::support::World;

/// Serves an embedded DynamoDB on a socket; its URL.
pub async fn serve_dynamodb(db: Database) -> String {
    offer_dynamodb(db).await.0
}

/// The same, and how it is reached without the socket.
pub async fn offer_dynamodb(db: Database) -> (String, Store) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let db = Arc::new(db);
    let store = Store::new(&db, Handle::current());
    let router = routes(store.clone());
    tokio::spawn(async move {
        let served = axum::serve(listener, router).await;
        drop(db);
        served
    });
    (url, store)
}

/// The template's table, empty; without its stream, which no test here reads and which would slow every write.
pub fn create_table(db: &Database) {
    static REQUEST: LazyLock<Value> = LazyLock::new(|| {
        let mut request = local::table::Definition::shipped().unwrap().create_table("usher");
        request.as_object_mut().unwrap().remove("StreamSpecification");
        request
    });
    db.create_table(serde_json::from_value(REQUEST.clone()).unwrap())
        .unwrap();
}

/// A database in memory of which there can be copies.
pub struct Original {
    pub db: Database,
    /// By which another connection of SQLite's can open it too: what `Database::memory` makes has none.
    name: String,
}

impl Original {
    /// An empty one.
    pub fn empty() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("file:original-{number}?mode=memory&cache=shared");
        let db = Database::new(&name).unwrap();
        Self { db, name }
    }

    /// What this one is now.
    pub fn of(other: &Self) -> Self {
        let original = Self::empty();
        original.db.restore_from(&other.name).unwrap();
        original
    }

    /// Makes this database what it is now.
    pub fn restore(&self, db: &Database) {
        db.restore_from(&self.name).unwrap();
    }

    /// What it is now, in a database of its own.
    pub fn copy(&self) -> Database {
        let db = Database::memory().unwrap();
        self.restore(&db);
        db
    }
}

/// A table after set-up with these settings. Set-up runs once in a process for each list of settings, watched as any
/// world is; every table is a copy of what it left. So ids and signing keys are the same in all of them.
pub async fn table_set_up_with(settings: &[(&str, &str)]) -> Database {
    static SET_UP: Mutex<BTreeMap<String, Arc<OnceCell<Original>>>> = Mutex::new(BTreeMap::new());
    let cell = SET_UP
        .lock()
        .unwrap()
        .entry(format!("{settings:?}"))
        .or_default()
        .clone();
    let set_up = || async {
        let original = Original::empty();
        drop(World::fresh(original.db.clone(), settings).await);
        original
    };
    cell.get_or_init(set_up).await.copy()
}
