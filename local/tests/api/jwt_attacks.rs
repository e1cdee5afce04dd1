//! Attacks on tokens, at the guard itself: `proof/jwt` has the unit tests, and here every route's guard is shown to use it.
//! Whatever is wrong with a forged token, all the rest of it is right and it is signed with the stack's own key.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::KeyPair;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use reqwest::Method;
use serde_json::{Value, json};
use usher::proof::opaque::{Kind, Opaque};
use usher::secrecy::ExposeSecret;

use crate::support::World;

mod encoding;
pub mod forger;

use forger::Forger;

#[tokio::test]
async fn t01_a_token_of_the_algorithm_none_is_refused_with_and_without_a_signature() {
    let forger = Forger::new().await;
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let token = forger.signed(
            &forger.header_with(json!({ "alg": none })),
            &forger.claims_with(json!({})),
        );
        forger.is_refused(&token, none).await;
        let (message, _) = token.rsplit_once('.').unwrap();
        forger.is_refused(&format!("{message}."), none).await;
        forger.is_refused(message, none).await;
    }
    let (message, _) = forger.token.rsplit_once('.').unwrap();
    forger.is_refused(&format!("{message}."), "no signature").await;
}

#[tokio::test]
async fn t02_the_public_key_is_no_secret_that_signs() {
    let forger = Forger::new().await;
    let raw = forger.key.public_key().as_ref().to_vec();
    let der = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".as_slice(), &raw].concat();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(&der)
    );
    let x = forger.jwk["x"].as_str().unwrap().as_bytes().to_vec();
    let secrets = [
        raw,
        der,
        pem.trim_end().into(),
        pem.into_bytes(),
        x,
        forger.jwk.to_string().into_bytes(),
    ];
    let algorithms = [
        ("HS256", hmac::HMAC_SHA256),
        ("HS384", hmac::HMAC_SHA384),
        ("HS512", hmac::HMAC_SHA512),
    ];
    for (alg, algorithm) in algorithms {
        // Also under the name of the algorithm that the key is for.
        for said in [alg, "EdDSA"] {
            let header = forger.header_with(json!({ "alg": said }));
            let message = format!("{}.{}", B64.encode(header), B64.encode(forger.claims_with(json!({}))));
            for secret in &secrets {
                let tag = hmac::sign(&hmac::Key::new(algorithm, secret), message.as_bytes());
                forger.is_refused(&format!("{message}.{}", B64.encode(tag)), alg).await;
            }
        }
    }
    for alg in ["RS256", "ES256", "PS256", "ES256K", "Ed25519", "eddsa"] {
        forger.header_is_refused(json!({ "alg": alg })).await;
    }
}

#[tokio::test]
async fn t03_a_kid_is_a_name_and_never_a_path_a_query_or_a_place() {
    let forger = Forger::new().await;
    let kid = forger.header["kid"].as_str().unwrap();
    let mut tricks: Vec<Value> = [
        "../../dev/null",
        "/dev/null",
        "' OR 1=1",
        "' UNION SELECT 'key' --",
        "https://evil.test/key",
        "FIRST",
        "KEY#",
        "",
        "unknown",
        "\u{0}",
    ]
    .map(Value::from)
    .into();
    tricks.extend([
        json!("k".repeat(10_000)),
        json!(3),
        json!([kid]),
        json!({ "kid": kid }),
        Value::Null,
    ]);
    tricks.extend([
        json!(format!("{kid}\u{0}")),
        json!(format!(" {kid}")),
        json!(kid.to_uppercase()),
    ]);
    for kid in tricks {
        forger.header_is_refused(json!({ "kid": kid })).await;
    }
}

#[tokio::test]
async fn t04_a_header_that_brings_a_key_or_asks_to_be_understood_is_refused() {
    let forger = Forger::new().await;
    let extras = [
        json!({ "jwk": forger.jwk }),
        json!({ "jku": "https://usher.test/.well-known/jwks.json" }),
        json!({ "x5u": "https://usher.test/cert" }),
        json!({ "x5c": ["MIIB"] }),
        json!({ "x5t": "abc" }),
        json!({ "crit": ["exp"], "exp": 1 }),
        json!({ "crit": [] }),
        json!({ "crit": ["b64"], "b64": false }),
        json!({ "b64": false }),
        json!({ "zip": "DEF" }),
        json!({ "cty": "JWT" }),
        json!({ "enc": "A256GCM", "alg": "dir" }),
    ];
    for extra in extras {
        forger.header_is_refused(extra).await;
    }
}

#[tokio::test]
async fn t05_times_that_are_no_whole_seconds_are_refused() {
    let forger = Forger::new().await;
    let exp = forger.claims["exp"].as_i64().unwrap();
    for name in ["exp", "iat", "nbf"] {
        for value in [
            json!(exp.to_string()),
            json!(0.5),
            json!(-1),
            json!([exp]),
            json!({}),
            json!(true),
            json!(1e300),
        ] {
            forger.claims_are_refused(json!({ name: value })).await;
        }
        // Neither of these is a `serde_json::Value`.
        for raw in ["1e400", "NaN", "99999999999999999999999999"] {
            let marked = forger.claims_with(json!({ name: "HERE" }));
            let token = forger.signed(&forger.header_with(json!({})), &marked.replace("\"HERE\"", raw));
            forger.is_refused(&token, &format!("{name} {raw}")).await;
        }
    }
    for name in ["iss", "sub", "aud", "exp", "iat", "jti", "sid", "tid", "roles"] {
        forger.claims_are_refused(json!({ name: null })).await;
    }
    forger.claims_are_refused(json!({ "nbf": exp })).await;
    forger.claims_are_refused(json!({ "iat": exp })).await;
}

#[tokio::test]
async fn t06_a_token_of_another_kind_issuer_audience_or_tenant_is_no_access_token() {
    let forger = Forger::new().await;
    for typ in [
        json!("JWT"),
        json!("id+jwt"),
        json!("rt+jwt"),
        json!("at+jwt+x"),
        json!(""),
        json!(null),
        json!(["at+jwt"]),
    ] {
        forger.header_is_refused(json!({ "typ": typ })).await;
    }
    let others = [
        json!({ "iss": "https://usher.test/" }),
        json!({ "iss": "https://USHER.test" }),
        json!({ "iss": ["https://usher.test"] }),
        json!({ "aud": "Usher" }),
        json!({ "aud": ["usher"] }),
        json!({ "aud": ["usher", "other"] }),
        json!({ "tid": "other" }),
        json!({ "tid": "MAIN" }),
        // Nobody, and a session of somebody else.
        json!({ "sub": "00000000-0000-7000-8000-000000000000" }),
        json!({ "sid": "00000000-0000-7000-8000-000000000000" }),
        json!({ "gen": 1 }),
        json!({ "att": 1 }),
    ];
    for other in others {
        forger.claims_are_refused(other).await;
    }
}

#[tokio::test]
async fn t06_no_kind_of_token_passes_for_another() {
    let forger = Forger::new().await;
    forger.is_refused(&forger.refresh, "a refresh token").await;
    let mut not_refresh = vec![forger.token.clone()];
    for kind in [Kind::Refresh, Kind::OneTime, Kind::ApiKey] {
        let token = Opaque::mint(kind).unwrap().text().expose_secret().to_owned();
        forger.is_refused(&token, &token).await;
        not_refresh.push(token);
    }
    for token in not_refresh {
        let body = json!({ "refreshToken": token });
        let reply = forger.world.nobody().post("/api/auth/refresh", body).await;
        assert_eq!(
            (reply.status.as_u16(), reply.problem()),
            (401, "invalid-token"),
            "{token}"
        );
    }
    // None of all that has ended the session.
    assert_eq!(forger.show(&forger.token).await.status, 200);
}

#[tokio::test]
async fn t08_a_token_ends_at_its_second_and_not_a_millisecond_later() {
    let forger = Forger::new().await;
    forger.world.clock.advance_ms(3_600_000 - 1);
    assert_eq!(forger.show(&forger.token).await.status, 200);
    forger.world.clock.advance_ms(1);
    forger.is_refused(&forger.token, "at exp").await;
}

#[tokio::test]
async fn t09_a_key_that_was_taken_out_verifies_nothing_once_the_cache_of_ten_seconds_has_passed() {
    let forger = Forger::new().await;
    let world = &forger.world;
    let key = json!({ "PK": { "S": "KEYS" }, "SK": { "S": format!("KEY#{}", forger.jwk["kid"].as_str().unwrap()) } });
    let request = json!({ "TableName": "usher", "Key": key });
    world.db.delete_item(serde_json::from_value(request).unwrap()).unwrap();
    world.clock.advance(10);
    forger.is_refused(&forger.token, "a key that is gone").await;
}

#[tokio::test]
async fn t10_a_token_of_another_stage_is_refused() {
    let forger = Forger::new().await;
    let master = "m".repeat(64);
    // Its own table and so its own key, with the same master key and another one; the same issuer and audience.
    for settings in [vec![], vec![("USHER_MASTER_KEY", master.as_str())]] {
        let stage = World::with(&settings).await;
        let admin = stage.admin().await;
        assert_eq!(admin.get("/api/me/profile").await.status, 200);
        forger.is_refused(&admin.token, "another stage's").await;
        assert_eq!(stage.with_token(&forger.token).get("/api/me/profile").await.status, 401);
    }
}

#[tokio::test]
async fn i05_the_scheme_is_taken_in_any_letter_case_and_one_header_is_all_there_may_be() {
    let forger = Forger::new().await;
    let token = &forger.token;
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer ", "Bearer     "] {
        assert_eq!(
            forger.with_headers(&[&format!("{scheme} {token}")]).await.status,
            200,
            "{scheme}"
        );
    }
    let right = format!("Bearer {token}");
    let basic = format!("Basic {}", STANDARD.encode("admin:Admin@123"));
    let refused: [&[&str]; 14] = [
        &[&right, &right],
        &[&right, "Bearer x"],
        &["Bearer x", &right],
        &[&basic, &right],
        &[&basic],
        &[&format!("{right}, {right}")],
        // One or more spaces, and a token of its letters (RFC 9110, 11.2 and 11.4).
        &[&format!("Bearer\t{token}")],
        &[&format!("Bearer \t{token}")],
        &[&format!("Bearer {token} {token}")],
        &[&format!("Bearer \"{token}\"")],
        &[&format!("DPoP {token}")],
        &["Bearer"],
        &[""],
        &[token],
    ];
    for headers in refused {
        let reply = forger.with_headers(headers).await;
        assert_eq!(
            (reply.status.as_u16(), reply.problem()),
            (401, "invalid-token"),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn i05_a_token_anywhere_else_than_in_its_header_is_not_looked_at() {
    let forger = Forger::new().await;
    let (token, nobody) = (&forger.token, forger.world.nobody());
    let query = format!("/api/me/profile?access_token={token}");
    let cookie = format!("access_token={token}");
    let requests: [(&str, &[(&str, &str)]); 4] = [
        (&query, &[]),
        ("/api/me/profile", &[("cookie", &cookie)]),
        ("/api/me/profile", &[("x-authorization", token)]),
        ("/api/me/profile", &[("proxy-authorization", token)]),
    ];
    for (path, headers) in requests {
        let reply = nobody.send(Method::GET, path, None, headers).await;
        assert_eq!(
            (reply.status.as_u16(), reply.problem()),
            (401, "no-credentials"),
            "{headers:?}"
        );
    }
}
