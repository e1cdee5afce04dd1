//! What clients saw of an account or a role, in a text: what entity tags are made of (RFC 9110, 8.8.3).
//!
//! A body shows more than the item that its version counts: the permissions of an account change with its roles, its
//! status and its roles with time, its failed logins are counted apart, and the members of a role come and go. So a
//! revision is the version, and behind it whatever else is shown, unless that is nothing: `3` is an account with the role
//! `user` alone. What is expected is compared with the whole of it, inside the unit of work that writes: a client never
//! changes what it has not seen.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Context;
use crate::access::policy;
use crate::domain::role::{Role, USER};
use crate::domain::user::{Status, User};
use crate::error::{Error, Result};
use crate::proof::opaque::Digest;
use crate::store::unit::Unit;

/// Enough that no two states of one account have the same.
const DIGEST_BYTES: usize = 9;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision(String);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Revision {
    fn of(version: u64, beside: Option<String>) -> Self {
        Self(beside.map_or_else(|| version.to_string(), |beside| format!("{version}-{beside}")))
    }

    /// An account as it is shown now; `roles` are those that apply to it.
    pub fn of_user(cx: &Context, user: &User, roles: &[Role]) -> Self {
        let rights = policy::effective(&user.grants, roles, cx.now, None);
        let applying = roles.iter().filter(|role| rights.roles.contains(&role.id));
        let mut beside: Vec<String> = applying
            .filter(|role| role.id != USER.id)
            .map(|role| format!("role {}", role.name.as_given()))
            .collect();
        beside.sort();
        beside.extend(rights.permissions.iter().map(|permission| format!("may {permission}")));
        let status = user.status_at(cx.now);
        beside.extend((status != Status::Active).then(|| status.to_string()));
        let failed = user.attempts.failed_login_count();
        beside.extend((failed > 0).then(|| format!("failed {failed}")));
        beside.extend(user.lock_ends(cx.now).map(|until| until.to_string()));
        Self::of(user.version, (!beside.is_empty()).then(|| digested(&beside)))
    }

    /// A role with so many members.
    pub fn of_role(role: &Role, members: u32) -> Self {
        Self::of(role.version, (members > 0).then(|| members.to_string()))
    }
}

fn digested(lines: &[String]) -> String {
    let hash = Digest::of(lines.join("\n").as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_bytes()[..DIGEST_BYTES])
}

/// What must be there for a change to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Expected {
    #[default]
    Anything,
    /// One of these revisions.
    OneOf(Vec<String>),
    /// Another one than these.
    NoneOf(Vec<String>),
}

impl Expected {
    pub fn is_anything(&self) -> bool {
        *self == Self::Anything
    }

    pub(super) fn met_by(&self, Revision(present): &Revision) -> Result<()> {
        match self {
            Self::OneOf(revisions) if !revisions.contains(present) => Err(Error::PreconditionFailed),
            Self::NoneOf(revisions) if revisions.contains(present) => Err(Error::PreconditionFailed),
            _ => Ok(()),
        }
    }
}

/// Holds an account that the unit changes to what the client expects of it: once it is known that the account is there,
/// and that the caller may change it. The roles that it was seen with are to stay as they are, too; answers them, where
/// they had to be read.
pub(super) async fn expect(
    cx: &Context,
    unit: &Unit<'_>,
    user: &User,
    expected: &Expected,
) -> Result<Option<Vec<Role>>> {
    if expected.is_anything() {
        return Ok(None);
    }
    let roles = unit.applying_roles(user).await?;
    expected.met_by(&Revision::of_user(cx, user, &roles))?;
    Ok(Some(roles))
}
