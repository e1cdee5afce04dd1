//! What is true of a tenant: accounts, roles, sessions, counts of failed logins, and the time. Nothing of it is Usher's code.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::rights::{ACCESS, CATALOGUE, KEYS, Moment, Permissions, ROLES, TENANTS, USERS};
use super::step::{ADMIN_NAME, At, Name, OWNER_NAME, RoleName};

pub type Roles = BTreeMap<u32, Role>;

/// The system's roles, by their numbers.
pub const OWNER: u32 = 0;
pub const ADMIN: u32 = 1;
pub const USER: u32 = 3;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Role {
    pub name: RoleName,
    pub rank: Option<u8>,
    pub permissions: Permissions,
    pub limit: Option<u8>,
    pub is_system: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    pub role: u32,
    pub department: Option<u8>,
    pub from: Option<Moment>,
    pub to: Option<Moment>,
    pub given: Moment,
}

impl Grant {
    pub fn for_good(role: u32, now: Moment) -> Self {
        Self {
            role,
            department: None,
            from: None,
            to: None,
            given: now,
        }
    }

    pub fn is_same_as(&self, other: &Self) -> bool {
        (self.role, self.department, self.from, self.to) == (other.role, other.department, other.from, other.to)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    Active,
    Inactive,
    Banned,
    /// By an administrator, perhaps until a moment.
    Locked(Option<Moment>),
    Deleted,
}

/// Failed logins under one name (rule 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Failures {
    pub count: u32,
    pub last: Option<Moment>,
    /// Locks before.
    pub locks: u32,
    pub locked_until: Option<Moment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Account {
    pub id: Option<String>,
    pub email: Option<u8>,
    pub username: Option<u8>,
    pub verified: bool,
    pub status: Status,
    /// Before it was banned.
    pub before_ban: Status,
    pub password: Option<String>,
    /// When a password ends that Usher made.
    pub password_ends: Option<Moment>,
    pub must_change: bool,
    pub grants: Vec<Grant>,
    pub by_email: Failures,
    pub by_username: Failures,
    /// How often it was given another password.
    pub passwords: u32,
    /// How often all its sessions were ended.
    pub ends: u32,
}

impl Account {
    pub fn is_there(&self) -> bool {
        self.status != Status::Deleted
    }

    /// The status in force, without regard to failed logins.
    pub fn status_at(&self, now: Moment) -> Status {
        match self.status {
            Status::Locked(Some(until)) if until <= now => Status::Active,
            status => status,
        }
    }

    pub fn failures(&mut self, under: Name) -> &mut Failures {
        match under {
            Name::Email(_) => &mut self.by_email,
            Name::Username(_) => &mut self.by_username,
        }
    }

    /// What a success under this name clears: its own count, and whatever lock is over.
    pub fn succeeded(&mut self, under: Name, now: Moment) {
        self.status = self.status_at(now);
        for failures in [&mut self.by_email, &mut self.by_username] {
            failures.locked_until = failures.locked_until.filter(|until| *until > now);
        }
        *self.failures(under) = Failures::default();
    }

    pub fn forget_failures(&mut self) {
        self.by_email = Failures::default();
        self.by_username = Failures::default();
    }

    pub fn has_role(&self, role: u32, now: Moment) -> bool {
        self.grants.iter().any(|grant| grant.role == role && grant.stands(now))
    }
}

/// A token that was given out, by its place in the line: how many refreshes came before, and which try it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub depth: u32,
    pub attempt: u32,
    /// The first moment at which it opens nothing, whatever else.
    pub ends: Moment,
}

/// Texts are long, and end in what differs.
impl Hash for Token {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let end = self.text.as_bytes().rchunks(8).next();
        (self.depth, self.attempt, self.ends, end).hash(hasher);
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Session {
    pub account: u32,
    pub at: At,
    /// What its tokens call it.
    pub id: String,
    pub opened: Moment,
    pub ends: Moment,
    pub is_open: bool,
    /// Of the newest pair.
    pub depth: u32,
    pub attempt: u32,
    /// The attempt of the pair before.
    pub attempt_before: u32,
    /// Whether anything of the newest pair was used.
    pub is_used: bool,
    pub access: Vec<Token>,
    pub refresh: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub now: Moment,
    pub accounts: BTreeMap<u32, Arc<Account>>,
    pub roles: Arc<Roles>,
    pub sessions: BTreeMap<u32, Arc<Session>>,
    /// Of names of no account.
    pub unknown: BTreeMap<Name, Failures>,
    /// The application's permissions that the catalogue has.
    pub catalogue: Permissions,
    /// How many batches came before.
    pub batch: u32,
}

impl State {
    pub fn beginning(now: Moment) -> Self {
        let all = USERS | ROLES | KEYS | ACCESS;
        let of_system = [
            (0, Some(3), all | CATALOGUE | TENANTS),
            (1, Some(2), all),
            (2, Some(1), 0),
            (3, Some(0), 0),
            (4, None, all),
        ];
        let roles = of_system.map(|(name, rank, permissions)| {
            let role = Role {
                name,
                rank,
                permissions,
                limit: None,
                is_system: true,
            };
            (u32::from(name), role)
        });
        let first = |name, role, password: &str| Account {
            id: None,
            email: Some(name),
            username: Some(name),
            verified: true,
            status: Status::Active,
            before_ban: Status::Active,
            password: Some(password.to_owned()),
            password_ends: None,
            must_change: false,
            grants: vec![Grant::for_good(USER, now), Grant::for_good(role, now)],
            by_email: Failures::default(),
            by_username: Failures::default(),
            passwords: 0,
            ends: 0,
        };
        let accounts = [
            (1, Arc::new(first(OWNER_NAME, OWNER, "Owner@12345"))),
            (2, Arc::new(first(ADMIN_NAME, ADMIN, "Admin@123"))),
        ];
        Self {
            now,
            accounts: accounts.into(),
            roles: Arc::new(roles.into()),
            sessions: BTreeMap::new(),
            unknown: BTreeMap::new(),
            catalogue: 0,
            batch: 1,
        }
    }

    /// The key of something new: the later, the higher; and the same in whatever order a batch is carried out.
    pub fn fresh(&self, what: impl Hash, is_used: impl Fn(u32) -> bool) -> u32 {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let mut key = self.batch << 16 | u32::try_from(hasher.finish() & 0xffff).unwrap_or_default();
        while is_used(key) {
            key += 1;
        }
        key
    }

    pub fn account(&self, key: u32) -> Option<&Account> {
        self.accounts.get(&key).map(Arc::as_ref)
    }

    pub fn change(&mut self, key: u32) -> Option<&mut Account> {
        self.accounts.get_mut(&key).map(Arc::make_mut)
    }

    pub fn session(&mut self, key: u32) -> Option<&mut Session> {
        self.sessions.get_mut(&key).map(Arc::make_mut)
    }

    /// Whose name it is.
    pub fn whose(&self, name: Name) -> Option<u32> {
        let has = |account: &Account| match name {
            Name::Email(email) => account.email == Some(email),
            Name::Username(username) => account.username == Some(username),
        };
        let mut there = self.accounts.iter().filter(|(_, account)| account.is_there());
        there.find(|(_, account)| has(account)).map(|(key, _)| *key)
    }

    pub fn role_named(&self, name: RoleName) -> Option<u32> {
        let mut all = self.roles.iter();
        all.find(|(_, role)| role.name == name).map(|(key, _)| *key)
    }

    /// How many accounts take a seat of a role.
    pub fn members(&self, role: u32) -> usize {
        let there = self.accounts.values().filter(|account| account.is_there());
        there.filter(|account| account.has_role(role, self.now)).count()
    }

    /// Whether an account keeps somebody in charge of the tenant (rule 8). The status is the one that was set: the contract
    /// leaves open whether a lock that is over counts as one, and Usher takes it for one until somebody gets in.
    fn is_in_charge(&self, account: &Account) -> bool {
        let for_good = |grant: &Grant| {
            let manages = self
                .roles
                .get(&grant.role)
                .is_some_and(|role| role.permissions & USERS != 0);
            let begun = grant.from.is_none_or(|from| from <= grant.given);
            manages && begun && grant.department.is_none() && grant.to.is_none()
        };
        // A password that Usher made ends: another can only be asked for by a mail that somebody reads.
        let can_sign_in = account.password.is_some() && (!account.must_change || account.verified);
        account.status == Status::Active && can_sign_in && account.grants.iter().any(for_good)
    }

    pub fn in_charge(&self) -> usize {
        self.accounts
            .values()
            .filter(|account| self.is_in_charge(account))
            .count()
    }

    /// Ends all sessions of an account, or all but one.
    pub fn end_sessions(&mut self, account: u32, but: Option<u32>) {
        for (key, session) in &mut self.sessions {
            if session.account == account && session.is_open && Some(*key) != but {
                Arc::make_mut(session).is_open = false;
            }
        }
        if let Some(account) = self.change(account) {
            account.ends += 1;
        }
    }

    /// Whether a token of this session opens anything now, as far as the session and its account go.
    pub fn is_open(&self, session: &Session) -> bool {
        let account = self.account(session.account);
        let is_active = account.is_some_and(|account| account.status_at(self.now) == Status::Active);
        session.is_open && self.now < session.ends && is_active
    }

    /// A batch is over. What is over is forgotten, but for a little of it.
    pub fn forget(&mut self) {
        self.batch += 1;
        let gone: Vec<u32> = self
            .accounts
            .iter()
            .filter(|(_, one)| !one.is_there())
            .map(|(key, _)| *key)
            .collect();
        for key in gone.iter().rev().skip(6) {
            self.accounts.remove(key);
        }
        let is_over = |session: &Session| !self.is_open(session);
        let over: Vec<u32> = self
            .sessions
            .iter()
            .filter(|(_, one)| is_over(one))
            .map(|(key, _)| *key)
            .collect();
        for key in over.iter().rev().skip(10) {
            self.sessions.remove(key);
        }
        for account in self.accounts.values_mut() {
            if account.grants.iter().any(|grant| !grant.stands(self.now)) {
                Arc::make_mut(account).grants.retain(|grant| grant.stands(self.now));
            }
        }
    }
}

impl Account {
    pub fn set_password(&mut self, password: &str) {
        self.password = Some(password.to_owned());
        self.passwords += 1;
        self.must_change = false;
        self.password_ends = None;
    }
}
