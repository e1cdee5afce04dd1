//! `POST /api/auth/set-password`

use serde_json::{Value, json};
use usher::domain::mail::{OneTime, Purpose};
use usher::domain::tenant::TenantId;

use super::{assert_refused, login, opens, pair};
use crate::backstage::{account, link, mails, one_time, sent};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, Reply, World, at_once};

const NEW: &str = "battery staple";
const JANE: &str = "jane@example.org";

async fn set(world: &World, token: &str, password: &str) -> Reply {
    let body = json!({ "token": token, "newPassword": password });
    world.nobody().post("/api/auth/set-password", body).await
}

fn assert_no_good(reply: &Reply, why: &str) {
    assert_eq!((reply.status.as_u16(), reply.problem()), (400, "invalid-link"), "{why}");
}

#[tokio::test]
async fn the_link_sets_the_password_once_and_ends_every_session() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let before = pair(&world, JANE).await;
    let here = login(&world, JANE, PASSWORD).await.str("token").to_owned();
    let token = one_time(&world, &id, Purpose::SetPassword).await;
    let reply = set(&world, &token, NEW).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    assert_eq!(login(&world, JANE, PASSWORD).await.status, 401);
    assert_eq!(login(&world, JANE, NEW).await.status, 200);
    assert_eq!(
        (opens(&world, &before.access).await, opens(&world, &here).await),
        (401, 401)
    );
    assert_refused(&world, &before.refresh, "its session ended").await;
    let again = set(&world, &token, "another one, longer").await;
    assert_no_good(&again, "once");
    insta::assert_json_snapshot!(again.body, @r#"
    {
      "type": "/problems/invalid-link",
      "title": "Invalid link",
      "status": 400,
      "detail": "the link is not valid: it was used, has expired, or never was one",
      "instance": "/api/auth/set-password"
    }
    "#);
    assert_eq!(login(&world, JANE, NEW).await.status, 200);
    assert_reconciled(&world);
}

#[tokio::test]
async fn whoever_has_the_link_has_the_address_which_is_notified_of_the_change() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    assert_eq!(account(&world, &id)["emailVerified"]["BOOL"], false);
    let token = one_time(&world, &id, Purpose::SetPassword).await;
    assert_eq!(set(&world, &token, NEW).await.status, 204);
    assert_eq!(account(&world, &id)["emailVerified"]["BOOL"], true);
    assert!(mails(&world).contains(&("passwordChanged".to_owned(), JANE.to_owned())));
}

#[tokio::test]
async fn an_invitation_is_followed_in_the_same_way_and_is_no_change_to_notify_of() {
    let world = World::new().await;
    let made = world.owner().await.post("/api/users", json!({ "email": JANE })).await;
    let token = one_time(&world, made.str("id"), Purpose::SetPassword).await;
    assert_eq!(set(&world, &token, NEW).await.status, 204);
    assert_eq!(login(&world, JANE, NEW).await.status, 200);
    assert_eq!(mails(&world), [("invitation".to_owned(), JANE.to_owned())]);
    assert_reconciled(&world);
}

#[tokio::test]
async fn a_one_time_password_of_an_administrator_need_not_be_changed_any_more() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let path = format!("/api/users/{id}/reset-password");
    assert_eq!(world.owner().await.post_empty(&path).await.status, 200);
    let token = one_time(&world, &id, Purpose::SetPassword).await;
    assert_eq!(set(&world, &token, NEW).await.status, 204);
    let reply = login(&world, JANE, NEW).await;
    assert_eq!(reply.body["user"]["mustChangePassword"], false);
}

#[tokio::test]
async fn the_link_lasts_until_the_moment_of_its_end() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let token = one_time(&world, &id, Purpose::SetPassword).await;
    world.clock.advance(7 * 24 * 3600);
    assert_no_good(&set(&world, &token, NEW).await, "expired");
    world.clock.advance_ms(-1);
    assert_eq!(set(&world, &token, NEW).await.status, 204);
}

#[tokio::test]
async fn a_token_is_nobody_s_for_another_purpose_tenant_or_address() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let good = link(&world, &id, Purpose::SetPassword).await;
    let other = |change: fn(&mut OneTime)| {
        let mut other = good.clone();
        change(&mut other);
        other
    };
    for bad in [
        other(|link| link.purpose = Purpose::VerifyEmail),
        other(|link| link.tenant = TenantId::parse("acme").unwrap()),
        other(|link| link.email = "other@example.org".to_owned()),
        other(|link| link.user = "00000000-0000-7000-8000-000000000000".parse().unwrap()),
        other(|link| link.epoch += 1),
    ] {
        assert_no_good(&set(&world, &sent(&world, &bad).await, NEW).await, &format!("{bad:?}"));
    }
    assert_eq!(login(&world, JANE, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_refused_before_anything_is_hashed_or_read() {
    let (world, proxy) = crate::round_trips::counted().await;
    world.user(JANE).await;
    let tokens = pair(&world, JANE).await;
    proxy.cost();
    let hashed = world.app.hasher.hashes();
    for bad in ["", "x", "usher_ot_", &tokens.access, &tokens.refresh, &"x".repeat(4000)] {
        assert_no_good(&set(&world, bad, NEW).await, bad);
    }
    assert_eq!(world.app.hasher.hashes(), hashed);
    assert_eq!(proxy.cost().operations, [""; 0]);
}

#[tokio::test]
async fn whatever_ends_the_sessions_of_an_account_ends_its_links_too() {
    for what in ["changed", "reset", "set by another link", "new address", "deleted"] {
        let world = World::new().await;
        let id = world.user(JANE).await;
        let token = one_time(&world, &id, Purpose::SetPassword).await;
        let (owner, path) = (world.owner().await, format!("/api/users/{id}"));
        let status = match what {
            "changed" => {
                let me = world.with_token(&pair(&world, JANE).await.access);
                let body = json!({ "currentPassword": PASSWORD, "newPassword": "tuesday morning" });
                me.post("/api/auth/change-password", body).await.status
            }
            "reset" => {
                owner
                    .patch(&path, json!({ "password": "tuesday morning" }))
                    .await
                    .status
            }
            "set by another link" => {
                let other = one_time(&world, &id, Purpose::SetPassword).await;
                set(&world, &other, "tuesday morning").await.status
            }
            "new address" => owner.patch(&path, json!({ "email": "new@example.org" })).await.status,
            _ => owner.delete(&path).await.status,
        };
        assert_eq!(status, 204, "{what}");
        assert_no_good(&set(&world, &token, NEW).await, what);
        assert_reconciled(&world);
    }
}

#[tokio::test]
async fn a_lockout_by_failed_logins_ends_with_a_new_password() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    for _ in 0..5 {
        login(&world, JANE, "wrong").await;
    }
    assert_eq!(login(&world, JANE, PASSWORD).await.status, 423);
    let token = one_time(&world, &id, Purpose::SetPassword).await;
    assert_eq!(set(&world, &token, NEW).await.status, 204);
    assert_eq!(login(&world, JANE, NEW).await.status, 200);
    assert_reconciled(&world);
}

#[tokio::test]
async fn what_an_administrator_disabled_no_link_opens() {
    let world = World::new().await;
    let owner = world.owner().await;
    for (status, code, problem) in [
        ("banned", 401, "account-not-active"),
        ("inactive", 401, "account-not-active"),
        ("locked", 423, "locked"),
    ] {
        let email = format!("{status}@example.org");
        let id = world.user(&email).await;
        let path = format!("/api/users/{id}");
        assert_eq!(owner.patch(&path, json!({ "status": status })).await.status, 204);
        let token = one_time(&world, &id, Purpose::SetPassword).await;
        let reply = set(&world, &token, NEW).await;
        assert_eq!((reply.status.as_u16(), reply.problem()), (code, problem), "{status}");
        assert_eq!(owner.patch(&path, json!({ "status": "active" })).await.status, 204);
        assert_eq!(
            login(&world, &email, PASSWORD).await.status,
            200,
            "the old one still holds"
        );
        assert_eq!(login(&world, &email, NEW).await.status, 401);
        assert_eq!(
            set(&world, &token, NEW).await.status,
            204,
            "the refused link was not spent"
        );
    }
    assert_reconciled(&world);
}

#[tokio::test]
async fn a_password_that_is_refused_spends_no_link() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let token = one_time(&world, &id, Purpose::SetPassword).await;
    let with = |password: Value| json!({ "token": token, "newPassword": password });
    for body in [
        with(json!("123456789")),
        with(json!("x".repeat(129))),
        with(json!(null)),
        json!({ "token": token }),
    ] {
        let reply = world.nobody().post("/api/auth/set-password", body.clone()).await;
        assert_eq!(
            (reply.status.as_u16(), reply.pointers()),
            (400, vec!["/newPassword"]),
            "{body}"
        );
    }
    let reply = world
        .nobody()
        .post("/api/auth/set-password", json!({ "newPassword": NEW }))
        .await;
    assert_eq!((reply.status.as_u16(), reply.pointers()), (400, vec!["/token"]));
    assert_eq!(set(&world, &token, NEW).await.status, 204);
}

#[tokio::test]
async fn r08_neither_the_token_nor_the_password_is_in_the_table() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let (spent, open) = (
        one_time(&world, &id, Purpose::SetPassword).await,
        one_time(&world, &id, Purpose::VerifyEmail).await,
    );
    assert_eq!(set(&world, &spent, NEW).await.status, 204);
    let table = json!(world.items()).to_string();
    for secret in [spent.as_str(), &open, NEW] {
        assert!(!table.contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_16_passwords_set_by_one_link_at_once_exactly_one_holds() {
    let world = World::new().await;
    for round in 0..10 {
        let email = format!("jane{round}@example.org");
        let id = world.user(&email).await;
        let token = one_time(&world, &id, Purpose::SetPassword).await;
        let replies = at_once(16, |n| {
            let (client, token) = (world.nobody(), token.clone());
            async move {
                let body = json!({ "token": token, "newPassword": format!("password number {n}") });
                client.post("/api/auth/set-password", body).await
            }
        })
        .await;
        let winners: Vec<usize> = (0..16).filter(|n| replies[*n].status == 204).collect();
        let [winner] = winners[..] else {
            panic!("round {round}: {winners:?}")
        };
        for (n, reply) in replies.iter().enumerate().filter(|(n, _)| *n != winner) {
            assert_no_good(reply, &format!("{n}"));
        }
        assert_eq!(
            login(&world, &email, &format!("password number {winner}")).await.status,
            200
        );
    }
    assert_reconciled(&world);
}
