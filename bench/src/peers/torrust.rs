//! torrust-index, as cargo installs it: axum over SQLite on disk, Argon2id. Its tracker is not there, and nothing that is
//! asked here needs it.

use std::process::Command;

use reqwest::Method;
use serde_json::json;

use super::Result;
use super::server::{Server, folder, installed, port};

const PASSWORD: &str = "correct horse battery";

pub async fn start() -> Result<Option<Server>> {
    let Some(program) = installed("torrust-index") else {
        return Ok(None);
    };
    let (folder, port) = (folder("torrust")?, port()?);
    let mut command = Command::new(program);
    command
        .current_dir(&folder)
        .env("TORRUST_INDEX_CONFIG_TOML", settings(port));
    let mut server = Server::start("torrust-index", command, port, folder, "/health_check").await?;
    let new = json!({
        "username": "owner", "email": "owner@example.org", "password": PASSWORD, "confirm_password": PASSWORD,
    });
    // The first account is an administrator's.
    server
        .answer(&server.ask(&Method::POST, "/v1/user/register", &[], Some(&new)))
        .await?;
    let login = server.ask(
        &Method::POST,
        "/v1/user/login",
        &[],
        Some(&json!({ "login": "owner", "password": PASSWORD })),
    );
    let issued = server.answer(&login).await?;
    let token = issued["data"]["token"]
        .as_str()
        .ok_or("torrust-index issued no token")?;
    let headers = [("authorization", format!("Bearer {token}"))];
    let read = server.ask(&Method::GET, "/v1/settings", &headers, None);
    server.measure("login", login);
    server.measure("authorised read", read);
    Ok(Some(server))
}

fn settings(port: u16) -> String {
    format!(
        r#"
[metadata]
app = "torrust-index"
purpose = "configuration"
schema_version = "2.0.0"
[logging]
threshold = "error"
[tracker]
token = "none"
[auth]
user_claim_token_pepper = "a pepper of the measurement, and of nothing else"
[net]
bind_address = "127.0.0.1:{port}"
[database]
connect_url = "sqlite://index.db?mode=rwc"
[registration]
"#
    )
}
