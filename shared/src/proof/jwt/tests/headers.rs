use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::KeyPair;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn with_header(key: &SigningKey, header: &Value) -> std::result::Result<AccessClaims, Refusal> {
    verify(&forge(key, &header.to_string(), &payload().to_string()))
}

#[test]
fn t01_a_token_that_asks_not_to_be_verified_is_refused() {
    for key in every_key() {
        for alg in ["none", "None", "NONE", "nOnE", "", "null"] {
            let mut header = header(key);
            header["alg"] = json!(alg);
            assert_eq!(with_header(key, &header), Err(Refusal::Algorithm), "{alg}");
            let message = format!("{}.{}", b64(header.to_string()), b64(payload().to_string()));
            assert_eq!(verify(&format!("{message}.")), Err(Refusal::Malformed));
            assert_eq!(verify(&format!("{message}.AA")), Err(Refusal::Algorithm));
            assert_eq!(verify(&message), Err(Refusal::Malformed));
        }
    }
}

#[test]
fn t01_a_token_of_the_right_algorithm_without_its_signature_is_refused() {
    for key in every_key() {
        let token = genuine(key);
        let (message, signature) = token.rsplit_once('.').unwrap();
        assert_eq!(verify(&format!("{message}.")), Err(Refusal::Malformed));
        let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        for wrong in [
            &[0; 64][..],
            &bytes[..bytes.len() - 1],
            &bytes[1..],
            &[&bytes[..], &bytes].concat(),
        ] {
            assert_eq!(verify(&format!("{message}.{}", b64(wrong))), Err(Refusal::Signature));
        }
    }
}

/// Everything that a verifier could mistake for a shared secret.
fn renderings(key: &SigningKey) -> Vec<Vec<u8>> {
    let pkcs8 = key.pkcs8().expose_secret();
    let spki: PublicKeyX509Der<'_> = match key.algorithm() {
        Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8)
            .unwrap()
            .public_key()
            .as_der()
            .unwrap(),
        Algorithm::Es256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).unwrap();
            pair.public_key().as_der().unwrap()
        }
        Algorithm::Rs256 => RsaKeyPair::from_pkcs8(pkcs8).unwrap().public_key().as_der().unwrap(),
    };
    let jwk = key.public_jwk();
    let number = jwk.get("x").or(jwk.get("n")).unwrap().as_str().unwrap();
    let body = STANDARD.encode(spki.as_ref());
    let lines: Vec<_> = body
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
        lines.join("\n")
    );
    vec![
        format!("{pem}\n").into_bytes(),
        pem.into_bytes(),
        spki.as_ref().to_vec(),
        body.into_bytes(),
        jwk.to_string().into_bytes(),
        number.as_bytes().to_vec(),
        URL_SAFE_NO_PAD.decode(number).unwrap(),
        key.kid().as_bytes().to_vec(),
        Vec::new(),
    ]
}

#[test]
fn t02_a_public_key_is_no_shared_secret() {
    for key in every_key() {
        for secret in renderings(key) {
            for (alg, mac) in [
                ("HS256", hmac::HMAC_SHA256),
                ("HS384", hmac::HMAC_SHA384),
                ("HS512", hmac::HMAC_SHA512),
                // The right name over a wrong signature, should anybody choose by the signature.
                (key.algorithm().name(), hmac::HMAC_SHA256),
            ] {
                let mut header = header(key);
                header["alg"] = json!(alg);
                let message = format!("{}.{}", b64(header.to_string()), b64(payload().to_string()));
                let tag = hmac::sign(&hmac::Key::new(mac, &secret), message.as_bytes());
                let refusal = verify(&format!("{message}.{}", b64(tag))).unwrap_err();
                let expected = if alg.starts_with("HS") {
                    Refusal::Algorithm
                } else {
                    Refusal::Signature
                };
                assert_eq!(refusal, expected, "{alg}");
            }
        }
    }
}

#[test]
fn t02_the_algorithm_is_the_keys_and_not_the_headers() {
    for signer in every_key() {
        for alg in [
            "EdDSA", "ES256", "RS256", "PS256", "RS384", "ES384", "Ed25519", "eddsa", "ES256K",
        ] {
            if alg != signer.algorithm().name() {
                let mut header = header(signer);
                header["alg"] = json!(alg);
                assert_eq!(with_header(signer, &header), Err(Refusal::Algorithm), "{alg}");
            }
        }
        for named in every_key().into_iter().filter(|named| named.kid() != signer.kid()) {
            assert_eq!(with_header(signer, &header(named)), Err(Refusal::Signature));
        }
    }
}

#[test]
fn t03_a_kid_that_cannot_be_ours_is_not_looked_up() {
    let key = key(Algorithm::EdDsa);
    let long = "k".repeat(MAX_KID + 1);
    let path = "../../dev/null";
    for kid in [
        path,
        "' OR 1=1",
        &long,
        "a\0b",
        "",
        "k k",
        "a.b",
        "k\u{e9}y",
        "https://evil.example/jwks",
        "a=",
        "%2e",
    ] {
        let mut header = header(key);
        header["kid"] = json!(kid);
        assert_eq!(with_header(key, &header), Err(Refusal::Header), "{kid:?}");
        let mut jwk = key.public_jwk();
        jwk["kid"] = json!(kid);
        assert!(PublicKey::from_jwk(&jwk).is_none(), "{kid:?}");
    }
    let mut header = header(key);
    header["kid"] = json!("k".repeat(10_000));
    assert_eq!(with_header(key, &header), Err(Refusal::TooLong));
    for kid in [json!(null), json!(1), json!([key.kid()]), json!({"kid": key.kid()})] {
        header["kid"] = kid;
        assert_eq!(with_header(key, &header), Err(Refusal::Header));
    }
}

#[test]
fn t03_a_kid_that_nobody_published_is_unknown_however_near() {
    let key = key(Algorithm::EdDsa);
    let real = key.kid();
    for kid in [
        "unknown",
        &real[1..],
        &format!("{real}A"),
        &real.to_lowercase(),
        &"k".repeat(MAX_KID),
    ] {
        let mut header = header(key);
        header["kid"] = json!(kid);
        assert_eq!(with_header(key, &header), Err(Refusal::UnknownKey), "{kid:?}");
    }
}

#[test]
fn t03_a_kid_that_two_keys_share_names_neither() {
    let [ed, ec, rsa] = every_key();
    let mut twin = ec.public_jwk();
    twin["kid"] = json!(ed.kid());
    for twins in [vec![ed.public_jwk(), twin.clone()], vec![twin.clone(), ed.public_jwk()]] {
        let keys = KeySet::from_jwks([twins, vec![rsa.public_jwk()]].concat());
        let names: Vec<_> = keys.0.iter().map(|key| &key.kid).collect();
        assert_eq!(names, [rsa.kid()]);
        let answer = Verifier::new(ISSUER, AUDIENCE).verify(&genuine(ed), &keys, at(NOW * 1000));
        assert_eq!(answer, Err(Refusal::UnknownKey));
    }
    // Even where one of the two is of a kind that we do not know: the store has been meddled with.
    let unknown = json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "use": "sig", "kid": ed.kid()});
    assert!(KeySet::from_jwks(vec![ed.public_jwk(), unknown]).0.is_empty());
    // One key that is listed twice is one key.
    assert_eq!(KeySet::from_jwks(vec![ed.public_jwk(), ed.public_jwk()]).0.len(), 1);
}

#[test]
fn t04_a_header_brings_no_key_and_asks_for_nothing() {
    let key = key(Algorithm::EdDsa);
    let attacker = SigningKey::generate(Algorithm::EdDsa).unwrap();
    for (name, value) in [
        ("jwk", attacker.public_jwk()),
        ("jwk", key.public_jwk()),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("crit", json!([])),
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("crit", json!(["unknown"])),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("cty", json!("JWT")),
        ("anything", json!(null)),
    ] {
        for signer in [key, &attacker] {
            let mut header = header(key);
            header[name] = value.clone();
            assert_eq!(with_header(signer, &header), Err(Refusal::Header), "{name}");
        }
    }
}

#[test]
fn t04_a_header_without_what_ours_have_is_refused() {
    let key = key(Algorithm::EdDsa);
    for name in ["alg", "kid", "typ"] {
        let mut header = header(key);
        header.as_object_mut().unwrap().remove(name);
        assert_eq!(with_header(key, &header), Err(Refusal::Header), "without {name}");
        header["cty"] = json!("JWT");
        assert_eq!(
            with_header(key, &header),
            Err(Refusal::Header),
            "another in place of {name}"
        );
    }
}

#[test]
fn t06_another_type_of_token_is_refused_though_we_signed_it() {
    let key = key(Algorithm::EdDsa);
    for typ in [
        "JWT",
        "jwt",
        "",
        "at",
        "at+jwt ",
        " at+jwt",
        "at+jwt;v=1",
        "id+jwt",
        "rt+jwt",
        "refresh+jwt",
        "logout+jwt",
        "reset+jwt",
        "verify+jwt",
        "dpop+jwt",
        "application/jwt",
        "application/at+jwt2",
        "text/at+jwt",
        "at jwt",
    ] {
        let mut header = header(key);
        header["typ"] = json!(typ);
        assert_eq!(with_header(key, &header), Err(Refusal::Type), "{typ:?}");
    }
}

#[test]
fn t06_the_type_may_be_written_in_full_and_in_any_case() {
    let key = key(Algorithm::EdDsa);
    for typ in ["at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "Application/AT+JWT"] {
        let mut header = header(key);
        header["typ"] = json!(typ);
        assert!(with_header(key, &header).is_ok(), "{typ:?}");
    }
}

#[test]
fn t06_no_opaque_secret_passes_for_an_access_token() {
    use crate::proof::opaque::{Kind, Opaque, RefreshToken};
    let refresh = RefreshToken::first(claims().sub, claims().sid).unwrap();
    assert_eq!(verify(refresh.text().expose_secret()), Err(Refusal::Malformed));
    for kind in [Kind::Refresh, Kind::OneTime, Kind::ApiKey] {
        let secret = Opaque::mint(kind).unwrap();
        assert_eq!(verify(secret.text().expose_secret()), Err(Refusal::Malformed));
        assert!(Opaque::parse(kind, &genuine(key(Algorithm::EdDsa))).is_none());
    }
    assert!(RefreshToken::parse(&genuine(key(Algorithm::EdDsa))).is_none());
}
