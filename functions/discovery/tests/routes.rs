//! Every route, as a stranger asks for it.
#![expect(clippy::unwrap_used, reason = "what a test cannot go on without may end it")]

mod store;

use std::collections::HashMap;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use store::Stack;
use tower::ServiceExt;
use usher::app::App;
use usher::http::serve;
use usher::settings::Settings;

const ISSUER: &str = "https://auth.example.org";

fn service(dynamodb: &str) -> Router {
    let vars = [
        ("USHER_TABLE", "usher"),
        ("USHER_ISSUER", ISSUER),
        ("USHER_DYNAMODB_ENDPOINT", dynamodb),
    ];
    let vars: HashMap<String, String> = vars.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let app = App::new(Settings::from_map(vars).unwrap()).unwrap();
    serve::service(app, vec![discovery::routes()])
}

/// The function on a stack that is set up.
async fn discovery() -> Router {
    service(&store::start(Stack::SetUp).await.0)
}

async fn ask(service: &Router, method: &str, path: &str) -> (u16, HeaderMap, String) {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let response = service.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, headers, String::from_utf8(body.to_vec()).unwrap())
}

async fn get(service: &Router, path: &str) -> (u16, HeaderMap, Value) {
    let (status, headers, body) = ask(service, "GET", path).await;
    (status, headers, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn the_jwk_set_has_the_public_keys_and_may_be_kept_for_a_minute() {
    let (status, headers, body) = ask(&discovery().await, "GET", "/.well-known/jwks.json").await;
    // As text: their members always stand in the same order.
    let mut jwk = store::jwk();
    jwk.sort_all_objects();
    assert_eq!((status, body), (200, json!({ "keys": [jwk] }).to_string()));
    assert_eq!(headers[CONTENT_TYPE], "application/jwk-set+json");
    assert_eq!(headers[CACHE_CONTROL], "public, max-age=60");
}

#[tokio::test]
async fn openid_discovery_shows_where_the_keys_are_and_claims_no_oauth() {
    let (status, headers, body) = get(&discovery().await, "/.well-known/openid-configuration").await;
    assert_eq!(
        (status, &headers[CONTENT_TYPE]),
        (200, &"application/json".parse().unwrap())
    );
    let expected = json!({
        "issuer": ISSUER,
        "jwks_uri": format!("{ISSUER}/.well-known/jwks.json"),
        "revocation_endpoint": format!("{ISSUER}/api/auth/revoke"),
        "revocation_endpoint_auth_methods_supported": ["none"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "introspection_endpoint": format!("{ISSUER}/api/auth/introspect"),
        "introspection_endpoint_auth_methods_supported": ["Bearer"],
        "subject_types_supported": ["public"],
        "response_types_supported": [],
        "grant_types_supported": [],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "jti", "sid", "tid", "roles"],
        "service_documentation": format!("{ISSUER}/docs"),
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn the_api_document_names_the_address_that_it_is_served_at() {
    let (status, headers, body) = get(&discovery().await, "/openapi.json").await;
    assert_eq!(
        (status, &headers[CONTENT_TYPE]),
        (200, &"application/json".parse().unwrap())
    );
    assert_eq!(body["openapi"], "3.1.0");
    assert_eq!(body["servers"], json!([{ "url": ISSUER }]));
    assert!(body["paths"]["/health"]["get"].is_object());
}

#[tokio::test]
async fn all_that_the_committed_document_refers_to_is_in_it() {
    let document: Value = serde_json::from_str(&discovery::document::openapi().unwrap()).unwrap();
    assert_eq!(usher::http::openapi::check::complaints(&document), Vec::<String>::new());
}

const PAGES: [&str; 2] = ["/docs", "/set-password"];

#[tokio::test]
async fn a_page_may_run_its_own_script_and_talks_to_its_own_address_alone() {
    let service = discovery().await;
    for path in PAGES {
        let (status, headers, page) = ask(&service, "GET", path).await;
        assert_eq!(
            (status, &headers[CONTENT_TYPE]),
            (200, &"text/html; charset=utf-8".parse().unwrap())
        );
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        for part in [
            "default-src 'none'",
            "connect-src 'self'",
            "style-src 'sha256-",
            "script-src 'sha256-",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        for loophole in ["'unsafe-", "http:", "https:"] {
            assert!(!policy.contains(loophole), "{path}: {policy}");
        }
        // An attribute on either element, and its hash would not be found.
        for element in ["style", "script"] {
            assert_eq!(page.matches(&format!("<{element}")).count(), 1, "{path}");
            assert_eq!(page.matches(&format!("<{element}>")).count(), 1, "{path}");
        }
    }
}

#[tokio::test]
async fn a_page_makes_no_html_of_what_it_reads_and_stores_nothing() {
    let service = discovery().await;
    let never = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "eval(",
        "new Function",
        "localStorage",
        "sessionStorage",
        "document.cookie",
        "indexedDB",
        "src=",
        " style=",
        " onclick=",
        " onsubmit=",
        " onload=",
        " url(",
        "@import",
        "://",
    ];
    for path in PAGES {
        let (_, _, page) = ask(&service, "GET", path).await;
        for word in never {
            assert!(!page.contains(word), "{path}: {word}");
        }
    }
}

/// What a browser does with it was tried in one; this holds the words that it rests on.
#[tokio::test]
async fn the_page_of_a_link_takes_the_token_from_behind_the_hash_and_out_of_the_address_bar() {
    let (_, headers, page) = ask(&discovery().await, "GET", "/set-password").await;
    assert_eq!(headers["referrer-policy"], "no-referrer");
    for word in [
        "location.hash",
        "history.replaceState(",
        "api/auth/set-password",
        "api/auth/forgot-password",
        "credentials: \"omit\"",
        "role=\"alert\"",
        "<label for=\"new\">",
        "<label for=\"again\">",
    ] {
        assert!(page.contains(word), "{word}");
    }
    assert!(!page.contains("console."));
}

#[tokio::test]
async fn health_is_ok_where_the_stack_is_set_up_and_is_not_kept() {
    let (status, headers, body) = get(&discovery().await, "/health").await;
    assert_eq!(
        (status, body),
        (200, json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
    );
    assert_eq!(headers[CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn health_reports_that_set_up_has_not_run() {
    let service = service(&store::start(Stack::New).await.0);
    let (status, headers, body) = get(&service, "/health").await;
    assert_eq!((status, &body["type"]), (503, &json!("/problems/not-set-up")));
    assert!(
        body["detail"].as_str().unwrap().contains("set-up has not run"),
        "{body}"
    );
    assert!(headers.contains_key(RETRY_AFTER));
}

#[tokio::test]
async fn health_is_503_where_the_store_does_not_answer_and_reveals_no_more() {
    let (status, headers, body) = get(&service("http://127.0.0.1:9"), "/health").await;
    assert_eq!((status, &body["type"]), (503, &json!("/problems/unavailable")));
    assert_eq!(headers[CACHE_CONTROL], "no-store");
    assert!(!body.to_string().contains("127.0.0.1"), "{body}");
}

#[tokio::test]
async fn only_what_the_policy_allows_is_asked_for() {
    let (address, asked) = store::start(Stack::SetUp).await;
    let service = service(&address);
    for row in discovery::routes().rows() {
        let (status, ..) = ask(&service, "GET", &row.path).await;
        assert_eq!(status, 200, "{}", row.path);
    }
    let asked = asked.lock().unwrap();
    assert!(asked.len() >= 2, "the keys and the marker are read");
    for (operation, partition) in asked.iter() {
        let allowed = match operation.as_str() {
            "DynamoDB_20120810.Query" => partition == "KEYS",
            "DynamoDB_20120810.GetItem" | "DynamoDB_20120810.UpdateItem" => {
                partition.as_str().unwrap().starts_with("HEALTH#")
            }
            _ => false,
        };
        assert!(allowed, "{operation} {partition}");
    }
}

#[tokio::test]
async fn an_unknown_path_is_404_and_a_wrong_method_405_with_the_right_ones() {
    let service = discovery().await;
    for path in ["/nope", "/health/", "/api//users", "/docs/index.html"] {
        let (status, headers, body) = get(&service, path).await;
        assert_eq!(
            (status, &body["type"]),
            (404, &json!("/problems/no-such-route")),
            "{path}"
        );
        assert_eq!((&body["instance"], headers.get(ALLOW)), (&json!(path), None));
    }
    for path in ["/health", "/", "/docs/"] {
        let (status, headers, _) = ask(&service, "DELETE", path).await;
        assert_eq!((status, &headers[ALLOW]), (405, &"GET,HEAD".parse().unwrap()), "{path}");
    }
    let (status, headers, _) = ask(&service, "PUT", "/api/users").await;
    assert_eq!((status, &headers[ALLOW]), (405, &"GET,POST".parse().unwrap()));
}
