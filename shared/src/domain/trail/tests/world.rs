//! Accounts and roles, what is changed of them, and what is kept of each change: as the store does it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::domain::grant::Grant;
use crate::domain::history::{RightsEntry, RightsKind, Target};
use crate::domain::profile::Profile;
use crate::domain::role::Role;
use crate::domain::tenant::TenantId;
use crate::domain::text::{Department, FORM, RoleName, Username};
use crate::domain::trail::{GoneRole, Trail, of_account, of_role};
use crate::domain::user::{Status, User, UserKind};
use crate::id::{EntryId, GrantId, RoleId, UserId};

pub const USERS: usize = 2;
pub const ROLES: usize = 3;

pub fn moment(n: i64) -> Timestamp {
    Timestamp::from_millisecond(1_700_000_000_000 + n).unwrap()
}

#[derive(Debug, Clone)]
pub struct World {
    pub now: Timestamp,
    pub users: [Option<User>; USERS],
    pub roles: [Option<Role>; ROLES],
    pub rows: BTreeMap<EntryId, RightsEntry>,
    pub ended: Vec<(UserId, Grant)>,
    pub gone: Vec<GoneRole>,
    ids: u64,
}

impl World {
    pub fn new() -> Self {
        Self {
            now: moment(0),
            users: [const { None }; USERS],
            roles: [const { None }; ROLES],
            rows: BTreeMap::new(),
            ended: Vec::new(),
            gone: Vec::new(),
            ids: 0,
        }
    }

    /// Sorts by the moment, and within it by chance.
    fn id(&mut self) -> Uuid {
        self.ids += 1;
        let chance = self.ids.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let millis = u128::try_from(self.now.as_millisecond()).unwrap();
        Uuid::from_u128(millis << 80 | u128::from(chance))
    }

    fn record(&mut self, trail: &mut Trail, target: Target, (kind, before, after): (RightsKind, Value, Value)) {
        let id = EntryId::from_uuid(self.id());
        let previous = trail.go_on(id);
        let row = RightsEntry {
            id,
            tenant: TenantId::main(),
            kind,
            at: self.now,
            actor: None,
            ip: String::new(),
            target,
            before,
            after,
            previous,
        };
        self.rows.insert(id, row);
    }

    fn edit(&mut self, n: usize, edit: impl FnOnce(&mut User)) {
        let Some(before) = self.users[n].clone().filter(|user| user.status != Status::Deleted) else {
            return;
        };
        let mut after = before.clone();
        edit(&mut after);
        after.modified_at = self.now;
        let mut trail = before.trail();
        for change in of_account(&before, &after) {
            self.record(&mut trail, Target::User(before.id), change);
        }
        after.trail = Some(trail);
        self.users[n] = Some(after);
    }

    pub fn make_user(&mut self, n: usize) {
        if self.users[n].is_some() {
            return;
        }
        let (now, id) = (self.now, UserId::from_uuid(self.id()));
        self.users[n] = Some(User {
            search_shards: 1,
            id,
            kind: UserKind::default(),
            tenant: TenantId::main(),
            other_number: None,
            form: FORM,
            email: None,
            email_verified: false,
            username: Username::parse("jane").ok(),
            profile: Profile::default(),
            status: Status::Active,
            lock: None,
            before_ban: None,
            leaving: false,
            password: None,
            must_change_password: false,
            password_ends: None,
            grants: Vec::new(),
            cleared: None,
            trail: Some(Trail::beginning(now)),
            epoch: 0,
            version: 1,
            attempts: crate::domain::lockout::NameAttempts::default(),
            created_at: now,
            modified_at: now,
            deleted_at: None,
        });
    }

    /// It keeps its grants.
    pub fn delete_user(&mut self, n: usize) {
        self.edit(n, |user| user.status = Status::Deleted);
    }

    pub fn set_status(&mut self, n: usize, with: u8) {
        let (now, ends) = (self.now, with & 4 != 0);
        self.edit(n, |user| {
            let status = [Status::Active, Status::Inactive, Status::Locked, Status::Banned][usize::from(with & 3)];
            user.set_status(status, now).unwrap();
            if let Some(lock) = user.lock.as_mut().filter(|_| ends) {
                lock.until = Some(now + SignedDuration::from_millis(i64::from(with >> 4)));
            }
        });
    }

    pub fn make_role(&mut self, n: usize, with: u8) {
        if self.roles[n].is_some() {
            return;
        }
        self.roles[n] = Some(Role {
            id: RoleId::from_uuid(self.id()),
            tenant: TenantId::main(),
            name: RoleName::parse(&format!("role {n}")).unwrap(),
            description: None,
            permissions: permissions(with),
            restricted: BTreeSet::new(),
            max_count: None,
            system: false,
            counters: 1,
            round: 0,
            form: FORM,
            trail: Some(Trail::beginning(self.now)),
            version: 1,
            created_at: self.now,
            modified_at: self.now,
        });
    }

    pub fn change_role(&mut self, n: usize, with: u8) {
        let Some(mut role) = self.roles[n].clone() else { return };
        let was = of_role(&role);
        role.permissions = permissions(with);
        let is = of_role(&role);
        if was != is {
            let mut trail = role.trail();
            self.record(&mut trail, Target::Role(role.id), (RightsKind::RoleChanged, was, is));
            role.trail = Some(trail);
        }
        role.modified_at = self.now;
        self.roles[n] = Some(role);
    }

    /// With force: it is taken from all that have it.
    pub fn delete_role(&mut self, n: usize) {
        let Some(role) = self.roles[n].take() else { return };
        for user in 0..USERS {
            self.clear(user);
            self.edit(user, |user| user.take_role(role.id));
        }
        self.gone.push(GoneRole {
            role,
            deleted_at: self.now,
        });
    }

    pub fn give(&mut self, n: usize, role: usize, with: u8) {
        let Some(role) = self.roles[role].clone() else { return };
        self.clear(n);
        let at = |bits: u8| self.now + SignedDuration::from_millis(i64::from(bits & 3));
        let (from, to) = (at(with), at(with >> 2));
        let mut grant = Grant::of(&role, None, self.now).unwrap();
        grant.effective_from = (with & 16 != 0).then_some(from);
        grant.effective_to = (with & 32 != 0).then_some(to).filter(|to| *to > from.max(self.now));
        let department = ["sales", "north"][usize::from(with >> 7)];
        grant.department = (with & 64 != 0).then(|| Department::parse(department).unwrap());
        grant.id = GrantId::from_uuid(self.id());
        self.edit(n, |user| {
            let _ = user.give(grant);
        });
    }

    pub fn revoke(&mut self, n: usize, with: u8) {
        self.clear(n);
        self.edit(n, |user| {
            if !user.grants.is_empty() {
                user.grants.remove(usize::from(with) % user.grants.len());
            }
        });
    }

    /// Takes the grants that ended off an account, which no row shows.
    pub fn clear(&mut self, n: usize) {
        let now = self.now;
        let Some(user) = self.users[n].as_mut().filter(|user| user.status != Status::Deleted) else {
            return;
        };
        let ended = user.grants.extract_if(.., |grant| !grant.stands(now));
        self.ended.extend(ended.map(|grant| (user.id, grant)));
    }
}

fn permissions(with: u8) -> BTreeSet<String> {
    let held = (0..4).filter(|bit| with & (1 << bit) != 0);
    held.map(|bit| format!("invoices.p{bit}")).collect()
}
