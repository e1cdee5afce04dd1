use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

#[derive(Debug, Deserialize)]
struct Shape {
    #[expect(dead_code, reason = "only read by serde")]
    name: String,
}

fn refused(text: &str) -> Error {
    parse::<Shape>(text.as_bytes(), Names::Exact).unwrap_err()
}

#[test]
fn what_is_not_json_is_reported_with_line_and_column() {
    let message = refused("{\n  \"name\": }").to_string();
    assert!(message.contains("line 2, column 11"), "{message}");
}

#[test]
fn a_missing_field_and_a_wrong_type_are_reported_with_their_pointer() {
    for text in ["{}", r#"{"name": 3}"#] {
        let Error::Invalid(violations) = refused(text) else {
            panic!("{text}")
        };
        assert_eq!(violations[0].pointer, "/name", "{text}");
    }
}

#[test]
fn i01_null_an_array_depth_a_byte_order_mark_and_a_second_value_are_refused() {
    let deep = "[".repeat(10_000);
    for text in [
        "null",
        "[]",
        "",
        &deep,
        "\u{feff}{\"name\":\"a\"}",
        "{\"name\":\"a\"} {}",
        "NaN",
        "1e400",
    ] {
        refused(text);
    }
    let twice = refused(r#"{"name":"a","name":"b"}"#);
    assert!(twice.to_string().contains("duplicate field"), "{twice}");
}

#[test]
fn a_name_that_stands_twice_is_refused_with_its_pointer_though_nobody_reads_it() {
    for (text, pointer) in [
        (r#"{"name":"a","name":"a"}"#, "/name"),
        (r#"{"name":"a","other":1,"other":2}"#, "/other"),
        (
            r#"{"name":"a","other":[0,{"x":{"a/b":1,"a\u002fb":2}}]}"#,
            "/other/1/x/a~1b",
        ),
    ] {
        let Error::Invalid(violations) = refused(text) else {
            panic!("{text}")
        };
        assert_eq!(violations[0].pointer, pointer, "{text}");
    }
    // As they are written: these are two.
    parse::<Shape>(br#"{"name":"a","Name":"b","NAME":"c"}"#, Names::Exact).unwrap();
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AnyCase {
    first_name: String,
    address: Option<Value>,
}

fn any_case(text: &str) -> Result<AnyCase> {
    parse(text.as_bytes(), Names::AnyCase(&["FirstName", "Address", "City"]))
}

fn pointer_of(text: &str) -> String {
    match any_case(text).unwrap_err() {
        Error::Invalid(violations) => violations[0].pointer.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn fields_are_read_in_any_letter_case_at_any_depth_and_others_are_not_there() {
    for text in [
        r#"{"FirstName": "J", "Address": {"City": [{"CITY": 1}], "Planet": 2}}"#,
        r#"{"firstname": "J", "ADDRESS": {"city": [{"City": 1}], "x": {"y": []}}, "other": null}"#,
    ] {
        let read = any_case(text).unwrap();
        assert_eq!(read.first_name, "J", "{text}");
        assert_eq!(read.address, Some(json!({ "City": [{ "City": 1 }] })), "{text}");
    }
}

#[test]
fn a_complaint_names_a_field_as_the_contract_spells_it() {
    assert_eq!(pointer_of(r#"{"FIRSTNAME": 1}"#), "/FirstName");
    assert_eq!(pointer_of("{}"), "/FirstName");
}

#[test]
fn two_fields_that_differ_in_letter_case_alone_are_refused_at_any_depth() {
    assert_eq!(pointer_of(r#"{"FirstName": "a", "firstname": "b"}"#), "/FirstName");
    assert_eq!(
        pointer_of(r#"{"FirstName": "a", "address": {"City": 1, "city": 1}}"#),
        "/address/City"
    );
}

#[test]
fn i01_what_is_no_object_is_refused_as_every_body_is() {
    for text in ["", "null", "[]", "{", "{\"a\":1e400}", "\u{feff}{}"] {
        assert!(any_case(text).is_err(), "{text}");
    }
}
