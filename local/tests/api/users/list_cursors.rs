//! `GET /api/users`: cursors.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::list::{many, names};
use super::{invalid, role, user};
use crate::reconcile::assert_reconciled;
use crate::round_trips::counted;
use crate::support::{Client, World};

/// Every page of a listing, doing something between them; the ids in order.
pub async fn walk(owner: &Client, query: &str, mut between: impl AsyncFnMut(usize)) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    for page in 0.. {
        let reply = owner.get(&format!("/api/users?{query}{cursor}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let items = reply.body["items"].as_array().unwrap();
        ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match reply.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
        assert!(page < 200, "the walk does not end");
        between(page).await;
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn c10_a_walk_while_accounts_come_and_go_has_no_duplicates_and_loses_none_of_those_that_stay() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "editor", &[]).await;
    let ids = many(&world, &owner, 60).await;
    for id in &ids {
        super::grant(&owner, id, json!({ "role": "editor" })).await;
    }
    // Of each hundred ids these go or change while the walk is on; the others stay.
    let stays = |n: usize| n % 5 != 2;
    let mut gone = 0;
    for (round, query) in [
        "limit=7",
        "limit=7&status=active",
        "limit=7&role=editor",
        "limit=7&q=example",
        "limit=1&q=u1",
    ]
    .into_iter()
    .enumerate()
    {
        let found = walk(&owner, query, async |page| {
            world.clock.advance(1);
            let body = json!({ "email": format!("new{round}.{page}@example.org"), "roles": ["editor"] });
            assert_eq!(owner.post("/api/users", body).await.status, 201);
            // One from the end and one from the beginning, where the walk is and where it has been.
            if let Some(id) = ids
                .iter()
                .enumerate()
                .filter(|(n, _)| !stays(*n))
                .map(|(_, id)| id)
                .nth(gone)
            {
                assert_eq!(owner.delete(&user(id)).await.status, 204);
                gone += 1;
            }
        })
        .await;
        let unique: BTreeSet<&String> = found.iter().collect();
        assert_eq!(unique.len(), found.len(), "{query}: something came twice");
        let mut sorted = found.clone();
        sorted.sort_by(|a, b| b.cmp(a));
        assert_eq!(found, sorted, "{query}: newest first");
        let asked = |n: usize| query != "limit=1&q=u1" || format!("u{n}@").contains("u1");
        for (n, id) in ids.iter().enumerate().filter(|(n, _)| stays(*n) && asked(*n)) {
            assert!(unique.contains(id), "{query}: account {n} was lost");
        }
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_page_shows_that_it_is_the_last() {
    let world = World::new().await;
    let owner = world.owner().await;
    many(&world, &owner, 10).await;
    for query in ["q=example", "q=example&role=user", "q=example&status=active"] {
        let first = owner.get(&format!("/api/users?{query}&limit=5")).await.body;
        let cursor = first["nextCursor"].as_str().unwrap();
        let second = owner
            .get(&format!("/api/users?{query}&limit=5&cursor={cursor}"))
            .await
            .body;
        assert_eq!(
            (names(&second).len(), &second["nextCursor"]),
            (5, &Value::Null),
            "{query}"
        );
        // Another size of page is the same listing.
        let rest = owner
            .get(&format!("/api/users?{query}&limit=3&cursor={cursor}"))
            .await
            .body;
        assert_eq!(names(&rest), names(&second)[..3], "{query}");
        assert_eq!((&first["total"], &second["total"]), (&json!(10), &json!(10)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i06_a_cursor_continues_only_what_it_was_made_for() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = many(&world, &owner, 10).await;
    let cursor_of = async |query: &str| {
        let page = owner.get(&format!("/api/users?limit=2{query}")).await.body;
        page["nextCursor"].as_str().unwrap().to_owned()
    };
    let cursor = cursor_of("").await;
    let on = |rest: &str| format!("/api/users?limit=2&cursor={cursor}{rest}");
    assert_eq!(owner.get(&on("")).await.status, 200);
    // Of another filter, another route, another caller.
    for rest in ["&q=u", "&status=active", "&role=user", "&q=u&status=active"] {
        invalid(&owner.get(&on(rest)).await, &["?cursor"]);
    }
    let of_q = cursor_of("&q=u").await;
    for query in ["", "&q=U1", "&q=u&status=active"] {
        invalid(
            &owner.get(&format!("/api/users?limit=2{query}&cursor={of_q}")).await,
            &["?cursor"],
        );
    }
    for path in [
        "/api/roles",
        "/api/me/login-history",
        "/api/users/owner@usher.local/login-history",
    ] {
        invalid(&owner.get(&format!("{path}?cursor={cursor}")).await, &["?cursor"]);
    }
    invalid(&world.admin().await.get(&on("")).await, &["?cursor"]);
    assert_eq!(
        world.owner().await.get(&on("")).await.status,
        200,
        "another session of the same caller"
    );
    // Forged, and tampered with in every place.
    for forged in [
        "",
        "x",
        "AAAA",
        "%00",
        "null",
        &ids[3],
        &"A".repeat(5000),
        "{\"position\":1}",
    ] {
        invalid(&owner.get(&format!("/api/users?cursor={forged}")).await, &["?cursor"]);
    }
    for at in 0..cursor.len() {
        let mut bytes = cursor.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(bytes).unwrap();
        invalid(&owner.get(&format!("/api/users?cursor={tampered}")).await, &["?cursor"]);
    }
    invalid(&owner.get(&on("A")).await, &["?cursor"]);
    invalid(&owner.get(&on("%3D")).await, &["?cursor"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn i06_a_cursor_lasts_a_day() {
    let world = World::new().await;
    let owner = world.owner().await;
    many(&world, &owner, 5).await;
    let page = owner.get("/api/users?limit=2").await.body;
    let path = format!("/api/users?limit=2&cursor={}", page["nextCursor"].as_str().unwrap());
    world.clock.advance(24 * 3600 - 1);
    let owner = world.owner().await;
    assert_eq!(owner.get(&path).await.status, 200);
    world.clock.advance(1);
    invalid(&owner.get(&path).await, &["?cursor"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn i06_a_cursor_of_another_key_is_refused() {
    let world = World::new().await;
    let owner = world.owner().await;
    many(&world, &owner, 5).await;
    let page = owner.get("/api/users?limit=2").await.body;
    let key = "c".repeat(64);
    let other = World::on(world.db.clone(), world.dynamodb.clone(), &[("USHER_CURSOR_KEY", &key)]).await;
    let path = format!("/api/users?limit=2&cursor={}", page["nextCursor"].as_str().unwrap());
    invalid(
        &other.signed_in("owner", "Owner@12345").await.get(&path).await,
        &["?cursor"],
    );
    assert_eq!(owner.get(&path).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_drops_nearly_all_costs_ten_requests_at_most() {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    for n in 0..1_100 {
        let reply = owner
            .post("/api/users", json!({ "username": format!("u{n:04}") }))
            .await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
    proxy.cost();
    let reply = owner.get("/api/users?limit=1&status=banned&role=user").await;
    assert_eq!((reply.status.as_u16(), &reply.body["items"]), (200, &json!([])));
    assert_eq!(
        (&reply.body["nextCursor"], &reply.body["total"]),
        (&Value::Null, &json!(0))
    );
    let asked = proxy.cost().operations.len();
    assert!(asked <= 10, "{asked} requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_good_for_the_same_question_however_it_is_spelled() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = role(&world, "Editor", &[]).await;
    for account in many(&world, &owner, 3).await {
        super::grant(&owner, &account, json!({ "role": "editor" })).await;
    }
    for (asked, same, other) in [
        ("q=example", vec!["q=EXAMPLE", "Q=Example"], "q=exampl"),
        ("role=editor", vec!["role=EDITOR", id.as_str()], "role=user"),
        (
            "status=active",
            vec!["STATUS=active", "status=ACTIVE"],
            "status=inactive",
        ),
    ] {
        let first = owner.get(&format!("/api/users?limit=1&{asked}")).await;
        let cursor = first.str("nextCursor").to_owned();
        let next = owner.get(&format!("/api/users?limit=1&{asked}&cursor={cursor}")).await;
        assert_eq!(next.status, 200, "{}", next.text);
        for spelling in same {
            let spelling = if spelling == id {
                format!("role={id}")
            } else {
                spelling.to_owned()
            };
            let reply = owner
                .get(&format!("/api/users?limit=1&{spelling}&cursor={cursor}"))
                .await;
            assert_eq!(
                (reply.status.as_u16(), &reply.body["items"]),
                (200, &next.body["items"]),
                "{spelling}"
            );
        }
        invalid(
            &owner.get(&format!("/api/users?limit=1&{other}&cursor={cursor}")).await,
            &["?cursor"],
        );
    }
}
