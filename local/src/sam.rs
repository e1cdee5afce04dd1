//! The environment of `sam local`, in the form of its `--env-vars`: the template names these variables, and in a container on a
//! developer's machine they must hold this server's table and keys, since either opens what the other seals.

use serde_json::{Value, json};
use usher::secrecy::ExposeSecret;
use usher::settings::{KeySource, Settings};

/// Where `sam local start-api` listens by itself.
const ISSUER: &str = "http://127.0.0.1:3000";

/// For every function at once: `sam local` gives each those variables only that the template names for it.
pub fn environment(settings: &Settings, dynamodb_url: &str) -> Value {
    let port = dynamodb_url.rsplit(':').next().unwrap_or_default();
    json!({ "Parameters": {
        "USHER_TABLE": settings.table,
        // The developer's machine as a container sees it.
        "USHER_DYNAMODB_ENDPOINT": format!("http://host.docker.internal:{port}"),
        "USHER_ISSUER": ISSUER,
        "USHER_TENANTS": settings.tenants.to_string(),
        "USHER_MASTER_KEY_SECRET": text(settings.master_key.as_ref()),
        "USHER_CURSOR_KEY_SECRET": text(settings.cursor_key.as_ref()),
        "USHER_FIRST_API_KEY_SECRET": text(settings.first_api_key.as_ref()),
        "USHER_ADMIN_SECRET": text(settings.admin_password.as_ref()),
    } })
}

fn text(source: Option<&KeySource>) -> &str {
    match source {
        Some(KeySource::Text(text)) => text.expose_secret(),
        Some(KeySource::SecretsManager(arn)) => arn,
        None => "",
    }
}
