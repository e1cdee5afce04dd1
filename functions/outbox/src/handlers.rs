//! Events, carried out.

use aws_lambda_events::dynamodb::EventRecord;
use aws_lambda_events::streams::DynamoDbBatchItemFailure;
use usher::actions::outbox::Outbox;
use usher::error::Result;

use crate::wire::{Answer, Event, mail};

/// Carries an event out.
pub async fn handle(outbox: &Outbox, event: Event) -> Result<Answer> {
    match event {
        Event::Stream(records) => Ok(follow(outbox, &records).await),
        Event::Sweep => outbox.sweep().await.map(|_| Answer::default()),
    }
}

/// The same, where there may be no sender: then mails stay in the table, and are due once there is one.
pub async fn handle_if_sending(outbox: Option<&Outbox>, event: Event) -> Result<Answer> {
    if let Some(outbox) = outbox {
        handle(outbox, event).await
    } else {
        tracing::warn!("USHER_MAIL_FROM is not set: mails stay in the table");
        Ok(Answer::default())
    }
}

/// Sends the mails of these records. Only where the table did not answer a record is handed over once more: a mail that
/// could not be sent is at rest, and the sweep's.
async fn follow(outbox: &Outbox, records: &[EventRecord]) -> Answer {
    let mails: Vec<_> = records
        .iter()
        .filter_map(|record| Some((record, mail(record)?)))
        .collect();
    let ids: Vec<_> = mails.iter().map(|(_, id)| *id).collect();
    let outcomes = outbox.send_all(&ids).await;
    let failed = mails.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_err());
    let mut answer = Answer::default();
    answer.batch_item_failures = failed.map(|((record, _), _)| failure(record)).collect();
    answer
}

fn failure(record: &EventRecord) -> DynamoDbBatchItemFailure {
    let mut failure = DynamoDbBatchItemFailure::default();
    failure.item_identifier.clone_from(&record.change.sequence_number);
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_sender_every_event_is_taken_and_nothing_is_handed_over_once_more() {
        let record = serde_json::json!({
            "eventID": "1", "eventName": "INSERT", "awsRegion": "eu-central-1",
            "dynamodb": {
                "Keys": { "PK": { "S": "MAIL#019ab0f2-1d5a-7c33-8e4f-6a7b8c9d0e1f" } },
                "SequenceNumber": "1", "SizeBytes": 1,
            },
        });
        let stream = Event::of(serde_json::json!({ "Records": [record] })).unwrap();
        for event in [stream, Event::Sweep] {
            assert_eq!(handle_if_sending(None, event).await.unwrap(), Answer::default());
        }
    }
}
