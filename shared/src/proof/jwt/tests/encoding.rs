use super::*;

#[test]
fn t07_every_letter_of_a_token_counts() {
    let token = genuine(key(Algorithm::EdDsa));
    for i in 0..token.len() {
        for letter in ["A", "B", "-", ".", "=", "+", "/", " ", "\u{e9}"] {
            if &token[i..=i] != letter {
                let changed = format!("{}{letter}{}", &token[..i], &token[i + 1..]);
                assert!(verify(&changed).is_err(), "{letter:?} at {i}");
            }
        }
        assert!(verify(&token[..i]).is_err(), "cut at {i}");
        assert!(verify(&token[i + 1..]).is_err(), "from {i}");
    }
}

#[test]
fn t07_a_token_has_one_spelling() {
    for key in every_key() {
        let token = genuine(key);
        let parts: Vec<_> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else {
            panic!()
        };
        for other in [
            format!(" {token}"),
            format!("{token} "),
            format!("{token}\n"),
            format!("{token}\0"),
            format!("{token}."),
            format!("{token}.{signature}"),
            format!(".{token}"),
            format!("{header}..{payload}.{signature}"),
            format!("{header}.{payload}"),
            format!("{header}.{payload}.{signature}.."),
            format!("{header}=.{payload}.{signature}"),
            format!("{header}.{payload}=.{signature}"),
            format!("{header}.{payload}==.{signature}"),
            format!("{header}.{payload}.{signature}="),
            format!("{header}.{payload}.{signature}=="),
            format!("{header}.{payload}.{}", signature.replace(['-', '_'], "+")),
            format!("{header}.{payload}.{}\n{}", &signature[..20], &signature[20..]),
            format!("{header}. {payload}.{signature}"),
            format!("{header}\u{2024}{payload}\u{2024}{signature}"),
            format!("..{signature}"),
            format!("{header}..{signature}"),
            ".".to_owned(),
            "..".to_owned(),
            "...".to_owned(),
            String::new(),
        ] {
            // Where the signature has no letter to replace it is the genuine token.
            assert!(other == token || verify(&other).is_err(), "{other}");
        }
    }
}

#[test]
fn t07_the_unused_bits_of_the_last_letter_are_zero() {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // The 384 bytes of RSA leave none unused.
    for key in every_key()
        .into_iter()
        .filter(|key| key.algorithm() != Algorithm::Rs256)
    {
        let token = genuine(key);
        // 64 bytes leave four bits of the last letter unused, so sixteen letters decode to the same bytes.
        let last = ALPHABET.find(&token[token.len() - 1..]).unwrap();
        for spare in 1..16 {
            let letter = &ALPHABET[last + spare..=last + spare];
            let other = format!("{}{letter}", &token[..token.len() - 1]);
            assert_eq!(verify(&other), Err(Refusal::Malformed));
        }
    }
}

#[test]
fn t07_a_member_that_is_named_twice_is_refused_wherever_it_is() {
    let key = key(Algorithm::EdDsa);
    let header = header(key).to_string();
    let payload = payload().to_string();
    for (name, value) in [
        ("alg", "\"none\""),
        ("alg", "\"EdDSA\""),
        ("kid", "\"k\""),
        ("typ", "\"at+jwt\""),
    ] {
        for twice in [
            header.replacen('{', &format!("{{\"{name}\":{value},"), 1),
            header.replacen('}', &format!(",\"{name}\":{value}}}"), 1),
        ] {
            assert_eq!(
                verify(&forge(key, &twice, &payload)),
                Err(Refusal::Malformed),
                "{twice}"
            );
        }
    }
    for (name, value) in [
        ("exp", "9999999999"),
        ("sub", "\"x\""),
        ("x", "{\"a\":1,\"a\":1}"),
        ("x", "[{\"a\":1,\"a\":2}]"),
    ] {
        for twice in [
            payload.replacen('{', &format!("{{\"{name}\":{value},"), 1),
            payload.replacen(
                '{',
                &format!("{{\"\\u00{:02x}{}\":{value},", name.as_bytes()[0], &name[1..]),
                1,
            ),
        ] {
            assert_eq!(verify(&forge(key, &header, &twice)), Err(Refusal::Malformed), "{twice}");
        }
    }
}

#[test]
fn t07_a_part_that_is_no_json_object_is_refused() {
    let key = key(Algorithm::EdDsa);
    let header = header(key).to_string();
    let payload = payload().to_string();
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    for other in [
        "",
        " ",
        "null",
        "1",
        "\"x\"",
        "[]",
        "{",
        "{}{}",
        "{\"a\":1,}",
        "{'a':1}",
        "\u{feff}{}",
        &deep,
    ] {
        assert_eq!(verify(&forge(key, &header, other)), Err(Refusal::Malformed), "{other}");
        assert_eq!(verify(&forge(key, other, &payload)), Err(Refusal::Malformed), "{other}");
    }
    for junk in ["x", "{}", "\0", ","] {
        assert_eq!(
            verify(&forge(key, &header, &format!("{payload}{junk}"))),
            Err(Refusal::Malformed)
        );
        assert_eq!(
            verify(&forge(key, &format!("{header}{junk}"), &payload)),
            Err(Refusal::Malformed)
        );
    }
    let array = format!("[\"EdDSA\",\"{}\",\"at+jwt\"]", key.kid());
    assert_eq!(verify(&forge(key, &array, &payload)), Err(Refusal::Malformed));
}

#[test]
fn t07_text_that_is_not_unicode_is_refused() {
    let key = key(Algorithm::EdDsa);
    let header = b64(header(key).to_string());
    for bytes in [
        &b"{\"a\":\"\xff\"}"[..],
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"{\"a\":\"\\ud800\"}",
        b"{\"a\":\"\xc0\x80\"}",
    ] {
        let message = format!("{header}.{}", b64(bytes));
        let token = format!("{message}.{}", b64(signature(key, message.as_bytes())));
        assert_eq!(verify(&token), Err(Refusal::Malformed));
    }
}

#[test]
fn t07_the_json_serialisation_is_no_token() {
    let token = genuine(key(Algorithm::EdDsa));
    let parts: Vec<_> = token.split('.').collect();
    let flat = json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]});
    let general = json!({"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]});
    assert_eq!(verify(&flat.to_string()), Err(Refusal::Malformed));
    assert_eq!(verify(&general.to_string()), Err(Refusal::Malformed));
}

#[test]
fn t07_a_long_token_is_refused_before_it_is_read() {
    let key = key(Algorithm::EdDsa);
    let header = header(key).to_string();
    let padded = |len: usize| {
        let mut payload = payload();
        payload["pad"] = json!("x".repeat(len));
        forge(key, &header, &payload.to_string())
    };
    // Three bytes of payload are four letters of the token.
    let room = MAX_TOKEN - padded(0).len();
    let fits = padded(room / 4 * 3);
    assert!((MAX_TOKEN - 4..=MAX_TOKEN).contains(&fits.len()), "{}", fits.len());
    assert!(verify(&fits).is_ok());
    let head_and_payload = |len: usize| parts(&format!("a.b.{}", "c".repeat(len - 4))).is_ok();
    assert!(head_and_payload(MAX_TOKEN) && !head_and_payload(MAX_TOKEN + 1));
    assert_eq!(verify(&padded(room / 4 * 3 + 4)), Err(Refusal::TooLong));
    assert_eq!(verify(&"a".repeat(1 << 20)), Err(Refusal::TooLong));
    assert_eq!(verify(&".".repeat(1 << 20)), Err(Refusal::TooLong));
}

#[test]
fn the_longest_token_that_is_looked_at_is_signed_and_no_longer_one() {
    let signed = |algorithm, len: usize| {
        let mut claims = claims();
        claims.extra.insert("pad".to_owned(), json!("x".repeat(len)));
        let token = Signer::new(key(algorithm)).unwrap().sign(&claims);
        token.map(|token| token.expose_secret().len())
    };
    // Three bytes are four letters, so that one of the algorithms alone comes to every length.
    let longest = [Algorithm::EdDsa, Algorithm::Rs256].map(|algorithm| {
        let lengths = (5_000..6_000).map_while(|len| signed(algorithm, len).ok());
        let longest = lengths.last().unwrap();
        assert!(longest > MAX_TOKEN - 4, "{longest}");
        longest
    });
    assert_eq!(longest.into_iter().max(), Some(MAX_TOKEN));
}
