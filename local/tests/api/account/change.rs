//! `Change`: the e-mail address, the username, the password.

use serde_json::{Value, json};

use super::{Person, done, invalid, login, mails, person, recorded, refused, signed_in};
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, Reply, World};

async fn change(client: &Client, path: &str, key: &str, old: Value, new: &str) -> Reply {
    client.post(path, json!({ "Key": key, "Old": old, "New": new })).await
}

async fn own(who: &Person, key: &str, old: &str, new: &str) -> Reply {
    change(&who.client, "/user/change", key, json!(old), new).await
}

fn mail(kind: &str, to: &str) -> (String, String) {
    (kind.to_owned(), to.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_s_own_address_is_changed_by_naming_the_one_before_and_other_sessions_end() {
    let world = World::new().await;
    let owner = world.owner().await;
    let jane = person(&world, "jane", &[]).await;
    let other = signed_in(&world, "jane", PASSWORD).await;
    let wrong = own(&jane, "Email", "john@example.org", "new@example.org").await;
    insta::assert_json_snapshot!(recorded("POST /user/change", &wrong), @r#"
    {
      "asked": "POST /user/change",
      "status": 400,
      "body": {
        "Message": "Old: this is not what it was until now",
        "Errors": {
          "Old": [
            "this is not what it was until now"
          ]
        }
      }
    }
    "#);
    let right = own(&jane, "Email", "JANE@Example.org", "New@example.org").await;
    insta::assert_json_snapshot!(recorded("POST /user/change", &right), @r#"
    {
      "asked": "POST /user/change",
      "status": 200,
      "body": {
        "Message": "the e-mail address was changed"
      }
    }
    "#);
    assert_eq!(jane.client.get("/user/profile").await.str("Email"), "New@example.org");
    refused(&other.get("/user/profile").await, 401, "the token is not valid");
    assert_eq!(owner.get("/api/users/jane").await.body["emailVerified"], false);
    let sent = mails(&world);
    assert_eq!(
        sent,
        [
            mail("emailChanged", "jane@example.org"),
            mail("verifyEmail", "New@example.org")
        ]
    );
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 401);
    signed_in(&world, "new@example.org", PASSWORD).await;
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_address_spelled_anew_ends_no_session_and_stays_verified() {
    let world = World::new().await;
    let owner = world.owner().await;
    let jane = person(&world, "jane", &[]).await;
    owner.patch("/api/users/jane", json!({ "emailVerified": true })).await;
    let other = signed_in(&world, "jane", PASSWORD).await;
    done(&own(&jane, "Email", "jane@example.org", "Jane@Example.org").await);
    assert_eq!(other.get("/user/profile").await.str("Email"), "Jane@Example.org");
    assert_eq!(owner.get("/api/users/jane").await.body["emailVerified"], true);
    assert_eq!(mails(&world), []);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_domain_of_a_final_sigma_is_another_address() {
    let [was, is] = [
        "v@\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c2}.gr",
        "v@\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c3}.gr",
    ];
    for path in ["/user/change", "/api/users"] {
        let world = World::new().await;
        let owner = world.owner().await;
        let body = json!({ "email": was, "password": PASSWORD, "emailVerified": true });
        let id = owner.post("/api/users", body).await.str("id").to_owned();
        let (vera, other) = (
            signed_in(&world, was, PASSWORD).await,
            signed_in(&world, was, PASSWORD).await,
        );
        if path == "/user/change" {
            done(&change(&vera, path, "Email", json!(was), is).await);
        } else {
            let reply = owner.patch(&format!("{path}/{id}"), json!({ "email": is })).await;
            assert_eq!(reply.status, 204, "{}", reply.text);
        }
        assert_eq!(other.get("/user/profile").await.status, 401, "{path}");
        let user = owner.get(&format!("/api/users/{id}")).await.body;
        assert_eq!((&user["email"], &user["emailVerified"]), (&json!(is), &json!(false)));
        let sent = [mail("emailChanged", was), mail("verifyEmail", is)];
        assert_eq!(mails(&world), sent, "{path}");
        // Where an address is typed, the two are one.
        signed_in(&world, was, PASSWORD).await;
        assert_reconciled(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_s_own_username_is_changed_by_naming_the_one_before_and_sessions_go_on() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    let other = signed_in(&world, "jane", PASSWORD).await;
    invalid(&own(&jane, "Username", "john", "new").await, &["Old"]);
    done(&own(&jane, "username", "JANE", "New").await);
    assert_eq!(other.get("/user/profile").await.str("Username"), "New");
    assert_eq!(login(&world, "jane", PASSWORD).await.status, 401);
    signed_in(&world, "new", PASSWORD).await;
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_a_name_gets_one_by_naming_none() {
    let world = World::new().await;
    world.user("bare@example.org").await;
    let bare = signed_in(&world, "bare@example.org", PASSWORD).await;
    invalid(
        &change(&bare, "/user/change", "Username", json!("x"), "bare").await,
        &["Old"],
    );
    for (old, name) in [(json!(null), "bare"), (json!("bare"), "barer")] {
        done(&change(&bare, "/user/change", "Username", old, name).await);
    }
    signed_in(&world, "barer", PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_s_own_password_is_changed_by_naming_the_one_before_and_other_sessions_end() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    let other = signed_in(&world, "jane", PASSWORD).await;
    let wrong = own(&jane, "Password", "not the password", "battery staple").await;
    insta::assert_json_snapshot!(recorded("POST /user/change", &wrong), @r#"
    {
      "asked": "POST /user/change",
      "status": 400,
      "body": {
        "Message": "the current password is wrong",
        "Errors": {
          "Old": [
            "the current password is wrong"
          ]
        }
      }
    }
    "#);
    invalid(&own(&jane, "Password", PASSWORD, "short").await, &["New"]);
    invalid(&own(&jane, "Password", "", "battery staple").await, &["Old"]);
    done(&own(&jane, "Password", PASSWORD, "battery staple").await);
    assert_eq!(jane.client.get("/user/profile").await.status, 200);
    assert_eq!(other.get("/user/profile").await.status, 401);
    assert_eq!(mails(&world), [mail("passwordChanged", "jane@example.org")]);
    signed_in(&world, "jane", "battery staple").await;
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_here_counts_as_a_failed_login_and_the_fifth_locks() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    for _ in 0..5 {
        let reply = own(&jane, "Password", "not the password", "battery staple").await;
        invalid(&reply, &["Old"]);
    }
    refused(
        &own(&jane, "Password", PASSWORD, "battery staple").await,
        423,
        "the account is locked until 2026-11-22T08:15:00.001Z",
    );
    // It counts under the address.
    let locked = login(&world, "jane@example.org", PASSWORD).await;
    assert_eq!((locked.status.as_u16(), locked.header("retry-after")), (423, "900"));
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_or_name_is_409_and_nothing_changes() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    person(&world, "john", &[]).await;
    let reply = own(&jane, "Email", "jane@example.org", "JOHN@example.org").await;
    refused(&reply, 409, "the e-mail address is taken");
    refused(
        &own(&jane, "Username", "jane", "John").await,
        409,
        "the username is taken",
    );
    assert_eq!(jane.client.get("/user/profile").await.str("Username"), "jane");
    assert_eq!(mails(&world), []);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_none_and_values_that_are_none_are_reported_by_field() {
    let world = World::new().await;
    let jane = person(&world, "jane", &["admin"]).await;
    for path in ["/user/change", "/admin/change"] {
        invalid(&change(&jane.client, path, "Role", json!("a"), "b").await, &["Key"]);
        invalid(
            &change(&jane.client, path, "Email", json!("none"), "none").await,
            &["New", "Old"],
        );
        invalid(&jane.client.post(path, json!({ "Key": "Email" })).await, &["New"]);
        invalid(
            &jane.client.post(path, json!({ "Key": "Email", "New": 3 })).await,
            &["New"],
        );
        invalid(&jane.client.post(path, json!({ "New": "x" })).await, &["Key"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_s_address_and_name_are_changed_by_naming_them_and_the_password_is_not_asked() {
    let world = World::new().await;
    let (jane, admin) = (
        person(&world, "jane", &[]).await,
        person(&world, "boss", &["admin"]).await,
    );
    let of = |key: &'static str, old: Value, new: &'static str| {
        let (client, id) = (admin.client.clone(), jane.id.clone());
        async move {
            let body = json!({ "Id": id, "Key": key, "Old": old, "New": new });
            client.post("/admin/change", body).await
        }
    };
    invalid(
        &of("Email", json!("john@example.org"), "new@example.org").await,
        &["Old"],
    );
    invalid(&of("Username", json!("john"), "new").await, &["Old"]);
    invalid(&of("Password", json!(null), "short").await, &["New"]);
    done(&of("Username", json!("Jane"), "new").await);
    assert_eq!(jane.client.get("/user/profile").await.str("Username"), "new");
    done(&of("Email", json!("Jane@example.org"), "new@example.org").await);
    refused(&jane.client.get("/user/profile").await, 401, "the token is not valid");
    done(&of("Password", json!(null), "battery staple").await);
    signed_in(&world, "new", "battery staple").await;
    assert_eq!(
        mails(&world),
        [
            mail("emailChanged", "jane@example.org"),
            mail("verifyEmail", "new@example.org")
        ],
        "the new address is unverified: it gets no notice about the password"
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_s_own_id_does_not_spare_the_password() {
    let world = World::new().await;
    let admin = person(&world, "boss", &["admin"]).await;
    let body = |old: Value| json!({ "Id": admin.id, "Key": "Password", "Old": old, "New": "battery staple" });
    for old in [json!(null), json!("not the password")] {
        invalid(&admin.client.post("/admin/change", body(old)).await, &["Old"]);
    }
    done(&admin.client.post("/admin/change", body(json!(PASSWORD))).await);
    assert_eq!(admin.client.get("/admin/profile").await.status, 200);
}
