//! What can be done: the steps that sequences are made of. A step names what it is about by small numbers, so that it means
//! something in any sequence, also in one from which others were taken.

use serde::{Deserialize, Serialize};

/// The local parts of the addresses, and the usernames, that accounts are given here.
pub const NAMES: [&str; 6] = ["ann", "bob", "cleo", "dan", "eve", "finn"];
/// The numbers of the names that the first two accounts have.
pub const OWNER_NAME: u8 = 6;
pub const ADMIN_NAME: u8 = 7;
/// In order of their length: the last three are too short for some contract, or for all.
pub const PASSWORDS: [&str; 5] = ["correct horse", "battery staple", "window pane 77", "short77", "ab1"];
pub const DEPARTMENTS: [&str; 2] = ["sales", "stock"];
/// Roles that are made here; those of the system come before them.
pub const CUSTOM: [&str; 3] = ["editors", "auditors", "clerks"];
pub const SYSTEM: [&str; 5] = ["owner", "admin", "member", "user", "SYS_ADMIN"];
/// What an application adds to the catalogue.
pub const APPLICATIONS: [&str; 2] = ["invoices.read", "orders:write"];

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Who {
    /// A development principal with the role `owner`, which is no account.
    Principal,
    /// With the newest token of a session that is open.
    Session(u8),
    /// Of any session.
    Any(u8),
    /// With the token before the newest.
    Old(u8),
}

/// Whom it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Whom {
    /// By the id of an account that is not deleted.
    Live(u8),
    /// By the id of any account.
    Any(u8),
    Email(u8),
    Username(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Name {
    Email(u8),
    Username(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum At {
    /// `/api/auth/token`.
    Directory,
    /// `/api/auth/login`.
    Identity,
    Account,
    Admin,
    Registration,
}

/// A password that somebody states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Secret {
    /// The account's own, at the time when the step begins.
    Right,
    Of(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Word {
    Active,
    Inactive,
    Banned,
    Locked,
}

impl Word {
    pub fn text(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Banned => "banned",
            Self::Locked => "locked",
        }
    }
}

/// A role by its name: of the system, from 0 on; one that is made here, from 5 on; and one that never is.
pub type RoleName = u8;

pub fn role_name(number: RoleName) -> &'static str {
    let system = SYSTEM.get(usize::from(number));
    let custom = || CUSTOM.get(usize::from(number) - SYSTEM.len());
    system.or_else(custom).copied().unwrap_or("nothing-of-that-name")
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Step {
    /// Seconds go by.
    Wait(u32),
    Create {
        by: Who,
        email: Option<u8>,
        username: Option<u8>,
        password: Option<u8>,
        roles: Vec<RoleName>,
        verified: bool,
        must_change: bool,
    },
    CreateAdmin {
        by: Who,
        email: u8,
        username: u8,
        password: u8,
        roles: Vec<RoleName>,
        verified: bool,
    },
    Register {
        at: At,
        email: Option<u8>,
        username: u8,
        password: u8,
    },
    Login {
        at: At,
        name: Name,
        password: Secret,
    },
    /// With the refresh token that so many came after.
    Refresh {
        session: u8,
        back: u8,
    },
    Renew {
        session: u8,
    },
    VerifyToken {
        session: u8,
    },
    Revoke {
        session: u8,
        by_refresh: bool,
    },
    Logout {
        by: Who,
        at: At,
    },
    EndSession {
        by: Who,
        session: u8,
        own: bool,
    },
    EndSessions {
        by: Who,
        whom: Option<Whom>,
        but_current: bool,
    },
    ChangePassword {
        by: Who,
        at: At,
        old: Secret,
        new: u8,
    },
    ChangeName {
        by: Who,
        new: Name,
        old_is_right: bool,
    },
    Reset {
        by: Who,
        whom: Whom,
        new: Option<u8>,
    },
    Put {
        by: Who,
        whom: Whom,
        admin: Option<bool>,
        active: Option<bool>,
    },
    Patch {
        by: Who,
        whom: Whom,
        email: Option<Option<u8>>,
        username: Option<Option<u8>>,
        verified: Option<bool>,
        status: Option<Word>,
        password: Option<u8>,
    },
    PutAdmin {
        by: Who,
        whom: Whom,
        email: Option<u8>,
        username: Option<u8>,
        password: Option<u8>,
        verified: Option<bool>,
        roles: Option<Vec<RoleName>>,
    },
    Lock {
        by: Who,
        whom: Whom,
        seconds: Option<u32>,
    },
    Unlock {
        by: Who,
        whom: Whom,
    },
    Ban {
        by: Who,
        whom: Whom,
    },
    Lift {
        by: Who,
        whom: Whom,
    },
    Delete {
        by: Who,
        whom: Whom,
        at: At,
    },
    DeleteOwn {
        by: Who,
    },
    Give {
        by: Who,
        whom: Whom,
        role: RoleName,
        department: Option<u8>,
        /// Seconds from now.
        from: Option<i32>,
        to: Option<i32>,
    },
    /// The grant in this place among all that an account has.
    Take {
        by: Who,
        whom: Whom,
        place: u8,
    },
    Assign {
        by: Who,
        whom: Whom,
        roles: Vec<RoleName>,
    },
    RemoveRole {
        by: Who,
        whom: Whom,
        role: RoleName,
    },
    ChangeRole {
        by: Who,
        whom: Whom,
        role: RoleName,
    },
    MakeRole {
        by: Who,
        name: RoleName,
        /// A bit each: [`super::rights`].
        permissions: u16,
        limit: Option<u8>,
    },
    EditRole {
        by: Who,
        role: RoleName,
        name: Option<RoleName>,
        permissions: Option<u16>,
        limit: Option<Option<u8>>,
    },
    SetMax {
        by: Who,
        role: RoleName,
        limit: u8,
    },
    DropRole {
        by: Who,
        role: RoleName,
        force: bool,
    },
    AddPermission {
        by: Who,
        number: u8,
    },
    DropPermission {
        by: Who,
        number: u8,
        force: bool,
    },
    Show {
        by: Who,
        whom: Whom,
    },
    List {
        by: Who,
        status: Option<Word>,
        role: Option<RoleName>,
        q: Option<u8>,
    },
    Search {
        by: Who,
        q: u8,
    },
    MyPermissions {
        by: Who,
        department: Option<u8>,
    },
    Check {
        by: Who,
        whom: Option<Whom>,
        permission: u8,
        department: Option<u8>,
    },
    Sessions {
        by: Who,
        whom: Option<Whom>,
    },
    Grants {
        by: Who,
        whom: Whom,
    },
}
