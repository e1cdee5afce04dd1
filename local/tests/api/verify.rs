//! The Rust example of `docs/verify.md`, with tokens of the local server itself. (Those in TypeScript and Python are run by
//! `.ci/clients/run`.)

use std::collections::HashMap;
use std::future::pending;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use jsonwebtoken::Algorithm;
use local::{Options, Stack, server};
use serde_json::{Value, json};

#[path = "../../../docs/verify/verify.rs"]
mod example;

use example::Verifier;

/// A local server that signs with this algorithm; its address.
async fn served(algorithm: &str) -> String {
    let listener = server::bind("127.0.0.1", 0).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let options = Options {
        address: address.clone(),
        settings: HashMap::from([("USHER_JWT_ALGORITHM".to_owned(), algorithm.to_owned())]),
        ..Options::default()
    };
    let stack = Stack::start(options).await.unwrap();
    tokio::spawn(async move { stack.serve(listener, pending()).await });
    address
}

async fn post(url: String, body: Value) -> Value {
    let answer = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// A part of a token with these members changed.
fn changed(part: &str, changes: &Value) -> String {
    let mut members: Value = serde_json::from_slice(&B64.decode(part).unwrap()).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        members[name] = value.clone();
    }
    B64.encode(members.to_string())
}

async fn verifies(name: &str, algorithm: Algorithm, other: Algorithm) {
    let issuer = served(name).await;
    let credentials = json!({ "email": "admin@gauth.local", "password": "Admin@123" });
    let pair = post(format!("{issuer}/api/auth/token"), credentials).await;
    let token = pair["accessToken"].as_str().unwrap();
    let verifier = Verifier::new(&issuer, algorithm, "usher", "main");
    let claims = verifier.verify(token).await.unwrap();
    assert_eq!(
        (claims.tid.as_str(), claims.sub.len(), claims.sid.len()),
        ("main", 36, 36)
    );
    assert!(claims.roles.contains(&"admin".to_owned()), "{claims:?}");

    let brief = json!({ "username": "brief", "roles": ["user"], "expiresIn": 1 });
    let brief = post(format!("{issuer}/api/auth/dev-token"), brief).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("{token}")
    };
    let headed = |changes: Value| format!("{}.{payload}.{signature}", changed(header, &changes));
    for (what, wrong) in [
        (
            "other roles",
            format!(
                "{header}.{}.{signature}",
                changed(payload, &json!({ "roles": ["owner"] }))
            ),
        ),
        ("a cut signature", token[..token.len() - 8].to_owned()),
        ("the algorithm none", headed(json!({ "alg": "none" }))),
        ("a secret's algorithm", headed(json!({ "alg": "HS256" }))),
        ("another type", headed(json!({ "typ": "JWT" }))),
        ("another key", headed(json!({ "kid": "other" }))),
        ("a life that is over", brief["token"].as_str().unwrap().to_owned()),
        ("a refresh token", pair["refreshToken"].as_str().unwrap().to_owned()),
        ("nothing", String::new()),
    ] {
        assert!(verifier.verify(&wrong).await.is_err(), "{what}");
    }
    let elsewhere = issuer.replace("127.0.0.1", "localhost");
    for (what, verifier) in [
        ("another algorithm", Verifier::new(&issuer, other, "usher", "main")),
        (
            "another audience",
            Verifier::new(&issuer, algorithm, "invoices", "main"),
        ),
        ("another tenant", Verifier::new(&issuer, algorithm, "usher", "acme")),
        ("another issuer", Verifier::new(&elsewhere, algorithm, "usher", "main")),
    ] {
        assert!(verifier.verify(token).await.is_err(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_example_takes_ed25519_tokens_and_refuses_what_is_wrong_with_them() {
    verifies("EdDSA", Algorithm::EdDSA, Algorithm::RS256).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_example_takes_rsa_tokens_and_refuses_what_is_wrong_with_them() {
    verifies("RS256", Algorithm::RS256, Algorithm::EdDSA).await;
}

/// What API Gateway's JWT authorizer asks of an issuer and its tokens (its developer guide): discovery below the issuer's
/// address, an RSA key of the token's `kid`, and `iss`, `aud`, `exp`, `iat` where they should be.
#[tokio::test(flavor = "multi_thread")]
async fn with_rs256_an_api_gateway_jwt_authorizer_finds_all_that_it_looks_at() {
    let issuer = served("RS256").await;
    let get = async |url: String| reqwest::get(url).await.unwrap().json::<Value>().await.unwrap();
    let discovery = get(format!("{issuer}/.well-known/openid-configuration")).await;
    assert_eq!(discovery["issuer"], issuer);
    let keys = get(discovery["jwks_uri"].as_str().unwrap().to_owned()).await;
    let credentials = json!({ "email": "admin@gauth.local", "password": "Admin@123" });
    let pair = post(format!("{issuer}/api/auth/token"), credentials).await;
    let part = |n: usize| {
        let part = pair["accessToken"].as_str().unwrap().split('.').nth(n).unwrap();
        serde_json::from_slice::<Value>(&B64.decode(part).unwrap()).unwrap()
    };
    let (header, claims) = (part(0), part(1));
    let mut all = keys["keys"].as_array().unwrap().iter();
    let key = all.find(|key| key["kid"] == header["kid"]).unwrap();
    let of_key = ["kty", "alg", "use"].map(|name| key[name].as_str().unwrap());
    assert_eq!((of_key, &header["alg"]), (["RSA", "RS256", "sig"], &json!("RS256")));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(issuer), &json!("usher")));
    assert!(claims["iat"].as_i64().unwrap() < claims["exp"].as_i64().unwrap());
    assert!(
        claims.get("scope").is_none(),
        "a route with authorizationScopes would refuse it"
    );
}
