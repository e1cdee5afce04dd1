//! The Lambda function of set-up.

#[tokio::main]
async fn main() -> Result<(), usher::http::lambda::Ended> {
    usher::http::lambda::run_events(
        "setup",
        |app, event| async move { setup::cloud::handle(&app, event).await },
    )
    .await
}
