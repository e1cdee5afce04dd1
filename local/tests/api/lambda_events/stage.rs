//! The worlds in which events are played.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::sync::OnceCell;
use usher::domain::mail::Purpose;
use usher::jiff::Timestamp;

use super::Event;
use crate::backstage::one_time;
use crate::databases::Original;
use crate::support::World;
use crate::watch::Secrets;

const PASSWORD: &str = "correct horse battery staple";

/// An event's text, with a world's own words in it.
pub struct Stage {
    pub world: World,
    pub replacements: Vec<(&'static str, String)>,
}

/// What was staged, and when.
struct Staged {
    original: Original,
    now: Timestamp,
    replacements: Vec<(&'static str, String)>,
    secrets: Secrets,
}

/// A world of its own in which everything exists that the event speaks of; nothing yet of what a `create` makes. Events
/// that ask for the same get copies of one.
pub async fn stage(event: &Event) -> Stage {
    static STAGED: Mutex<BTreeMap<[bool; 3], Arc<OnceCell<Staged>>>> = Mutex::new(BTreeMap::new());
    let of = |functions: [&str; 2]| functions.contains(&event.function.as_str());
    let needs = [
        event.name.starts_with("create"),
        of(["auth", "registration"]),
        of(["auth", "me"]),
    ];
    let cell = STAGED.lock().unwrap().entry(needs).or_default().clone();
    let staged = cell.get_or_init(|| staged(needs)).await;
    let world = World::later(staged.original.copy(), &[], staged.now).await;
    world.watch.secrets.keep_all(&staged.secrets);
    Stage {
        world,
        replacements: staged.replacements.clone(),
    }
}

async fn staged([creates, registers, is_own]: [bool; 3]) -> Staged {
    let original = Original::empty();
    let world = World::fresh(original.db.clone(), &[]).await;
    let owner = world.owner().await;
    let mut replacements = Vec::new();
    if !creates {
        for (name, email, password) in [
            (Some("jane"), "jane@example.org", PASSWORD),
            (None, "jane+news@example.org", PASSWORD),
            (None, "jane?x=1@example.org", PASSWORD),
            (None, "jane#x@example.org", PASSWORD),
            (None, "100%@example.org", PASSWORD),
            (None, "Jane@Exämple.org", "ключ 🔑 от квартиры"),
        ] {
            world.clock.advance_ms(1);
            let body = json!({ "username": name, "email": email, "password": password });
            let reply = owner.post("/api/users", body).await;
            assert_eq!(reply.status, 201, "{email}: {}", reply.text);
            if name.is_some() {
                replacements.push(("019ab0f2-1d5a-7c33-8e4f-6a7b8c9d0e1f", reply.str("id").to_owned()));
            }
        }
        let body = json!({ "username": "zoe%40example.org", "password": PASSWORD });
        assert_eq!(owner.post("/api/users", body).await.status, 201);
        for role in ["editor", "press office"] {
            world.clock.advance_ms(1);
            assert_eq!(owner.post("/api/roles", json!({ "name": role })).await.status, 201);
        }
        let grant = owner
            .post("/api/users/jane@example.org/roles", json!({ "role": "editor" }))
            .await;
        replacements.push((
            "019ab0f3-7c41-7d2e-9b6a-4f1e2d3c5b60",
            grant.str("userRoleId").to_owned(),
        ));
        world.clock.advance_ms(1);
        let key = crate::api_keys::made(&owner, "Web shop").await;
        replacements.push(("019ab0f4-2e6b-7a18-b5c3-8d9e0f1a2b3c", key.str("id").to_owned()));
        let robot = crate::service_accounts::service(&owner, "robot", &[]).await;
        let key = crate::service_accounts::key(&owner, &robot).await;
        replacements.push(("019ab0f5-6a1c-7b42-9d3e-5f6a7b8c9d0e", key.str("id").to_owned()));
        replacements.push(("{{serviceKey}}", key.str("key").to_owned()));
        let jane = json!({ "email": "jane@example.org", "password": PASSWORD });
        let pair = world.nobody().post("/api/auth/token", jane).await;
        let own = world.with_token(pair.str("accessToken")).get("/api/me/sessions").await;
        let session = own.body[0]["id"].as_str().unwrap().to_owned();
        replacements.push(("019ab0f5-5d3c-7b6a-8c1d-2e3f4a5b6c7d", session));
        // One of a verified account: every contract refreshes it.
        let verified = json!({ "email": "owner@usher.local", "password": "Owner@12345" });
        let refreshed = world.nobody().post("/api/auth/token", verified).await;
        replacements.push(("{{refreshToken}}", refreshed.str("refreshToken").to_owned()));
        replacements.push(("{{ownToken}}", pair.str("accessToken").to_owned()));
        if registers {
            replacements.extend(registration(&world).await);
        }
        if is_own {
            replacements.push(("{{token}}", pair.str("accessToken").to_owned()));
        }
    }
    replacements.push(("{{token}}", owner.token));
    replacements.push(("{{apiKey}}", crate::support::API_KEY.to_owned()));
    Staged {
        original,
        now: world.now(),
        secrets: world.watch.secrets.clone(),
        replacements,
    }
}

/// What the events of registrations and of links out of mails speak of besides.
async fn registration(world: &World) -> Vec<(&'static str, String)> {
    let jane = world.owner().await.get("/api/users/jane").await.str("id").to_owned();
    let banned = json!({ "username": "banned", "password": PASSWORD });
    assert_eq!(world.owner().await.post("/api/users", banned).await.status, 201);
    assert_eq!(world.owner().await.delete("/v1/user/ban/banned").await.status, 200);
    let login = json!({ "login": "jane", "password": PASSWORD });
    let reply = world.nobody().post("/v1/user/login", login).await;
    let token = reply.body["data"]["token"].as_str().unwrap().to_owned();
    vec![
        ("{{registrationToken}}", token),
        ("{{verifyToken}}", one_time(world, &jane, Purpose::VerifyEmail).await),
        ("{{passwordToken}}", one_time(world, &jane, Purpose::SetPassword).await),
    ]
}
