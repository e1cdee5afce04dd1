//! `local seed`, `import` and `export` as commands.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::{Server, command, text};

/// What a command prints, and how it ends.
pub fn run(flags: &[&str]) -> (String, Option<i32>) {
    let output = command(flags).env("USHER_ARGON2", "m=64,t=1,p=1").output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (String::from_utf8(printed).unwrap(), output.status.code())
}

pub fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The accounts of an export by their ids, without what differs between two directories.
fn accounts(path: &Path) -> BTreeMap<String, Value> {
    let accounts = lines(path).into_iter().filter(|line| line["type"] == "account");
    accounts
        .map(|line| (line["id"].as_str().unwrap().to_owned(), line))
        .collect()
}

#[tokio::test]
async fn what_is_seeded_and_exported_is_the_same_where_it_is_imported_and_signs_in() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&place.path().join(name)).to_owned();
    let (first, second, out, back) = (at("first"), at("second"), at("out.ndjson"), at("back.ndjson"));
    let seeded = run(&[
        "seed",
        "--users",
        "1200",
        "--password",
        "correct horse",
        "--data-dir",
        &first,
    ]);
    assert!(
        seeded.0.contains("1200 accounts in main") && seeded.1 == Some(0),
        "{seeded:?}"
    );
    let exported = run(&["export", &out, "--data-dir", &first]);
    assert_eq!(exported.1, Some(0), "{exported:?}");
    let mode = std::fs::metadata(&out).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let imported = run(&["import", &out, "--data-dir", &second]);
    // The two first accounts of each directory have other ids.
    assert_eq!(imported.1, Some(1), "{imported:?}");
    assert!(
        imported.0.contains("1200 created") && imported.0.contains("2 refused"),
        "{imported:?}"
    );
    let again = run(&["import", &out, "--data-dir", &second]);
    assert!(
        again.0.contains(" 0 created") && again.0.contains("2 refused"),
        "{again:?}"
    );
    let report = lines(Path::new(&at("out.ndjson.report.ndjson")));
    let refused: Vec<&Value> = report.iter().filter(|row| row["status"] == "refused").collect();
    assert!(
        refused
            .iter()
            .all(|row| row["line"].is_u64() && row["reason"].is_string()),
        "{refused:?}"
    );
    run(&["export", &back, "--data-dir", &second]);
    let (mut here, mut there) = (accounts(Path::new(&out)), accounts(Path::new(&back)));
    let own =
        |_: &String, line: &mut Value| !["admin", "owner"].contains(&line["username"].as_str().unwrap_or_default());
    here.retain(own);
    there.retain(own);
    assert_eq!(here.len(), 1200);
    assert_eq!(here, there);
    let active = here.values().find(|line| line["status"] == "active").unwrap();
    let server = Server::start(&["--data-dir", &second]);
    let body = json!({ "email": active["email"], "password": "correct horse" });
    let client = reqwest::Client::new();
    let reply = client
        .post(format!("{}/api/auth/token", server.address))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
}

#[test]
fn an_export_goes_on_where_it_broke_off_and_is_of_one_kind() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&place.path().join(name)).to_owned();
    let (data, out, part) = (at("data"), at("out.ndjson"), at("out.ndjson.part"));
    run(&["seed", "--users", "700", "--data-dir", &data]);
    assert_eq!(
        run(&["export", &out, "--without-hashes", "--data-dir", &data]).1,
        Some(0)
    );
    let whole = std::fs::read_to_string(&out).unwrap();
    assert!(!whole.contains("argon2"), "there are hashes in it");
    // In the middle of a line.
    std::fs::write(&part, &whole[..whole.len() / 2]).unwrap();
    let other = run(&["export", &out, "--data-dir", &data]);
    assert!(other.1 == Some(2) && other.0.contains("another export"), "{other:?}");
    assert_eq!(
        run(&["export", &out, "--without-hashes", "--data-dir", &data]).1,
        Some(0)
    );
    assert_eq!(std::fs::read_to_string(&out).unwrap(), whole);
    assert!(!Path::new(&part).exists());
}

#[test]
fn each_line_that_cannot_be_taken_over_is_reported_and_the_others_are() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&place.path().join(name)).to_owned();
    let (data, file, report) = (at("data"), at("in.ndjson"), at("report"));
    let hostile = "$2b$31$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    let written = [
        json!({ "type": "role", "name": "editor", "permissions": [] }).to_string(),
        json!({ "email": "jane@example.org", "roles": ["editor"] }).to_string(),
        "not JSON".to_owned(),
        String::new(),
        json!({ "email": "jane@example.org", "username": "other" }).to_string(),
        json!({ "email": "slow@example.org", "passwordHash": hostile }).to_string(),
        json!({ "email": "x@example.org", "roles": ["nothing"] }).to_string(),
        format!("{{\"email\":\"{}\"}}", "x".repeat(2_000_000)),
        json!({ "email": "y@example.org", "status": "locked", "lockReason": "x".repeat(500_000) }).to_string(),
        json!({ "type": "permission", "name": "docs.long", "description": "x".repeat(500_000) }).to_string(),
        json!({ "email": "last@example.org" }).to_string(),
    ];
    std::fs::write(&file, written.join("\n")).unwrap();
    let flags = [
        "import",
        &file,
        "--report",
        &report,
        "--parallel",
        "1",
        "--data-dir",
        &data,
    ];
    assert_eq!(run(&flags).1, Some(1));
    let of = |rows: &[Value]| {
        let row = |row: &Value| {
            (
                row["line"].as_u64().unwrap(),
                row["status"].as_str().unwrap().to_owned(),
            )
        };
        rows.iter().map(row).collect::<Vec<_>>()
    };
    let rows = lines(Path::new(&report));
    let expected = |first: &str| {
        [
            (1, first),
            (2, first),
            (3, "refused"),
            (5, "refused"),
            (6, "refused"),
            (7, "refused"),
            (8, "refused"),
            (9, "refused"),
            (10, "refused"),
            (11, first),
        ]
        .map(|(line, status)| (line, status.to_owned()))
    };
    assert_eq!(of(&rows), expected("created"));
    assert!(rows[9]["id"].is_string(), "{rows:?}");
    assert_eq!(run(&flags).1, Some(1));
    assert_eq!(of(&lines(Path::new(&report))), expected("exists"));
    std::fs::write(&file, &written[1]).unwrap();
    assert_eq!(run(&flags).1, Some(0));
    assert_eq!(run(&["import", &at("none"), "--data-dir", &data]).1, Some(2));
}

#[test]
fn other_tenants_and_endpoints_are_taken_over_into_as_well() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("in.ndjson");
    std::fs::write(&file, json!({ "email": "jane@example.org" }).to_string()).unwrap();
    let server = Server::start(&["--ephemeral"]);
    let url = server.dynamodb.url().to_owned();
    let at = ["--dynamodb-endpoint", &url];
    let imported = run(&[&["import", text(&file)], &at[..]].concat());
    assert!(
        imported.1 == Some(0) && imported.0.contains("1 created"),
        "{imported:?}"
    );
    let seeded = run(&[&["seed", "--users", "30"], &at[..]].concat());
    assert!(seeded.1 == Some(0) && seeded.0.contains("30 accounts"), "{seeded:?}");
    let unknown = run(&[&["import", text(&file), "--tenant", "acme"], &at[..]].concat());
    assert!(
        unknown.1 == Some(2) && unknown.0.contains("no tenant acme"),
        "{unknown:?}"
    );
}
