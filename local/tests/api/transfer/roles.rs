//! Roles and permissions that come before the accounts.

use serde_json::json;
use usher::actions::transfer::{self, Imported};
use usher::domain::permission::Permission;

use super::{account, operator, role};
use crate::reconcile::assert_reconciled;
use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_role_is_made_and_one_of_its_name_must_be_the_same() {
    let world = World::new().await;
    let cx = operator(&world).await;
    let line = json!({ "type": "role", "id": "0192f0c1-2d3e-7f4a-8b5c-6d7e8f90aaaa", "name": "editor", "permissions": ["docs.edit"], "maxCount": 5 });
    let unknown = transfer::role(&cx, &role(&line)).await.unwrap_err();
    assert!(
        format!("{unknown:?}").contains("no permission `docs.edit`"),
        "{unknown:?}"
    );
    let permission = Permission {
        name: "docs.edit".to_owned(),
        description: Some("Edit".to_owned()),
        restricted: false,
    };
    assert!(matches!(
        transfer::permission(&cx, &permission).await,
        Ok(Imported::Created(_))
    ));
    assert!(matches!(
        transfer::permission(&cx, &permission).await,
        Ok(Imported::Exists(_))
    ));
    assert!(matches!(
        transfer::role(&cx, &role(&line)).await,
        Ok(Imported::Created(_))
    ));
    assert!(matches!(
        transfer::role(&cx, &role(&line)).await,
        Ok(Imported::Exists(_))
    ));
    let mut other = line.clone();
    other["maxCount"] = json!(6);
    assert!(transfer::role(&cx, &role(&other)).await.is_err());
    let with = account(&json!({ "email": "jane@example.org", "roles": ["Editor"] }));
    assert!(matches!(transfer::account(&cx, &with).await, Ok(Imported::Created(_))));
    let shown = world.owner().await.get("/api/roles/editor").await;
    assert_eq!(shown.body["id"], line["id"], "{}", shown.text);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_was_deleted_comes_again_under_another_id_and_can_be_given() {
    let world = World::new().await;
    let (cx, owner) = (operator(&world).await, world.owner().await);
    for (n, line) in [json!({ "name": "editor" }), json!({ "name": "printer", "maxCount": 1 })]
        .into_iter()
        .enumerate()
    {
        let made = owner.post("/api/roles", line.clone()).await;
        let (id, name) = (made.str("id").to_owned(), made.str("name").to_owned());
        assert_eq!(owner.delete(&format!("/api/roles/{id}")).await.status, 204);
        let mut again = line;
        again["id"] = json!(id);
        again["type"] = json!("role");
        assert!(matches!(
            transfer::role(&cx, &role(&again)).await,
            Ok(Imported::Created(_))
        ));
        let with = account(&json!({ "email": format!("jane{n}@example.org"), "roles": [name] }));
        assert!(
            matches!(transfer::account(&cx, &with).await, Ok(Imported::Created(_))),
            "{name}"
        );
    }
    let over = account(&json!({ "email": "john@example.org", "roles": ["printer"] }));
    assert!(transfer::account(&cx, &over).await.is_err(), "it has one seat");
    assert_reconciled(&world);
}
