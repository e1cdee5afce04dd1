//! Who would gain and lose what by a change that is not made yet. What the change itself would be refused for, its
//! preview is refused for, by the same functions; and nothing is written, not even of what ended.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::{actor, held_by_caller, may_change_with, may_grant};
use super::grants::{NewGrant, give_anew};
use super::paging::LONGEST_PAGE;
use super::roles::{self as role_actions, RolePatch};
use super::{Context, access, catalogue};
use crate::access::decision::Subject;
use crate::access::guard;
use crate::access::policy::{self, Span};
use crate::domain::permission::ADMIN_USERS;
use crate::domain::role::Role;
use crate::domain::text::Department;
use crate::domain::user::{Status, User, UserRef};
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::{GrantId, RoleId, UserId};
use crate::store::user_lists::listed;
use crate::store::{roles, seats, users};

/// How many accounts are named at most.
const MAX_AFFECTED: usize = 1_000;
/// How many holders of a role are looked at; most of a large role's may have what it gives by another one.
const MAX_HOLDERS: usize = 2_000;
const AT_ONCE: usize = 100;

#[derive(Debug)]
pub enum Change {
    /// These are all the permissions of a role.
    Role {
        role: String,
        permissions: BTreeSet<String>,
    },
    Give {
        user: UserRef,
        grant: NewGrant,
    },
    Take {
        user: UserRef,
        grant: GrantId,
    },
}

/// What one account gains or loses in requests about a department; where absent, in those about no department and about
/// each for which there is no other difference of this account.
#[derive(Debug, PartialEq)]
pub struct Difference {
    pub user: UserId,
    pub department: Option<Department>,
    pub permissions: BTreeSet<String>,
}

#[derive(Debug, Default)]
pub struct Preview {
    pub gains: Vec<Difference>,
    pub loses: Vec<Difference>,
    /// Whether there may be more than these.
    pub truncated: bool,
    /// How long the names of permissions in it are.
    bytes: usize,
}

pub async fn preview(cx: &Context, change: &Change) -> Result<Preview> {
    match change {
        Change::Role { role, permissions } => of_role(cx, role, permissions).await,
        Change::Give { user, grant } => of_user(cx, user, Some(grant), None).await,
        Change::Take { user, grant } => of_user(cx, user, None, Some(*grant)).await,
    }
}

async fn of_user(cx: &Context, who: &UserRef, give: Option<&NewGrant>, take: Option<GrantId>) -> Result<Preview> {
    // As the routes ask that give and take.
    guard::needs(ADMIN_USERS).admit(&cx.caller()?.rights, false)?;
    give.map_or(Ok(()), |new| new.lasts(cx, "/grant"))?;
    let there = |error| match error {
        Error::NotFound(Noun::User) => Error::invalid("/user", "there is no such account"),
        other => other,
    };
    let (known, _) = access::known(cx, Some(who), None, &BTreeSet::new())
        .await
        .map_err(there)?;
    let (mut after, mut roles) = (known.user.clone(), known.roles.clone());
    // What ended is neither taken nor in the way.
    after.grants.retain(|grant| grant.stands(cx.now));
    if let Some(new) = give {
        let role = role_actions::named(cx, &new.role).await?;
        let role = role.ok_or_else(|| Error::invalid("/grant/role", format!("there is no role `{}`", new.role)))?;
        given(cx, &mut after, &role, new, &roles).await?;
        roles.push(role);
    }
    if let Some(id) = take {
        taken(cx, &mut after, id, &roles).await?;
    }
    let mut preview = Preview::default();
    preview.add(cx, &known.user, &known.roles, &after, &roles);
    Ok(preview)
}

/// Gives the account a grant, as [`super::grants::give`] does.
async fn given(cx: &Context, after: &mut User, role: &Role, new: &NewGrant, roles: &[Role]) -> Result<()> {
    let grant = new.of(cx, role)?;
    may_grant(cx, role, &Span::of(&grant, cx.now)).await?;
    may_change_with(cx, after, roles)?;
    let has_seat = after.has_role(role.id, cx.now);
    give_anew(after, &grant)?;
    match has_seat {
        true => Ok(()),
        false => seats::has_room(cx, role).await,
    }
}

/// Takes a grant from the account, as [`super::grants::take`] does.
async fn taken(cx: &Context, after: &mut User, id: GrantId, roles: &[Role]) -> Result<()> {
    may_change_with(cx, after, roles)?;
    let was_in_charge = after.is_administrator();
    after.take(id).map_err(|error| match error {
        Error::NotFound(Noun::Grant) => Error::invalid("/revoke", "the account has no such grant"),
        other => other,
    })?;
    let by = i64::from(after.is_administrator()) - i64::from(was_in_charge);
    users::stays_in_charge(&cx.app.table, &cx.tenant, by).await
}

/// The role with these permissions, as [`role_actions::patch`] would leave it where its holders are in nobody's way.
async fn edited(cx: &Context, before: &Role, permissions: &BTreeSet<String>) -> Result<Role> {
    policy::may_touch_role(&cx.caller()?.rights, before)?;
    let patch = RolePatch {
        permissions: Some(permissions.clone()),
        ..RolePatch::default()
    };
    let mut after = role_actions::patched(cx, before, &patch)?;
    catalogue::described(cx, &before.permissions, &mut after).await?;
    let held = held_by_caller(cx).await?;
    policy::may_edit(&actor(cx, &held)?, before, &after, cx.now)?;
    Ok(after)
}

/// What a change of a role asks of its holders, one after the other.
struct Holders {
    touches_all: bool,
    changes_charge: bool,
    standing: usize,
    refused: Option<Error>,
    /// How many more are in charge after it.
    by: i64,
}

impl Holders {
    fn of(cx: &Context, before: &Role, after: &Role) -> Result<Self> {
        Ok(Self {
            touches_all: role_actions::may_touch_everybody(cx)?,
            changes_charge: before.administers() != after.administers(),
            standing: 0,
            refused: None,
            by: 0,
        })
    }

    /// Whether what is decided needs a look at further ones.
    fn wants_more(&self) -> bool {
        let to_touch = !self.touches_all && self.standing <= role_actions::MAX_HOLDERS;
        to_touch || self.changes_charge && self.standing <= role_actions::MAX_TOUCHED
    }

    fn look_at(&mut self, cx: &Context, user: &User, roles: &[Role], after: &Role) {
        if !user.has_role(after.id, cx.now) {
            return;
        }
        self.standing += 1;
        if !self.touches_all && self.refused.is_none() {
            self.refused = may_change_with(cx, user, roles).err();
        }
        let mut then = user.clone();
        role_actions::follow(&mut then, after);
        self.by += i64::from(then.is_administrator()) - i64::from(user.is_administrator());
    }

    async fn allow(self, cx: &Context) -> Result<()> {
        let at_most = |most: usize| match self.standing > most {
            true => Err(Conflict::TooManyMembers(most)),
            false => Ok(()),
        };
        if !self.touches_all {
            at_most(role_actions::MAX_HOLDERS)?;
        }
        self.refused.map_or(Ok(()), Err)?;
        if self.changes_charge {
            at_most(role_actions::MAX_TOUCHED)?;
        }
        users::stays_in_charge(&cx.app.table, &cx.tenant, self.by).await
    }
}

async fn of_role(cx: &Context, name: &str, permissions: &BTreeSet<String>) -> Result<Preview> {
    let role = role_actions::named(cx, name).await?;
    let before = role.ok_or_else(|| Error::invalid("/role", format!("there is no role `{name}`")))?;
    let after = edited(cx, &before, permissions).await?;
    let mut preview = Preview::default();
    let (mut asked, mut last, mut looked_at) = (Holders::of(cx, &before, &after)?, None, 0);
    let mut known = BTreeMap::from([(before.id, before.clone())]);
    loop {
        let (ids, more) = roles::members(listed(cx), before.id, last, AT_ONCE).await?;
        let mut holders = users::get_all(&cx.app.table, &cx.tenant, &ids).await?;
        holders.sort_unstable_by_key(|user| user.id);
        learn(cx, &mut known, &holders).await?;
        let was: Vec<Role> = known.values().cloned().collect();
        let is: Vec<Role> = was
            .iter()
            .map(|role| if role.id == after.id { &after } else { role })
            .cloned()
            .collect();
        for user in holders.iter().filter(|user| user.status != Status::Deleted) {
            asked.look_at(cx, user, &was, &after);
            preview.add(cx, user, &was, user, &is);
        }
        looked_at += ids.len();
        last = ids.last().copied();
        preview.truncated |= more && looked_at >= MAX_HOLDERS;
        if !more || looked_at >= MAX_HOLDERS || preview.truncated && !asked.wants_more() {
            asked.allow(cx).await?;
            return Ok(preview);
        }
    }
}

/// Reads the roles of these accounts that are not known yet.
async fn learn(cx: &Context, known: &mut BTreeMap<RoleId, Role>, holders: &[User]) -> Result<()> {
    let grants = holders.iter().flat_map(|user| &user.grants);
    let missing: BTreeSet<RoleId> = grants
        .map(|grant| grant.role)
        .filter(|id| !known.contains_key(id))
        .collect();
    let found = roles::get_all(&cx.app.table, &cx.tenant, missing).await?;
    known.extend(found.into_iter().map(|role| (role.id, role)));
    Ok(())
}

impl Preview {
    /// Adds what an account gains and loses, while there is room for it.
    fn add(&mut self, cx: &Context, before: &User, was: &[Role], after: &User, is: &[Role]) {
        if self.truncated {
            return;
        }
        let (gains, loses) = differences(cx, &Subject::of(before, was), &Subject::of(after, is), after.id);
        let affected = |all: &[Difference]| all.iter().map(|one| one.user).collect::<BTreeSet<_>>();
        let is_affected = !gains.is_empty() || !loses.is_empty();
        let names = gains.iter().chain(&loses).flat_map(|one| &one.permissions);
        self.bytes += names.map(String::len).sum::<usize>();
        let is_full = || affected(&self.gains).union(&affected(&self.loses)).count() >= MAX_AFFECTED;
        if is_affected && (self.bytes > LONGEST_PAGE || is_full()) {
            self.truncated = true;
            return;
        }
        self.gains.extend(gains);
        self.loses.extend(loses);
    }
}

fn differences(
    cx: &Context,
    before: &Subject<'_>,
    after: &Subject<'_>,
    user: UserId,
) -> (Vec<Difference>, Vec<Difference>) {
    let grants = before.grants.iter().chain(after.grants);
    let departments: BTreeSet<Option<&Department>> =
        grants.map(|grant| grant.department.as_ref()).chain([None]).collect();
    let all = |subject: &Subject<'_>, department| -> BTreeSet<String> {
        subject
            .permissions(cx.now, department)
            .into_keys()
            .map(str::to_owned)
            .collect()
    };
    let (mut gains, mut loses) = (Vec::new(), Vec::new());
    let mut anywhere = (BTreeSet::new(), BTreeSet::new());
    // No department comes first: a department is named where it differs from that, even by nothing that is gained or lost.
    for department in departments {
        let (was, is) = (all(before, department), all(after, department));
        let (more, fewer) = (&is - &was, &was - &is);
        let difference = |names: &BTreeSet<String>| Difference {
            user,
            department: department.cloned(),
            permissions: names.clone(),
        };
        gains.extend((more != anywhere.0).then(|| difference(&more)));
        loses.extend((fewer != anywhere.1).then(|| difference(&fewer)));
        if department.is_none() {
            anywhere = (more, fewer);
        }
    }
    (gains, loses)
}
