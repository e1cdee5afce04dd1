//! What each function of the table's keys makes of samples.

use usher::domain::rate_limit::Limit;
use usher::domain::tenant::TenantId;
use usher::domain::text::{Email, RoleName, Username};
use usher::domain::user::Status;
use usher::id::{RoleId, UserNumber};
use usher::store::keys;
use usher::store::table::Key;

use super::samples::SAMPLES;

fn sample<T: std::str::FromStr>(name: &str) -> T {
    let found = SAMPLES.iter().find(|(pattern, _)| *pattern == name).unwrap();
    found.1.parse().unwrap_or_else(|_| panic!("{name}"))
}

/// What a function makes of the samples: its name, the item whose row it is about, and each attribute with its text.
pub struct Made {
    pub function: &'static str,
    pub item: &'static str,
    pub texts: Vec<(&'static str, String)>,
}

fn key(function: &'static str, item: &'static str, key: Key) -> Made {
    let texts = vec![("PK", key.pk), ("SK", key.sk)];
    Made { function, item, texts }
}

fn partition(function: &'static str, item: &'static str, attribute: &'static str, text: String) -> Made {
    let texts = vec![(attribute, text)];
    Made { function, item, texts }
}

/// Of every function of the keys.
pub fn made() -> Vec<Made> {
    [
        of_accounts(),
        of_histories(),
        of_lists(),
        of_roles(),
        of_tenants(),
        of_the_stack(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn of_accounts() -> Vec<Made> {
    let (t, user) = (&TenantId::main(), sample("<user>"));
    let email = Email::parse("Jane@Example.ORG").unwrap();
    let name = Username::parse("JANE").unwrap();
    let guess = keys::unknown_login(t, "ba7816bf");
    vec![
        key("user", "user", keys::user(t, user)),
        partition("user_partition", "user", "PK", keys::user_partition(t, user)),
        partition("users_index", "user", "GSI1PK", keys::users_index(t, 3)),
        partition(
            "status_index",
            "user",
            "GSI2PK",
            keys::status_index(t, Status::Locked, 3),
        ),
        key("email", "e-mail claim", keys::email(t, &email)),
        key("username", "username claim", keys::username(t, &name)),
        key("number", "number claim", keys::number(t, UserNumber::of(user))),
        key(
            "unknown_login_entry",
            "login history of such a name",
            keys::unknown_login_entry(&guess, sample("<entry>")),
        ),
        key("unknown_login", "attempts of an unregistered name", guess),
        key(
            "past",
            "past grant",
            keys::past(t, user, crate::support::START.parse().unwrap(), sample("<grant>")),
        ),
        key("session", "session", keys::session(t, user, sample("<session>"))),
        key("service_key", "service account's key", keys::service_key(t, user, 7)),
        key(
            "first_account",
            "first accounts, made once",
            keys::first_account(t, "owner"),
        ),
        key(
            "names_form",
            "how far names were brought into their present form",
            keys::names_form(t, 2),
        ),
    ]
}

fn of_histories() -> Vec<Made> {
    let (t, user, entry) = (&TenantId::main(), sample("<user>"), sample("<entry>"));
    let (target, at): (RoleId, _) = (sample("<target>"), crate::support::START.parse().unwrap());
    let (logins, rights) = ("login history of one user", "rights history");
    let (head, signed) = ("head of a chain of the rights history", "signed heads of chains");
    vec![
        key("login", logins, keys::login(t, user, entry)),
        partition("logins_index", logins, "GSI1PK", keys::logins_index(t, at, 3)),
        key("rights", rights, keys::rights(t, at, entry)),
        partition("rights_partition", rights, "PK", keys::rights_partition(t, at, 3)),
        partition(
            "target_index",
            rights,
            "GSI1PK",
            keys::target_index(t, &target.to_string()),
        ),
        partition("actor_index", rights, "GSI2PK", keys::actor_index(t, user)),
        partition("chains_partition", head, "PK", keys::chains_partition(t, 3)),
        key("chain_head", head, keys::chain_head(t, "400-3")),
        partition("anchors_partition", signed, "PK", keys::anchors_partition(t)),
        key("anchor", signed, keys::anchor(t, 7)),
    ]
}

fn of_lists() -> Vec<Made> {
    let (t, user) = (&TenantId::main(), sample("<user>"));
    let found = keys::find(t, 3, "äne@example.org", user).unwrap();
    let left = "account that left the list";
    vec![
        partition("find_partition", "search entry", "PK", keys::find_partition(t, 3, 'ä')),
        key("find", "search entry", found),
        partition(
            "find_domain_partition",
            "search entry of a domain",
            "PK",
            keys::find_domain_partition(t, 'ä'),
        ),
        key(
            "find_domain",
            "search entry of a domain",
            keys::find_domain(t, "äne.example", "example.org").unwrap(),
        ),
        partition(
            "domain_index",
            "e-mail claim",
            "GSI1PK",
            keys::domain_index(t, 3, "example.org"),
        ),
        partition(
            "tally_partition",
            "accounts by status, one counter of several",
            "PK",
            keys::tally_partition(t, 3),
        ),
        key(
            "tally",
            "accounts by status, one counter of several",
            keys::tally(t, 3, 7),
        ),
        key("administrators", "accounts in charge", keys::administrators(t)),
        key("list_map", "map of the list of accounts", keys::list_map(t)),
        partition("left_partition", left, "PK", keys::left_partition(t)),
        key(
            "left",
            left,
            keys::left(t, crate::support::START.parse().unwrap(), user),
        ),
    ]
}

fn of_roles() -> Vec<Made> {
    let (t, user, role, grant) = (&TenantId::main(), sample("<user>"), sample("<role>"), sample("<grant>"));
    let name = RoleName::parse("Press Office").unwrap();
    let at = crate::support::START.parse().unwrap();
    let (seats, copy) = ("role's seats, one counter of several", "role, one copy of several");
    let all = keys::role_copies(t, role).nth(7).unwrap();
    vec![
        partition("roles_partition", "role", "PK", keys::roles_partition(t)),
        key("role", "role", keys::role(t, role)),
        key("role_copy", copy, keys::role_copy(t, role, 7)),
        key("role_copies", copy, all),
        key("role_name", "role name claim", keys::role_name(t, &name)),
        partition(
            "members_partition",
            "role's member",
            "PK",
            keys::members_partition(t, role, 3),
        ),
        key("seats", seats, keys::seats(t, role, 7)),
        partition("seats_partition", seats, "PK", keys::seats_partition(t, 1)),
        key("member", "role's member", keys::member(t, role, 3, user, grant)),
        key(
            "ends",
            "the end of a member's last grant",
            keys::ends(t, role, 3, at, user),
        ),
        key("gone_role", "role that was deleted", keys::gone_role(t, role)),
    ]
}

fn of_tenants() -> Vec<Made> {
    let (t, mail): (_, usher::id::MailId) = (&TenantId::main(), sample("<mail>"));
    let at = crate::support::START.parse().unwrap();
    let (api_key, to_send) = ("API key", "mail to send");
    vec![
        key("ends_listed", "the ends of all grants are listed", keys::ends_listed(t)),
        key("tenant_settings", "settings", keys::tenant_settings(t)),
        key(
            "rate_limit",
            "counter of a rate limit",
            keys::rate_limit(t, Limit::LoginByAddress, "ba7816bf"),
        ),
        key("api_key", api_key, keys::api_key(t, "ba7816bf")),
        key(
            "first_api_key",
            "first API key, made once",
            keys::first_api_key(t, "ba7816bf"),
        ),
        partition("api_keys_index", api_key, "GSI1PK", keys::api_keys_index(t)),
        key(
            "idempotency",
            "request with an Idempotency-Key",
            keys::idempotency(t, "ba7816bf"),
        ),
        key("tenant", "tenant", keys::tenant(t)),
        key("one_time", "one-time token", keys::one_time("ba7816bf")),
        key("mail", to_send, keys::mail(mail)),
        partition("mails_index", to_send, "GSI1PK", keys::mails_index("pending", 3)),
        partition("due", to_send, "GSI1SK", keys::due(at, mail)),
        key("mailed_to", "latest mails to an address", keys::mailed_to("ba7816bf")),
        key(
            "mailed_by",
            "latest mails caused by an account",
            keys::mailed_by(sample("<user>")),
        ),
    ]
}

fn of_the_stack() -> Vec<Made> {
    let marker = "the marker that a stack has a signing key";
    vec![
        key("permission", "permission", keys::permission("admin.users")),
        key(
            "catalogue_count",
            "how many permissions applications have",
            keys::catalogue_count(),
        ),
        key(
            "removals",
            "how many permissions were removed, one copy of several",
            keys::removals(7),
        ),
        partition(
            "permission_partition",
            "a role that has a permission",
            "PK",
            keys::permission_partition("press.write"),
        ),
        key(
            "permission_holder",
            "a role that has a permission",
            keys::permission_holder("press.write", &TenantId::main(), sample("<role>")),
        ),
        key("signing_key", "signing key", keys::signing_key("a_kid")),
        key(
            "retired_key",
            "public half of a key that no longer signs",
            keys::retired_key("a_kid"),
        ),
        key("first_signing_key", marker, keys::first_signing_key()),
        key("ready", "that set-up was run, one copy of several", keys::ready(7)),
        key("health", "a check that writes succeed, one of 256", keys::health(7)),
    ]
}
