//! One account, or one role, and whoever has its name already.

use std::fmt::Display;

use serde_json::json;

use super::{Collision, Found};
use crate::context::Context;
use crate::domain::history::{RightsKind, Target};
use crate::domain::role::Role;
use crate::domain::text::{Email, FORM, RoleName, Username};
use crate::domain::user::{Status, User};
use crate::error::{Conflict, Error, Result};
use crate::id::{RoleId, UserId, UserNumber};
use crate::store::unit::{Unit, atomically};
use crate::store::{keys, record, roles, users};

/// How often an account or role is tried, whose names others have one after the other.
const TRIES: usize = 100;

/// How many names are tried until one is free.
const NAMES: u32 = 1_000;

/// Brings an account into the present form. Where that cannot be, because somebody has one of its names, the newer of the
/// two gives way first.
pub(super) async fn move_user(cx: &Context, id: UserId, found: &Found) -> Result<()> {
    for _ in 0..TRIES {
        let moved = atomically(cx, |unit| async move {
            let Some(user) = users::get(&cx.app.table, &cx.tenant, id).await? else {
                return Ok(());
            };
            if user.status == Status::Deleted || user.form == FORM {
                return Ok(());
            }
            let mut after = user.clone();
            after.form = FORM;
            after.other_number = other_number(cx, &user).await?;
            unit.change_if(&user, after, None)?;
            Ok(())
        });
        match moved.await {
            Err(Error::Conflict(Conflict::EmailTaken)) => give_way(cx, id, Name::Email, found).await?,
            Err(Error::Conflict(Conflict::UsernameTaken)) => give_way(cx, id, Name::Username, found).await?,
            outcome => return outcome,
        }
    }
    left_alone(cx, id);
    Ok(())
}

/// What contradicts itself stays as it is, and in the way of nobody else.
fn left_alone(cx: &Context, id: impl Display) {
    tracing::error!(
        event = "name_not_moved",
        tenant = cx.tenant.as_str(),
        %id,
        "an account or role is still kept in the first form of names: its claims are not its own"
    );
}

/// Another number than its id gives, where somebody has that: of a million accounts that is one pair in twenty thousand
/// stacks.
async fn other_number(cx: &Context, user: &User) -> Result<Option<UserNumber>> {
    let mut other = None;
    loop {
        let number = other.unwrap_or_else(|| user.number());
        match users::whose_number(&cx.app.table, &cx.tenant, number).await? {
            Some(_) => other = Some(UserNumber::random()?),
            None => return Ok(other),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Name {
    Email,
    Username,
}

impl Name {
    /// Who has it in the present form.
    async fn holder(self, cx: &Context, user: &User) -> Result<Option<UserId>> {
        let t = &cx.tenant;
        let claim = match self {
            Self::Email => user.email.as_ref().map(|email| keys::email(t, email)),
            Self::Username => user.username.as_ref().map(|name| keys::username(t, name)),
        };
        match claim {
            Some(claim) => users::claimed_by(&cx.app.table, claim, None).await,
            None => Ok(None),
        }
    }

    fn is_shared(self, one: &User, other: &User) -> bool {
        match self {
            Self::Email => one.email.is_some() && one.email == other.email,
            Self::Username => one.username.is_some() && one.username == other.username,
        }
    }
}

async fn give_way(cx: &Context, id: UserId, name: Name, found: &Found) -> Result<()> {
    let Some(one) = users::get(&cx.app.table, &cx.tenant, id).await? else {
        return Ok(());
    };
    let Some(holder) = name.holder(cx, &one).await?.filter(|holder| *holder != id) else {
        return Ok(());
    };
    let Some(other) = users::get(&cx.app.table, &cx.tenant, holder).await? else {
        return Ok(());
    };
    let (older, newer) = by_age(&one, &other, |user| (user.created_at, user.id));
    let gave_way = atomically(cx, |unit| async move {
        let user = unit.any_user(newer.id).await?;
        if !name.is_shared(older, &user) {
            return Ok(false);
        }
        let after = renamed(cx, &user, name).await?;
        record_names(cx, &unit, &user, &after)?;
        unit.change_if(&user, after, None)?;
        Ok(true)
    });
    let by = if name == Name::Email { "email" } else { "username" };
    reported(gave_way.await, collision(cx, by, older.id, newer.id), found).await
}

/// The older of two, which keeps the name, and the newer.
fn by_age<'a, T, K: Ord>(one: &'a T, other: &'a T, age: impl Fn(&T) -> K) -> (&'a T, &'a T) {
    if age(one) < age(other) {
        (one, other)
    } else {
        (other, one)
    }
}

/// Reports that one gave way. Where another set-up was quicker, perhaps with the same new name, it is that one's to report.
async fn reported(gave_way: Result<bool>, collision: Collision, found: &Found) -> Result<()> {
    match gave_way {
        Ok(true) => found.add(collision).await,
        Ok(false) | Err(Error::Conflict(_)) => {}
        Err(other) => return Err(other),
    }
    Ok(())
}

fn collision(cx: &Context, by: &'static str, kept_by: impl ToString, lost_by: impl ToString) -> Collision {
    Collision {
        tenant: cx.tenant.clone(),
        by,
        kept_by: kept_by.to_string(),
        lost_by: lost_by.to_string(),
    }
}

/// The account without the name: with another username, or without an address, and then with a username at least. The
/// form that it is kept in stays.
async fn renamed(cx: &Context, user: &User, name: Name) -> Result<User> {
    let mut after = user.clone();
    let given = user.username.as_ref().map(Username::as_given);
    match (name, &user.email) {
        (Name::Username, _) => {
            let name = free_username(cx, given.unwrap_or_default()).await?;
            after.set_username(Some(&name));
        }
        (Name::Email, Some(email)) => {
            after.set_email(None);
            if given.is_none() {
                let local = email.as_given().split('@').next().unwrap_or_default();
                after.set_username(Some(&free_username(cx, local).await?));
            }
        }
        (Name::Email, None) => {}
    }
    after.modified_at = cx.now;
    Ok(after)
}

async fn free_username(cx: &Context, base: &str) -> Result<Username> {
    for name in numbered(base) {
        let Ok(name) = Username::parse(&name) else { continue };
        if users::whose_username(&cx.app.table, &cx.tenant, &name).await?.is_none() {
            return Ok(name);
        }
    }
    Err(Error::fault("no username is free that is like the one that collided"))
}

/// `jane-2`, `jane-3` and so on, each short enough.
fn numbered(base: &str) -> impl Iterator<Item = String> {
    let base: String = base.chars().take(56).collect();
    let base = base.trim_end().to_owned();
    (2..NAMES).map(move |n| format!("{base}-{n}"))
}

/// Set-up changes another's names, as an administrator would.
fn record_names(cx: &Context, unit: &Unit<'_>, before: &User, after: &User) -> Result<()> {
    let target = Target::User(after.id);
    let username = |user: &User| json!({ "username": user.username.as_ref().map(Username::as_given) });
    if username(before) != username(after) {
        let (was, is) = (username(before), username(after));
        unit.write([record::rights(
            cx,
            RightsKind::UsernameChanged,
            target.clone(),
            was,
            is,
        )?]);
    }
    let email = |user: &User| json!({ "email": user.email.as_ref().map(Email::as_given), "emailVerified": user.email_verified });
    if email(before) != email(after) {
        let (was, is) = (email(before), email(after));
        unit.write([record::rights(cx, RightsKind::EmailChanged, target, was, is)?]);
    }
    Ok(())
}

/// The same for a role.
pub(super) async fn move_role(cx: &Context, id: RoleId, found: &Found) -> Result<()> {
    for _ in 0..TRIES {
        let moved = atomically(cx, |unit| async move {
            let Some(role) = roles::get(&cx.app.table, &cx.tenant, id)
                .await?
                .filter(|role| role.form != FORM)
            else {
                return Ok(());
            };
            let after = Role {
                form: FORM,
                version: role.version + 1,
                ..role.clone()
            };
            unit.write(roles::change(&role, &after)?);
            Ok(())
        });
        match moved.await {
            Err(Error::Conflict(Conflict::RoleNameTaken)) => give_role_way(cx, id, found).await?,
            outcome => return outcome,
        }
    }
    left_alone(cx, id);
    Ok(())
}

async fn give_role_way(cx: &Context, id: RoleId, found: &Found) -> Result<()> {
    let table = &cx.app.table;
    let Some(one) = roles::get(table, &cx.tenant, id).await? else {
        return Ok(());
    };
    let Some(holder) = roles::claimed_by(table, &keys::role_name(&cx.tenant, &one.name))
        .await?
        .filter(|holder| *holder != id)
    else {
        return Ok(());
    };
    let Some(other) = roles::get(table, &cx.tenant, holder).await? else {
        return Ok(());
    };
    let (older, newer) = by_age(&one, &other, |role| (role.created_at, role.id));
    let gave_way = atomically(cx, |unit| async move {
        let Some(role) = roles::get(table, &cx.tenant, newer.id)
            .await?
            .filter(|role| role.name == older.name)
        else {
            return Ok(false);
        };
        let name = free_role_name(cx, &role).await?;
        unit.change_role(&role, Role { name, ..role.clone() })?;
        Ok(true)
    });
    reported(gave_way.await, collision(cx, "role", older.id, newer.id), found).await
}

/// A name that no role has, like that of this one.
pub(in crate::actions) async fn free_role_name(cx: &Context, role: &Role) -> Result<RoleName> {
    for name in numbered(role.name.as_given()) {
        let Ok(name) = RoleName::parse(&name) else { continue };
        if roles::named(&cx.app.table, &cx.tenant, &name).await?.is_none() {
            return Ok(name);
        }
    }
    Err(Error::fault(
        "no name is free that is like the one of a role that collided",
    ))
}
