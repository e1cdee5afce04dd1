//! What a route costs does not grow with the number of accounts, but for what is listed with its reason: the small form of
//! the table in `docs/performance.md`.

use bench::scale::{Scale, chart};

#[tokio::test(flavor = "multi_thread")]
async fn s02_among_400_accounts_every_route_costs_what_it_costs_among_40() {
    let place = tempfile::tempdir().unwrap();
    let measured = Scale::measure(&[40, 400], place.path(), &|_| {}).await.unwrap();
    let findings = measured.findings();
    assert!(
        findings.is_empty(),
        "{}\nThese cost more, for no reason that stands beside them in bench/src/scale/cases.txt. Look at what they cost among \
         more with `cargo run --release -p bench -- scale`. (Requests, RCU, WCU, KB from DynamoDB, KB to it.)",
        findings.join("\n")
    );
    // Each chart has its cases.
    let shown = chart::draw(&measured, &place.path().join("charts")).unwrap();
    assert_eq!(shown.lines().count(), 5, "{shown}");
}
