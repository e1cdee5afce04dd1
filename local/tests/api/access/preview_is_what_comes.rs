//! What a preview shows is the difference between what is held before and after the change (`POST /api/access/preview`),
//! or what the change is refused for: changes of roles and of grants at random, on the real server, by an owner and by
//! somebody who holds less.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};

use super::catalogue;
use super::preview_refusals::refusal;
use crate::support::{Client, World, steps};
use crate::users::{role, signed_in_with};

const PERMISSIONS: [&str; 4] = ["invoices.read", "invoices.write", "orders.read", "admin.keys"];
const ROLES: [&str; 3] = ["clerk", "reader", "writer"];
/// The last has no grant: it is one of all the others.
const DEPARTMENTS: [&str; 3] = ["Sales", "support", "elsewhere"];
const STEPS: usize = 120;

/// What each account holds, by department; about none where absent.
type Held = BTreeMap<(String, Option<&'static str>), BTreeSet<String>>;

fn names(all: &Value) -> BTreeSet<String> {
    all.as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

fn about() -> impl Iterator<Item = Option<&'static str>> {
    [None].into_iter().chain(DEPARTMENTS.map(Some))
}

async fn held(owner: &Client, ids: &[String]) -> Held {
    let mut held = Held::new();
    for id in ids {
        for department in about() {
            let query = department.map(|name| format!("?department={name}")).unwrap_or_default();
            let body = owner.get(&format!("/api/users/{id}/permissions{query}")).await.body;
            let permissions = body["permissions"].as_array().unwrap().iter();
            let permissions = permissions.map(|one| one["name"].as_str().unwrap().to_owned());
            held.insert((id.clone(), department), permissions.collect());
        }
    }
    held
}

/// What a preview's `gains` or `loses` says of each account and department.
fn previewed(list: &Value, ids: &[String]) -> Held {
    let entry = |id: &str, department: Option<&str>| {
        let mut all = list.as_array().unwrap().iter();
        all.find(|one| {
            let named = one["department"].as_str().map(str::to_lowercase);
            one["user"] == id && named == department.map(str::to_lowercase)
        })
    };
    let mut shown = Held::new();
    for id in ids {
        for department in about() {
            let own = entry(id, department).or_else(|| entry(id, None));
            let permissions = own.map(|one| names(&one["permissions"])).unwrap_or_default();
            shown.insert((id.clone(), department), permissions);
        }
    }
    shown
}

fn difference(more: &Held, fewer: &Held) -> Held {
    more.iter()
        .map(|(key, names)| (key.clone(), names - &fewer[key]))
        .collect()
}

fn below(rng: &mut TestRng, end: usize) -> usize {
    usize::try_from(rng.next_u64() % u64::try_from(end).unwrap()).unwrap()
}

fn some<'a>(rng: &mut TestRng, all: &[&'a str]) -> Vec<&'a str> {
    all.iter().copied().filter(|_| below(rng, 2) == 0).collect()
}

fn moment(rng: &mut TestRng, world: &World) -> Value {
    match below(rng, 3) {
        0 => json!((world.now() + usher::jiff::SignedDuration::from_secs(5)).to_string()),
        _ => Value::Null,
    }
}

/// A change at random: as a preview has it; and how it is made.
async fn change(
    rng: &mut TestRng,
    world: &World,
    owner: &Client,
    ids: &[String],
) -> (Value, &'static str, String, Value) {
    let name = ROLES[below(rng, ROLES.len())];
    let id = &ids[below(rng, ids.len())];
    let grants = owner.get(&format!("/api/users/{id}/roles")).await.body;
    let standing = |grant: &&Value| {
        !["user", "owner"].contains(&grant["role"].as_str().unwrap())
            && grant["effectiveTo"]
                .as_str()
                .is_none_or(|to| to > world.now().to_string().as_str())
    };
    let standing: Vec<&Value> = grants.as_array().unwrap().iter().filter(standing).collect();
    match below(rng, 4) {
        0 => {
            let permissions = some(rng, &PERMISSIONS);
            let body = json!({ "role": name, "permissions": permissions });
            (
                body,
                "PATCH",
                format!("/api/roles/{name}"),
                json!({ "permissions": permissions }),
            )
        }
        1 if !standing.is_empty() => {
            let grant = standing[below(rng, standing.len())]["userRoleId"].as_str().unwrap();
            let body = json!({ "user": id, "revoke": grant });
            (body, "DELETE", format!("/api/users/{id}/roles/{grant}"), Value::Null)
        }
        _ => {
            let department = [None, Some("Sales"), Some("SUPPORT")][below(rng, 3)];
            let (from, to) = (moment(rng, world), moment(rng, world));
            let to = if from.is_null() { to } else { Value::Null };
            let grant = json!({ "role": name, "department": department, "effectiveFrom": from, "effectiveTo": to });
            let body = json!({ "user": id, "grant": grant });
            (body, "POST", format!("/api/users/{id}/roles"), grant)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_the_difference_between_before_and_after_for_every_account_and_department() {
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let world = World::new().await;
    catalogue(&world, &PERMISSIONS[..3]).await;
    for name in ROLES {
        role(&world, name, &[]).await;
    }
    let owner = world.owner().await;
    assert_eq!(
        owner.patch("/api/roles/writer", json!({ "maxCount": 2 })).await.status,
        200
    );
    role(&world, "manager", &["admin.users", "admin.roles"]).await;
    let (_, manager) = signed_in_with(&world, "manager@example.org", &["manager"]).await;
    let mut ids = vec![owner.get("/api/me/profile").await.str("id").to_owned()];
    for n in 0..3 {
        ids.push(world.user(&format!("u{n}@example.org")).await);
    }
    let (mut differed, mut made, mut refusals) = (0, 0, BTreeSet::new());
    for step in steps(0..STEPS) {
        let actor = [&owner, &owner, &manager][below(&mut rng, 3)];
        let (body, method, path, apply) = change(&mut rng, &world, &owner, &ids).await;
        let before = held(&owner, &ids).await;
        let preview = actor.post("/api/access/preview", body.clone()).await;
        let apply = (!apply.is_null()).then_some(apply);
        let reply = actor.send(method.parse().unwrap(), &path, apply, &[]).await;
        assert_eq!(refusal(&preview), refusal(&reply), "{step}: {body}: {}", preview.text);
        if !reply.status.is_success() {
            refusals.insert(reply.problem().to_owned());
            continue;
        }
        made += 1;
        let after = held(&owner, &ids).await;
        let [gains, loses] = ["gains", "loses"].map(|list| previewed(&preview.body[list], &ids));
        assert_eq!(gains, difference(&after, &before), "{step}: {body}: {}", preview.text);
        assert_eq!(loses, difference(&before, &after), "{step}: {body}: {}", preview.text);
        differed += usize::from(before != after);
        world.clock.advance(i64::try_from(below(&mut rng, 3)).unwrap());
    }
    assert!(
        differed > STEPS / 5 && made > STEPS / 3,
        "{differed} of {made} changed what is held"
    );
    let refusals: Vec<&str> = refusals.iter().map(String::as_str).collect();
    assert_eq!(refusals, ["above-own-rank", "grant-stands", "not-held", "role-full"]);
}
