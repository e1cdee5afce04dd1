//! What Lambda hands over and takes back: records of the table's stream, or the scheduler's word to sweep.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use usher::error::{Error, Result};
use usher::id::MailId;
use usher::store::mails;

/// What the function is called with.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// By the table's stream.
    Stream(Vec<Record>),
    /// By the scheduler, or by hand.
    Sweep,
}

/// One record of the stream, as far as it is looked at: what a mail is about is read from the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `INSERT`, `MODIFY` or `REMOVE`.
    #[serde(rename = "eventName")]
    pub event_name: String,
    /// What changed.
    pub dynamodb: Change,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The item's place.
    #[serde(rename = "Keys")]
    pub keys: Keys,
    /// The record's place in the stream.
    #[serde(rename = "SequenceNumber")]
    pub sequence_number: String,
}

/// An item's place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Keys {
    /// The partition.
    #[serde(rename = "PK")]
    pub partition: Text,
}

/// A string attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// The string.
    #[serde(rename = "S")]
    pub text: String,
}

/// What Lambda is answered: which records to hand over once more (`ReportBatchItemFailures`). The scheduler does not
/// look at it.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Answer {
    /// Those records.
    #[serde(rename = "batchItemFailures")]
    pub failures: Vec<Failure>,
}

/// A record to hand over once more.
#[derive(Debug, PartialEq, Serialize)]
pub struct Failure {
    /// Its place in the stream.
    #[serde(rename = "itemIdentifier")]
    pub sequence_number: String,
}

impl Event {
    /// The event in what Lambda hands over.
    ///
    /// # Errors
    /// [`Error::Fault`] where it is the stream's and cannot be read.
    pub fn of(mut payload: Value) -> Result<Self> {
        match payload.get_mut("Records") {
            None => Ok(Self::Sweep),
            Some(records) => serde_json::from_value(records.take())
                .map(Self::Stream)
                .map_err(Error::fault),
        }
    }
}

impl Record {
    /// The mail that was asked for, where it is about one.
    pub fn mail(&self) -> Option<MailId> {
        let asked_for = self.event_name == "INSERT";
        asked_for.then(|| mails::id_of(&self.dynamodb.keys.partition.text))?
    }
}
