//! `local verify`: each kind of damage is found, and that alone; what can be mended is, and then nothing is found; and
//! nothing is while requests run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use local::verify::{Finding, Kind, Repair, mend, verify};
use serde_json::{Value, json};
use usher::domain::tenant::TenantId;
use usher::store::table::{Item, Key, Value as Attribute, Write, integer, number, text};
use usher::store::{keys, unit};

use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World};

async fn found(world: &World) -> Vec<Finding> {
    verify(&world.app.table, None, 4, world.now()).await.unwrap().findings
}

fn kinds(findings: &[Finding]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = findings.iter().map(|finding| finding.kind).collect();
    kinds.dedup();
    kinds
}

async fn write(world: &World, writes: Vec<Write>) {
    for some in writes.chunks(90) {
        unit::commit(&world.app.table, some).await.unwrap();
    }
}

/// Every item of the table whose keys contain these, as the store has them.
async fn items(world: &World, pk: &str, sk: &str) -> Vec<Item> {
    let mut found = Vec::new();
    for item in world.items() {
        let (is_pk, is_sk) = (item["PK"]["S"].as_str().unwrap(), item["SK"]["S"].as_str().unwrap());
        if is_pk.contains(pk) && is_sk.contains(sk) {
            found.extend(world.app.table.get(&Key::new(is_pk, is_sk)).await.unwrap());
        }
    }
    assert!(!found.is_empty(), "nothing at {pk} / {sk}");
    found
}

/// A tenant in which everything is: names, grants that end, a role with a limit, a session.
async fn lived_in() -> (World, String) {
    let world = World::new().await;
    let owner = world.owner().await;
    let role = json!({ "name": "pilot", "permissions": [], "maxCount": 3 });
    assert_eq!(owner.post("/api/roles", role).await.status, 201);
    let body = json!({ "email": "jane@example.org", "username": "jane", "password": PASSWORD, "roles": ["pilot"] });
    let made = owner.post("/api/users", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.str("id").to_owned();
    let grant = json!({ "role": "member", "effectiveTo": "2027-01-01T00:00:00Z" });
    let given = owner.post(&format!("/api/users/{id}/roles"), grant).await;
    assert_eq!(given.status, 201, "{}", given.text);
    world.signed_in("jane", PASSWORD).await;
    // A session of no account.
    let principal = json!({ "roles": ["owner"] });
    assert_eq!(world.nobody().post("/api/auth/dev-token", principal).await.status, 200);
    assert_eq!(found(&world).await, []);
    (world, id)
}

/// Finds exactly this, mends it, and finds nothing; the account signs in, and is found.
async fn mended(world: &World, kind: Kind) {
    let findings = found(world).await;
    assert_eq!(kinds(&findings), [kind], "{findings:#?}");
    let mut printed = Vec::new();
    let done = mend(&world.app.table, &findings, false, &mut printed).await.unwrap();
    assert_eq!(done, findings.len(), "{}", String::from_utf8_lossy(&printed));
    assert_eq!(found(world).await, []);
    assert_reconciled(world);
    works(world).await;
}

async fn works(world: &World) {
    world.signed_in("jane", PASSWORD).await;
    world.signed_in("jane@example.org", PASSWORD).await;
    for q in ["jane", "xample"] {
        let reply = world.owner().await.get(&format!("/api/users?q={q}")).await;
        assert!(reply.text.contains("jane@example.org"), "{q}: {}", reply.text);
    }
}

async fn without(world: &World, pk: &str, sk: &str) {
    let gone: Vec<Write> = items(world, pk, sk)
        .await
        .iter()
        .filter_map(Key::of)
        .map(Write::delete)
        .collect();
    write(world, gone).await;
}

async fn with(world: &World, mut item: Item, attributes: &[(&str, Attribute)]) {
    item.extend(
        attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    write(world, vec![Write::put(item)]).await;
}

const NOBODY: &str = "0192f0c1-2d3e-7f4a-8b5c-6d7e8f901234";

#[tokio::test(flavor = "multi_thread")]
async fn c11_a_claim_that_is_missing_is_found_and_mended() {
    for claim in ["#EMAIL#jane@example.org", "#NAME#jane", "#ROLENAME#pilot"] {
        let (world, _) = lived_in().await;
        without(&world, claim, "CLAIM").await;
        mended(&world, Kind::MissingClaim).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_a_claim_of_nobody_is_found_and_mended() {
    let (world, id) = lived_in().await;
    let user = NOBODY.to_owned();
    with(
        &world,
        Key::new("T#main#NAME#ghost", "CLAIM").attributes(),
        &[("user", text(user))],
    )
    .await;
    mended(&world, Kind::DanglingClaim).await;
    with(
        &world,
        Key::new("T#main#EMAIL#old@example.org", "CLAIM").attributes(),
        &[("user", text(&id))],
    )
    .await;
    mended(&world, Kind::DanglingClaim).await;
    with(
        &world,
        Key::new("T#main#ROLENAME#ghost", "CLAIM").attributes(),
        &[("role", text(NOBODY))],
    )
    .await;
    mended(&world, Kind::DanglingClaim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_a_number_that_another_could_have_is_claimed_again() {
    let (world, id) = lived_in().await;
    let mine = items(&world, "#NUMBER#", "CLAIM").await;
    let mine = mine.iter().find(|item| item.get("user") == Some(&text(&id))).unwrap();
    write(&world, vec![Write::delete(Key::of(mine).unwrap())]).await;
    mended(&world, Kind::MissingClaim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_a_name_that_two_accounts_have_is_reported_and_never_taken_from_either() {
    let (world, id) = lived_in().await;
    let other = world.user("other@example.org").await;
    let key = keys::user(&TenantId::main(), other.parse().unwrap());
    let item = world.app.table.get(&key).await.unwrap().unwrap();
    with(&world, item.clone(), &[("email", text("jane@example.org"))]).await;
    let findings = found(&world).await;
    let shared: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.kind == Kind::SharedName)
        .collect();
    assert_eq!(shared.len(), 1, "{findings:#?}");
    assert!(matches!(shared[0].repair, Repair::None(_)), "{shared:#?}");
    mend(&world.app.table, &findings, false, &mut Vec::new()).await.unwrap();
    let claim = &items(&world, "#EMAIL#jane@example.org", "CLAIM").await[0];
    assert_eq!(claim["user"], text(&id));
    assert_eq!(kinds(&found(&world).await), [Kind::SharedName]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_an_address_that_is_not_listed_at_its_domain_is_listed_again() {
    let (world, _) = lived_in().await;
    let mut claim = items(&world, "#EMAIL#jane@example.org", "CLAIM").await.remove(0);
    claim.retain(|name, _| !name.starts_with("GSI1"));
    with(&world, claim, &[]).await;
    mended(&world, Kind::ClaimNotListed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_members_and_their_ends_that_are_missing_or_left_are_mended() {
    for sk in ["MEMBER#", "ENDS#"] {
        let (world, id) = lived_in().await;
        let mine = items(&world, "#ROLE#", sk).await;
        let mine: Vec<&Item> = mine
            .iter()
            .filter(|item| item.get("user") == Some(&text(&id)))
            .collect();
        write(&world, vec![Write::delete(Key::of(mine[0]).unwrap())]).await;
        mended(&world, Kind::MissingMember).await;
        let mut left = mine[0].clone();
        let mut key = Key::of(&left).unwrap().sk;
        let digit = if key.ends_with('0') { '1' } else { '0' };
        match sk {
            "MEMBER#" => key.replace_range(key.len() - 1.., &digit.to_string()),
            _ => key = key.replace("ENDS#0", "ENDS#1"),
        }
        left.insert("SK".to_owned(), text(key));
        with(&world, left, &[]).await;
        mended(&world, Kind::LeftOverMember).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_search_entries_that_are_missing_or_left_are_mended() {
    let (world, id) = lived_in().await;
    without(&world, "#FIND#0#j", &id).await;
    mended(&world, Kind::MissingSearchEntry).await;
    let left = keys::find(&TenantId::main(), 0, "zebra", id.parse().unwrap()).unwrap();
    with(&world, left.attributes(), &[]).await;
    mended(&world, Kind::LeftOverSearchEntry).await;
    without(&world, "#FIND#@x", "example.org").await;
    mended(&world, Kind::MissingDomainEntry).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_an_account_in_the_wrong_list_is_listed_where_it_belongs() {
    let (world, id) = lived_in().await;
    let key = keys::user(&TenantId::main(), id.parse().unwrap());
    let item = world.app.table.get(&key).await.unwrap().unwrap();
    let mut bare = item.clone();
    bare.remove("GSI1PK");
    bare.remove("GSI1SK");
    with(&world, bare, &[]).await;
    mended(&world, Kind::NotListed).await;
    let mut item = item;
    item.insert("GSI2PK".to_owned(), text("T#main#STATUS#banned#0"));
    with(&world, item, &[]).await;
    mended(&world, Kind::NotListed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_a_session_of_an_account_that_is_not_there_is_ended() {
    let (world, id) = lived_in().await;
    let session = items(&world, &format!("#USER#{id}"), "SESSION#").await.remove(0);
    let pk = format!("T#main#USER#{NOBODY}");
    with(&world, session, &[("PK", text(pk)), ("user", text(NOBODY))]).await;
    mended(&world, Kind::SessionOfNobody).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_counts_that_are_wrong_are_set_right() {
    let (world, _) = lived_in().await;
    for item in items(&world, "#SEATS#", "#").await {
        if integer(&item, "taken") == Some(1) && item.contains_key("share") {
            with(&world, item, &[("taken", number(2))]).await;
            break;
        }
    }
    // It is more than its share, too.
    let findings = found(&world).await;
    assert_eq!(
        kinds(&findings),
        [Kind::WrongSeatCount, Kind::WrongShares],
        "{findings:#?}"
    );
    assert_eq!(
        mend(&world.app.table, &findings, false, &mut Vec::new()).await.unwrap(),
        1
    );
    assert_eq!(found(&world).await, []);
    let tally = items(&world, "#TALLY#", "TALLY#").await.remove(0);
    let active = integer(&tally, "active").unwrap_or(0);
    with(&world, tally, &[("active", number(active + 5))]).await;
    mended(&world, Kind::WrongTally).await;
    let count = items(&world, "#TALLY#ADMINISTRATORS", "ADMINISTRATORS").await.remove(0);
    with(&world, count, &[("count", number(7))]).await;
    mended(&world, Kind::WrongAdministrators).await;
    let marked = items(&world, "#SEATS#", "#")
        .await
        .into_iter()
        .find(|item| item.contains_key("ends"));
    let mut marked = marked.unwrap();
    marked.remove("ends");
    with(&world, marked, &[]).await;
    mended(&world, Kind::UnmarkedSeats).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_a_copy_of_a_role_that_is_another_is_copied_again() {
    let (world, _) = lived_in().await;
    let copy = items(&world, "#ROLECOPY#", "COPY").await.remove(0);
    with(&world, copy, &[("description", text("another"))]).await;
    mended(&world, Kind::WrongCopy).await;
    without(&world, "#ROLECOPY#", "COPY").await;
    // Nothing of it works without the copies, so it is verified and mended first.
    mended(&world, Kind::WrongCopy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_a_row_of_a_history_that_no_list_has_is_listed_again() {
    let (world, _) = lived_in().await;
    let mut row = items(&world, "#RIGHTS#", "").await.remove(0);
    row.remove("GSI1PK");
    row.remove("GSI1SK");
    with(&world, row, &[]).await;
    let findings = found(&world).await;
    assert!(kinds(&findings).contains(&Kind::RowNotListed), "{findings:#?}");
    // A row of the rights history is evidence, and never rewritten.
    assert_eq!(
        mend(&world.app.table, &findings, false, &mut Vec::new()).await.unwrap(),
        0
    );
    let (world, id) = lived_in().await;
    let mut login = items(&world, &format!("#USER#{id}"), "SESSION#").await.remove(0);
    login.remove("GSI1PK");
    login.remove("GSI1SK");
    with(&world, login, &[]).await;
    mended(&world, Kind::RowNotListed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_what_only_somebody_can_decide_is_reported_and_left() {
    let (world, _) = lived_in().await;
    let mut row = items(&world, "#RIGHTS#", "").await.remove(0);
    row.insert("ip".to_owned(), text("192.0.2.99"));
    with(&world, row.clone(), &[]).await;
    let findings = found(&world).await;
    assert_eq!(kinds(&findings), [Kind::History], "{findings:#?}");
    assert_eq!(
        mend(&world.app.table, &findings, true, &mut Vec::new()).await.unwrap(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_a_repair_never_overwrites_what_came_meanwhile() {
    let (world, id) = lived_in().await;
    without(&world, "#NAME#jane", "CLAIM").await;
    let findings = found(&world).await;
    // The account takes another name before the repair is done.
    let reply = world
        .owner()
        .await
        .patch(&format!("/api/users/{id}"), json!({ "username": "janet" }))
        .await;
    assert_eq!(reply.status, 204, "{}", reply.text);
    let mut printed = Vec::new();
    assert_eq!(mend(&world.app.table, &findings, false, &mut printed).await.unwrap(), 0);
    assert!(String::from_utf8_lossy(&printed).contains("not repaired"));
    assert_eq!(found(&world).await, []);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_while_requests_run_nothing_is_found() {
    let (world, _) = lived_in().await;
    let owner = world.owner().await;
    let stop = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..3)
        .map(|n| {
            let (owner, stop) = (owner.clone(), stop.clone());
            tokio::spawn(async move {
                let mut done = 0;
                while !stop.load(Ordering::Relaxed) {
                    done += one_life(&owner, n, done).await;
                }
                done
            })
        })
        .collect();
    for _ in 0..4 {
        assert_eq!(found(&world).await, []);
    }
    stop.store(true, Ordering::Relaxed);
    for task in busy {
        assert!(task.await.unwrap() > 0, "it was idle");
    }
    assert_eq!(found(&world).await, []);
}

/// An account that is made, renamed, given a role, locked, and deleted.
async fn one_life(owner: &crate::support::Client, n: usize, turn: usize) -> usize {
    let made = owner
        .post(
            "/api/users",
            json!({ "email": format!("busy-{n}-{turn}@example.net"), "password": PASSWORD }),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("/api/users/{}", made.str("id"));
    let steps: [(&str, Value); 2] = [
        ("", json!({ "username": format!("busy {n} {turn}") })),
        ("", json!({ "status": "inactive" })),
    ];
    for (_, body) in steps {
        owner.patch(&path, body).await;
    }
    owner.post(&format!("{path}/roles"), json!({ "role": "member" })).await;
    owner.delete(&path).await;
    1
}
