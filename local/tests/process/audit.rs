//! `local audit verify` as a command.

use serde_json::json;

use crate::{Server, command, text};

/// What `audit verify` prints, and how it ends.
fn verified(flags: &[&str]) -> (String, Option<i32>) {
    let output = command(&[&["audit", "verify"], flags].concat()).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (String::from_utf8(printed).unwrap(), output.status.code())
}

#[tokio::test]
async fn the_audit_of_a_data_directory_or_an_endpoint_names_the_first_row_that_was_changed() {
    let place = tempfile::tempdir().unwrap();
    let flags = ["--data-dir", text(place.path())];
    let (message, code) = verified(&flags);
    assert!(code == Some(2) && message.contains("has no data"), "{message}");
    let server = Server::start(&flags);
    let query = json!({
        "TableName": "usher", "FilterExpression": "contains(PK, :rights)",
        "ExpressionAttributeValues": { ":rights": { "S": "#RIGHTS#" } },
    });
    let found = server.dynamodb.call("Scan", &query).await.unwrap().unwrap();
    let mut row = found["Items"][0].clone();
    let url = server.dynamodb.url().to_owned();
    let (message, code) = verified(&["--dynamodb-endpoint", &url]);
    assert!(
        code == Some(0) && message.contains("every row is as it was written"),
        "{message}"
    );
    row["kind"] = json!({ "S": "attemptsCleared" });
    let body = json!({ "TableName": "usher", "Item": row });
    server.dynamodb.call("PutItem", &body).await.unwrap().unwrap();
    let first = format!(
        "first: {} / {} was changed",
        row["PK"]["S"].as_str().unwrap(),
        row["SK"]["S"].as_str().unwrap()
    );
    let (message, code) = verified(&["--dynamodb-endpoint", &url, "--tenant", "main"]);
    assert!(code == Some(1) && message.contains(&first), "{message}");
    assert_eq!(server.stop("-TERM").code(), Some(0));
    let (message, code) = verified(&flags);
    assert!(code == Some(1) && message.contains(&first), "{message}");
    let keys = place.path().join("jwks.json");
    std::fs::write(&keys, r#"{ "keys": [] }"#).unwrap();
    let (message, _) = verified(&["--data-dir", text(place.path()), "--jwks", text(&keys)]);
    assert!(message.contains("anchor 1"), "{message}");
}
