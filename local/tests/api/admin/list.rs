//! `GET /v1/admin/users` and `GET /v1/admin/users/search`: pages by number.

use serde_json::{Value, json};
use usher::domain::tenant::TenantId;
use usher::store::keys;
use usher::store::table::{Changes, Write};

use super::{admin, invalid, made, role, settled, user};
use crate::reconcile::assert_reconciled;
use crate::round_trips::counted;
use crate::support::{Client, World};

/// Accounts `u0` to `u<many - 1>`, a second apart; their ids, oldest first.
async fn many(world: &World, by: &Client, many: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..many {
        world.clock.advance(1);
        ids.push(made(by, &format!("u{n}"), &[]).await);
    }
    ids
}

/// What a page holds.
async fn page(client: &Client, path: &str) -> (Vec<String>, Value) {
    let reply = client.get(&format!("/v1/admin/users{path}")).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    let users = reply.body["users"].as_array().unwrap();
    let names = users.iter().map(|user| user["user_name"].as_str().unwrap().to_owned());
    (names.collect(), reply.body["pagination"].clone())
}

fn at(page: u64, limit: u64, total: u64, total_pages: u64) -> Value {
    json!({ "page": page, "limit": limit, "total": total, "totalPages": total_pages })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_accounts_newest_first_with_their_roles() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "editor", &[]).await;
    world.clock.advance(1);
    made(&owner, "jane", &["editor"]).await;
    let reply = owner.get("/v1/admin/users?limit=1").await;
    assert_eq!(reply.header("cache-control"), "no-store");
    insta::assert_json_snapshot!(settled(&reply.body), @r#"
    {
      "users": [
        {
          "id": "[id]",
          "email": "jane@example.org",
          "user_name": "jane",
          "email_verified": true,
          "created_at": "2026-11-22T08:00:01.000Z",
          "roles": [
            {
              "id": "[id]",
              "name": "editor",
              "description": null
            },
            {
              "id": "00000000-0000-8000-8000-000000000001",
              "name": "user",
              "description": "Default user role"
            }
          ],
          "social_accounts": []
        }
      ],
      "pagination": {
        "page": 1,
        "limit": 1,
        "total": 3,
        "totalPages": 3
      }
    }
    "#);
    assert_eq!(
        owner.get("/v1/admin/users/search?q=jane&limit=1").await.body["users"],
        reply.body["users"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_numbered_from_1_and_together_they_are_everybody_once() {
    let world = World::new().await;
    let admin = admin(&world).await;
    many(&world, &admin, 105).await;
    let newest = |from: usize, to: usize| (to..from).rev().map(|n| format!("u{n}")).collect::<Vec<_>>();
    let (names, paging) = page(&admin, "").await;
    assert_eq!((names, paging), (newest(105, 95), at(1, 10, 107, 11)));
    let (names, paging) = page(&admin, "?page=2").await;
    assert_eq!((names, paging), (newest(95, 85), at(2, 10, 107, 11)));
    let (names, paging) = page(&admin, "?page=1&limit=100").await;
    assert_eq!((names, paging), (newest(105, 5), at(1, 100, 107, 2)));
    let (names, paging) = page(&admin, "?page=2&limit=100").await;
    assert_eq!(
        (names.len(), &names[..5], paging),
        (7, &newest(5, 0)[..], at(2, 100, 107, 2))
    );
    for limit in [1_usize, 7, 50] {
        let mut all = Vec::new();
        for number in 1..=107_usize.div_ceil(limit) {
            all.extend(page(&admin, &format!("?page={number}&limit={limit}")).await.0);
        }
        assert_eq!((all.len(), &all[..105]), (107, &newest(105, 0)[..]), "{limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_past_the_end_is_empty_with_the_right_totals() {
    let world = World::new().await;
    let admin = admin(&world).await;
    many(&world, &admin, 8).await;
    for (path, paging) in [
        ("?page=2", at(2, 10, 10, 1)),
        ("?page=11&limit=1", at(11, 1, 10, 10)),
        ("?page=4294967295&limit=100", at(4_294_967_295, 100, 10, 1)),
        ("?page=4294967296&limit=100", at(4_294_967_296, 100, 10, 1)),
        ("?page=18446744073709551615", at(u64::MAX, 10, 10, 1)),
        ("?page=02", at(2, 10, 10, 1)),
        ("/search?q=example.org&page=2", at(2, 10, 8, 1)),
        ("/search?q=nothing", at(1, 10, 0, 0)),
        ("/search?q=nothing&page=9", at(9, 10, 0, 0)),
    ] {
        assert_eq!(page(&admin, path).await, (vec![], paging), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i06_a_page_or_limit_that_is_none_is_refused_with_its_name() {
    let world = World::new().await;
    let admin = admin(&world).await;
    for list in ["?", "/search?q=a&"] {
        // No answer could name a larger page than 2^64 - 1.
        let larger = ["18446744073709551616", "99999999999999999999"];
        for wrong in ["0", "-1", "%2B1", "1.5", "abc", "", "%20", "0x1"]
            .into_iter()
            .chain(larger)
        {
            invalid(
                &admin.get(&format!("/v1/admin/users{list}page={wrong}")).await,
                &["page"],
            );
        }
        for wrong in ["1.5", "abc", "", "%20", "0x1", "-", "1e3"] {
            invalid(
                &admin.get(&format!("/v1/admin/users{list}limit={wrong}")).await,
                &["limit"],
            );
        }
        invalid(
            &admin.get(&format!("/v1/admin/users{list}limit=x&page=0")).await,
            &["page", "limit"],
        );
        invalid(
            &admin.get(&format!("/v1/admin/users{list}page=1&page=2")).await,
            &["page"],
        );
    }
    for path in ["/search", "/search?q=", "/search?page=1"] {
        invalid(&admin.get(&format!("/v1/admin/users{path}")).await, &["q"]);
    }
    invalid(&admin.get("/v1/admin/users/search?limit=x").await, &["q", "limit"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_above_100_is_held_to_100_and_one_below_1_to_the_default() {
    let world = World::new().await;
    let admin = admin(&world).await;
    for list in ["?", "/search?q=a&"] {
        for (asked, held) in [
            ("1", 1),
            ("100", 100),
            ("101", 100),
            ("99999999999999999999", 100),
            ("0", 10),
            ("-5", 10),
            ("-99999999999999999999", 10),
        ] {
            let (_, paging) = page(&admin, &format!("{list}limit={asked}")).await;
            assert_eq!(paging["limit"], held, "{list}limit={asked}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn q_is_anywhere_in_an_address_or_a_name_in_any_letter_case() {
    let world = World::new().await;
    let admin = admin(&world).await;
    many(&world, &admin, 12).await;
    let body = json!({ "email": "Someone@Else.example", "password": "a secret", "user_name": "Max.Muster" });
    assert_eq!(admin.post("/v1/admin/users", body).await.status, 201);
    for (q, total) in [
        ("max", 1),
        ("MUSTER", 1),
        ("x.m", 1),
        ("else.EX", 1),
        ("u1", 3),
        ("example.org", 12),
        ("EXAMPLE", 13),
        ("%40", 15),
        ("m*x", 0),
        ("%20", 0),
    ] {
        let (names, paging) = page(&admin, &format!("/search?q={q}&limit=100")).await;
        assert_eq!(
            (names.len() as u64, paging["total"].as_u64().unwrap()),
            (total, total),
            "{q}"
        );
    }
    let (names, paging) = page(&admin, "/search?q=example.org&page=3&limit=5").await;
    assert_eq!(
        (names, paging),
        (vec!["u1".to_owned(), "u0".to_owned()], at(3, 5, 12, 3))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_of_this_moment() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let ids = many(&world, &admin, 5).await;
    for path in ["?limit=1", "/search?q=u&limit=1"] {
        let before = page(&admin, path).await.1["total"].as_u64().unwrap();
        let fresh = made(&admin, "u-fresh", &[]).await;
        assert_eq!(page(&admin, path).await.1["total"], before + 1);
        assert_eq!(admin.delete(&user(&fresh)).await.status, 200);
        assert_eq!(page(&admin, path).await.1["total"], before);
    }
    assert_eq!(admin.delete(&user(&ids[4])).await.status, 200);
    assert_eq!(page(&admin, "?limit=1").await.0, ["u3"]);
    assert_reconciled(&world);
}

/// As `docs/table.md` has it: a numbered page counts from the newest, so what is made between two pages moves the rest.
#[tokio::test(flavor = "multi_thread")]
async fn c10_an_account_made_between_two_pages_moves_the_rest_by_one() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let ids = many(&world, &admin, 6).await;
    assert_eq!(page(&admin, "?limit=3").await.0, ["u5", "u4", "u3"]);
    world.clock.advance(1);
    let new = made(&admin, "new", &[]).await;
    assert_eq!(
        page(&admin, "?limit=3&page=2").await.0,
        ["u3", "u2", "u1"],
        "one is seen twice"
    );
    assert_eq!(admin.delete(&user(&new)).await.status, 200);
    assert_eq!(admin.delete(&user(&ids[5])).await.status, 200);
    assert_eq!(
        page(&admin, "?limit=3&page=2").await.0[..2],
        ["u1", "u0"],
        "and one is missed"
    );
    // By cursor nobody is.
    let first = admin.get("/api/users?limit=3").await.body;
    world.clock.advance(1);
    made(&admin, "newer", &[]).await;
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = admin.get(&format!("/api/users?limit=3&cursor={cursor}")).await.body;
    assert_eq!(
        (&first["items"][2]["username"], &second["items"][0]["username"]),
        (&json!("u2"), &json!("u1"))
    );
}

/// The figures that `docs/table.md` gives for depth.
#[tokio::test(flavor = "multi_thread")]
async fn the_cost_of_a_page_grows_with_its_depth_by_keys_alone() {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    many(&world, &owner, 598).await;
    let cost = |path: &'static str| {
        let (owner, proxy) = (owner.clone(), proxy.clone());
        async move {
            proxy.cost();
            let shown = page(&owner, path).await;
            let cost = proxy.cost();
            (shown, cost.operations.len(), cost.read)
        }
    };
    let ((first, paging), requests, read) = cost("?page=1").await;
    assert_eq!((first.len(), paging), (10, at(1, 10, 600, 60)));
    let (first_requests, first_read) = (requests, read);
    let ((fiftieth, _), requests, read) = cost("?page=50").await;
    assert_eq!((fiftieth[0].as_str(), fiftieth.len()), ("u107", 10));
    assert_eq!((first_requests, first_read), (5, 11.0));
    assert_eq!(requests, first_requests, "a walk over 500 keys is one step");
    assert!((18.0..28.0).contains(&read), "{read} RCU");
}

/// Puts entries of the listing into the table that are newer than every account, all of them in one of its partitions, as
/// a walk meets them; and counts them. (They are accounts of which nothing but their place is there.)
async fn newer(world: &World, many: u64) {
    let index = keys::users_index(&TenantId::main(), 0);
    let entries = (0..many).map(|n| {
        let id = format!("7{n:07x}-0000-7000-8000-000000000000");
        let text = |text: String| json!({ "S": text });
        json!({ "PutRequest": { "Item": {
            "PK": text(format!("T#main#USER#{id}")), "SK": { "S": "USER" }, "GSI1PK": text(index.clone()), "GSI1SK": text(id),
        } } })
    });
    put_active(world, &entries.collect::<Vec<_>>()).await;
}

/// Puts items of active accounts into the table, and counts them.
pub async fn put_active(world: &World, puts: &[Value]) {
    for some in puts.chunks(25) {
        let request = json!({ "RequestItems": { "usher": some } });
        world
            .db
            .batch_write_item(serde_json::from_value(request).unwrap())
            .unwrap();
    }
    let tally = keys::tally(&TenantId::main(), 0, 0);
    let many = i64::try_from(puts.len()).unwrap();
    let write = Write::update(tally, Changes::new().add("active", many));
    usher::store::unit::commit(&world.app.table, &[write]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_behind_thousands_is_found_however_they_are_spread() {
    let world = World::with(&[("USHER_TENANT_SIZE", "large")]).await;
    world.clock.advance(61);
    let admin = admin(&world).await;
    many(&world, &admin, 7).await;
    for round in 1..=3 {
        newer(&world, 1_234 * round).await;
        let total = 1_234 * round + 9;
        let mut names = Vec::new();
        for place in 1_234 * round + 1..=total {
            let (one, paging) = page(&admin, &format!("?page={place}&limit=1")).await;
            assert_eq!(paging, at(place, 1, total, total));
            names.extend(one);
        }
        assert_eq!(names[..7], ["u6", "u5", "u4", "u3", "u2", "u1", "u0"]);
        assert_eq!(names.len(), 9, "nobody is missed, and nobody seen twice");
        // The entries stay, and are counted once.
        let write = Write::update(
            keys::tally(&TenantId::main(), 0, 0),
            Changes::new().add("active", -i64::try_from(1_234 * round).unwrap()),
        );
        usher::store::unit::commit(&world.app.table, &[write]).await.unwrap();
    }
}
