//! Who may do what to whom, written out: every actor against every account and every role (rules 8 and 9).

use std::collections::BTreeSet;

use usher::access::policy::{self, Actor, Rights, Span};
use usher::domain::grant::Grant;
use usher::domain::permission::{ADMIN_KEYS, ADMIN_ROLES, ADMIN_TENANTS, ADMIN_USERS};
use usher::domain::role::{ADMIN, MEMBER, OWNER, Role, SERVICE_ACCOUNT, SYS_ADMIN, SYSTEM_ROLES, USER};
use usher::domain::tenant::TenantId;
use usher::domain::text::{Department, RoleName};
use usher::error::{Error, Forbidden, Result};
use usher::id::{GrantId, RoleId};
use usher::jiff::{SignedDuration, Timestamp};

use crate::guard_walk::golden;

mod key_table;
mod lived_in;
mod made;
mod samples;

fn now() -> Timestamp {
    crate::support::START.parse().unwrap()
}

fn custom(n: u8, permissions: &[&str]) -> Role {
    Role {
        id: format!("00000000-0000-7000-8000-0000000000{n:02}").parse().unwrap(),
        name: RoleName::parse(&format!("custom {n}")).unwrap(),
        permissions: permissions.iter().map(|&p| p.to_owned()).collect(),
        system: false,
        ..system(USER.id)
    }
}

fn system(id: RoleId) -> Role {
    let role = SYSTEM_ROLES.into_iter().find(|role| role.id == id).unwrap();
    role.in_tenant(&TenantId::main(), now()).unwrap()
}

fn restricted() -> Role {
    let role = custom(16, &["press.print"]);
    Role {
        restricted: role.permissions.clone(),
        ..role
    }
}

fn with(role: &Role, permission: &str) -> Role {
    let mut role = role.clone();
    role.permissions.insert(permission.to_owned());
    role
}

/// Every role that there is, with what the table calls it.
fn roles() -> Vec<(&'static str, Role)> {
    vec![
        ("user", system(USER.id)),
        ("member", system(MEMBER.id)),
        ("admin", system(ADMIN.id)),
        ("owner", system(OWNER.id)),
        ("SYS_ADMIN", system(SYS_ADMIN.id)),
        ("SERVICE_ACCOUNT", system(SERVICE_ACCOUNT.id)),
        ("only users", custom(11, &[ADMIN_USERS])),
        ("only roles", custom(12, &[ADMIN_ROLES])),
        ("tenants", custom(13, &[ADMIN_TENANTS])),
        ("nothing", custom(14, &[])),
        ("app", custom(15, &["press.write"])),
        ("restricted", restricted()),
    ]
}

fn grant(role: &Role) -> Grant {
    Grant {
        id: "00000000-0000-7000-8000-000000000001".parse::<GrantId>().unwrap(),
        role: role.id,
        department: None,
        effective_from: None,
        effective_to: None,
        granted_at: now(),
        granted_by: None,
        seat: 0,
        round: 0,
        partition: 0,
        administers: role.administers(),
    }
}

/// The accounts of the table: whoever has one role beside `user`, and whoever had it, will have it, or has it in one
/// department.
fn accounts() -> Vec<(String, Vec<Grant>)> {
    let everybody = grant(&system(USER.id));
    let hour = SignedDuration::from_hours(1);
    let (past, later) = (Some(now()), Some(now() + hour));
    let mut accounts: Vec<(String, Vec<Grant>)> = Vec::new();
    for (name, role) in roles() {
        accounts.push((name.to_owned(), vec![everybody.clone(), grant(&role)]));
    }
    for (name, role) in [
        ("admin", system(ADMIN.id)),
        ("owner", system(OWNER.id)),
        ("only users", custom(11, &[ADMIN_USERS])),
    ] {
        let one = grant(&role);
        let press = Some(Department::parse("press").unwrap());
        let ended = Grant {
            effective_to: past,
            ..one.clone()
        };
        let coming = Grant {
            effective_from: later,
            ..one.clone()
        };
        let limited = Grant {
            department: press,
            ..one
        };
        for (when, grant) in [("was", ended), ("will be", coming), ("press:", limited)] {
            accounts.push((format!("{when} {name}"), vec![everybody.clone(), grant]));
        }
    }
    accounts
}

fn rights(grants: &[Grant]) -> Rights {
    policy::effective(grants, &known(), now(), None)
}

fn known() -> Vec<Role> {
    roles().into_iter().map(|(_, role)| role).collect()
}

fn verdict(outcome: Result<()>) -> String {
    match outcome {
        Ok(()) => "yes".to_owned(),
        Err(Error::Forbidden(Forbidden::AboveOwnRank | Forbidden::RoleAboveOwnRank | Forbidden::NotBelowOwnRank)) => {
            "rank".to_owned()
        }
        Err(Error::Forbidden(Forbidden::BelowRank(rank))) => format!("for {rank}s"),
        Err(Error::Forbidden(Forbidden::NotHeld(name))) => name.into_owned(),
        Err(Error::Forbidden(Forbidden::HeldForLess(name))) => format!("{name} less"),
        Err(other) => panic!("{other}"),
    }
}

/// A table of verdicts: an actor a line, `columns` across.
fn matrix<T>(question: &str, columns: &[(String, T)], ask: impl Fn(&Actor, &T) -> Result<()>) -> String {
    let mut text = format!("{question:18}");
    columns.iter().for_each(|(name, _)| text += &format!(" {name:15}"));
    for (name, grants) in accounts() {
        let (rights, known) = (rights(&grants), known());
        let actor = Actor {
            rights: &rights,
            held: Some((&grants, &known)),
        };
        text += &format!("\n{name:18}");
        for (_, column) in columns {
            text += &format!(" {:15}", verdict(ask(&actor, column)));
        }
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn who_may_change_whom_is_the_golden_table() {
    golden(
        "may_change",
        &matrix("may change", &accounts(), |actor, target| {
            policy::may_touch(actor.rights, target, &known(), now())
        }),
    );
}

#[test]
fn who_may_change_whom_where_only_lower_ranks_may_be_is_the_golden_table() {
    golden(
        "may_change_below",
        &matrix("may change below", &accounts(), |actor, target| {
            ::account::credentials::strictly_below(actor.rights, target, now())
        }),
    );
}

#[test]
fn z04_who_may_take_whose_place_is_the_golden_table() {
    let ask = |actor: &Actor, target: &Vec<Grant>| policy::may_take_over(actor, target, &known(), now());
    golden("may_take_over", &matrix("may take over", &accounts(), ask));
}

#[test]
fn z04_who_may_give_which_role_is_the_golden_table() {
    let roles: Vec<(String, Role)> = roles()
        .into_iter()
        .map(|(name, role)| (name.to_owned(), role))
        .collect();
    let for_good = Span::for_good(now());
    let ask = |actor: &Actor, role: &Role| policy::may_grant(actor, role, &for_good);
    golden("may_grant", &matrix("may grant", &roles, ask));
}

#[test]
fn z04_who_may_change_a_role_so_that_it_holds_what_is_the_golden_table() {
    let mut edits = Vec::new();
    for (name, role) in roles() {
        let with = |permission| with(&role, permission);
        let without = Role {
            permissions: BTreeSet::new(),
            ..role.clone()
        };
        edits.push((format!("-{name}"), (role.clone(), without)));
        if ["member", "admin", "only users", "nothing"].contains(&name) {
            edits.push((format!("{name}+users"), (role.clone(), with(ADMIN_USERS))));
            edits.push((format!("{name}+tenants"), (role.clone(), with(ADMIN_TENANTS))));
        }
    }
    let ask = |actor: &Actor, (role, after): &(Role, Role)| policy::may_edit(actor, role, after, now());
    golden("may_edit", &matrix("may edit", &edits, ask));
}

/// The system permissions that a tenant's administrators can hold.
const DELEGATED: [&str; 3] = [ADMIN_USERS, ADMIN_ROLES, ADMIN_KEYS];
const RANKS: [Option<RoleId>; 4] = [None, Some(MEMBER.id), Some(ADMIN.id), Some(OWNER.id)];

/// Some of them, by the bits of a number.
fn some(bits: usize) -> Vec<&'static str> {
    let held = |n: &usize| bits & (1 << n) != 0;
    (0..DELEGATED.len()).filter(held).map(|n| DELEGATED[n]).collect()
}

/// Somebody on a rank with these permissions beside what the rank brings: its grants, and what rule 9 asks about it.
fn somebody(rank: usize, bits: usize) -> (Vec<Grant>, Vec<Role>, BTreeSet<String>) {
    let role = custom(20, &some(bits));
    let ladder = RANKS[rank].map(system);
    let roles: Vec<Role> = ladder.into_iter().chain([role]).collect();
    let held = roles.iter().flat_map(|role| role.permissions.iter().cloned()).collect();
    (roles.iter().map(grant).collect(), roles, held)
}

/// Rule 9 in its own words: everything that the other holds, and no higher rank.
fn reaches(actor: (usize, &BTreeSet<String>), other: (usize, &BTreeSet<String>)) -> bool {
    other.0 <= actor.0 && other.1.is_subset(actor.1)
}

/// Every pair of what two people hold, and every deed of one to the other, against the rule.
#[test]
fn d01_every_deed_to_every_account_is_as_rule_9_has_it() {
    let mut golden_rows = Vec::new();
    let word = |yes: bool| if yes { "yes" } else { "-" };
    for (rank, bits) in (0..RANKS.len()).flat_map(|rank| (0..8).map(move |bits| (rank, bits))) {
        let (grants, roles, own) = somebody(rank, bits);
        let rights = policy::effective(&grants, &roles, now(), None);
        let actor = Actor {
            rights: &rights,
            held: Some((&grants, &roles)),
        };
        for (at, other_bits) in (0..RANKS.len()).flat_map(|rank| (0..8).map(move |bits| (rank, bits))) {
            let (target, known, held) = somebody(at, other_bits);
            let may = reaches((rank, &own), (at, &held));
            let touch = policy::may_touch(&rights, &target, &known, now()).is_ok();
            let take_over = policy::may_take_over(&actor, &target, &known, now()).is_ok();
            assert_eq!((touch, take_over), (may, may), "{rank} {bits} to {at} {other_bits}");
            let role = custom(21, &some(other_bits));
            let carries = role.permissions.is_subset(&own);
            let give = policy::may_grant(&actor, &role, &Span::for_good(now())).is_ok();
            let edit = policy::may_touch_role(&rights, &role).is_ok();
            assert_eq!(
                (give, edit),
                (carries, carries),
                "{rank} {bits}: a role of {other_bits}"
            );
            let widen = policy::may_edit(&actor, &role, &with(&role, ADMIN_KEYS), now()).is_ok();
            assert_eq!(
                widen,
                carries && own.contains(ADMIN_KEYS),
                "{rank} {bits}: a role of {other_bits} and keys"
            );
            if let Some(ladder) = RANKS[at] {
                let ladder = system(ladder);
                let gives = policy::may_grant(&actor, &ladder, &Span::for_good(now())).is_ok();
                assert_eq!(
                    gives,
                    at <= rank && ladder.permissions.is_subset(&own),
                    "{rank} {bits} gives {at}"
                );
                assert_eq!(
                    policy::may_touch_role(&rights, &ladder).is_ok(),
                    rank == 3 && ladder.permissions.is_subset(&own)
                );
            }
            if rank == 0 && at == 0 {
                let names = |bits: usize| format!("{:?}", some(bits).join(" "));
                golden_rows.push(format!(
                    "{:40} {:40} {:5} {:9} {:4} {:4} {}",
                    names(bits),
                    names(other_bits),
                    word(touch),
                    word(take_over),
                    word(give),
                    word(edit),
                    word(widen)
                ));
            }
        }
    }
    let head = format!(
        "{:40} {:40} touch take over give edit widen by keys",
        "actor holds", "account or role holds"
    );
    let rows = golden_rows.iter().map(|row| row.trim_end());
    golden(
        "pairs",
        &std::iter::once(head.as_str())
            .chain(rows)
            .collect::<Vec<_>>()
            .join("\n"),
    );
}
