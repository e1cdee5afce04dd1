//! Races for seats, through this contract: exactly as many get one as there are.

use serde_json::json;

use super::{done, person, signed_in};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, Reply, World, at_once};

fn outcome(replies: &[Reply]) -> (usize, usize) {
    let count = |status: u16| replies.iter().filter(|reply| reply.status == status).count();
    let full = |reply: &&Reply| reply.status == 409 && reply.str("Message") == "the role is full";
    assert_eq!(count(409), replies.iter().filter(full).count(), "{replies:?}");
    (count(200), count(409))
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_of_64_promotions_into_a_role_with_three_seats_left_exactly_three_succeed() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let made = at_once(64, |n| {
        let owner = owner.clone();
        async move { owner.post("/api/users", json!({ "username": format!("u{n}") })).await }
    });
    let ids: Vec<String> = made.await.iter().map(|reply| reply.str("id").to_owned()).collect();
    for n in 0..2 {
        person(&world, &format!("seated{n}"), &["member"]).await;
    }
    done(
        &owner
            .post("/owner/setmaxroles", json!({ "Name": "Member", "MaxCount": 5 }))
            .await,
    );
    for round in 0..5 {
        let replies = at_once(64, |n| {
            let (owner, id) = (owner.clone(), ids[n].clone());
            async move {
                owner
                    .post("/admin/changerole", json!({ "Id": id, "RoleName": "Member" }))
                    .await
            }
        })
        .await;
        assert_eq!(outcome(&replies), (3, 61), "round {round}");
        assert_reconciled(&world);
        for (reply, id) in replies.iter().zip(&ids).filter(|(reply, _)| reply.status == 200) {
            done(reply);
            done(
                &owner
                    .post("/admin/changerole", json!({ "Id": id, "RoleName": "User" }))
                    .await,
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_of_64_registrations_under_a_cap_exactly_the_cap_are_made() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let mut accounts = 2;
    for cap in [7, 20] {
        done(
            &owner
                .post("/owner/setmaxroles", json!({ "Name": "User", "MaxCount": cap }))
                .await,
        );
        let replies = at_once(64, |n| {
            let nobody = world.nobody();
            let name = format!("c{cap}u{n}");
            let body = json!({ "Email": format!("{name}@example.org"), "Username": name, "Password": PASSWORD });
            async move { nobody.post("/auth/register", body).await }
        })
        .await;
        assert_eq!(outcome(&replies), (cap - accounts, 64 - (cap - accounts)), "cap {cap}");
        accounts = cap;
        assert_reconciled(&world);
    }
    let refused = owner
        .post("/owner/setmaxroles", json!({ "Name": "User", "MaxCount": 19 }))
        .await;
    assert_eq!(refused.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn z06_of_the_last_two_administrators_who_erase_themselves_at_once_one_is_left() {
    for round in 0..10 {
        let world = World::new().await;
        let pair = [
            person(&world, "one", &["admin"]).await,
            person(&world, "other", &["admin"]).await,
        ];
        let owner = world.owner().await;
        for name in ["admin", "owner"] {
            let gone = owner
                .put(&format!("/api/users/{name}"), json!({ "status": "inactive" }))
                .await;
            assert_eq!(gone.status, 204, "{}", gone.text);
        }
        let replies = at_once(2, |n| {
            let client = pair[n].client.clone();
            async move { client.get("/user/deleteaccount").await }
        })
        .await;
        let count = |status: u16| replies.iter().filter(|reply| reply.status == status).count();
        assert_eq!((count(200), count(409)), (1, 1), "round {round}: {replies:?}");
        assert_reconciled(&world);
    }
}
