//! `GET /api/users`: filters, search, totals.

use serde_json::{Value, json};

use super::{grant, invalid, role, user};
use crate::reconcile::assert_reconciled;
use crate::support::{Client, World, whole};

/// The addresses or names on a page.
pub fn names(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["email"].as_str().or(item["username"].as_str()).unwrap())
        .collect()
}

/// Accounts `u0@…` to `u<many - 1>@…`, a second apart; their ids, oldest first.
pub async fn many(world: &World, owner: &Client, many: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..many {
        world.clock.advance(1);
        let made = owner
            .post("/api/users", json!({ "email": format!("u{n}@example.org") }))
            .await;
        ids.push(made.str("id").to_owned());
    }
    ids
}

async fn list(owner: &Client, query: &str) -> Value {
    let reply = owner.get(&format!("/api/users?limit=100&{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text);
    reply.body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_accounts_newest_first_whole_and_counted() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = many(&world, &owner, 2).await;
    let page = owner.get("/api/users").await.body;
    assert_eq!(names(&page)[..2], ["u1@example.org", "u0@example.org"]);
    assert_eq!(
        (
            &page["total"],
            &page["nextCursor"],
            page["items"].as_array().unwrap().len()
        ),
        (&json!(4), &Value::Null, 4)
    );
    assert_eq!(
        page["items"][0],
        whole(json!({
            "id": ids[1], "email": "u1@example.org", "emailVerified": false, "username": null, "status": "active",
            "mustChangePassword": false, "roles": ["user"],
            "createdAt": "2026-11-22T08:00:02.000Z", "modifiedAt": "2026-11-22T08:00:02.000Z",
        }))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn i06_a_page_has_1_to_100_accounts_and_25_where_nothing_is_said() {
    let world = World::new().await;
    let owner = world.owner().await;
    many(&world, &owner, 105).await;
    for (query, items) in [
        ("", 25),
        ("?limit=1", 1),
        ("?limit=100", 100),
        ("?limit=24&q=U", 24),
        ("?unknown=1", 25),
    ] {
        let page = owner.get(&format!("/api/users{query}")).await.body;
        assert_eq!(page["items"].as_array().unwrap().len(), items, "{query}");
        assert!(page["nextCursor"].is_string());
    }
    for limit in [
        "0",
        "-1",
        "101",
        "1000000000",
        "99999999999999999999",
        "abc",
        "1.5",
        "",
        "%20",
        "0x10",
        "%2B10",
    ] {
        invalid(&owner.get(&format!("/api/users?limit={limit}")).await, &["?limit"]);
    }
    let twice = owner.get("/api/users?limit=1&limit=2").await;
    assert_eq!((twice.status.as_u16(), twice.problem()), (400, "validation"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_finds_a_status_a_role_or_both_and_counts_exactly() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = many(&world, &owner, 12).await;
    let editor = role(&world, "editor", &[]).await;
    for (n, id) in ids.iter().enumerate() {
        let status = ["active", "inactive", "banned", "locked"][n % 4];
        owner.patch(&user(id), json!({ "status": status })).await;
        if n % 3 == 0 {
            grant(&owner, id, json!({ "role": "editor" })).await;
            grant(&owner, id, json!({ "role": "editor", "department": "sales" })).await;
        }
    }
    for (query, total) in [
        ("status=active", 5),
        ("status=INACTIVE", 3),
        ("status=banned", 3),
        ("status=locked", 3),
        ("role=editor", 4),
        ("role=EDITOR&status=inactive", 1),
        ("role=user", 14),
        ("role=member", 0),
        ("role=owner&status=active", 1),
        ("q=example&status=locked", 3),
        ("q=example&role=editor", 4),
        ("q=u1&role=user&status=active", 0),
        ("q=u9&role=editor&status=inactive", 1),
    ] {
        let page = list(&owner, query).await;
        let shown = names(&page).len();
        assert_eq!(
            (page["total"].as_u64(), shown),
            (Some(total), usize::try_from(total).unwrap()),
            "{query}"
        );
    }
    assert_eq!(
        list(&owner, &format!("role={editor}")).await,
        list(&owner, "role=editor").await
    );
    let page = list(&owner, "role=editor").await;
    assert_eq!(
        names(&page),
        ["u9@example.org", "u6@example.org", "u3@example.org", "u0@example.org"]
    );
    owner.delete(&user(&ids[9])).await;
    assert_eq!(list(&owner, "role=editor").await["total"], 3);
    assert_eq!(list(&owner, "status=inactive").await["total"], 2);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_is_none_is_refused_with_its_name() {
    let world = World::new().await;
    let owner = world.owner().await;
    invalid(&owner.get("/api/users?status=gone").await, &["?status"]);
    invalid(&owner.get("/api/users?status=x&limit=0").await, &["?limit", "?status"]);
    for role in ["nothing", "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "..%2F"] {
        invalid(&owner.get(&format!("/api/users?role={role}")).await, &["?role"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn q_finds_what_is_anywhere_in_an_address_or_a_name_in_any_letter_case() {
    let world = World::new().await;
    let owner = world.owner().await;
    let both = json!({ "email": "Jane.Doe@B\u{fc}cher.example", "username": "\u{c4}nne-Marie" });
    let id = owner.post("/api/users", both).await.str("id").to_owned();
    many(&world, &owner, 3).await;
    for q in [
        "jane",
        "JANE",
        "ane.d",
        ".",
        "e",
        "@b",
        "%40B%C3%9CCHER",
        "b%C3%BCcher.EXAMPLE",
        "xn--bcher",
        "le",
        "jane.doe@b%C3%BCcher.example",
        "%C3%A4nne",
        "%C3%84NNE-m",
        "-",
        "ie",
    ] {
        let page = list(&owner, &format!("q={q}")).await;
        let ids: Vec<&str> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap())
            .collect();
        assert!(ids.contains(&id.as_str()), "{q}: {page}");
        assert_eq!(page["total"].as_u64().unwrap(), ids.len() as u64, "{q}");
    }
    let long = "a".repeat(3000);
    for q in [
        "jane%20",
        "example%200",
        "marie%20",
        "marie%20%20",
        "%20",
        "jane%25",
        "j*ne",
        "doe@bucher",
        "%00",
        "'",
        "%F0%9F%94%91",
        &id,
        &id[..8],
        &long,
    ] {
        let page = list(&owner, &format!("q={q}")).await;
        assert_eq!((&page["total"], names(&page).len()), (&json!(0), 0), "{q}");
    }
    // Nothing is asked by an empty question.
    assert_eq!(list(&owner, "q=").await["total"], 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn q_finds_more_than_a_page_newest_first_and_nothing_stale() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = many(&world, &owner, 60).await;
    let page = owner.get("/api/users?q=EXAMPLE.org").await.body;
    assert_eq!((&page["total"], names(&page).len()), (&json!(60), 25));
    assert_eq!(
        (names(&page)[0], names(&page)[24]),
        ("u59@example.org", "u35@example.org")
    );
    // Renamed and deleted accounts are found by what they are called now, at once.
    owner
        .patch(&user(&ids[59]), json!({ "email": "other@elsewhere.net" }))
        .await;
    owner.delete(&user(&ids[58])).await;
    let page = list(&owner, "q=example").await;
    assert_eq!((&page["total"], names(&page)[0]), (&json!(58), "u57@example.org"));
    assert_eq!(names(&list(&owner, "q=WHERE.net").await), ["other@elsewhere.net"]);
    assert_eq!(list(&owner, "q=u59").await["total"], 0);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_accounts_are_listed_and_counted_where_they_are_asked_for_alone() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = many(&world, &owner, 6).await;
    assert_eq!(
        list(&owner, "status=deleted").await,
        json!({ "items": [], "nextCursor": null, "total": 0 })
    );
    for n in [1, 2, 4, 5] {
        assert_eq!(owner.delete(&user(&ids[n])).await.status, 204);
    }
    let erased = json!({ "Id": ids[5] });
    assert_eq!(owner.post("/admin/deleteuseraccount", erased).await.status, 200);
    let page = list(&owner, "status=Deleted").await;
    assert_eq!(names(&page), ["u4@example.org", "u2@example.org", "u1@example.org"]);
    assert_eq!((&page["total"], &page["nextCursor"]), (&json!(3), &json!(null)));
    assert!(
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["status"] == "deleted"),
        "{page}"
    );
    let first = owner.get("/api/users?status=deleted&limit=1").await.body;
    assert_eq!((names(&first), &first["total"]), (vec!["u4@example.org"], &json!(3)));
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = owner
        .get(&format!("/api/users?status=deleted&limit=2&cursor={cursor}"))
        .await
        .body;
    assert_eq!(
        (names(&second), &second["nextCursor"]),
        (vec!["u2@example.org", "u1@example.org"], &json!(null))
    );
    let found = list(&owner, "status=deleted&q=U2").await;
    assert_eq!((names(&found), &found["total"]), (vec!["u2@example.org"], &json!(1)));
    assert_eq!(list(&owner, "status=deleted&role=user").await["total"], 3);
    assert_eq!(list(&owner, "status=deleted&role=admin").await["total"], 0);
    for other in ["", "status=active", "q=example", "role=user"] {
        let page = list(&owner, other).await;
        assert!(
            names(&page)
                .iter()
                .all(|name| !["u4@example.org", "u2@example.org"].contains(name)),
            "{other}: {page}"
        );
    }
    assert_eq!(list(&owner, "").await["total"], 4);
    assert_eq!(owner.get("/api/users?limit=1").await.body["total"], 4);
    assert_eq!(owner.get(&user(&ids[1])).await.status, 404);
    assert_reconciled(&world);
}
