//! Grants that ended (rule 15): they count to their end, and not a moment longer.

use serde_json::{Value, json};

use super::{grant, invalid, refused, role, signed_in_with, user};
use crate::reconcile::assert_reconciled;
use crate::support::{Client, World};

/// A minute after every test begins.
const SOON: &str = "2026-11-22T08:01:00Z";
const MINUTE: i64 = 60;

pub async fn limited(owner: &Client, name: &str, most: u32) {
    let made = owner
        .post("/api/roles", json!({ "name": name, "maxCount": most }))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
}

async fn jane_and_jack(world: &World) -> (String, String) {
    let jane = world.user("jane@example.org").await;
    (jane, world.user("jack@example.org").await)
}

async fn give(owner: &Client, id: &str, name: &str) -> u16 {
    let reply = owner.post(&(user(id) + "/roles"), json!({ "role": name })).await;
    reply.status.as_u16()
}

/// The roles of an account's grants, in their order, and whether each is in effect.
async fn grants_of(owner: &Client, id: &str) -> Vec<(String, bool)> {
    let all = owner.get(&(user(id) + "/roles")).await;
    assert_eq!(all.status, 200, "{}", all.text);
    let shown = |grant: &Value| {
        (
            grant["role"].as_str().unwrap().to_owned(),
            grant["effective"].as_bool().unwrap(),
        )
    };
    all.body.as_array().unwrap().iter().map(shown).collect()
}

async fn member_count(owner: &Client, name: &str) -> Value {
    let shown = owner.get(&format!("/api/roles/{name}")).await.body["memberCount"].clone();
    let listed = owner.get("/api/roles?limit=100").await.body;
    let of_list = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|role| role["name"] == name);
    assert_eq!(of_list.unwrap()["memberCount"], shown);
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seat_of_a_grant_is_free_from_the_moment_of_its_end() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (jane, jack) = jane_and_jack(&world).await;
    limited(&owner, "single", 1).await;
    grant(&owner, &jane, json!({ "role": "single", "effectiveTo": SOON })).await;
    world.clock.advance_ms(MINUTE * 1000 - 1);
    assert_eq!(give(&owner, &jack, "single").await, 409);
    assert_eq!(member_count(&owner, "single").await, 1);
    world.clock.advance_ms(1);
    assert_eq!(member_count(&owner, "single").await, 0);
    assert_reconciled(&world);
    assert_eq!(give(&owner, &jack, "single").await, 201);
    assert_eq!(member_count(&owner, "single").await, 1);
    assert_eq!(give(&owner, &jane, "single").await, 409, "the one seat is taken again");
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_made_with_a_role_takes_the_seat_that_a_grant_left() {
    let world = World::new().await;
    let owner = world.owner().await;
    limited(&owner, "single", 1).await;
    let jane = world.user("jane@example.org").await;
    grant(&owner, &jane, json!({ "role": "single", "effectiveTo": SOON })).await;
    world.clock.advance(MINUTE);
    world.user_with("jack@example.org", &["single"]).await;
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_lasts_as_long_as_the_last_grant_of_its_role() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (jane, jack) = jane_and_jack(&world).await;
    limited(&owner, "single", 1).await;
    grant(&owner, &jane, json!({ "role": "single", "effectiveTo": SOON })).await;
    let good = grant(&owner, &jane, json!({ "role": "single", "department": "sales" })).await;
    assert_reconciled(&world);
    world.clock.advance(MINUTE);
    assert_eq!(give(&owner, &jack, "single").await, 409);
    assert_eq!(member_count(&owner, "single").await, 1);
    let later = json!({ "role": "single", "effectiveTo": "2026-11-22T08:02:00Z" });
    grant(&owner, &jane, later).await;
    assert_reconciled(&world);
    assert_eq!(
        owner.delete(&format!("/api/users/{jane}/roles/{good}")).await.status,
        204
    );
    assert_reconciled(&world);
    assert_eq!(give(&owner, &jack, "single").await, 409);
    world.clock.advance(MINUTE);
    assert_eq!(give(&owner, &jack, "single").await, 201);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_that_ended_take_none_of_the_twenty_places() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    let path = user(&id) + "/roles";
    for n in 0..19 {
        role(&world, &format!("r{n}"), &[]).await;
        grant(&owner, &id, json!({ "role": format!("r{n}"), "effectiveTo": SOON })).await;
    }
    refused(
        &owner.post(&path, json!({ "role": "member" })).await,
        409,
        "too-many-grants",
    );
    world.clock.advance(MINUTE);
    for n in 0..19 {
        assert_eq!(give(&owner, &id, &format!("r{n}")).await, 201);
    }
    refused(
        &owner.post(&path, json!({ "role": "member" })).await,
        409,
        "too-many-grants",
    );
    assert_reconciled(&world);
    assert_eq!(grants_of(&owner, &id).await.len(), 39, "19 of them past");
    assert_eq!(owner.delete(&user(&id)).await.status, 204);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_grant_ended_is_in_no_listing_by_role() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "editor", &[]).await;
    let jane = world.user("jane@example.org").await;
    world.user_with("jack@example.org", &["editor"]).await;
    grant(&owner, &jane, json!({ "role": "editor", "effectiveTo": SOON })).await;
    let paths = [
        "?role=editor",
        "?role=editor&limit=1",
        "?role=editor&status=active",
        "?role=editor&q=example",
    ];
    for (total, ms) in [(2, MINUTE * 1000 - 1), (1, 1)] {
        world.clock.advance_ms(ms);
        for path in paths {
            let page = owner.get(&format!("/api/users{path}")).await.body;
            assert_eq!(page["total"], total, "{path}");
            let most = if path.contains("limit=1") { 1 } else { total };
            assert_eq!(page["items"].as_array().unwrap().len(), most, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_whose_grants_all_ended_is_deleted() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (jane, jack) = jane_and_jack(&world).await;
    for (name, query) in [("one", ""), ("two", "?force=true")] {
        limited(&owner, name, 5).await;
        for id in [&jane, &jack] {
            grant(
                &owner,
                id,
                json!({ "role": name, "effectiveTo": world_time(&world, MINUTE) }),
            )
            .await;
        }
        refused(
            &owner.delete(&format!("/api/roles/{name}")).await,
            409,
            "role-has-members",
        );
        world.clock.advance(MINUTE);
        let gone = owner.delete(&format!("/api/roles/{name}{query}")).await;
        assert_eq!(gone.status, 204, "{}", gone.text);
        assert_reconciled(&world);
        let past = grants_of(&owner, &jane).await;
        assert!(past.contains(&(name.to_owned(), false)), "{past:?}");
    }
}

/// The moment after so many seconds.
fn world_time(world: &World, seconds: i64) -> String {
    (world.now() + usher::jiff::SignedDuration::from_secs(seconds)).to_string()
}

/// What ended is nothing that somebody holds, so anybody may take it.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_deleted_by_force_by_whoever_may_not_touch_those_who_had_it() {
    let world = World::new().await;
    let (owner, admin) = (world.owner().await, world.admin().await);
    let own = owner.get("/api/me/profile").await.str("id").to_owned();
    role(&world, "editor", &[]).await;
    grant(&owner, &own, json!({ "role": "editor", "effectiveTo": SOON })).await;
    refused(
        &admin.delete("/api/roles/editor?force=true").await,
        403,
        "above-own-rank",
    );
    world.clock.advance(MINUTE);
    assert_eq!(admin.delete("/api/roles/editor?force=true").await.status, 204);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_goes_down_to_those_whose_grants_last() {
    let world = World::new().await;
    let owner = world.owner().await;
    limited(&owner, "few", 5).await;
    for n in 0..4 {
        let id = world.user(&format!("u{n}@example.org")).await;
        let end = if n == 0 { json!(null) } else { json!(SOON) };
        grant(&owner, &id, json!({ "role": "few", "effectiveTo": end })).await;
    }
    let limit = json!({ "maxCount": 1 });
    refused(
        &owner.patch("/api/roles/few", limit.clone()).await,
        409,
        "below-member-count",
    );
    world.clock.advance(MINUTE);
    let none = owner.patch("/api/roles/few", json!({ "maxCount": 0 })).await;
    assert!([400, 409].contains(&none.status.as_u16()), "{}", none.text);
    let described = owner.patch("/api/roles/few", json!({ "description": "few" })).await;
    assert_eq!(described.body["memberCount"], 1, "{}", described.text);
    let reply = owner.patch("/api/roles/few", limit).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.body["memberCount"]),
        (200, &json!(1)),
        "{}",
        reply.text
    );
    assert_reconciled(&world);
    let next = world.user("next@example.org").await;
    assert_eq!(give(&owner, &next, "few").await, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_lies_wholly_in_the_past_is_refused() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await) + "/roles";
    for end in [
        "2026-11-22T08:00:00Z",
        "2026-11-22T07:59:59.999Z",
        "2016-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
    ] {
        let reply = owner.post(&path, json!({ "role": "member", "effectiveTo": end })).await;
        invalid(&reply, &["/effectiveTo"]);
        assert_eq!(
            reply.body["errors"][0]["detail"],
            "the grant would have ended already: this is not after now"
        );
    }
    let begun =
        json!({ "role": "member", "effectiveFrom": "2016-01-01T00:00:00Z", "effectiveTo": "2026-11-22T08:00:00.001Z" });
    assert_eq!(owner.post(&path, begun).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_cannot_be_taken_and_the_same_can_be_given_again() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    let given = grant(&owner, &id, json!({ "role": "member", "effectiveTo": SOON })).await;
    world.clock.advance(MINUTE);
    for _ in 0..2 {
        refused(
            &owner.delete(&format!("/api/users/{id}/roles/{given}")).await,
            404,
            "not-found",
        );
    }
    assert_eq!(give(&owner, &id, "member").await, 201);
    let shown = grants_of(&owner, &id).await;
    let expected = [("user", true), ("member", true), ("member", false)];
    assert_eq!(shown, expected.map(|(role, effective)| (role.to_owned(), effective)));
    assert_reconciled(&world);
    // Its end is nobody's deed: no row says that it was revoked.
    let rows = owner.get(&format!("/api/rights-history?target={id}")).await.body;
    assert!(!rows.to_string().contains("roleRevoked"), "{rows}");
}

#[tokio::test(flavor = "multi_thread")]
async fn past_grants_are_listed_until_the_retention_ends() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (jane, jack) = jane_and_jack(&world).await;
    for id in [&jane, &jack] {
        let given = grant(
            &owner,
            id,
            json!({ "role": "member", "department": "sales", "effectiveTo": SOON }),
        )
        .await;
        let before = owner.get(&(user(id) + "/roles")).await.body[1].clone();
        world.clock.advance_ms(1);
        assert_eq!(before["userRoleId"], json!(given));
    }
    world.clock.advance(MINUTE);
    let kept = owner.get(&(user(&jane) + "/roles")).await.body;
    // One of the two is changed after the end, the other is not.
    assert_eq!(give(&owner, &jane, "admin").await, 201);
    let moved = owner.get(&(user(&jane) + "/roles")).await.body;
    assert_eq!(moved[2], kept[1], "past grants look the same wherever they are kept");
    world.clock.advance(400 * 24 * 3600 - MINUTE);
    let owner = world.owner().await;
    assert_eq!(grants_of(&owner, &jane).await.len(), 3);
    assert_eq!(grants_of(&owner, &jack).await.len(), 2);
    // To the last millisecond.
    for (ms, past) in [(MINUTE * 1000 - 3, 1), (1, 0)] {
        world.clock.advance_ms(ms);
        assert_eq!(grants_of(&owner, &jane).await.len(), 2 + past, "{}", world.now());
        assert_eq!(grants_of(&owner, &jack).await.len(), 1 + past, "{}", world.now());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etag_outlasts_the_end_of_a_grant_that_another_s_request_clears_away() {
    let world = World::new().await;
    let owner = world.owner().await;
    limited(&owner, "single", 1).await;
    let (jane, jack) = jane_and_jack(&world).await;
    grant(&owner, &jane, json!({ "role": "single", "effectiveTo": SOON })).await;
    world.clock.advance(MINUTE);
    let tag = owner.get(&user(&jane)).await.header("etag").to_owned();
    assert_eq!(give(&owner, &jack, "single").await, 201);
    assert_eq!(owner.get(&user(&jane)).await.header("etag"), tag);
    let body = json!({ "displayName": "Jane" });
    let patched = owner
        .send(reqwest::Method::PATCH, &user(&jane), Some(body), &[("if-match", &tag)])
        .await;
    assert_eq!(patched.status, 204, "{}", patched.text);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_put_in_place_of_all_others_leave_past_grants_past() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, _) = signed_in_with(&world, "jane@example.org", &[]).await;
    grant(&owner, &id, json!({ "role": "member", "effectiveTo": SOON })).await;
    world.clock.advance(MINUTE);
    let body = json!({ "roles": ["member"] });
    let put = owner.put(&format!("/v1/admin/users/{id}"), body).await;
    assert_eq!(put.status, 200, "{}", put.text);
    let shown = grants_of(&owner, &id).await;
    assert_eq!(
        shown.iter().filter(|(role, _)| role == "member").count(),
        2,
        "{shown:?}"
    );
    assert_reconciled(&world);
}
