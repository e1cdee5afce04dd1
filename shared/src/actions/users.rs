//! Accounts: made, found, changed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::changes::{actor, held_by_caller, keep_own_count, may_change, may_take_over};
use super::hashed::Hashed;
use super::revisions::{Expected, expect};
use super::{Context, grants, passwords, rate_limits};
use crate::access::policy::{self, Span};
use crate::domain::grant::Grant;
use crate::domain::lockout::NameAttempts;
use crate::domain::profile::Profile;
use crate::domain::role::{Role, SERVICE_ACCOUNT, USER};
use crate::domain::text::{Email, FORM, Password, Username};
use crate::domain::trail::Trail;
use crate::domain::user::{PasswordHash, Status, User, UserKind};
use crate::error::{Conflict, Error, Result};
use crate::id::{RoleId, UserId};
use crate::store::unit::{Unit, atomically};
use crate::store::{roles, users};

pub use crate::domain::user::UserRef;

#[derive(Debug, Default)]
pub struct NewUser {
    pub kind: UserKind,
    pub email: Option<Email>,
    pub username: Option<Username>,
    /// Its password; without one the account cannot log in.
    pub password: Option<Password>,
    pub profile: Profile,
    /// Names or ids of roles, beside the one that everybody has.
    pub roles: Vec<String>,
    pub email_verified: bool,
    pub must_change_password: bool,
    /// Whether Usher made the password, for a first login alone.
    pub is_temporary: bool,
}

impl NewUser {
    /// Whether whoever it is for is sent a link to choose a password by.
    pub(super) fn is_invited(&self) -> bool {
        self.password.is_none() && self.email.is_some()
    }
}

/// A change by an administrator. What is absent stays.
#[derive(Debug, Default)]
pub struct UserPatch {
    pub profile: Option<Value>,
    pub email: Option<Option<Email>>,
    pub username: Option<Option<Username>>,
    pub email_verified: Option<bool>,
    pub status: Option<Status>,
    pub password: Option<Password>,
    /// What the contract answers where this is the password that the account has; else it is invalid.
    pub same_password: Option<Conflict>,
    /// Names or ids of all roles that it has from now on, beside the one that everybody has.
    pub roles: Option<Vec<String>>,
    pub expected: Expected,
}

/// Makes an account; answers it with its roles.
pub async fn create(cx: &Context, new: NewUser) -> Result<(User, Vec<Role>)> {
    if new.is_invited() {
        rate_limits::invitation(cx).await?;
    }
    let (new, hash) = (&new, &Hashed::of(new.password.as_ref()));
    atomically(cx, |unit| async move {
        let mut roles = grants::kept(&unit, &new.roles).await?;
        if new.kind == UserKind::Service && roles.iter().all(|role| role.id != SERVICE_ACCOUNT.id) {
            roles.extend(unit.role(&SERVICE_ACCOUNT.id.to_string()).await?);
        }
        let held = held_by_caller(cx).await?;
        for role in &roles {
            policy::may_grant(&actor(cx, &held)?, role, &Span::for_good(cx.now))?;
        }
        let user = beginning(cx, new, hash.get(cx).await?, &roles)?;
        roles.extend(everybodys(cx).await?);
        unit.create(&user)?;
        Ok((user, roles))
    })
    .await
}

/// The role that everybody has, which was read with the caller, who has it too.
async fn everybodys(cx: &Context) -> Result<Option<Role>> {
    let known = cx.caller.as_ref().map_or(&[][..], |caller| &caller.roles);
    match known.iter().find(|role| role.id == USER.id) {
        Some(role) => Ok(Some(role.clone())),
        // Before the account is written: what is read afterwards could fail, and deny that it was made.
        None => roles::get(&cx.app.table, &cx.tenant, USER.id).await,
    }
}

/// An account at its beginning, with these roles beside the one that everybody has.
pub(super) fn beginning(cx: &Context, new: &NewUser, hash: Option<PasswordHash>, roles: &[Role]) -> Result<User> {
    let mut user = User {
        search_shards: cx.size_to_write().search(),
        id: UserId::new(cx.now)?,
        tenant: cx.tenant.clone(),
        other_number: None,
        form: FORM,
        kind: new.kind,
        email_verified: new.email_verified && new.email.is_some(),
        email: new.email.clone(),
        username: new.username.clone(),
        profile: new.profile.clone(),
        status: Status::Active,
        lock: None,
        before_ban: None,
        leaving: false,
        password: hash,
        must_change_password: new.must_change_password,
        password_ends: new.is_temporary.then(|| cx.now + cx.app.settings.temporary_password),
        grants: vec![Grant::of_everybody(cx.size_to_write(), cx.actor(), cx.now)?],
        cleared: None,
        trail: Some(Trail::beginning(cx.now)),
        epoch: 0,
        version: 1,
        attempts: NameAttempts::default(),
        created_at: cx.now,
        modified_at: cx.now,
        deleted_at: None,
    };
    user.has_name()?;
    if user.email.is_some() || user.password.is_some() {
        user.is_person()?;
    }
    if let Some(password) = new.password.as_ref().filter(|password| user.is_called(password)) {
        return Err(passwords::is_a_name(password));
    }
    for role in roles {
        user.give(Grant::of(role, cx.actor(), cx.now)?)?;
    }
    Ok(user)
}

pub async fn find(cx: &Context, user: &UserRef) -> Result<User> {
    users::find(&cx.app.table, &cx.tenant, user).await
}

/// The id that this text names an account by, or that of the account with this address or username; nothing where there
/// is none. An id is taken as it is: the histories outlive accounts.
pub async fn id_of(cx: &Context, text: &str) -> Result<Option<UserId>> {
    match UserRef::parse(text) {
        None => Ok(None),
        Some(UserRef::Id(id)) => Ok(Some(id)),
        Some(named) => match find(cx, &named).await {
            Ok(user) => Ok(Some(user.id)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(other) => Err(other),
        },
    }
}

/// Changes the caller's own personal fields, and nothing else.
pub async fn patch_own(cx: &Context, patch: &Value, expected: &Expected) -> Result<User> {
    let own = cx.own_account()?;
    atomically(cx, |unit| async move {
        let (user, _) = unit.own(own).await?;
        expect(cx, &unit, &user, expected).await?;
        unit.edit(&user, |after| {
            after.profile = user.profile.merge(patch)?;
            Ok(())
        })
    })
    .await
}

/// Changes an account as an administrator: all of it, or nothing. Answers the roles that apply to it, too, where they had
/// to be read for what the client expects.
pub async fn patch(cx: &Context, user: &UserRef, patch: &UserPatch) -> Result<(User, Option<Vec<Role>>)> {
    let hash = &Hashed::of(patch.password.as_ref());
    let done = atomically(cx, |unit| async move {
        let patched = patch_in(cx, &unit, user, patch, hash).await?;
        Ok((patched.after, patched.applying))
    })
    .await;
    hash.settled(cx, done).await
}

/// An account before and after a patch.
struct Patched {
    before: User,
    after: User,
    /// The roles that it has since, where the patch has roles.
    given: Vec<Role>,
    /// The roles that apply to it, where they were read.
    applying: Option<Vec<Role>>,
}

/// The same; answers the names of the account's roles, too. They are read before it is changed: what is read afterwards
/// could fail, and deny that it was done.
pub async fn patch_naming_roles(
    cx: &Context,
    user: &UserRef,
    patch: &UserPatch,
) -> Result<(User, BTreeMap<RoleId, String>)> {
    let hash = &Hashed::of(patch.password.as_ref());
    let done = atomically(cx, |unit| async move {
        let patched = patch_in(cx, &unit, user, patch, hash).await?;
        let mut names = role_names(cx, [&patched.before]).await?;
        let given = patched.given.into_iter();
        names.extend(given.map(|role| (role.id, role.name.as_given().to_owned())));
        Ok((patched.after, names))
    })
    .await;
    hash.settled(cx, done).await
}

async fn patch_in(
    cx: &Context,
    unit: &Unit<'_>,
    user: &UserRef,
    patch: &UserPatch,
    hash: &Hashed<'_>,
) -> Result<Patched> {
    let user = match patch.roles {
        Some(_) => unit.grantee(user).await?,
        None => unit.user(user).await?,
    };
    may_change(cx, unit, &user).await?;
    if patch.password.is_some() || patch.email.is_some() {
        may_take_over(cx, unit, &user).await?;
    }
    let given = match &patch.roles {
        Some(names) => Some(grants::kept(unit, names).await?),
        None => None,
    };
    let applying = expect(cx, unit, &user, &patch.expected).await?;
    if patch.password.is_some() || patch.email.as_ref().is_some_and(Option::is_some) {
        user.is_person()?;
    }
    let mut after = user.clone();
    if let Some(profile) = &patch.profile {
        after.profile = user.profile.merge(profile)?;
    }
    if let Some(email) = &patch.email {
        after.set_email(email.as_ref());
    }
    if let Some(username) = &patch.username {
        after.set_username(username.as_ref());
    }
    if let Some(verified) = patch.email_verified {
        if verified && after.email.is_none() {
            return Err(Error::invalid("/emailVerified", "the account has no e-mail address"));
        }
        after.email_verified = verified;
    }
    after.has_name()?;
    if let Some(status) = patch.status {
        after.set_status(status, cx.now)?;
    }
    if let Some(roles) = &given {
        let held = held_by_caller(cx).await?;
        grants::replace(cx, &actor(cx, &held)?, &mut after, roles)?;
    }
    keep_own_count(cx, &mut after, user.attempts.clone());
    // At last: what is refused costs no comparison and no hash.
    let mut user = user;
    if patch.password.is_some() {
        user = passwords::may_be_set(cx, hash, &user, &after, patch.same_password.as_ref()).await?;
        hash.get(cx).await?.iter().for_each(|hash| after.set_password(hash));
        after.attempts = NameAttempts::default();
    }
    Ok(Patched {
        after: unit.change(&user, after)?,
        before: user,
        given: given.unwrap_or_default(),
        applying,
    })
}

/// The roles that apply to an account now, in requests about no department.
pub async fn roles_of(cx: &Context, user: &User) -> Result<Vec<Role>> {
    roles::get_all(&cx.app.table, &cx.tenant, user.applying(cx.now)).await
}

pub async fn role_names<'a>(
    cx: &Context,
    accounts: impl IntoIterator<Item = &'a User>,
) -> Result<BTreeMap<RoleId, String>> {
    let grants = accounts.into_iter().flat_map(|user| &user.grants);
    roles::names(&cx.app.table, &cx.tenant, grants.map(|grant| grant.role)).await
}
