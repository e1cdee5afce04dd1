//! `Delete`, `DeleteUser`: accounts that are kept and never answer again.

use reqwest::Method;
use serde_json::json;

use super::{Person, ask, done, login, person, recorded, refused, signed_in};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn one_s_own_account_is_deleted_by_either_method_and_its_names_are_free() {
    let world = World::new().await;
    for method in [Method::GET, Method::POST] {
        let jane = person(&world, "jane", &[]).await;
        let reply = ask(&jane.client, &method, "/user/delete").await;
        insta::allow_duplicates! {
            insta::assert_json_snapshot!(recorded("GET /user/delete", &reply), @r#"
            {
              "asked": "GET /user/delete",
              "status": 200,
              "set-cookie": "usher.authorization.token=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
              "body": {
                "Message": "your account was deleted"
              }
            }
            "#);
        }
        refused(&jane.client.get("/user/profile").await, 401, "the token is not valid");
        refused(&login(&world, "jane", PASSWORD).await, 401, "wrong name or password");
        assert!(
            world.items().iter().any(|item| item["id"]["S"] == jane.id.as_str()),
            "it is kept"
        );
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_deletes_another_account_once() {
    let world = World::new().await;
    let (jane, admin) = (
        person(&world, "jane", &[]).await,
        person(&world, "boss", &["admin"]).await,
    );
    let body = json!({ "Id": jane.id });
    done(&admin.client.post("/admin/deleteuser", body.clone()).await);
    refused(&admin.client.post("/admin/deleteuser", body).await, 404, "no such user");
    refused(&jane.client.get("/user/profile").await, 401, "the token is not valid");
    for id in ["jane", "", "00000000-0000-7000-8000-000000000000"] {
        refused(
            &admin.client.post("/admin/deleteuser", json!({ "Id": id })).await,
            404,
            "no such user",
        );
    }
    super::invalid(&admin.client.post("/admin/deleteuser", json!({})).await, &["Id"]);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_is_never_one_s_own() {
    let world = World::new().await;
    let boss = person(&world, "boss", &["admin"]).await;
    let before = world.items().len();
    for action in ["deleteuser", "deleteuseraccount"] {
        for id in [boss.id.clone(), boss.id.to_uppercase()] {
            let reply = boss.client.post(&format!("/admin/{action}"), json!({ "Id": id })).await;
            refused(&reply, 409, "you cannot delete your own account");
        }
    }
    assert_eq!(world.items().len(), before);
    done(&boss.client.get("/admin/deleteaccount").await);
    assert_reconciled(&world);
}

/// The last who may manage users: all others are not.
async fn last(world: &World) -> Person {
    let last = person(world, "last", &["owner"]).await;
    for name in ["admin", "owner"] {
        assert_eq!(
            last.client
                .put(&format!("/api/users/{name}"), json!({ "status": "inactive" }))
                .await
                .status,
            204
        );
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn z07_the_last_administrator_can_neither_go_nor_be_demoted_and_stays_as_it_is() {
    let world = World::new().await;
    let last = last(&world).await;
    let before = world.items();
    let message = "this is the last account that may manage users";
    for path in [
        "/user/delete",
        "/user/deleteaccount",
        "/owner/delete",
        "/owner/deleteaccount",
    ] {
        refused(&last.client.get(path).await, 409, message);
    }
    let demotion = json!({ "Id": last.id, "RoleName": "User" });
    refused(&last.client.post("/owner/changerole", demotion).await, 409, message);
    assert_eq!(world.items(), before);
    // An administrator in the owner's place keeps the tenant in charge.
    let other = person_by(&last, "other").await;
    done(
        &last
            .client
            .post("/owner/changerole", json!({ "Id": other, "RoleName": "Admin" }))
            .await,
    );
    done(&last.client.get("/user/deleteaccount").await);
    signed_in(&world, "other", PASSWORD).await;
    assert_reconciled(&world);
}

async fn person_by(owner: &Person, name: &str) -> String {
    let reply = owner
        .client
        .post("/api/users", json!({ "username": name, "password": PASSWORD }))
        .await;
    reply.str("id").to_owned()
}
