//! No change makes a key hotter unseen: what one request of each kind costs each kind of key, and over how many keys that
//! spreads, is held to a snapshot; and units are what `docs/table.md` states.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end by panicking")]

use std::path::Path;

use bench::heat::ledger::Ledger;
use bench::heat::play::{Size, play};
use bench::heat::rates::Request;
use bench::heat::snapshot;
use tokio::sync::OnceCell;

/// Played once for all tests.
async fn played() -> &'static Ledger {
    static PLAYED: OnceCell<Ledger> = OnceCell::const_new();
    PLAYED.get_or_init(async || play(Size::SMALL).await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_takes_more_than_the_snapshot_states_and_there_is_no_other() {
    let now = snapshot::lines(played().await);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/heat.txt");
    if std::env::var_os("UPDATE_HEAT").is_some() {
        std::fs::write(&path, now.join("\n") + "\n").unwrap();
    }
    let hotter = snapshot::hotter(&std::fs::read_to_string(&path).unwrap(), &now);
    assert!(
        hotter.is_empty(),
        "{}\nThese are new, or take more than bench/tests/heat.txt states. Look at what they take at the goal's rates with \
         `cargo run --release -p bench -- heat`; where that is as it should be, run this with UPDATE_HEAT=1, and write \
         docs/heat.md anew.",
        hotter.join("\n")
    );
}

/// RCU and WCU of a row of the table of routes.
fn stated(route: &str, case: &str) -> (f64, f64) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/table.md");
    let text = std::fs::read_to_string(path).unwrap();
    let begin = format!("| `{route}` | {case} |");
    let row = text
        .lines()
        .find(|line| line.starts_with(&begin))
        .unwrap_or_else(|| panic!("no row {begin}"));
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    (cells[6].parse().unwrap(), cells[7].parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn units_that_are_charged_key_by_key_add_up_to_those_that_the_tables_document_states() {
    let ledger = played().await;
    // With how many counters of limits: of the address, the name and the tenant, which the table's rows are without.
    for (request, route, case, counters) in [
        (Request::Login, "POST /api/auth/token", "right", 3.0),
        (Request::WrongPassword, "POST /api/auth/token", "wrong password", 3.0),
        (Request::Refresh, "POST /api/auth/refresh", "", 2.0),
        (Request::Health, "GET /health", "", 0.0),
    ] {
        let (read, written) = stated(route, case);
        let (read, written) = (read + counters / 2.0, written + counters);
        let cost = ledger.cost(request);
        let name = request.name();
        assert!(
            (cost.read - read).abs() < 0.05,
            "{name}: {} RCU, stated are {read}",
            cost.read
        );
        assert!(
            (cost.written - written).abs() < 0.05,
            "{name}: {} WCU, stated are {written}",
            cost.written
        );
    }
}
