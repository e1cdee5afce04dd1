//! A defect of one handler: 500 in its contract's words, and the process goes on.

use std::net::SocketAddr;

use serde_json::{Value, json};
use usher::Result;
use usher::access::guard::Guard::Anyone;
use usher::actions::Context;
use usher::http::answer::NoContent;
use usher::http::dialect::Dialect;
use usher::http::problem::Problem;
use usher::http::routes::Routes;
use usher::http::serve;

use crate::support::World;

async fn panics(_: Context) -> Result<NoContent> {
    panic!("a secret of the handler's")
}

/// The same once it was waiting for something, as handlers are that ask the store.
async fn panics_later(_: Context) -> Result<NoContent> {
    tokio::task::yield_now().await;
    panic!("a secret of the handler's")
}

async fn lives(_: Context) -> Result<NoContent> {
    Ok(NoContent)
}

/// What a contract answers when a handler panics, having seen that it goes on after it.
async fn said<D: Dialect>(world: &World) -> Value {
    let table = Routes::new::<D>("Test")
        .get("/panics", Anyone, panics)
        .get("/panics-later", Anyone, panics_later)
        .get("/lives", Anyone, lives);
    let router = serve::service(world.app.clone(), vec![table]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut nobody = world.nobody();
    nobody.base = format!("http://{}", listener.local_addr().unwrap());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    let mut said = Value::Null;
    for path in ["/panics", "/panics-later", "/panics"] {
        let reply = nobody.get(path).await;
        assert_eq!(reply.status, 500);
        assert_eq!(reply.header("content-type"), D::MEDIA_TYPE);
        assert_eq!(reply.header("cache-control"), "no-store");
        assert!(!reply.header("x-request-id").is_empty());
        assert!(!reply.text.contains("secret"), "{}", reply.text);
        assert_eq!(nobody.get("/lives").await.status, 204, "after {path}");
        said = reply.body;
    }
    said
}

#[tokio::test]
async fn f11_a_handler_that_panics_is_a_500_of_its_contract_and_the_process_lives() {
    let world = World::new().await;
    let problem = said::<Problem>(&world).await;
    assert_eq!(
        (&problem["type"], &problem["status"]),
        (&json!("/problems/fault"), &json!(500))
    );
    let message = said::<account::error_format::Message>(&world).await;
    assert_eq!(
        message,
        json!({ "Message": "something went wrong here", "En": "something went wrong here", "Bg": "възникна грешка при нас" })
    );
    for error in [
        said::<admin::error_format::ErrorObject>(&world).await,
        said::<registration::error_format::Registration>(&world).await,
    ] {
        assert_eq!(error, json!({ "error": "Something went wrong here" }));
    }
}
