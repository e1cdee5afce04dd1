//! A directory for the list of the table's keys.

use serde_json::json;
use usher::actions::{links, settings};
use usher::domain::mail::Purpose;
use usher::domain::tenant_settings::Chosen;
use usher::jiff::SignedDuration;
use usher::store::pages::Pages;
use usher::store::{signing_keys, unit};

use crate::support::{PASSWORD, World};
use crate::tenants::{context, link};

/// A directory where everything has happened once.
pub async fn lived_in() -> World {
    let world = World::with(&[("USHER_RATE_LIMITS", "true")]).await;
    let owner = world.owner().await;
    let robot = json!({ "kind": "service", "username": "robot" });
    let robot = owner.post("/api/users", robot).await.str("id").to_owned();
    let key = owner
        .post(&format!("/api/users/{robot}/keys"), json!({ "name": "CI" }))
        .await;
    assert_eq!(key.status, 201, "{}", key.text);
    owner.post("/api/permissions", json!({ "name": "press.write" })).await;
    let press = json!({ "name": "Press Office", "permissions": ["press.write"] });
    let made = crate::idempotency::send(&owner, "/api/roles", &press, "a-key").await;
    assert_eq!(made.status, 201, "{}", made.text);
    owner.post("/api/roles", json!({ "name": "former" })).await;
    assert_eq!(owner.delete("/api/roles/former").await.status, 204);
    owner.post("/api/permissions", json!({ "name": "press.print" })).await;
    owner.delete("/api/permissions/press.print").await;
    let id = world.user_with("jane@example.org", &["Press Office"]).await;
    for end in ["2026-11-22T08:00:00.001Z", "2030-01-01T00:00:00Z"] {
        crate::users::grant(&owner, &id, json!({ "role": "member", "effectiveTo": end })).await;
        world.clock.advance_ms(1);
    }
    let jane = world.signed_in("jane@example.org", PASSWORD).await;
    assert_eq!(jane.post_empty("/api/auth/logout").await.status, 204);
    let unknown = json!({ "username": "nobody", "password": "wrong" });
    assert_eq!(world.nobody().post("/api/auth/login", unknown).await.status, 401);
    assert_eq!(owner.post_empty(&format!("/api/users/{id}/lock")).await.status, 204);
    let cx = context(&world, "main").await;
    let set = |chosen: Chosen| {
        Ok(Chosen {
            history_days: Some(30),
            ..chosen
        })
    };
    settings::change(&cx, set).await.unwrap();
    for email in ["owner@usher.local", "nobody@example.org"] {
        links::ask_for_password(&cx, &email.parse().unwrap()).await.unwrap();
    }
    link(&world, "main", "owner", Purpose::SetPassword).await;
    // A mail that was counted, and not sent: it stays in the index.
    let post = crate::outbox::Post::default();
    post.expect([crate::outbox::Mishap::Refused; 4]);
    crate::outbox::invite(&world, "invited@example.org").await;
    let sent = crate::outbox::sweep(&post.outbox(&world.app)).await;
    assert!(sent.contains(&usher::actions::outbox::Outcome::Postponed), "{sent:?}");
    let table = &world.app.table;
    let next = signing_keys::all(table)
        .await
        .unwrap()
        .into_iter()
        .max_by_key(|key| key.signs_from);
    let retire = signing_keys::retire(&next.unwrap()).unwrap();
    unit::commit(table, &retire).await.unwrap();
    let left = world.user("left@example.org").await;
    let erased = owner.post("/admin/deleteuseraccount", json!({ "Id": left })).await;
    assert_eq!(erased.status, 200, "{}", erased.text);
    // As set-up does where there are thousands.
    let later = world.now() + SignedDuration::from_hours(1);
    let pages = Pages {
        now: later,
        ..Pages::of(&cx)
    };
    pages.renew().await.unwrap();
    world
}
