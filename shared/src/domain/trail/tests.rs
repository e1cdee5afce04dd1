//! What was in force at a moment equals what was seen at that moment, whatever was changed since.

mod world;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use self::world::{ROLES, USERS, World, moment};
use super::{Trail, may_be_since, since};
use crate::access::decision::Subject;
use crate::domain::history::RightsEntry;
use crate::domain::role::Role;
use crate::domain::text::Department;
use crate::domain::user::{Status, User};
use crate::id::EntryId;

/// What an account may do in requests about no department, and about two; and its state.
type Seen = Option<(Status, Vec<BTreeMap<String, Option<Timestamp>>>)>;

fn seen(user: &User, roles: &[Role], at: Timestamp) -> Seen {
    let subject = Subject::of(user, roles);
    let departments = [None, Department::parse("sales").ok(), Department::parse("north").ok()];
    let may = |department: &Option<Department>| {
        let all = subject.permissions(at, department.as_ref()).into_iter();
        all.map(|(name, until)| (name.to_owned(), until)).collect()
    };
    (user.status != Status::Deleted).then(|| (subject.status_at(at), departments.iter().map(may).collect()))
}

/// What is seen of an account where it is looked at.
fn present(world: &World, user: usize, at: Timestamp) -> Seen {
    let roles: Vec<Role> = world.roles.iter().flatten().cloned().collect();
    world.users[user].as_ref().and_then(|user| seen(user, &roles, at))
}

fn changes(world: &World, trail: Trail, at: Timestamp) -> Vec<RightsEntry> {
    let mut walked: Vec<RightsEntry> = Vec::new();
    let mut next = trail.last;
    while let Some(id) = next.filter(|id: &EntryId| may_be_since(*id, at)) {
        let row = world.rows[&id].clone();
        next = row.previous;
        walked.push(row);
    }
    since(&walked, at).to_vec()
}

/// What was to be seen of it at an earlier moment.
fn past(world: &World, user: usize, at: Timestamp) -> Seen {
    let user = world.users[user].clone().filter(|user| user.created_at <= at)?;
    let ended = world
        .ended
        .iter()
        .filter(|(id, _)| *id == user.id)
        .map(|(_, grant)| grant.clone());
    let ended = ended.filter(|grant| grant.stands(at)).collect();
    let (trail, before) = (user.trail(), user.is_known_at(at, world.now));
    before.unwrap();
    let user = user.as_of(at, ended, &changes(world, trail, at)).unwrap();
    let gone = world.gone.iter().cloned().filter_map(|gone| gone.at(at));
    let there = world.roles.iter().flatten().cloned().chain(gone);
    let roles = there.filter(|role| role.created_at <= at).map(|role| {
        let changes = changes(world, role.trail(), at);
        role.before(&changes).unwrap()
    });
    seen(&user, &roles.collect::<Vec<_>>(), at)
}

#[derive(Debug, Clone, Copy)]
struct Step {
    what: u8,
    user: usize,
    role: usize,
    /// What it is done with: permissions, dates, a department.
    with: u8,
    wait: i64,
}

fn step() -> impl Strategy<Value = Step> {
    let wait = prop_oneof![Just(0), Just(0), 1_i64..3, Just(4_000_000)];
    (0..12_u8, 0..USERS, 0..ROLES, any::<u8>(), wait).prop_map(|(what, user, role, with, wait)| Step {
        what,
        user,
        role,
        with,
        wait,
    })
}

fn take(world: &mut World, step: Step) {
    world.now += SignedDuration::from_millis(step.wait);
    let Step { user, role, with, .. } = step;
    match step.what {
        0 | 1 => world.make_user(user),
        2 => world.make_role(role, with),
        3 => world.change_role(role, with),
        4 => world.delete_role(role),
        5..=7 => world.give(user, role, with),
        8 => world.revoke(user, with),
        9 => world.set_status(user, with),
        10 => world.clear(user),
        _ if with < 32 => world.delete_user(user),
        _ => world.change_role(role, with),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn the_past_equals_what_was_seen_at_that_moment(steps in proptest::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        let mut snapshots: BTreeMap<Timestamp, World> = BTreeMap::new();
        for step in &steps {
            take(&mut world, *step);
            // The last of a moment stays.
            snapshots.insert(world.now, world.clone());
        }
        let millisecond = SignedDuration::from_millis(1);
        let around = |at: &Timestamp| [*at - millisecond, *at, *at + millisecond];
        let moments: BTreeSet<Timestamp> = snapshots.keys().flat_map(around).filter(|at| *at >= moment(0)).collect();
        for at in moments.into_iter().filter(|at| *at <= world.now) {
            let Some((_, then)) = snapshots.range(..=at).next_back() else { continue };
            for user in 0..USERS {
                prop_assert_eq!(past(&world, user, at), present(then, user, at), "user {} at {}", user, at);
            }
        }
    }
}
