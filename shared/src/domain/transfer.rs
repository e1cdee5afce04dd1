//! Accounts, roles and permissions as one directory hands them to another: a line of JSON each (`docs/import.md`).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use super::grant::Grant;
use super::permission::Permission;
use super::profile::Profile;
use super::role::{Role, USER};
use super::text::{Department, Email, RoleName, Username};
use super::time;
use super::user::{PasswordHash, Status, User, UserKind};
use crate::id::{GrantId, RoleId, UserId, UserNumber};

/// A line. Without a `type` it is an account.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line {
    /// What an export begins with.
    Export(Header),
    Permission(Permission),
    Role(RoleLine),
    Account(Box<AccountLine>),
}

/// Files from before they had them have neither `source` nor `begunAt`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    pub version: u32,
    pub tenant: String,
    pub hashes: bool,
    pub deleted: bool,
    /// Which directory it is out of: a digest of where that is, and since when.
    pub source: Option<String>,
    pub begun_at: Option<Timestamp>,
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleLine {
    pub id: Option<RoleId>,
    pub name: RoleName,
    pub description: Option<String>,
    #[serde(default)]
    pub permissions: BTreeSet<String>,
    pub max_count: Option<u32>,
    /// Whether it came with Usher. Such a role is there already, and is not changed.
    #[serde(default)]
    pub system: bool,
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountLine {
    pub id: Option<UserId>,
    pub number: Option<UserNumber>,
    #[serde(default)]
    pub kind: UserKind,
    pub email: Option<Email>,
    #[serde(default)]
    pub email_verified: bool,
    pub username: Option<Username>,
    #[serde(default)]
    pub profile: Profile,
    #[serde(default = "active")]
    pub status: Status,
    pub lock_reason: Option<String>,
    #[serde(default, deserialize_with = "time::end")]
    pub locked_until: Option<Timestamp>,
    pub password_hash: Option<PasswordHash>,
    #[serde(default)]
    pub must_change_password: bool,
    #[serde(default, deserialize_with = "time::end")]
    pub password_ends: Option<Timestamp>,
    #[serde(default)]
    pub roles: Vec<GrantLine>,
    pub created_at: Option<Timestamp>,
    pub modified_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
}

const fn active() -> Status {
    Status::Active
}

/// A role that an account has. In a line, a text is a role's name.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantLine {
    pub id: Option<GrantId>,
    /// Its name.
    pub role: String,
    pub department: Option<Department>,
    pub effective_from: Option<Timestamp>,
    pub effective_to: Option<Timestamp>,
    pub granted_at: Option<Timestamp>,
    pub granted_by: Option<UserId>,
}

impl<'de> Deserialize<'de> for GrantLine {
    fn deserialize<D: Deserializer<'de>>(line: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Whole {
            id: Option<GrantId>,
            role: String,
            department: Option<Department>,
            #[serde(default, deserialize_with = "time::beginning")]
            effective_from: Option<Timestamp>,
            #[serde(default, deserialize_with = "time::end")]
            effective_to: Option<Timestamp>,
            granted_at: Option<Timestamp>,
            granted_by: Option<UserId>,
        }
        let whole = match Value::deserialize(line)? {
            Value::String(name) => serde_json::json!({ "role": name }),
            other => other,
        };
        let whole: Whole = serde_json::from_value(whole).map_err(serde::de::Error::custom)?;
        Ok(Self {
            id: whole.id,
            role: whole.role,
            department: whole.department,
            effective_from: whole.effective_from,
            effective_to: whole.effective_to,
            granted_at: whole.granted_at,
            granted_by: whole.granted_by,
        })
    }
}

impl Line {
    /// Reads a line; else why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut line: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let members = line.as_object_mut().ok_or("a line is a JSON object")?;
        let kind = members.remove("type").unwrap_or_else(|| "account".into());
        let read = match kind.as_str() {
            Some("account") => serde_path_to_error::deserialize(line).map(Self::Account),
            Some("role") => serde_path_to_error::deserialize(line).map(Self::Role),
            Some("permission") => serde_path_to_error::deserialize(line).map(Self::Permission),
            Some("export") => serde_path_to_error::deserialize(line).map(Self::Export),
            _ => return Err("type is account, role, permission or export".to_owned()),
        };
        read.map_err(|error| match error.path().to_string().as_str() {
            "." => error.into_inner().to_string(),
            path => format!("{path}: {}", error.inner()),
        })
    }
}

impl RoleLine {
    pub fn of(role: &Role) -> Self {
        Self {
            id: Some(role.id),
            name: role.name.clone(),
            description: role.description.clone(),
            permissions: role.permissions.clone(),
            max_count: role.max_count,
            system: role.system,
        }
    }
}

impl AccountLine {
    /// An account as it is handed on. `name` gives the names of roles; a grant of one that is gone is left out, and so is
    /// one that ended.
    pub fn of<'a>(user: &User, now: Timestamp, name: impl Fn(RoleId) -> Option<&'a str>) -> Self {
        let lock = user.lock.clone().unwrap_or_default();
        let standing = user.grants.iter().filter(|grant| grant.stands(now));
        let grants = standing.filter_map(|grant| Some(GrantLine::of(grant, name(grant.role)?)));
        Self {
            id: Some(user.id),
            number: Some(user.number()),
            kind: user.kind,
            email: user.email.clone(),
            email_verified: user.email_verified,
            username: user.username.clone(),
            profile: user.profile.clone(),
            status: user.status,
            lock_reason: lock.reason,
            locked_until: lock.until,
            password_hash: user.password.clone(),
            must_change_password: user.must_change_password,
            password_ends: user.password_ends,
            roles: grants.collect(),
            created_at: Some(user.created_at),
            modified_at: Some(user.modified_at),
            deleted_at: user.deleted_at,
        }
    }

    /// Whether this account is the one that the line is about, and nobody changed who it is.
    pub fn is(&self, user: &User) -> bool {
        let spelled = |email: &Option<Email>, name: &Option<Username>| {
            let email = email.as_ref().map(|email| email.as_given().to_owned());
            (email, name.as_ref().map(|name| name.as_given().to_owned()))
        };
        self.id.is_none_or(|id| id == user.id)
            && self.number.is_none_or(|number| number == user.number())
            && spelled(&self.email, &self.username) == spelled(&user.email, &user.username)
            && (self.kind, &self.profile) == (user.kind, &user.profile)
            && self
                .created_at
                .is_none_or(|at| at.as_millisecond() == user.created_at.as_millisecond())
    }

    /// The names of its roles beside the one that everybody has.
    pub fn role_names(&self) -> BTreeSet<&str> {
        let names = self.roles.iter().map(|grant| grant.role.as_str());
        names.filter(|name| *name != USER.name).collect()
    }
}

impl GrantLine {
    fn of(grant: &Grant, role: &str) -> Self {
        Self {
            id: Some(grant.id),
            role: role.to_owned(),
            department: grant.department.clone(),
            effective_from: grant.effective_from,
            effective_to: grant.effective_to,
            granted_at: Some(grant.granted_at),
            granted_by: grant.granted_by,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_a_type_is_an_account_and_a_role_can_be_a_name() {
        let line = Line::parse(r#"{"email":"jane@example.org","roles":["editor"]}"#).unwrap();
        let Line::Account(account) = line else {
            panic!("{line:?}")
        };
        assert_eq!(account.status, Status::Active);
        assert_eq!(account.role_names(), BTreeSet::from(["editor"]));
        let text = serde_json::to_string(&Line::Account(account.clone())).unwrap();
        assert_eq!(Line::parse(&text), Ok(Line::Account(account)));
    }

    #[test]
    fn the_header_of_an_older_export_is_one() {
        let text = r#"{"type":"export","version":1,"tenant":"main","hashes":true,"deleted":false}"#;
        let Ok(Line::Export(header)) = Line::parse(text) else {
            panic!("{text}")
        };
        assert_eq!((header.source.as_ref(), header.begun_at), (None, None));
        assert_eq!(serde_json::to_string(&Line::Export(header)).unwrap(), text);
    }

    #[test]
    fn what_ends_never_has_no_end() {
        let never = "9999-12-31T23:59:59Z";
        let line = serde_json::json!({ "username": "jane", "lockedUntil": never, "passwordEnds": never, "roles": [{ "role": "editor", "effectiveTo": never }] });
        let Ok(Line::Account(account)) = Line::parse(&line.to_string()) else {
            panic!("{line}")
        };
        let ends = [
            account.locked_until,
            account.password_ends,
            account.roles[0].effective_to,
        ];
        assert_eq!(ends, [None; 3]);
    }

    #[test]
    fn what_is_no_line_is_refused_at_its_place() {
        for (text, why) in [
            ("", "EOF"),
            ("[]", "object"),
            (r#"{"type":"thing"}"#, "type is"),
            (r#"{"email":"nobody"}"#, "email: "),
            (r#"{"username":"jane","pasword":"x"}"#, "pasword"),
            (r#"{"username":"jane","status":"gone"}"#, "status: "),
            (r#"{"username":"jane","roles":[{"name":"editor"}]}"#, "roles"),
            (r#"{"username":"jane","createdAt":"yesterday"}"#, "createdAt: "),
        ] {
            let refused = Line::parse(text).unwrap_err();
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }
}
