//! Usher's local server, as `cargo build --release` leaves it, over its embedded DynamoDB in memory.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::json;

use super::Result;
use super::server::{Server, folder, port};

const API_KEY: &str = "the-api-key-of-the-measurement";
const ACCOUNTS: usize = 24;

pub async fn start(built: Option<&Path>) -> Result<Server> {
    let program = built.map_or_else(build, |built| Ok(built.to_owned()))?;
    let mut command = Command::new(program);
    let port = port()?;
    command.args(["--ephemeral", "--port", &port.to_string(), "--api-key", API_KEY]);
    let mut server = Server::start("Usher", command, port, folder("usher")?, "/health").await?;
    let body = json!({ "email": "admin@gauth.local", "password": "Admin@123" });
    let key = ("x-api-key", API_KEY.to_owned());
    let login = server.ask(
        &Method::POST,
        "/api/auth/token",
        std::slice::from_ref(&key),
        Some(&body),
    );
    let issued = server.answer(&login).await?;
    let token = issued["accessToken"].as_str().ok_or("Usher issued no token")?;
    let headers = [key, ("authorization", format!("Bearer {token}"))];
    for n in 0..ACCOUNTS {
        let new = json!({
            "email": format!("person{n}@example.org"), "username": format!("person{n}"), "password": "correct horse battery",
        });
        server
            .answer(&server.ask(&Method::POST, "/api/users", &headers, Some(&new)))
            .await?;
    }
    let read = server.ask(&Method::GET, "/api/me/profile", &headers, None);
    let list = server.ask(&Method::GET, "/api/users?limit=20", &headers, None);
    server.measure("login", login);
    server.measure("authorised read", read);
    server.measure("list of 20", list);
    Ok(server)
}

fn build() -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    if !cargo
        .args(["build", "--release", "--locked", "--quiet"])
        .status()?
        .success()
    {
        return Err("the local server was not built".into());
    }
    let own = std::env::current_exe()?;
    let target = own.parent().and_then(Path::parent);
    Ok(target.ok_or("this binary is in no folder")?.join("release/local"))
}
