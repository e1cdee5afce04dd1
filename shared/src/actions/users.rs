//! Accounts: made, found, changed, deleted.

use serde_json::Value;

use super::{Context, grants, mails, passwords, record, seating, sessions};
use crate::access::policy;
use crate::domain::lockout::Attempts;
use crate::domain::mail::MailKind;
use crate::domain::profile::Profile;
use crate::domain::role::{Role, USER};
use crate::domain::text::{Email, Password, Username};
use crate::domain::user::{AdminLock, Status, User};
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::UserId;
use crate::store::table::Write;
use crate::store::{keys, roles, users};

/// How often a change is tried again on what others made of the account in the meantime.
pub const TRIES: usize = 64;

/// Which account.
#[derive(Debug, Clone, PartialEq)]
pub enum UserRef {
    /// The one of this id.
    Id(UserId),
    /// The one with this address.
    Email(Email),
    /// The one of this name.
    Username(Username),
}

impl UserRef {
    /// Whether it stands for this account.
    pub fn names(&self, user: &User) -> bool {
        match self {
            Self::Id(id) => *id == user.id,
            Self::Email(email) => user.email.as_ref() == Some(email),
            Self::Username(name) => user.username.as_ref() == Some(name),
        }
    }

    /// The account that this text names: by id, address or username. No text is two of them.
    pub fn parse(text: &str) -> Option<Self> {
        let id = text.parse().ok().map(Self::Id);
        id.or_else(|| Email::parse(text).ok().map(Self::Email))
            .or_else(|| Username::parse(text).ok().map(Self::Username))
    }
}

/// An account to be made.
#[derive(Debug, Default)]
pub struct NewUser {
    /// Its address.
    pub email: Option<Email>,
    /// Its name.
    pub username: Option<Username>,
    /// Its password; without one nobody can log in until one is set.
    pub password: Option<Password>,
    /// Its personal fields.
    pub profile: Profile,
    /// Names or ids of roles, beside the one that everybody has.
    pub roles: Vec<String>,
    /// Whether the address is known to be theirs.
    pub email_verified: bool,
    /// Whether the password must be changed at the first login.
    pub must_change_password: bool,
}

/// A change by an administrator. What is absent stays.
#[derive(Debug, Default)]
pub struct UserPatch {
    /// A merge patch of the personal fields.
    pub profile: Option<Value>,
    /// A new address, or none.
    pub email: Option<Option<Email>>,
    /// A new name, or none.
    pub username: Option<Option<Username>>,
    /// Whether the address is known to be theirs.
    pub email_verified: Option<bool>,
    /// A new status.
    pub status: Option<Status>,
    /// A new password.
    pub password: Option<Password>,
    /// Names or ids of all roles that it has from now on, beside the one that everybody has.
    pub roles: Option<Vec<String>>,
    /// The version that it is a change of, where the client said so.
    pub expected: Option<u64>,
}

/// Makes an account; answers it with its roles.
///
/// # Errors
/// [`Error::Invalid`]; [`Conflict::EmailTaken`], [`Conflict::UsernameTaken`], [`Conflict::RoleFull`];
/// [`Error::Forbidden`] for roles that the caller cannot give.
pub async fn create(cx: &Context, new: NewUser) -> Result<(User, Vec<Role>)> {
    let given = grants::listed(cx, &new.roles).await?;
    for role in &given {
        policy::may_grant(&cx.caller()?.rights, role)?;
    }
    // Read before the account is written: what is read afterwards could fail, and deny that it was made.
    let everybody = super::roles::by_id(cx, USER.id).await?;
    let invited = new.password.is_none();
    let invitation = |user: &User| match invited {
        true => mails::to(cx, MailKind::Invitation, user).map(Vec::from_iter),
        false => Ok(Vec::new()),
    };
    let user = create_with(cx, new, &given, invitation).await?;
    Ok((user, given.into_iter().chain(everybody).collect()))
}

/// Makes an account with these roles, whoever gives them, and with further writes in the same transaction.
///
/// # Errors
/// As [`create`].
pub(super) async fn create_with(
    cx: &Context,
    new: NewUser,
    given: &[Role],
    also: impl Fn(&User) -> Result<Vec<Write>>,
) -> Result<User> {
    let mut user = beginning(cx, new, given).await?;
    for _ in 0..seating::TRIES {
        let rows = [record::created(cx, &user)?];
        let unchanged = given.iter().map(|role| roles::unchanged(role, Conflict::Contention));
        let plan = users::writes(None, &user)?.and(rows).and(unchanged).and(also(&user)?);
        match plan.commit(&cx.app.table).await {
            Err(Error::Conflict(Conflict::RoleFull)) => seating::elsewhere(cx, None, &mut user).await?,
            outcome => return outcome.map(|()| user),
        }
    }
    Err(Conflict::Contention.into())
}

/// An account at its beginning, not yet written.
///
/// # Errors
/// [`Error::Invalid`] for one without any name; [`Conflict::TooManyGrants`].
pub(super) async fn beginning(cx: &Context, new: NewUser, given: &[Role]) -> Result<User> {
    if new.email.is_none() && new.username.is_none() {
        return Err(Error::invalid(
            "/email",
            "an account needs an e-mail address or a username",
        ));
    }
    let password = match new.password {
        Some(password) => Some(passwords::hash(cx, password).await?),
        None => None,
    };
    let grants = grants::first(cx, given)?;
    grants::room_for(grants.len())?;
    Ok(User {
        id: UserId::new(cx.now)?,
        tenant: cx.tenant.clone(),
        email_verified: new.email_verified && new.email.is_some(),
        email: new.email,
        username: new.username,
        profile: new.profile,
        status: Status::Active,
        lock: None,
        password,
        must_change_password: new.must_change_password,
        grants,
        epoch: 0,
        version: 1,
        attempts: Attempts::default(),
        created_at: cx.now,
        modified_at: cx.now,
        deleted_at: None,
    })
}

/// The account, unless it is deleted.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Unavailable`].
pub async fn find(cx: &Context, user: &UserRef) -> Result<User> {
    let claim = match user {
        UserRef::Id(id) => return sessions::account(cx, *id).await,
        UserRef::Email(email) => keys::email(&cx.tenant, email),
        UserRef::Username(username) => keys::username(&cx.tenant, username),
    };
    let id = users::claimed_by(&cx.app.table, &claim)
        .await?
        .ok_or(Error::NotFound(Noun::User))?;
    sessions::account(cx, id).await
}

/// Carries out a change of an account on what it is now: where others changed it since it was read, on what they made
/// of it, unless `expected` names the version that is to be changed.
///
/// # Errors
/// What `edit` answers; [`Error::PreconditionFailed`] where `expected` is not the version; conflicts;
/// [`Error::Unavailable`].
pub(super) async fn change(
    cx: &Context,
    found: User,
    expected: Option<u64>,
    edit: impl FnMut(&User) -> Result<User>,
) -> Result<User> {
    change_with(cx, found, expected, &[], edit).await
}

/// The same, provided that these roles are as they were read; else [`Conflict::Contention`].
///
/// # Errors
/// As [`change`].
pub(super) async fn change_with(
    cx: &Context,
    mut found: User,
    expected: Option<u64>,
    roles: &[Role],
    mut edit: impl FnMut(&User) -> Result<User>,
) -> Result<User> {
    for _ in 0..TRIES {
        if expected.is_some_and(|version| version != found.version) {
            return Err(Error::PreconditionFailed);
        }
        let mut after = edit(&found)?;
        if is_same(&after, &found) {
            return Ok(after);
        }
        touched(cx, &mut after);
        match commit(cx, &found, &mut after, roles).await {
            Err(Error::PreconditionFailed) => found = sessions::account(cx, found.id).await?,
            outcome => return outcome.map(|()| after),
        }
    }
    Err(Conflict::Contention.into())
}

/// The same, provided that the account has the grants on which it was decided that the caller may; else
/// [`Conflict::Contention`], and it is to be decided again.
///
/// # Errors
/// As [`change`].
pub(super) async fn change_as_decided(
    cx: &Context,
    found: User,
    mut edit: impl FnMut(&User) -> Result<User>,
) -> Result<User> {
    let decided_on = found.grants.clone();
    let edit = |user: &User| {
        may_change(cx, user)?;
        if user.grants != decided_on {
            return Err(Conflict::Contention.into());
        }
        edit(user)
    };
    change(cx, found, None, edit).await
}

/// Whether nothing changed, not even how a name is spelled: two spellings of one name are equal.
pub(super) fn is_same(a: &User, b: &User) -> bool {
    let spelled = |user: &User| {
        let email = user.email.as_ref().map(|email| email.as_given().to_owned());
        (email, user.username.as_ref().map(|name| name.as_given().to_owned()))
    };
    a == b && spelled(a) == spelled(b)
}

async fn commit(cx: &Context, before: &User, after: &mut User, given: &[Role]) -> Result<()> {
    // The role that everybody has is never edited away from under a grant, and must not become a hot item.
    let given = || given.iter().filter(|role| role.id != USER.id);
    for _ in 0..seating::TRIES {
        let mut rows = record::changes(cx, before, after)?;
        rows.extend(mails::notices(cx, before, after)?);
        let unchanged = given().map(|role| roles::unchanged(role, Conflict::Contention));
        let plan = users::writes(Some(before), after)?.and(rows).and(unchanged);
        match plan.commit(&cx.app.table).await {
            Err(Error::Conflict(Conflict::RoleFull)) => seating::elsewhere(cx, Some(before), after).await?,
            outcome => return outcome,
        }
    }
    Err(Conflict::Contention.into())
}

/// Marks an account as changed now.
pub(super) fn touched(cx: &Context, user: &mut User) {
    user.version += 1;
    user.modified_at = cx.now;
}

/// What a patch makes of address and name.
///
/// # Errors
/// [`Error::Invalid`] where neither is left.
pub(super) fn rename(after: &mut User, patch: &UserPatch) -> Result<()> {
    if let Some(email) = &patch.email {
        let same = after.email == *email;
        after.email.clone_from(email);
        if !same {
            // Whoever holds a session got in by the old address; the new one is nobody's until it is shown to be.
            after.email_verified = false;
            after.end_sessions();
        }
    }
    if let Some(username) = &patch.username {
        after.username.clone_from(username);
    }
    if let Some(verified) = patch.email_verified {
        after.email_verified = verified && after.email.is_some();
    }
    if after.email.is_none() && after.username.is_none() {
        return Err(Error::invalid(
            "/email",
            "an account needs an e-mail address or a username",
        ));
    }
    Ok(())
}

/// Gives an account a status. One that may not sign in any more loses its sessions for good.
///
/// # Errors
/// [`Error::Invalid`] for `deleted`, which is not a status to be set.
pub(super) fn set_status(user: &mut User, status: Status) -> Result<()> {
    match status {
        Status::Deleted => return Err(Error::invalid("/status", "to delete an account, send DELETE")),
        Status::Active => {
            user.lock = None;
            // Whoever is told that an account is active must be able to rely on it: a lockout ends as well.
            if user.attempts.lockout_until.is_some() {
                user.attempts = Attempts::default();
            }
        }
        Status::Locked if user.status == Status::Locked => {}
        Status::Locked => user.lock = Some(AdminLock::default()),
        Status::Inactive | Status::Banned => user.lock = None,
    }
    if status != Status::Active && user.status != status {
        user.end_sessions();
    }
    user.status = status;
    Ok(())
}

/// Changes the caller's own personal fields, and nothing else.
///
/// # Errors
/// [`Error::Invalid`], [`Error::PreconditionFailed`].
pub async fn patch_own(cx: &Context, patch: &Value, expected: Option<u64>) -> Result<User> {
    let own = cx.own_account()?.clone();
    change(cx, own, expected, |user| {
        let mut after = user.clone();
        after.profile = user.profile.merge(patch)?;
        Ok(after)
    })
    .await
}

/// Whether the caller may change this account: not one on a rank above its own, and another's only where the contract
/// lets it, too (rule 9).
///
/// # Errors
/// [`Error::Forbidden`].
pub(super) fn may_change(cx: &Context, user: &User) -> Result<()> {
    let caller = cx.caller()?;
    if let Some(stricter) = cx.stricter.filter(|_| caller.id != user.id) {
        stricter(&caller.rights, &user.grants, cx.now)?;
    }
    policy::may_change(&caller.rights, &user.grants, cx.now)
}

/// Whether the caller may put itself in this account's place.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::Unavailable`].
pub(super) async fn may_take_over(cx: &Context, user: &User) -> Result<()> {
    may_change(cx, user)?;
    if cx.caller()?.id == user.id {
        return Ok(());
    }
    let ids = user.grants.iter().map(|grant| grant.role);
    let known = roles::get_all(&cx.app.table, &cx.tenant, ids).await?;
    policy::may_take_over(&cx.caller()?.rights, &policy::prospects(&user.grants, &known, cx.now))
}

/// The roles that apply to an account now, in requests about no department.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn roles_of(cx: &Context, user: &User) -> Result<Vec<Role>> {
    let ids = super::authenticate::applying(cx, user);
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    roles::get_all(&cx.app.table, &cx.tenant, ids).await
}
