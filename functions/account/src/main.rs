#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), usher::http::lambda::Ended> {
    usher::http::lambda::run(account::routes()).await
}
