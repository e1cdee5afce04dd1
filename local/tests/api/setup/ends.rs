//! Ends of grants that were given before ends were listed.

use serde_json::json;
use usher::store::table::{Changes, Cond, Key, Write};

use crate::reconcile::{assert_reconciled, differences};
use crate::support::World;
use crate::users::ended::limited;
use crate::users::grant;

/// Makes the table as it was before ends were listed.
async fn forget_ends(world: &World) {
    let table = &world.app.table;
    for item in world.items() {
        let text = |name: &str| item[name]["S"].as_str().unwrap();
        let key = Key::new(text("PK"), text("SK"));
        if key.pk.contains("#SEATS#") {
            let unmarked = Changes::new().remove("ends");
            table.update(&key, &unmarked, &Cond::exists()).await.unwrap();
        } else if key.sk.starts_with("ENDS") {
            table.batch_write(&[Write::delete(key)]).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn set_up_lists_the_ends_of_grants_that_were_there_before() {
    let world = World::new().await;
    let owner = world.owner().await;
    let acme = json!({ "id": "acme", "owner": { "email": "acme@example.org" } });
    assert_eq!(owner.post("/api/tenants", acme).await.status, 201);
    limited(&owner, "single", 1).await;
    let (jane, jack) = (
        world.user("jane@example.org").await,
        world.user("jack@example.org").await,
    );
    let brief = json!({ "role": "single", "effectiveTo": "2026-11-22T08:01:00Z" });
    grant(&owner, &jane, brief).await;
    forget_ends(&world).await;
    assert_ne!(differences(&world.items()), [] as [&str; 0]);
    for _ in 0..2 {
        ::setup::local(&world.app).await.unwrap();
        assert_reconciled(&world);
    }
    for tenant in ["main", "acme"] {
        let marker =
            |item: &serde_json::Value| item["PK"]["S"] == format!("T#{tenant}#SETUP") && item["SK"]["S"] == "ENDS";
        assert_eq!(world.items().iter().filter(|item| marker(item)).count(), 1, "{tenant}");
    }
    world.clock.advance(60);
    grant(&owner, &jack, json!({ "role": "single" })).await;
    assert_reconciled(&world);
}
