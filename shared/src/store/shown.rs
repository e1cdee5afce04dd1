//! What is read of accounts for whoever looks at several: all but their passwords and the keys of their indexes. Nothing
//! may be written from it, and whether somebody can sign in is not in it.

use super::dynamo::Table;
use super::keys;
use super::table::Key;
use super::user_lists::in_order;
use crate::domain::tenant::TenantId;
use crate::domain::user::User;
use crate::error::Result;
use crate::id::UserId;

pub const ATTRIBUTES: [&str; 35] = [
    "PK",
    "SK",
    "id",
    "tenant",
    "number",
    "form",
    "searchShards",
    "kind",
    "email",
    "emailVerified",
    "username",
    "profile",
    "status",
    "lock",
    "beforeBan",
    "leaving",
    "mustChangePassword",
    "passwordEnds",
    "grants",
    "cleared",
    "trail",
    "epoch",
    "version",
    "emailFailedLoginCount",
    "emailAttemptedAt",
    "emailLockouts",
    "emailLockoutUntil",
    "usernameFailedLoginCount",
    "usernameAttemptedAt",
    "usernameLockouts",
    "usernameLockoutUntil",
    "attemptsClearedAt",
    "createdAt",
    "modifiedAt",
    "deletedAt",
];

/// The accounts of these ids, in their order; those that are not there are left out.
pub async fn get_all(table: &Table, t: &TenantId, ids: &[UserId]) -> Result<Vec<User>> {
    let places: Vec<Key> = ids.iter().map(|id| keys::user(t, *id)).collect();
    in_order(ids, table.batch_get_parts(&places, true, &ATTRIBUTES).await?)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::lockout::{Attempts, NameAttempts};
    use crate::domain::profile::Profile;
    use crate::domain::text::{Email, Username};
    use crate::domain::trail::Trail;
    use crate::domain::user::{AdminLock, BeforeBan, PasswordHash, Status, UserKind};
    use crate::id::UserNumber;
    use crate::store::table::to_item;

    /// With nothing that can be absent absent.
    fn whole() -> User {
        let time = Timestamp::UNIX_EPOCH;
        let id = UserId::first_at(time);
        let attempts = Attempts {
            failed_login_count: 1,
            attempted_at: Some(time),
            lockouts: 1,
            lockout_until: Some(time),
        };
        User {
            id,
            tenant: TenantId::main(),
            other_number: Some(UserNumber::of(id)),
            form: 1,
            search_shards: 2,
            kind: UserKind::Service,
            email: Email::parse("jane@example.org").ok(),
            email_verified: true,
            username: Username::parse("jane").ok(),
            profile: Profile::default(),
            status: Status::Locked,
            lock: Some(AdminLock::default()),
            before_ban: BeforeBan::of(Status::Inactive, None),
            leaving: true,
            password: Some(PasswordHash("hash".to_owned())),
            must_change_password: true,
            password_ends: Some(time),
            grants: Vec::new(),
            cleared: Some(1),
            trail: Some(Trail::beginning(time)),
            epoch: 1,
            version: 1,
            attempts: NameAttempts {
                email: attempts.clone(),
                username: attempts,
                cleared_at: Some(time),
            },
            created_at: time,
            modified_at: time,
            deleted_at: Some(time),
        }
    }

    #[test]
    fn all_of_an_account_is_shown_but_its_password() {
        let account = to_item(&Key::new("", keys::USER), &whole()).unwrap();
        let names = account.keys().map(String::as_str);
        let mut expected: Vec<&str> = names.filter(|name| *name != "password").collect();
        expected.sort_unstable();
        let mut shown = ATTRIBUTES;
        shown.sort_unstable();
        assert_eq!(shown[..], expected);
    }
}
