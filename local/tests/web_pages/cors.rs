//! Which pages may call the API, and that no other may read an answer.

use super::{JSON, OWNER, Server, ask, status};

/// A preflight of this origin, for whatever method.
fn preflight(server: &Server, path: &str, origin: &str, method: &str) -> String {
    let headers = [
        ("Host", server.http.as_str()),
        ("Origin", origin),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    ];
    ask(&server.http, &format!("OPTIONS {path}"), &headers, "")
}

fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let mut lines = answer.split("\r\n").take_while(|line| !line.is_empty());
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    value.unwrap_or_default()
}

fn words(answer: &str, name: &str) -> Vec<String> {
    let mut words: Vec<String> = header(answer, name)
        .split(',')
        .map(|word| word.trim().to_owned())
        .collect();
    words.sort();
    words
}

const PATHS: [&str; 7] = [
    "/api/users",
    "/v1/user/login",
    "/owner/users",
    "/",
    "/openapi.json",
    "/nowhere/at/all",
    "/api/users/x",
];

#[test]
fn a_preflight_of_a_page_of_this_machine_is_answered_on_every_path_whatever_its_method() {
    let server = Server::start(&[], &[]);
    for path in PATHS {
        for (origin, method) in [
            ("http://localhost:5173", "POST"),
            ("https://127.0.0.1:8443", "DELETE"),
            ("http://[::1]", "BREW"),
        ] {
            let answer = preflight(&server, path, origin, method);
            assert_eq!(status(&answer), "204", "{path} {answer}");
            assert_eq!(header(&answer, "access-control-allow-origin"), origin, "{path}");
            assert_eq!(
                words(&answer, "access-control-allow-headers"),
                local::cors::SENT,
                "{path}"
            );
            let methods = words(&answer, "access-control-allow-methods");
            assert_eq!(methods, ["delete", "get", "patch", "post", "put"], "{path}");
            assert_eq!(header(&answer, "access-control-max-age"), "600");
            assert!(answer.contains("vary: ") && answer.contains("origin"), "{answer}");
            assert!(!answer.contains("access-control-allow-credentials"), "{answer}");
        }
    }
}

#[test]
fn a_page_of_this_machine_may_read_answers_and_refusals_with_their_headers() {
    let server = Server::start(&[], &[]);
    let origin = ("Origin", "http://localhost:5173");
    let host = ("Host", server.http.as_str());
    for (line, body, expected) in [
        ("POST /api/auth/login-dev", OWNER, "200"),
        ("GET /api/users", "", "401"),
        ("GET /nowhere", "", "404"),
        ("PUT /health", "", "405"),
        ("GET /docs", "", "200"),
    ] {
        let answer = ask(&server.http, line, &[host, origin, JSON], body);
        assert_eq!(status(&answer), expected, "{line} {answer}");
        assert_eq!(header(&answer, "access-control-allow-origin"), origin.1, "{line}");
        assert_eq!(
            words(&answer, "access-control-expose-headers"),
            local::cors::READ,
            "{line}"
        );
    }
}

#[test]
fn a_page_of_any_other_origin_is_granted_nothing() {
    let server = Server::start(&[], &[]);
    let host = ("Host", server.http.as_str());
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "http://127.0.0.1.nip.example",
        "file://localhost",
    ] {
        for path in PATHS {
            let answer = preflight(&server, path, origin, "POST");
            // The account contract asks for its API key before anything else.
            assert!(["401", "404", "405"].contains(&status(&answer)), "{path} {answer}");
            assert!(!answer.contains("access-control-"), "{answer}");
        }
        let answer = ask(&server.http, "GET /health", &[host, ("Origin", origin)], "");
        assert_eq!(status(&answer), "200");
        assert!(!answer.contains("access-control-"), "{answer}");
        assert!(answer.contains("vary: origin"), "{answer}");
    }
    let two = [host, ("Origin", "http://localhost"), ("Origin", "https://evil.example")];
    assert!(!ask(&server.http, "GET /health", &two, "").contains("access-control-"));
}

#[test]
fn options_that_is_no_preflight_is_a_wrong_method_as_ever() {
    let server = Server::start(&[], &[]);
    let host = ("Host", server.http.as_str());
    let origin = ("Origin", "http://localhost:5173");
    for headers in [
        &[host][..],
        &[host, origin],
        &[host, ("Access-Control-Request-Method", "GET")],
    ] {
        let answer = ask(&server.http, "OPTIONS /api/users", headers, "");
        assert_eq!(
            (status(&answer), header(&answer, "allow")),
            ("405", "get,post"),
            "{answer}"
        );
        assert_eq!(status(&ask(&server.http, "OPTIONS /nowhere", headers, "")), "404");
    }
}

#[test]
fn origins_that_are_named_take_the_place_of_this_machine_s() {
    let flags = [
        "--cors-origin",
        "https://app.example.org",
        "--cors-origin",
        "http://Shop.example:8080/",
    ];
    let server = Server::start(&flags, &[]);
    for (origin, granted) in [
        ("https://app.example.org", true),
        ("http://shop.example:8080", true),
        ("http://app.example.org", false),
        ("https://app.example.org:8443", false),
        ("http://localhost:5173", false),
    ] {
        let answer = preflight(&server, "/api/users", origin, "GET");
        assert_eq!(status(&answer) == "204", granted, "{origin} {answer}");
        assert_eq!(
            header(&answer, "access-control-allow-origin") == origin,
            granted,
            "{origin}"
        );
    }
}

#[test]
fn letters_are_no_page_s_to_read_and_a_name_that_leads_here_is_none_of_ours_for_a_preflight_either() {
    let server = Server::start(&[], &[]);
    let host = ("Host", server.http.as_str());
    let origin = ("Origin", "http://localhost:5173");
    for line in [
        "GET /dev/outbox",
        "GET /dev/outbox/0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    ] {
        let answer = ask(&server.http, line, &[host, origin], "");
        assert!(!answer.contains("access-control-"), "{answer}");
    }
    assert!(!preflight(&server, "/dev/outbox", origin.1, "GET").contains("access-control-"));
    let rebound = [
        ("Host", "evil.example"),
        origin,
        ("Access-Control-Request-Method", "GET"),
    ];
    let answer = ask(&server.http, "OPTIONS /api/users", &rebound, "");
    assert_eq!(status(&answer), "421");
    assert!(!answer.contains("access-control-"), "{answer}");
}
