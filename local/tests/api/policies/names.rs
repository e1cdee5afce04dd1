//! What rights names, seats and guesses need.

use serde_json::json;
use usher::domain::mail::Purpose;

use crate::backstage::one_time;
use crate::support::{PASSWORD, Reply, World};

/// A world in which unregistered names were tried, names stand in paths and filters, roles count their seats, and the past
/// was asked for, by each contract that can.
pub async fn by_names_seats_and_guesses() -> World {
    let mut world = World::new().await;
    world.deploy().await;
    let (owner, guest) = (world.owner().await, world.nobody());
    let made = |reply: Reply| assert!(reply.status.is_success(), "{}", reply.text);
    for (path, guess) in [
        ("/api/auth/login", json!({ "username": "a@b.org", "password": "wrong" })),
        ("/auth/login", json!({ "Username": "unknown", "Password": "wrong" })),
        ("/v1/auth/login", json!({ "email": "a@b.org", "password": "wrong" })),
        ("/v1/user/login", json!({ "login": "a@b.org", "password": "wrong" })),
    ] {
        // Until the name is locked, and once more.
        for _ in 0..7 {
            let refused = guest.post(path, guess.clone()).await;
            assert!(refused.status.is_client_error(), "{path}: {}", refused.text);
        }
    }
    made(owner.patch("/api/roles/user", json!({ "maxCount": 100 })).await);
    made(
        owner
            .post("/api/roles", json!({ "name": "officer", "maxCount": 3 }))
            .await,
    );
    made(owner.get("/api/roles/officer").await);
    let jane = json!({ "email": "jane@example.org", "username": "jane", "password": PASSWORD });
    made(owner.post("/api/users", jane).await);
    made(owner.get("/api/users/jane").await);
    made(owner.get("/v1/admin/users/jane").await);
    made(owner.get("/v1/admin/users/search?q=example").await);
    made(owner.get("/api/users?q=example").await);
    made(
        owner
            .post("/v1/admin/users/jane/roles", json!({ "roles": ["officer"] }))
            .await,
    );
    // Whoever is given something is held to the roles that it has.
    made(
        owner
            .post("/v1/admin/users/jane/roles", json!({ "roles": ["member"] }))
            .await,
    );
    world.clock.advance(60);
    made(owner.post("/api/users/jane/lock", json!({})).await);
    let then = (world.now() - usher::jiff::SignedDuration::from_secs(30)).to_string();
    made(owner.get(&format!("/api/users/jane/permissions?at={then}")).await);
    made(owner.get("/owner/entries?Role=officer").await);
    let registered = json!({
        "email": "john@example.org", "username": "john", "password": PASSWORD, "confirm_password": PASSWORD,
    });
    made(guest.post("/v1/user/register", registered).await);
    made(owner.get("/admin/rightschanges?Role=officer").await);
    // Accounts that are not active yet become so by a link, and by a login of developers.
    made(
        guest
            .post("/api/auth/login-dev", json!({ "username": "john@example.org" }))
            .await,
    );
    // A development principal's session is no row of a history, so its end deletes it.
    let principal = guest.post("/api/auth/dev-token", json!({ "roles": ["officer"] })).await;
    let own = world.with_token(principal.str("token"));
    made(principal);
    made(own.delete("/api/me/sessions").await);
    let reply = owner
        .post("/api/users", json!({ "email": "invited@example.org" }))
        .await;
    let invited = reply.str("id").to_owned();
    made(reply);
    let chosen =
        json!({ "token": one_time(&world, &invited, Purpose::SetPassword).await, "newPassword": "battery staple" });
    made(guest.post("/api/auth/set-password", chosen).await);
    world
}
