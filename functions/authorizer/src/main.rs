use usher::http::lambda;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda::Ended> {
    let app = lambda::start()?;
    lambda::warm_up(&app).await;
    lambda::run_or_refuse("authorizer", app, |app, payload| async move {
        authorizer::handlers::handle(&app, payload).await
    })
    .await
}
