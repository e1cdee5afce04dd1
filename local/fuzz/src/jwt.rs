//! Access tokens: no text is one that our key did not sign, and of what it signed, what the claims ask for.
//!
//! The input is a text in which `TOKEN`, `HEADER`, `CLAIMS` and `SIGNATURE` stand for one of ours and its parts; or, in two
//! lines, a header and claims, which are signed with our key (`KID` stands for its name).

use std::sync::LazyLock;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use usher::id::{SessionId, UserId};
use usher::jiff::Timestamp;
use usher::proof::jwt::{AccessClaims, Algorithm, KeySet, Signer, SigningKey, Verifier, unverified};
use usher::secrecy::ExposeSecret;
use uuid::Uuid;

use crate::{seed, with_another_character};

const ISSUER: &str = "https://usher.example";
const AUDIENCE: &str = "usher";
const NOW: i64 = 1_800_000_000;

struct Ours {
    kid: String,
    signer: Signer,
    pair: Ed25519KeyPair,
    keys: KeySet,
    token: String,
}

static OURS: LazyLock<Ours> = LazyLock::new(|| {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let next = SigningKey::generate(Algorithm::Es256).unwrap();
    let signer = Signer::new(&key).unwrap();
    Ours {
        kid: key.kid().to_owned(),
        token: signer.sign(&claims()).unwrap().expose_secret().to_owned(),
        pair: Ed25519KeyPair::from_pkcs8(key.pkcs8().expose_secret()).unwrap(),
        keys: KeySet::from_jwks(vec![key.public_jwk(), next.public_jwk()]),
        signer,
    }
});

fn claims() -> AccessClaims {
    AccessClaims {
        iss: ISSUER.to_owned(),
        sub: UserId::from_uuid(Uuid::from_u128(1)),
        aud: AUDIENCE.to_owned(),
        exp: NOW + 60,
        iat: NOW,
        jti: Uuid::from_u128(2),
        sid: SessionId::from_uuid(Uuid::from_u128(3)),
        tid: "main".to_owned(),
        roles: vec!["user".to_owned()],
        role_ids: Vec::new(),
        generation: 0,
        attempt: 0,
        extra: Map::new(),
    }
}

fn verified(token: &str) -> Option<AccessClaims> {
    let now = Timestamp::from_second(NOW).unwrap();
    Verifier::new(ISSUER, AUDIENCE).verify(token, &OURS.keys, now).ok()
}

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.split_once('\n') {
        Some((header, claims)) => signed(header, claims),
        None => sent(text),
    }
}

fn sent(text: &str) {
    let ours = &OURS.token;
    let parts: Vec<&str> = ours.split('.').collect();
    let mut token = text.replace("TOKEN", ours);
    for (name, part) in ["HEADER", "CLAIMS", "SIGNATURE"].iter().zip(parts) {
        token = token.replace(name, part);
    }
    assert_eq!(verified(&token).is_some(), token == *ours, "{token:?}");
    assert!(
        OURS.keys.stated::<Value>(&token, "usher-anchor+jwt").is_err(),
        "{token:?}"
    );
    let _ = unverified::<Value>(&token);
}

fn signed(header: &str, claims: &str) {
    let header = header.replace("KID", &OURS.kid);
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(claims));
    let signature = OURS.pair.sign(message.as_bytes());
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
    let read = verified(&token);
    if read.is_none() && token.len() <= 8_192 {
        assert!(!is_ours(&header, claims), "{header} {claims} is refused");
    }
    let Some(read) = read else { return };
    assert!(is_ours(&header, claims), "{header} {claims} is taken");
    let changed = with_another_character(&token, seed(message.as_bytes()));
    assert_eq!(verified(&changed), None, "{changed:?}");
    let now = Timestamp::from_second(NOW).unwrap();
    for (issuer, audience) in [("https://another.example", AUDIENCE), (ISSUER, "another")] {
        assert!(Verifier::new(issuer, audience).verify(&token, &OURS.keys, now).is_err());
    }
    assert!(
        Verifier::new(ISSUER, AUDIENCE)
            .verify(&token, &KeySet::default(), now)
            .is_err()
    );
    // What has a claim that only we may set is not signed again; what is signed is read as it was.
    if let Ok(again) = OURS.signer.sign(&read) {
        assert_eq!(verified(again.expose_secret()), Some(read));
    }
}

/// What RFC 7519, RFC 8725 and RFC 9068 ask of header and claims, of one that names nothing twice.
fn is_ours(header: &str, claims: &str) -> bool {
    let members = |text: &str| serde_json::from_str::<usher::json::Object>(text).map(|object| object.0);
    let (Ok(header), Ok(claims)) = (members(header), members(claims)) else {
        return false;
    };
    let typ = header
        .get("typ")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_header = header.len() == 3
        && header.get("alg").is_some_and(|alg| alg == "EdDSA")
        && header.get("kid").is_some_and(|kid| kid == OURS.kid.as_str())
        && ["at+jwt", "application/at+jwt"].contains(&typ.as_str());
    let seconds = |name: &str| {
        claims
            .get(name)
            .map(|value| value.as_u64().and_then(|s| i64::try_from(s).ok()))
    };
    let is_now = seconds("exp").flatten().is_some_and(|exp| exp > NOW)
        && seconds("iat").flatten().is_some_and(|iat| iat <= NOW + 5)
        && seconds("nbf").is_none_or(|nbf| nbf.is_some_and(|nbf| nbf <= NOW + 5));
    let is_for_us =
        claims.get("iss").is_some_and(|iss| iss == ISSUER) && claims.get("aud").is_some_and(|aud| aud == AUDIENCE);
    is_header && is_now && is_for_us && serde_json::from_value::<AccessClaims>(Value::Object(claims)).is_ok()
}
