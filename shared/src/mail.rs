//! Mail: what one looks like, and how it leaves.
//!
//! A [`Letter`] is a mail written out, and a [`Mailer`] takes it away: to SES in the cloud, into a directory on the local
//! server, into memory where nothing is kept. Delivering a letter twice does no harm where the mailer can see that it
//! has it already, which it knows by the letter's id.

use std::fmt;
use std::str::FromStr;

use futures::future::BoxFuture;
use jiff::Timestamp;
use lettre::message::header::ContentTransferEncoding;
use lettre::message::{Body, Mailbox, MultiPart, MultiPartKind, SinglePart, header};
use lettre::{Address, Message};

use crate::domain::mail::Mail;
use crate::domain::text::Email;
use crate::error::{Error, Result};
use crate::id::MailId;

pub mod files;
pub mod memory;
#[cfg(feature = "ses")]
pub mod ses;
mod words;

/// RFC 5322 §2.1.1: in octets, without the end of the line.
const LONGEST_LINE: usize = 998;

pub trait Mailer: fmt::Debug + Send + Sync {
    /// Takes this letter away, once: where it has it already, that is well. The error may be logged, so it
    /// has no address in it.
    fn deliver<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<()>>;
}

#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    pub id: MailId,
    /// The address that it goes to, its domain as DNS has it.
    pub to: String,
    /// The message (RFC 5322). There is a secret in it: its link.
    pub message: Vec<u8>,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Where a mail leads to.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The address, with its secret.
    pub url: String,
    /// The first moment after its life.
    pub until: Timestamp,
}

/// Whom mail comes from, such as `Usher <no-reply@example.org>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(Mailbox);

impl FromStr for Sender {
    type Err = ();

    /// An address, or a name and an address in angle brackets. The name may have any character that can be seen: where it
    /// needs quotes in a header, it gets them.
    fn from_str(text: &str) -> Result<Self, ()> {
        let named = text.strip_suffix('>').and_then(|text| text.split_once('<'));
        let (name, address) = named.map_or((None, text), |(name, address)| (Some(name.trim()), address));
        let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
        if name.as_deref().is_some_and(|name| name.contains(char::is_control)) {
            return Err(());
        }
        let address = address.parse().map_err(|_| ())?;
        Ok(Self(Mailbox::new(name, address)))
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Writes a mail out.
///
/// Nothing that a person typed is in a header but the address, which has been parsed; in the text it stands as it is,
/// and in the HTML escaped.
pub fn written(mail: &Mail, link: Option<&Link>, from: &Sender, now: Timestamp) -> Result<Letter> {
    let to = envelope(&mail.to)?;
    let words = words::of(mail, link)?;
    let date = std::time::SystemTime::from(now);
    let domain = from.0.email.domain();
    let message = Message::builder()
        .from(from.0.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(words.subject)
        .date(date)
        .message_id(Some(format!("<{}@{domain}>", mail.id)))
        // No automatic replies (RFC 3834).
        .raw_header(header::HeaderValue::new(
            header::HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .multipart(
            MultiPart::builder()
                .kind(MultiPartKind::Alternative)
                .boundary(format!("usher-{}", mail.id))
                .build()
                .singlepart(part(header::ContentType::TEXT_PLAIN, words.text))
                .singlepart(part(header::ContentType::TEXT_HTML, words.html)),
        )
        .map_err(|error| Error::fault(format!("the mail {} cannot be written: {error}", mail.id)))?;
    Ok(Letter {
        id: mail.id,
        to: to.to_string(),
        message: message.formatted(),
    })
}

/// As it is wherever mail systems take it so: then a link stays whole for whoever looks at the message itself.
fn part(kind: header::ContentType, text: String) -> SinglePart {
    let is_plain = text.is_ascii() && text.lines().all(|line| line.len() <= LONGEST_LINE);
    let body = if is_plain {
        Body::dangerous_pre_encoded(
            text.replace('\n', "\r\n").into_bytes(),
            ContentTransferEncoding::SevenBit,
        )
    } else {
        Body::new(text)
    };
    SinglePart::builder().content_type(kind).body(body)
}

/// The stored address: its first part as it was given, its domain as DNS has it, for mail systems take no other.
fn envelope(stored: &str) -> Result<Address> {
    // Without its own words, which may be logged.
    let refused = || Error::fault("the address of a mail is invalid");
    let email = Email::parse(stored).map_err(|_| refused())?;
    let local = email.as_given().rsplit_once('@').map(|(local, _)| local);
    let mailbox = email.mailbox();
    let domain = mailbox.rsplit_once('@').map(|(_, domain)| domain);
    let address = local.zip(domain).and_then(|parts| Address::try_from(parts).ok());
    address.ok_or_else(refused)
}

#[cfg(test)]
mod tests;
