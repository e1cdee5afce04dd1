//! Amazon SES: the only file that names its SDK.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, RawMessage};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Letter, Mailer};
use crate::aws;
use crate::error::{Error, Result};
use crate::settings::Settings;

/// After which a letter counts as not delivered: well within the lease of its mail, and within the thirty seconds of the
/// function together with what is read before it and marked after it.
const DEADLINE: Duration = Duration::from_secs(10);

/// SES, in the region and with the credentials of the environment.
#[derive(Debug, Clone)]
pub struct Ses {
    client: Client,
    configuration_set: Option<String>,
}

impl Ses {
    /// Gets ready; sends nothing yet.
    pub fn connect(settings: &Settings) -> Self {
        Self::with(aws::config(), settings.mail_configuration_set.clone())
    }

    fn with(shared: &SdkConfig, configuration_set: Option<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_timeout(DEADLINE);
        let config = aws_sdk_sesv2::config::Builder::from(shared)
            // SES cannot distinguish a repetition from a second mail, so nothing is repeated at once: the outbox tries again
            // later, after a rest.
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build());
        Self {
            client: Client::from_conf(config.build()),
            configuration_set,
        }
    }
}

impl Mailer for Ses {
    fn deliver<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<()>> {
        async move {
            let message = RawMessage::builder().data(Blob::new(letter.message.clone())).build();
            let content = EmailContent::builder().raw(message.map_err(Error::fault)?).build();
            let to = Destination::builder().to_addresses(&letter.to).build();
            let request = self.client.send_email().destination(to).content(content);
            let request = request.set_configuration_set_name(self.configuration_set.clone());
            request.send().await.map(drop).map_err(|error| refused(&error))
        }
        .boxed()
    }
}

/// Why not, without SES's own sentence, which may name the address.
fn refused<R>(error: &SdkError<SendEmailError, R>) -> Error {
    let what = match error {
        SdkError::ConstructionFailure(_) => "the request could not be made",
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "not reached",
        SdkError::ResponseError(_) => "an answer that cannot be read",
        _ => "refused",
    };
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    Error::unavailable(format!("SES: {what} ({})", code.unwrap_or("no code")))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::http::StatusCode;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use super::*;

    /// What SES was asked, and a SES that answers like this.
    async fn ses(status: u16, answer: Value) -> (Arc<Mutex<Vec<(String, Value)>>>, Ses) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let keep = asked.clone();
        let take = move |request: axum::extract::Request| async move {
            let path = request.uri().path().to_owned();
            let body = axum::body::to_bytes(request.into_body(), 100_000).await.unwrap();
            keep.lock()
                .unwrap()
                .push((path, serde_json::from_slice(&body).unwrap()));
            (StatusCode::from_u16(status).unwrap(), answer.to_string())
        };
        let shared = aws::tests::serving(axum::Router::new().fallback(take)).await;
        (asked, Ses::with(&shared, Some("bounces".to_owned())))
    }

    fn letter() -> Letter {
        Letter {
            id: "019ab0f2-1d5a-7c33-8e4f-6a7b8c9d0e1f".parse().unwrap(),
            to: "jane@example.org".to_owned(),
            message: b"From: Usher <no-reply@example.org>\r\n\r\nHello".to_vec(),
        }
    }

    #[tokio::test]
    async fn a_letter_goes_out_as_it_is_written_to_its_address_alone() {
        let (asked, ses) = ses(200, json!({ "MessageId": "1" })).await;
        ses.deliver(&letter()).await.unwrap();
        let asked = asked.lock().unwrap();
        let expected = json!({
            "ConfigurationSetName": "bounces",
            "Content": { "Raw": { "Data": STANDARD.encode(letter().message) } },
            "Destination": { "ToAddresses": ["jane@example.org"] },
        });
        assert_eq!(*asked, [("/v2/email/outbound-emails".to_owned(), expected)]);
    }

    #[tokio::test]
    async fn a_refusal_is_reported_by_its_code_without_the_address_and_nothing_is_repeated_at_once() {
        for (status, code) in [
            (400, "MessageRejected"),
            (429, "TooManyRequestsException"),
            (500, "InternalFailure"),
        ] {
            let reason = "Email address is not verified: jane@example.org";
            let (asked, ses) = ses(status, json!({ "__type": code, "message": reason })).await;
            let error = format!("{:?}", ses.deliver(&letter()).await.unwrap_err());
            assert!(error.contains(code) && !error.contains("jane"), "{error}");
            assert_eq!(asked.lock().unwrap().len(), 1, "{code}");
        }
    }
}
