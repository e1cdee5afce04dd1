//! Who would gain and lose what by a change that is not made yet.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::in_catalogue;
use super::grants::NewGrant;
use super::roles::{self as role_actions, RolePatch};
use super::{Context, access, catalogue};
use crate::access::decision::Subject;
use crate::domain::role::Role;
use crate::domain::text::Department;
use crate::domain::user::{Status, User, UserRef};
use crate::error::{Error, Noun, Result};
use crate::id::{GrantId, RoleId, UserId};
use crate::store::{roles, users};

/// How many accounts are named at most.
const MAX_AFFECTED: usize = 1_000;
/// How many holders of a role are looked at; most of a large role's may have what it gives by another one.
const MAX_HOLDERS: usize = 10_000;
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
}

pub async fn preview(cx: &Context, change: &Change) -> Result<Preview> {
    match change {
        Change::Role { role, permissions } => of_role(cx, role, permissions).await,
        Change::Give { user, grant } => of_user(cx, user, Some(grant), None).await,
        Change::Take { user, grant } => of_user(cx, user, None, Some(*grant)).await,
    }
}

async fn of_user(cx: &Context, who: &UserRef, give: Option<&NewGrant>, take: Option<GrantId>) -> Result<Preview> {
    let there = |error| match error {
        Error::NotFound(Noun::User) => Error::invalid("/user", "there is no such account"),
        other => other,
    };
    let (known, _) = access::known(cx, Some(who), None, &BTreeSet::new())
        .await
        .map_err(there)?;
    let (mut after, mut roles) = (known.user.clone(), known.roles.clone());
    if let Some(new) = give {
        new.lasts(cx, "/grant")?;
        let role = role_actions::named(cx, &new.role).await?;
        let role = role.ok_or_else(|| Error::invalid("/grant/role", format!("there is no role `{}`", new.role)))?;
        after.grants.push(new.of(cx, &role)?);
        roles.push(role);
    }
    if let Some(id) = take {
        let place = after.grants.iter().position(|grant| grant.id == id);
        let place = place.ok_or_else(|| Error::invalid("/revoke", "the account has no such grant"))?;
        after.grants.remove(place).is_takeable()?;
    }
    let mut preview = Preview::default();
    preview.add(cx, &known.user, &known.roles, &after, &roles);
    Ok(preview)
}

async fn of_role(cx: &Context, name: &str, permissions: &BTreeSet<String>) -> Result<Preview> {
    let role = role_actions::named(cx, name).await?;
    let before = role.ok_or_else(|| Error::invalid("/role", format!("there is no role `{name}`")))?;
    let names: BTreeSet<&str> = permissions.iter().map(String::as_str).collect();
    let (_, there) = roles::with_permissions(&cx.app.table, &cx.tenant, BTreeSet::new(), &names).await?;
    in_catalogue(
        permissions
            .iter()
            .map(|name| ("/permissions".to_owned(), name.as_str())),
        &there,
    )?;
    catalogue::has_room(permissions)?;
    let patch = RolePatch {
        permissions: Some(permissions.clone()),
        ..RolePatch::default()
    };
    let after = role_actions::patched(cx, &before, &patch)?;
    let (mut preview, mut last, mut looked_at) = (Preview::default(), None, 0);
    let mut known = BTreeMap::from([(before.id, before.clone())]);
    loop {
        let (ids, more) = roles::members(&cx.app.table, &cx.tenant, before.id, last, AT_ONCE).await?;
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
            if !preview.add(cx, user, &was, user, &is) {
                return Ok(preview);
            }
        }
        looked_at += ids.len();
        last = ids.last().copied();
        if !more || looked_at >= MAX_HOLDERS {
            preview.truncated = more;
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
    /// Adds what an account gains and loses; whether there was room for it.
    fn add(&mut self, cx: &Context, before: &User, was: &[Role], after: &User, is: &[Role]) -> bool {
        let (gains, loses) = differences(cx, &Subject::of(before, was), &Subject::of(after, is), after.id);
        let affected = |all: &[Difference]| all.iter().map(|one| one.user).collect::<BTreeSet<_>>();
        let is_affected = !gains.is_empty() || !loses.is_empty();
        if is_affected && affected(&self.gains).union(&affected(&self.loses)).count() >= MAX_AFFECTED {
            self.truncated = true;
            return false;
        }
        self.gains.extend(gains);
        self.loses.extend(loses);
        true
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
