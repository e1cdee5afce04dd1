//! Amazon SES: the only file that names its SDK.

use std::time::Duration;

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
use crate::error::{Error, Result};

/// After which a letter counts as not delivered: well within the lease of its mail.
const DEADLINE: Duration = Duration::from_secs(10);

/// SES, in the region and with the credentials of the environment.
#[derive(Debug, Clone)]
pub struct Ses {
    client: Client,
}

impl Ses {
    /// Gets ready; sends nothing yet.
    pub async fn connect() -> Self {
        let shared = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_timeout(DEADLINE);
        let config = aws_sdk_sesv2::config::Builder::from(&shared)
            // SES cannot tell a repetition from a second mail, so nothing is repeated at once: the outbox tries again
            // later, when it is known what became of the first.
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build());
        Self {
            client: Client::from_conf(config.build()),
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
