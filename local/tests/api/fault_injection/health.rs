//! `/health` beside a table that does not take what is written.

use crate::proxy::Fault;
use crate::round_trips::counted;

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
