//! Ids, in any letter case (rule 13).

use serde_json::json;

use crate::account;
use crate::me::sessions::own_id;
use crate::support::{PASSWORD, World};
use crate::users::{grant, role, user};

#[tokio::test(flavor = "multi_thread")]
async fn ids_in_paths_are_taken_in_any_letter_case_and_shown_in_lower_case() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    let editor = role(&world, "editor", &[]).await;
    let (upper_id, upper_role) = (id.to_uppercase(), editor.to_uppercase());
    let path = user(&upper_id);
    assert_eq!(owner.get(&path).await.str("id"), id);
    assert_eq!(owner.get(&format!("/v1/admin/users/{upper_id}")).await.str("id"), id);
    assert_eq!(owner.patch(&path, json!({ "age": 3 })).await.status, 204);
    let shown = owner.get(&format!("/api/roles/{upper_role}")).await;
    assert_eq!(shown.str("id"), editor);
    let given = owner
        .post(&format!("{path}/roles"), json!({ "role": upper_role }))
        .await;
    assert_eq!(given.status, 201, "{}", given.text);
    let location = format!("/api/users/{id}/roles/{}", given.str("userRoleId"));
    assert_eq!(given.header("location"), location);
    let grant_id = given.str("userRoleId").to_uppercase();
    assert_eq!(owner.delete(&format!("{path}/roles/{grant_id}")).await.status, 204);
    grant(&owner, &id, json!({ "role": "editor" })).await;
    let removed = owner
        .delete(&format!("/v1/admin/users/{upper_id}/roles/{upper_role}"))
        .await;
    assert_eq!(removed.status, 200, "{}", removed.text);
    let key = owner.post("/api/api-keys", json!({ "name": "x" })).await;
    let key = key.str("id").to_uppercase();
    assert_eq!(owner.delete(&format!("/api/api-keys/{key}")).await.status, 204);
    for at in ["/api/me/sessions".to_owned(), format!("{path}/sessions")] {
        let jane = world.signed_in("jane@example.org", PASSWORD).await;
        let session = own_id(&jane).await.to_uppercase();
        let who = if at.starts_with("/api/me") { &jane } else { &owner };
        assert_eq!(who.delete(&format!("{at}/{session}")).await.status, 204, "{at}");
    }
    assert_eq!(owner.delete(&format!("/v1/user/ban/{upper_id}")).await.status, 200);
    assert_eq!(owner.delete(&path).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_in_bodies_and_queries_are_taken_in_any_letter_case() {
    let world = World::new().await;
    let owner = world.owner().await;
    let editor = role(&world, "editor", &[]).await.to_uppercase();
    let body = json!({ "email": "jane@example.org", "password": PASSWORD, "roles": [editor] });
    let made = owner.post("/api/users", body).await;
    assert_eq!(made.body["roles"], json!(["editor", "user"]), "{}", made.text);
    let id = made.str("id").to_uppercase();
    let assigned = owner
        .post(&format!("/v1/admin/users/{id}/roles"), json!({ "roles": [editor] }))
        .await;
    assert_eq!(assigned.status, 200, "{}", assigned.text);
    let listed = owner.get(&format!("/api/users?role={editor}")).await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1, "{}", listed.text);
    let own = owner.get("/api/me/profile").await.str("id").to_uppercase();
    let history = owner
        .get(&format!("/api/rights-history?target={id}&actor={own}&role={editor}"))
        .await;
    assert_eq!(history.body["items"][0]["target"], made.str("id"), "{}", history.text);
    let boss = account::signed_in(&world, "owner", "Owner@12345").await;
    for (path, body) in [
        ("/admin/update", json!({ "Id": id, "FirstName": "Jane" })),
        ("/admin/changerole", json!({ "Id": id, "RoleName": "Member" })),
        ("/admin/change", json!({ "Id": id, "Key": "Username", "New": "jane" })),
    ] {
        account::done(&boss.post(path, body).await);
    }
    assert_eq!(boss.get(&format!("/admin/entries?UserId={id}")).await.status, 200);
    let changes = boss
        .post("/admin/rightschanges", json!({ "To": id, "From": own }))
        .await;
    assert_eq!(changes.status, 200, "{}", changes.text);
    account::done(&boss.post("/admin/deleteuser", json!({ "Id": id })).await);
}
