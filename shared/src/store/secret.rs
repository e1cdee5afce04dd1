//! Secrets Manager: where the stack's keys are. Read at the first use of each, never put into the environment.

use secrecy::SecretString;

use crate::error::{Error, Result};
use crate::settings::KeySource;

/// The text of a key.
///
/// # Errors
/// [`Error::Unavailable`] where Secrets Manager does not answer or has no such secret: without the key nothing is
/// issued.
pub async fn read(source: &KeySource) -> Result<SecretString> {
    match source {
        KeySource::Text(text) => Ok(text.clone()),
        KeySource::SecretsManager(arn) => {
            let answer = client().await.get_secret_value().secret_id(arn).send().await;
            let answer = answer.map_err(|e| {
                Error::unavailable(format!(
                    "the secret {arn} cannot be read, so nothing can be signed; see docs/operations.md, Lost master key: {}",
                    aws_sdk_secretsmanager::error::DisplayErrorContext(&e)
                ))
            })?;
            let text = answer
                .secret_string
                .ok_or_else(|| Error::unavailable(format!("the secret {arn} is empty")))?;
            Ok(text.into())
        }
    }
}

async fn client() -> aws_sdk_secretsmanager::Client {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    aws_sdk_secretsmanager::Client::new(&config)
}
