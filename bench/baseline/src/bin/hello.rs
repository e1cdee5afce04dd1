//! What Lambda's own library takes for itself: a function that does nothing. `bench hot` counts it beside Usher's.

use std::convert::Infallible;

use lambda_http::{Error, Request, Response, run, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(|_: Request| async {
        Ok::<_, Infallible>(Response::new("hello".to_owned()))
    }))
    .await
}
