//! Events, carried out.

use usher::actions::outbox::Outbox;
use usher::error::Result;

use crate::wire::{Answer, Event, Failure, Record};

/// Carries an event out.
///
/// # Errors
/// [`usher::Error::Unavailable`] where the store does not answer a sweep.
pub async fn handle(outbox: &Outbox, event: Event) -> Result<Answer> {
    match event {
        Event::Stream(records) => Ok(follow(outbox, &records).await),
        Event::Sweep => outbox.sweep().await.map(|_| Answer::default()),
    }
}

/// Sends the mails of these records. Only where the table did not answer a record is handed over once more: a mail that
/// could not be sent is at rest, and the sweep's.
async fn follow(outbox: &Outbox, records: &[Record]) -> Answer {
    let mails: Vec<_> = records
        .iter()
        .filter_map(|record| Some((record, record.mail()?)))
        .collect();
    let ids: Vec<_> = mails.iter().map(|(_, id)| *id).collect();
    let outcomes = outbox.send_all(&ids).await;
    let failed = mails.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_err());
    let failures = failed.map(|((record, _), _)| Failure {
        sequence_number: record.dynamodb.sequence_number.clone(),
    });
    Answer {
        failures: failures.collect(),
    }
}
