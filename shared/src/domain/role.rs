//! Roles: the ladder, `SYS_ADMIN`, and those that administrators create (rule 8).

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr};
use uuid::Uuid;

use super::permission::{
    self, ADMIN_ACCESS, ADMIN_KEYS, ADMIN_PERMISSIONS, ADMIN_ROLES, ADMIN_TENANTS, ADMIN_USERS, is_system,
};
use super::tenant::TenantId;
use super::tenant_size::TenantSize;
use super::text::{FORM, RoleName};
use super::trail::Trail;
use super::user::first_form;
use crate::error::{Error, Result};
use crate::id::RoleId;

/// The ranks of the ladder, lowest first, so that `<` compares them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, IntoStaticStr, Display)]
#[strum(serialize_all = "lowercase")]
pub enum Rank {
    #[default]
    User,
    Member,
    Admin,
    Owner,
}

impl Rank {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A role: a named set of permissions that accounts are given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    pub id: RoleId,
    pub tenant: TenantId,
    /// Its name, unique in the tenant without regard to letter case.
    pub name: RoleName,
    pub description: Option<String>,
    #[serde(default)]
    pub permissions: BTreeSet<String>,
    /// Those of them that the catalogue marks as restricted, which it does for good.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub restricted: BTreeSet<String>,
    /// How many accounts can have it at once; no limit where absent.
    pub max_count: Option<u32>,
    /// Whether it came with Usher.
    pub system: bool,
    /// Over how many counters its seats are spread (see `store::seats`): few, where they are held to a limit, or the tenant
    /// is small.
    pub counters: u16,
    /// How often it came to have many counters: what was decided before it had few is not done after it has many again.
    #[serde(default)]
    pub round: u32,
    /// Under which form of names its claim is kept ([`FORM`]).
    #[serde(default = "first_form")]
    pub form: u8,
    /// Where its changes are found; of a role from before that was kept, from its next change on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<Trail>,
    pub version: u64,
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    #[serde(with = "millisecond::required")]
    pub modified_at: Timestamp,
}

impl Role {
    /// The rank that it stands on; `None` beside the ladder.
    pub fn rank(&self) -> Option<Rank> {
        SystemRole::by_id(self.id).and_then(|system| system.rank)
    }

    /// The permissions that it gives: a role of the system gives those of the system that it came with, and no others,
    /// whatever was written into it.
    pub fn gives(&self) -> impl Iterator<Item = &String> {
        let system = SystemRole::by_id(self.id);
        let came_with = move |name: &str| system.is_none_or(|system| system.came_with(name, &self.tenant));
        self.permissions
            .iter()
            .filter(move |name| !is_system(name) || came_with(name))
    }

    /// Whether seats are taken on its few counters alone, so that they can be held to a limit.
    pub fn has_few_counters(&self) -> bool {
        self.counters <= FEW_COUNTERS
    }

    /// Whether it ever had many counters: some of its seats may be there still.
    pub fn has_had_many_counters(&self) -> bool {
        self.round > 0
    }

    /// On how many counters its seats are taken from now on, as its limit and the tenant's size ask for.
    pub fn spread_seats(&mut self, size: TenantSize) {
        if self.max_count.is_some() {
            self.counters = FEW_COUNTERS;
        } else if size == TenantSize::Large && self.has_few_counters() {
            self.counters = many_counters(self.id);
            self.round += 1;
        }
    }

    /// Whether its holders may manage users, which somebody always must (rule 8).
    pub fn administers(&self) -> bool {
        self.gives().any(|name| name == ADMIN_USERS)
    }
}

/// A role that every tenant has from its start. Its id is the same in every tenant, so that making an account reads
/// no role.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SystemRole {
    pub id: RoleId,
    pub name: &'static str,
    pub description: &'static str,
    /// What its description was in earlier versions.
    pub described_before: &'static str,
    /// Its rank, or beside the ladder.
    pub rank: Option<Rank>,
    /// What it holds in a tenant's first hour.
    pub permissions: &'static [&'static str],
}

const fn system_id(n: u128) -> RoleId {
    // A UUIDv8 (RFC 9562, 5.8): custom, and never the id of a role that somebody makes.
    RoleId::from_uuid(Uuid::from_u128(0x0000_0000_0000_8000_8000_0000_0000_0000 + n))
}

/// The counters that share a limit: the first ones of every role, and of a role of a small tenant the only ones.
pub const FEW_COUNTERS: u16 = 4;
/// The counters of a large tenant's role without a limit that some accounts have: 500 grants a second are two for each. With
/// those of `user` they are 8 KB of each partition, so that the members of both are 6 RCU.
const MANY_COUNTERS: u16 = 240;
/// Those of the role that every account has: 1,000 registrations a second are two for each.
const MOST_COUNTERS: u16 = 480;

/// Over how many counters the seats of a large tenant's role without a limit are spread; the few are not used then.
pub fn many_counters(role: RoleId) -> u16 {
    match role == USER.id {
        true => MOST_COUNTERS,
        false => MANY_COUNTERS,
    }
}

/// The lowest rank: everybody's.
pub const USER: SystemRole = SystemRole {
    id: system_id(1),
    name: "user",
    description: "Default user role",
    described_before: "Every account",
    rank: Some(Rank::User),
    permissions: &[],
};
pub const MEMBER: SystemRole = SystemRole {
    id: system_id(2),
    name: "member",
    description: "Default member role",
    described_before: "Members",
    rank: Some(Rank::Member),
    permissions: &[],
};
pub const ADMIN: SystemRole = SystemRole {
    id: system_id(3),
    name: "admin",
    description: "Default admin role",
    described_before: "Administrators: manage accounts and roles",
    rank: Some(Rank::Admin),
    permissions: &[ADMIN_USERS, ADMIN_ROLES, ADMIN_KEYS, ADMIN_ACCESS],
};
/// The highest rank. Owners of `main` hold `admin.tenants` as well.
pub const OWNER: SystemRole = SystemRole {
    id: system_id(4),
    name: "owner",
    description: "Default owner role",
    described_before: "Owners: everything",
    rank: Some(Rank::Owner),
    permissions: &[ADMIN_USERS, ADMIN_ROLES, ADMIN_KEYS, ADMIN_ACCESS, ADMIN_PERMISSIONS],
};
pub const SYS_ADMIN: SystemRole = SystemRole {
    id: system_id(5),
    name: "SYS_ADMIN",
    description: "Default SYS_ADMIN role",
    described_before: "System administrators: manage accounts and roles, beside the ladder",
    rank: None,
    permissions: &[ADMIN_USERS, ADMIN_ROLES, ADMIN_KEYS, ADMIN_ACCESS],
};
/// What every service account has: it asks for an application what people may do.
pub const SERVICE_ACCOUNT: SystemRole = SystemRole {
    id: system_id(6),
    name: "SERVICE_ACCOUNT",
    description: "Default SERVICE_ACCOUNT role",
    described_before: "",
    rank: None,
    permissions: &[ADMIN_ACCESS],
};

pub const SYSTEM_ROLES: [SystemRole; 6] = [OWNER, ADMIN, MEMBER, USER, SYS_ADMIN, SERVICE_ACCOUNT];

impl SystemRole {
    pub fn by_id(id: RoleId) -> Option<Self> {
        SYSTEM_ROLES.into_iter().find(|role| role.id == id)
    }

    fn came_with(&self, permission: &str, tenant: &TenantId) -> bool {
        let of_main = self.id == OWNER.id && *tenant == TenantId::main();
        self.permissions.contains(&permission) || of_main && permission == ADMIN_TENANTS
    }

    /// The role as a small tenant has it at its start.
    pub fn in_tenant(&self, tenant: &TenantId, now: Timestamp) -> Result<Role> {
        let built_in = permission::built_in().into_iter().map(|permission| permission.name);
        let permissions = built_in.filter(|name| self.came_with(name, tenant)).collect();
        Ok(Role {
            id: self.id,
            tenant: tenant.clone(),
            name: RoleName::parse(self.name).map_err(Error::fault)?,
            description: Some(self.description.to_owned()),
            permissions,
            restricted: BTreeSet::new(),
            max_count: None,
            system: true,
            counters: FEW_COUNTERS,
            round: 0,
            form: FORM,
            trail: Some(Trail::beginning(now)),
            version: 1,
            created_at: now,
            modified_at: now,
        })
    }
}
