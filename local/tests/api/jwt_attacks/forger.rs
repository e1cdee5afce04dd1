//! Whoever attacks: has a token, the stack's own signing key, and one thing wrong at a time.

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde_json::{Map, Value, json};
use usher::secrecy::ExposeSecret;
use usher::store::signing_keys;

use crate::support::{Reply, World, reply};

/// Somebody who has everything: an administrator's token, and the stack's signing key.
pub struct Forger {
    pub world: World,
    pub key: Ed25519KeyPair,
    pub jwk: Value,
    pub token: String,
    pub refresh: String,
    pub header: Map<String, Value>,
    pub claims: Map<String, Value>,
}

impl Forger {
    pub async fn new() -> Self {
        let world = World::new().await;
        // The one that signs now; the next one is published already.
        let stored = signing_keys::all(&world.app.table).await.unwrap().into_iter();
        let stored = stored.min_by_key(|key| key.signs_from).unwrap();
        let master = world.app.master_key().await.unwrap();
        let pkcs8 = master.open(&stored.sealed, stored.kid.as_bytes()).unwrap();
        let body = json!({ "email": "admin@gauth.local", "password": "Admin@123" });
        let pair = world.nobody().post("/api/auth/token", body).await;
        let token = pair.str("accessToken").to_owned();
        let object = |part: &str| serde_json::from_slice(&B64.decode(part).unwrap()).unwrap();
        let mut parts = token.split('.');
        let forger = Self {
            key: Ed25519KeyPair::from_pkcs8(pkcs8.expose_secret()).unwrap(),
            jwk: stored.jwk,
            header: object(parts.next().unwrap()),
            claims: object(parts.next().unwrap()),
            refresh: pair.str("refreshToken").to_owned(),
            token,
            world,
        };
        // The control: what the forger signs passes the guard as long as nothing is wrong with it.
        let fine = forger.signed(&forger.header_with(json!({})), &forger.claims_with(json!({})));
        assert_eq!(forger.show(&fine).await.status, 200);
        forger
    }

    /// The header with these members; null takes one away.
    pub fn header_with(&self, changes: Value) -> String {
        changed(&self.header, changes)
    }

    pub fn claims_with(&self, changes: Value) -> String {
        changed(&self.claims, changes)
    }

    /// A token of these two texts, rightly signed.
    pub fn signed(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", B64.encode(header), B64.encode(claims));
        let signature = B64.encode(self.key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    pub async fn show(&self, token: &str) -> Reply {
        self.world.with_token(token).get("/api/me/profile").await
    }

    pub async fn is_refused(&self, token: &str, why: &str) {
        let reply = self.show(token).await;
        assert_eq!(
            (reply.status.as_u16(), reply.problem()),
            (401, "invalid-token"),
            "{why}: {}",
            reply.text
        );
        assert_eq!(
            reply.header("www-authenticate"),
            r#"Bearer error="invalid_token""#,
            "{why}"
        );
    }

    pub async fn header_is_refused(&self, changes: Value) {
        let why = format!("header {changes}");
        let token = self.signed(&self.header_with(changes), &self.claims_with(json!({})));
        self.is_refused(&token, &why).await;
    }

    pub async fn claims_are_refused(&self, changes: Value) {
        let why = format!("claims {changes}");
        let token = self.signed(&self.header_with(json!({})), &self.claims_with(changes));
        self.is_refused(&token, &why).await;
    }

    /// A request for the profile with these `Authorization` headers.
    pub async fn with_headers(&self, values: &[&str]) -> Reply {
        let url = format!("{}/api/me/profile", self.world.base);
        let request = reqwest::Client::new().get(url);
        reply(
            values
                .iter()
                .fold(request, |request, value| request.header("authorization", *value)),
        )
        .await
    }
}

fn changed(object: &Map<String, Value>, changes: Value) -> String {
    let mut object = object.clone();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => object.remove(name),
            value => object.insert(name.clone(), value.clone()),
        };
    }
    Value::Object(object).to_string()
}
