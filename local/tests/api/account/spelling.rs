//! Letter case, and the edge: paths and fields in any letter case, bodies that are none, paths that are nobody's.

use reqwest::Method;
use serde_json::{Value, json};

use super::{done, invalid, person, recorded, refused, signed_in};
use crate::support::{PASSWORD, World, reply};

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_fields_are_known_in_any_letter_case_nested_ones_too() {
    let world = World::new().await;
    let nobody = world.nobody();
    let body = json!({ "EMAIL": "jane@example.org", "username": "jane", "passWord": PASSWORD, "firstname": "Jane", "ADDRESS": { "str": "a", "CITY": "b" }, "contact": { "tiktok": "@jane" } });
    done(&nobody.post("/Auth/Register", body).await);
    let body = json!({ "USERNAME": "jane", "password": PASSWORD });
    let reply = nobody.post("/AUTH/LOGIN", body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let jane = world.with_token(reply.str("Token"));
    let shown = jane.get("/User/PROFILE").await.body;
    assert_eq!(
        (&shown["FirstName"], &shown["Address"], &shown["Contact"]["TikTok"]),
        (
            &json!("Jane"),
            &json!({ "Country": null, "City": "b", "Str": "a" }),
            &json!("@jane")
        )
    );
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let id = owner.get("/api/users/jane").await.str("id").to_owned();
    done(
        &owner
            .post("/Admin/ChangeRole", json!({ "ID": id, "rolename": "MEMBER" }))
            .await,
    );
    done(
        &owner
            .post("/OWNER/SetMaxRoles", json!({ "NAME": "member", "maxcount": 3 }))
            .await,
    );
    assert_eq!(
        owner.get("/Admin/Users?LIMIT=1").await.body.as_array().unwrap().len(),
        1
    );
    assert_eq!(owner.get("/Admin/RightsChanges?ROLE=member").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_known_with_a_slash_at_its_end_and_with_its_letters_encoded() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    for path in [
        "/admin/users/",
        "/Admin/Users/?limit=1",
        "/admin/%75sers",
        "/%61dmin/%55SERS/",
        "/admin/user%73?limit=1",
    ] {
        let reply = owner.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    }
    for path in [
        "/admin/users//",
        "/admin//users",
        "//admin/users",
        "/admin%2Fusers",
        "/admin/users%2F",
        "/admin/users%3Flimit=1",
        "/admin/users%20",
        "/admin/%2575sers",
        "/admin/%zzsers",
        "/admin/%",
    ] {
        assert_eq!(owner.get(path).await.status, 404, "{path}");
    }
    let reply = owner.send(Method::DELETE, "/admin/%75sers/", None, &[]).await;
    assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_spellings_of_one_field_are_refused() {
    let world = World::new().await;
    let send = |body: &'static str| {
        let request = reqwest::Client::new().post(format!("{}/auth/login", world.base));
        let request = request
            .header("x-api-key", crate::support::API_KEY)
            .header("content-type", "application/json");
        reply(request.body(body))
    };
    let twice = send(r#"{"Username": "owner", "username": "admin", "Password": "Admin@123"}"#).await;
    insta::assert_json_snapshot!(recorded("POST /auth/login", &twice), @r#"
    {
      "asked": "POST /auth/login",
      "status": 400,
      "body": {
        "Message": "duplicate field `Username`",
        "Errors": {
          "Username": [
            "duplicate field `Username`"
          ]
        }
      }
    }
    "#);
    invalid(
        &send(r#"{"Username": "a", "Password": "b", "Password": "c"}"#).await,
        &["Password"],
    );
    for (body, status) in [
        ("", 400),
        ("[]", 400),
        ("null", 400),
        ("{", 400),
        ("{\"Username\":\"a\"", 400),
        ("\u{feff}{}", 400),
    ] {
        let refused = send(body).await;
        assert_eq!(refused.status.as_u16(), status, "{body:?}: {}", refused.text);
        assert!(refused.body["Message"].is_string(), "{}", refused.text);
    }
    let broken = send("{\n \"Username\": }").await;
    insta::assert_json_snapshot!(recorded("POST /auth/login", &broken), @r#"
    {
      "asked": "POST /auth/login",
      "status": 400,
      "body": {
        "Message": "the body is not JSON: expected value at line 2, column 14"
      }
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn i01_a_body_of_another_kind_is_415_and_one_that_is_too_large_413() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    let request = |kind: &str, body: String| {
        let request = reqwest::Client::new().post(format!("{}/user/update", world.base));
        let request = request
            .header("x-api-key", crate::support::API_KEY)
            .bearer_auth(&jane.client.token);
        reply(request.header("content-type", kind).body(body))
    };
    let message = "the body must be JSON: send `content-type: application/json`";
    refused(&request("text/plain", "{}".to_owned()).await, 415, message);
    let large = format!("{{\"FirstName\": \"{}\"}}", "a".repeat(70_000));
    refused(
        &request("application/json", large).await,
        413,
        "the body is over 65536 bytes",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_path_is_404_and_a_wrong_method_405_in_the_words_of_this_contract() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    for path in [
        "/user/nope",
        "/USER/nope",
        "/admin/login",
        "/auth/profile",
        "/user/users",
        "/admin",
        "/user/profile/x",
    ] {
        refused(&owner.get(path).await, 404, "there is nothing at this path");
    }
    for (method, path, allowed) in [
        (Method::DELETE, "/user/profile", "GET"),
        (Method::GET, "/User/Update", "POST"),
        (Method::PUT, "/user/logout", "GET,POST"),
        (Method::HEAD, "/admin/users", "GET"),
        (Method::OPTIONS, "/auth/login", "POST"),
    ] {
        let reply = owner.send(method.clone(), path, None, &[]).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("allow")),
            (405, allowed),
            "{method} {path}"
        );
        if method != Method::HEAD {
            refused(&reply, 405, "this path does not take this method");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_function_s_is_refused_by_this_one_alone_in_its_style_not_in_ours() {
    // In the cloud, `ANY /{rank}/{action}` brings whatever has two segments here.
    let world = World::new().await;
    let service = usher::http::serve::service(world.app.clone(), vec![account::routes()]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, service).await });
    let ask = |method: Method, path: &str| {
        let request = reqwest::Client::new().request(method, format!("{base}{path}"));
        reply(request.header("x-api-key", crate::support::API_KEY))
    };
    let wrong = ask(Method::DELETE, "/api/roles").await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.header("allow")),
        (405, "GET,POST"),
        "{}",
        wrong.text
    );
    assert_eq!(wrong.problem(), "method-not-allowed");
    for (method, path, allowed) in [
        (Method::DELETE, "/User/Profile", "GET"),
        (Method::HEAD, "/ADMIN/users", "GET"),
        (Method::OPTIONS, "/auth/LOGIN", "POST"),
        (Method::PUT, "/api/users", "GET,POST"),
        (Method::HEAD, "/api/roles", "GET,POST"),
        (Method::OPTIONS, "/api/permissions", "GET,POST"),
    ] {
        let wrong = ask(method.clone(), path).await;
        assert_eq!(
            (wrong.status.as_u16(), wrong.header("allow")),
            (405, allowed),
            "{method} {path}"
        );
        let is_problem = wrong.header("content-type") == "application/problem+json";
        assert_eq!(is_problem, path.starts_with("/api/"), "{method} {path}");
    }
    for path in ["/v1/nope", "/api/users", "/some/thing"] {
        let strange = ask(Method::GET, path).await;
        assert_eq!(
            (strange.status.as_u16(), strange.problem()),
            (404, "no-such-route"),
            "{path}"
        );
    }
    let own: Value = ask(Method::GET, "/user/nope").await.body;
    assert_eq!(own["Message"], "there is nothing at this path");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_names_its_field_in_both_languages_and_none_names_it_twice() {
    let world = World::new().await;
    for (body, en, bg) in [
        (
            json!({ "Email": 5 }),
            "Email: this must be a text; missing field `Username`; missing field `Password`",
            "невалидна стойност: Email, Password, Username",
        ),
        (
            json!({ "Username": "jane" }),
            "missing field `Password`",
            "невалидна стойност: Password",
        ),
        (
            json!({ "Username": "jane", "Password": "short", "Email": "jane@example.org", "Age": 151 }),
            "the password must have at least 10 characters; Age: this must be a whole number from 0 to 150",
            "невалидна стойност: Age, Password",
        ),
        (
            json!({ "Username": "jane", "Password": PASSWORD, "Email": "a@b.org", "Contact": { "TikTok": "a\nb" } }),
            "Contact.TikTok: this must not have control characters",
            "невалидна стойност: Contact.TikTok",
        ),
    ] {
        let reply = world.nobody().post("/auth/register", body.clone()).await;
        assert_eq!(
            (reply.str("En"), reply.str("Message"), reply.str("Bg")),
            (en, en, bg),
            "{body}"
        );
    }
}
