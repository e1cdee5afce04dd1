//! The power goes out: `kill -9` in the middle of 200 creations at once, then a start on the same data. What is in the
//! table then is whole: no account without what its existence implies, nothing that implies an account that is not there.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use local::dynamodb::Client;
use serde_json::{Value, json};
use usher::domain::role::USER;

struct Server {
    process: Child,
    address: String,
    dynamodb: Client,
}

impl Server {
    fn start(data: &std::path::Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
        command
            .args(["--port", "0", "--dynamodb-listen", "127.0.0.1:0", "--data-dir"])
            .arg(data);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("USHER_")) {
            command.env_remove(name);
        }
        // The cheapest passwords that are any, so that most of the time goes into writing.
        command
            .env("USHER_ARGON2", "m=8,t=1,p=1")
            .env("USHER_HASH_PARALLEL", "8");
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut after = |label: &str| {
            let found = said.find_map(|line| Some(line.unwrap().trim().strip_prefix(label)?.trim().to_owned()));
            found.unwrap_or_else(|| panic!("it never said {label}"))
        };
        let address = after("Usher listens on");
        let dynamodb = Client::new(&after("DynamoDB ")).unwrap();
        std::thread::spawn(move || said.for_each(drop));
        Self {
            process,
            address,
            dynamodb,
        }
    }

    fn kill(&mut self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
        self.process.wait().unwrap();
    }

    /// A token of the owner's.
    async fn owner(&self, http: &reqwest::Client) -> String {
        let login = json!({ "username": "owner", "password": "Owner@12345" });
        let login = http.post(format!("{}/api/auth/login", self.address)).json(&login);
        let login = login.send().await.unwrap().text().await.unwrap();
        let login: Value = serde_json::from_str(&login).unwrap();
        login["token"].as_str().unwrap().to_owned()
    }

    /// The items, by their keys.
    async fn items(&self) -> BTreeMap<(String, String), Value> {
        let mut all = BTreeMap::new();
        let mut ask = json!({ "TableName": "usher", "ConsistentRead": true });
        loop {
            let answer = self.dynamodb.call("Scan", &ask).await.unwrap().unwrap();
            for item in answer["Items"].as_array().unwrap() {
                all.insert((text(item, "PK"), text(item, "SK")), item.clone());
            }
            if answer["LastEvaluatedKey"].is_null() {
                return all;
            }
            ask["ExclusiveStartKey"] = answer["LastEvaluatedKey"].clone();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(item: &Value, name: &str) -> String {
    item[name]["S"].as_str().unwrap_or_default().to_owned()
}

fn number(item: &Value, name: &str) -> i64 {
    item[name]["N"].as_str().map_or(0, |n| n.parse().unwrap())
}

/// What the accounts of a table imply, and what is there of it. The names of tests are ASCII, so that an address is its
/// own canonical form.
#[derive(Debug, Default, PartialEq)]
struct Implied {
    claims: BTreeSet<(String, String)>,
    entries: BTreeSet<(String, String)>,
    members: BTreeSet<(String, String)>,
    seats: BTreeMap<String, i64>,
    active: i64,
    created: i64,
    in_charge: i64,
}

impl Implied {
    fn by_accounts(items: &BTreeMap<(String, String), Value>) -> Self {
        let mut all = Self::default();
        for (_, user) in items.iter().filter(|((_, sk), _)| sk == "USER") {
            let id = text(user, "id");
            for (name, kind) in [("email", "EMAIL"), ("username", "NAME")] {
                let value = text(user, name);
                if !value.is_empty() {
                    all.claims.insert((format!("{kind}#{value}"), id.clone()));
                }
                for at in 0..value.find('@').unwrap_or(value.len()) {
                    let suffix = &value[at..];
                    all.entries
                        .insert((format!("0#{}", &suffix[..1]), format!("{suffix} {id}")));
                }
            }
            for grant in user["grants"]["L"].as_array().unwrap() {
                let role = text(&grant["M"], "role");
                if role != USER.id.to_string() {
                    all.members.insert((role.clone(), id.clone()));
                }
                *all.seats.entry(role).or_default() += 1;
                all.in_charge += i64::from(grant["M"]["administers"]["BOOL"] == true);
            }
            all.active += 1;
            all.created += 1;
        }
        all
    }

    fn there(items: &BTreeMap<(String, String), Value>) -> Self {
        let mut all = Self::default();
        let is_there = |id: &str| items.contains_key(&(format!("T#main#USER#{id}"), "USER".to_owned()));
        for ((pk, sk), item) in items {
            let kind: Vec<&str> = pk.splitn(4, '#').skip(2).collect();
            let rest = kind.get(1).copied().unwrap_or_default().to_owned();
            match *kind.first().unwrap_or(&"") {
                kind @ ("EMAIL" | "NAME") => {
                    all.claims.insert((format!("{kind}#{rest}"), text(item, "user")));
                }
                // Those of accounts that were not made after all find nothing.
                "FIND" if is_there(sk.rsplit(' ').next().unwrap()) => {
                    all.entries.insert((kind[1..].join("#"), sk.clone()));
                }
                "ROLE" if sk.starts_with("MEMBER#") => {
                    let role = rest.split('#').next().unwrap();
                    all.members.insert((role.to_owned(), text(item, "user")));
                }
                "SEATS" if number(item, "taken") > 0 => {
                    let role = sk.split('#').next().unwrap();
                    *all.seats.entry(role.to_owned()).or_default() += number(item, "taken");
                }
                "TALLY" if sk == "ADMINISTRATORS" => all.in_charge += number(item, "count"),
                "TALLY" => all.active += number(item, "active"),
                "RIGHTS" => all.created += i64::from(text(item, "kind") == "userCreated"),
                _ => {}
            }
        }
        all
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_during_200_creations_leaves_every_account_whole() {
    let place = tempfile::tempdir().unwrap();
    for (round, answers) in [1_usize, 20, 60].into_iter().enumerate() {
        let mut server = Server::start(place.path());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let token = server.owner(&http).await;
        let (made, mut answered) = tokio::sync::mpsc::unbounded_channel();
        let tasks: Vec<_> = (0..200)
            .map(|n| {
                let body = json!({
                    "email": format!("round{round}-{n}@example.org"), "username": format!("round{round}-{n}"),
                    "password": "correct horse", "roles": [if n % 2 == 0 { "member" } else { "admin" }],
                });
                let request = http
                    .post(format!("{}/api/users", server.address))
                    .bearer_auth(&token)
                    .json(&body);
                let made = made.clone();
                tokio::spawn(async move {
                    let Ok(answer) = request.send().await else { return };
                    if answer.status() == 201 {
                        let _ = made.send(answer.headers()["location"].to_str().unwrap().to_owned());
                    }
                })
            })
            .collect();
        drop(made);
        let mut locations = Vec::new();
        for _ in 0..answers {
            locations.push(
                tokio::time::timeout(Duration::from_mins(1), answered.recv())
                    .await
                    .unwrap()
                    .unwrap(),
            );
        }
        server.kill();
        for task in tasks {
            task.await.unwrap();
        }
        while let Some(one) = answered.recv().await {
            locations.push(one);
        }
        assert!(locations.len() < 200, "round {round}: it was killed when all was done");

        let server = Server::start(place.path());
        let items = server.items().await;
        let (implied, there) = (Implied::by_accounts(&items), Implied::there(&items));
        assert_eq!(there, implied, "round {round}");
        for location in locations {
            let id = location.rsplit('/').next().unwrap();
            assert!(
                items.contains_key(&(format!("T#main#USER#{id}"), "USER".to_owned())),
                "{id} was promised"
            );
        }
    }
}

/// The n-th creation, with a key of its own; its status and its body, where an answer came.
async fn keyed(request: reqwest::RequestBuilder, n: usize) -> Option<(u16, String)> {
    let body = json!({ "email": format!("keyed-{n}@example.org"), "password": "correct horse", "roles": ["member"] });
    let request = request
        .header("idempotency-key", format!("\"creation {n}\""))
        .json(&body);
    let answer = request.send().await.ok()?;
    Some((answer.status().as_u16(), answer.text().await.ok()?))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kill_9_broke_off_and_is_sent_again_with_its_key_is_made_once_and_answered_the_same() {
    const MANY: usize = 100;
    let place = tempfile::tempdir().unwrap();
    let mut server = Server::start(place.path());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = server.owner(&http).await;
    let (made, mut answered) = tokio::sync::mpsc::unbounded_channel();
    let tasks: Vec<_> = (0..MANY)
        .map(|n| {
            let request = http.post(format!("{}/api/users", server.address)).bearer_auth(&token);
            let made = made.clone();
            tokio::spawn(async move {
                if let Some(answer) = keyed(request, n).await {
                    let _ = made.send((n, answer));
                }
            })
        })
        .collect();
    drop(made);
    let mut first = BTreeMap::new();
    while first.len() < 10 {
        let wait = tokio::time::timeout(Duration::from_mins(1), answered.recv());
        first.extend(wait.await.unwrap());
    }
    server.kill();
    for task in tasks {
        task.await.unwrap();
    }
    while let Some(one) = answered.recv().await {
        first.extend([one]);
    }
    assert!(first.len() < MANY, "it was killed when all was done");

    let server = Server::start(place.path());
    let token = server.owner(&http).await;
    let mut in_flight = 0;
    for n in 0..MANY {
        let answer = loop {
            let request = http.post(format!("{}/api/users", server.address)).bearer_auth(&token);
            match keyed(request, n).await.unwrap() {
                // What broke off before it was done has its key until its lease ends.
                (409, _) if in_flight < 200 => in_flight += 1,
                answer => break answer,
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        assert_eq!(answer.0, 201, "{n}: {}", answer.1);
        assert!(first.get(&n).is_none_or(|known| *known == answer), "{n}: {answer:?}");
    }
    let items = server.items().await;
    assert_eq!(Implied::there(&items), Implied::by_accounts(&items));
    let made = items
        .values()
        .filter(|item| text(item, "email").starts_with("keyed-") && text(item, "SK") == "USER");
    assert_eq!(made.count(), MANY);
}
