//! Sending the mails that requests asked for, each once.
//!
//! A mail is claimed, counted among those to its address and of its cause, its link made, written, delivered, and marked
//! as sent, in this order. Whoever is killed at any step
//! leaves a lease that runs out, after which the mail is due again: none is lost. It is delivered a second time only
//! where the sender ended between the delivery and the mark, or never heard of the delivery, and the mailer cannot see
//! (`docs/decisions/009-mail-is-claimed-then-sent.md`).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use super::login;
use crate::app::App;
use crate::domain::mail::{ATTEMPTS, Mail, OneTime, Purpose, pause_after};
use crate::domain::text::Email;
use crate::domain::user::User;
use crate::error::{Cause, Error, Result};
use crate::id::MailId;
use crate::mail::{self, Letter, Link, Mailer, Sender};
use crate::metrics::{Gauge, Metric};
use crate::proof::opaque::{Digest, Kind, Opaque};
use crate::store::mails::{Claimed, Fate, Waiting};
use crate::store::table::Write;
use crate::store::{mail_limits, mails, one_time, unit, users};

/// After which a mail counts as not sent: before its lease ends, so that no two send it at once.
const LONGEST: Duration = Duration::from_secs(40);
const AT_ONCE: usize = 4;
/// How many mails one look at the index finds.
const PAGE: usize = 100;
/// How many looks one sweep takes. What is left then waits for the next one.
const PAGES: usize = 5;
/// How long the table's stream may take to bring a new mail.
const STREAMED_WITHIN: SignedDuration = SignedDuration::from_secs(30);

/// Where the link of a mail leads to: which contract takes it is not this crate's to know.
pub type LinkTo = fn(mail: &Mail, purpose: Purpose, token: &str) -> String;

pub struct Outbox {
    app: Arc<App>,
    mailer: Arc<dyn Mailer>,
    from: Sender,
    link_to: LinkTo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    /// It is no longer needed.
    Dropped,
    /// Too many went to its address of late, or too many were caused by whoever caused it.
    OverLimit,
    /// It could not be sent, and is tried again later.
    Postponed,
    /// It could not be sent, and is given up.
    Dead,
    /// It is leased to another sender, waiting for a retry, settled, or does not exist.
    NotDue,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("mailer", &self.mailer)
            .finish_non_exhaustive()
    }
}

impl Outbox {
    pub fn new(app: Arc<App>, mailer: Arc<dyn Mailer>, link_to: LinkTo) -> Result<Self> {
        let from = app.settings.mail_from.clone();
        Ok(Self {
            from: from.ok_or_else(|| Error::unavailable("USHER_MAIL_FROM is not set"))?,
            app,
            mailer,
            link_to,
        })
    }

    pub async fn sweep(&self) -> Result<Vec<Outcome>> {
        let (mut outcomes, mut after) = (Vec::new(), None);
        for _ in 0..PAGES {
            let now = self.app.clock.now();
            let due = mails::due(&self.app.table, now, after, PAGE).await?;
            let oldest = due
                .mails
                .first()
                .map_or(0, |mail| now.duration_since(mail.due).as_secs());
            let oldest = u64::try_from(oldest).unwrap_or(0);
            self.app.metrics.measure(Gauge::OldestMailSeconds, oldest);
            let ids: Vec<MailId> = due.mails.iter().map(|mail| mail.id).collect();
            for (mail, sent) in due.mails.iter().zip(self.send_all(&ids).await) {
                let outcome = sent?;
                if outcome != Outcome::NotDue && missed_by_stream(mail, now) {
                    self.app.metrics.count(Metric::MailsMissedByStream);
                }
                outcomes.push(outcome);
            }
            after = due.more;
            if after.is_none() {
                break;
            }
        }
        Ok(outcomes)
    }

    /// Sends these mails, as far as they are due; an outcome for each, in their order.
    pub async fn send_all(&self, ids: &[MailId]) -> Vec<Result<Outcome>> {
        // Boxed: otherwise the compiler cannot prove that they are `Send`.
        let sending: Vec<BoxFuture<'_, _>> = ids.iter().map(|id| self.send_or_warn(*id).boxed()).collect();
        futures::stream::iter(sending).buffered(AT_ONCE).collect().await
    }

    async fn send_or_warn(&self, id: MailId) -> Result<Outcome> {
        let outcome = self.send(id).await;
        if let Err(error) = &outcome {
            tracing::warn!(event = "mail_left", mail = %id, cause = cause(error), "due again when its lease ends");
        }
        outcome
    }

    /// Sends a mail, if it is due.
    /// Where the store does not answer, it is due again when its lease ends.
    pub async fn send(&self, id: MailId) -> Result<Outcome> {
        let Some(claimed) = mails::claim(&self.app.table, id, self.app.clock.now()).await? else {
            return Ok(Outcome::NotDue);
        };
        // One too many: the last sender ended without recording an outcome.
        if claimed.attempts > ATTEMPTS {
            return self
                .failed(&claimed, &Error::unavailable("its senders were cut off"))
                .await;
        }
        let tried = tokio::time::timeout(LONGEST, self.try_to_send(&claimed)).await;
        let late = |_| Err(Error::unavailable("it took too long"));
        match tried.unwrap_or_else(late) {
            Ok(fate) => self.done(&claimed, fate).await,
            Err(error) => self.failed(&claimed, &error).await,
        }
    }

    async fn try_to_send(&self, claimed: &Claimed) -> Result<Fate> {
        match self.letter(claimed).await? {
            Ok(letter) => self.mailer.deliver(&letter).await.map(|()| Fate::Sent),
            Err(fate) => Ok(fate),
        }
    }

    /// The mail, written out; or what becomes of it where it is not to be sent.
    async fn letter(&self, claimed: &Claimed) -> Result<Result<Letter, Fate>> {
        let (mail, now) = (&claimed.mail, self.app.clock.now());
        let Some((purpose, life)) = mail.kind.link() else {
            return match self.may_be_sent(claimed, None, now).await? {
                true => mail::written(mail, None, &self.from, now).map(Ok),
                false => Ok(Err(Fate::OverLimit)),
            };
        };
        let Some(user) = self.account(mail, now).await? else {
            return Ok(Err(Fate::Dropped));
        };
        let (link, token) = self.link(mail, &user, purpose, now + life)?;
        if !self.may_be_sent(claimed, Some(token), now).await? {
            return Ok(Err(Fate::OverLimit));
        }
        // As it is called now: the mail's item holds no name, for its size must not tell whose address was given. And as its
        // address is spelled now, which was perhaps changed because it was spelled wrongly.
        let mail = Mail {
            to: user.given_email().unwrap_or_else(|| mail.to.clone()),
            name: user.display_name(),
            ..mail.clone()
        };
        mail::written(&mail, Some(&link), &self.from, now).map(Ok)
    }

    /// The account of a mail with a link; none where it is gone, disabled, or has another address by now.
    async fn account(&self, mail: &Mail, now: Timestamp) -> Result<Option<User>> {
        let user = users::get(&self.app.table, &mail.tenant, mail.user).await?;
        let user = user.filter(|user| login::not_active(user, now).is_none());
        let is_theirs = |email: &Email| email.has_mailbox_of(&mail.to);
        Ok(user.filter(|user| user.email.as_ref().is_some_and(is_theirs)))
    }

    /// A link with a new token, and the write of the token, of which only the SHA-256 is kept.
    fn link(&self, mail: &Mail, user: &User, purpose: Purpose, until: Timestamp) -> Result<(Link, Write)> {
        let token = Opaque::mint(Kind::OneTime)?;
        let known = OneTime {
            tenant: mail.tenant.clone(),
            purpose,
            user: user.id,
            email: mail.to.clone(),
            epoch: user.epoch,
            expires_at: until,
        };
        let url = (self.link_to)(mail, purpose, token.text().expose_secret());
        let put = one_time::put(&token.digest().to_string(), &known)?;
        Ok((Link { url, until }, put))
    }

    /// Whether a mail is within the limits (rule 16), among which it is counted now, unless an earlier try was. Its token
    /// is written together with that, or not at all.
    async fn may_be_sent(&self, claimed: &Claimed, token: Option<Write>, now: Timestamp) -> Result<bool> {
        let (table, token) = (&self.app.table, token.as_slice());
        if !claimed.counted {
            let to = &claimed.mail.to;
            let mailbox = Email::parse(to).map(|email| email.mailbox());
            let sha256 = Digest::of(mailbox.as_ref().unwrap_or(to).as_bytes()).hex();
            return mail_limits::count(table, claimed, &sha256, token, now).await;
        }
        if !token.is_empty() {
            let kept = unit::commit(table, token).await;
            kept.map_err(|refusal| Error::unavailable(format!("{refusal:?}")))?;
        }
        Ok(true)
    }

    async fn done(&self, claimed: &Claimed, fate: Fate) -> Result<Outcome> {
        let (mail, attempts) = (&claimed.mail, claimed.attempts);
        let ours = mails::settle(&self.app.table, claimed, fate, self.app.clock.now()).await?;
        if !ours {
            // Another's by now, who may have sent it a second time.
            tracing::warn!(event = "mail_lease_lost", mail = %mail.id, attempts, "a mail took longer than its lease");
        }
        match fate {
            Fate::Dropped => {
                tracing::info!(event = "mail_dropped", mail = %mail.id, kind = ?mail.kind, "its account has gone on");
                Ok(Outcome::Dropped)
            }
            Fate::OverLimit => {
                self.app.metrics.count(Metric::MailsOverLimit);
                tracing::info!(event = "mail_over_limit", mail = %mail.id, kind = ?mail.kind, "one too many");
                Ok(Outcome::OverLimit)
            }
            _ => {
                tracing::info!(event = "mail_sent", mail = %mail.id, kind = ?mail.kind, attempts, "sent");
                Ok(Outcome::Sent)
            }
        }
    }

    async fn failed(&self, claimed: &Claimed, error: &Error) -> Result<Outcome> {
        let (mail, attempts, now) = (&claimed.mail, claimed.attempts, self.app.clock.now());
        let fate = if attempts >= ATTEMPTS {
            Fate::Dead
        } else {
            Fate::Due(now + pause_after(attempts))
        };
        let cause = cause(error);
        self.app.metrics.count(Metric::MailFailures);
        let ours = mails::settle(&self.app.table, claimed, fate, now).await?;
        if fate != Fate::Dead {
            tracing::warn!(event = "mail_failed", mail = %mail.id, kind = ?mail.kind, attempts, cause, "tried again later");
            return Ok(Outcome::Postponed);
        }
        if ours {
            self.app.metrics.count(Metric::DeadMails);
            tracing::error!(event = "mail_dead", mail = %mail.id, kind = ?mail.kind, attempts, cause, "given up");
        }
        Ok(Outcome::Dead)
    }
}

/// Whether the table's stream has had the time to bring this mail, and it was not claimed.
fn missed_by_stream(mail: &Waiting, now: Timestamp) -> bool {
    mail.is_new && now.duration_since(mail.due) >= STREAMED_WITHIN
}

fn cause(error: &Error) -> String {
    match error {
        Error::Unavailable(Cause(why)) | Error::Fault(Cause(why)) => why.clone(),
        other => other.to_string(),
    }
}
