//! `local export`, broken off and gone on with.

use std::path::Path;

use serde_json::{Value, json};

use super::transfer::{lines, run};
use crate::{Server, text};

/// An export's lines up to this many accounts, and a piece of the next.
fn broken_off(whole: &str, accounts: usize) -> String {
    let account = whole.match_indices("{\"type\":\"account\"").nth(accounts);
    whole[..account.unwrap().0 + 30].to_owned()
}

fn written(path: &str, lines: &[Value]) {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    std::fs::write(path, lines.join("\n")).unwrap();
}

#[test]
fn an_export_goes_on_in_its_own_directory_alone_and_for_a_day() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&place.path().join(name)).to_owned();
    let (first, second, out, part) = (at("first"), at("second"), at("out.ndjson"), at("out.ndjson.part"));
    for (data, seed) in [(&first, "1"), (&second, "2")] {
        run(&["seed", "--users", "20", "--seed", seed, "--data-dir", data]);
    }
    assert_eq!(run(&["export", &out, "--data-dir", &first]).1, Some(0));
    let whole = std::fs::read_to_string(&out).unwrap();
    let begun = broken_off(&whole, 5);
    std::fs::write(&part, &begun).unwrap();
    let other = run(&["export", &out, "--data-dir", &second]);
    assert!(other.1 == Some(2) && other.0.contains("another export"), "{other:?}");
    assert_eq!(std::fs::read_to_string(&part).unwrap(), begun);
    let on = run(&["export", &out, "--data-dir", &first]);
    let since = lines(Path::new(&out))[0]["begunAt"].as_str().unwrap()[..19].to_owned();
    assert!(
        on.1 == Some(0) && on.0.contains(&format!("going on with the export of {since}Z")),
        "{on:?}"
    );
    assert_eq!(std::fs::read_to_string(&out).unwrap(), whole);
    let (header, rest) = begun.split_once('\n').unwrap();
    let mut header: Value = serde_json::from_str(header).unwrap();
    header["begunAt"] = json!("2024-01-01T00:00:00Z");
    std::fs::write(&part, format!("{header}\n{rest}")).unwrap();
    let anew = run(&["export", &out, "--data-dir", &first]);
    assert!(anew.1 == Some(0) && anew.0.contains("beginning anew"), "{anew:?}");
    assert_ne!(lines(Path::new(&out))[0]["begunAt"], header["begunAt"]);
    for member in ["source", "begunAt"] {
        header.as_object_mut().unwrap().remove(member);
    }
    std::fs::write(&part, format!("{header}\n{rest}")).unwrap();
    let unknown = run(&["export", &out, "--data-dir", &first]);
    assert!(
        unknown.1 == Some(2) && unknown.0.contains("another export"),
        "{unknown:?}"
    );
    // Two of the five accounts are first ones, and the last line is cut.
    let taken = run(&["import", &part, "--data-dir", &at("third")]);
    assert!(taken.0.contains(" 3 created, 6 there, 3 refused"), "{taken:?}");
}

#[tokio::test]
async fn an_export_that_goes_on_has_every_role_that_its_accounts_name() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&place.path().join(name)).to_owned();
    let (data, file, out, part) = (at("data"), at("in.ndjson"), at("out.ndjson"), at("out.ndjson.part"));
    let account = |n: usize, role: &str| json!({ "email": format!("a{n}@example.org"), "roles": [role], "createdAt": format!("2020-01-{n:02}T00:00:00Z") });
    let mut all = vec![json!({ "type": "role", "name": "editor" })];
    all.extend((10..20).map(|n| account(n, "editor")));
    written(&file, &all);
    assert_eq!(run(&["import", &file, "--data-dir", &data]).1, Some(0));
    assert_eq!(run(&["export", &out, "--data-dir", &data]).1, Some(0));
    // The two first accounts are the newest.
    let begun = broken_off(&std::fs::read_to_string(&out).unwrap(), 6);
    std::fs::write(&part, &begun).unwrap();
    let server = Server::start(&["--data-dir", &data]);
    let (client, api) = (reqwest::Client::new(), format!("{}/api", server.address));
    let login = json!({ "email": "owner@usher.local", "password": "Owner@12345" });
    let login = client
        .post(format!("{api}/auth/token"))
        .json(&login)
        .send()
        .await
        .unwrap();
    let token = login.json::<Value>().await.unwrap()["accessToken"]
        .as_str()
        .unwrap()
        .to_owned();
    let renamed = client.patch(format!("{api}/roles/editor")).bearer_auth(&token);
    let renamed = renamed.json(&json!({ "name": "writer" })).send().await.unwrap();
    assert_eq!(renamed.status(), 200);
    assert_eq!(server.stop("-TERM").code(), Some(0));
    let more = [
        json!({ "type": "permission", "name": "docs.late" }),
        json!({ "type": "role", "name": "late", "permissions": ["docs.late"] }),
        account(1, "late"),
    ];
    written(&file, &more);
    assert_eq!(run(&["import", &file, "--data-dir", &data]).1, Some(0));
    let on = run(&["export", &out, "--data-dir", &data]);
    assert!(on.1 == Some(0) && on.0.contains("going on"), "{on:?}");
    let taken = run(&["import", &out, "--data-dir", &at("other")]);
    // Each directory has two first accounts of its own.
    assert!(taken.0.contains(" 2 refused"), "{taken:?}");
    // What is called as another role by now cannot be gone on with.
    std::fs::write(&part, &begun).unwrap();
    written(&file, &[json!({ "type": "role", "name": "Editor" })]);
    assert_eq!(run(&["import", &file, "--data-dir", &data]).1, Some(0));
    let anew = run(&["export", &out, "--data-dir", &data]);
    assert!(anew.1 == Some(0) && anew.0.contains("beginning anew"), "{anew:?}");
}

#[test]
fn an_export_takes_the_place_of_files_alone() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&place.path().join(name)).to_owned();
    let (data, link, directory) = (at("data"), at("link"), at("directory"));
    run(&["seed", "--users", "1", "--data-dir", &data]);
    std::os::unix::fs::symlink("/dev/full", &link).unwrap();
    std::fs::create_dir(&directory).unwrap();
    for path in [&link, &directory] {
        let refused = run(&["export", path, "--data-dir", &data]);
        assert!(
            refused.1 == Some(2) && refused.0.contains("no regular file"),
            "{refused:?}"
        );
    }
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
}
