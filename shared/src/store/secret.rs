//! Secrets Manager: where the stack's keys are. Read at the first use of each, never put into the environment.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::error::SdkError;
use secrecy::{ExposeSecret, SecretString};

use crate::aws;
use crate::error::{Error, Result};
use crate::settings::KeySource;

/// After which a secret counts as unreadable, repetitions included. The first login of an instance reads one between
/// two requests to the table, and its answer has ten seconds.
const DEADLINE: Duration = Duration::from_secs(3);

pub async fn read(source: &KeySource) -> Result<SecretString> {
    match source {
        KeySource::Text(text) => Ok(text.clone()),
        KeySource::SecretsManager(arn) => read_from(&client(aws::config()), arn).await,
    }
}

/// The values of a secret that is changed while it is in use: the current one, and the one before it, if there was one.
/// As a text they stand beside each other.
pub async fn read_versions(source: &KeySource) -> Result<Vec<SecretString>> {
    match source {
        KeySource::Text(text) => Ok(text.expose_secret().split_whitespace().map(Into::into).collect()),
        KeySource::SecretsManager(arn) => versions_from(&client(aws::config()), arn).await,
    }
}

async fn versions_from(client: &Client, arn: &str) -> Result<Vec<SecretString>> {
    let current = read_from(client, arn).await?;
    let asked = client.get_secret_value().secret_id(arn).version_stage("AWSPREVIOUS");
    let previous = match asked.send().await {
        Ok(answer) => answer.secret_string,
        Err(SdkError::ServiceError(refused)) if refused.err().is_resource_not_found_exception() => None,
        Err(error) => return Err(unreadable(arn, &aws::causes(&error))),
    };
    Ok([Some(current), previous.map(Into::into)]
        .into_iter()
        .flatten()
        .collect())
}

async fn read_from(client: &Client, arn: &str) -> Result<SecretString> {
    let answer = client.get_secret_value().secret_id(arn).send().await;
    let answer = answer.map_err(|error| unreadable(arn, &aws::causes(&error)))?;
    let text = answer.secret_string.filter(|text| !text.is_empty());
    text.map(Into::into).ok_or_else(|| unreadable(arn, "it is empty"))
}

fn unreadable(arn: &str, why: &str) -> Error {
    Error::unavailable(format!(
        "the secret {arn} cannot be read (what to do: docs/operations.md, The master key): {why}"
    ))
}

/// A secret is read once in the life of an instance, so a transient failure is worth two more tries, each of which has time for a
/// new connection; and no more, because somebody is waiting to be logged in.
fn client(shared: &SdkConfig) -> Client {
    let config = Builder::from(shared)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(3)
                .with_initial_backoff(Duration::from_millis(50)),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(1))
                .operation_attempt_timeout(DEADLINE / 2)
                .operation_timeout(DEADLINE)
                .build(),
        );
    Client::from_conf(config.build())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::{Value, json};

    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:MasterKey-a1B2c3";

    /// A Secrets Manager that answers so, the first `hiccups` times with 500, and how often it was asked.
    async fn secrets(hiccups: usize, status: u16, answer: Value) -> (Arc<AtomicUsize>, Client) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let service = aws::tests::answering(move |_| {
            let broken = count.fetch_add(1, Ordering::SeqCst) < hiccups;
            (if broken { 500 } else { status }, answer.to_string())
        });
        (asked, client(&service.await))
    }

    #[tokio::test]
    async fn a_secret_is_its_text_and_two_hiccups_do_no_harm() {
        let (asked, client) = secrets(2, 200, json!({ "SecretString": "the text" })).await;
        let text = read_from(&client, ARN).await.unwrap();
        assert_eq!((text.expose_secret(), asked.load(Ordering::SeqCst)), ("the text", 3));
    }

    #[tokio::test]
    async fn f09_a_secret_that_is_not_there_or_empty_states_which_and_where_it_is_written_what_to_do() {
        let gone = json!({ "__type": "ResourceNotFoundException", "Message": "can't find the specified secret" });
        let denied = json!({ "__type": "AccessDeniedException", "Message": "no" });
        for (status, answer, why) in [
            (400, gone, "ResourceNotFoundException"),
            (400, denied, "AccessDeniedException"),
            (200, json!({ "SecretString": "" }), "it is empty"),
            (200, json!({ "SecretBinary": "AAAA" }), "it is empty"),
        ] {
            let (asked, client) = secrets(0, status, answer).await;
            let Error::Unavailable(cause) = read_from(&client, ARN).await.unwrap_err() else {
                panic!("{why}: another error")
            };
            assert!(cause.0.contains(ARN) && cause.0.contains(why), "{}", cause.0);
            assert_eq!(asked.load(Ordering::SeqCst), 1, "{why}: asking again changes nothing");
            let heading = "The master key";
            assert!(
                cause.0.contains(&format!("docs/operations.md, {heading})")),
                "{}",
                cause.0
            );
            let operations = include_str!("../../../docs/operations.md");
            assert!(operations.contains(&format!("# {heading}\n")), "{heading}");
        }
    }

    #[tokio::test]
    async fn f09_an_outage_of_secrets_manager_is_given_up_after_three_tries() {
        let (asked, client) = secrets(usize::MAX, 200, Value::Null).await;
        assert!(matches!(read_from(&client, ARN).await, Err(Error::Unavailable(_))));
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    }

    /// A Secrets Manager whose secret has these values, by the stage that is asked for.
    async fn staged(current: Value, previous: (u16, Value)) -> Client {
        let service = aws::tests::answering(move |asked| match asked.contains("AWSPREVIOUS") {
            true => (previous.0, previous.1.to_string()),
            false => (200, current.to_string()),
        });
        client(&service.await)
    }

    #[tokio::test]
    async fn while_a_secret_is_changed_it_has_two_values_and_before_the_first_change_one() {
        let current = json!({ "SecretString": "new" });
        let none = json!({ "__type": "ResourceNotFoundException", "Message": "can't find the specified secret value" });
        for (previous, expected) in [
            ((200, json!({ "SecretString": "old" })), Some(vec!["new", "old"])),
            ((400, none), Some(vec!["new"])),
            (
                (400, json!({ "__type": "AccessDeniedException", "Message": "no" })),
                None,
            ),
        ] {
            let read = versions_from(&staged(current.clone(), previous).await, ARN).await;
            let texts = read
                .as_ref()
                .ok()
                .map(|all| all.iter().map(ExposeSecret::expose_secret).collect());
            assert_eq!(texts, expected, "{read:?}");
        }
    }
}
