//! Sessions: listed, ended, and what it costs that one was used.

use super::Measured;
use crate::me::sessions::{at, own_id};
use crate::support::PASSWORD;

pub async fn sessions(m: &mut Measured) {
    let owner = m.world.owner().await;
    let id = m.somebody("sessions").await;
    let (first, second) = (
        m.world.signed_in("sessions", PASSWORD).await,
        m.world.signed_in("sessions", PASSWORD).await,
    );
    m.world.clock.advance(60);
    // What every ten seconds one request pays for all is another's.
    owner.get("/api/me/profile").await;
    let used = "a minute after the last use";
    m.of("GET /api/me/profile", used, 200, first.get("/api/me/profile"))
        .await;
    m.of("GET /api/me/profile", "", 200, first.get("/api/me/profile")).await;
    m.of("GET /api/me/sessions", "two", 200, first.get("/api/me/sessions"))
        .await;
    let ended = at(&own_id(&second).await);
    m.of("DELETE /api/me/sessions/{session}", "", 204, first.delete(&ended))
        .await;
    m.of(
        "DELETE /api/me/sessions/{session}",
        "no such session",
        404,
        first.delete(&ended),
    )
    .await;
    let route = "DELETE /api/me/sessions";
    let others = first.delete("/api/me/sessions?except=current");
    m.of(route, "`except=current`", 204, others).await;
    m.of(route, "", 204, first.delete("/api/me/sessions")).await;
    let client = m.world.signed_in("sessions", PASSWORD).await;
    let path = format!("/api/users/{id}/sessions");
    m.of("GET /api/users/{user}/sessions", "one", 200, owner.get(&path))
        .await;
    let ended = format!("{path}/{}", own_id(&client).await);
    m.of(
        "DELETE /api/users/{user}/sessions/{session}",
        "",
        204,
        owner.delete(&ended),
    )
    .await;
    m.of("DELETE /api/users/{user}/sessions", "", 204, owner.delete(&path))
        .await;
}
