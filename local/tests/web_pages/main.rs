//! What a web page can reach of the local server: the API, where its origin may call it. A name that was made to lead here
//! is no `Host` of ours, no `Origin` is granted anything by the embedded DynamoDB, and that listens only where it was
//! asked to.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "all of this file is a test")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

mod cors;

/// A started server; killed at the end of a test.
struct Server {
    process: Child,
    /// `127.0.0.1:<port>`.
    http: String,
    dynamodb: Option<String>,
}

impl Server {
    fn start(flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
        command.args(["--ephemeral", "--port", "0"]).args(flags);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("USHER_")) {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        // The message's last line: all addresses come before it.
        let lines: Vec<String> = said.by_ref().take_while(|line| !line.contains("?limit=10")).collect();
        std::thread::spawn(move || said.for_each(drop));
        let after = |label: &str| {
            let mut found = lines.iter().filter_map(|line| line.trim().strip_prefix(label));
            found.next().map(|url| url.trim().replace("http://", ""))
        };
        let (http, dynamodb) = (after("Usher listens on").unwrap(), after("DynamoDB "));
        Self {
            process,
            http,
            dynamodb,
        }
    }

    /// The sockets that it listens on, as the kernel has them.
    fn listening(&self) -> usize {
        let place = format!("/proc/{}", self.process.id());
        let files = std::fs::read_dir(format!("{place}/fd")).unwrap();
        let open: BTreeSet<String> = files
            .filter_map(|file| std::fs::read_link(file.unwrap().path()).ok())
            .map(|link| link.to_string_lossy().into_owned())
            .collect();
        let tables = ["tcp", "tcp6"].map(|name| std::fs::read_to_string(format!("{place}/net/{name}")).unwrap());
        let lines = tables.iter().flat_map(|table| table.lines().skip(1));
        let fields = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
        fields
            .filter(|fields| fields[3] == "0A" && open.contains(&format!("socket:[{}]", fields[9])))
            .count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends these headers and this body; the whole answer, in lower case.
fn ask(address: &str, method_and_path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let length = body.len();
    let request =
        format!("{method_and_path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer.to_lowercase()
}

fn status(answer: &str) -> &str {
    answer
        .split(' ')
        .nth(1)
        .unwrap_or_else(|| panic!("no answer: {answer}"))
}

const LOGIN: &str = "POST /api/auth/login-dev";
const JSON: (&str, &str) = ("Content-Type", "application/json");
const OWNER: &str = r#"{"username":"owner"}"#;
const TARGET: (&str, &str) = ("X-Amz-Target", "DynamoDB_20120810.ListTables");

#[test]
fn it_listens_on_one_port_unless_dynamodb_is_to_be_offered_too() {
    let server = Server::start(&[], &[]);
    assert_eq!((server.listening(), &server.dynamodb), (1, &None));
    let server = Server::start(&["--dynamodb-listen", "127.0.0.1:0"], &[]);
    assert_eq!((server.listening(), server.dynamodb.is_some()), (2, true));
}

#[test]
fn a_name_that_was_made_to_lead_here_reaches_no_route() {
    let server = Server::start(&[], &[]);
    let port = server.http.rsplit(':').next().unwrap();
    for host in [
        "evil.example",
        "evil.example:3000",
        &format!("evil.example:{port}"),
        "192.0.2.7",
    ] {
        let answer = ask(&server.http, LOGIN, &[("Host", host), JSON], OWNER);
        assert_eq!(status(&answer), "421", "{host}: {answer}");
        let name = host.split(':').next().unwrap();
        assert!(answer.contains(&format!("--host-name {name}")), "{answer}");
        assert!(!answer.contains("token"), "{answer}");
    }
    for headers in [
        &[JSON][..],
        &[("Host", "localhost"), ("Host", "evil.example"), JSON],
        &[("Host", ""), JSON],
    ] {
        let answer = ask(&server.http, LOGIN, headers, OWNER);
        assert_eq!(status(&answer), "400", "{headers:?}: {answer}");
    }
    for host in [
        &*server.http,
        "localhost",
        &format!("localhost:{port}"),
        "acme.localhost",
    ] {
        let answer = ask(&server.http, LOGIN, &[("Host", host), JSON], OWNER);
        assert_eq!(status(&answer), "200", "{host}: {answer}");
    }
}

#[test]
fn names_that_the_developer_gives_it_are_its_own() {
    let names = [
        "--host-name",
        "usher.lan",
        "--host-name",
        ".team.lan",
        "--dynamodb-listen",
        "127.0.0.1:0",
    ];
    let server = Server::start(&names, &[("USHER_TENANTS", "host:usher.test")]);
    let health = |host| status(&ask(&server.http, "GET /health", &[("Host", host)], "")).to_owned();
    for host in ["usher.lan", "a.team.lan", "usher.test", "acme.usher.test:3000"] {
        assert_eq!(health(host), "200", "{host}");
    }
    for host in ["a.usher.lan", "team.lan", "xusher.test"] {
        assert_eq!(health(host), "421", "{host}");
    }
    let dynamodb = server.dynamodb.as_ref().unwrap();
    assert_eq!(
        status(&ask(dynamodb, "POST /", &[("Host", "usher.lan"), TARGET], "{}")),
        "200"
    );
}

#[test]
fn the_embedded_dynamodb_grants_a_page_nothing_and_answers_to_its_own_name_alone() {
    let server = Server::start(&["--dynamodb-listen", "127.0.0.1:0"], &[]);
    let at = server.dynamodb.as_ref().unwrap();
    let host = ("Host", at.as_str());
    let preflight = [
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "x-amz-target"),
    ];
    for origin in ["https://evil.example", "null", &format!("http://{at}")] {
        let origin = ("Origin", origin);
        for (line, extra) in [("OPTIONS /", &preflight[..]), ("POST /", &[TARGET]), ("GET /", &[])] {
            let answer = ask(at, line, &[&[host, origin], extra].concat(), "{}");
            assert_eq!(status(&answer), "403", "{line} {origin:?}: {answer}");
            assert!(
                !answer.contains("access-control-") && !answer.contains("usher\""),
                "{answer}"
            );
        }
    }
    let answer = ask(at, "OPTIONS /", &[&[host], &preflight[..]].concat(), "");
    assert!(!answer.contains("access-control-"), "{answer}");
    let answer = ask(at, "POST /", &[("Host", "evil.example"), TARGET], "{}");
    assert_eq!(status(&answer), "421", "{answer}");
    // A tool on this machine, and one in a container.
    for name in [at.as_str(), "localhost", "host.docker.internal:8000"] {
        let answer = ask(at, "POST /", &[("Host", name), TARGET], "{}");
        assert_eq!(status(&answer), "200", "{answer}");
        assert!(answer.contains(r#"{"tablenames":["usher"]}"#), "{answer}");
    }
}
