use serde_json::json;

use super::*;

#[derive(Debug, Deserialize, ToSchema)]
struct Named {
    name: String,
    count: Option<u32>,
}

fn parse<T: Shaped>(text: &str) -> Result<T> {
    super::parse(text.as_bytes(), &Method::POST)
}

fn refused(text: &str) -> Error {
    parse::<Named>(text).unwrap_err()
}

fn pointers(error: &Error) -> Vec<&str> {
    let Error::Invalid(violations) = error else {
        panic!("{error:?}")
    };
    violations.iter().map(|violation| violation.pointer.as_str()).collect()
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

#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "only read by serde")]
struct Whole {
    name: String,
    email: String,
    count: Option<u32>,
    tags: Option<Vec<String>>,
    part: Option<Named>,
    other: Option<Named>,
    #[serde(default)]
    free: bool,
}

#[test]
fn all_that_is_missing_or_of_another_type_is_reported_at_once() {
    for (body, expected) in [
        (json!({}), vec!["/name", "/email"]),
        (
            json!({ "count": "3", "free": 1 }),
            vec!["/count", "/email", "/free", "/name"],
        ),
        (
            json!({ "name": 1, "email": [], "tags": ["a", 2, 3] }),
            vec!["/email", "/name", "/tags/1"],
        ),
        (
            json!({ "name": "a", "email": "b", "part": { "count": "x" }, "tags": 1 }),
            vec!["/part/count", "/part/name", "/tags"],
        ),
        (
            json!({ "part": {}, "other": 1 }),
            vec!["/part/name", "/other", "/email", "/name"],
        ),
        (
            json!({ "name": "a", "email": "b", "part": {}, "free": null, "count": -1 }),
            vec!["/count", "/part/name"],
        ),
    ] {
        let error = parse::<Whole>(&body.to_string()).unwrap_err();
        let mut found = pointers(&error);
        found.sort_unstable();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(found, expected, "{body}");
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
    assert_eq!(pointers(&refused(r#"{"name":"a","Name":"b"}"#)), ["/name"]);
    // As they are written: what nobody knows are two.
    parse::<Named>(r#"{"name":"a","other":"b","OTHER":"c"}"#).unwrap();
}

#[derive(Debug, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Person {
    first_name: String,
    address: Option<Address>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(flatten)]
    #[schema(value_type = Rest)]
    rest: Map<String, Value>,
}

#[derive(Debug, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Address {
    city: Vec<City>,
}

#[derive(Debug, PartialEq, Deserialize, ToSchema)]
struct City {
    #[serde(rename = "tikTok")]
    tik_tok: i64,
}

#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
#[expect(dead_code, reason = "only described")]
struct Rest {
    max_age: Option<u8>,
    planet: Option<String>,
}

#[test]
fn fields_are_read_in_any_letter_case_at_any_depth_and_others_stay_as_they_are() {
    for text in [
        r#"{"FirstName": "J", "Address": {"City": [{"tikTok": 1}]}, "MaxAge": 2, "other": {"X": 1, "x": 2}}"#,
        r#"{"firstname": "J", "ADDRESS": {"city": [{"TIKTOK": 1}]}, "maxage": 2, "other": {"X": 1, "x": 2}}"#,
    ] {
        let read = parse::<Person>(text).unwrap();
        assert_eq!(read.first_name, "J", "{text}");
        assert_eq!(read.address.unwrap().city, [City { tik_tok: 1 }], "{text}");
        let rest = json!({ "MaxAge": 2, "other": { "X": 1, "x": 2 } });
        assert_eq!(Value::Object(read.rest), rest, "{text}");
    }
    // Where an unknown one is refused, it is seen.
    let unknown = parse::<Person>(r#"{"firstName": "J", "address": {"CITY": [], "Planet": 2}}"#).unwrap_err();
    assert!(unknown.to_string().contains("unknown field `Planet`"), "{unknown}");
}

#[test]
fn a_complaint_names_a_field_as_the_contract_spells_it() {
    for (text, pointer) in [
        (r#"{"FIRSTNAME": 1}"#, "/FirstName"),
        ("{}", "/FirstName"),
        (
            r#"{"FirstName": "a", "ADDRESS": {"city": [{"TIKTOK": "x"}]}}"#,
            "/Address/City/0/tikTok",
        ),
    ] {
        assert_eq!(pointers(&parse::<Person>(text).unwrap_err()), [pointer], "{text}");
    }
}

#[test]
fn two_fields_that_differ_in_letter_case_alone_are_refused_at_any_depth() {
    for (text, pointer) in [
        (r#"{"FirstName": "a", "firstname": "b"}"#, "/FirstName"),
        (r#"{"FirstName": "a", "Roles": null, "roles": []}"#, "/Roles"),
        (
            r#"{"FirstName": "a", "address": {"City": [], "city": []}}"#,
            "/Address/City",
        ),
        (
            r#"{"FirstName": "a", "address": {"City": [{"tiktok": 1, "tikTok": 1}]}}"#,
            "/Address/City/0/tikTok",
        ),
    ] {
        assert_eq!(pointers(&parse::<Person>(text).unwrap_err()), [pointer], "{text}");
    }
}

#[test]
fn a_null_is_the_field_s_absence_where_something_is_made_and_refused_in_a_patch() {
    let text = r#"{"firstName": "a", "roles": null, "address": null, "maxAge": null}"#;
    let read = parse::<Person>(text).unwrap();
    assert_eq!((read.roles, read.address), (vec![], None));
    assert_eq!(read.rest["MaxAge"], Value::Null);
    assert_eq!(
        pointers(&parse::<Person>(r#"{"firstName": null}"#).unwrap_err()),
        ["/FirstName"]
    );
    super::parse::<Person>(text.as_bytes(), &Method::PUT).unwrap();
    let refused = super::parse::<Person>(text.as_bytes(), &Method::PATCH).unwrap_err();
    assert_eq!(pointers(&refused), ["/Roles"]);
    assert!(refused.to_string().contains("cannot be null"), "{refused}");
}

#[test]
fn an_integer_is_one_however_it_is_written() {
    for (text, count) in [
        ("42.0", 42),
        ("4.2e1", 42),
        ("420e-1", 42),
        ("-0.0", 0),
        ("4294967295.0", u32::MAX),
    ] {
        let read = parse::<Named>(&format!(r#"{{"name":"a","count":{text}}}"#)).unwrap();
        assert_eq!(read.count, Some(count), "{text}");
    }
    for text in [
        "42.5",
        "4294967296.0",
        "1e19",
        "1e20",
        "1e300",
        "-1.0",
        "18446744073709551616",
        "1e-9",
        "\"42\"",
    ] {
        let refused = refused(&format!(r#"{{"name":"a","count":{text}}}"#));
        assert_eq!(pointers(&refused), ["/count"], "{text}");
        assert!(
            refused
                .to_string()
                .ends_with("this must be a whole number from 0 to 4294967295"),
            "{refused}"
        );
    }
}

#[test]
fn a_change_of_no_field_that_is_known_is_refused_and_names_those_that_are() {
    #[derive(Debug, Deserialize, ToSchema)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Change {
        b: Option<u8>,
        a: Option<u8>,
    }
    for text in ["{}", r#"{"zzz":1}"#] {
        let change = |method| super::parse::<Change>(text.as_bytes(), &method);
        change(Method::POST).unwrap();
        for method in [Method::PUT, Method::PATCH] {
            assert_eq!(
                change(method).unwrap_err(),
                Error::invalid("", "give at least one of `a`, `b`")
            );
        }
    }
    super::parse::<Change>(br#"{"A":null}"#, &Method::PATCH).unwrap();
}

#[test]
fn a_form_has_each_known_parameter_once_and_an_empty_one_is_none() {
    let form = |text: &str| super::form::<Token>(text.as_bytes());
    assert_eq!(form("token=a%2Bb+c&hint=x&hint=y").unwrap().token, "a+b c");
    for text in [
        "token=a&token=b",
        "token=a&Token=a",
        "",
        "token",
        "token=",
        "token=&hint=a",
    ] {
        assert_eq!(pointers(&form(text).unwrap_err()), ["/token"], "{text}");
    }
}

#[derive(Debug, Deserialize, ToSchema)]
struct Token {
    token: String,
}

#[test]
fn i01_what_is_no_object_is_refused_as_every_body_is() {
    for text in ["", "null", "[]", "{", "{\"a\":1e400}", "\u{feff}{}"] {
        assert!(parse::<Person>(text).is_err(), "{text}");
    }
}

#[test]
fn of_one_or_more_each_is_read_as_one_and_what_is_wrong_has_its_place_in_the_list() {
    let read = |text: &str| one_or_more::<Named>(text.as_bytes(), &Method::POST);
    let names = |text: &str| -> Vec<String> { read(text).unwrap().into_iter().map(|one| one.name).collect() };
    assert_eq!(names(r#"{"NAME":"a"}"#), ["a"]);
    assert_eq!(names(r#"[{"name":"a","x":1},{"Name":"b","count":2.0}]"#), ["a", "b"]);
    assert!(names("[]").is_empty());
    for (text, places) in [
        (
            r#"[{"name":"a"},{"name":1,"count":"x"},{}]"#,
            vec!["/1/count", "/1/name", "/2/name"],
        ),
        (r#"[{"name":"a"},"b",["c"],null]"#, vec!["/1", "/2", "/3"]),
        (r#"[{"name":"a","name":"b"}]"#, vec!["/0/name"]),
        (r#"[{"name":"a","NAME":"b"}]"#, vec!["/0/name"]),
        ("{}", vec!["/name"]),
        ("null", vec![""]),
        ("\"a\"", vec![""]),
    ] {
        let error = read(text).unwrap_err();
        let mut found = pointers(&error);
        found.sort_unstable();
        assert_eq!(found, places, "{text}");
    }
    let many = |count: usize| format!("[{}]", vec![r#"{"name":"a"}"#; count].join(","));
    assert_eq!(names(&many(20)).len(), 20);
    assert_eq!(pointers(&read(&many(21)).unwrap_err()), [""]);
    assert!(matches!(read("[{]"), Err(Error::Malformed(_))));
}
