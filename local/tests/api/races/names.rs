//! Races about names: 64 requests at once for one address.

use serde_json::json;

use crate::support::{World, at_once, steps};

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
                    .post("/api/users", json!({ "email": email, "password": "correct horse" }))
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
