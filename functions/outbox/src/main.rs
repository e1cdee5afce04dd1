//! The Lambda function of the outbox.

use std::sync::Arc;

use outbox::wire::Event;
use usher::http::lambda;
use usher::mail::ses::Ses;

#[tokio::main]
async fn main() -> Result<(), lambda::Ended> {
    let app = lambda::start().await?;
    let ses = Ses::connect(&app.settings).await;
    let sending = outbox::outbox(app.clone(), Arc::new(ses)).map_err(|error| format!("{error:?}"))?;
    let sending = Arc::new(sending);
    lambda::run_with("outbox", app, move |_, payload| {
        let sending = sending.clone();
        async move { outbox::handlers::handle(&sending, Event::of(payload)?).await }
    })
    .await
}
