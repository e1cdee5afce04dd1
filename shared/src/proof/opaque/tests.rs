use std::collections::HashSet;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

const KINDS: [Kind; 3] = [Kind::Refresh, Kind::OneTime, Kind::ApiKey];

fn plain(secret: &SecretString) -> String {
    secret.expose_secret().to_owned()
}

fn refresh() -> RefreshToken {
    let now = Timestamp::UNIX_EPOCH;
    RefreshToken::first(UserId::new(now).unwrap(), SessionId::new(now).unwrap()).unwrap()
}

/// The text with a CRC that fits, however wrong the rest is.
fn reframed(framed: &str) -> String {
    format!("{framed}{}", crc(framed))
}

#[test]
fn a_secret_is_known_again_by_its_digest() {
    for kind in KINDS {
        let minted = Opaque::mint(kind).unwrap();
        let text = plain(minted.text());
        assert!(text.starts_with(kind.prefix()), "{text}");
        let parsed = Opaque::parse(kind, &text).unwrap();
        assert_eq!(parsed.digest(), minted.digest());
        assert_eq!(plain(parsed.text()), text);
        assert_eq!(parsed.kind(), kind);
        assert_ne!(Opaque::mint(kind).unwrap().digest(), minted.digest());
    }
}

#[test]
fn t06_no_opaque_secret_passes_for_another_kind() {
    let mut texts: Vec<_> = KINDS
        .iter()
        .map(|kind| plain(Opaque::mint(*kind).unwrap().text()))
        .collect();
    texts.push(plain(&refresh().text()));
    texts.push("eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.AAAA".to_owned());
    for (i, text) in texts.iter().enumerate() {
        for (j, kind) in KINDS.into_iter().enumerate() {
            assert_eq!(Opaque::parse(kind, text).is_some(), i == j, "{text} as {kind:?}");
        }
        assert_eq!(RefreshToken::parse(text).is_some(), i == 3, "{text} as a refresh token");
    }
}

#[test]
fn t06_changing_the_prefix_of_a_secret_does_not_change_its_kind() {
    let text = plain(Opaque::mint(Kind::OneTime).unwrap().text());
    let forged = text.replace(Kind::OneTime.prefix(), Kind::ApiKey.prefix());
    assert!(Opaque::parse(Kind::ApiKey, &forged).is_none());
}

#[test]
fn a_typing_error_is_found_without_a_look_up() {
    let text = plain(Opaque::mint(Kind::ApiKey).unwrap().text());
    for i in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[i] = if bytes[i] == b'x' { b'y' } else { b'x' };
        let typo = String::from_utf8(bytes).unwrap();
        assert!(Opaque::parse(Kind::ApiKey, &typo).is_none(), "{typo}");
        assert!(Opaque::parse(Kind::ApiKey, &text[..i]).is_none());
    }
}

#[test]
fn a_secret_has_one_spelling() {
    let text = plain(Opaque::mint(Kind::ApiKey).unwrap().text());
    let framed = &text[..text.len() - CRC_LEN];
    assert!(Opaque::parse(Kind::ApiKey, &reframed(framed)).is_some());
    for other in [
        format!(" {text}"),
        format!("{text}\n"),
        text.to_uppercase(),
        reframed(&format!("{framed}=")),
        reframed(&format!("{framed}A")),
        reframed(&framed[..framed.len() - 1]),
        reframed(&format!("{}\u{e9}", &framed[..framed.len() - 2])),
        reframed(Kind::ApiKey.prefix()),
        reframed(&format!("{}{}", Kind::ApiKey.prefix(), "A".repeat(10_000))),
        text.replace('_', "-"),
        String::new(),
        "\u{1f980}\u{1f980}\u{1f980}".to_owned(),
    ] {
        assert!(Opaque::parse(Kind::ApiKey, &other).is_none(), "{other}");
    }
    let long = reframed(&format!("{}{}", Kind::ApiKey.prefix(), "A".repeat(4 * MAX_LEN)));
    assert!(unframe(Kind::ApiKey, &long).is_none(), "a long text is not looked at");
    // 32 bytes leave two bits of the last letter unused: only zeros will do.
    let zero = reframed(&format!("{}{}", Kind::ApiKey.prefix(), "A".repeat(43)));
    let loose = reframed(&format!("{}{}B", Kind::ApiKey.prefix(), "A".repeat(42)));
    assert!(Opaque::parse(Kind::ApiKey, &zero).is_some());
    assert!(Opaque::parse(Kind::ApiKey, &loose).is_none());
}

#[test]
fn a_refresh_token_names_where_it_belongs() {
    let first = refresh();
    assert_eq!((first.depth(), first.attempt()), (0, 0));
    let next = first.next(7, 2).unwrap();
    let parsed = RefreshToken::parse(&plain(&next.text())).unwrap();
    assert_eq!((parsed.user(), parsed.session()), (first.user(), first.session()));
    assert_eq!((parsed.depth(), parsed.attempt()), (7, 2));
    assert_eq!(parsed.digest(), next.digest());
    assert_eq!(plain(&parsed.text()), plain(&next.text()));
}

#[test]
fn a_refresh_token_is_laid_out_as_written_down() {
    let token = RefreshToken {
        user: UserId::from_uuid(Uuid::from_bytes([1; 16])),
        session: SessionId::from_uuid(Uuid::from_bytes([2; 16])),
        depth: 3,
        attempt: 4,
        family: Zeroizing::new([5; 16]),
        secret: Zeroizing::new([6; 32]),
    };
    let body = [
        vec![1; 16],
        vec![2; 16],
        vec![0, 0, 0, 3, 0, 0, 0, 4],
        vec![5; 16],
        vec![6; 32],
    ]
    .concat();
    let framed = format!("usher_rt_{}", URL_SAFE_NO_PAD.encode(body));
    let crc = crc32fast::hash(framed.as_bytes());
    assert_eq!(plain(&token.text()), format!("{framed}_{crc:08x}"));
}

#[test]
fn r01_every_generation_is_known_by_the_family_and_each_by_its_own_digest() {
    let first = refresh();
    let next = first.next(1, 0).unwrap();
    let again = first.next(1, 0).unwrap();
    assert_eq!(first.family_digest(), next.family_digest());
    assert_ne!(first.digest(), next.digest());
    assert_ne!(next.digest(), again.digest());
    assert_ne!(refresh().family_digest(), first.family_digest());
}

#[test]
fn r07_a_refresh_token_that_names_another_session_has_other_digests() {
    let token = refresh();
    let other = refresh();
    for moved in [
        RefreshToken {
            user: other.user,
            ..token.clone()
        },
        RefreshToken {
            session: other.session,
            ..token.clone()
        },
    ] {
        assert_ne!(moved.digest(), token.digest());
        assert_ne!(moved.family_digest(), token.family_digest());
    }
    for moved in [
        RefreshToken {
            depth: 9,
            ..token.clone()
        },
        RefreshToken {
            attempt: 9,
            ..token.clone()
        },
    ] {
        assert_ne!(moved.digest(), token.digest());
    }
}

#[test]
fn r08_no_secret_is_shown_by_debug() {
    let token = refresh();
    let opaque = Opaque::mint(Kind::OneTime).unwrap();
    let shown = format!("{token:?} {opaque:?}");
    assert!(!shown.contains(&format!("{:?}", *token.secret)), "{shown}");
    assert!(!shown.contains(&format!("{:?}", *token.family)), "{shown}");
    for text in [plain(&token.text()), plain(opaque.text())] {
        assert!(!shown.contains(&text[..30]), "{shown}");
    }
}

#[test]
fn a_digest_is_stored_as_base64url() {
    let digest = Digest::of(b"abc");
    let text = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
    assert_eq!(digest.to_string(), text);
    assert_eq!(serde_json::to_string(&digest).unwrap(), format!("\"{text}\""));
    assert_eq!(serde_json::from_str::<Digest>(&format!("\"{text}\"")).unwrap(), digest);
    assert_ne!(Digest::of(b"abd"), digest);
    for wrong in ["", "ungW", &format!("{text}=")] {
        assert_eq!(wrong.parse::<Digest>(), Err(NotADigest));
    }
}

#[test]
fn a_temporary_password_can_be_read_aloud_and_holds_140_bits() {
    let mut seen = HashSet::new();
    let mut letters = HashSet::new();
    for _ in 0..200 {
        let password = plain(&temporary_password().unwrap());
        let groups: Vec<_> = password.split('-').map(str::len).collect();
        assert_eq!(groups, [4; 7], "{password}");
        letters.extend(password.bytes().filter(|byte| *byte != b'-'));
        assert!(seen.insert(password));
    }
    assert_eq!(letters, READABLE.iter().copied().collect());
    assert!(READABLE.iter().all(|letter| !b"ilouIO".contains(letter)));
}

#[test]
fn a_text_of_the_greatest_length_is_looked_at_and_a_longer_one_is_not() {
    for (bytes, is_read) in [(178, true), (179, false)] {
        let text = plain(&frame(Kind::ApiKey, &vec![7; bytes]));
        assert_eq!(text.len() <= MAX_LEN, is_read, "{text}");
        assert_eq!(unframe(Kind::ApiKey, &text).is_some(), is_read, "{text}");
    }
    assert_eq!(plain(&frame(Kind::ApiKey, &[7; 178])).len(), MAX_LEN);
}

/// A buffer that grows leaves a copy of the secret behind, which nothing wipes.
#[test]
fn a_token_fills_exactly_the_room_that_is_made_for_it() {
    let body = unframe(Kind::Refresh, &plain(&refresh().text())).unwrap();
    assert_eq!(body.len(), RefreshToken::LEN);
}

#[test]
fn debug_shows_where_a_token_belongs_and_the_digest_that_stands_for_it() {
    let token = refresh();
    let shown = format!("{token:?}");
    assert!(shown.contains(&format!("{:?}", token.session())), "{shown}");
    let digest = token.digest();
    assert_eq!(format!("{digest:?}"), format!("Digest({digest})"));
    assert_eq!(URL_SAFE_NO_PAD.encode(digest.as_bytes()), digest.to_string());
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        for kind in KINDS {
            prop_assert!(Opaque::parse(kind, &text).is_none());
        }
        prop_assert!(RefreshToken::parse(&text).is_none());
    }
}
