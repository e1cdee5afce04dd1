//! The source's own client, as it is: it writes and reads camelCase, reads messages as `en` and `bg`, and puts the role
//! of its token into its paths.

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine};
use serde_json::{Value, json};

use super::{claims, next, person};
use crate::outbox::{Post, sweep};
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, Reply, World};

/// The client: who is signed in, and under which path.
struct App {
    client: Client,
    path: String,
}

impl App {
    async fn log_in(world: &World, name: &str, password: &str) -> Self {
        let body = json!({ "username": name, "password": password });
        let reply = world.nobody().post("/auth/login", body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        said(&reply.body["responseMessage"]);
        assert!(reply.str("expiresOn") > "2026", "{}", reply.text);
        let token = reply.str("token");
        let role = claims(token)["role"].as_str().unwrap().to_lowercase();
        Self {
            client: world.with_token(token),
            path: format!("/{role}"),
        }
    }

    async fn get(&self, action: &str) -> Value {
        let reply = self.client.get(&format!("{}/{action}", self.path)).await;
        assert_eq!(reply.status, 200, "{action}: {}", reply.text);
        reply.body
    }

    async fn post(&self, action: &str, body: Value) -> Reply {
        self.client.post(&format!("{}/{action}", self.path), body).await
    }
}

/// What it reads of a token: `JSON.parse(atob(token.split('.')[1]))`. `atob` takes base64 and not base64url, needs no
/// padding, and makes a letter of each byte.
fn read_by_atob(token: &str) -> Value {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let atob = GeneralPurpose::new(&alphabet::STANDARD, lenient);
    let bytes = atob.decode(token.split('.').nth(1).unwrap()).unwrap();
    let text: String = bytes.into_iter().map(char::from).collect();
    serde_json::from_str(&text).unwrap()
}

/// What it shows of a message.
#[track_caller]
fn said(message: &Value) {
    let (en, bg) = (message["en"].as_str(), message["bg"].as_str());
    assert!(en.is_some_and(str::is_ascii), "{message}");
    assert!(bg.is_some_and(|bg| !bg.is_ascii()), "{message}");
}

#[track_caller]
fn done(reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.text);
    said(&reply.body);
}

#[track_caller]
fn refused(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{}", reply.text);
    said(&reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_registers_and_goes_through_all_that_a_user_can_do() {
    let world = World::new().await;
    let nobody = world.nobody();
    let body = json!({
        "email": "jane@example.org", "username": "jane", "password": PASSWORD, "firstName": "Jane", "middleName": null,
        "lastName": "Doe", "gender": "female", "age": 41, "address": { "country": "Bulgaria", "city": null, "str": "" },
        "contact": { "website": "www.example.org", "tikTok": "@jane" },
    });
    done(&nobody.post("/auth/register", body.clone()).await);
    refused(&nobody.post("/auth/register", body).await, 409);
    refused(
        &nobody
            .post("/auth/login", json!({ "username": "jane", "password": "not this one" }))
            .await,
        401,
    );
    let app = App::log_in(&world, "jane", PASSWORD).await;
    assert_eq!(app.path, "/user");
    refused(
        &app.client
            .post("/auth/login", json!({ "username": "jane", "password": PASSWORD }))
            .await,
        400,
    );
    let shown = app.get("profile").await;
    insta::assert_json_snapshot!(shown, @r#"
    {
      "email": "jane@example.org",
      "username": "jane",
      "createdOn": "2026-11-22T08:00:00.000Z",
      "firstName": "Jane",
      "middleName": null,
      "lastName": "Doe",
      "gender": "Female",
      "age": 41,
      "address": {
        "country": "Bulgaria",
        "city": null,
        "str": null
      },
      "contact": {
        "mobile": null,
        "email": null,
        "website": "www.example.org",
        "facebook": null,
        "instagram": null,
        "tikTok": "@jane",
        "youtube": null,
        "twitter": null
      }
    }
    "#);
    done(
        &app.post(
            "update",
            json!({ "firstName": "Janet", "lastName": null, "contact": { "website": null } }),
        )
        .await,
    );
    let mut expected = shown;
    expected["firstName"] = json!("Janet");
    assert_eq!(app.get("profile").await, expected);
    done(
        &app.post("change", json!({ "key": "username", "old": "jane", "new": "janet" }))
            .await,
    );
    let change = json!({ "key": "Password", "old": PASSWORD, "new": "battery staple" });
    done(&app.post("change", change.clone()).await);
    let again = app.post("change", change).await;
    refused(&again, 400);
    assert!(again.body["errors"]["old"].is_array(), "{}", again.text);
    let app = App::log_in(&world, "janet", "battery staple").await;
    said(&app.get("resetPassword").await);
    let post = Post::default();
    sweep(&post.outbox(&world.app)).await;
    assert!(post.letters().iter().any(|letter| letter.to == "jane@example.org"));
    refused(&app.client.get("/admin/users").await, 403);
    said(&app.get("logout").await);
    refused(&app.client.get("/user/profile").await, 401);
    let app = App::log_in(&world, "janet", "battery staple").await;
    said(&app.get("deleteAccount").await);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_goes_through_all_that_an_owner_can_do() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    let john = person(&world, "john", &[]).await;
    let app = App::log_in(&world, "owner", "Owner@12345").await;
    assert_eq!(app.path, "/owner");
    let profile = app.get("profile").await;
    assert_eq!(
        (&profile["roleName"], &profile["isDeleted"]),
        (&json!("Owner"), &json!(false))
    );
    done(
        &app.post("setMaxRoles", json!({ "name": "Member", "maxCount": 1 }))
            .await,
    );
    // As it sends it: the models that it has of all roles.
    let mut models = app.get("roles").await;
    for model in models.as_array_mut().unwrap() {
        if model["name"] == "Admin" {
            model["maxCount"] = json!(7);
        }
    }
    done(&app.post("setMaxRoles", models).await);
    done(
        &app.post("changeRole", json!({ "id": jane.id, "roleName": "Member" }))
            .await,
    );
    refused(
        &app.post("changeRole", json!({ "id": john.id, "roleName": "Member" }))
            .await,
        409,
    );
    done(&app.post("update", json!({ "id": john.id, "firstName": "John" })).await);
    done(
        &app.post(
            "change",
            json!({ "id": john.id, "key": "Username", "old": "john", "new": "johnny" }),
        )
        .await,
    );
    done(&app.post("deleteUser", json!({ "id": john.id })).await);
    refused(&app.post("deleteUser", json!({ "id": john.id })).await, 404);
    let users = app.get("users").await;
    let user = |id: &str| users.as_array().unwrap().iter().find(|user| user["id"] == id).unwrap();
    assert_eq!(
        (
            &user(&jane.id)["roleName"],
            &user(&jane.id)["isDeleted"],
            &user(&jane.id)["deletedOn"]
        ),
        (&json!("Member"), &json!(false), &json!(null))
    );
    assert_eq!(
        (&user(&john.id)["username"], &user(&john.id)["isDeleted"]),
        (&json!("johnny"), &json!(true))
    );
    assert!(user(&john.id)["deletedOn"].is_string());
    let roles = app.get("roles").await;
    let member = roles
        .as_array()
        .unwrap()
        .iter()
        .find(|role| role["name"] == "Member")
        .unwrap();
    assert_eq!((&member["maxCount"], &member["isDeleted"]), (&json!(1), &json!(false)));
    let admin = roles.as_array().unwrap().iter().find(|role| role["name"] == "Admin");
    assert_eq!(admin.unwrap()["maxCount"], 7);
    let entries = app.get("entries").await;
    assert!(
        entries[0]["login"].is_boolean() && entries[0]["userId"].is_string(),
        "{entries}"
    );
    let changes = app.client.post_empty("/owner/rightsChanges").await.body;
    assert!(
        changes[0]["to"].is_string() && changes[0]["date"].is_string(),
        "{changes}"
    );
    let given = app
        .post(
            "rightsChanges",
            json!({ "from": "owner", "to": jane.id, "role": "Member" }),
        )
        .await
        .body;
    assert_eq!(given.as_array().unwrap().len(), 1, "{given}");
    assert_eq!(given[0]["role"], "Member");
    let first = app.client.get("/owner/users?limit=1").await;
    let more = app.get(&format!("users{}", next(&first).unwrap())).await;
    assert!(more[0]["id"].is_string(), "{more}");
    done(&app.post("deleteUserAccount", json!({ "id": jane.id })).await);
    said(&app.get("logout").await);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_reads_a_token_of_any_name() {
    let world = World::new().await;
    for (n, name) in ["Бойко", "\u{20000}\u{20001}", "a>b?c~d", "Zoë\u{ff}", "Σίσυφος Ωω"]
        .into_iter()
        .enumerate()
    {
        let body = json!({ "username": name, "email": format!("jane{n}@example.org"), "password": PASSWORD });
        let made = world.owner().await.post("/api/users", body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let body = json!({ "username": name, "password": PASSWORD });
        let reply = world.nobody().post("/auth/login", body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let read = read_by_atob(reply.str("token"));
        assert_eq!((&read["username"], &read["role"]), (&json!(name), &json!("User")));
        assert_eq!(read, claims(reply.str("token")));
        let me = world.with_token(reply.str("token")).get("/user/profile").await;
        assert_eq!(me.str("username"), name, "{}", me.text);
    }
}
