//! Sessions that end while they are used: nothing passes after the answer, and nothing brings one back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use usher::actions::authenticate::authenticate;
use usher::actions::open_sessions;
use usher::actions::revisions::Expected;
use usher::domain::user::UserRef;
use usher::error::Error;

use crate::auth::{Pair, assert_refused, opens, pair};
use crate::me::sessions::{at, listed, own_id};
use crate::support::{Client, World, at_once, steps};
use crate::tenants::context;

const JANE: &str = "jane@example.org";
const ROUNDS: usize = 5;
const USERS: usize = 64;

/// What ends a session of jane's: whose request, and its path.
async fn endings(world: &World, id: &str, session: &str) -> Vec<(Client, String)> {
    let other = world.with_token(&pair(world, JANE).await.access);
    let owner = world.owner().await;
    vec![
        (other.clone(), at(session)),
        (other, "/api/me/sessions?except=current".to_owned()),
        (owner.clone(), format!("/api/users/{id}/sessions/{session}")),
        (owner, format!("/api/users/{id}/sessions")),
    ]
}

/// Uses a token on and on, once more after the session has ended; how many requests that began after that passed.
async fn used_until(client: Client, ended: Arc<AtomicBool>) -> usize {
    loop {
        let is_over = ended.load(Ordering::SeqCst);
        let status = client.get("/api/me/profile").await.status.as_u16();
        assert!([200, 401].contains(&status), "{status}");
        if is_over {
            return usize::from(status == 200);
        }
        if status == 401 {
            return 0;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_at_once_that_use_a_session_none_passes_after_the_answer_that_it_has_ended() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    for round in steps(0..ROUNDS) {
        for n in 0..4 {
            let tokens = pair(&world, JANE).await;
            let client = world.with_token(&tokens.access);
            let session = own_id(&client).await;
            let (who, path) = endings(&world, &id, &session).await.remove(n);
            // Its use is to be written down while it ends.
            world.clock.advance(60);
            let ended = Arc::new(AtomicBool::new(false));
            let users: Vec<_> = (0..USERS)
                .map(|_| tokio::spawn(used_until(client.clone(), ended.clone())))
                .collect();
            let reply = who.delete(&path).await;
            ended.store(true, Ordering::SeqCst);
            assert_eq!(reply.status, 204, "{path}: {}", reply.text);
            for user in users {
                assert_eq!(user.await.unwrap(), 0, "round {round}: {path}");
            }
            assert_refused(&world, &tokens.refresh, &path).await;
            let back = world
                .items()
                .iter()
                .any(|item| item["SK"]["S"] == format!("SESSION#{session}") && item["kind"].is_null());
            assert_eq!(
                back,
                n % 2 == 1,
                "round {round}: {path}: ended by one number, or nothing but its row for good"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_among_refreshes_of_it_stays_ended() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    for round in steps(0..ROUNDS) {
        for n in 0..4 {
            let first = pair(&world, JANE).await;
            let session = own_id(&world.with_token(&first.access)).await;
            let (who, path) = endings(&world, &id, &session).await.remove(n);
            let refreshing = {
                let (nobody, token) = (world.nobody(), first.refresh.clone());
                tokio::spawn(async move {
                    at_once(16, |_| {
                        let (nobody, body) = (nobody.clone(), json!({ "refreshToken": token }));
                        async move { nobody.post("/api/auth/refresh", body).await }
                    })
                    .await
                })
            };
            let reply = who.delete(&path).await;
            assert_eq!(reply.status, 204, "{path}: {}", reply.text);
            for reply in refreshing.await.unwrap() {
                match reply.status.as_u16() {
                    200 => {
                        let pair = Pair::of(&reply);
                        assert_eq!(opens(&world, &pair.access).await, 401, "round {round}: {path}");
                        assert_refused(&world, &pair.refresh, &path).await;
                    }
                    status => assert_eq!(status, 401, "round {round}: {path}: {}", reply.text),
                }
            }
            assert_eq!(opens(&world, &first.access).await, 401, "round {round}: {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_16_that_end_all_other_sessions_at_once_the_session_that_asks_outlives_all_and_is_never_refused() {
    let world = World::new().await;
    world.user(JANE).await;
    for round in steps(0..ROUNDS) {
        let (me, other) = (pair(&world, JANE).await, pair(&world, JANE).await);
        let client = world.with_token(&me.access);
        let ended = Arc::new(AtomicBool::new(false));
        let users: Vec<_> = (0..8)
            .map(|_| tokio::spawn(used_until(client.clone(), ended.clone())))
            .collect();
        let replies = at_once(16, |_| {
            let client = client.clone();
            async move { client.delete("/api/me/sessions?except=current").await }
        })
        .await;
        ended.store(true, Ordering::SeqCst);
        for user in users {
            assert_eq!(
                user.await.unwrap(),
                1,
                "round {round}: it was refused while others ended"
            );
        }
        for reply in replies {
            assert_eq!(reply.status, 204, "round {round}: {}", reply.text);
        }
        assert_eq!(
            (opens(&world, &me.access).await, opens(&world, &other.access).await),
            (200, 401)
        );
        assert_eq!(listed(&client).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_since_its_request_was_let_in_does_not_begin_again() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let whose = UserRef::Id(id.parse().unwrap());
    for by_id in [false, true] {
        let (mine, other) = (pair(&world, JANE).await, pair(&world, JANE).await);
        let mut cx = context(&world, "main").await;
        cx.caller = Some(authenticate(&cx, &mine.access).await.unwrap());
        let client = world.with_token(&other.access);
        assert_eq!(client.delete("/api/me/sessions?except=current").await.status, 204);
        let late = match by_id {
            true => open_sessions::end_all(&cx, &whose, &Expected::Anything, true).await,
            false => open_sessions::end_all_own(&cx, true).await,
        };
        assert_eq!(late, Err(Error::InvalidToken));
        assert_eq!(
            (opens(&world, &mine.access).await, opens(&world, &other.access).await),
            (401, 200)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_sessions_that_end_all_others_at_once_at_most_one_goes_on() {
    let world = World::new().await;
    world.user(JANE).await;
    for round in steps(0..ROUNDS) {
        let pairs = [pair(&world, JANE).await, pair(&world, JANE).await];
        let clients = [&pairs[0], &pairs[1]].map(|pair| world.with_token(&pair.access));
        let replies = at_once(2, |n| {
            let client = clients[n].clone();
            async move { client.delete("/api/me/sessions?except=current").await.status.as_u16() }
        })
        .await;
        let mut open = Vec::new();
        for pair in &pairs {
            open.push(opens(&world, &pair.access).await);
        }
        // Whoever came second had ended before, and is answered so; or ended the first one after that.
        assert!(replies.contains(&204), "round {round}: {replies:?}");
        for (reply, open) in replies.iter().zip(&open) {
            assert!([204, 401].contains(reply), "round {round}: {replies:?}");
            assert!(
                *reply == 204 || *open == 401,
                "round {round}: what has ended does not begin again"
            );
        }
        assert_eq!(
            open.iter().filter(|status| **status == 200).count(),
            1,
            "round {round}: {replies:?} {open:?}"
        );
    }
}
