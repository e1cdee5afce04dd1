//! What a service account is, and what it never is.

use serde_json::{Value, json};

use super::{key, keyed, service};
use crate::outbox::mails;
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, Reply, World, whole};
use crate::users::{invalid, refused, role, signed_in_with, user};

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_has_a_name_and_its_role_and_no_mail_is_sent_for_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let before = mails(&world).len();
    let body = json!({ "kind": "service", "username": "Invoices", "displayName": "Invoicing" });
    let made = owner.post("/api/users", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let expected = whole(json!({
        "id": made.str("id"), "kind": "service", "email": null, "emailVerified": false, "username": "Invoices",
        "displayName": "Invoicing", "status": "active", "mustChangePassword": false,
        "roles": ["SERVICE_ACCOUNT", "user"], "permissions": ["admin.access"],
        "createdAt": made.str("createdAt"), "modifiedAt": made.str("modifiedAt"),
    }));
    assert_eq!(made.body, expected);
    assert_eq!(owner.get("/api/users/Invoices").await.body, expected);
    assert_eq!(mails(&world).len(), before);
    let person = world.user("jane@example.org").await;
    assert_eq!(owner.get(&user(&person)).await.body["kind"], "person");
    // As accounts are kept from before there were kinds.
    let items = world.items();
    let kinds = items
        .iter()
        .filter(|item| item["SK"]["S"] == "USER" && item["kind"].is_object());
    assert_eq!(kinds.count(), 1);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_never_has_is_refused_with_its_place_when_it_is_made() {
    let world = World::new().await;
    let owner = world.owner().await;
    for (body, pointers) in [
        (json!({ "kind": "service" }), ["/username"].as_slice()),
        (
            json!({ "kind": "service", "username": "x", "email": "x@example.org" }),
            &["/email"],
        ),
        (
            json!({ "kind": "service", "username": "x", "emailVerified": true }),
            &["/email"],
        ),
        (
            json!({ "kind": "service", "username": "x", "password": PASSWORD }),
            &["/password"],
        ),
        (
            json!({ "kind": "service", "username": "x", "mustChangePassword": true }),
            &["/password"],
        ),
        (
            json!({ "kind": "service", "email": "x@example.org" }),
            &["/username", "/email"],
        ),
        (json!({ "kind": "robot", "username": "x" }), &["/kind"]),
    ] {
        invalid(&owner.post("/api/users", body).await, pointers);
    }
    assert_eq!(owner.get("/api/users/x").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_made_by_whoever_may_give_its_roles_alone() {
    let world = World::new().await;
    role(&world, "manager", &["admin.users"]).await;
    let (_, manager) = signed_in_with(&world, "manager@example.org", &["manager"]).await;
    let body = |roles: &[&str]| json!({ "kind": "service", "username": "x", "roles": roles });
    let refusal = manager.post("/api/users", body(&[])).await;
    refused(&refusal, 403, "not-held");
    assert!(refusal.str("detail").contains("admin.access"), "{}", refusal.text);
    let admin = world.admin().await;
    refused(
        &admin.post("/api/users", body(&["owner"])).await,
        403,
        "role-above-own-rank",
    );
    invalid(&admin.post("/api/users", body(&["nobody"])).await, &["/roles/0"]);
    // Named or not, it has the role once.
    let made = admin.post("/api/users", body(&["service_account", "admin"])).await;
    assert_eq!(
        made.body["roles"],
        json!(["SERVICE_ACCOUNT", "admin", "user"]),
        "{}",
        made.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn its_kind_never_changes() {
    let world = World::new().await;
    let owner = world.owner().await;
    let account = service(&owner, "robot", &[]).await;
    let person = world.user("jane@example.org").await;
    for (id, kind, other) in [(account, "service", "person"), (person, "person", "service")] {
        invalid(&owner.patch(&user(&id), json!({ "kind": other })).await, &[""]);
        let changed = owner
            .patch(&user(&id), json!({ "kind": other, "firstName": "X" }))
            .await;
        assert_eq!(changed.status, 204);
        let shown = owner.get(&user(&id)).await.body;
        assert_eq!((&shown["kind"], &shown["firstName"]), (&json!(kind), &json!("X")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_never_logs_in_and_answers_as_an_unknown_name_does() {
    let world = World::new().await;
    let owner = world.owner().await;
    service(&owner, "robot", &["admin"]).await;
    let nobody = world.nobody();
    for password in ["", "robot", "a long enough password"] {
        for (path, name_field, password_field) in [
            ("/api/auth/login", "username", "password"),
            ("/auth/login", "Username", "Password"),
            ("/v1/user/login", "login", "password"),
        ] {
            let mut answers = Vec::new();
            for name in ["robot", "nobody"] {
                let body = json!({ name_field: name, password_field: password });
                let reply: Reply = nobody.post(path, body).await;
                answers.push((reply.status, reply.text.replace(name, "")));
            }
            assert!(answers[0].0.is_client_error(), "{path}: {answers:?}");
            assert_eq!(answers[0], answers[1], "{path}");
        }
        world.clock.advance(3_600);
    }
    refused(
        &nobody.post("/api/auth/login-dev", json!({ "username": "robot" })).await,
        401,
        "wrong-credentials",
    );
    refused(
        &nobody.post("/api/auth/dev-token", json!({ "username": "robot" })).await,
        401,
        "wrong-credentials",
    );
    let sessions = world
        .items()
        .into_iter()
        .filter(|item| item["SK"]["S"].as_str().unwrap().starts_with("SESSION#"));
    assert_eq!(sessions.count(), 1, "the owner's");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_in_charge_whatever_it_holds() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (_, _, robot) = keyed(&world, "robot", &["owner"]).await;
    assert_eq!(owner.delete(&user("admin")).await.status, 204);
    for caller in [&owner, &robot] {
        refused(&caller.delete(&user("owner")).await, 409, "last-administrator");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_contract_lists_it_as_an_account_without_an_address() {
    let world = World::new().await;
    let owner = world.owner().await;
    service(&owner, "robot", &[]).await;
    let named = |items: &Value, field: &str| {
        let all = items.as_array().unwrap().iter();
        all.filter(|item| item[field] == "robot").count()
    };
    let directory = owner.get("/api/users?role=SERVICE_ACCOUNT").await.body;
    assert_eq!(
        (named(&directory["items"], "username"), &directory["total"]),
        (1, &json!(1))
    );
    assert_eq!(owner.get("/api/users?q=robot").await.body["total"], 1);
    let admin = owner.get("/v1/admin/users").await;
    assert_eq!(named(&admin.body["users"], "user_name"), 1, "{}", admin.text);
    let account = owner.get("/owner/users").await;
    assert_eq!(named(&account.body, "Username"), 1, "{}", account.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_erased_service_account_no_key_is_left() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (account, _, robot) = keyed(&world, "robot", &[]).await;
    key(&owner, &account).await;
    assert_eq!(super::stored(&world).len(), 2);
    let erased = owner.post("/owner/deleteuseraccount", json!({ "Id": account })).await;
    assert_eq!(erased.status, 200, "{}", erased.text);
    assert_eq!(super::stored(&world), Vec::<Value>::new());
    refused(&robot.get("/api/me/profile").await, 401, "invalid-token");
    // And one that erases itself.
    let (_, _, robot) = keyed(&world, "robot", &[]).await;
    let erased = robot.get("/user/deleteaccount").await;
    assert_eq!(erased.status, 200, "{}", erased.text);
    assert_eq!(super::stored(&world), Vec::<Value>::new());
    refused(&robot.get("/api/me/profile").await, 401, "invalid-token");
}
