//! Listings without a limit: all there is, up to a thousand, and beyond that a link. Deleted accounts among the `Users`.

use std::collections::BTreeSet;

use reqwest::Url;
use serde_json::{Value, json};

use super::{done, next, person, signed_in};
use crate::support::{Client, PASSWORD, Reply, World};

/// Puts copies of an item into the table, each with another id in place of this one.
fn copy(world: &World, is_it: impl Fn(&Value) -> bool, id: &str, copies: usize) {
    let items = world.items();
    let item = items.iter().find(|item| is_it(item)).unwrap().to_string();
    for n in 0..copies {
        let other = format!("{}{n:08x}{}", &id[..24], &id[32..]);
        let item: Value = serde_json::from_str(&item.replace(id, &other)).unwrap();
        let request = json!({ "TableName": "usher", "Item": item });
        world.db.put_item(serde_json::from_value(request).unwrap()).unwrap();
    }
}

fn rows(reply: &Reply) -> &Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body.as_array().unwrap()
}

/// Where a link leads that an answer at this path has, as a browser finds it.
fn linked(world: &World, path: &str, reply: &Reply) -> Option<String> {
    let asked = Url::parse(&format!("{}{path}", world.base)).unwrap();
    let target = asked.join(&next(reply)?).unwrap();
    Some(target.as_str().trim_start_matches(&world.base).to_owned())
}

/// How many rows each answer has, from link to link.
async fn sizes(world: &World, client: &Client, path: &str) -> Vec<usize> {
    let (mut path, mut sizes) = (path.to_owned(), Vec::new());
    loop {
        let reply = client.get(&path).await;
        sizes.push(rows(&reply).len());
        match linked(world, &path, &reply) {
            Some(next) => path = next,
            None => return sizes,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_without_a_limit_are_everybody_up_to_a_thousand_and_then_a_link() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let jane = person(&world, "jane", &[]).await;
    let account = |item: &Value| item["SK"]["S"] == "USER" && item["id"]["S"] == jane.id.as_str();
    copy(&world, account, &jane.id, 997);
    assert_eq!(sizes(&world, &owner, "/admin/users").await, [1_000]);
    copy(&world, account, &jane.id, 1_050);
    assert_eq!(sizes(&world, &owner, "/Admin/Users").await, [1_000, 53]);
    // With a limit as ever.
    assert_eq!(rows(&owner.get("/admin/users?limit=7").await).len(), 7);
    let first = owner.get("/admin/users").await;
    let second = owner.get(&linked(&world, "/admin/users", &first).unwrap()).await;
    let ids: BTreeSet<String> = [&first, &second]
        .into_iter()
        .flat_map(|reply| rows(reply).iter().map(|user| user["Id"].to_string()))
        .collect();
    assert_eq!(ids.len(), 1_053, "nobody twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_people_with_long_fields_is_cut_before_it_is_too_large_for_lambda() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let jane = person(&world, "jane", &[]).await;
    let long = "\u{1f511}".repeat(256);
    let contact = json!({
        "Mobile": long, "Email": long, "Website": long, "Facebook": long, "Instagram": long, "TikTok": long,
        "Youtube": long, "Twitter": long,
    });
    done(&jane.client.post("/user/update", json!({ "Contact": contact })).await);
    let account = |item: &Value| item["SK"]["S"] == "USER" && item["id"]["S"] == jane.id.as_str();
    copy(&world, account, &jane.id, 700);
    let (mut path, mut all) = ("/admin/users".to_owned(), 0);
    loop {
        let reply = owner.get(&path).await;
        assert!(reply.text.len() < 5_000_000, "{}", reply.text.len());
        all += rows(&reply).len();
        let Some(next) = linked(&world, &path, &reply) else {
            break;
        };
        path = next;
    }
    assert_eq!(all, 703);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_entries_and_changes_of_rights_are_whole_likewise_and_links_keep_the_filters() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let jane = person(&world, "jane", &[]).await;
    let role = owner
        .post("/api/roles", json!({ "name": "editor" }))
        .await
        .str("id")
        .to_owned();
    let of_role = |item: &Value| item["PK"]["S"] == "T#main#ROLES" && item["id"]["S"] == role.as_str();
    copy(&world, of_role, &role, 1_000);
    let before = rows(&owner.get("/admin/roles").await).len();
    let roles = sizes(&world, &owner, "/admin/roles").await;
    assert_eq!((before, roles[0], roles.len()), (1_000, 1_000, 2), "{roles:?}");

    let entry = |item: &Value| {
        item["SK"]["S"].as_str().unwrap().starts_with("SESSION#") && item["user"]["S"] == jane.id.as_str()
    };
    let id = |is_it: &dyn Fn(&Value) -> bool| {
        let items = world.items();
        items.iter().find(|item| is_it(item)).unwrap()["id"]["S"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    copy(&world, entry, &id(&entry), 1_100);
    let of_jane = format!("/admin/entries?UserId={}", jane.id);
    assert_eq!(sizes(&world, &owner, &of_jane).await, [1_000, 101]);
    assert_eq!(sizes(&world, &owner, "/admin/entries").await[0], 1_000);

    let change = |item: &Value| {
        item["PK"]["S"].as_str().unwrap().starts_with("T#main#RIGHTS#")
            && item["target"]["M"]["user"]["S"] == jane.id.as_str()
    };
    copy(&world, change, &id(&change), 1_100);
    for path in [
        "/admin/rightschanges?To=jane@example.org&From=owner&Role=user",
        "/admin/rightschanges?to=jane",
    ] {
        assert_eq!(sizes(&world, &owner, path).await, [1_000, 101], "{path}");
    }
    let body = json!({ "To": "jane", "Role": "User" });
    let first = owner.post("/admin/rightschanges", body).await;
    assert_eq!(rows(&first).len(), 1_000);
    let link = linked(&world, "/admin/rightschanges", &first).unwrap();
    assert_eq!(rows(&owner.get(&link).await).len(), 101);
    assert_eq!(rows(&owner.post_empty(&link).await).len(), 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_accounts_are_among_the_users_in_one_order_and_erased_ones_are_not() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let mut ids = Vec::new();
    for n in 0..6 {
        world.clock.advance_ms(1);
        ids.push(
            person(&world, &format!("u{n}"), if n == 1 { &["member"] } else { &[] })
                .await
                .id,
        );
    }
    world.clock.advance(1);
    done(&owner.post("/admin/deleteuser", json!({ "Id": ids[1] })).await);
    assert_eq!(owner.delete(&format!("/api/users/{}", ids[2])).await.status, 204);
    assert_eq!(owner.delete(&format!("/v1/admin/users/{}", ids[3])).await.status, 200);
    done(&owner.post("/admin/deleteuseraccount", json!({ "Id": ids[4] })).await);
    done(&owner.post("/admin/deleteuser", json!({ "Id": ids[5] })).await);
    done(&owner.post("/admin/deleteuseraccount", json!({ "Id": ids[5] })).await);
    // Whoever has the name now is another account.
    let other = json!({ "username": "u1", "password": PASSWORD });
    assert_eq!(owner.post("/api/users", other).await.status, 201);
    let whole = owner.get("/admin/users").await.body;
    let shown: Vec<Value> = whole
        .as_array()
        .unwrap()
        .iter()
        .map(|user| json!([user["Username"], user["RoleName"], user["IsDeleted"], user["DeletedOn"]]))
        .take(5)
        .collect();
    let deleted = "2026-11-22T08:00:01.012Z";
    assert_eq!(
        json!(shown),
        json!([
            ["u1", "User", false, null],
            ["u3", "User", true, deleted],
            ["u2", "User", true, deleted],
            ["u1", "Member", true, deleted],
            ["u0", "User", false, null],
        ])
    );
    assert_eq!(whole.as_array().unwrap().len(), 7);
    assert_eq!(json!(super::walk(&owner, "/admin/users", 1).await), whole);
    for id in &ids[1..4] {
        for path in [format!("/api/users/{id}"), format!("/v1/admin/users/{id}")] {
            assert_eq!(owner.get(&path).await.status, 404, "{path}");
        }
    }
    assert_eq!(owner.get("/v1/admin/users").await.body["pagination"]["total"], 4);
    crate::reconcile::assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_filter_of_any_listing_is_none() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    person(&world, "jane", &["member"]).await;
    let all = owner.get("/owner/rightschanges").await;
    assert!(all.body.as_array().unwrap().len() > 1, "{}", all.text);
    for blank in ["", " "] {
        let filter = json!({ "From": blank, "To": blank, "Role": blank });
        let posted = owner.post("/owner/rightschanges", filter).await;
        assert_eq!(posted.body, all.body, "{}", posted.text);
        // Where the body leaves it blank, the query's counts.
        let both = owner
            .post("/owner/rightschanges?Role=member", json!({ "Role": blank }))
            .await;
        assert_eq!(
            both.body,
            owner.get("/owner/rightschanges?Role=member").await.body,
            "{}",
            both.text
        );
    }
    for (path, blank) in [
        ("/owner/rightschanges", "?From=&To=%20&Role="),
        ("/owner/entries", "?UserId="),
        ("/api/rights-history", "?target=&actor=%20&role="),
        ("/api/users", "?status=&role=%20&q="),
    ] {
        let (bare, reply) = (owner.get(path).await, owner.get(&format!("{path}{blank}")).await);
        assert_eq!(
            (reply.status.as_u16(), &reply.body),
            (200, &bare.body),
            "{path}: {}",
            reply.text
        );
    }
}
