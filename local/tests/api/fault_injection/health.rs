//! `/health` beside a table that does not take what is written.

use reqwest::Method;
use serde_json::json;

use crate::proxy::Fault;
use crate::round_trips::counted;
use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn health_is_503_while_writes_fail_and_well_again_after() {
    let (world, proxy) = counted().await;
    let health = async || world.nobody().get("/health").await.status.as_u16();
    assert_eq!(health().await, 200);
    proxy.plan(|call| {
        let reads = ["GetItem", "Query", "BatchGetItem"].contains(&call.operation.as_str());
        (!reads).then_some(Fault::Broken)
    });
    assert_eq!(health().await, 503);
    proxy.calm();
    for _ in 0..3 {
        assert_eq!(health().await, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_is_no_failure_where_its_session_cannot_be_written() {
    let (world, proxy) = counted().await;
    world.user("jane@example.org").await;
    let login = async || crate::auth::login(&world, "jane@example.org", crate::support::PASSWORD).await;
    for _ in 0..6 {
        // What opens the session is refused; what gives the attempt back is not.
        proxy.plan(|call| call.body.to_string().contains("SESSION#").then_some(Fault::Broken));
        assert_eq!(login().await.status, 503);
    }
    proxy.calm();
    assert_eq!(login().await.status, 200);
}

/// An API destination sends its event as the body of whatever method it is set to, and asks for a part of the answer.
#[tokio::test(flavor = "multi_thread")]
async fn health_is_answered_to_event_bridge_which_sends_a_body_and_asks_for_a_range() {
    let world = World::new().await;
    let headers = [
        ("user-agent", "Amazon/EventBridge/ApiDestinations"),
        ("range", "bytes=0-1048575"),
        ("x-health", "usher"),
    ];
    let event = json!({ "version": "0", "source": "aws.events", "detail": {} });
    let reply = world.nobody().send(Method::GET, "/health", Some(event), &headers).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-range")), (200, ""));
}
