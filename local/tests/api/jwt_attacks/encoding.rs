//! T7: a token has one spelling.

use serde_json::json;

use super::forger::Forger;

#[tokio::test]
async fn t07_only_the_one_spelling_of_a_token_is_taken() {
    let forger = Forger::new().await;
    let token = &forger.token;
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("{token}")
    };
    let last = signature.chars().last().unwrap();
    // The last letter has four bits that mean nothing: the next letter decodes to the same bytes.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    let loose = format!("{header}.{claims}.{}{next}", &signature[..signature.len() - 1]);
    let json_form = json!({ "payload": claims, "protected": header, "signature": signature }).to_string();
    let spellings = [
        format!("{token}\tx"),
        format!("{token} "),
        format!("\t{token}"),
        format!("{header}. {claims}.{signature}"),
        format!("{token}="),
        format!("{token}=="),
        format!("{header}=.{claims}.{signature}"),
        loose,
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{token}.a.b"),
        header.to_owned(),
        format!("\"{token}\""),
        format!("{token},{token}"),
        json_form,
        token.to_uppercase(),
    ];
    for spelling in spellings {
        // A space at a header's end is no part of its value (RFC 9110, 5.5).
        if spelling.trim_end() != token {
            forger.is_refused(&spelling, &spelling).await;
        }
    }
}

#[tokio::test]
async fn t07_a_name_that_stands_twice_is_refused_in_header_and_claims() {
    let forger = Forger::new().await;
    let (header, claims) = (forger.header_with(json!({})), forger.claims_with(json!({})));
    let twice = |object: &str, name: &str, value: &str| object.replacen('{', &format!("{{\"{name}\":{value},"), 1);
    for (name, value) in [("alg", "\"none\""), ("alg", "\"EdDSA\""), ("kid", "\"x\"")] {
        forger
            .is_refused(&forger.signed(&twice(&header, name, value), &claims), name)
            .await;
    }
    for (name, value) in [("exp", "1"), ("sub", "\"x\""), ("aud", "\"usher\"")] {
        forger
            .is_refused(&forger.signed(&header, &twice(&claims, name, value)), name)
            .await;
    }
    for text in ["", "null", "[]", "\"x\"", "{", "{}x", "{}"] {
        forger.is_refused(&forger.signed(text, &claims), text).await;
        forger.is_refused(&forger.signed(&header, text), text).await;
    }
}

#[tokio::test]
async fn t07_a_token_of_a_megabyte_is_refused_and_the_next_request_answered() {
    let forger = Forger::new().await;
    for size in [9_000, 60_000, 1 << 20] {
        let reply = forger.show(&"a".repeat(size)).await;
        assert!(
            [401, 413, 431].contains(&reply.status.as_u16()),
            "{size}: {}",
            reply.status
        );
        let padded = forger.claims_with(json!({ "pad": "a".repeat(size) }));
        let signed = forger.signed(&forger.header_with(json!({})), &padded);
        assert!(
            [401, 413, 431].contains(&forger.show(&signed).await.status.as_u16()),
            "{size}"
        );
    }
    assert_eq!(forger.show(&forger.token).await.status, 200);
}
