//! What is recorded of a change, and who is written to, in the transaction of the change: rows of the histories; and
//! mails, which are sent afterwards (see `domain::mail`).

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::table::Write;
use super::users::Change;
use super::{history, mails};
use crate::context::Context;
use crate::domain::history::{LoginEntry, LoginKind, RightsEntry, RightsKind, Target};
use crate::domain::mail::{Mail, MailKind};
use crate::domain::role::Role;
use crate::domain::tenant_settings::EmailVerification;
use crate::domain::text::{Email, Username};
use crate::domain::trail::{self, Trail};
use crate::domain::user::{Status, User};
use crate::error::Result;
use crate::id::{EntryId, MailId, SessionId, UserId};

fn entry_id(cx: &Context) -> Result<EntryId> {
    let number = cx.rows.fetch_add(1, Ordering::Relaxed);
    Ok(EntryId::spread(cx.now, cx.size_to_write().histories())?.numbered(number))
}

/// A row of the login history, not yet a write.
pub fn login_entry(cx: &Context, user: UserId, kind: LoginKind, session: Option<SessionId>) -> Result<LoginEntry> {
    Ok(LoginEntry {
        id: entry_id(cx)?,
        tenant: cx.tenant.clone(),
        user,
        kind,
        at: cx.now,
        surface: cx.origin.surface.name.to_owned(),
        ip: cx.origin.ip.clone(),
        user_agent: cx.origin.user_agent.clone(),
        session,
    })
}

pub fn login(cx: &Context, user: UserId, kind: LoginKind, session: Option<SessionId>) -> Result<Write> {
    history::login(&login_entry(cx, user, kind, session)?, cx.tenant_settings.history)
}

pub fn rights(cx: &Context, kind: RightsKind, target: Target, before: Value, after: Value) -> Result<Write> {
    put(cx, &entry(cx, kind, target, before, after)?)
}

/// The same for a change of what its target gives or is given.
fn on_trail(
    cx: &Context,
    trail: &mut Trail,
    kind: RightsKind,
    target: Target,
    before: Value,
    after: Value,
) -> Result<Write> {
    let mut entry = entry(cx, kind, target, before, after)?;
    // A request that began earlier can be the later one of two.
    if let Some(previous) = trail.last {
        entry.id = entry.id.behind(previous);
        entry.at = entry.at.max(entry.id.made_at());
    }
    entry.previous = trail.go_on(entry.id);
    put(cx, &entry)
}

fn put(cx: &Context, entry: &RightsEntry) -> Result<Write> {
    history::rights(entry, cx.tenant_settings.history)
}

fn entry(cx: &Context, kind: RightsKind, target: Target, before: Value, after: Value) -> Result<RightsEntry> {
    Ok(RightsEntry {
        id: entry_id(cx)?,
        tenant: cx.tenant.clone(),
        kind,
        at: cx.now,
        actor: cx.actor(),
        ip: cx.origin.ip.clone(),
        target,
        before,
        after,
        previous: None,
    })
}

/// The row of a change of a role, where it shows one; the role leads to it from then on.
pub fn role_changed(cx: &Context, before: &Role, after: &mut Role) -> Result<Option<Write>> {
    let (was, is) = (trail::of_role(before), trail::of_role(after));
    if was == is {
        return Ok(None);
    }
    let trail = after.trail.insert(before.trail());
    on_trail(cx, trail, RightsKind::RoleChanged, Target::Role(before.id), was, is).map(Some)
}

/// Rows that an account was made, deleted or erased, of its status, and of each grant that came or went, in the transaction
/// of the change. The account leads to the latest from then on.
pub fn rows(cx: &Context, before: Option<&User>, after: Option<&mut User>) -> Result<Vec<Write>> {
    let row = |kind, id, before, after| rights(cx, kind, Target::User(id), before, after);
    let was = |user: &User| json!({ "status": user.status });
    let (before, after) = match (before, after) {
        (None, None) => return Ok(Vec::new()),
        (None, Some(new)) => return Ok(vec![row(RightsKind::UserCreated, new.id, Value::Null, made(new))?]),
        (Some(gone), None) => return Ok(vec![row(RightsKind::UserErased, gone.id, was(gone), Value::Null)?]),
        (Some(before), Some(after)) => (before, after),
    };
    let mut trail = before.trail();
    let changes = trail::of_account(before, after).into_iter();
    let rows = changes.map(|(kind, was, is)| on_trail(cx, &mut trail, kind, Target::User(after.id), was, is));
    let mut rows: Vec<Write> = rows.collect::<Result<_>>()?;
    if !rows.is_empty() {
        after.trail = Some(trail);
    }
    if after.status == Status::Deleted {
        return Ok(rows);
    }
    if cx.actor().is_some_and(|actor| actor != after.id) {
        for (kind, was, is) in identity(before, after) {
            rows.push(row(kind, after.id, was, is)?);
        }
    }
    Ok(rows)
}

/// What somebody else changed of what an account signs in with, and of who it is: never a secret.
fn identity(before: &User, after: &User) -> Vec<(RightsKind, Value, Value)> {
    let mut changes = Vec::new();
    if before.password != after.password {
        let set = json!({ "mustChangePassword": after.must_change_password });
        changes.push((RightsKind::PasswordSet, Value::Null, set));
    }
    let email = |user: &User| json!({ "email": user.email.as_ref().map(Email::as_given), "emailVerified": user.email_verified });
    if email(before) != email(after) {
        changes.push((RightsKind::EmailChanged, email(before), email(after)));
    }
    let username = |user: &User| json!({ "username": user.username.as_ref().map(Username::as_given) });
    if username(before) != username(after) {
        changes.push((RightsKind::UsernameChanged, username(before), username(after)));
    }
    if before.profile != after.profile {
        changes.push((RightsKind::ProfileChanged, Value::Null, Value::Null));
    }
    if before.attempts != after.attempts && changes.is_empty() && before.status == after.status {
        changes.push((RightsKind::AttemptsCleared, Value::Null, Value::Null));
    }
    changes
}

fn made(user: &User) -> Value {
    let grants: Vec<Value> = user.grants.iter().map(trail::of_grant).collect();
    json!({ "status": user.status, "grants": grants })
}

/// Asks for a mail to the account's present address, where it has one.
pub fn mail(cx: &Context, kind: MailKind, user: &User, caused_by: Option<UserId>) -> Result<Option<Write>> {
    let Some(email) = &user.email else { return Ok(None) };
    let mail = Mail {
        name: kind.link().is_none().then(|| user.display_name()).flatten(),
        ..mail_to(cx, kind, user.id, email.as_given().to_owned(), caused_by)?
    };
    mails::put(&mail).map(Some)
}

/// The item of a mail of this kind that is never sent: in size and shape as one to the address, which it does not hold,
/// and of an account that does not exist.
pub fn decoy(cx: &Context, kind: MailKind, email: &Email, caused_by: Option<UserId>) -> Result<Write> {
    let nobody = "-".repeat(email.as_given().len());
    mails::put(&mail_to(cx, kind, UserId::new(cx.now)?, nobody, caused_by)?)
}

fn mail_to(cx: &Context, kind: MailKind, user: UserId, to: String, caused_by: Option<UserId>) -> Result<Mail> {
    let base = cx.app.settings.public_url.as_ref().unwrap_or(&cx.address);
    Ok(Mail {
        id: MailId::new(cx.now)?,
        tenant: cx.tenant.clone(),
        kind,
        user,
        to,
        name: None,
        caused_by,
        base: base.clone(),
        created_at: cx.now,
    })
}

/// What a change of an account has sent, in its own transaction: an invitation to whoever cannot sign in yet; to an
/// address that is to be verified, how, and both again when the account is switched on; to the verified address that it
/// had before, that it has another one, or another password.
pub fn mails_of(cx: &Context, change: &Change) -> Result<Vec<Write>> {
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    // Whoever is taken over from another directory asked for nothing.
    let Some(after) = after.filter(|_| !cx.is_operator) else {
        return Ok(Vec::new());
    };
    // Whoever changes an account without having signed in makes it, or follows a link of its own.
    let caused_by = cx.actor().or(Some(after.id));
    let mut asked = Vec::new();
    if let Some(before) = before {
        let new_password = before.password.is_some() && after.password.is_some() && before.password != after.password;
        // One of the two, for they go to one address at one moment, and the limits let one through.
        let notice = if before.mailbox() == after.mailbox() {
            (new_password && after.email_verified).then_some(MailKind::PasswordChanged)
        } else {
            before.email_verified.then_some(MailKind::EmailChanged)
        };
        if let Some(kind) = notice {
            asked.extend(mail(cx, kind, before, caused_by)?);
        }
    }
    let is_new = before.is_none_or(|before| before.given_email() != after.given_email());
    let switched_on = before.is_some_and(|before| before.status != Status::Active) && after.status == Status::Active;
    // A mail to whoever is switched off would be dropped: it is asked for when they are switched on.
    if after.status_set(cx.now) != Status::Active || !(is_new || switched_on) {
        return Ok(asked);
    }
    if after.password.is_none() {
        // Following it verifies the address as well.
        asked.extend(mail(cx, MailKind::Invitation, after, caused_by)?);
    } else if !after.email_verified && cx.tenant_settings.email_verification != EmailVerification::Off {
        asked.extend(mail(cx, MailKind::VerifyEmail, after, caused_by)?);
    }
    Ok(asked)
}
