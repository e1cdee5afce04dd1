//! E-mail addresses: one key for each, whatever way it is spelled.

use usher::domain::text::{Email, Login};

use crate::spelling::{alike, in_other_case};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let login = Login::parse(text);
    match Email::parse(text) {
        Ok(email) => {
            holds(&email, text);
            assert_eq!(login, Login::Email(email));
        }
        Err(why) => {
            assert!(!why.is_empty());
            assert!(!matches!(login, Login::Email(_)));
            for other in in_other_case(text) {
                assert!(Email::parse(&other).is_err(), "{other:?} is an address");
            }
        }
    }
}

fn holds(email: &Email, text: &str) {
    assert_eq!((email.as_given(), email.to_string().as_str()), (text, text));
    let key = email.canonical();
    assert!(
        key.bytes()
            .all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()),
        "{key:?}"
    );
    assert_eq!(Email::parse(key).unwrap().canonical(), key, "the key is no fixed point");
    for other in in_other_case(text) {
        assert_eq!(Email::parse(&other).unwrap().canonical(), key, "{other:?}");
    }
    for other in alike(text) {
        if let Ok(same) = Email::parse(&other) {
            assert_eq!(same.canonical(), key, "{other:?}");
        }
    }
    if let Some(former) = email.former() {
        assert_ne!(former, key);
        assert_eq!(Email::parse(&former).unwrap().canonical(), key, "{former:?}");
    }
    let read: Email = serde_json::from_value(serde_json::to_value(email).unwrap()).unwrap();
    assert_eq!((read.as_given(), read.canonical()), (text, key));
}
