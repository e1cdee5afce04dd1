//! Queries and forms: texts that are none.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use usher::error::Error;
use usher::http::dialect::{self, Asked};

use super::request;
use crate::support::{World, reply, tables};
use crate::users::invalid;

/// The parameters of a route's query, as the document has them.
fn parameters(document: &Value, path: &str, method: &Method) -> Vec<String> {
    let operation = &document["paths"][path][method.as_str().to_lowercase()];
    let all = operation["parameters"].as_array().into_iter().flatten();
    let of_query = all.filter(|parameter| parameter["in"] == "query");
    of_query
        .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_is_not_utf_8_is_400_on_every_route_in_the_words_of_its_contract() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user("jane@example.org").await;
    let document: Value = serde_json::from_str(include_str!("../../../../openapi.json")).unwrap();
    let mut walked = 0;
    for row in tables().iter().flat_map(usher::http::routes::Routes::rows) {
        for name in parameters(&document, &row.path, &row.method) {
            let path = row
                .path
                .replace("{user}", "jane@example.org")
                .replace("{role}", "member");
            let path = path.replace("{permission}", "invoices.read");
            let expected = Error::invalid(format!("?{name}"), "this is not UTF-8, percent-encoded");
            let asked = Asked {
                path: path.clone(),
                with_token: true,
                with_form: false,
            };
            let (status, _, expected) = dialect::example(&row.error_format, &asked, &expected).unwrap();
            for sent in ["%FF", "a%C3", "%ED%A0%80", "%2B+%80"] {
                // An unknown one beside it is ignored, whatever it holds.
                let query = format!("x=%FF&%FF=x&{}={sent}", name.to_uppercase());
                let reply = owner
                    .send(row.method.clone(), &format!("{path}?{query}"), None, &[])
                    .await;
                assert_eq!(
                    (reply.status, &reply.body),
                    (status, &expected),
                    "{} {path}?{query}",
                    row.method
                );
                assert_eq!(status, 400);
            }
            walked += 1;
        }
    }
    assert!(walked > 50, "the walk has lost its parameters");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_for_what_cannot_be_read_is_a_text_like_any_other() {
    let world = World::new().await;
    let owner = world.owner().await;
    for query in [
        "x=%FF",
        "%FF",
        "%FF=x",
        "department=%EF%BF%BD",
        "department=%EF%BF%BD&x=%80",
    ] {
        let reply = owner.get(&format!("/api/me/permissions?{query}")).await;
        let shown = query.contains("department").then_some("\u{fffd}");
        assert_eq!(
            (reply.status.as_u16(), reply.body["department"].as_str()),
            (200, shown),
            "{query}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_a_form_that_is_not_utf_8_is_400_at_its_place() {
    let world = World::new().await;
    let owner = world.owner().await;
    for path in ["/api/auth/revoke", "/api/auth/introspect"] {
        for (form, is_refused) in [
            (&b"token=%FF"[..], true),
            (b"Token=a\xff", true),
            (b"token=a&x=%FF", false),
        ] {
            let form = request(&owner, &Method::POST, path)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form);
            let reply = reply(form).await;
            match is_refused {
                true => invalid(&reply, &["/token"]),
                false => assert_eq!(reply.status, 200, "{path}: {}", reply.text),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_parameter_is_at_its_name_in_the_query() {
    let world = World::new().await;
    let owner = world.owner().await;
    for (path, pointer) in [
        ("/api/users/admin/permissions?at=soon", "?at"),
        ("/api/users/admin/permissions?AT=2026-13-01T00:00:00Z", "?at"),
        ("/api/users/admin/permissions?at=", "?at"),
        ("/api/users/admin/permissions?at=soon&at=soon", "?at"),
        ("/api/users/admin/permissions?department=%00", "?department"),
        ("/api/me/sessions?except=x", "?except"),
        ("/api/permissions?scope=x", "?scope"),
        ("/api/users?limit=x", "?limit"),
        ("/api/users?cursor=x", "?cursor"),
        ("/api/users?status=x", "?status"),
        ("/api/users?role=nothing", "?role"),
        ("/api/rights-history?actor=nobody@example.org", "?actor"),
        ("/api/roles/member?force=x", "?force"),
    ] {
        let method = match path.split('?').next() {
            Some("/api/me/sessions" | "/api/roles/member") => Method::DELETE,
            _ => Method::GET,
        };
        let reply = owner.send(method, path, None, &[]).await;
        assert_eq!(
            (reply.status.as_u16(), reply.pointers()),
            (400, vec![pointer]),
            "{path}: {}",
            reply.text
        );
    }
}
