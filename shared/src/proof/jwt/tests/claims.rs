use super::*;

/// A token with this claim as this JSON text, or without the claim.
fn with_claim(name: &str, value: Option<&str>) -> String {
    let key = key(Algorithm::EdDsa);
    let mut payload = payload();
    payload.as_object_mut().unwrap().remove(name);
    let mut text = payload.to_string();
    if let Some(value) = value {
        text.insert_str(1, &format!("\"{name}\":{value},"));
    }
    forge(key, &header(key).to_string(), &text)
}

#[test]
fn t05_a_time_that_is_no_whole_number_of_seconds_is_refused() {
    for name in ["exp", "iat", "nbf"] {
        assert!(verify(&with_claim(name, Some("1800000001"))).is_ok() || name == "exp");
        for value in [
            "\"1800000001\"",
            "1800000001.5",
            "1800000001.0",
            "1.800000001e9",
            "18e8",
            "-1",
            "-1800000001",
            "-0",
            "null",
            "true",
            "[1800000001]",
            "{}",
            "\"\"",
            "18446744073709551616",
            "99999999999999999999999999",
        ] {
            let answer = verify(&with_claim(name, Some(value)));
            assert_eq!(answer, Err(Refusal::Claims), "{name}: {value}");
        }
        for value in [
            "1e400",
            "-1e400",
            "NaN",
            "Infinity",
            "0x6b49d200",
            "01800000001",
            "+1800000001",
            "1800000001L",
        ] {
            let answer = verify(&with_claim(name, Some(value)));
            assert_eq!(answer, Err(Refusal::Malformed), "{name}: {value}");
        }
    }
}

#[test]
fn t05_a_time_beyond_all_clocks_neither_overflows_nor_holds() {
    for value in ["9223372036854775808", "18446744073709551615"] {
        assert_eq!(verify(&with_claim("exp", Some(value))), Err(Refusal::Claims));
        assert_eq!(verify(&with_claim("iat", Some(value))), Err(Refusal::NotYet));
        assert_eq!(verify(&with_claim("nbf", Some(value))), Err(Refusal::NotYet));
    }
    assert!(verify(&with_claim("exp", Some("9223372036854775807"))).is_ok());
}

#[test]
fn t05_a_token_without_a_claim_of_ours_is_refused() {
    for name in [
        "sub", "exp", "iat", "jti", "sid", "tid", "roles", "role_ids", "gen", "att",
    ] {
        assert_eq!(verify(&with_claim(name, None)), Err(Refusal::Claims), "{name}");
        assert_eq!(verify(&with_claim(name, Some("null"))), Err(Refusal::Claims), "{name}");
    }
    assert_eq!(verify(&with_claim("iss", None)), Err(Refusal::Issuer));
    assert_eq!(verify(&with_claim("aud", None)), Err(Refusal::Audience));
    assert!(verify(&with_claim("nbf", None)).is_ok());
}

#[test]
fn t05_a_claim_of_another_type_than_ours_is_refused() {
    for (name, value) in [
        ("sub", "1"),
        ("sub", "\"admin\""),
        ("sub", "[\"0197f000-0000-7000-8000-000000000000\"]"),
        ("jti", "\"x\""),
        ("sid", "\"\""),
        ("sid", "{}"),
        ("tid", "7"),
        ("roles", "\"admin\""),
        ("roles", "[1]"),
        ("role_ids", "[\"admin\"]"),
        ("gen", "-1"),
        ("gen", "\"3\""),
        ("gen", "4294967296"),
        ("att", "1.5"),
    ] {
        assert_eq!(
            verify(&with_claim(name, Some(value))),
            Err(Refusal::Claims),
            "{name}: {value}"
        );
    }
}

#[test]
fn t06_a_token_of_another_issuer_is_refused() {
    for issuer in [
        "\"https://usher.example/prod\"",
        "\"https://usher.example/dev/\"",
        "\"https://usher.example\"",
        "\"\"",
        "\"HTTPS://usher.example/dev\"",
        "[\"https://usher.example/dev\"]",
        "null",
        "1",
    ] {
        assert_eq!(
            verify(&with_claim("iss", Some(issuer))),
            Err(Refusal::Issuer),
            "{issuer}"
        );
    }
}

#[test]
fn t06_a_token_for_another_audience_is_refused() {
    for audience in [
        "\"usher2\"",
        "\"ushe\"",
        "\"Usher\"",
        "\"\"",
        "\"usher \"",
        "[\"usher\"]",
        "[\"usher\",\"other\"]",
        "[]",
        "null",
        "{}",
    ] {
        assert_eq!(
            verify(&with_claim("aud", Some(audience))),
            Err(Refusal::Audience),
            "{audience}"
        );
    }
}

#[test]
fn t08_a_token_holds_until_its_last_millisecond_and_not_a_millisecond_longer() {
    let end = (NOW + 900 + EXPIRY_LEEWAY) * 1000;
    let token = genuine(key(Algorithm::EdDsa));
    for (millis, holds) in [
        (end - 1000, true),
        (end - 1, true),
        (end, false),
        (end + 1, false),
        (end + 1000, false),
    ] {
        let answer = verify_at(&token, millis).map(|_| ());
        assert_eq!(
            answer,
            if holds { Ok(()) } else { Err(Refusal::Expired) },
            "{}",
            millis - end
        );
    }
}

#[test]
fn t08_a_token_from_a_clock_that_is_ahead_holds_within_the_leeway_only() {
    for name in ["iat", "nbf"] {
        let ahead = NOW + 100;
        let token = with_claim(name, Some(&ahead.to_string()));
        let start = (ahead - SKEW_LEEWAY) * 1000;
        for (millis, holds) in [
            (start - 1000, false),
            (start - 1, false),
            (start, true),
            (start + 1000, true),
        ] {
            let answer = verify_at(&token, millis).map(|_| ());
            assert_eq!(
                answer,
                if holds { Ok(()) } else { Err(Refusal::NotYet) },
                "{name} {}",
                millis - start
            );
        }
    }
}

#[test]
fn t08_a_token_begins_at_the_later_of_its_two_times() {
    let key = key(Algorithm::EdDsa);
    for (iat, nbf) in [(NOW + 100, NOW), (NOW, NOW + 100)] {
        let mut payload = payload();
        payload["iat"] = json!(iat);
        payload["nbf"] = json!(nbf);
        let token = forge(key, &header(key).to_string(), &payload.to_string());
        assert_eq!(
            verify_at(&token, (NOW + 50) * 1000),
            Err(Refusal::NotYet),
            "{iat} {nbf}"
        );
        assert!(verify_at(&token, (NOW + 100) * 1000).is_ok(), "{iat} {nbf}");
    }
}

#[test]
fn t08_a_token_that_never_holds_is_refused_at_any_time() {
    let token = with_claim("nbf", Some(&(NOW + 900 + SKEW_LEEWAY).to_string()));
    for seconds in [-10, 0, 1, 899, 900, 901, 2000] {
        assert!(verify_at(&token, (NOW + seconds) * 1000).is_err());
    }
    assert!(verify_at(&with_claim("exp", Some("0")), 0).is_err());
}

#[test]
fn a_contract_cannot_overwrite_what_the_token_states() {
    let signer = Signer::new(key(Algorithm::EdDsa)).unwrap();
    for name in RESERVED {
        let mut claims = claims();
        claims.extra.insert(name.to_owned(), json!("evil"));
        assert!(matches!(signer.sign(&claims), Err(Error::Fault(_))), "{name}");
    }
}

#[test]
fn every_claim_of_ours_is_reserved() {
    let named: Vec<_> = payload().as_object().unwrap().keys().cloned().collect();
    assert!(named.iter().all(|name| RESERVED.contains(&name.as_str())), "{named:?}");
    assert_eq!(named.len() + 1, RESERVED.len(), "and nbf");
}

#[test]
fn a_token_that_no_verifier_would_take_is_not_issued() {
    let signer = Signer::new(key(Algorithm::EdDsa)).unwrap();
    let mut claims = claims();
    claims.roles = vec!["r".repeat(64); 100];
    assert!(matches!(signer.sign(&claims), Err(Error::Fault(_))));
}
