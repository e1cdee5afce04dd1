//! No secret in plain text (R8): not in the table, not in the log; and no address in the log.

use std::collections::BTreeSet;

use crate::auth::{Pair, login, refresh, token};
use crate::support::{API_KEY, PASSWORD, Reply, World};
use serde_json::{Value, json};

/// Everything secret that a story sent or was given.
#[derive(Default)]
struct Secrets(BTreeSet<String>);

impl Secrets {
    fn keep(&mut self, secret: &str) {
        assert!(secret.len() >= 8, "too short to be looked for: {secret:?}");
        self.0.insert(secret.to_owned());
    }

    /// Keeps the tokens of an answer, whole and by their parts.
    fn issued(&mut self, reply: &Reply) {
        for name in ["accessToken", "refreshToken", "token", "temporaryPassword", "key"] {
            let Some(secret) = reply.body[name].as_str() else {
                continue;
            };
            self.keep(secret);
            // A JWT's signature, and an opaque token without its prefix, are as good as the whole.
            if let Some((_, signature)) = secret.rsplit_once('.') {
                self.keep(signature);
            }
            let prefixes = ["usher_rt_", "usher_ak_", "usher_sk_"];
            if let Some(opaque) = prefixes.iter().find_map(|prefix| secret.strip_prefix(prefix)) {
                self.keep(opaque);
            }
        }
    }

    /// Those that are in this text, as they are or as hexadecimal or base64 of their bytes.
    fn found_in(&self, text: &str) -> Vec<&String> {
        use base64::Engine;
        use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
        let forms = |secret: &str| {
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            [
                secret.to_owned(),
                hex,
                STANDARD_NO_PAD.encode(secret),
                URL_SAFE_NO_PAD.encode(secret),
            ]
        };
        self.0
            .iter()
            .filter(|secret| forms(secret).iter().any(|form| text.contains(form)))
            .collect()
    }
}

const NAMES: [&str; 4] = [
    "jane.story@example.org",
    "john.story@example.org",
    "nobody.story@example.org",
    "Jane-Story",
];

/// A day of two accounts, with everything that goes wrong in one.
async fn story(world: &World) -> Secrets {
    let mut secrets = Secrets::default();
    for secret in [
        "Admin@123",
        "Owner@12345",
        PASSWORD,
        "a wrong password",
        "battery staple",
        API_KEY,
        &"k".repeat(64),
    ] {
        secrets.keep(secret);
    }
    let jane = NAMES[0];
    let owner = world.owner().await;
    secrets.keep(&owner.token);
    let body = json!({ "email": jane, "username": NAMES[3], "password": PASSWORD });
    assert_eq!(owner.post("/api/users", body).await.status, 201);
    assert_eq!(owner.post("/api/users", json!({ "email": NAMES[1] })).await.status, 201);
    secrets.issued(&crate::api_keys::made(&owner, "Web shop").await);
    service_account(world, &mut secrets).await;
    let tenant = json!({ "id": "acme", "owner": { "email": NAMES[1], "password": PASSWORD } });
    assert_eq!(owner.post("/api/tenants", tenant).await.status, 201);
    tokens(world, &mut secrets, jane).await;
    let reset = owner.post_empty(&format!("/api/users/{jane}/reset-password")).await;
    secrets.issued(&reset);
    let signed_in = login(world, jane, reset.str("temporaryPassword")).await;
    secrets.issued(&signed_in);
    let me = world.with_token(signed_in.str("token"));
    let change = |current: &str, new: &str| json!({ "currentPassword": current, "newPassword": new });
    let wrong = me
        .post(
            "/api/auth/change-password",
            change("a wrong password", "battery staple"),
        )
        .await;
    assert_eq!(wrong.status, 403);
    let short = me
        .post("/api/auth/change-password", change("a wrong password", "too short"))
        .await;
    assert_eq!(short.status, 400);
    let right = me
        .post(
            "/api/auth/change-password",
            change(reset.str("temporaryPassword"), "battery staple"),
        )
        .await;
    assert_eq!(right.status, 204);
    let set = json!({ "newPassword": PASSWORD });
    assert_eq!(
        owner
            .post(&format!("/api/users/{jane}/reset-password"), set)
            .await
            .status,
        204
    );
    failures(world, &mut secrets).await;
    for body in [
        json!({ "username": "admin" }),
        json!({ "roles": ["admin"], "username": jane }),
    ] {
        secrets.issued(&world.nobody().post("/api/auth/dev-token", body).await);
    }
    secrets.issued(
        &world
            .nobody()
            .post("/api/auth/login-dev", json!({ "username": jane }))
            .await,
    );
    assert_eq!(owner.get(&format!("/api/users/{jane}")).await.status, 200);
    assert_eq!(owner.get(&format!("/api/users?q={jane}")).await.status, 200);
    assert_eq!(owner.delete(&format!("/api/users/{jane}")).await.status, 204);
    secrets
}

/// A service account whose key is used, asked about, and revoked by whoever has it.
async fn service_account(world: &World, secrets: &mut Secrets) {
    let owner = world.owner().await;
    let robot = crate::service_accounts::service(&owner, "robot", &["admin"]).await;
    let key = crate::service_accounts::key(&owner, &robot).await;
    secrets.issued(&key);
    let with_key = world.with_token(key.str("key"));
    assert_eq!(with_key.get("/api/users").await.status, 200);
    let itself = json!({ "token": key.str("key") });
    assert_eq!(
        with_key.post("/api/auth/introspect", itself.clone()).await.body["active"],
        true
    );
    assert_eq!(world.nobody().post("/api/auth/revoke", itself).await.status, 200);
    assert_eq!(with_key.get("/api/users").await.status, 401);
}

async fn tokens(world: &World, secrets: &mut Secrets, email: &str) {
    let first = token(world, email, PASSWORD).await;
    let lost = refresh(world, first.str("refreshToken")).await;
    let second = refresh(world, first.str("refreshToken")).await;
    let third = refresh(world, second.str("refreshToken")).await;
    for reply in [&first, &lost, &second, &third] {
        assert_eq!(reply.status, 200);
        secrets.issued(reply);
    }
    let me = world.with_token(third.str("accessToken"));
    assert_eq!(me.get("/api/me/profile").await.status, 200);
    assert_eq!(
        me.patch("/api/me/profile", json!({ "firstName": "Jane" })).await.status,
        200
    );
    assert_eq!(refresh(world, first.str("refreshToken")).await.status, 401, "reuse");
    let other = Pair::of(&token(world, email, PASSWORD).await);
    secrets.keep(&other.access);
    secrets.keep(&other.refresh);
    let revoked = world
        .nobody()
        .post("/api/auth/revoke", json!({ "token": other.refresh }))
        .await;
    assert_eq!(revoked.status, 200);
}

/// Locks by failures of an account, of an unregistered name, and of a password typed into the field of the name.
async fn failures(world: &World, secrets: &mut Secrets) {
    secrets.keep("my password, typed into the wrong field");
    for name in [NAMES[0], NAMES[2], "my password, typed into the wrong field"] {
        for _ in 0..6 {
            login(world, name, "a wrong password").await;
        }
    }
    world.clock.advance(900);
    for body in [
        "{\"email\": \"jane.story@example.org\", \"password\": \"battery staple\"",
        "{\"password\": \"battery staple\"}",
    ] {
        let reply = crate::auth::raw(&world.nobody(), "/api/auth/token", "application/json", body).await;
        assert_eq!(reply.status, 400);
        assert!(
            !reply.text.contains("battery staple"),
            "a refusal does not repeat what was sent: {}",
            reply.text
        );
    }
}

#[tokio::test]
async fn r08_no_secret_is_in_the_table_or_the_log_and_no_address_in_the_log() {
    let world = World::new().await;
    let secrets = story(&world).await;
    let (log, table) = (world.watch.log.text(), Value::from(world.items()).to_string());
    for event in ["lockout", "refresh_reuse", "dev_token", "answered", "/api/auth/login"] {
        assert!(log.contains(event), "the log is listened to: {event}\n{log}");
    }
    assert!(
        table.contains("$argon2id$") && table.contains(NAMES[0]),
        "the table is looked at"
    );
    assert!(secrets.0.len() > 30, "{}", secrets.0.len());
    assert_eq!(secrets.found_in(&table), Vec::<&String>::new(), "secrets in the table");
    assert_eq!(secrets.found_in(&log), Vec::<&String>::new(), "secrets in the log");
    for name in NAMES {
        let said: Vec<&str> = log
            .lines()
            .filter(|line| line.to_lowercase().contains(&name.to_lowercase()))
            .collect();
        assert!(said.is_empty(), "{name} in the log: {said:#?}");
    }
}

#[tokio::test]
async fn r08_the_private_half_of_the_signing_key_is_sealed() {
    let world = World::new().await;
    let keys: Vec<Value> = world
        .items()
        .into_iter()
        .filter(|item| item["PK"]["S"] == "KEYS")
        .collect();
    assert!(!keys.is_empty());
    let text = Value::from(keys).to_string();
    assert!(!text.contains("PRIVATE KEY") && !text.contains("\"d\""), "{text}");
}
