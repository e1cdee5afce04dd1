#[tokio::main]
async fn main() -> Result<(), usher::http::lambda::Ended> {
    usher::http::lambda::run(access::routes()).await
}
