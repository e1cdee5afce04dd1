use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A profile with every field set.
fn whole() -> Value {
    json!({
        "firstName": "Jane", "middleName": "Marie", "lastName": "Doe", "displayName": "Jane D.",
        "gender": "Female", "age": 42,
        "address": { "country": "Germany", "city": "Kiel", "street": "Holstenstraße 1" },
        "contact": {
            "mobile": "+49 431 123456", "email": "jane@example.org", "website": "https://jane.example.org/",
            "facebook": "jane.doe", "instagram": "@jane", "tikTok": "@jane", "youtube": "@jane", "twitter": "@jane",
        },
    })
}

fn profile(json: Value) -> Profile {
    serde_json::from_value(json).unwrap()
}

/// Where a patch of an empty profile is refused, and why.
fn refused(patch: Value) -> Vec<(String, String)> {
    match Profile::default().merge(&patch) {
        Err(Error::Invalid(violations)) => violations.into_iter().map(|v| (v.pointer, v.detail)).collect(),
        other => panic!("{patch} gave {other:?}"),
    }
}

fn refused_at(patch: Value) -> Vec<String> {
    refused(patch).into_iter().map(|(pointer, _)| pointer).collect()
}

#[test]
fn every_field_has_its_name_on_the_wire_and_survives_it() {
    let read = profile(whole());
    assert_eq!(read.validate(), Ok(()));
    assert_eq!(serde_json::to_value(&read).unwrap(), whole());
}

#[test]
fn what_is_not_set_is_not_there() {
    assert_eq!(serde_json::to_value(Profile::default()).unwrap(), json!({}));
    assert_eq!(profile(json!({})), Profile::default());
}

#[test]
fn a_patch_sets_what_it_names_and_leaves_the_rest() {
    let after = profile(whole())
        .merge(&json!({ "age": 43, "contact": { "tikTok": "@doe" } }))
        .unwrap();
    let mut expected = whole();
    expected["age"] = json!(43);
    expected["contact"]["tikTok"] = json!("@doe");
    assert_eq!(serde_json::to_value(after).unwrap(), expected);
}

#[test]
fn null_removes_a_field_and_what_is_in_it() {
    let after = profile(whole())
        .merge(&json!({ "gender": null, "address": null, "contact": { "email": null } }))
        .unwrap();
    assert_eq!((after.gender, after.address), (None, None));
    assert_eq!(
        after.contact.as_ref().map(|c| (c.email.is_none(), c.mobile.is_some())),
        Some((true, true))
    );
}

#[test]
fn an_address_with_nothing_in_it_is_removed() {
    let lived = profile(json!({ "address": { "city": "Kiel" } }));
    assert_eq!(
        lived.merge(&json!({ "address": { "city": null } })).unwrap(),
        Profile::default()
    );
    assert_eq!(
        Profile::default().merge(&json!({ "contact": {} })).unwrap(),
        Profile::default()
    );
}

#[test]
fn z03_fields_that_raise_rights_or_are_unknown_have_no_effect() {
    let patch = json!({
        "role": "owner", "roles": ["owner"], "permissions": ["admin.users"], "is_admin": true, "status": 7,
        "emailVerified": true, "email": "x@example.org", "username": 1, "password_hash": "x", "id": {}, "version": 9,
        "pk": "x", "sk": "x", "FirstName": "X", "first_name": "X", "contact": { "roles": [] },
    });
    assert_eq!(Profile::default().merge(&patch).unwrap(), Profile::default());
}

#[test]
fn a_wrong_type_is_named_by_its_place_in_words_without_rust() {
    let cases = [
        (json!({ "firstName": 1 }), "/firstName", "this must be a text"),
        (
            json!({ "contact": { "tikTok": [] } }),
            "/contact/tikTok",
            "this must be a text",
        ),
        (
            json!({ "contact": { "tikTok": { "a": 1 } } }),
            "/contact/tikTok",
            "this must be a text",
        ),
        (json!({ "address": "Kiel" }), "/address", "an object"),
        (json!({ "contact": true }), "/contact", "an object"),
        (
            json!({ "gender": "mail" }),
            "/gender",
            "`Male`, `Female`, `Other`, `Undefined`",
        ),
        (json!({ "age": "42" }), "/age", "a whole number from 0 to 150"),
        (json!({ "age": 42.5 }), "/age", "a whole number from 0 to 150"),
        (json!({ "age": -1 }), "/age", "a whole number from 0 to 150"),
        (json!({ "age": 151 }), "/age", "a whole number from 0 to 150"),
        (json!({ "age": u64::MAX }), "/age", "a whole number from 0 to 150"),
    ];
    for (patch, pointer, expected) in cases {
        let violations = refused(patch.clone());
        assert!(
            matches!(violations.as_slice(), [(at, detail)] if at == pointer && detail.ends_with(expected)),
            "{patch}: {violations:?}"
        );
    }
}

#[test]
fn a_gender_is_taken_in_any_letter_case_and_shown_in_one() {
    for (sent, shown) in [
        ("male", "Male"),
        ("FEMALE", "Female"),
        ("oTHER", "Other"),
        ("undefined", "Undefined"),
    ] {
        let kept = Profile::default().merge(&json!({ "gender": sent })).unwrap();
        assert_eq!(serde_json::to_value(kept).unwrap(), json!({ "gender": shown }));
    }
}

#[test]
fn a_gender_that_is_no_word_is_refused_at_its_place() {
    assert_eq!(refused_at(json!({ "gender": 1 })), ["/gender"]);
    assert_eq!(refused_at(json!({ "gender": { "Male": 1 } })), ["/gender"]);
}

#[test]
fn a_patch_that_is_no_object_is_refused() {
    for patch in [json!(null), json!([]), json!("x"), json!(1)] {
        assert_eq!(refused_at(patch), [""]);
    }
}

#[test]
fn every_broken_rule_is_reported_at_its_wire_name() {
    let long = "x".repeat(257);
    let broken = json!({
        "firstName": long, "middleName": long, "lastName": long, "displayName": long,
        "address": { "country": long, "city": long, "street": long },
        "contact": {
            "mobile": long, "email": long, "website": long, "facebook": long, "instagram": long,
            "tikTok": long, "youtube": long, "twitter": long,
        },
    });
    let mut pointers = refused_at(broken);
    pointers.sort();
    assert_eq!(
        pointers,
        [
            "/address/city",
            "/address/country",
            "/address/street",
            "/contact/email",
            "/contact/facebook",
            "/contact/instagram",
            "/contact/mobile",
            "/contact/tikTok",
            "/contact/twitter",
            "/contact/website",
            "/contact/youtube",
            "/displayName",
            "/firstName",
            "/lastName",
            "/middleName",
        ]
    );
}

#[test]
fn lengths_are_counted_in_characters_and_held_at_both_sides() {
    let patch = |letter: &str, name, other| json!({ "lastName": letter.repeat(name), "address": { "city": letter.repeat(other) } });
    assert!(Profile::default().merge(&patch("\u{1f511}", 256, 256)).is_ok());
    // What is nested is reported first: garde goes down before it looks at its own.
    assert_eq!(refused_at(patch("a", 257, 257)), ["/address/city", "/lastName"]);
}

#[test]
fn i10_control_characters_are_refused_in_every_text() {
    for c in ["\n", "\r", "\0", "\u{1b}", "\u{85}", "\u{2028}", "\u{202e}"] {
        for (pointer, mut patch) in [
            ("/firstName", json!({ "firstName": "a" })),
            ("/address/street", json!({ "address": { "street": "a" } })),
            ("/contact/mobile", json!({ "contact": { "mobile": "1" } })),
            (
                "/contact/website",
                json!({ "contact": { "website": "https://a.example/" } }),
            ),
        ] {
            let text = patch.pointer_mut(pointer).unwrap();
            *text = json!(format!("{}{c}b", text.as_str().unwrap()));
            assert_eq!(refused_at(patch), [pointer], "{c:?}");
        }
    }
}

#[test]
fn i10_html_and_formulas_are_text_like_any_other() {
    let patch = json!({ "displayName": "<script>alert(1)</script>", "lastName": "=cmd|'/c calc'!A1" });
    assert_eq!(
        serde_json::to_value(Profile::default().merge(&patch).unwrap()).unwrap(),
        patch
    );
}

#[test]
fn contacts_are_free_text_of_at_most_256_characters() {
    for field in [
        "mobile",
        "email",
        "website",
        "facebook",
        "instagram",
        "tikTok",
        "youtube",
        "twitter",
    ] {
        for text in [
            "www.example.org",
            "javascript:alert(1)",
            "jane (evenings)",
            &"\u{1f511}".repeat(256),
        ] {
            let patch = json!({ "contact": { field: text } });
            let kept = Profile::default().merge(&patch).unwrap();
            assert_eq!(serde_json::to_value(kept).unwrap(), patch);
        }
        let long = json!({ "contact": { field: "a".repeat(257) } });
        assert_eq!(refused_at(long), [format!("/contact/{field}")]);
    }
}

#[test]
fn an_age_beyond_the_range_is_refused_though_it_never_met_the_wire() {
    let old = Profile {
        age: Some(151),
        ..Profile::default()
    };
    let violations = old.validate().unwrap_err();
    assert_eq!(
        violations.iter().map(|v| v.pointer.as_str()).collect::<Vec<_>>(),
        ["/age"]
    );
    assert_eq!(
        Profile {
            age: Some(150),
            ..Profile::default()
        }
        .validate(),
        Ok(())
    );
}

#[test]
fn the_schema_names_the_fields_as_the_wire_does() {
    let schema = serde_json::to_value(<Contact as utoipa::PartialSchema>::schema()).unwrap();
    let names: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    let contact: Vec<_> = whole()["contact"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        std::collections::BTreeSet::from_iter(names),
        std::collections::BTreeSet::from_iter(contact)
    );
    assert_eq!(schema["required"], Value::Null);
}

proptest! {
    #[test]
    fn a_patch_applied_twice_is_applied_once(first in "\\PC{0,100}", age in 0..=150u8, city in proptest::option::of("[a-z]{0,9}")) {
        let patch = json!({ "firstName": first, "age": age, "address": { "city": city } });
        if let Ok(once) = profile(whole()).merge(&patch) {
            prop_assert_eq!(once.merge(&patch).unwrap(), once);
        }
    }
}
