#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    usher::http::lambda::run(discovery::routes()).await
}
