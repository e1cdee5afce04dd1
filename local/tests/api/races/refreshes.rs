//! Refreshes of one token at once.

use serde_json::json;

use crate::auth::{Pair, assert_refused, opens, pair, refresh};
use crate::support::{Client, PASSWORD, Reply, World, at_once, steps};

const ROUNDS: usize = 20;

async fn refreshes(client: &Client, token: &str, many: usize) -> Vec<Reply> {
    at_once(many, |_| {
        let (client, body) = (client.clone(), json!({ "refreshToken": token }));
        async move { client.post("/api/auth/refresh", body).await }
    })
    .await
}

/// The pairs of which both halves still live, found by trying; the first try of a living one makes it the only one.
async fn living(world: &World, pairs: &[Pair]) -> Vec<Pair> {
    let mut living = Vec::new();
    for pair in pairs {
        if opens(world, &pair.access).await == 200 {
            living.push(pair.clone());
        }
    }
    living
}

#[tokio::test(flavor = "multi_thread")]
async fn r03_50_refreshes_of_one_token_at_once_leave_one_family_and_log_nobody_out() {
    let world = World::new().await;
    let nobody = world.nobody();
    world.user("jane@example.org").await;
    for round in steps(0..ROUNDS) {
        let (first, other) = (
            pair(&world, "jane@example.org").await,
            pair(&world, "jane@example.org").await,
        );
        let replies = refreshes(&nobody, &first.refresh, 50).await;
        let pairs: Vec<Pair> = replies.iter().map(Pair::of).collect();
        let alive = living(&world, &pairs).await;
        assert_eq!(alive.len(), 1, "round {round}");
        for dead in pairs.iter().filter(|pair| pair.access != alive[0].access) {
            assert_refused(&world, &dead.refresh, "one that died unused").await;
        }
        let next = Pair::of(&refresh(&world, &alive[0].refresh).await);
        for dead in pairs.iter().filter(|pair| pair.access != alive[0].access) {
            assert_refused(&world, &dead.refresh, "one that died unused, a rotation later").await;
        }
        assert_eq!(opens(&world, &next.access).await, 200, "the dead ones ended nothing");
        assert_eq!(opens(&world, &other.access).await, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r03_a_successor_used_while_others_refresh_is_either_the_family_or_dead() {
    let world = World::new().await;
    let nobody = world.nobody();
    world.user("jane@example.org").await;
    for round in steps(0..ROUNDS) {
        let first = pair(&world, "jane@example.org").await;
        let (client, token) = (nobody.clone(), first.refresh.clone());
        let again = tokio::spawn(async move { refreshes(&client, &token, 8).await });
        let mine = refresh(&world, &first.refresh).await;
        let mine_opens = match mine.status.as_u16() {
            200 => opens(&world, mine.str("accessToken")).await,
            // Somebody used the successor of another refresh before: nobody does in this test.
            status => panic!("round {round}: {status}"),
        };
        let others = again.await.unwrap();
        let reused = others.iter().any(|reply| reply.status == 401);
        let mut pairs: Vec<Pair> = others
            .iter()
            .filter(|reply| reply.status == 200)
            .map(Pair::of)
            .collect();
        pairs.push(Pair::of(&mine));
        let alive = living(&world, &pairs).await;
        if reused {
            // Mine was used, and then the old token was shown: reuse, and nothing lives.
            assert_eq!((mine_opens, alive.len()), (200, 0), "round {round}");
        } else {
            assert_eq!(alive.len(), 1, "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_change_among_refreshes_of_its_own_session_goes_through_and_keeps_it() {
    let world = World::new().await;
    let nobody = world.nobody();
    for round in steps(0..ROUNDS) {
        let jane = format!("jane{round}@example.org");
        world.user(&jane).await;
        let first = pair(&world, &jane).await;
        let me = world.with_token(&first.access);
        let body = json!({ "currentPassword": PASSWORD, "newPassword": "battery staple" });
        let change = tokio::spawn(async move { me.post("/api/auth/change-password", body).await });
        let replies = refreshes(&nobody, &first.refresh, 16).await;
        let changed = change.await.unwrap();
        assert_eq!(changed.status, 204, "round {round}: {}", changed.text);
        let pairs: Vec<Pair> = replies.iter().map(Pair::of).collect();
        assert_eq!(living(&world, &pairs).await.len(), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r04_a_logout_among_refreshes_ends_them_all() {
    let world = World::new().await;
    let nobody = world.nobody();
    world.user("jane@example.org").await;
    for round in steps(0..ROUNDS) {
        let first = pair(&world, "jane@example.org").await;
        let me = world.with_token(&first.access);
        let logout = tokio::spawn(async move { me.post_empty("/api/auth/logout").await });
        let replies = refreshes(&nobody, &first.refresh, 16).await;
        // Where two refreshes came first, the first access token is two pairs old only if one was used; none was.
        assert_eq!(logout.await.unwrap().status, 204, "round {round}");
        for reply in replies {
            match reply.status.as_u16() {
                200 => {
                    let pair = Pair::of(&reply);
                    assert_eq!(opens(&world, &pair.access).await, 401, "round {round}");
                    assert_refused(&world, &pair.refresh, "logged out").await;
                }
                status => assert_eq!(status, 401, "round {round}: {}", reply.text),
            }
        }
    }
}
