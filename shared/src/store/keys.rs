//! The whole table, one line per key. `T` stands for `T#<tenant>`; a test holds this list to the functions below, and
//! `docs/table.md` gives every access pattern.
//!
//! | item | PK | SK | index |
//! | --- | --- | --- | --- |
//! | user | `T#main#USER#<user>` | `USER` | GSI1 `T#main#USERS#<shard>` / `<user> <texts>`, GSI2 `T#main#STATUS#<status>#<shard>` / `<user> <roles and texts>` |
//! | e-mail claim | `T#main#EMAIL#<canonical>` | `CLAIM` | GSI1 `T#main#DOMAIN#<shard>#<domain>` / `<user>` |
//! | username claim | `T#main#NAME#<canonical>` | `CLAIM` | |
//! | number claim | `T#main#NUMBER#<number>` | `CLAIM` | |
//! | attempts of an unregistered name | `T#main#GUESS#<sha256>` | `GUESS` | |
//! | login history of such a name | `T#main#GUESS#<sha256>` | `LOGIN#<entry>` | |
//! | session | `T#main#USER#<user>` | `SESSION#<session>` | GSI1 `T#main#LOGINS#<month>#<shard>` / `<session>` |
//! | service account's key | `T#main#USER#<user>` | `SERVICEKEY#<slot>` | |
//! | past grant | `T#main#USER#<user>` | `PAST#<end>#<grant>` | |
//! | login history of one user | `T#main#USER#<user>` | `LOGIN#<entry>` | GSI1 `T#main#LOGINS#<month>#<shard>` / `<entry>` |
//! | rights history | `T#main#RIGHTS#<month>#<shard>` | `<entry>` | GSI1 `T#main#TARGET#<target>` / `<entry>`, GSI2 `T#main#ACTOR#<user>` / `<entry>` |
//! | head of a chain of the rights history | `T#main#CHAINS#<shard>` | `HEAD#<chain>` | |
//! | signed heads of chains | `AUDIT#main` | `ANCHOR#<anchor>` | |
//! | search entry | `T#main#FIND#<shard>#<first character>` | `<rest of an address or name> <user>` | |
//! | search entry of a domain | `T#main#FIND#@<first character>` | `<rest of a domain> <domain>` | |
//! | accounts by status, one counter of several | `T#main#TALLY#<shard>` | `TALLY#<counter>` | |
//! | accounts in charge | `T#main#TALLY#ADMINISTRATORS` | `ADMINISTRATORS` | |
//! | map of the list of accounts | `T#main#TALLY#0` | `MAP` | |
//! | account that left the list | `T#main#LEFT` | `<moment>#<user>` | |
//! | role | `T#main#ROLES` | `ROLE#<role>` | |
//! | role, one copy of several | `T#main#ROLECOPY#<role>#<copy>` | `COPY` | |
//! | role name claim | `T#main#ROLENAME#<canonical>` | `CLAIM` | |
//! | role's seats, one counter of several | `T#main#SEATS#<part>` | `<role>#<counter>` | |
//! | role's member | `T#main#ROLE#<role>#<shard>` | `MEMBER#<user>#<grant>` | |
//! | the end of a member's last grant | `T#main#ROLE#<role>#<shard>` | `ENDS#<end>#<user>` | |
//! | role that was deleted | `T#main#ROLE#<role>` | `GONE` | |
//! | first accounts, made once | `T#main#SETUP` | `FIRST#<name>` | |
//! | the ends of all grants are listed | `T#main#SETUP` | `ENDS` | |
//! | how far names were brought into their present form | `T#main#SETUP` | `NAMES#<form>` | |
//! | settings | `T#main#SETTINGS` | `SETTINGS` | |
//! | counter of a rate limit | `T#main#LIMIT#<limit>#<subject>` | `COUNT` | |
//! | API key | `T#main#APIKEY#<sha256>` | `KEY` | GSI1 `T#main#APIKEYS` / `<key>` |
//! | request with an Idempotency-Key | `T#main#IDEMPOTENCY#<sha256>` | `ANSWER` | |
//! | tenant | `TENANTS` | `TENANT#<tenant>` | |
//! | one-time token | `TOKEN#<sha256>` | `TOKEN` | |
//! | mail to send | `MAIL#<mail>` | `MAIL` | GSI1 `MAILS#<state>#<shard>` / `<due>#<mail>` |
//! | latest mails to an address | `MAILED#<sha256>` | `TO` | |
//! | latest mails caused by an account | `MAILED#<user>` | `BY` | |
//! | first API key, made once | `T#main#SETUP` | `APIKEY#<sha256>` | |
//! | permission | `CATALOGUE` | `PERMISSION#<name>` | |
//! | how many permissions applications have | `CATALOGUE` | `COUNT` | |
//! | how many permissions were removed, one copy of several | `CATALOGUE#<copy>` | `REMOVALS` | |
//! | a role that has a permission | `CATALOGUE#<permission>` | `ROLE#<tenant>#<role>` | |
//! | signing key | `KEYS` | `KEY#<kid>` | |
//! | public half of a key that no longer signs | `KEYS` | `RETIRED#<kid>` | |
//! | the marker that a stack has a signing key | `KEYS` | `FIRST` | |
//! | that set-up was run, one copy of several | `HEALTH#<byte>` | `READY` | |
//! | a check that writes succeed, one of 256 | `HEALTH#<byte>` | `HEALTH` | |

use jiff::Timestamp;

pub use self::parts::{copy_for, shard};
use self::parts::{moment, month};
use super::table::Key;
use crate::domain::rate_limit::Limit;
use crate::domain::role::FEW_COUNTERS;
use crate::domain::tenant::TenantId;
use crate::domain::tenant_size::{CHAIN_PARTITIONS, SEAT_PARTITIONS};
use crate::domain::text::{Email, RoleName, Username};
use crate::domain::user::Status;
use crate::id::{EntryId, GrantId, MailId, RoleId, SessionId, UserId, UserNumber};

mod parts;

/// The sort key of an account itself.
pub const USER: &str = "USER";
pub fn user(t: &TenantId, id: UserId) -> Key {
    Key::new(user_partition(t, id), USER)
}
/// What belongs to one account: itself, its sessions, its login history.
pub fn user_partition(t: &TenantId, id: UserId) -> String {
    format!("T#{t}#USER#{id}")
}
/// The index partition of all accounts in one shard.
pub fn users_index(t: &TenantId, shard: u16) -> String {
    format!("T#{t}#USERS#{shard}")
}
pub fn status_index(t: &TenantId, status: Status, shard: u16) -> String {
    format!("T#{t}#STATUS#{status}#{shard}")
}
pub fn email(t: &TenantId, email: &Email) -> Key {
    Key::new(format!("T#{t}#EMAIL#{}", email.canonical()), "CLAIM")
}
/// Where the claim was in the first form of names, where that is another place.
pub fn former_email(t: &TenantId, email: &Email) -> Option<Key> {
    let former = email.former()?;
    Some(Key::new(format!("T#{t}#EMAIL#{former}"), "CLAIM"))
}
pub fn username(t: &TenantId, name: &Username) -> Key {
    Key::new(format!("T#{t}#NAME#{}", name.canonical()), "CLAIM")
}
pub fn former_username(t: &TenantId, name: &Username) -> Option<Key> {
    let former = name.former()?;
    Some(Key::new(format!("T#{t}#NAME#{former}"), "CLAIM"))
}
/// The claim of an account's number. It is never given up, so that no other account ever has the number.
pub fn number(t: &TenantId, number: UserNumber) -> Key {
    Key::new(format!("T#{t}#NUMBER#{number}"), "CLAIM")
}
/// The attempts of an unknown login. The name is hashed: it may be somebody's password, typed into the wrong
/// field.
pub fn unknown_login(t: &TenantId, sha256: &str) -> Key {
    Key::new(format!("T#{t}#GUESS#{sha256}"), "GUESS")
}
/// A row of the login history under such a name.
pub fn unknown_login_entry(guess: &Key, id: EntryId) -> Key {
    Key::new(&guess.pk, format!("{LOGIN}{id}"))
}
pub fn session(t: &TenantId, user: UserId, id: SessionId) -> Key {
    Key::new(user_partition(t, user), format!("{SESSION}{id}"))
}
pub const SESSION: &str = "SESSION#";
/// A key of a service account, in one of its few places.
pub fn service_key(t: &TenantId, user: UserId, slot: u8) -> Key {
    Key::new(user_partition(t, user), format!("{SERVICE_KEY}{slot:02}"))
}
pub const SERVICE_KEY: &str = "SERVICEKEY#";
pub fn login(t: &TenantId, user: UserId, id: EntryId) -> Key {
    Key::new(user_partition(t, user), format!("{LOGIN}{id}"))
}
pub const LOGIN: &str = "LOGIN#";
/// An index partition of everyone's logins in one month.
pub fn logins_index(t: &TenantId, at: Timestamp, shard: u16) -> String {
    format!("T#{t}#LOGINS#{}#{shard}", month(at))
}
pub fn rights(t: &TenantId, at: Timestamp, id: EntryId) -> Key {
    Key::new(rights_partition(t, at, id.partition()), id.to_string())
}
pub fn rights_partition(t: &TenantId, at: Timestamp, shard: u16) -> String {
    format!("T#{t}#RIGHTS#{}#{shard}", month(at))
}
/// Which partition of its month this one is, where it is one of the rights history.
pub fn rights_shard(pk: &str) -> Option<u16> {
    let (of, shard) = pk.rsplit_once('#')?;
    let kind = of.strip_prefix("T#")?.split('#').nth(1)?;
    (kind == "RIGHTS").then(|| shard.parse().ok()).flatten()
}
/// Heads of the chains that the rows of the rights history are linked in. Each row's transaction writes one beside the row.
pub fn chains_partition(t: &TenantId, shard: u16) -> String {
    format!("T#{t}#CHAINS#{shard}")
}
pub const HEAD: &str = "HEAD#";
/// The head of a chain, which is called by its retention and its number.
pub fn chain_head(t: &TenantId, chain: &str) -> Key {
    let number: u16 = chain.rsplit('-').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    Key::new(chains_partition(t, number % CHAIN_PARTITIONS), format!("{HEAD}{chain}"))
}
/// What set-up signed of a tenant's chains. Not under `T#`: set-up alone may write here.
pub fn anchors_partition(t: &TenantId) -> String {
    format!("AUDIT#{t}")
}
pub fn anchor(t: &TenantId, number: u64) -> Key {
    Key::new(anchors_partition(t), format!("ANCHOR#{number:010}"))
}
/// The index partition of the changes to one account's or role's rights.
pub fn target_index(t: &TenantId, target: &str) -> String {
    format!("T#{t}#TARGET#{target}")
}
/// The index partition of the changes that one account made.
pub fn actor_index(t: &TenantId, actor: UserId) -> String {
    format!("T#{t}#ACTOR#{actor}")
}
/// The partition of the search entries that begin with this character.
pub fn find_partition(t: &TenantId, shard: u16, first: char) -> String {
    format!("T#{t}#FIND#{shard}#{first}")
}
/// One of the index partitions of the accounts with addresses at a domain.
pub fn domain_index(t: &TenantId, shard: u16, domain: &str) -> String {
    format!("T#{t}#DOMAIN#{shard}#{domain}")
}
/// The partition of the search entries of domains that begin with this character.
pub fn find_domain_partition(t: &TenantId, first: char) -> String {
    format!("T#{t}#FIND#@{first}")
}
/// The search entry of one suffix of a domain with its `@`. A domain has no space, so the last one parts the two.
pub fn find_domain(t: &TenantId, suffix: &str, domain: &str) -> Option<Key> {
    let first = suffix.chars().next()?;
    Some(Key::new(find_domain_partition(t, first), format!("{suffix} {domain}")))
}
/// The search entry of one suffix of an address or name. An id has no space, so the last one parts the two.
pub fn find(t: &TenantId, shard: u16, suffix: &str, user: UserId) -> Option<Key> {
    let first = suffix.chars().next()?;
    Some(Key::new(find_partition(t, shard, first), format!("{suffix} {user}")))
}
pub fn tally_partition(t: &TenantId, shard: u16) -> String {
    format!("T#{t}#TALLY#{shard}")
}
/// A counter of accounts by status.
pub fn tally(t: &TenantId, shard: u16, counter: u16) -> Key {
    Key::new(tally_partition(t, shard), format!("{TALLY}{counter:02}"))
}
/// How many accounts are in charge of the tenant.
pub fn administrators(t: &TenantId) -> Key {
    Key::new(format!("T#{t}#TALLY#ADMINISTRATORS"), "ADMINISTRATORS")
}
/// Where accounts stand in the list of all. Beside counters: a page far down reads both by one Query.
pub fn list_map(t: &TenantId) -> Key {
    Key::new(tally_partition(t, 0), "MAP")
}
/// The log of accounts that left the list. One partition, so that a page reads it by one Query: it takes 500 deletions a
/// second.
pub fn left_partition(t: &TenantId) -> String {
    format!("T#{t}#LEFT")
}
pub fn left(t: &TenantId, at: Timestamp, user: UserId) -> Key {
    Key::new(left_partition(t), format!("{}#{user}", left_before(at)))
}
/// What the sort keys of all that left before this moment come before.
pub(super) fn left_before(at: Timestamp) -> String {
    moment(at)
}
pub fn roles_partition(t: &TenantId) -> String {
    format!("T#{t}#ROLES")
}
pub const ROLE: &str = "ROLE#";
pub fn role(t: &TenantId, id: RoleId) -> Key {
    Key::new(roles_partition(t), format!("{ROLE}{id}"))
}
/// In how many copies a role's item is kept, each in a partition of its own, for requests to read: 20,000 a second are 2,000
/// of each copy's 3,000. A tenant's beginning has room for no more in its one transaction.
pub const ROLE_COPIES: u8 = 10;
pub fn role_copy(t: &TenantId, id: RoleId, copy: u8) -> Key {
    Key::new(format!("T#{t}#ROLECOPY#{id}#{copy}"), "COPY")
}
pub fn role_copies(t: &TenantId, id: RoleId) -> impl Iterator<Item = Key> {
    (0..ROLE_COPIES).map(move |copy| role_copy(t, id, copy))
}
pub fn role_name(t: &TenantId, name: &RoleName) -> Key {
    Key::new(format!("T#{t}#ROLENAME#{}", name.canonical()), "CLAIM")
}
pub fn former_role_name(t: &TenantId, name: &RoleName) -> Option<Key> {
    let former = name.former()?;
    Some(Key::new(format!("T#{t}#ROLENAME#{former}"), "CLAIM"))
}
/// One of the partitions of a role's members, and of when they cease to be.
pub fn members_partition(t: &TenantId, role: RoleId, shard: u16) -> String {
    format!("T#{t}#ROLE#{role}#{shard}")
}
pub fn seats_partition(t: &TenantId, part: u16) -> String {
    format!("T#{t}#SEATS#{part}")
}
/// The few counters of a role are in one partition: most roles have no others.
pub fn seats(t: &TenantId, role: RoleId, counter: u16) -> Key {
    let part = if counter < FEW_COUNTERS {
        0
    } else {
        counter % SEAT_PARTITIONS
    };
    Key::new(seats_partition(t, part), format!("{}{counter:02}", seats_of(role)))
}
/// What the sort keys of a role's counters begin with.
pub fn seats_of(role: RoleId) -> String {
    format!("{role}#")
}
pub fn member(t: &TenantId, role: RoleId, shard: u16, user: UserId, grant: GrantId) -> Key {
    Key::new(members_partition(t, role, shard), format!("{MEMBER}{user}#{grant}"))
}
pub const MEMBER: &str = "MEMBER#";
pub const TALLY: &str = "TALLY#";
/// When the last grant of a role ends that an account has, where they all end.
pub fn ends(t: &TenantId, role: RoleId, shard: u16, at: Timestamp, user: UserId) -> Key {
    Key::new(members_partition(t, role, shard), format!("{}#{user}", ends_before(at)))
}
/// What the sort keys of all that ends before this moment come before.
pub(super) fn ends_before(at: Timestamp) -> String {
    format!("{ENDS}{}", moment(at))
}
pub const ENDS: &str = "ENDS#";
pub const GONE: &str = "GONE";
/// What a role was that was deleted.
pub fn gone_role(t: &TenantId, role: RoleId) -> Key {
    Key::new(format!("T#{t}#ROLE#{role}"), GONE)
}
/// A grant of an account that ended.
pub fn past(t: &TenantId, user: UserId, ended: Timestamp, grant: GrantId) -> Key {
    Key::new(user_partition(t, user), format!("{}#{grant}", past_before(ended)))
}
/// What the sort keys of all that ended before this moment come before.
pub(super) fn past_before(at: Timestamp) -> String {
    format!("{PAST}{}", moment(at))
}
pub const PAST: &str = "PAST#";
/// The marker that one of the first accounts was made, so that its deletion lasts.
pub fn first_account(t: &TenantId, name: &str) -> Key {
    Key::new(format!("T#{t}#SETUP"), format!("FIRST#{name}"))
}
/// The marker that the ends of all grants are listed, also of those from before they were.
pub fn ends_listed(t: &TenantId) -> Key {
    Key::new(format!("T#{t}#SETUP"), "ENDS")
}
/// How far set-up has brought a tenant's names into this form.
pub fn names_form(t: &TenantId, form: u8) -> Key {
    Key::new(format!("T#{t}#SETUP"), format!("NAMES#{form}"))
}
pub fn tenant_settings(t: &TenantId) -> Key {
    Key::new(format!("T#{t}#SETTINGS"), "SETTINGS")
}
pub fn rate_limit(t: &TenantId, limit: Limit, subject: &str) -> Key {
    Key::new(format!("T#{t}#LIMIT#{limit}#{subject}"), "COUNT")
}
/// An API key, by the SHA-256 of its text.
pub fn api_key(t: &TenantId, sha256: &str) -> Key {
    Key::new(format!("T#{t}#APIKEY#{sha256}"), "KEY")
}
pub fn api_keys_index(t: &TenantId) -> String {
    format!("T#{t}#APIKEYS")
}
/// The marker that the first API key of this SHA-256 was made, so that its revocation lasts.
pub fn first_api_key(t: &TenantId, sha256: &str) -> Key {
    Key::new(format!("T#{t}#SETUP"), format!("APIKEY#{sha256}"))
}
/// A request with an Idempotency-Key, by the SHA-256 of who sent it, of its route and of the key.
pub fn idempotency(t: &TenantId, sha256: &str) -> Key {
    Key::new(format!("T#{t}#IDEMPOTENCY#{sha256}"), "ANSWER")
}
pub const TENANTS: &str = "TENANTS";
pub const TENANT: &str = "TENANT#";
pub fn tenant(id: &TenantId) -> Key {
    Key::new(TENANTS, format!("{TENANT}{id}"))
}
/// A one-time token, by the SHA-256 of its text.
pub fn one_time(sha256: &str) -> Key {
    Key::new(format!("TOKEN#{sha256}"), "TOKEN")
}
pub const MAIL: &str = "MAIL#";
pub fn mail(id: MailId) -> Key {
    Key::new(format!("{MAIL}{id}"), "MAIL")
}
/// The index partition of the mails in one state.
pub fn mails_index(state: &str, shard: u16) -> String {
    format!("MAILS#{state}#{shard}")
}
/// When a mail is due, in the index: a UUIDv7's order.
pub fn due(at: Timestamp, id: MailId) -> String {
    format!("{:013}#{id}", at.as_millisecond())
}
/// When mails were sent to an address, by the SHA-256 of its canonical form: of the whole stack, for whoever reads them is
/// one person in however many tenants.
pub fn mailed_to(sha256: &str) -> Key {
    Key::new(format!("MAILED#{sha256}"), "TO")
}
/// When mails were sent that an account caused.
pub fn mailed_by(user: UserId) -> Key {
    Key::new(format!("MAILED#{user}"), "BY")
}
pub const CATALOGUE: &str = "CATALOGUE";
pub const PERMISSION: &str = "PERMISSION#";
pub fn permission(name: &str) -> Key {
    Key::new(CATALOGUE, format!("{PERMISSION}{name}"))
}
pub fn catalogue_count() -> Key {
    Key::new(CATALOGUE, "COUNT")
}
/// In how many copies the number of removals is kept, so that changes of roles seldom meet at one.
pub const REMOVALS_COPIES: u8 = 8;
pub fn removals(copy: u8) -> Key {
    Key::new(format!("{CATALOGUE}#{copy}"), "REMOVALS")
}
pub fn permission_partition(name: &str) -> String {
    format!("{CATALOGUE}#{name}")
}
pub const HOLDER: &str = "ROLE#";
/// That a role has a permission of an application.
pub fn permission_holder(name: &str, t: &TenantId, role: RoleId) -> Key {
    Key::new(permission_partition(name), format!("{HOLDER}{t}#{role}"))
}
pub const KEYS: &str = "KEYS";
pub const KEY: &str = "KEY#";
pub fn signing_key(kid: &str) -> Key {
    Key::new(KEYS, format!("{KEY}{kid}"))
}
pub const RETIRED: &str = "RETIRED#";
/// The public half of a key that was retired: what it signed of the histories is verified with it for good.
pub fn retired_key(kid: &str) -> Key {
    Key::new(KEYS, format!("{RETIRED}{kid}"))
}
/// The marker that the stack has a signing key.
pub fn first_signing_key() -> Key {
    Key::new(KEYS, "FIRST")
}
/// In how many copies it is noted that set-up was run.
pub const READY_COPIES: u8 = 16;
/// That set-up was run, one copy of several: checks from everywhere ask for it, and the keys have readers enough.
pub fn ready(copy: u8) -> Key {
    Key::new(format!("HEALTH#{copy:02x}"), "READY")
}
/// What a health check writes.
pub fn health(byte: u8) -> Key {
    Key::new(format!("HEALTH#{byte:02x}"), "HEALTH")
}
