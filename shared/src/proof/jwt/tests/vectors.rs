//! Public test vectors: Project Wycheproof (C2SP/wycheproof, `testvectors_v1`: ed25519, ecdsa_secp256r1_sha256_p1363
//! and json_web_signature, by `tcId`) and the examples of RFC 8037. What Wycheproof derives from a valid signature by
//! a rule (special values, lengths, added bytes) is derived by the same rule here.

use super::*;

fn public(jwk: Value) -> PublicKey {
    PublicKey::from_jwk(&jwk).unwrap()
}

fn wycheproof_ed25519() -> PublicKey {
    let x = "fU0Of2FTpptiQrUiq77mhf2kQg-INLEIw72uNp71Sfo";
    public(json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "none", "x": x}))
}

fn wycheproof_p256() -> PublicKey {
    let (x, y) = (
        "KSexBRK64-3c_kZ4KBKLrSkDJpkZ9whgacjE32xzKDg",
        "x3h5ZOqsAOWSH7FJimD0YGdms9loUAFVjRqXTnNBUT4",
    );
    public(json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "none", "x": x, "y": y}))
}

fn wycheproof_rsa() -> PublicKey {
    let n = "kqGboBfAWttWPCA-0cGRgsY6SaYoIARt0B_PkaEcIq9HPYNdu9n6UuWHuuTHrjF_ZoQW97r5HaAorNvrMEGTGdxCHZdEtkHvNVVmrtxTBLiQCbCo\
             zXhFoIrVcr3qUBrdGnNn_M3jJi7Wg7p_-x62nS5gNG875oyheRkutHsQXikFZwsN3q_TsPNOVlCiHy8mxzaFTUQGm-X8UYexFyAivlDSjgDJLAZS\
             Wfxd7k9Gxuwa3AUfQqQcVcegmgKGCaErQ3qQbh1x7WB6iopE3_-GZ8HMAVtR9AmrVscqYsnjhaCehfAI0iKKs8zXr8tISc0ORbaalrkk03H1ZrsE\
             nDKEWQ";
    public(json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "kid-rsa-sign", "e": "AQAB", "n": n}))
}

fn hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

impl PublicKey {
    fn signed(&self, message: &[u8], signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, message, &self.key, self.algorithm.into()).unwrap_or(false)
    }
}

fn signed(key: &PublicKey, message: &str, signature: &[u8]) -> bool {
    key.signed(&hex(message), &b64(signature))
}

/// The signature with a byte more or less at each end and in the middle, cut, doubled, with the key behind it.
fn misshapen(signature: &[u8], key: &[u8]) -> Vec<Vec<u8>> {
    let (first, second) = signature.split_at(signature.len() / 2);
    let zero = &[0][..];
    vec![
        Vec::new(),
        first.to_vec(),
        second.to_vec(),
        signature[1..].to_vec(),
        signature[..signature.len() - 2].to_vec(),
        [signature, b"  "].concat(),
        [signature, key].concat(),
        [zero, signature].concat(),
        [first, zero, second].concat(),
        [zero, first, zero, second].concat(),
        [signature, zero].concat(),
        [signature, signature].concat(),
    ]
}

const ED25519_3: &str = "7c38e026f29e14aabd059a0f2db8b0cd783040609a8be684db12f82a27774ab0\
                         7a9155711ecfaf7f99f277bad0c6ae7e39d4eef676573336a5c51eb6f946b30d";

#[test]
fn t11_ed25519_vectors_that_are_valid_verify() {
    for (message, signature) in [
        ("54657374", ED25519_3),
        (
            "78",
            "d80737358ede548acb173ef7e0399f83392fe8125b2ce877de7975d8b726ef5b1e76632280ee38afad12125ea44b961bf92f1178c9fa819d020869975bcbe109",
        ),
        (
            "313233343030",
            "657c1492402ab5ce03e2c3a7f0384d051b9cf3570f1207fc78c1bcc98c281c2bf0cf5b3a289976458a1be6277a5055545253b45b07dcc1abd96c8b989c00f301",
        ),
    ] {
        assert!(signed(&wycheproof_ed25519(), message, &hex(signature)), "{message}");
        assert!(!signed(&wycheproof_ed25519(), &format!("{message}00"), &hex(signature)));
        assert!(!signed(&wycheproof_ed25519(), &message[2..], &hex(signature)));
    }
}

/// tcIds 10 to 29: r and s from the values at which implementations slip.
#[test]
fn t11_ed25519_signatures_of_special_values_are_refused() {
    let special = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
        "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ];
    for r in special {
        for s in special {
            assert!(
                !signed(&wycheproof_ed25519(), "3f", &hex(&format!("{r}{s}"))),
                "{r} {s}"
            );
        }
    }
}

/// tcIds 30 to 37, and 42, 59, 60, 63, 64: wrong lengths, another encoding of R, s + L and s + 2L.
#[test]
fn t11_an_ed25519_signature_has_one_encoding() {
    let x = hex("7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa");
    for signature in misshapen(&hex(ED25519_3), &x) {
        assert!(!signed(&wycheproof_ed25519(), "54657374", &signature), "{signature:?}");
    }
    for (message, signature) in [
        (
            "313233343030",
            "647c1492402ab5ce03e2c3a7f0384d051b9cf3570f1207fc78c1bcc98c281c2b1d125e5538f38afbcc1c84e489521083041d24bc6240767029da063271a1ff0c",
        ),
        (
            "313233343030",
            "657c1492402ab5ce03e2c3a7f0384d051b9cf3570f1207fc78c1bcc98c281cab227aedf259f910f0f3a759a335062665217925d019173b88917eae294f75d40f",
        ),
        (
            "313233343030",
            "0000000000000000000000000000000000000000000000000000000000000000e0b8e7770d51c7a36375d006c5bffd6af43ff54aaf47e4330dc118c71d61ec02",
        ),
        (
            "54657374",
            "7c38e026f29e14aabd059a0f2db8b0cd783040609a8be684db12f82a27774ab067654bce3832c2d76f8f6f5dafc08d9339d4eef676573336a5c51eb6f946b31d",
        ),
        (
            "54657374",
            "7c38e026f29e14aabd059a0f2db8b0cd783040609a8be684db12f82a27774ab05439412b5395d42f462c67008eba6ca839d4eef676573336a5c51eb6f946b32d",
        ),
    ] {
        assert!(!signed(&wycheproof_ed25519(), message, &hex(signature)), "{signature}");
    }
}

const P256_R: &str = "2ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e18";
const P256_S: &str = "4cd60b855d442f5b3c7b11eb6c4e0ae7525fe710fab9aa7c77a67f79e6fadd76";

/// tcId 1, and those derived from it: lengths and the ASN.1 form, which JWS does not use (RFC 7518 section 3.4).
#[test]
fn t11_a_p256_signature_is_64_bytes() {
    let (r, s) = (hex(P256_R), hex(P256_S));
    let signature = [&r[..], &s].concat();
    assert!(signed(&wycheproof_p256(), "313233343030", &signature));
    assert!(!signed(&wycheproof_p256(), "3132333430", &signature));
    let der = [&[0x30, 0x44, 0x02, 0x20][..], &r, &[0x02, 0x20], &s].concat();
    assert!(!signed(&wycheproof_p256(), "313233343030", &der));
    for signature in misshapen(&signature, &r) {
        assert!(!signed(&wycheproof_p256(), "313233343030", &signature), "{signature:?}");
    }
    // n - r in place of r (tcId 4), and the two exchanged.
    let negated = hex("d45c5740946b2a147f59262ee6f5bc90bd01ed280528b62b3aed5fc93f06f739");
    assert!(!signed(
        &wycheproof_p256(),
        "313233343030",
        &[&negated[..], &s].concat()
    ));
    assert!(!signed(&wycheproof_p256(), "313233343030", &[&s[..], &r].concat()));
}

/// tcId 11 and after: zero ("psychic signatures", CVE-2022-21449), the order of the group, the prime of the field.
#[test]
fn t11_p256_signatures_of_special_values_are_refused() {
    let special = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000001",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552",
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "ffffffff00000001000000000000000000000001000000000000000000000000",
        P256_R,
    ];
    for r in special {
        for s in special {
            assert!(
                !signed(&wycheproof_p256(), "313233343030", &hex(&format!("{r}{s}"))),
                "{r} {s}"
            );
        }
    }
}

/// json_web_signature 33 (valid), 46, 49 and 61 (the PKCS#1 padding is not the one DER encoding of the digest).
#[test]
fn t11_an_rsa_signature_has_one_padding() {
    let key = wycheproof_rsa();
    let message = b"eyJhbGciOiJSUzI1NiIsImtpZCI6ImtpZC1yc2Etc2lnbiJ9.Zm9v";
    let valid = "HUwxI1-cZrZgcuOgBQ7G7NE-GrqK79l6GV1KT4DKXnSMFwC8pfZCzE7pmLE7mYpLCIvzC87yuOjuhT0uW5oe6aaAEtR978cm-q8dfly45flqMrd_ifhi9GCsMlyi8dpQ42Ou1etZljFZuWjfyk8CN1c5DaHRwhqjScAPIFp6xmzKIRUJ_xdQfUSfSlujLaixtScU518EoNP4oo1v7E8RAz6ZO4g2N4Xqs8OvSxYydcoTEg42QnLHe9JnXgI37Q5gSwinwaPsG3Ry56UYiLoL8mCUa74S51y02VsIgVmmGWgaXjM-i_lCiKQDBiBnvWlka4XhVuvd6ZWibM9cbCPtPg";
    assert!(key.signed(message, valid));
    for modified in [
        "KudI1-Bo-NhWAmNYu-aEGQA3ciNp-gKgGJETRino-l25uRh9peU1GWjmFfnda0SSZK8msCFMQ-ibIZxkwC1CUjxBRNwG1LqVtBa2mHtedT3lxKaS0nAQAzhsg0XWAEUjgnH1qtsYXknGzh-Vi_uVsu2yfPy6YhH9_8Ian984VRMzitHDzeNVcm1jc4vcB6iFicSl4cXWSijLxJSlVkDqMi8Neb3Zw-NQI3mQIt_3Eq51MncS-1vLBr0_qdAFREXVduyb-gRzgGSrE2pMxEO4Bbp5fvYnjaKsSdtNVvzayKwBDO418mfGzRbQyzpR2EeAFGIAkVRb_Mfh7Uil8nhBeg",
        "PLykI28j5VLdVstbF135Xjj-10-NiV5Ewyzb3o_uL-jhfXtwSxhuCilHDYDHpv-pmP74XCtHLd6sNXuQbLjHm0J_FAN3yZk55rewcRKoMooGwWfszTtqgjlpW5I288YPeQTijpi599wF4hZrE6K1bEdOF5cyo8nopaQUqHV6cHYy1sGQJA6z7bODdyJ-jF9nK8lbZB58ZC4_KUVX3Jxr9l_B1yyvvSjJirddVpoGFlF4Qa9VenQ8QCCY9ir8zTNAUAqjHh5BD4U-F60_0rXQKkC5tSDb0O_jFBpQ8LLKMEvxqjrhwN6Zx3IyaewEgV6e4gTZwxqyKJItlui7cWTZIg",
        "CFfhT4N8_nZnxQSmAoxUZ8e82-yFklOoxXiZa0AYMQy6uetl9k_Wsy8t-k3K_kj35EahbptQ333B0IytIJrbMiY5S6C_KeS5ZoV6vpqpLX1jSw1m7bdPm2ioN4HEKsZOVGp3k0DZMc6NTXjW28dZhFJmeIgh1KTbbFCdu1Mh-6-6QAD_Hqy4k6sv1BmnL1cUJcTJ53wlTpAE-_jsFYi6TvpxQ6WeZoxb_Cs3f1SE0b7i07xFfx_cvhxUFs_zoWpRbdeU7dEQRdptjo66kIHYvAGgxJIA0taY1TT30da1hDuIFS9i3Ck1-e3fPY_Alp3IYERIZeHoG5LJ0V00q4oVWw",
    ] {
        assert!(!key.signed(message, modified), "{modified}");
    }
    for signature in misshapen(&URL_SAFE_NO_PAD.decode(valid).unwrap(), &[1, 0, 1]) {
        assert!(!key.signed(message, &b64(signature)));
    }
}

/// json_web_signature 18 and 32: another key, brought along in the header of the token.
#[test]
fn t11_an_embedded_key_is_not_used() {
    let (x, y) = (
        "04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY",
        "UI8exy-C06a7DUnjIdENkxeFtHM4-l_41LqEw9nVgmw",
    );
    let key = public(json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "kid-ec-sign", "x": x, "y": y,
    }));
    let valid = "5cA0OHyMP7ezamUd5c9kV-FrGxdx4hbGXOdplQkutrqWrte5P-pAvsE3Ve6xSyU3YDQwUHjVVOtvcrEbbnZ8yA";
    assert!(key.signed(b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImtpZC1lYy1zaWduIn0.Zm9v", valid));
    let token = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtpZC1lYy1zaWduIiwiandrIjp7Imt0eSI6IkVDIiwia2lkIjoia2lkLWVjLXNpZ24iLCJ1c2UiOiJzaWciLCJhbGciOiJFUzI1NiIsIngiOiJNZG5UWkRJaERKYmZBU2RGcWFtY3BPMkNoOUdOS0sybTBNUWxoNDAyU3BvIiwieSI6Ijdhdko0bHFfV3l4LW5MUERCUTJZcHl0dUh5TWlvMDdCVXl2bDNqYUMtMVkiLCJjcnYiOiJQLTI1NiJ9fQ.Zm9v.4jmsollQD8ZxvySzXYnIEYA4fwaZi2ZbC0aI1J4LYmW2Bn31NhKdjms2N6o51Dff5-InWXQF9m45VtTexl6yjg";
    let (message, signature) = token.rsplit_once('.').unwrap();
    assert!(!key.signed(message.as_bytes(), signature));
    let verifier = Verifier::new(ISSUER, AUDIENCE);
    assert_eq!(
        verifier.verify(token, &KeySet(vec![key]), at(NOW * 1000)),
        Err(Refusal::Header)
    );
    // It is a true signature of the key that it brings along, so something else than its numbers was refused.
    let mut brought = object(parts(token).unwrap().0).unwrap()["jwk"].clone();
    brought["use"] = json!("sig");
    assert!(public(brought).signed(message.as_bytes(), signature));
}

#[test]
fn t11_the_example_of_rfc_8037_verifies() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let key = public(json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "rfc", "x": x}));
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert!(key.signed(message, signature));
}
