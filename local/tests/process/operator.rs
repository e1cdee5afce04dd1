//! `local admin` and `local verify` as commands.

use crate::{Server, command, text};

fn ran(arguments: &[&str]) -> (String, Option<i32>) {
    let output = command(arguments).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (String::from_utf8(printed).unwrap(), output.status.code())
}

#[tokio::test]
async fn an_owner_is_made_and_the_table_verified_on_a_directory_and_an_endpoint() {
    let place = tempfile::tempdir().unwrap();
    let flags = ["--data-dir", text(place.path())];
    let (message, code) = ran(&[&["verify"], &flags[..]].concat());
    assert!(code == Some(2) && message.contains("has no data"), "{message}");
    let server = Server::start(&flags);
    let url = server.dynamodb.url().to_owned();
    let (message, code) = ran(&["verify", "--endpoint", &url]);
    assert!(code == Some(0) && message.contains(" 0 findings"), "{message}");
    let (message, code) = ran(&[
        "admin",
        "owner",
        "--email",
        "new@example.org",
        "--endpoint",
        &url,
        "--url",
        "http://x",
    ]);
    assert!(
        code == Some(0) && message.contains("http://x/set-password#"),
        "{message}"
    );
    let key = serde_json::json!({ "PK": { "S": "T#main#EMAIL#new@example.org" }, "SK": { "S": "CLAIM" } });
    let body = serde_json::json!({ "TableName": "usher", "Key": key });
    server.dynamodb.call("DeleteItem", &body).await.unwrap().unwrap();
    assert_eq!(server.stop("-TERM").code(), Some(0));
    let (message, code) = ran(&[&["verify", "--json"], &flags[..]].concat());
    assert!(
        code == Some(1) && message.contains(r#""kind":"missing-claim""#),
        "{message}"
    );
    let (message, code) = ran(&[&["verify", "--repair"], &flags[..]].concat());
    assert!(
        code == Some(0) && message.contains("repaired: T#main#EMAIL#new@example.org"),
        "{message}"
    );
    let (message, code) = ran(&[&["admin", "rotate-key", "--now"], &flags[..]].concat());
    assert!(code == Some(0) && message.contains("is published"), "{message}");
}
