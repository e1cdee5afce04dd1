//! PocketBase, as its authors build it: SQLite on disk, bcrypt.

use std::process::Command;

use reqwest::Method;
use serde_json::json;

use super::Result;
use super::server::{Server, folder, installed, port, run};

const OWNER: (&str, &str) = ("owner@example.org", "correct horse battery");
const ACCOUNTS: usize = 24;

pub async fn start() -> Result<Option<Server>> {
    let Some(program) = installed("pocketbase") else {
        return Ok(None);
    };
    let (folder, port) = (folder("pocketbase")?, port()?);
    let kept = format!("--dir={}", folder.display());
    run(&program, &["superuser", "upsert", OWNER.0, OWNER.1, &kept])?;
    let mut command = Command::new(&program);
    command.args(["serve", &format!("--http=127.0.0.1:{port}"), &kept]);
    let mut server = Server::start("PocketBase", command, port, folder, "/api/health").await?;
    let login = |collection: &str, identity: &str| {
        let path = format!("/api/collections/{collection}/auth-with-password");
        server.ask(
            &Method::POST,
            &path,
            &[],
            Some(&json!({ "identity": identity, "password": OWNER.1 })),
        )
    };
    let owner = server.answer(&login("_superusers", OWNER.0)).await?;
    let owner = [(
        "authorization",
        owner["token"].as_str().ok_or("PocketBase issued no token")?.to_owned(),
    )];
    for n in 0..ACCOUNTS {
        let new = json!({
            "email": format!("person{n}@example.org"), "password": OWNER.1, "passwordConfirm": OWNER.1, "verified": true,
        });
        let make = server.ask(&Method::POST, "/api/collections/users/records", &owner, Some(&new));
        server.answer(&make).await?;
    }
    let login = login("users", "person0@example.org");
    let issued = server.answer(&login).await?;
    let id = issued["record"]["id"].as_str().ok_or("PocketBase logged nobody in")?;
    let token = [(
        "authorization",
        issued["token"].as_str().ok_or("PocketBase issued no token")?.to_owned(),
    )];
    let mut read = server.ask(
        &Method::GET,
        &format!("/api/collections/users/records/{id}"),
        &token,
        None,
    );
    read.what = read.what.replace(id, "{id}");
    let list = server.ask(&Method::GET, "/api/collections/users/records?perPage=20", &owner, None);
    server.measure("login", login);
    server.measure("authorised read", read);
    server.measure("list of 20", list);
    Ok(Some(server))
}
