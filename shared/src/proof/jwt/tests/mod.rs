//! Tokens that no signer of ours would make, signed all the same: a refusal must not hang on the signature.

mod ascii;
mod claims;
mod encoding;
mod headers;
mod keys;
mod vectors;

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;

const ISSUER: &str = "https://usher.example/dev";
const AUDIENCE: &str = "usher";
/// A second in 2027, as good as any.
const NOW: i64 = 1_800_000_000;

/// One key per algorithm, made once: RSA takes its time.
fn key(algorithm: Algorithm) -> &'static SigningKey {
    static KEYS: [OnceLock<SigningKey>; 3] = [const { OnceLock::new() }; 3];
    KEYS[algorithm as usize].get_or_init(|| SigningKey::generate(algorithm).unwrap())
}

fn every_key() -> [&'static SigningKey; 3] {
    Algorithm::ALL.map(key)
}

fn published(keys: &[&SigningKey]) -> KeySet {
    KeySet::from_jwks(keys.iter().map(|key| key.public_jwk()).collect())
}

fn claims() -> AccessClaims {
    let start = Timestamp::from_second(NOW).unwrap();
    AccessClaims {
        iss: ISSUER.to_owned(),
        sub: UserId::new(start).unwrap(),
        aud: AUDIENCE.to_owned(),
        exp: NOW + 900,
        iat: NOW,
        jti: crate::ambient::uuid_v7(start).unwrap(),
        sid: SessionId::new(start).unwrap(),
        tid: "main".to_owned(),
        roles: vec!["admin".to_owned(), "user".to_owned()],
        role_ids: vec![RoleId::new(start).unwrap(), RoleId::new(start).unwrap()],
        generation: 3,
        attempt: 1,
        extra: Map::new(),
    }
}

fn payload() -> Value {
    serde_json::to_value(claims()).unwrap()
}

fn header(key: &SigningKey) -> Value {
    json!({"alg": key.algorithm().name(), "kid": key.kid(), "typ": "at+jwt"})
}

fn signature(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let pkcs8 = key.pkcs8().expose_secret();
    let random = SystemRandom::new();
    match key.algorithm() {
        Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8)
            .unwrap()
            .sign(message)
            .as_ref()
            .to_vec(),
        Algorithm::Es256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).unwrap();
            pair.sign(&random, message).unwrap().as_ref().to_vec()
        }
        Algorithm::Rs256 => {
            let pair = RsaKeyPair::from_pkcs8(pkcs8).unwrap();
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
            signature
        }
    }
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of exactly this header and payload, with a true signature of the key.
fn forge(key: &SigningKey, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", b64(header), b64(payload));
    let signature = b64(signature(key, message.as_bytes()));
    format!("{message}.{signature}")
}

fn genuine(key: &SigningKey) -> String {
    forge(key, &header(key).to_string(), &payload().to_string())
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap()
}

/// What a stack with one key of each algorithm makes of the token, one second after it was issued.
fn verify(token: &str) -> std::result::Result<AccessClaims, Refusal> {
    verify_at(token, (NOW + 1) * 1000)
}

fn verify_at(token: &str, millis: i64) -> std::result::Result<AccessClaims, Refusal> {
    Verifier::new(ISSUER, AUDIENCE).verify(token, &published(&every_key()), at(millis))
}

#[test]
fn what_is_signed_verifies_with_every_algorithm() {
    for key in every_key() {
        let mut claims = claims();
        claims.extra.insert("email_verified".to_owned(), json!(true));
        let token = Signer::new(key).unwrap().sign(&claims).unwrap();
        assert_eq!(verify(token.expose_secret()), Ok(claims), "{}", key.algorithm());
    }
}

#[test]
fn what_is_forged_here_verifies_until_something_is_wrong_with_it() {
    for key in every_key() {
        assert!(verify(&genuine(key)).is_ok(), "{}", key.algorithm());
    }
}

#[test]
fn a_token_is_the_profile_of_rfc_9068() {
    let key = key(Algorithm::EdDsa);
    let claims = claims();
    let token = Signer::new(key).unwrap().sign(&claims).unwrap();
    let (head, payload) = parts(token.expose_secret()).unwrap();
    assert_eq!(Value::Object(object(head).unwrap()), header(key));
    let expected = json!({
        "iss": ISSUER, "sub": claims.sub, "aud": AUDIENCE, "exp": NOW + 900, "iat": NOW, "jti": claims.jti,
        "sid": claims.sid, "tid": "main", "roles": ["admin", "user"], "role_ids": claims.role_ids, "gen": 3, "att": 1,
    });
    assert_eq!(Value::Object(object(payload).unwrap()), expected);
}

#[test]
fn a_statement_is_verified_by_its_type_and_key_and_is_no_token() {
    let content = json!({ "iss": ISSUER, "aud": AUDIENCE, "heads": ["a", "b"] });
    for key in every_key() {
        let statement = Signer::new(key).unwrap().state("test+jwt", &content).unwrap();
        let keys = published(&every_key());
        let stated = |text: &str, typ: &str| keys.stated::<Value>(text, typ);
        assert_eq!(
            stated(&statement, "test+jwt"),
            Ok((key.kid().to_owned(), content.clone()))
        );
        assert_eq!(unverified(&statement), Some(content.clone()));
        assert_eq!(stated(&statement, "other+jwt"), Err(Refusal::Type));
        assert_eq!(verify(&statement), Err(Refusal::Type));
        assert_eq!(stated(&genuine(key), "test+jwt"), Err(Refusal::Type));
        let none = KeySet::default().stated::<Value>(&statement, "test+jwt");
        assert_eq!(none, Err(Refusal::UnknownKey));
        let (message, signature) = statement.rsplit_once('.').unwrap();
        let (head, _) = message.split_once('.').unwrap();
        let other = format!("{head}.{}.{signature}", b64(json!({ "heads": [] }).to_string()));
        assert_eq!(stated(&other, "test+jwt"), Err(Refusal::Signature));
        let mut more = object(head).unwrap();
        more.insert("crit".to_owned(), json!(["exp"]));
        let more = forge(key, &Value::Object(more).to_string(), &content.to_string());
        assert_eq!(stated(&more, "test+jwt"), Err(Refusal::Algorithm));
        for spoilt in ["", ".", "..", message, "a.b.c"] {
            assert!(stated(spoilt, "test+jwt").is_err(), "{spoilt}");
        }
    }
}

#[test]
fn a_refusal_reveals_nothing_to_the_caller() {
    assert_eq!(Error::from(Refusal::Expired), Error::InvalidToken);
    assert_eq!(Error::from(Refusal::Signature), Error::InvalidToken);
}
