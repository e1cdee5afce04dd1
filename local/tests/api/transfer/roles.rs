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
