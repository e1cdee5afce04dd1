//! `POST /v1/admin/users`

use serde_json::json;

use super::{admin, invalid, login, made, made_and_in, refused, role, settled, signed_in, user};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World};

const PATH: &str = "/v1/admin/users";

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_and_answered_whole() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let body = json!({ "email": "Jane@Example.org", "password": "s3cret", "user_name": "Jane" });
    let reply = admin.post(PATH, body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.header("location"), user(reply.str("id")));
    insta::assert_json_snapshot!(settled(&reply.body), @r#"
    {
      "id": "[id]",
      "email": "Jane@Example.org",
      "user_name": "Jane",
      "email_verified": false,
      "roles": [
        {
          "id": "00000000-0000-8000-8000-000000000001",
          "name": "user",
          "description": "Default user role"
        }
      ],
      "created_at": "2026-11-22T08:00:00.000Z"
    }
    "#);
    assert_eq!(admin.get(&user(reply.str("id"))).await.status, 200);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_with_everything_at_once() {
    let world = World::new().await;
    role(&world, "editor", &[]).await;
    let body = json!({
        "email": "jane@example.org", "password": PASSWORD, "user_name": "jane", "email_verified": true,
        "roles": ["user", "EDITOR", "admin", "editor"],
    });
    let reply = admin(&world).await.post(PATH, body).await;
    insta::assert_json_snapshot!(settled(&reply.body), @r#"
    {
      "id": "[id]",
      "email": "jane@example.org",
      "user_name": "jane",
      "email_verified": true,
      "roles": [
        {
          "id": "00000000-0000-8000-8000-000000000003",
          "name": "admin",
          "description": "Default admin role"
        },
        {
          "id": "[id]",
          "name": "editor",
          "description": null
        },
        {
          "id": "00000000-0000-8000-8000-000000000001",
          "name": "user",
          "description": "Default user role"
        }
      ],
      "created_at": "2026-11-22T08:00:00.000Z"
    }
    "#);
    signed_in(&world, "jane@example.org", PASSWORD).await;
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_absent_or_wrong_is_named_field_by_field() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let whole = json!({ "email": "jane@example.org", "password": PASSWORD, "user_name": "jane" });
    for field in ["email", "password", "user_name"] {
        let mut without = whole.clone();
        without.as_object_mut().unwrap().remove(field);
        invalid(&admin.post(PATH, without).await, &[field]);
    }
    for (field, wrong, named) in [
        ("email", json!("jane"), "email"),
        ("password", json!("12345"), "password"),
        ("password", json!("a".repeat(129)), "password"),
        ("user_name", json!("a  b"), "user_name"),
        ("user_name", json!(null), "user_name"),
        ("email_verified", json!("yes"), "email_verified"),
        ("roles", json!("admin"), "roles"),
        ("roles", json!([7]), "roles.0"),
        ("roles", json!(["user", "nothing"]), "roles.1"),
    ] {
        let mut body = whole.clone();
        body[field] = wrong;
        invalid(&admin.post(PATH, body).await, &[named]);
    }
    let all = json!({ "email": "x", "password": "", "user_name": "" });
    invalid(&admin.post(PATH, all).await, &["email", "user_name", "password"]);
    let six = json!({ "email": "jane@example.org", "password": "six-ch", "user_name": "jane", "roles": null });
    assert_eq!(admin.post(PATH, six).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_has_is_a_conflict() {
    let world = World::new().await;
    let admin = admin(&world).await;
    made(&admin, "jane", &[]).await;
    let body = json!({ "email": "JANE@example.org", "password": PASSWORD, "user_name": "other" });
    refused(&admin.post(PATH, body).await, 409, "The e-mail address is taken");
    let body = json!({ "email": "other@example.org", "password": PASSWORD, "user_name": "Jane" });
    refused(&admin.post(PATH, body).await, 409, "The username is taken");
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z04_nobody_makes_an_account_with_more_than_they_hold() {
    let world = World::new().await;
    role(&world, "helpdesk", &["admin.users"]).await;
    let admin = admin(&world).await;
    let (_, helpdesk) = made_and_in(&world, &admin, "help", &["helpdesk"]).await;
    let body =
        |roles: &[&str]| json!({ "email": "x@example.org", "password": PASSWORD, "user_name": "x", "roles": roles });
    refused(
        &admin.post(PATH, body(&["owner"])).await,
        403,
        "The role stands above your rank",
    );
    refused(
        &helpdesk.post(PATH, body(&["admin"])).await,
        403,
        "The role stands above your rank",
    );
    refused(
        &helpdesk.post(PATH, body(&["SYS_ADMIN"])).await,
        403,
        "You cannot give what you do not hold: admin.access",
    );
    assert_eq!(helpdesk.post(PATH, body(&["helpdesk"])).await.status, 201);
    assert_eq!(login(&world, "x@example.org", PASSWORD).await.status, 403, "unverified");
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_a_list_of_more_roles_than_an_account_can_have_is_refused() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let body = |roles: Vec<String>| json!({ "email": "x@example.org", "password": PASSWORD, "user_name": "x", "roles": roles });
    refused(
        &admin.post(PATH, body(vec!["user".to_owned(); 21])).await,
        409,
        "An account can have 20 grants at most",
    );
    // What is not there is named first, and no more is looked up than an account can have.
    let unknown = admin
        .post(PATH, body((0..5_000).map(|n| format!("r{n}")).collect()))
        .await;
    assert_eq!(unknown.status, 400, "{}", unknown.text);
    assert!(!unknown.text.contains("r20"), "{}", unknown.text);
}
