//! How much the catalogue and a role hold.

use serde_json::{Value, json};
use usher::domain::permission::{MAX_CATALOGUE, Permission};
use usher::store::catalogue;
use usher::store::keys;
use usher::store::table::{Changes, Write};

use super::catalogue::add;
use crate::support::World;
use crate::users::{invalid, role, signed_in_with};

fn name(n: usize) -> String {
    format!("{n:04}{}", "p".repeat(60))
}

/// A world whose catalogue has all but one of what it can hold, each with the longest name and description.
async fn nearly_full() -> World {
    let world = World::new().await;
    let entry = |n| Permission {
        name: name(n),
        description: Some("\u{1f512}".repeat(200)),
        restricted: false,
    };
    let writes: Vec<Write> = (1..MAX_CATALOGUE).map(|n| catalogue::put(&entry(n)).unwrap()).collect();
    world.app.table.batch_write(&writes).await.unwrap();
    let count = Changes::new().add("n", i64::try_from(MAX_CATALOGUE).unwrap() - 1);
    let count = Write::update(keys::catalogue_count(), count);
    usher::store::unit::commit(&world.app.table, &[count]).await.unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_holds_five_thousand_and_a_role_five_hundred() {
    let world = nearly_full().await;
    let owner = world.owner().await;
    assert_eq!(add(&owner, &name(0)).await.status, 201);
    invalid(&add(&owner, "another").await, &["/name"]);
    let all = owner.get("/api/permissions").await;
    assert_eq!(
        (all.status.as_u16(), all.body.as_array().unwrap().len()),
        (200, MAX_CATALOGUE + 6)
    );
    // An answer of a function has 6 MB at most.
    assert!(all.text.len() < 5_900_000, "{}", all.text.len());
    let names = |many: std::ops::Range<usize>| many.map(name).collect::<Vec<_>>();
    for (n, wanted) in [names(0..501), names(0..1_000)].into_iter().enumerate() {
        let body = json!({ "name": format!("over {n}"), "permissions": wanted });
        let reply = owner.post("/api/roles", body).await;
        assert!([400, 413].contains(&reply.status.as_u16()), "{}", reply.text);
    }
    let id = role(
        &world,
        "clerk",
        &names(0..500).iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .await;
    invalid(
        &owner
            .patch("/api/roles/clerk", json!({ "permissions": names(0..501) }))
            .await,
        &["/permissions"],
    );
    let others = owner
        .patch("/api/roles/clerk", json!({ "permissions": names(500..1_000) }))
        .await;
    assert_eq!(others.status, 200, "{}", others.text);
    let (jane, client) = signed_in_with(&world, "jane@example.org", &["clerk"]).await;
    let held = client.get("/api/me/permissions").await.body;
    assert_eq!(held["permissions"].as_array().unwrap().len(), 500);
    let checks: Vec<Value> = (450..550).map(|n| json!({ "permission": name(n) })).collect();
    let reply = client.post("/api/access/check", json!({ "checks": checks })).await;
    let allowed = reply
        .body
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["allowed"] == true)
        .count();
    assert_eq!((reply.status.as_u16(), allowed), (200, 50));
    let details = owner.get(&format!("/v1/admin/users/{jane}")).await;
    assert_eq!(details.status, 200, "{}", details.text);
    let preview = json!({ "role": "clerk", "permissions": names(0..500) });
    let preview = owner.post("/api/access/preview", preview).await.body;
    for list in ["gains", "loses"] {
        assert_eq!(preview[list][0]["permissions"].as_array().unwrap().len(), 500, "{list}");
    }
    assert_eq!(owner.get(&format!("/api/rights-history?role={id}")).await.status, 200);
    // One that is removed makes room for another.
    assert_eq!(
        owner
            .delete(&format!("/api/permissions/{}?force=true", name(500)))
            .await
            .status,
        204
    );
    assert_eq!(add(&owner, "another").await.status, 201);
    invalid(&add(&owner, "and-another").await, &["/name"]);
    assert_eq!(owner.delete("/api/users/jane@example.org").await.status, 204);
    assert_eq!(owner.delete("/api/roles/clerk").await.status, 204);
}
