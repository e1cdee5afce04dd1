use usher::http::lambda;

#[tokio::main]
async fn main() -> Result<(), lambda::Ended> {
    let app = lambda::start().await?;
    lambda::warm_up(&app).await;
    lambda::run_or_refuse("authorizer", app, |app, payload| async move {
        authorizer::handlers::handle(&app, payload).await
    })
    .await
}
