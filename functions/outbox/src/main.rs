use std::sync::Arc;

use outbox::wire::Event;
use usher::http::lambda;
use usher::mail::ses::Ses;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda::Ended> {
    let app = lambda::start()?;
    // Without a sender nothing calls it in the cloud; by hand it can be called all the same.
    let sending = match app.settings.mail_from {
        Some(_) => {
            let ses = Ses::connect(&app.settings);
            let outbox = outbox::outbox(app.clone(), Arc::new(ses));
            Some(Arc::new(outbox.map_err(|error| format!("{error:?}"))?))
        }
        None => None,
    };
    lambda::run_with("outbox", app, move |_, payload| {
        let sending = sending.clone();
        async move { outbox::handlers::handle_if_sending(sending.as_deref(), Event::of(payload)?).await }
    })
    .await
}
