//! Each contract's own words for a key that is taken.

use serde_json::{Value, json};
use usher::error::Error;
use usher::store::table::{Changes, Cond, number};

use super::{assert_refused, kept, place, ready, rows};
use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn in_flight_is_409_with_when_it_is_over_in_each_contract_s_words() {
    let world = World::new().await;
    let mut sentences = Vec::new();
    for (n, row) in rows().into_iter().enumerate() {
        let request = ready(&world, &row.path, n).await;
        let (key, before) = (request.key(n), kept(&world));
        assert!(request.send(&key).await.status.is_success(), "{}", row.path);
        let mut new = kept(&world);
        new.retain(|item| !before.contains(item));
        let ends = world.now().as_millisecond() + 7_000;
        let begun = Changes::new()
            .remove("answer")
            .remove("until")
            .set("lease", number(ends));
        world
            .app
            .table
            .update(&place(&new[0]), &begun, &Cond::exists())
            .await
            .unwrap();
        let items = world.items();
        let reply = request.send(&key).await;
        assert_refused(&row, &request.path, &reply, &Error::InFlight(7));
        assert_eq!(reply.header("retry-after"), "7");
        assert_refused(&row, &request.path, &request.send_other(&key).await, &Error::KeyReused);
        assert!(world.items() == items, "{} did something", row.path);
        sentences.push((row.path, reply.body));
    }
    let of = |path: &str| &sentences.iter().find(|(own, _)| own == path).unwrap().1;
    let sentence = "a request with this Idempotency-Key is being carried out: send it again when that is over";
    let directory = of("/api/roles");
    assert_eq!(directory["detail"], sentence);
    assert_eq!(
        (&directory["type"], &directory["status"]),
        (&json!("/problems/in-flight"), &json!(409))
    );
    let capital = format!("A{}", &sentence[1..]);
    assert_eq!(of("/v1/admin/users"), &json!({ "error": capital }));
    assert_eq!(of("/v1/user/register"), &json!({ "error": capital }));
    let account: &Value = of("/auth/register");
    assert_eq!(
        (&account["Message"], &account["En"]),
        (&json!(sentence), &json!(sentence))
    );
    assert!(account["Bg"].as_str().unwrap().contains("Idempotency-Key"));
}
