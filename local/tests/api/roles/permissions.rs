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
            { "name": "admin.access", "description": "Ask what another account may do, and introspect its tokens", "scope": "system", "restricted": false },
            { "name": "admin.keys", "description": "Create and revoke API keys and keys of service accounts", "scope": "system", "restricted": false },
            { "name": "admin.permissions", "description": "Add permissions of applications to the catalogue and remove them", "scope": "system", "restricted": false },
            { "name": "admin.roles", "description": "Create, change and delete roles", "scope": "system", "restricted": false },
            { "name": "admin.tenants", "description": "Create tenants and list them", "scope": "system", "restricted": false },
            { "name": "admin.users", "description": "Create, change and delete accounts, give and take roles, and change the tenant's settings", "scope": "system", "restricted": false },
        ])
    );
}
