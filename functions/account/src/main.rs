//! The Lambda function of [`account::routes`].

#[tokio::main]
async fn main() -> Result<(), usher::http::lambda::Ended> {
    usher::http::lambda::run(account::routes()).await
}
