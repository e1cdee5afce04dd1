//! The local server as a process: started, signalled, killed and started again, by the binary that `cargo run` runs.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "all of this file is a test")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use local::dynamodb::Client;
use serde_json::{Value, json};
#[path = "process/commands.rs"]
mod commands;

/// A started server; killed where a test forgets it.
struct Server {
    process: Child,
    address: String,
    dynamodb: Client,
    started_in: Duration,
}

fn command(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(flags).stdout(Stdio::piped()).stderr(Stdio::piped());
    // The developer's own variables are not the test's.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("USHER_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
}

impl Server {
    /// Starts on free ports with these flags and reads the addresses out of what it prints.
    fn start(flags: &[&str]) -> Self {
        let begun = Instant::now();
        let always = ["--port", "0", "--dynamodb-listen", "127.0.0.1:0"];
        // Nobody reads its log here, and a full pipe would stop it.
        let quiet = Stdio::null();
        let mut process = command(&[&always, flags].concat()).stderr(quiet).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut after = |label: &str| {
            let rest = |line: String| Some(line.trim().strip_prefix(label)?.trim().to_owned());
            let found = said.find_map(|line| rest(line.unwrap()));
            found.unwrap_or_else(|| panic!("it never said {label}"))
        };
        let address = after("Usher listens on");
        let dynamodb = Client::new(&after("DynamoDB ")).unwrap();
        let started_in = begun.elapsed();
        // Read on, or the pipe would be closed.
        std::thread::spawn(move || said.for_each(drop));
        Self {
            process,
            address,
            dynamodb,
            started_in,
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    fn stop(mut self, name: &str) -> ExitStatus {
        self.signal(name);
        self.process.wait().unwrap()
    }

    async fn put(&self, name: &str) {
        let item = json!({ "PK": { "S": name }, "SK": { "S": "TEST" } });
        let body = json!({ "TableName": "usher", "Item": item });
        self.dynamodb.call("PutItem", &body).await.unwrap().unwrap();
    }

    async fn has(&self, name: &str) -> bool {
        let key = json!({ "PK": { "S": name }, "SK": { "S": "TEST" } });
        let body = json!({ "TableName": "usher", "Key": key, "ConsistentRead": true });
        let answer: Value = self.dynamodb.call("GetItem", &body).await.unwrap().unwrap();
        answer.get("Item").is_some()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The message of a start that fails, and that it fails.
fn refused(flags: &[&str], variables: &[(&str, &str)]) -> String {
    let mut process = command(flags).envs(variables.iter().copied()).spawn().unwrap();
    let begun = Instant::now();
    while process.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(30) {
            process.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let status = process.wait().unwrap();
    let mut message = String::new();
    process.stderr.take().unwrap().read_to_string(&mut message).unwrap();
    assert_eq!(status.code(), Some(1), "{message}");
    let last = message.lines().last().unwrap_or_default();
    assert!(last.starts_with("usher: "), "{message}");
    last.to_owned()
}

fn assert_names(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part} in {message}");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn it_is_ready_soon_and_prints_the_port_that_it_got() {
    let server = Server::start(&["--ephemeral"]);
    assert!(server.started_in < Duration::from_secs(2), "{:?}", server.started_in);
    assert!(
        !server.address.ends_with(":0") && !server.address.ends_with(":3000"),
        "{}",
        server.address
    );
    let answer = reqwest::get(format!("{}/nothing", server.address)).await.unwrap();
    assert_eq!(answer.status(), 404);
}

#[test]
fn sigterm_and_ctrl_c_end_it_with_code_0() {
    for signal in ["-TERM", "-INT"] {
        assert_eq!(Server::start(&["--ephemeral"]).stop(signal).code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn a_clean_stop_keeps_the_data_and_leaves_no_log_behind() {
    let place = tempfile::tempdir().unwrap();
    let flags = ["--data-dir", text(place.path())];
    let server = Server::start(&flags);
    server.put("A").await;
    assert_eq!(server.stop("-TERM").code(), Some(0));
    assert!(
        !place.path().join("dynamodb.sqlite-wal").exists(),
        "SQLite was not closed"
    );
    let server = Server::start(&flags);
    assert!(server.has("A").await);
    assert!(!server.has("B").await);
}

#[tokio::test]
async fn kill_9_loses_nothing_that_was_answered() {
    let place = tempfile::tempdir().unwrap();
    let flags = ["--data-dir", text(place.path())];
    let server = Server::start(&flags);
    for n in 0..20 {
        server.put(&format!("A{n}")).await;
    }
    assert_eq!(server.stop("-KILL").code(), None);
    let server = Server::start(&flags);
    for n in 0..20 {
        assert!(server.has(&format!("A{n}")).await, "A{n}");
    }
}

#[tokio::test]
async fn without_a_data_directory_nothing_is_kept() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(&["--ephemeral"]);
    server.put("A").await;
    assert_eq!(server.stop("-TERM").code(), Some(0));
    assert!(!Server::start(&["--ephemeral"]).has("A").await);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_second_instance_on_the_same_data_is_refused_and_does_no_harm() {
    let place = tempfile::tempdir().unwrap();
    let flags = ["--data-dir", text(place.path())];
    let server = Server::start(&flags);
    let message = refused(&["--port", "0", "--data-dir", text(place.path())], &[]);
    let process = format!("(process {})", server.process.id());
    assert_names(&message, &[&process, text(place.path()), "--data-dir"]);
    server.put("A").await;
}

#[test]
fn a_port_in_use_is_reported_with_its_flag() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let message = refused(&["--ephemeral", "--port", &address.port().to_string()], &[]);
    let in_use = format!("{address} is in use");
    assert_names(&message, &[&in_use, "--port"]);
    let message = refused(
        &["--ephemeral", "--port", "0", "--dynamodb-listen", &address.to_string()],
        &[],
    );
    assert_names(&message, &[&in_use, "--dynamodb-listen"]);
}

#[test]
fn wrong_variables_and_places_are_reported_in_a_sentence() {
    let message = refused(&["--ephemeral", "--port", "0"], &[("USHER_HASH_PARALLEL", "many")]);
    assert_names(&message, &["USHER_HASH_PARALLEL"]);
    let message = refused(&["--ephemeral", "--port", "0"], &[("USHER_HASH_PARALEL", "2")]);
    assert_names(&message, &["USHER_HASH_PARALEL is no setting", "USHER_HASH_PARALLEL?"]);
    let message = refused(&["--ephemeral", "--host", "host.invalid"], &[]);
    assert_names(&message, &["host.invalid:3000", "--host"]);
    let message = refused(&["--port", "0", "--data-dir", "/proc/nowhere"], &[]);
    assert_names(&message, &["/proc/nowhere"]);
}

/// The first API key as a start shows it, once; and all that this start logged.
fn shown_key(flags: &[&str], variables: &[(&str, &str)]) -> (String, String) {
    let mut command = command(&[&["--port", "0"], flags].concat());
    let command = command.env("RUST_LOG", "trace").envs(variables.iter().copied());
    let mut process = command.spawn().unwrap();
    let mut log = process.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).unwrap();
        text
    });
    let mut said = BufReader::new(process.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let (mut key, mut all) = (String::new(), String::new());
    // All of it is said at once, and this is its last line.
    while !all.contains("api/users?limit=10") {
        let line = said.next().unwrap();
        let header = line.trim().strip_prefix("-H 'x-api-key: ");
        key = header.map_or(key, |text| text.trim_end_matches('\'').to_owned());
        all += &line;
    }
    let pid = process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(process.wait().unwrap().code(), Some(0));
    let log = log.join().unwrap();
    assert!(
        log.contains("development routes exist"),
        "the log is listened to: {log}"
    );
    assert_eq!(all.matches(&key).count(), 1, "once: {all}");
    (key, log)
}

#[test]
fn the_first_api_key_is_kept_and_shown_at_the_start_and_never_logged() {
    let place = tempfile::tempdir().unwrap();
    let kept = ["--data-dir", text(place.path())];
    let (made, log) = shown_key(&kept, &[]);
    assert!(made.starts_with("usher_ak_") && !log.contains(&made), "{made}");
    let chosen = "a text of my own, which is long";
    let (shown, log) = shown_key(&[&kept[..], &["--api-key", chosen]].concat(), &[]);
    assert!(shown == chosen && !log.contains(chosen), "{shown}");
    let (shown, log) = shown_key(&kept, &[("USHER_FIRST_API_KEY", chosen)]);
    assert!(shown == chosen && !log.contains(chosen), "{shown}");
    assert_eq!(shown_key(&kept, &[]).0, made, "the same at the next start");
    let (one, two) = (shown_key(&["--ephemeral"], &[]).0, shown_key(&["--ephemeral"], &[]).0);
    assert!(one.starts_with("usher_ak_") && one != two && one != made);
}

/// The variables of `sam.json`; the file is the developer's alone.
fn given_to_sam(directory: &Path) -> serde_json::Map<String, Value> {
    use std::os::unix::fs::PermissionsExt;
    let file = directory.join("sam.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let given: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    given["Parameters"].as_object().unwrap().clone()
}

#[test]
fn f09_sam_local_is_given_the_table_and_the_keys_of_the_directory_whenever_dynamodb_is_offered() {
    let place = tempfile::tempdir().unwrap();
    let kept = ["--data-dir", text(place.path())];
    let chosen = "a text of my own, which is long";
    let server = Server::start(&[&kept[..], &["--api-key", chosen]].concat());
    let given = given_to_sam(place.path());
    let port = server.dynamodb.url().rsplit(':').next().unwrap();
    assert_eq!(
        given["USHER_DYNAMODB_ENDPOINT"],
        format!("http://host.docker.internal:{port}")
    );
    let keys: Value = serde_json::from_slice(&std::fs::read(place.path().join("keys.json")).unwrap()).unwrap();
    for (variable, key) in [
        ("USHER_MASTER_KEY_SECRET", "master"),
        ("USHER_CURSOR_KEY_SECRET", "cursor"),
        ("USHER_ADMIN_SECRET", "ownerPassword"),
    ] {
        assert_eq!(given[variable], keys[key], "{variable}");
        assert_eq!(given[variable].as_str().unwrap().len(), 64, "{variable}");
    }
    assert_eq!(given["USHER_FIRST_API_KEY_SECRET"], chosen, "the one in force");
    drop(server);
    // Its port is another one now, and its keys are the same.
    let again = Server::start(&kept);
    let later = given_to_sam(place.path());
    assert_ne!(later["USHER_DYNAMODB_ENDPOINT"], given["USHER_DYNAMODB_ENDPOINT"]);
    assert_eq!(later["USHER_MASTER_KEY_SECRET"], given["USHER_MASTER_KEY_SECRET"]);
    assert!(!place.path().join("sam.json.new").exists());
    drop(again);
}

#[test]
fn an_api_key_that_could_be_guessed_or_cannot_be_sent_is_refused_before_anything_is_written() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let start = ["--port", "0", "--data-dir", text(&data)];
    let header = "characters that a header cannot carry";
    for (key, why) in [
        ("short", "less than 24 characters"),
        ("a key of twenty-four, schön", header),
        (" and one with a space before", header),
    ] {
        for message in [
            refused(&[&start[..], &["--api-key", key]].concat(), &[]),
            refused(&start, &[("USHER_FIRST_API_KEY", key)]),
        ] {
            assert_names(&message, &["--api-key", why]);
            assert!(!message.contains(key) && !message.contains("Cause"), "{message}");
        }
    }
    assert!(!data.exists());
}

/// What a start on this directory prints until its last line, and what is then asked of it.
async fn welcome(directory: &Path, then: impl AsyncFnOnce(&str)) -> String {
    let mut process = command(&["--port", "0", "--data-dir", text(directory)])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut said = String::new();
    while !said.contains("api/users?limit=10") {
        said += &(lines.next().unwrap().unwrap() + "\n");
    }
    then(said.lines().next().unwrap().strip_prefix("Usher listens on ").unwrap()).await;
    process.kill().unwrap();
    process.wait().unwrap();
    said
}

#[tokio::test]
async fn a_first_password_is_shown_until_it_was_changed_and_no_longer() {
    let place = tempfile::tempdir().unwrap();
    let client = reqwest::Client::new();
    let change = async |address: &str, name: &str, old: &str| {
        let url = |path: &str| format!("{address}/api/auth/{path}");
        let body = json!({ "username": name, "password": old });
        let session = client.post(url("login")).json(&body).send().await.unwrap();
        let session: Value = session.json().await.unwrap();
        let change = client
            .post(url("change-password"))
            .bearer_auth(session["token"].as_str().unwrap());
        let body = json!({ "currentPassword": old, "newPassword": "one of my own" });
        assert_eq!(change.json(&body).send().await.unwrap().status(), 204);
    };
    let first = welcome(place.path(), async |address: &str| {
        change(address, "admin", "Admin@123").await;
    })
    .await;
    assert!(first.contains("Admin@123") && first.contains("Owner@12345"), "{first}");
    let second = welcome(place.path(), async |address: &str| {
        change(address, "owner", "Owner@12345").await;
    })
    .await;
    assert!(
        !second.contains("Admin@123") && second.contains("owner@usher.local  Owner@12345"),
        "{second}"
    );
    let third = welcome(place.path(), async |_: &str| {}).await;
    assert!(!third.contains("@123") && !third.contains("First accounts"), "{third}");
}

#[tokio::test]
async fn another_dynamodb_can_take_the_place_of_the_embedded_one() {
    let theirs = Server::start(&["--ephemeral"]);
    let variables = [
        ("USHER_DYNAMODB_ENDPOINT", theirs.dynamodb.url()),
        ("USHER_TABLE", "second"),
    ];
    let mut ours = command(&["--ephemeral", "--port", "0"]);
    let mut ours = ours.envs(variables).spawn().unwrap();
    let said = BufReader::new(ours.stdout.take().unwrap()).lines().find(|line| {
        let line = line.as_ref().unwrap();
        line.contains("DynamoDB") && line.contains(theirs.dynamodb.url())
    });
    assert!(said.is_some());
    let asked = json!({ "TableName": "second" });
    theirs.dynamodb.call("DescribeTable", &asked).await.unwrap().unwrap();
    ours.kill().unwrap();
    ours.wait().unwrap();
}
