//! Names that were kept in the first form, and accounts without numbers, after an upgrade.

use std::time::Duration;

use serde_json::{Value, json};
use usher::actions::setup::Made;
use usher::domain::tenant::TenantId;
use usher::store::keys;
use usher::store::table::{Key, Write, string, text};

use super::aged::{age_all, aged, write};
use crate::auth::login;
use crate::backstage::{account, mails};
use crate::names::NIKOS;
use crate::reconcile::{assert_reconciled, differences};
use crate::registration::{claims, number_of, token_of};
use crate::support::{Client, PASSWORD, World, at_once};

const HOUR: i64 = 3600;

async fn set_up(world: &World) -> Made {
    world.watch.over("setup", ::setup::local(&world.app)).await.unwrap()
}

async fn made(owner: &Client, body: Value) -> String {
    let reply = owner.post("/api/users", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.str("id").to_owned()
}

/// Two accounts of the release before whose names are one today: the older, and the newer a minute later.
async fn two_of_one_name(world: &World, names: [&str; 2]) -> [String; 2] {
    let owner = world.owner().await;
    let mut ids = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let email = format!("{n}@example.org");
        let id = made(
            &owner,
            json!({ "email": email, "username": format!("n{n}"), "password": PASSWORD }),
        )
        .await;
        aged(world, &id, Some(name), Some(&email)).await;
        world.clock.advance(60);
        ids.push(id);
    }
    ids.try_into().unwrap()
}

/// The rows of the rights history that set-up wrote about this `target` or `role`.
async fn rows(world: &World, about: &str, kind: &str) -> Vec<Value> {
    let page = world
        .owner()
        .await
        .get(&format!("/api/rights-history?{about}&limit=100"))
        .await
        .body;
    let rows = page["items"].as_array().unwrap().iter();
    rows.filter(|row| row["kind"] == kind && row["actor"].is_null())
        .cloned()
        .collect()
}

/// A world in which set-up moved names of every kind.
pub async fn upgraded() -> World {
    let world = World::new().await;
    let owner = world.owner().await;
    let names = [NIKOS[1], NIKOS[2]].map(|first| format!("{first} {}", NIKOS[1]));
    let older = made(&owner, json!({ "username": names[0] })).await;
    aged(&world, &older, Some(&names[0]), None).await;
    world.clock.advance(60);
    // Made since the upgrade, so that it takes another name in the present form. The older's is not where it is looked for.
    made(&owner, json!({ "username": names[1] })).await;
    let mut emails = Vec::new();
    for n in 0..2 {
        let email = format!("verified{n}@example.org");
        let body = json!({ "email": email, "emailVerified": true, "password": PASSWORD });
        emails.push(made(&owner, body).await);
        world.clock.advance(60);
        aged(&world, &emails[n], None, Some(&format!("a@{}.example", NIKOS[n + 1]))).await;
    }
    set_up(&world).await;
    assert_reconciled(&world);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_the_release_before_work_at_once_and_get_a_number_for_good() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = made(
        &owner,
        json!({ "username": NIKOS[1], "email": "Nikos@example.org", "password": PASSWORD }),
    )
    .await;
    aged(&world, &id, Some(NIKOS[1]), Some("Nikos@example.org")).await;
    age_all(&world).await;
    assert_ne!(differences(&world.items()), [] as [&str; 0]);
    let body = json!({ "login": NIKOS[1], "password": PASSWORD });
    let early = world.nobody().post("/v1/user/login", body.clone()).await;
    assert_eq!(early.status, 200, "{}", early.text);
    assert_eq!(login(&world, "nikos@example.org", PASSWORD).await.status, 200);
    let taken = owner.post("/api/users", json!({ "username": NIKOS[1] })).await;
    assert_eq!(taken.problem(), "username-taken", "it is in its former place");
    assert_eq!(set_up(&world).await, Made::default());
    assert_reconciled(&world);
    for name in NIKOS {
        assert_eq!(login(&world, name, PASSWORD).await.status, 200, "{name}");
    }
    let late = world.nobody().post("/v1/user/login", body).await;
    let number = |reply: &crate::support::Reply| {
        claims(reply.body["data"]["token"].as_str().unwrap())["user"]["user_id"].clone()
    };
    assert!(number(&early).as_u64().is_some_and(|n| (1..1 << 53).contains(&n)));
    assert_eq!(number(&early), number(&late));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_accounts_whose_names_became_one_the_older_keeps_it_and_the_operator_is_informed() {
    for names in [[NIKOS[1], NIKOS[2]], [NIKOS[2], NIKOS[1]], [NIKOS[0], NIKOS[1]]] {
        let world = World::new().await;
        let [older, newer] = two_of_one_name(&world, names).await;
        for name in names {
            assert_eq!(login(&world, name, PASSWORD).await.status, 200, "{name}, before");
        }
        let collisions = set_up(&world).await.collisions;
        let reported = serde_json::to_value(&collisions).unwrap();
        assert_eq!(
            reported,
            json!([{ "tenant": "main", "by": "username", "keptBy": older, "lostBy": newer }])
        );
        let warned = |line: &Value| line["event"] == "name_collision" && line["lost_by"] == newer.as_str();
        assert!(world.watch.log.lines().iter().any(warned));
        assert_reconciled(&world);
        for name in NIKOS {
            let reply = login(&world, name, PASSWORD).await;
            assert_eq!(reply.body["user"]["id"], older.as_str(), "{name}: {}", reply.text);
        }
        let renamed = format!("{}-2", names[1]);
        for name in [&renamed, "1@example.org"] {
            let reply = login(&world, name, PASSWORD).await;
            assert_eq!(reply.body["user"]["id"], newer.as_str(), "{name}: {}", reply.text);
        }
        let rows = rows(&world, &format!("target={newer}"), "usernameChanged").await;
        assert_eq!(rows.len(), 1);
        let (before, after) = (&rows[0]["before"]["username"], &rows[0]["after"]["username"]);
        assert_eq!((before, after), (&json!(names[1]), &json!(renamed)));
        assert_eq!(set_up(&world).await, Made::default(), "once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_roles_whose_names_became_one_the_older_keeps_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let mut ids = Vec::new();
    for (n, name) in [NIKOS[1], NIKOS[2]].iter().enumerate() {
        let made = owner.post("/api/roles", json!({ "name": format!("role{n}") })).await;
        let id = made.str("id").to_owned();
        let t = &TenantId::main();
        let mut item = world
            .app
            .table
            .get(&keys::role(t, id.parse().unwrap()))
            .await
            .unwrap()
            .unwrap();
        item.remove("form");
        item.insert("name".to_owned(), text(*name));
        let mut claim = Key::new(format!("T#{t}#ROLENAME#{name}"), "CLAIM").attributes();
        claim.insert("role".to_owned(), text(&id));
        let gone = Key::new(format!("T#{t}#ROLENAME#role{n}"), "CLAIM");
        let mut writes = vec![Write::put(item.clone()), Write::put(claim), Write::delete(gone)];
        writes.extend(keys::role_copies(t, id.parse().unwrap()).map(|copy| {
            let mut item = item.clone();
            item.extend(copy.attributes());
            Write::put(item)
        }));
        write(&world, writes).await;
        world.clock.advance(60);
        ids.push(id);
    }
    for (id, name) in ids.iter().zip(&NIKOS[1..]) {
        assert_eq!(owner.get(&format!("/api/roles/{name}")).await.str("id"), id, "before");
    }
    let reported = serde_json::to_value(set_up(&world).await.collisions).unwrap();
    assert_eq!(
        reported,
        json!([{ "tenant": "main", "by": "role", "keptBy": ids[0], "lostBy": ids[1] }])
    );
    assert_reconciled(&world);
    for name in NIKOS {
        assert_eq!(
            owner.get(&format!("/api/roles/{name}")).await.str("id"),
            ids[0],
            "{name}"
        );
    }
    let renamed = owner.get(&format!("/api/roles/{}-2", NIKOS[0])).await;
    assert_eq!(renamed.str("id"), ids[1]);
    assert_eq!(rows(&world, &format!("role={}", ids[1]), "roleChanged").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_addresses_that_became_one_the_newer_account_goes_on_under_a_name() {
    let world = upgraded().await;
    let newer = mails(&world).into_iter().find(|(kind, _)| kind == "emailChanged");
    assert_eq!(newer.unwrap().1, format!("a@{}.example", NIKOS[2]));
    let reply = login(&world, "a-2", PASSWORD).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.body["user"]["email"]),
        (200, &Value::Null)
    );
    let older = login(&world, &format!("a@{}.example", NIKOS[0]), PASSWORD).await;
    assert_eq!(older.body["user"]["email"], format!("a@{}.example", NIKOS[1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_set_ups_at_once_move_each_name_once() {
    let world = World::new().await;
    age_all(&world).await;
    for n in 0..10 {
        world.user(&format!("u{n}@example.org")).await;
    }
    age_all(&world).await;
    let [older, newer] = two_of_one_name(&world, [NIKOS[2], NIKOS[1]]).await;
    let made = at_once(8, |_| {
        let app = world.app.clone();
        async move { ::setup::local(&app).await.unwrap() }
    })
    .await;
    let collisions: Vec<_> = made.iter().flat_map(|made| &made.collisions).collect();
    assert_eq!(collisions.len(), 1, "{collisions:?}");
    assert_eq!((&collisions[0].kept_by, &collisions[0].lost_by), (&older, &newer));
    assert_eq!(
        rows(&world, &format!("target={newer}"), "usernameChanged").await.len(),
        1
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_that_breaks_off_anywhere_is_finished_by_another() {
    let world = World::new().await;
    for n in 0..10 {
        world.user(&format!("u{n}@example.org")).await;
    }
    age_all(&world).await;
    let [older, newer] = two_of_one_name(&world, [NIKOS[2], NIKOS[1]]).await;
    let (mut broken, mut ended) = (0, false);
    while !ended {
        let longest = Duration::from_millis(5 * (broken + 1));
        let outcome = tokio::time::timeout(longest, ::setup::local(&world.app)).await;
        ended = outcome.is_ok_and(|made| made.is_ok());
        broken += u64::from(!ended);
    }
    assert!(broken > 0);
    assert_reconciled(&world);
    assert_eq!(
        login(&world, NIKOS[0], PASSWORD).await.body["user"]["id"],
        older.as_str()
    );
    assert_eq!(
        rows(&world, &format!("target={newer}"), "usernameChanged").await.len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_late_is_moved_for_an_hour_and_then_no_account_is_read_any_more() {
    let world = World::new().await;
    let id = world.user("jane@example.org").await;
    let moved = |world: &World| account(world, &id).get("form").is_some();
    aged(&world, &id, None, Some("jane@example.org")).await;
    set_up(&world).await;
    assert!(moved(&world));
    aged(&world, &id, None, Some("jane@example.org")).await;
    world.clock.advance(HOUR + 1);
    set_up(&world).await;
    assert!(moved(&world), "the walk that begins after an hour is the last");
    aged(&world, &id, None, Some("jane@example.org")).await;
    set_up(&world).await;
    assert!(!moved(&world));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_names_of_every_tenant_are_moved() {
    let world = World::with(&[("USHER_TENANTS", "header")]).await;
    let owner = world.owner().await;
    let tenant = json!({ "id": "acme", "owner": { "email": "jane@example.org", "password": PASSWORD } });
    assert_eq!(owner.post("/api/tenants", tenant).await.status, 201);
    let acme = TenantId::parse("acme").unwrap();
    let items = world.items();
    let number = items
        .iter()
        .find(|item| item["PK"]["S"].as_str().unwrap().starts_with("T#acme#NUMBER#"))
        .unwrap();
    let id = number["user"]["S"].as_str().unwrap().parse().unwrap();
    let place = keys::user(&acme, id);
    let mut item = world.app.table.get(&place).await.unwrap().unwrap();
    item.retain(|name, _| name != "number" && name != "form");
    let claim = Key::new(number["PK"]["S"].as_str().unwrap(), "CLAIM");
    write(&world, vec![Write::put(item), Write::delete(claim)]).await;
    set_up(&world).await;
    let item = world.app.table.get(&place).await.unwrap().unwrap();
    assert!(item.contains_key("form") && string(&item, "id").is_some());
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_another_has_already_is_not_given_twice() {
    let world = World::new().await;
    let (jane, john) = (
        world.user("jane@example.org").await,
        world.user("john@example.org").await,
    );
    let wanted = number_of(&world, &jane);
    aged(&world, &jane, None, Some("jane@example.org")).await;
    let mut claim = Key::new(format!("T#main#NUMBER#{wanted}"), "CLAIM").attributes();
    claim.insert("user".to_owned(), text(&john));
    write(&world, vec![Write::put(claim)]).await;
    set_up(&world).await;
    let given = number_of(&world, &jane);
    assert!(given != wanted && (1..1 << 53).contains(&given));
    let login = json!({ "login": "jane@example.org", "password": PASSWORD });
    let reply = world.nobody().post("/v1/user/login", login).await;
    assert_eq!(claims(&token_of(&reply))["user"]["user_id"], given);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_the_release_before_is_renamed_and_deleted_before_set_up_comes_to_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = made(&owner, json!({ "username": NIKOS[1], "password": PASSWORD })).await;
    for change in [
        json!({ "username": NIKOS[2] }),
        json!({ "username": "other" }),
        json!({ "displayName": "N" }),
    ] {
        aged(&world, &id, Some(NIKOS[1]), None).await;
        let reply = owner.patch(&format!("/api/users/{id}"), change.clone()).await;
        assert_eq!(reply.status, 204, "{change}: {}", reply.text);
        set_up(&world).await;
        assert_reconciled(&world);
    }
    aged(&world, &id, Some(NIKOS[1]), None).await;
    assert_eq!(owner.delete(&format!("/api/users/{id}")).await.status, 204);
    made(&owner, json!({ "username": NIKOS[1] })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_comes_into_the_present_form_with_the_name_that_it_is_given_and_with_no_other_change() {
    let world = World::new().await;
    let id = world.user("jane@example.org").await;
    let form = || account(&world, &id).get("form").cloned();
    let present = form();
    aged(&world, &id, None, Some("jane@example.org")).await;
    let owner = world.owner().await;
    for (body, is_present) in [
        (json!({ "displayName": "Jane" }), false),
        (json!({ "username": "jane" }), true),
    ] {
        let patched = owner.patch(&format!("/api/users/{id}"), body.clone()).await;
        assert!(patched.status.is_success(), "{}", patched.text);
        assert_eq!(form() == present, is_present, "{body}");
    }
}
