use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

fn signed(key: &SigningKey, claims: &AccessClaims) -> String {
    let token = Signer::new(key).unwrap().sign(claims).unwrap();
    token.expose_secret().to_owned()
}

/// Letters of all lengths, and those whose base64 differs between the alphabets.
fn text() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        any::<char>(),
        proptest::sample::select(vec!['>', '?', '~', '\u{7f}', '"', '\\', '\n']),
        proptest::char::range(' ', '\u{ff}'),
        proptest::char::range('\u{10000}', '\u{10ffff}'),
    ];
    vec(letter, 0..12).prop_map(|letters| letters.into_iter().collect())
}

proptest! {
    #[test]
    fn a_payload_is_the_same_in_both_alphabets_of_base64_and_ascii_in_all_of_it(
        roles in vec(text(), 0..4),
        extra in btree_map(text().prop_map(|name| format!("x{name}")), text(), 0..4),
    ) {
        let mut claims = claims();
        claims.roles = roles;
        claims.extra = extra.into_iter().map(|(name, text)| (name, json!([text, { "in": 1 }]))).collect();
        let token = signed(key(Algorithm::EdDsa), &claims);
        let payload = token.split('.').nth(1).unwrap();
        prop_assert!(!payload.contains(['-', '_']), "{payload}");
        let json = URL_SAFE_NO_PAD.decode(payload).unwrap();
        prop_assert!(json.is_ascii());
        let read: Value = serde_json::from_slice(&json).unwrap();
        prop_assert_eq!(read, serde_json::to_value(&claims).unwrap());
        prop_assert_eq!(verify(&token), Ok(claims));
    }
}

#[test]
fn what_is_too_long_escaped_is_written_as_it_is() {
    for letter in ["\u{431}", "\u{20000}", "~"] {
        let named = |letters: usize| {
            let mut claims = claims();
            claims.roles = vec![letter.repeat(letters)];
            let token = signed(key(Algorithm::EdDsa), &claims);
            assert!(token.len() <= MAX_TOKEN, "{letters}: {}", token.len());
            let payload = token.split('.').nth(1).unwrap();
            let json = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
            assert_eq!(verify(&token), Ok(claims));
            json.contains("\\u")
        };
        let escaped: Vec<bool> = (1..1_200).map(named).collect();
        let change = escaped.iter().filter(|is_escaped| **is_escaped).count();
        assert!((300..1_100).contains(&change), "{letter}: {change}");
        assert!(escaped.is_sorted_by(|before, after| before >= after), "{letter}");
    }
}
