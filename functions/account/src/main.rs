#[tokio::main]
async fn main() -> Result<(), usher::http::lambda::Ended> {
    usher::http::lambda::run(account::routes()).await
}
