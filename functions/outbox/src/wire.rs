//! What Lambda hands over: records of the table's stream, or the scheduler's call to sweep.

use aws_lambda_events::dynamodb::EventRecord;
use usher::error::{Error, Result};
use usher::id::MailId;
use usher::store::mails;
use usher::store::table::Value;

/// What Lambda is answered: which records to hand over once more (`ReportBatchItemFailures`). The scheduler does not
/// look at it.
pub use aws_lambda_events::streams::DynamoDbEventResponse as Answer;

/// What the function is called with.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// By the table's stream.
    Stream(Vec<EventRecord>),
    /// By the scheduler, or by hand.
    Sweep,
}

impl Event {
    pub fn of(mut payload: serde_json::Value) -> Result<Self> {
        match payload.get_mut("Records") {
            None => Ok(Self::Sweep),
            Some(records) => serde_json::from_value(records.take())
                .map(Self::Stream)
                .map_err(Error::fault),
        }
    }
}

/// The mail that was asked for, where a record is about one. What the mail is about is read from the table.
pub fn mail(record: &EventRecord) -> Option<MailId> {
    let asked_for = record.event_name == "INSERT";
    match record.change.keys.get("PK") {
        Some(Value::S(partition)) if asked_for => mails::id_of(partition),
        _ => None,
    }
}
