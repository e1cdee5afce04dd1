//! What is public, as browsers and caches ask for it: `HEAD`, compressed, again, and by its first address.
#![expect(clippy::unwrap_used, reason = "what a test cannot go on without may end it")]

#[expect(dead_code, reason = "what other tests of this crate need of it")]
mod store;

use std::collections::HashMap;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, VARY,
};
use http_body_util::BodyExt;
use store::Stack;
use tower::ServiceExt;
use usher::app::App;
use usher::http::serve;
use usher::settings::Settings;

/// What caches may keep.
const KEPT: [&str; 5] = [
    "/.well-known/jwks.json",
    "/.well-known/openid-configuration",
    "/openapi.json",
    "/docs",
    "/set-password",
];
/// What is compressed once.
const FIXED: [&str; 3] = ["/openapi.json", "/docs", "/set-password"];

async fn discovery() -> Router {
    let (dynamodb, _) = store::start(Stack::SetUp).await;
    let vars = [
        ("USHER_TABLE", "usher"),
        ("USHER_ISSUER", "https://auth.example.org"),
        ("USHER_DYNAMODB_ENDPOINT", &dynamodb),
    ];
    let vars: HashMap<String, String> = vars.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let app = App::new(Settings::from_map(vars).unwrap()).unwrap();
    serve::service(app, vec![discovery::routes()])
}

async fn ask(service: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Bytes) {
    let request = Request::builder().method(method).uri(path);
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    let response = service
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (
        status,
        headers,
        response.into_body().collect().await.unwrap().to_bytes(),
    )
}

#[tokio::test]
async fn head_is_answered_as_get_is_without_the_body() {
    let service = discovery().await;
    for path in KEPT.into_iter().chain(["/health", "/", "/docs/"]) {
        let (status, mut headers, body) = ask(&service, "GET", path, &[]).await;
        let (without, mut short, nothing) = ask(&service, "HEAD", path, &[]).await;
        assert_eq!((without, nothing.len()), (status, 0), "{path}");
        let length = short.remove(CONTENT_LENGTH).unwrap();
        assert_eq!(length.to_str().unwrap(), body.len().to_string(), "{path}");
        for headers in [&mut headers, &mut short] {
            headers.remove("x-request-id").unwrap();
            headers.remove(CONTENT_LENGTH);
        }
        assert_eq!(short, headers, "{path}");
    }
}

#[tokio::test]
async fn the_bare_address_and_a_slash_too_many_lead_to_the_docs() {
    let service = discovery().await;
    for (path, to) in [("/", "docs"), ("/docs/", "../docs")] {
        let (status, headers, _) = ask(&service, "GET", path, &[]).await;
        assert_eq!((status, headers[LOCATION].to_str().unwrap()), (302, to), "{path}");
    }
}

#[tokio::test]
async fn what_the_client_has_already_is_not_sent_again() {
    let service = discovery().await;
    for path in KEPT {
        let (_, kept, _) = ask(&service, "GET", path, &[]).await;
        let tag = kept[ETAG].to_str().unwrap();
        let strong = tag.strip_prefix("W/").unwrap();
        for known in [
            tag,
            strong,
            "*",
            &format!("\"other\", {tag}"),
            &format!("W/\"a\",{strong}, \"b\""),
        ] {
            for method in ["GET", "HEAD"] {
                let (status, headers, body) = ask(&service, method, path, &[(IF_NONE_MATCH.as_str(), known)]).await;
                assert_eq!((status, body.len()), (304, 0), "{method} {path} {known}");
                for name in [ETAG, CACHE_CONTROL, VARY] {
                    assert_eq!(headers[&name], kept[&name], "{path} {name}");
                }
                assert!(!headers.contains_key(CONTENT_TYPE), "{path}");
            }
        }
        for unknown in ["\"other\"", &strong.replace('"', ""), "W/\"\""] {
            let (status, ..) = ask(&service, "GET", path, &[(IF_NONE_MATCH.as_str(), unknown)]).await;
            assert_eq!(status, 200, "{path} {unknown}");
        }
    }
    // It has no tag, and is asked for to be answered.
    let (status, ..) = ask(&service, "GET", "/health", &[(IF_NONE_MATCH.as_str(), "*")]).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn what_is_compressed_has_the_same_tag_and_a_client_that_takes_no_coding_gets_it_plain() {
    let service = discovery().await;
    for path in FIXED {
        let (_, plain, whole) = ask(&service, "GET", path, &[]).await;
        assert_eq!(plain.get(CONTENT_ENCODING), None, "{path}");
        for (accepted, coding) in [
            ("gzip", "gzip"),
            ("gzip, deflate, br", "br"),
            ("br;q=0, *;q=0.1", "gzip"),
        ] {
            let (status, headers, body) = ask(&service, "GET", path, &[("accept-encoding", accepted)]).await;
            assert_eq!(status, 200, "{path}");
            assert_eq!(headers[CONTENT_ENCODING], coding, "{path} {accepted}");
            assert!(
                body.len() * 2 < whole.len(),
                "{path} {accepted}: {} of {}",
                body.len(),
                whole.len()
            );
            for name in [ETAG, VARY, CACHE_CONTROL, CONTENT_TYPE] {
                assert_eq!(headers[&name], plain[&name], "{path} {name}");
            }
            assert!(headers[VARY].to_str().unwrap().contains("accept-encoding"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_document_has_no_white_space_to_pay_for() {
    let (_, _, body) = ask(&discovery().await, "GET", "/openapi.json", &[]).await;
    let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body.len(), document.to_string().len());
    let (_, _, small) = ask(&discovery().await, "GET", "/openapi.json", &[("accept-encoding", "br")]).await;
    assert!(small.len() < 48 * 1024, "{}", small.len());
}
