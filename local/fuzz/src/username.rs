//! Usernames and names of roles, which share the profile of PRECIS: one key for each, whatever way it is spelled.

use usher::domain::text::{Login, RoleName, Username};

use crate::spelling::{alike, in_other_case};

/// A name, as its type reads it.
struct Name {
    as_given: String,
    key: String,
    former: Option<String>,
}

type Parse = fn(&str) -> Result<Name, String>;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(name) = holds(text, username) {
        assert!(!name.key.contains('@') && !is_id(&name.key), "{:?}", name.key);
        assert_eq!(Login::parse(text), Login::Username(Username::parse(text).unwrap()));
    }
    if let Some(role) = holds(text, role_name) {
        assert!(
            !is_id(&role.key) && role.key.starts_with(char::is_alphanumeric),
            "{:?}",
            role.key
        );
    }
    counted(text);
}

/// What is counted for a login that names nobody is no key that somebody has.
fn counted(text: &str) {
    let login = Login::parse(text);
    let again = Login::parse(login.canonical());
    assert_eq!(login.canonical(), again.canonical());
    // A folded name may be longer than a name can be.
    let is_longer = login.canonical().chars().count() > text.chars().count();
    assert!(is_longer || std::mem::discriminant(&login) == std::mem::discriminant(&again));
}

fn holds(text: &str, parse: Parse) -> Option<Name> {
    let name = match parse(text) {
        Ok(name) => name,
        Err(why) => {
            assert!(!why.is_empty());
            for other in in_other_case(text) {
                assert!(parse(&other).is_err(), "{other:?} is a name");
            }
            return None;
        }
    };
    assert_eq!(name.as_given, text);
    let key = name.key.as_str();
    // A name that was taken before names were folded may fold to more than a new one may have.
    match parse(key) {
        Ok(again) => assert_eq!(again.key, key, "the key is no fixed point"),
        Err(why) => assert!(key.chars().count() > text.chars().count(), "{key:?}: {why}"),
    }
    for other in in_other_case(text) {
        assert_eq!(parse(&other).map(|other| other.key), Ok(key.to_owned()), "{other:?}");
    }
    for other in alike(text) {
        if let Ok(same) = parse(&other) {
            assert_eq!(same.key, key, "{other:?}");
        }
    }
    if let Some(former) = &name.former {
        assert_ne!(former, key);
        assert_eq!(parse(former).map(|former| former.key), Ok(key.to_owned()), "{former:?}");
    }
    Some(name)
}

fn username(text: &str) -> Result<Name, String> {
    Username::parse(text).map(|name| Name {
        as_given: name.as_given().to_owned(),
        key: name.canonical().to_owned(),
        former: name.former(),
    })
}

fn role_name(text: &str) -> Result<Name, String> {
    RoleName::parse(text).map(|name| Name {
        as_given: name.as_given().to_owned(),
        key: name.canonical().to_owned(),
        former: name.former(),
    })
}

fn is_id(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}
