//! Grants with an end: what they cost more than those without.

use serde_json::json;
use usher::jiff::SignedDuration;

use super::Measured;

pub async fn ended(m: &mut Measured) {
    let owner = m.owner.clone();
    for role in [json!({ "name": "open" }), json!({ "name": "brief", "maxCount": 4 })] {
        assert_eq!(owner.post("/api/roles", role).await.status, 201);
    }
    let mut paths = Vec::new();
    for name in ["ends8", "gets8", "third8", "fourth8", "fifth8", "sixth8"] {
        paths.push(format!("/api/users/{}/roles", m.somebody(name).await));
    }
    // One seat on each of four counters: whichever a grant comes upon, it is taken.
    let end = (m.world.now() + SignedDuration::from_millis(1)).to_string();
    for (n, path) in paths.iter().enumerate().filter(|(n, _)| ![1, 5].contains(n)) {
        let end = if n == 0 { json!(end) } else { json!(null) };
        let given = owner.post(path, json!({ "role": "brief", "effectiveTo": end })).await;
        assert_eq!(given.status, 201, "{}", given.text);
    }
    let (give, later) = (
        "POST /api/users/{user}/roles",
        json!({ "role": "open", "effectiveTo": "2030-01-01T00:00:00Z" }),
    );
    m.of(give, "with an end", 201, owner.post(&paths[5], later)).await;
    m.world.clock.advance_ms(1);
    let shown = owner.get("/api/roles/brief");
    m.of("GET /api/roles/{role}", "a seat's grant ended", 200, shown).await;
    let good = json!({ "role": "brief" });
    m.of(give, "the seat of one that ended", 201, owner.post(&paths[1], good))
        .await;
    let listed = owner.get(&paths[0]);
    m.of("GET /api/users/{user}/roles", "a past grant", 200, listed).await;
}
