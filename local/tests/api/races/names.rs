//! Races for names: what two accounts want, one gets.

use serde_json::json;

use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World, at_once, steps};

#[tokio::test(flavor = "multi_thread")]
async fn c01_of_64_creations_with_one_address_exactly_one_succeeds() {
    let world = World::new().await;
    let owner = world.owner().await;
    for round in steps(0..20) {
        let replies = at_once(64, |n| {
            let (owner, letter) = (owner.clone(), if n % 2 == 0 { "J" } else { "j" });
            async move {
                let email = format!("{letter}ane{round}@example.org");
                owner
                    .post("/api/users", json!({ "email": email, "password": PASSWORD }))
                    .await
            }
        })
        .await;
        let made = replies.iter().filter(|reply| reply.status == 201).count();
        let refused = replies
            .iter()
            .filter(|reply| reply.status == 409 && reply.problem() == "email-taken")
            .count();
        assert_eq!((made, refused), (1, 63), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_of_64_creations_with_one_username_in_any_spelling_exactly_one_succeeds() {
    let world = World::new().await;
    let owner = world.owner().await;
    for round in steps(0..20) {
        let replies = at_once(64, |n| {
            // Capitals, full width, and an accent that is its own character are the same under UsernameCaseMapped.
            let spelling = [
                "m\u{ef}ke",
                "M\u{cf}ke",
                "mi\u{308}ke",
                "MI\u{308}KE",
                "\u{ff4d}\u{ef}ke",
                "\u{ff2d}i\u{308}\u{ff2b}e",
            ][n % 6];
            let (owner, name) = (owner.clone(), format!("{spelling}{round}"));
            async move {
                owner
                    .post("/api/users", json!({ "username": name, "password": PASSWORD }))
                    .await
            }
        })
        .await;
        let made = replies.iter().filter(|reply| reply.status == 201).count();
        let refused = replies
            .iter()
            .filter(|reply| reply.status == 409 && reply.problem() == "username-taken")
            .count();
        assert_eq!((made, refused), (1, 63), "round {round}");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_of_64_renames_to_one_address_exactly_one_succeeds() {
    let world = World::new().await;
    let owner = world.owner().await;
    let mut ids = Vec::new();
    for n in 0..64 {
        ids.push(world.user(&format!("u{n}@example.org")).await);
    }
    for round in steps(0..20) {
        let replies = at_once(64, |n| {
            let (owner, path) = (owner.clone(), format!("/api/users/{}", ids[n]));
            let email = format!("{}ne{round}@example.org", if n % 2 == 0 { "o" } else { "O" });
            async move { owner.patch(&path, json!({ "email": email })).await }
        })
        .await;
        let renamed = replies.iter().filter(|reply| reply.status == 204).count();
        let refused = replies.iter().filter(|reply| reply.problem() == "email-taken").count();
        assert_eq!((renamed, refused), (1, 63), "round {round}");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_two_accounts_that_swap_their_addresses_at_once_keep_one_each() {
    let world = World::new().await;
    let owner = world.owner().await;
    for round in steps(0..20) {
        let emails = [format!("a{round}@example.org"), format!("b{round}@example.org")];
        let free = format!("c{round}@example.org");
        let ids = [world.user(&emails[0]).await, world.user(&emails[1]).await];
        // Each wants the other's, again and again, and one of them a free one, so that a swap can come about.
        let wanted = [&emails[1], &emails[0], &free, &emails[0], &emails[1]].map(Clone::clone);
        let replies = at_once(10, |n| {
            let path = format!("/api/users/{}", ids[n % 2]);
            let (owner, email) = (owner.clone(), wanted[n % 5].clone());
            async move { owner.patch(&path, json!({ "email": email })).await }
        })
        .await;
        assert!(
            replies
                .iter()
                .all(|reply| reply.status == 204 || reply.problem() == "email-taken"),
            "{replies:?}"
        );
        let now = [&ids[0], &ids[1]].map(|id| format!("/api/users/{id}"));
        let (one, other) = (owner.get(&now[0]).await, owner.get(&now[1]).await);
        assert_ne!(one.str("email"), other.str("email"));
        assert_eq!(
            owner.get(&format!("/api/users/{}", one.str("email"))).await.str("id"),
            ids[0]
        );
        assert_eq!(
            owner.get(&format!("/api/users/{}", other.str("email"))).await.str("id"),
            ids[1]
        );
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_after_creations_renames_and_deletions_at_random_everything_is_in_step() {
    let world = World::new().await;
    let owner = world.owner().await;
    for round in steps(0..20) {
        let replies = at_once(64, |n| {
            let owner = owner.clone();
            // Few names, so that all of them are fought over.
            let (name, other) = (
                format!("n{}@example.org", (n * 7 + round) % 9),
                format!("n{}", (n + round) % 5),
            );
            async move {
                let path = format!("/api/users/{name}");
                match n % 4 {
                    0 | 1 => {
                        let body = json!({ "email": name, "username": other });
                        owner.post("/api/users", body).await
                    }
                    2 => {
                        owner
                            .patch(&path, json!({ "username": other, "status": "inactive" }))
                            .await
                    }
                    _ => owner.delete(&path).await,
                }
            }
        })
        .await;
        let is_expected = |reply: &crate::support::Reply| [201, 204, 404, 409].contains(&reply.status.as_u16());
        assert!(replies.iter().all(is_expected), "{replies:?}");
        assert!(
            replies.iter().all(|reply| reply.problem() != "contention"),
            "{replies:?}"
        );
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_given_a_name_twice_at_once_is_not_in_its_own_way() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    for round in steps(0..20) {
        let replies = at_once(8, |_| {
            let (owner, path) = (owner.clone(), format!("/api/users/{id}"));
            let body = json!({ "email": format!("jane{round}@example.org"), "username": format!("jane{round}") });
            async move { owner.patch(&path, body).await }
        })
        .await;
        for reply in replies {
            assert_eq!(reply.status, 204, "round {round}: {}", reply.text);
        }
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_name_and_the_one_before_it_given_at_once_leave_the_account_to_be_found_by_all_of_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let names = |letter: char| {
        let text = |length| (0..length).map(|n| format!("{letter}{}", n % 10)).collect::<String>();
        json!({ "email": format!("{}@example.org", text(30)), "username": text(30) })
    };
    let made = owner.post("/api/users", names('a')).await;
    let path = format!("/api/users/{}", made.str("id"));
    for _ in steps(0..8) {
        let replies = at_once(6, |n| {
            let (owner, path, body) = (owner.clone(), path.clone(), names(if n % 2 == 0 { 'a' } else { 'b' }));
            async move { owner.patch(&path, body).await }
        })
        .await;
        assert!(replies.iter().all(|reply| reply.status == 204));
        assert_reconciled(&world);
    }
}
