//! Mails to send, in the table.

use jiff::SignedDuration;

use super::keys;
use super::table::{Write, number, text, to_item};
use crate::domain::mail::Mail;
use crate::error::Result;

/// How long a mail's item stays, sent or not.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// The state of a mail that is still to be sent.
pub const PENDING: &str = "pending";

/// Asks for a mail, in the transaction of what causes it.
///
/// # Errors
/// Where it cannot be put into an item: a defect.
pub fn put(mail: &Mail) -> Result<Write> {
    let mut item = to_item(&keys::mail(mail.id), mail)?;
    item.insert("state".to_owned(), text(PENDING));
    item.insert("attempts".to_owned(), number(0));
    item.insert("GSI1PK".to_owned(), text(keys::mails_index(PENDING)));
    item.insert("GSI1SK".to_owned(), text(keys::due(mail.created_at, mail.id)));
    item.insert("ttl".to_owned(), number((mail.created_at + KEPT).as_second()));
    Ok(Write::put(item))
}
