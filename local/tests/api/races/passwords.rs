//! What stays exact: 100 logins at once.

use serde_json::json;
use tokio::runtime::Handle;

use crate::auth::{login, opens};
use crate::databases::{serve_dynamodb, table_set_up_with};
use crate::proxy::Proxy;
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, Reply, World, at_once, steps};

const ROUNDS: usize = 20;

/// Many logins at once, each with the password of its number.
async fn logins(client: &Client, name: &str, many: usize, password: impl Fn(usize) -> String) -> Vec<Reply> {
    at_once(many, |n| {
        let (client, body) = (client.clone(), json!({ "username": name, "password": password(n) }));
        async move { client.post("/api/auth/login", body).await }
    })
    .await
}

fn count(replies: &[Reply], status: u16) -> usize {
    replies.iter().filter(|reply| reply.status == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn c07_of_100_wrong_logins_at_once_five_are_compared_for_an_account_and_for_nobody() {
    let world = World::new().await;
    let nobody = world.nobody();
    for round in steps(0..ROUNDS) {
        let jane = format!("jane{round}@example.org");
        world.user(&jane).await;
        for name in [jane, format!("nobody{round}@example.org")] {
            let before = world.app.hasher.comparisons();
            let replies = logins(&nobody, &name, 100, |n| format!("guess {n}")).await;
            assert_eq!(world.app.hasher.comparisons() - before, 5, "{name}");
            assert_eq!((count(&replies, 401), count(&replies, 423)), (5, 95), "{name}");
            for reply in replies.iter().filter(|reply| reply.status == 423) {
                assert_eq!(reply.header("retry-after"), "900");
                assert_eq!(reply.str("lockoutUntil"), "2026-11-22T08:15:00.000Z");
                assert_eq!(reply.str("reason"), "too many failed logins");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c07_the_right_one_among_64_passwords_at_once_is_no_better_than_a_sixth_guess() {
    let world = World::new().await;
    let nobody = world.nobody();
    for round in steps(0..ROUNDS) {
        let jane = format!("jane{round}@example.org");
        world.user(&jane).await;
        let wrong = |n: usize| {
            if n == 63 {
                PASSWORD.to_owned()
            } else {
                format!("guess {n}")
            }
        };
        let before = world.app.hasher.comparisons();
        let replies = logins(&nobody, &jane, 64, wrong).await;
        let compared = world.app.hasher.comparisons() - before;
        let right = count(&replies, 200);
        // A success begins the count anew, so that there are at most five beside it on either side.
        assert!(
            compared <= if right == 1 { 10 } else { 5 },
            "round {round}: {compared} comparisons"
        );
        assert_eq!(right + count(&replies, 401), usize::try_from(compared).unwrap());
        assert_eq!(replies.len() - right - count(&replies, 401), count(&replies, 423));
        // Locked: no password is compared. Not locked: the next one is.
        let before = world.app.hasher.comparisons();
        let after = login(&world, &jane, PASSWORD).await;
        assert_eq!(
            u64::from(after.status != 423),
            world.app.hasher.comparisons() - before,
            "{}",
            after.text
        );
        assert_counts_are_right(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c07_twenty_devices_of_one_person_at_once_all_get_in() {
    let world = World::new().await;
    let nobody = world.nobody();
    for round in steps(0..ROUNDS) {
        let jane = format!("jane{round}@example.org");
        world.user(&jane).await;
        let replies = logins(&nobody, &jane, 20, |_| PASSWORD.to_owned()).await;
        assert_eq!(
            count(&replies, 200),
            20,
            "round {round}: {:?}",
            replies.iter().map(|r| r.status).collect::<Vec<_>>()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c07_twenty_devices_at_once_all_get_in_when_a_lock_has_just_ended() {
    let world = World::new().await;
    let nobody = world.nobody();
    for round in steps(0..ROUNDS) {
        let jane = format!("jane{round}@example.org");
        world.user(&jane).await;
        assert_eq!(count(&logins(&nobody, &jane, 5, |_| "wrong".to_owned()).await, 401), 5);
        assert_eq!(login(&world, &jane, PASSWORD).await.status, 423);
        world.clock.advance(900);
        let replies = logins(&nobody, &jane, 20, |_| PASSWORD.to_owned()).await;
        assert_eq!(
            count(&replies, 200),
            20,
            "round {round}: {:?}",
            replies.iter().map(|r| r.status).collect::<Vec<_>>()
        );
        assert_counts_are_right(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c07_a_right_password_among_four_wrong_ones_leaves_no_lock_half_there() {
    let world = World::new().await;
    let nobody = world.nobody();
    for round in steps(0..ROUNDS * 2) {
        let jane = format!("jane{round}@example.org");
        world.user(&jane).await;
        let one_right = |n: usize| {
            if n == round % 5 {
                PASSWORD.to_owned()
            } else {
                "wrong".to_owned()
            }
        };
        let replies = logins(&nobody, &jane, 5, one_right).await;
        assert_eq!((count(&replies, 200), count(&replies, 401)), (1, 4), "round {round}");
        assert_eq!(
            login(&world, &jane, PASSWORD).await.status,
            200,
            "four failures do not lock: round {round}"
        );
        assert_counts_are_right(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c07_wrong_current_passwords_at_once_count_like_logins() {
    let world = World::new().await;
    for round in steps(0..ROUNDS) {
        let jane = format!("jane{round}@example.org");
        world.user(&jane).await;
        let me = world.signed_in(&jane, PASSWORD).await;
        let before = world.app.hasher.comparisons();
        let replies = at_once(64, |n| {
            let (me, body) = (
                me.clone(),
                json!({ "currentPassword": format!("guess {n}"), "newPassword": "battery staple" }),
            );
            async move { me.post("/api/auth/change-password", body).await }
        })
        .await;
        assert_eq!(world.app.hasher.comparisons() - before, 5, "round {round}");
        assert_eq!(count(&replies, 403), 5);
        // Those that were let in before the lock was there are answered with it; to those after it the token rests.
        assert_eq!(count(&replies, 423) + count(&replies, 401), 59);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c08_no_login_outlives_a_ban_that_came_at_the_same_time() {
    let world = World::new().await;
    let (nobody, owner) = (world.nobody(), world.owner().await);
    for round in steps(0..ROUNDS) {
        let jane = format!("jane{round}@example.org");
        let id = world.user(&jane).await;
        let ban = {
            let (owner, path) = (owner.clone(), format!("/api/users/{id}"));
            tokio::spawn(async move { owner.patch(&path, json!({ "status": "banned" })).await })
        };
        let replies = logins(&nobody, &jane, 16, |_| PASSWORD.to_owned()).await;
        assert_eq!(ban.await.unwrap().status, 204);
        for reply in &replies {
            match reply.status.as_u16() {
                200 => assert_eq!(opens(&world, reply.str("token")).await, 401, "round {round}"),
                status => assert!(status == 401 || status == 423, "round {round}: {}", reply.text),
            }
        }
        assert_counts_are_right(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_is_no_failure_where_the_account_is_switched_off_meanwhile() {
    let world = World::new().await;
    let (nobody, owner) = (world.nobody(), world.owner().await);
    for round in steps(0..ROUNDS) {
        let jane = format!("jane{round}@example.org");
        let path = format!("/api/users/{}", world.user(&jane).await);
        let off = {
            let (owner, path) = (owner.clone(), path.clone());
            tokio::spawn(async move { owner.patch(&path, json!({ "status": "inactive" })).await })
        };
        logins(&nobody, &jane, 5, |_| PASSWORD.to_owned()).await;
        assert_eq!(off.await.unwrap().status, 204);
        let on = owner.patch(&path, json!({ "status": "active" })).await;
        assert_eq!(on.status, 204);
        let shown = owner.get(&path).await.body;
        assert_eq!(shown["failedLoginCount"], 0, "round {round}: {shown}");
        assert_eq!(login(&world, &jane, PASSWORD).await.status, 200, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_16_changes_of_one_password_at_once_one_decides_and_its_session_stays() {
    let world = World::new().await;
    for round in steps(0..ROUNDS) {
        let jane = format!("jane{round}@example.org");
        world.user(&jane).await;
        let mut sessions = Vec::new();
        for _ in 0..4 {
            sessions.push(world.signed_in(&jane, PASSWORD).await);
        }
        let replies = at_once(4, |n| {
            let body = json!({ "currentPassword": PASSWORD, "newPassword": format!("new password {n}") });
            let me = sessions[n].clone();
            async move { me.post("/api/auth/change-password", body).await }
        })
        .await;
        assert_eq!(
            count(&replies, 204),
            1,
            "round {round}: {:?}",
            replies.iter().map(|r| &r.text).collect::<Vec<_>>()
        );
        let winner = replies.iter().position(|reply| reply.status == 204).unwrap();
        for (n, session) in sessions.iter().enumerate() {
            assert_eq!(
                opens(&world, &session.token).await,
                if n == winner { 200 } else { 401 },
                "round {round}"
            );
        }
        assert_eq!(
            login(&world, &jane, &format!("new password {winner}")).await.status,
            200
        );
    }
}

/// The counts by status against the accounts themselves.
fn assert_counts_are_right(world: &World) {
    let (mut counted, mut there) = (0_i64, 0_i64);
    for item in world.items() {
        let number = |name: &str| item[name]["N"].as_str().map_or(0, |text| text.parse::<i64>().unwrap());
        match (item["SK"]["S"].as_str().unwrap(), item["PK"]["S"].as_str().unwrap()) {
            (sk, _) if sk.starts_with("TALLY#") => counted += number("locked"),
            ("USER", _)
                if item["GSI2PK"]["S"]
                    .as_str()
                    .unwrap_or_default()
                    .contains("#STATUS#locked#") =>
            {
                there += 1;
            }
            _ => {}
        }
        if item["SK"]["S"] == "USER" && item["status"]["S"] == "active" {
            let listed = item["GSI2PK"]["S"].as_str().unwrap().contains("#STATUS#locked#");
            assert_eq!(
                listed,
                !item["emailLockoutUntil"].is_null(),
                "listed as what it is: {item}"
            );
        }
    }
    assert_eq!(counted, there, "accounts counted as locked, and accounts listed so");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_at_the_old_password_does_not_count_at_the_new_one_though_it_came_in_the_same_moment() {
    let db = table_set_up_with(&[]).await;
    let dynamodb = serve_dynamodb(db.clone()).await;
    let proxy = Proxy::before(&dynamodb).await;
    let world = World::on(db.clone(), proxy.url.clone(), &[]).await;
    let beside = World::on(db, dynamodb, &[]).await;
    beside.user("jane@example.org").await;
    let (owner, nobody) = (world.owner().await, beside.nobody());
    // After the account was read with no failure, and before its new password is written.
    let mut once = Some(nobody);
    proxy.plan(move |call| {
        if call.operation == "TransactWriteItems"
            && let Some(nobody) = once.take()
        {
            let guess = json!({ "username": "jane@example.org", "password": "a guess of a stranger" });
            let failed = nobody.post("/api/auth/login", guess);
            let reply = tokio::task::block_in_place(|| Handle::current().block_on(failed));
            assert_eq!(reply.status, 401, "{}", reply.text);
        }
        None
    });
    let reset = owner.post_empty("/api/users/jane@example.org/reset-password").await;
    assert_eq!(reset.status, 200, "{}", reset.text);
    proxy.calm();
    let jane = owner.get("/api/users/jane@example.org").await;
    assert_eq!(jane.body["failedLoginCount"], 0, "{}", jane.text);
    assert_reconciled(&beside);
}
