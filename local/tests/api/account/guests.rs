//! What guests do: `Register`, `Login`, `ResetPassword`.

use serde_json::json;
use usher::domain::tenant_settings::{Chosen, EmailOnSignup};

use super::{done, invalid, login, mails, person, recorded, refused, signed_in, token_of_mail};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, Reply, World};

async fn register(world: &World, body: serde_json::Value) -> Reply {
    world.nobody().post("/auth/register", body).await
}

fn jane() -> serde_json::Value {
    json!({ "Email": "Jane@Example.org", "Username": "Jane", "Password": PASSWORD })
}

/// What a tenant sets, in force at once.
pub async fn set(world: &World, chosen: Chosen) {
    let cx = setup::context(&world.app);
    usher::actions::settings::change(&cx, |_| Ok(chosen.clone()))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_registers_can_log_in_by_name_or_address_and_is_a_user() {
    let world = World::new().await;
    let mut body = jane();
    body["FirstName"] = json!("Jane");
    body["Gender"] = json!("Female");
    body["Age"] = json!(41);
    body["Address"] = json!({ "Country": "Norway", "City": "Bergen", "Str": "Bryggen 1" });
    body["Contact"] = json!({ "TikTok": "@jane", "Email": "other@example.org" });
    let made = register(&world, body).await;
    insta::assert_json_snapshot!(recorded("POST /auth/register", &made), @r#"
    {
      "asked": "POST /auth/register",
      "status": 200,
      "body": {
        "Message": "the account was made: log in"
      }
    }
    "#);
    let jane = signed_in(&world, "JANE@example.ORG", PASSWORD).await;
    let shown = jane.get("/user/profile").await;
    insta::assert_json_snapshot!(recorded("GET /user/profile", &shown), @r#"
    {
      "asked": "GET /user/profile",
      "status": 200,
      "body": {
        "Email": "Jane@Example.org",
        "Username": "Jane",
        "CreatedOn": "2026-11-22T08:00:00.000Z",
        "FirstName": "Jane",
        "MiddleName": null,
        "LastName": null,
        "Gender": "Female",
        "Age": 41,
        "Address": {
          "Country": "Norway",
          "City": "Bergen",
          "Str": "Bryggen 1"
        },
        "Contact": {
          "Mobile": null,
          "Email": "other@example.org",
          "Website": null,
          "Facebook": null,
          "Instagram": null,
          "TikTok": "@jane",
          "Youtube": null,
          "Twitter": null
        }
      }
    }
    "#);
    assert_eq!(
        signed_in(&world, "jane", PASSWORD)
            .await
            .get("/admin/users")
            .await
            .status,
        403
    );
    assert_eq!(
        mails(&world),
        [("verifyEmail".to_owned(), "Jane@Example.org".to_owned())]
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_with_a_registration_is_reported_at_once_by_field() {
    let world = World::new().await;
    let body = json!({
        "Email": "jane", "Username": "a  b", "Password": "123456789", "Age": 151,
    });
    let reply = register(&world, body).await;
    invalid(&reply, &["Age", "Email", "Password", "Username"]);
    let body = json!({
        "Email": "jane@example.org", "Username": "jane", "Password": PASSWORD,
        "Address": { "Str": "a\nb" }, "Contact": { "Website": "x".repeat(257) },
    });
    let reply = register(&world, body).await;
    insta::assert_json_snapshot!(recorded("POST /auth/register", &reply), @r#"
    {
      "asked": "POST /auth/register",
      "status": 400,
      "body": {
        "Message": "Address.Str: this must not have control characters; Contact.Website: this can have 256 characters at most",
        "Errors": {
          "Address.Str": [
            "this must not have control characters"
          ],
          "Contact.Website": [
            "this can have 256 characters at most"
          ]
        }
      }
    }
    "#);
    invalid(&register(&world, json!({})).await, &["Password", "Username"]);
    invalid(
        &register(&world, json!({ "Username": "jane", "Password": PASSWORD })).await,
        &["Email"],
    );
    invalid(
        &register(&world, json!({ "Username": 1, "Password": PASSWORD })).await,
        &["Username"],
    );
    assert_eq!(login(&world, "jane", PASSWORD).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn i09_a_password_has_10_to_128_characters_here() {
    let world = World::new().await;
    for (length, taken) in [(9, false), (10, true), (128, true), (129, false)] {
        let name = format!("u{length}");
        let body =
            json!({ "Email": format!("{name}@example.org"), "Username": name, "Password": "\u{1f511}".repeat(length) });
        let reply = register(&world, body).await;
        assert_eq!(reply.status == 200, taken, "{length}: {}", reply.text);
        if !taken {
            invalid(&reply, &["Password"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_or_name_is_409_however_it_is_written() {
    let world = World::new().await;
    done(&register(&world, jane()).await);
    let body = json!({ "Email": "jane@EXAMPLE.org", "Username": "john", "Password": PASSWORD });
    refused(&register(&world, body).await, 409, "the e-mail address is taken");
    let body = json!({ "Email": "john@example.org", "Username": "JANE", "Password": PASSWORD });
    refused(&register(&world, body).await, 409, "the username is taken");
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z03_nobody_registers_with_rights() {
    let world = World::new().await;
    let mut body = jane();
    for name in [
        "Role",
        "RoleName",
        "roles",
        "Roles",
        "permissions",
        "is_admin",
        "status",
        "emailVerified",
        "EmailVerified",
        "mustChangePassword",
    ] {
        body[name] = json!("Owner");
    }
    body["Id"] = json!("00000000-0000-7000-8000-000000000001");
    body["DisplayName"] = json!("shown");
    done(&register(&world, body).await);
    let owner = world.owner().await;
    let shown = owner.get("/api/users/jane").await.body;
    assert_eq!(
        (
            &shown["roles"],
            &shown["emailVerified"],
            &shown["status"],
            &shown["displayName"]
        ),
        (&json!(["user"]), &json!(false), &json!("active"), &json!(null))
    );
    assert_ne!(shown["id"], "00000000-0000-7000-8000-000000000001");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tenant_sets_for_registrations_holds_here() {
    let world = World::new().await;
    let closed = Chosen {
        registration_open: Some(false),
        ..Chosen::default()
    };
    set(&world, closed).await;
    refused(&register(&world, jane()).await, 403, "registration is closed");
    let none = Chosen {
        email_on_signup: Some(EmailOnSignup::None),
        ..Chosen::default()
    };
    set(&world, none).await;
    done(&register(&world, json!({ "Username": "john", "Password": PASSWORD })).await);
    done(&register(&world, jane()).await);
    let jane = signed_in(&world, "jane", PASSWORD).await;
    // Where it stands in the body, it is taken: the setting is about those that need not give one.
    assert_eq!(jane.get("/user/profile").await.str("Email"), "Jane@Example.org");
    assert_eq!(
        mails(&world),
        [("verifyEmail".to_owned(), "Jane@Example.org".to_owned())]
    );
    invalid(
        &register(&world, json!({ "Email": "x", "Username": "jim", "Password": PASSWORD })).await,
        &["Email"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_answers_a_token_for_thirty_days_and_a_cookie() {
    let world = World::new().await;
    let reply = login(&world, "owner", "Owner@12345").await;
    insta::assert_json_snapshot!(recorded("POST /auth/login", &reply), @r#"
    {
      "asked": "POST /auth/login",
      "status": 200,
      "set-cookie": "usher.authorization.token=<token>; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax",
      "body": {
        "Token": "<token>",
        "ResponseMessage": {
          "En": "you are logged in",
          "Bg": "влязохте в акаунта си"
        },
        "Message": "you are logged in",
        "ExpiresOn": "2026-12-22T08:00:00.000Z"
      }
    }
    "#);
    let client = world.with_token(reply.str("Token"));
    world.clock.advance(30 * 24 * 3600 - 1);
    assert_eq!(client.get("/owner/profile").await.status, 200);
    world.clock.advance(1);
    refused(&client.get("/owner/profile").await, 401, "the token is not valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_carries_what_the_source_s_client_reads_and_usher_never_reads_it_back() {
    let world = World::new().await;
    let jane = person(&world, "jane", &["admin"]).await;
    let claims = super::claims(&jane.client.token);
    assert_eq!(
        (&claims["userid"], &claims["username"], &claims["role"], &claims["tid"]),
        (&json!(jane.id), &json!("jane"), &json!("Admin"), &json!("main"))
    );
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    done(
        &owner
            .post("/owner/changerole", json!({ "Id": jane.id, "RoleName": "User" }))
            .await,
    );
    refused(&jane.client.get("/admin/users").await, 403, "this path is for admins");
    assert_eq!(jane.client.get("/user/profile").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_a_login_that_fails_reveals_nothing_about_why() {
    let world = World::new().await;
    let owner = world.owner().await;
    let mut answers = Vec::new();
    for name in ["jane", "banned", "inactive", "locked", "deleted", "no-password"] {
        let body = match name {
            "no-password" => json!({ "username": name }),
            _ => json!({ "username": name, "password": PASSWORD }),
        };
        let id = owner.post("/api/users", body).await.str("id").to_owned();
        if ["banned", "inactive", "locked"].contains(&name) {
            let patched = owner
                .patch(&format!("/api/users/{id}"), json!({ "status": name }))
                .await;
            assert_eq!(patched.status, 204, "{}", patched.text);
        }
        if name == "deleted" {
            assert_eq!(owner.delete(&format!("/api/users/{id}")).await.status, 204);
        }
        answers.push(login(&world, name, "not the password").await);
    }
    answers.push(login(&world, "stranger", "not the password").await);
    answers.push(login(&world, "deleted", PASSWORD).await);
    for reply in &answers {
        refused(reply, 401, "wrong name or password");
        let names = |reply: &Reply| reply.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            (names(reply), reply.text.len()),
            (names(&answers[0]), answers[0].text.len())
        );
    }
    refused(&login(&world, "banned", PASSWORD).await, 403, "the account is banned");
    refused(
        &login(&world, "inactive", PASSWORD).await,
        403,
        "the account is inactive",
    );
    let locked = login(&world, "locked", PASSWORD).await;
    refused(&locked, 423, "the account is locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn e05_five_failures_lock_a_name_whether_anybody_has_it_or_not() {
    let world = World::new().await;
    person(&world, "jane", &[]).await;
    for name in ["jane", "stranger"] {
        for _ in 0..5 {
            assert_eq!(login(&world, name, "not the password").await.status, 401);
        }
        let reply = login(&world, name, PASSWORD).await;
        insta::allow_duplicates! {
            insta::assert_json_snapshot!(recorded("POST /auth/login", &reply), @r#"
            {
              "asked": "POST /auth/login",
              "status": 423,
              "retry-after": "900",
              "body": {
                "Message": "the account is locked until 2026-11-22T08:15:00.001Z"
              }
            }
            "#);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e03_who_forgot_a_password_is_answered_the_same_whether_the_address_is_anybody_s_or_not() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    let ask = |email: &'static str| {
        let nobody = world.nobody();
        async move { nobody.post("/auth/resetpassword", json!({ "Email": email })).await }
    };
    let (known, unknown) = (ask("JANE@example.org").await, ask("stranger@example.org").await);
    insta::assert_json_snapshot!(recorded("POST /auth/resetpassword", &known), @r#"
    {
      "asked": "POST /auth/resetpassword",
      "status": 200,
      "body": {
        "Message": "if an account has this address, a mail with a link is on its way"
      }
    }
    "#);
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    assert_eq!(known.header("content-length"), unknown.header("content-length"));
    assert_eq!(
        mails(&world),
        [("resetPassword".to_owned(), "jane@example.org".to_owned())]
    );
    invalid(&ask("no address").await, &["Email"]);
    invalid(&world.nobody().post("/auth/resetpassword", json!({})).await, &["Email"]);
    let token = token_of_mail(&world, &jane.id).await;
    let spend = |token: String, new: Option<&'static str>| {
        let nobody = world.nobody();
        async move {
            nobody
                .post("/auth/resetpassword", json!({ "Token": token, "New": new }))
                .await
        }
    };
    invalid(&spend(token.clone(), None).await, &["New"]);
    invalid(&spend(token.clone(), Some("short")).await, &["New"]);
    done(&spend(token.clone(), Some("battery staple")).await);
    let used = "the link is not valid: it was used, has expired, or never was one";
    refused(&spend(token, Some("battery staple")).await, 400, used);
    refused(
        &spend("usher_ot_nonsense".to_owned(), Some("battery staple")).await,
        400,
        used,
    );
    refused(&jane.client.get("/user/profile").await, 401, "the token is not valid");
    assert_eq!(login(&world, "jane", PASSWORD).await.status, 401);
    signed_in(&world, "jane", "battery staple").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_in_is_asked_to_log_out_first_and_a_token_that_opens_nothing_does_not_matter() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    for path in ["/auth/login", "/auth/register", "/auth/resetpassword"] {
        refused(&jane.client.post(path, json!({})).await, 400, "log out first");
    }
    done(&jane.client.get("/user/logout").await);
    let body = json!({ "Username": "jane", "Password": PASSWORD });
    assert_eq!(jane.client.post("/auth/login", body).await.status, 200);
}
