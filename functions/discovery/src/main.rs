#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    usher::http::lambda::run(discovery::routes()).await
}
