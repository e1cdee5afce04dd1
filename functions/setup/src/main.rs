use setup::cloud;
use setup::cloudformation::Event;
use usher::http::lambda;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda::Ended> {
    let app = lambda::start()?;
    lambda::run_with("setup", app, |app, payload| async move {
        cloud::handle(&app, Event::of(payload)?).await
    })
    .await
}
