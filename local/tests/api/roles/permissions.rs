//! `GET /api/permissions`

use serde_json::json;

use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_is_global_and_names_no_tenant_or_department() {
    let world = World::new().await;
    let reply = world.admin().await.get("/api/permissions").await;
    assert_eq!(
        reply.body,
        json!([
            { "name": "admin.keys", "description": "Create and revoke API keys", "scope": "tenant" },
            { "name": "admin.roles", "description": "Create, change and delete roles", "scope": "tenant" },
            { "name": "admin.tenants", "description": "Create tenants and list them", "scope": "global" },
            { "name": "admin.users", "description": "Create, change and delete accounts, give and take roles, and change the tenant's settings", "scope": "tenant" },
        ])
    );
}
