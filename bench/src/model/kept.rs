//! What is kept of accounts and no list shows: it is read beside what lists show, so that an order of steps that leaves
//! something else is not taken for theirs, to be contradicted long afterwards.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use usher::app::App;
use usher::domain::tenant::TenantId;
use usher::domain::text::Login;
use usher::domain::user::User;
use usher::jiff::Timestamp;
use usher::proof::password::Verdict;
use usher::secrecy::SecretString;
use usher::store::attempts::{self, Whose};
use usher::store::table::Key;
use usher::store::{keys, sessions, users};

use super::calls::{email, name as called};
use super::expected::{grant_text, moment};
use super::logins::MEMORY;
use super::state::{Account, State};
use super::step::{ADMIN_NAME, Name, PASSWORDS};
use crate::stage::Outcome;

/// More sessions than an account opens in a sequence.
const SESSIONS: usize = 1_000;

/// Of an account: its password, the ids of its open sessions, its grants that stand, and of each of its names how many
/// failed logins are counted, and how many locks came before.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    password: Option<String>,
    sessions: BTreeSet<String>,
    grants: BTreeSet<String>,
    failures: [(u32, u32); 2],
}

/// The passwords that accounts can have, by the hashes that were met.
#[derive(Default)]
pub struct Passwords {
    by_hash: HashMap<String, String>,
    made: Vec<String>,
}

impl Passwords {
    /// Notes a password that Usher made.
    pub fn note(&mut self, made: String) {
        self.made.push(made);
    }

    async fn of(&mut self, app: &App, hash: &str) -> Outcome<String> {
        if let Some(known) = self.by_hash.get(hash) {
            return Ok(known.clone());
        }
        let chosen = PASSWORDS.iter().chain(&["Owner@12345", "Admin@123"]);
        let all = chosen
            .map(|text| (*text).to_owned())
            .chain(self.made.iter().rev().cloned());
        for text in all.collect::<Vec<_>>() {
            let compared = app
                .hasher
                .verify(SecretString::from(text.clone()), Some(hash.to_owned()));
            if compared.await? != Verdict::Wrong {
                self.by_hash.insert(hash.to_owned(), text.clone());
                return Ok(text);
            }
        }
        Ok("none that is known".to_owned())
    }
}

/// What is kept of the accounts of these ids, by their ids; roles are called by their names, which are here by their ids.
pub async fn kept(
    app: &Arc<App>,
    passwords: &Mutex<Passwords>,
    ids: impl Iterator<Item = &String>,
    roles: &BTreeMap<String, Value>,
) -> Outcome<BTreeMap<String, Kept>> {
    let tenant = TenantId::main();
    let ids = ids.map(|id| id.parse()).collect::<Result<Vec<_>, _>>()?;
    let mut all = BTreeMap::new();
    for user in users::get_all(&app.table, &tenant, &ids).await? {
        let now = app.clock.now();
        let (mut open, _) = sessions::newest(&app.table, &tenant, user.id, now, SESSIONS).await?;
        open.retain(|session| session.is_open_for(&user, now));
        let password = match &user.password {
            Some(hash) => Some(passwords.lock().await.of(app, &hash.0).await?),
            None => None,
        };
        let kept = Kept {
            password,
            sessions: open.iter().map(|session| session.id.to_string()).collect(),
            grants: grants(&user, roles, now.as_second()),
            failures: [&user.attempts.email, &user.attempts.username]
                .map(|attempts| (attempts.failed_login_count, attempts.lockouts)),
        };
        all.insert(user.id.to_string(), kept);
    }
    Ok(all)
}

/// Of each name that somebody tried to log in under while it was nobody's, how many failed logins are counted, and how many
/// locks came before.
pub type Unknown = BTreeMap<Name, (u32, u32)>;

pub async fn unknown(app: &Arc<App>) -> Outcome<Unknown> {
    let numbers = 0..=ADMIN_NAME;
    let names = numbers.flat_map(|number| [Name::Email(number), Name::Username(number)]);
    let keys: BTreeMap<String, Name> = names
        .map(|name| {
            let text = match name {
                Name::Email(number) => email(number),
                Name::Username(number) => called(number).to_owned(),
            };
            let hash = digest(&SHA256, Login::parse(&text).canonical().as_bytes());
            let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            (keys::unknown_login(&TenantId::main(), &hash).pk, name)
        })
        .collect();
    let places: Vec<Key> = keys.keys().map(|pk| Key::new(pk.clone(), "GUESS")).collect();
    let mut all = BTreeMap::new();
    for item in app.table.batch_get(&places).await? {
        let counted = attempts::attempts(&item, Whose::UnknownLogin);
        let name = Key::of(&item).and_then(|key| keys.get(&key.pk).copied());
        let last = counted.attempted_at.map_or(0, Timestamp::as_second);
        let is_kept = counted.failed_login_count > 0 && app.clock.now().as_second() - last <= MEMORY;
        all.extend(
            name.filter(|_| is_kept)
                .map(|name| (name, (counted.failed_login_count, counted.lockouts))),
        );
    }
    Ok(all)
}

fn grants(user: &User, roles: &BTreeMap<String, Value>, now: i64) -> BTreeSet<String> {
    let second = |at: Option<Timestamp>| at.map(Timestamp::as_second);
    let standing = user
        .grants
        .iter()
        .filter(|grant| second(grant.effective_to).is_none_or(|to| to > now));
    let text = |grant: &usher::domain::grant::Grant| {
        grant_text(&json!({
            "role": roles.get(&grant.role.to_string()), "department": grant.department,
            "effectiveFrom": second(grant.effective_from).map(moment),
            "effectiveTo": second(grant.effective_to).map(moment),
        }))
    };
    standing.map(text).collect()
}

impl State {
    /// The same by the model.
    pub fn unknown(&self) -> Unknown {
        let all = self.unknown.iter();
        let kept = all.filter(|(_, one)| one.count > 0 && one.last.is_some_and(|last| self.now - last <= MEMORY));
        kept.map(|(name, one)| (*name, (one.count, one.locks))).collect()
    }

    /// The same by the model.
    pub fn kept(&self, key: u32, account: &Account) -> Kept {
        let own = self.sessions.values().filter(|session| session.account == key);
        let open = own.filter(|session| session.is_open && self.now < session.ends);
        let standing = account.grants.iter().filter(|grant| grant.stands(self.now));
        Kept {
            password: account.password.clone(),
            sessions: open.map(|session| session.id.clone()).collect(),
            grants: standing.map(|grant| self.grant_text(grant)).collect(),
            failures: [&account.by_email, &account.by_username].map(|failures| (failures.count, failures.locks)),
        }
    }
}
