//! Reads that come back in part, or from an index that is behind.

use serde_json::{Value, json};

use super::routes::{FROM_HERE_ON, is_busy};
use crate::proxy::Fault;
use crate::round_trips::counted;
use crate::support::{PASSWORD, World, steps};

const PATHS: [&str; 21] = [
    "/api/users?limit=5",
    "/api/users?limit=5&status=active",
    "/api/users?q=some",
    "/api/users?role=user",
    "/api/roles",
    "/api/permissions",
    "/api/me/login-history",
    "/api/me/sessions",
    "/api/users/owner/sessions",
    "/api/api-keys",
    "/api/tenants",
    "/v1/admin/users?limit=3&page=3",
    "/v1/admin/users/search?q=some&page=2",
    "/v1/admin/users/owner",
    "/v1/settings",
    "/admin/users?limit=5",
    "/admin/roles?limit=2",
    "/admin/entries?limit=5",
    "/admin/rightschanges?limit=5",
    "/admin/rightschanges?Role=User&limit=5",
    "/admin/rightschanges?From=owner&limit=5",
];

async fn with_accounts() -> (crate::support::World, crate::proxy::Proxy, crate::support::Client) {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    for n in 0..12 {
        let body = json!({ "email": format!("some{n}@example.org"), "password": PASSWORD });
        assert_eq!(owner.post("/api/users", body).await.status, 201);
    }
    (world, proxy, owner)
}

#[tokio::test(flavor = "multi_thread")]
async fn f5_what_comes_in_part_is_asked_for_again() {
    let (_world, proxy, owner) = with_accounts().await;
    for fault in [Fault::Unprocessed, Fault::EmptyPage] {
        for path in PATHS {
            proxy.calm();
            let whole = owner.get(path).await;
            assert_eq!(whole.status, 200, "{path}: {}", whole.text);
            proxy.plan(move |call| (call.number % 2 == 1).then_some(fault));
            let parts = owner.get(path).await;
            assert_eq!(
                parts.header("link").is_empty(),
                whole.header("link").is_empty(),
                "{path}"
            );
            let mut parts = parts.body;
            assert_eq!(
                parts["nextCursor"].is_null(),
                whole.body["nextCursor"].is_null(),
                "{path}"
            );
            if parts.get("nextCursor").is_some() {
                parts["nextCursor"] = whole.body["nextCursor"].clone();
            }
            assert_eq!(parts, whole.body, "{fault:?}: {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f5_what_never_comes_is_not_asked_for_for_ever() {
    let (_world, proxy, owner) = with_accounts().await;
    proxy.cost();
    proxy.plan(|_| Some(Fault::Unprocessed));
    let reply = owner.get("/api/me/profile").await;
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (503, "1"));
    assert_eq!(proxy.cost().operations.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_a_listing_that_the_store_does_not_answer_for_is_503() {
    let (world, proxy, _) = with_accounts().await;
    let settings = [("USHER_STORE_DEADLINE_MS", "4000")];
    for path in steps(PATHS) {
        proxy.calm();
        // An application of its own: together these would use up what one may repeat, and a connection that the last
        // fault broke is noticed by repeating.
        let beside = World::on(world.db.clone(), proxy.url.clone(), &settings).await;
        let owner = beside.owner().await;
        assert_eq!(owner.get(path).await.status, 200, "{path}");
        proxy.cost();
        let whole = owner.get(path).await;
        let calls = proxy.cost().operations.len();
        assert!(calls > 0, "{path}");
        for k in 1..=calls {
            let (fault, context) = (FROM_HERE_ON[k % 4], format!("{path}: from call {k} on"));
            proxy.plan(move |call| (call.number >= k).then_some(fault));
            let reply = owner.get(path).await;
            assert_eq!(
                (reply.status.as_u16(), reply.header("retry-after")),
                (503, "1"),
                "{context}"
            );
            assert!(is_busy(path, &reply), "{context}: {}", reply.text);
        }
        proxy.calm();
        assert_eq!(owner.get(path).await.status, whole.status, "{path}, and then well");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f7_whoever_is_asked_for_by_key_is_read_as_they_are_now() {
    let (_world, proxy, owner) = with_accounts().await;
    for path in PATHS
        .iter()
        .chain(&["/api/users/some3@example.org", "/api/roles/admin"])
    {
        proxy.weak_reads();
        assert_eq!(owner.get(path).await.status, 200, "{path}");
        let weak = proxy.weak_reads();
        // A list shows accounts, and their number, as they were a moment ago. Who asks for it is read as they are now.
        let is_list = path.split_once('?').is_some_and(|(bare, _)| LISTS.contains(&bare));
        // So is how many have a role.
        let weak: Vec<_> = weak
            .into_iter()
            .filter(|read| !read.to_string().contains("#SEATS#"))
            .collect();
        assert!(is_list || weak.is_empty(), "{path}: {weak:?}");
        let text = serde_json::to_string(&weak).unwrap();
        for kind in ["SESSION#", "ROLES", "CLAIM", "APIKEY"] {
            assert!(!text.contains(kind), "{path}: {weak:?}");
        }
    }
}

/// The lists of accounts.
const LISTS: [&str; 4] = [
    "/api/users",
    "/v1/admin/users",
    "/v1/admin/users/search",
    "/admin/users",
];

#[tokio::test(flavor = "multi_thread")]
async fn f7_an_index_that_is_behind_shows_nobody_who_is_gone_or_has_another_status() {
    let (world, _, owner) = with_accounts().await;
    let one = owner.get("/api/users/some3@example.org").await.str("id").to_owned();
    let row = |id: &str, index: u8, partition: &str| {
        json!({ "TableName": "usher", "Item": {
            "PK": { "S": format!("T#main#USER#{id}") }, "SK": { "S": "STALE" },
            (format!("GSI{index}PK")): { "S": partition }, (format!("GSI{index}SK")): { "S": id },
        } })
    };
    // A row for an account that is not there, and one that states that somebody active is banned.
    let gone = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    let rows = [row(gone, 1, "T#main#USERS#0"), row(&one, 2, "T#main#STATUS#banned#0")];
    for row in rows {
        world.db.put_item(serde_json::from_value(row).unwrap()).unwrap();
    }
    let banned = owner.get("/api/users?status=banned").await;
    assert_eq!((banned.status.as_u16(), &banned.body["items"]), (200, &json!([])));
    let all = owner.get("/api/users?limit=100").await;
    let ids: Vec<_> = all.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["id"].clone())
        .collect();
    let once: std::collections::HashSet<_> = ids.iter().map(Value::to_string).collect();
    assert_eq!((ids.len(), once.len()), (14, 14), "{ids:?}");
}
