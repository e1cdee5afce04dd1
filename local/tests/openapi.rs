//! The committed OpenAPI document is the one that the route tables make.

#[test]
fn the_committed_document_is_current() {
    let made: serde_json::Value = serde_json::from_str(&local::openapi().unwrap()).unwrap();
    let committed: serde_json::Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    assert!(
        made == committed,
        "openapi.json is not current: run `cargo run -- --write-openapi`"
    );
}

#[test]
fn the_document_has_every_route_with_its_answers() {
    let made: serde_json::Value = serde_json::from_str(&local::openapi().unwrap()).unwrap();
    for row in local::tables().iter().flat_map(usher::http::routes::Routes::rows) {
        let operation = &made["paths"][&*row.path][row.method.as_str().to_lowercase()];
        let answers = operation["responses"].as_object().unwrap();
        assert!(
            answers.keys().any(|status| status.starts_with('2')),
            "{} {}",
            row.method,
            row.path
        );
        assert!(answers.contains_key("503"), "{} {}", row.method, row.path);
    }
}
