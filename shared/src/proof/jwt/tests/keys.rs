use super::*;

fn verdict(token: &str, keys: &KeySet) -> std::result::Result<(), Refusal> {
    Verifier::new(ISSUER, AUDIENCE)
        .verify(token, keys, at(NOW * 1000))
        .map(|_| ())
}

#[test]
fn t09_a_token_holds_as_long_as_its_key_is_published() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let [previous, current, next] = [(); 3].map(|()| SigningKey::generate(algorithm).unwrap());
        let token = genuine(&previous);
        assert_eq!(verdict(&token, &published(&[&previous, &current])), Ok(()));
        assert_eq!(verdict(&token, &published(&[&current, &previous, &next])), Ok(()));
        assert_eq!(
            verdict(&token, &published(&[&current, &next])),
            Err(Refusal::UnknownKey)
        );
        assert_eq!(verdict(&token, &KeySet::default()), Err(Refusal::UnknownKey));
    }
}

/// One key set, as a process has it, which remembers what it found.
#[test]
fn a_token_that_was_proven_is_still_refused_once_it_has_expired_or_for_another_stack() {
    let keys = published(&every_key());
    let stack = Verifier::new(ISSUER, AUDIENCE);
    for key in every_key() {
        let token = genuine(key);
        let end = claims().exp * 1000;
        assert!(stack.verify(&token, &keys, at(end - 1)).is_ok());
        assert!(stack.verify(&token, &keys, at(end - 1)).is_ok());
        assert_eq!(stack.verify(&token, &keys, at(end)), Err(Refusal::Expired));
        let other = Verifier::new("https://usher.example/prod", AUDIENCE);
        assert_eq!(other.verify(&token, &keys, at(end - 1)), Err(Refusal::Issuer));
        let other = Verifier::new(ISSUER, "other");
        assert_eq!(other.verify(&token, &keys, at(end - 1)), Err(Refusal::Audience));
    }
}

#[test]
fn a_token_with_one_letter_changed_is_refused_though_the_other_one_was_proven() {
    let keys = published(&every_key());
    let key = key(Algorithm::EdDsa);
    let token = genuine(key);
    assert_eq!(verdict(&token, &keys), Ok(()));
    for place in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(verdict(&changed, &keys).is_err(), "{place}");
    }
    assert_eq!(verdict(&token, &keys), Ok(()));
}

#[test]
fn what_was_proven_by_a_key_is_not_remembered_once_it_is_gone_or_another_one_has_its_name() {
    let ours = key(Algorithm::EdDsa);
    let token = genuine(ours);
    let keys = published(&[ours]);
    assert_eq!((verdict(&token, &keys), verdict(&token, &keys)), (Ok(()), Ok(())));
    let others = published(&[key(Algorithm::Es256)]);
    assert_eq!(verdict(&token, &others), Err(Refusal::UnknownKey));
    let other = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let mut jwk = other.public_jwk();
    jwk["kid"] = json!(ours.kid());
    let named = KeySet::from_jwks(vec![jwk]);
    assert_eq!(verdict(&token, &named), Err(Refusal::Signature));
}

#[test]
fn t09_a_change_of_algorithm_leaves_older_tokens_valid() {
    let keys = published(&every_key());
    for key in every_key() {
        assert_eq!(verdict(&genuine(key), &keys), Ok(()));
    }
}

#[test]
fn t10_a_token_of_another_stage_is_refused() {
    let other = SigningKey::generate(Algorithm::EdDsa).unwrap();
    assert_eq!(verify(&genuine(&other)), Err(Refusal::UnknownKey));
    // Under the name of one of our keys.
    let ours = key(Algorithm::EdDsa);
    let token = forge(&other, &header(ours).to_string(), &payload().to_string());
    assert_eq!(verify(&token), Err(Refusal::Signature));
    // With our key, as a shared master key would allow, but for the other stage.
    let token = genuine(ours);
    let prod = Verifier::new("https://usher.example/prod", AUDIENCE);
    assert_eq!(
        prod.verify(&token, &published(&[ours]), at(NOW * 1000)),
        Err(Refusal::Issuer)
    );
}

#[test]
fn a_stored_key_signs_like_the_one_that_was_stored() {
    for key in every_key() {
        let stored = SigningKey::from_pkcs8(key.algorithm(), key.pkcs8().expose_secret()).unwrap();
        assert_eq!((stored.kid(), stored.public_jwk()), (key.kid(), key.public_jwk()));
        let token = Signer::new(&stored).unwrap().sign(&claims()).unwrap();
        assert_eq!(verdict(token.expose_secret(), &published(&[key])), Ok(()));
    }
}

#[test]
fn a_key_is_not_taken_for_another_algorithms() {
    for key in every_key() {
        let der = key.pkcs8().expose_secret();
        for algorithm in Algorithm::ALL {
            let answer = SigningKey::from_pkcs8(algorithm, der);
            assert_eq!(answer.is_ok(), algorithm == key.algorithm());
            assert!(SigningKey::from_pkcs8(algorithm, &der[1..]).is_err());
            assert!(SigningKey::from_pkcs8(algorithm, &[]).is_err());
        }
    }
}

#[test]
fn what_is_published_of_a_key_is_its_public_half() {
    let members = |key: &SigningKey| {
        let jwk = key.public_jwk();
        let mut names: Vec<String> = jwk.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    let [ed, ec, rsa] = every_key();
    assert_eq!(members(ed), ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(members(ec), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!(members(rsa), ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!(rsa.public_jwk()["n"].as_str().unwrap().len(), 512, "3072 bits");
}

#[test]
fn r08_no_private_half_is_shown_by_debug() {
    for key in every_key() {
        let shown = format!("{key:?} {:?}", Signer::new(key).unwrap());
        let numbers = format!("{:?}", key.pkcs8().expose_secret());
        assert!(!shown.contains(&numbers[1..60]), "{shown}");
        assert!(shown.len() < 1500, "{shown}");
        assert_eq!(shown.matches(key.kid()).count(), 2, "{shown}");
    }
}

fn thumbprint_of(jwk: &Value) -> String {
    let jwk = Jwk::deserialize(jwk).unwrap();
    jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap()
}

/// RFC 8037 appendix A.3 and RFC 7638 section 3.1.
#[test]
fn a_kid_is_the_thumbprint_of_rfc_7638() {
    let ed = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let rsa = json!({"kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29", "n":
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj\
         hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ\
         vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK\
         nqDKgw"});
    for (algorithm, jwk, thumbprint) in [
        (Algorithm::EdDsa, ed, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
        (Algorithm::Rs256, rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
    ] {
        assert_eq!(thumbprint_of(&jwk), thumbprint, "{algorithm}");
    }
    for key in every_key() {
        assert_eq!(thumbprint_of(&key.public_jwk()), key.kid());
        assert!(is_kid(key.kid()));
    }
}

#[test]
fn a_key_that_is_not_one_of_ours_is_left_out_of_the_set() {
    let [ed, ec, rsa] = every_key();
    let changed = |key: &SigningKey, name: &str, value: Value| {
        let mut jwk = key.public_jwk();
        jwk[name] = value;
        jwk
    };
    let bytes = |jwk: &Value, name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let frame = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let framed = [&frame[..], &bytes(&ed.public_jwk(), "x")].concat();
    let zeros = |len: usize| json!(b64(vec![0; len]));
    let unusable = [
        json!(null),
        json!({}),
        json!([ed.public_jwk()]),
        json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "use": "sig", "kid": "shared"}),
        changed(ed, "alg", json!("ES256")),
        changed(ed, "alg", json!("none")),
        changed(ed, "alg", json!(null)),
        changed(ed, "use", json!("enc")),
        changed(ed, "use", json!(null)),
        changed(ed, "crv", json!("X25519")),
        changed(ed, "crv", json!("P-256")),
        // The same key with its frame of ASN.1 (RFC 8410, 4), which is no `x`.
        changed(ed, "x", json!(b64(framed))),
        changed(ed, "kty", json!("EC")),
        changed(ed, "x", zeros(31)),
        changed(ed, "x", zeros(33)),
        changed(ed, "x", json!(format!("{}=", ed.public_jwk()["x"].as_str().unwrap()))),
        changed(ed, "d", zeros(32)),
        changed(ec, "d", zeros(32)),
        changed(ec, "x", zeros(32)),
        changed(ec, "y", changed(ec, "y", json!(null))["x"].clone()),
        changed(ec, "crv", json!("P-384")),
        changed(rsa, "alg", json!("PS256")),
        changed(rsa, "e", json!("Aw")),
        changed(rsa, "n", zeros(256)),
        changed(rsa, "n", json!(b64(vec![0xff; 128]))),
        // Its highest bit is not set: 2399 bits.
        changed(rsa, "n", json!(b64(vec![0x41; 300]))),
    ];
    for jwk in unusable {
        let keys = KeySet::from_jwks(vec![jwk.clone()]);
        assert_eq!(keys.0.len(), 0, "{jwk}");
    }
    assert_eq!(published(&[ed, ec, rsa]).0.len(), 3);
}

#[test]
fn a_key_set_has_the_keys_that_it_was_given() {
    let keys = published(&every_key());
    for (key, public) in every_key().into_iter().zip(&keys.0) {
        assert_eq!((public.kid.as_str(), public.algorithm), (key.kid(), key.algorithm()));
    }
}

#[test]
fn an_algorithm_is_named_as_in_a_header() {
    for algorithm in Algorithm::ALL {
        assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
    }
    for other in ["none", "HS256", "eddsa", "rs256", "", "PS256"] {
        assert_eq!(other.parse::<Algorithm>(), Err(UnknownAlgorithm));
    }
    assert_eq!(Algorithm::default(), Algorithm::EdDsa);
}
