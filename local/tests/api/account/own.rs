//! What everybody does with their own account: `Profile`, `Update`, `Logout`, `ResetPassword`.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ask, done, invalid, person, recorded, refused, signed_in};
use crate::outbox::{Post, sweep};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_s_profile_shows_more_from_admin_up_and_the_same_below() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let (low, high) = (owner.get("/member/profile").await, owner.get("/owner/profile").await);
    insta::assert_json_snapshot!(recorded("GET /owner/profile", &high), @r#"
    {
      "asked": "GET /owner/profile",
      "status": 200,
      "body": {
        "Id": "<id>",
        "RoleName": "Owner",
        "Email": "owner@usher.local",
        "Username": "owner",
        "CreatedOn": "2026-11-22T08:00:00.000Z",
        "FirstName": null,
        "MiddleName": null,
        "LastName": null,
        "Gender": null,
        "Age": null,
        "Address": {
          "Country": null,
          "City": null,
          "Str": null
        },
        "Contact": {
          "Mobile": null,
          "Email": null,
          "Website": null,
          "Facebook": null,
          "Instagram": null,
          "TikTok": null,
          "Youtube": null,
          "Twitter": null
        },
        "ModifiedOn": "2026-11-22T08:00:00.000Z",
        "DeletedOn": null,
        "IsDeleted": false
      }
    }
    "#);
    let mut less = high.body.clone();
    for name in ["Id", "RoleName", "ModifiedOn", "DeletedOn", "IsDeleted"] {
        assert!(less.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    assert_eq!(low.body, less);
    assert_eq!(owner.get("/admin/profile").await.body, high.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_changes_what_it_names_null_leaves_it_and_an_empty_text_takes_it_away() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    let body = json!({ "FirstName": "Jane", "Age": 41, "Address": { "City": "Bergen", "Str": "Bryggen 1" }, "Contact": { "TikTok": "@jane" } });
    let reply = jane.client.post("/user/update", body).await;
    insta::assert_json_snapshot!(recorded("POST /user/update", &reply), @r#"
    {
      "asked": "POST /user/update",
      "status": 200,
      "body": {
        "Message": "the account was updated"
      }
    }
    "#);
    let body = json!({ "LastName": "Doe", "Age": "", "Address": { "Country": "Norway", "Str": "" } });
    done(&jane.client.post("/user/update", body).await);
    let shown = jane.client.get("/user/profile").await.body;
    assert_eq!(
        (
            &shown["FirstName"],
            &shown["LastName"],
            &shown["Age"],
            &shown["Address"],
            &shown["Contact"]["TikTok"]
        ),
        (
            &json!("Jane"),
            &json!("Doe"),
            &json!(null),
            &json!({ "Country": "Norway", "City": "Bergen", "Str": null }),
            &json!("@jane")
        )
    );
    let of_me = jane.client.get("/api/me/profile").await.body;
    assert_eq!(
        (&of_me["lastName"], &of_me["contact"]["tikTok"]),
        (&json!("Doe"), &json!("@jane"))
    );
    done(&jane.client.post("/user/update", json!({})).await);
    let nulls = json!({
        "FirstName": "Janet", "MiddleName": null, "LastName": null, "Gender": null, "Age": null,
        "Address": { "Country": null, "City": null, "Str": null }, "Contact": { "TikTok": null, "Email": null },
    });
    done(&jane.client.post("/user/update", nulls).await);
    done(
        &jane
            .client
            .post("/user/update", json!({ "Address": null, "Contact": null }))
            .await,
    );
    let mut left = shown;
    left["FirstName"] = json!("Janet");
    assert_eq!(jane.client.get("/user/profile").await.body, left);
    let body = json!({ "Gender": "fEMALE", "Contact": { "Website": "www.example.org", "TikTok": "" }, "Address": "" });
    done(&jane.client.post("/user/update", body).await);
    let shown = jane.client.get("/user/profile").await.body;
    assert_eq!(
        (
            &shown["Gender"],
            &shown["Contact"]["Website"],
            &shown["Contact"]["TikTok"]
        ),
        (&json!("Female"), &json!("www.example.org"), &json!(null))
    );
    assert_eq!(shown["Address"], json!({ "Country": null, "City": null, "Str": null }));
    for (body, field) in [
        (json!({ "Age": "old" }), "Age"),
        (json!({ "Gender": "femme" }), "Gender"),
        (json!({ "Address": [] }), "Address"),
        (json!({ "Contact": { "Email": "x".repeat(257) } }), "Contact.Email"),
        (json!({ "Address": { "Str": "a\nb" } }), "Address.Str"),
    ] {
        invalid(&jane.client.post("/user/update", body).await, &[field]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_contract_has_no_name_for_has_no_effect_inside_a_property_either() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    let address = json!({ "Str": "Bryggen 1", "street": "elsewhere", "Street": "elsewhere", "zip": "5003" });
    let body = json!({ "Address": address, "displayName": "Other", "Contact": { "Phone": "1", "TikTok": "@jane" } });
    done(&jane.client.post("/user/update", body).await);
    let other = json!({ "Address": { "street": "elsewhere" } });
    done(&jane.client.post("/user/update", other).await);
    let shown = jane.client.get("/user/profile").await.body;
    assert_eq!(
        (&shown["Address"]["Str"], &shown["Contact"]["TikTok"]),
        (&json!("Bryggen 1"), &json!("@jane"))
    );
    let of_me = jane.client.get("/api/me/profile").await.body;
    assert_eq!(of_me["displayName"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_text_can_have_256_characters() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    let texts = |length| {
        let text = "\u{3b1}".repeat(length);
        json!({
            "FirstName": text, "MiddleName": text, "LastName": text,
            "Address": { "Country": text, "City": text, "Str": text },
            "Contact": { "Mobile": text, "Email": text, "Website": text, "Facebook": text, "Instagram": text,
                "TikTok": text, "Youtube": text, "Twitter": text },
        })
    };
    done(&jane.client.post("/user/update", texts(256)).await);
    let shown = jane.client.get("/user/profile").await.body;
    for name in texts(1).as_object().unwrap().keys() {
        assert_eq!(shown[name], texts(256)[name], "{name}");
    }
    for (name, value) in texts(257).as_object().unwrap() {
        let reply = jane.client.post("/user/update", json!({ name: value })).await;
        assert_eq!(reply.status, 400, "{name}: {}", reply.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn z02_an_id_is_looked_at_from_admin_up_alone() {
    let world = World::new().await;
    let (jane, john) = (person(&world, "jane", &[]).await, person(&world, "john", &[]).await);
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let name = |value: Value| value["FirstName"].clone();
    let body = json!({ "Id": john.id, "FirstName": "Changed" });
    done(&jane.client.post("/user/update", body.clone()).await);
    assert_eq!(name(john.client.get("/user/profile").await.body), json!(null));
    assert_eq!(name(jane.client.get("/user/profile").await.body), json!("Changed"));
    done(&owner.post("/member/update", body.clone()).await);
    assert_eq!(name(john.client.get("/user/profile").await.body), json!(null));
    done(&owner.post("/admin/update", body).await);
    assert_eq!(name(john.client.get("/user/profile").await.body), json!("Changed"));
    let own = owner.get("/admin/profile").await;
    done(
        &owner
            .post("/admin/update", json!({ "Id": own.str("Id"), "LastName": "Own" }))
            .await,
    );
    done(&owner.post("/admin/update", json!({ "MiddleName": "Own" })).await);
    let shown = owner.get("/admin/profile").await.body;
    assert_eq!(
        (&shown["LastName"], &shown["MiddleName"]),
        (&json!("Own"), &json!("Own"))
    );
    for id in ["00000000-0000-7000-8000-000000000000", "john", ""] {
        let body = json!({ "Id": id, "FirstName": "Changed" });
        refused(&owner.post("/admin/update", body).await, 404, "no such user");
    }
    invalid(&owner.post("/admin/update", json!({ "Id": 3 })).await, &["Id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn z03_an_update_raises_no_rights_on_any_path() {
    let world = World::new().await;
    let jane = person(&world, "jane", &["admin"]).await;
    let before = world.owner().await.get("/api/users/jane").await.body;
    let body = json!({
        "Role": "Owner", "RoleName": "Owner", "roles": ["owner"], "Permissions": ["admin.tenants"], "is_admin": true,
        "EmailVerified": true, "email_verified": true, "Status": "active", "Email": "owner2@example.org",
        "Username": "root", "Password": "battery staple", "password_hash": "x", "CreatedOn": "2020-01-01T00:00:00Z",
        "version": 1, "pk": "x", "sk": "x", "IsDeleted": true, "MustChangePassword": true,
    });
    for path in ["/user/update", "/member/update", "/admin/update"] {
        done(&jane.client.post(path, body.clone()).await);
    }
    assert_eq!(world.owner().await.get("/api/users/jane").await.body, before);
    signed_in(&world, "jane", PASSWORD).await;
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_logout_by_either_method_the_token_is_dead_and_the_cookie_is_cleared() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    let other = signed_in(&world, "jane", PASSWORD).await;
    let reply = jane.client.get("/user/logout").await;
    insta::assert_json_snapshot!(recorded("GET /user/logout", &reply), @r#"
    {
      "asked": "GET /user/logout",
      "status": 200,
      "set-cookie": "usher.authorization.token=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
      "body": {
        "Message": "you are logged out"
      }
    }
    "#);
    for method in [Method::GET, Method::POST] {
        refused(
            &ask(&jane.client, &method, "/user/logout").await,
            401,
            "the token is not valid",
        );
    }
    assert_eq!(jane.client.get("/api/me/profile").await.status, 401);
    assert_eq!(other.get("/user/profile").await.status, 200);
    done(&other.post_empty("/user/logout").await);
    assert_eq!(other.get("/user/profile").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_to_choose_a_password_by_goes_to_the_caller_s_own_address_at_most_once_a_minute() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    let post = Post::default();
    let outbox = post.outbox(&world.app);
    for method in [Method::GET, Method::POST] {
        done(&ask(&jane.client, &method, "/user/resetpassword").await);
        sweep(&outbox).await;
    }
    let arrived = || post.letters().into_iter().map(|letter| letter.to).collect::<Vec<_>>();
    assert_eq!(arrived(), ["jane@example.org"]);
    world.clock.advance(60);
    done(&jane.client.get("/user/resetpassword").await);
    sweep(&outbox).await;
    assert_eq!(arrived(), ["jane@example.org"; 2]);
    let body = json!({ "username": "nomail", "password": PASSWORD });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
    let without = signed_in(&world, "nomail", PASSWORD).await;
    invalid(&without.get("/user/resetpassword").await, &["Email"]);
}
