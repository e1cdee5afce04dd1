//! What whoever runs a stack does where nobody can sign in who could do it through the API: each in one unit of work, by
//! the same rules as the routes but for the caller's rank, and each with a row in the rights history, whose actor is
//! [`OPERATOR`](crate::domain::history::OPERATOR). In a dry run ([`Context::is_dry_run`]) all is read and decided, and
//! nothing written.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::Context;
use super::hashed::Hashed;
use super::users::{self, NewUser};
use crate::domain::grant::Grant;
use crate::domain::history::{RightsKind, Target};
use crate::domain::lockout::NameAttempts;
use crate::domain::mail::{OneTime, Purpose};
use crate::domain::role::{OWNER, Role};
use crate::domain::text::Password;
use crate::domain::user::{Status, User, UserRef};
use crate::domain::{time, trail};
use crate::error::{Error, Noun, Result};
use crate::id::{MailId, UserId};
use crate::proof::opaque::{self, Kind, Opaque};
use crate::store::mails::Dead;
use crate::store::unit::{Unit, atomically};
use crate::store::{mails, one_time, record};

pub use super::transfer::context;
pub use crate::store::mails::Dead as DeadMail;

/// For how long the link of a new owner lasts.
const LINK: SignedDuration = SignedDuration::from_hours(24);

/// An owner who can sign in, once the way in is taken.
#[derive(Debug)]
pub struct Owner {
    pub id: UserId,
    pub is_new: bool,
    /// What changes, as the rights history has it: kind, before, after.
    pub changes: Changes,
    pub way_in: WayIn,
}

/// How an owner comes to a password; either is shown once, and kept nowhere.
#[derive(Debug)]
pub enum WayIn {
    /// The token of a link to choose one by, until when it lasts.
    Link { token: SecretString, until: Timestamp },
    /// One that must be changed at the first login, for an account without an address.
    TemporaryPassword(SecretString),
}

/// Makes an account an owner who can sign in: active, not locked, with the role for good, and a way to choose a password.
/// Its sessions and its password end: whoever has them may be a stranger, who registered the address. One that no account
/// has is given a new one.
pub async fn owner(cx: &Context, who: &UserRef) -> Result<Owner> {
    let token = &Opaque::mint(Kind::OneTime)?;
    let temporary = opaque::temporary_password()?;
    let password = &Password::presented(temporary.expose_secret().to_owned());
    let hashed = &Hashed::of(Some(password));
    let (id, is_new, changes, until) = atomically(cx, |unit| async move {
        let role = unit.role(&OWNER.id.to_string()).await?;
        let role = role.ok_or(Error::NotFound(Noun::Role))?;
        let found = match (unit.grantee(who).await, who) {
            (Err(Error::NotFound(Noun::User)), UserRef::Email(_)) => None,
            (found, _) => Some(found?),
        };
        let (after, changes) = match &found {
            None => made(cx, &unit, who, &role)?,
            Some(user) => mended(cx, &unit, user, &role, hashed).await?,
        };
        let until = issue_link(cx, &unit, &after, token)?;
        Ok((after.id, found.is_none(), changes, until))
    })
    .await?;
    let way_in = match until {
        Some(until) => WayIn::Link {
            token: token.text().clone(),
            until,
        },
        None => WayIn::TemporaryPassword(temporary),
    };
    Ok(Owner {
        id,
        is_new,
        changes,
        way_in,
    })
}

/// What changes: kind, before, after.
pub type Changes = Vec<(RightsKind, Value, Value)>;

fn made(cx: &Context, unit: &Unit<'_>, who: &UserRef, role: &Role) -> Result<(User, Changes)> {
    let new = beginning(cx, who, role)?;
    unit.create(&new)?;
    let is = json!({ "status": new.status, "roles": [OWNER.name] });
    Ok((new, vec![(RightsKind::UserCreated, Value::Null, is)]))
}

async fn mended(
    cx: &Context,
    unit: &Unit<'_>,
    user: &User,
    role: &Role,
    hashed: &Hashed<'_>,
) -> Result<(User, Changes)> {
    user.is_person()?;
    let mut after = in_charge(cx, user, role)?;
    hashed.get(cx).await?.iter().for_each(|hash| after.set_password(hash));
    if user.email.is_none() {
        after.must_change_password = true;
        after.password_ends = Some(cx.now + cx.app.settings.temporary_password);
    }
    let changes = changes(user, &after);
    if user.is_spelled_as(&after) {
        unit.keep_user(user);
    }
    Ok((unit.change(user, after)?, changes))
}

fn beginning(cx: &Context, who: &UserRef, role: &Role) -> Result<User> {
    let UserRef::Email(email) = who else {
        return Err(Error::NotFound(Noun::User));
    };
    let new = NewUser {
        email: Some(email.clone()),
        ..NewUser::default()
    };
    users::beginning(cx, &new, None, std::slice::from_ref(role))
}

/// The account as somebody in charge has it, once there is a password.
fn in_charge(cx: &Context, user: &User, role: &Role) -> Result<User> {
    let mut after = user.clone();
    if user.status != Status::Active {
        after.set_status(Status::Active, cx.now)?;
    }
    after.attempts = NameAttempts::default();
    let is_owner = |grant: &Grant| grant.role == role.id && grant.keeps_in_charge();
    if !user.grants.iter().any(is_owner) {
        after.give(Grant::of(role, cx.actor(), cx.now)?)?;
    }
    Ok(after)
}

fn changes(before: &User, after: &User) -> Changes {
    let mut changes = trail::of_account(before, after);
    if before.attempts != after.attempts {
        changes.push((RightsKind::AttemptsCleared, Value::Null, Value::Null));
    }
    if before.password != after.password {
        changes.push((RightsKind::PasswordSet, Value::Null, Value::Null));
    }
    changes
}

/// Writes the token of a link to choose a password by, where the account has an address, with its row; until when it lasts.
fn issue_link(cx: &Context, unit: &Unit<'_>, user: &User, token: &Opaque) -> Result<Option<Timestamp>> {
    let Some(email) = &user.email else { return Ok(None) };
    let known = OneTime {
        tenant: cx.tenant.clone(),
        purpose: Purpose::SetPassword,
        user: user.id,
        email: email.as_given().to_owned(),
        epoch: user.epoch,
        expires_at: cx.now + LINK,
    };
    unit.write([one_time::put(&token.digest().to_string(), &known)?]);
    let is = json!({ "until": time::text(known.expires_at) });
    unit.write([record::rights(
        cx,
        RightsKind::LinkIssued,
        Target::User(user.id),
        Value::Null,
        is,
    )?]);
    Ok(Some(known.expires_at))
}

/// How many dead mails are listed.
const LISTED: usize = 1_000;

/// Mails that were given up, in all tenants; and whether there are more.
pub async fn dead_mails(cx: &Context) -> Result<(Vec<Dead>, bool)> {
    mails::given_up(&cx.app.table, LISTED).await
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailFate {
    /// It is sent as if it were asked for now, with as many tries.
    Retry,
    /// It is given up for good.
    Drop,
}

/// Decides what becomes of a mail that was given up; answers it as it was.
pub async fn settle_mail(cx: &Context, id: MailId, fate: MailFate) -> Result<Dead> {
    atomically(cx, |unit| async move {
        let dead = mails::given_up_of(&cx.app.table, id).await?;
        let dead = dead.ok_or_else(|| Error::invalid("/mail", "no mail of this id was given up"))?;
        let within = cx.within(&dead.mail.tenant);
        let (kind, write) = match fate {
            MailFate::Retry => (RightsKind::MailRetried, mails::retry(id, cx.now)),
            MailFate::Drop => (RightsKind::MailDropped, mails::forget(id, cx.now)),
        };
        unit.write([write]);
        let was = json!({ "mail": id, "kind": dead.mail.kind });
        let row = record::rights(&within, kind, Target::User(dead.mail.user), was, Value::Null)?;
        unit.write([row]);
        Ok(dead)
    })
    .await
}
