//! No contract gives a service account a password or an address.

use serde_json::{Value, json};

use super::{keyed, service};
use crate::outbox::mails;
use crate::support::{PASSWORD, Reply, World};
use crate::users::{invalid, refused, user};

/// The conflict, in whichever contract's words.
#[track_caller]
fn conflict(reply: &Reply) {
    let words = reply.text.to_lowercase();
    assert_eq!(reply.status, 409, "{}", reply.text);
    assert!(
        words.contains("a service account has no password and no e-mail address"),
        "{}",
        reply.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_administrator_gives_it_one() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = service(&owner, "robot", &[]).await;
    let (path, before) = (user(&id), mails(&world).len());
    let (email, password) = (json!("robot@example.org"), json!("a long enough password"));
    let of_admins = format!("/v1/admin/users/{id}");
    let change = |key: &str, new: &Value| json!({ "Id": id, "Key": key, "New": new });
    conflict(&owner.patch(&path, json!({ "email": email })).await);
    conflict(&owner.patch(&path, json!({ "password": password })).await);
    conflict(
        &owner
            .post(&format!("{path}/reset-password"), json!({ "newPassword": password }))
            .await,
    );
    conflict(&owner.post_empty(&format!("{path}/reset-password")).await);
    conflict(&owner.put(&of_admins, json!({ "email": email })).await);
    conflict(&owner.put(&of_admins, json!({ "password": password })).await);
    conflict(&owner.post("/owner/change", change("Email", &email)).await);
    conflict(&owner.post("/owner/change", change("Password", &password)).await);
    refused(
        &owner
            .patch("/api/users/robot@example.org", json!({ "password": password }))
            .await,
        404,
        "not-found",
    );
    let asked = owner.post_empty(&format!("{of_admins}/verification")).await;
    assert_eq!(asked.status, 409, "{}", asked.text);
    // What it does not have can be taken away, it cannot lose its name, and the rest of it changes like anybody's.
    assert_eq!(owner.patch(&path, json!({ "email": null })).await.status, 204);
    invalid(&owner.patch(&path, json!({ "username": null })).await, &["/username"]);
    let verified = json!({ "username": "android", "emailVerified": true });
    invalid(&owner.patch(&path, verified).await, &["/emailVerified"]);
    let renamed = json!({ "username": "android", "emailVerified": false });
    assert_eq!(owner.patch(&path, renamed).await.status, 204);
    let shown = owner.get(&path).await.body;
    assert_eq!(
        (&shown["email"], &shown["emailVerified"], &shown["username"]),
        (&json!(null), &json!(false), &json!("android"))
    );
    assert_eq!(mails(&world).len(), before);
    let items = world.items();
    let item = items
        .iter()
        .find(|item| item["SK"]["S"] == "USER" && item["id"]["S"] == id.as_str());
    assert!(item.unwrap()["password"].is_null() && item.unwrap()["email"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_it_itself() {
    let world = World::new().await;
    let (id, _, robot) = keyed(&world, "robot", &[]).await;
    let new = "a long enough password";
    let change = |key: &str, old: Value, new: &str| json!({ "Key": key, "Old": old, "New": new });
    let passwords = json!({ "currentPassword": PASSWORD, "newPassword": new });
    conflict(&robot.post("/api/auth/change-password", passwords).await);
    conflict(
        &robot
            .post("/user/change", change("Password", json!(PASSWORD), new))
            .await,
    );
    conflict(
        &robot
            .post("/user/change", change("Email", json!(null), "robot@example.org"))
            .await,
    );
    let passwords = json!({ "current_password": PASSWORD, "password": new, "confirm_password": new });
    conflict(&robot.post(&format!("/v1/user/{id}/change-password"), passwords).await);
    assert_eq!(robot.get("/user/resetpassword").await.status, 400);
    // It may be called otherwise, and say who it is.
    let renamed = robot
        .post("/user/change", change("Username", json!("robot"), "android"))
        .await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    assert_eq!(
        robot
            .patch("/api/me/profile", json!({ "displayName": "R" }))
            .await
            .status,
        200
    );
    assert_eq!(robot.get("/api/me/profile").await.body["username"], "android");
}
