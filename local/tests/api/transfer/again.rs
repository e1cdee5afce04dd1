//! Imports that were stopped and are begun again, and lines that are on their way at once.

use serde_json::json;
use usher::actions::transfer::{self, Imported};
use usher::id::UserId;

use super::{account, import, imported, operator, refusal, whole};
use crate::audit::assert_whole;
use crate::reconcile::assert_reconciled;
use crate::support::{World, at_once};

#[tokio::test(flavor = "multi_thread")]
async fn the_domain_that_a_stopped_import_did_not_come_to_is_entered_by_the_next() {
    let world = World::new().await;
    let id = imported(&world, &whole()).await;
    // As where it was stopped after the transaction.
    let entries = world.items().into_iter();
    let entries = entries.filter(|item| item["PK"]["S"].as_str().unwrap().starts_with("T#main#FIND#@"));
    for entry in entries.filter(|item| item["SK"]["S"].as_str().unwrap().ends_with(" example.org")) {
        let request = json!({ "TableName": "usher", "Key": { "PK": entry["PK"], "SK": entry["SK"] } });
        world.db.delete_item(serde_json::from_value(request).unwrap()).unwrap();
    }
    let next = World::later(world.db.clone(), &[], world.now()).await;
    let owner = next.owner().await;
    let missed = owner.get("/api/users?q=xample.or").await;
    assert_eq!(missed.body["items"], json!([]), "{}", missed.text);
    assert!(matches!(import(&next, &whole()).await, Ok(Imported::Exists(_))));
    let found = owner.get("/api/users?q=xample.or").await;
    assert_eq!(found.body["items"][0]["id"], id, "{}", found.text);
    assert_reconciled(&next);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_needs_an_id_by_which_it_is_found_again() {
    let world = World::new().await;
    let mut line = json!({ "email": "gone@example.org", "status": "deleted" });
    assert_eq!(
        refusal(&world, &line).await,
        "/id: an account that is deleted needs an id"
    );
    line["id"] = whole()["id"].clone();
    imported(&world, &line).await;
    assert!(matches!(import(&world, &line).await, Ok(Imported::Exists(_))));
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_lines_with_one_id_at_once_one_is_made_and_nothing_stays_of_the_others() {
    let world = World::new().await;
    let cx = operator(&world).await;
    for n in 0..6 {
        let id = UserId::new(world.now()).unwrap().to_string();
        let all = at_once(4, |m| {
            let mut line = json!({ "id": id, "email": format!("u{n}-{m}@d{n}-{m}.example") });
            // With a number of its own, and the one that the id gives.
            if n % 2 == 0 {
                line["number"] = json!(1_000 + 10 * n + m);
            }
            let (cx, line) = (cx.clone(), account(&line));
            async move { transfer::account(&cx, &line).await }
        })
        .await;
        let made = all.iter().filter(|taken| matches!(taken, Ok(Imported::Created(_))));
        assert_eq!(made.count(), 1, "{all:?}");
        let refused = all.iter().filter_map(|taken| taken.as_ref().err());
        assert!(
            refused.clone().all(|why| format!("{why:?}").contains("has this id")),
            "{all:?}"
        );
        assert_eq!(refused.count(), 3, "{all:?}");
    }
    assert_reconciled(&world);
    assert_whole(&world).await;
}
