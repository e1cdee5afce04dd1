//! `/api/users/{user}/roles`

use serde_json::{Value, json};

use super::{grant, invalid, refused, role, signed_in_with, user};
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, World};

async fn roles_of(owner: &Client, id: &str) -> Value {
    owner.get(&user(id)).await.body["roles"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_given_shown_and_taken() {
    let world = World::new().await;
    let owner = world.owner().await;
    let own = owner.get("/api/me/profile").await.str("id").to_owned();
    let id = world.user("jane@example.org").await;
    let editor = role(&world, "Editor", &[]).await;
    let body = json!({ "role": "editor", "department": "Sales", "effectiveFrom": "2026-11-22T09:00:00+01:00",
        "effectiveTo": "2027-01-01T00:00:00Z" });
    let reply = owner.post("/api/users/JANE@example.org/roles", body).await;
    let given = reply.str("userRoleId").to_owned();
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.header("location"), format!("/api/users/{id}/roles/{given}"));
    let shown = json!({
        "userRoleId": given, "role": "Editor", "roleId": editor, "department": "Sales",
        "effectiveFrom": "2026-11-22T08:00:00.000Z", "effectiveTo": "2027-01-01T00:00:00.000Z", "effective": true,
        "grantedAt": "2026-11-22T08:00:00.000Z", "grantedBy": own,
    });
    assert_eq!(reply.body, shown);
    let all = owner.get(&format!("/api/users/{id}/roles")).await.body;
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!((all[0]["role"].as_str(), &all[1]), (Some("user"), &shown));
    let taken = owner.delete(&format!("/api/users/{id}/roles/{given}")).await;
    assert_eq!((taken.status.as_u16(), taken.text.as_str()), (204, ""));
    let again = owner.delete(&format!("/api/users/{id}/roles/{given}")).await;
    refused(&again, 404, "not-found");
    refused(
        &owner.delete(&format!("/api/users/{id}/roles/x")).await,
        404,
        "not-found",
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z02_a_grant_is_only_taken_from_the_account_that_has_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (jane, jack) = (
        world.user("jane@example.org").await,
        world.user("jack@example.org").await,
    );
    let given = grant(&owner, &jane, json!({ "role": "member" })).await;
    refused(
        &owner.delete(&format!("/api/users/{jack}/roles/{given}")).await,
        404,
        "not-found",
    );
    assert_eq!(roles_of(&owner, &jane).await, json!(["member", "user"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_account_keeps_the_role_user() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    let all = owner.get(&format!("/api/users/{id}/roles")).await.body;
    let path = format!("/api/users/{id}/roles/{}", all[0]["userRoleId"].as_str().unwrap());
    refused(&owner.delete(&path).await, 409, "system-role");
    refused(
        &owner
            .post(&format!("/api/users/{id}/roles"), json!({ "role": "user" }))
            .await,
        409,
        "grant-stands",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn z08_a_grant_applies_from_its_first_moment_until_the_moment_before_its_end() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    let body =
        json!({ "role": "admin", "effectiveFrom": "2026-11-22T09:00:00Z", "effectiveTo": "2026-11-22T10:00:00Z" });
    grant(&owner, &id, body).await;
    let hour = 3_600_000;
    for (ms, status) in [
        (0, 403),
        (hour - 1, 403),
        (1, 200),
        (hour - 1, 200),
        (1, 403),
        (hour, 403),
    ] {
        world.clock.advance_ms(ms);
        assert_eq!(jane.get("/api/users").await.status, status, "at {}", world.now());
        let applies = roles_of(&owner, &id).await == json!(["admin", "user"]);
        assert_eq!(applies, status == 200, "at {}", world.now());
        let all = owner.get(&format!("/api/users/{id}/roles")).await.body;
        assert_eq!(
            all[1]["effective"],
            json!(status == 200),
            "past, present and future ones are shown"
        );
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_for_a_department_gives_nothing_to_requests_about_none() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    grant(&owner, &id, json!({ "role": "admin", "department": "sales" })).await;
    let refusal = jane.get("/api/users").await;
    refused(&refusal, 403, "missing-permission");
    let challenge = r#"Bearer error="insufficient_scope", scope="admin.users""#;
    assert_eq!(refusal.header("www-authenticate"), challenge);
    assert_eq!(roles_of(&owner, &id).await, json!(["user"]));
    assert_eq!(jane.get("/api/me/profile").await.body["permissions"], json!([]));
    grant(&owner, &id, json!({ "role": "admin" })).await;
    assert_eq!(jane.get("/api/users").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_grant_stands_only_once_and_another_department_or_date_is_another() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await) + "/roles";
    let editor = role(&world, "editor", &[]).await;
    let mut bodies = vec![json!({ "role": "editor" })];
    for (field, value) in [
        ("department", "sales"),
        ("effectiveFrom", "2027-01-01T00:00:00.5Z"),
        ("effectiveTo", "2028-01-01T00:00:00Z"),
    ] {
        let mut body = bodies.last().unwrap().clone();
        body[field] = json!(value);
        bodies.push(body);
    }
    for body in &bodies {
        assert_eq!(owner.post(&path, body.clone()).await.status, 201);
    }
    for body in &bodies {
        refused(&owner.post(&path, body.clone()).await, 409, "grant-stands");
        // By its id, in another zone, and with what is finer than a time is kept.
        let mut same = body.clone();
        same["role"] = json!(editor);
        if !body["effectiveFrom"].is_null() {
            same["effectiveFrom"] = json!("2027-01-01T02:00:00.5004+02:00");
        }
        refused(&owner.post(&path, same).await, 409, "grant-stands");
    }
    // Four grants, one account: one seat.
    assert_eq!(owner.get("/api/roles/editor").await.body["memberCount"], 1);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn i11_dates_that_are_none_or_end_before_they_begin_are_refused() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await) + "/roles";
    let with = |from: Value, to: Value| json!({ "role": "member", "effectiveFrom": from, "effectiveTo": to });
    for (from, to) in [
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2027-01-01T00:00:00Z", "2026-12-31T23:59:59Z"),
        ("2027-01-01T00:00:00Z", "2027-01-01T01:00:00+02:00"),
        ("2027-01-01T00:00:00.0001Z", "2027-01-01T00:00:00.0009Z"),
    ] {
        invalid(
            &owner.post(&path, with(json!(from), json!(to))).await,
            &["/effectiveTo"],
        );
    }
    for at in [
        json!("2027-01-01T00:00:00"),
        json!("2027-01-01"),
        json!("2027-02-29T00:00:00Z"),
        json!("2027-01-01T25:00:00Z"),
        json!("99999-01-01T00:00:00Z"),
        json!("soon"),
        json!(""),
        json!(1_800_000_000),
    ] {
        invalid(
            &owner.post(&path, with(at.clone(), Value::Null)).await,
            &["/effectiveFrom"],
        );
    }
    // A leap second is the second before it.
    let leap = owner
        .post(
            &path,
            with(json!("2016-12-31T23:59:60Z"), json!("9999-12-30T00:00:00Z")),
        )
        .await;
    assert_eq!(leap.status, 201, "{}", leap.text);
    assert_eq!(
        (leap.str("effectiveFrom"), leap.str("effectiveTo")),
        ("2016-12-31T23:59:59.000Z", "9999-12-30T00:00:00.000Z")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_s_fields_are_reported_with_their_places() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await) + "/roles";
    invalid(&owner.post(&path, json!({})).await, &["/role"]);
    for role in ["nothing", "", "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "../admin"] {
        invalid(&owner.post(&path, json!({ "role": role })).await, &["/role"]);
    }
    for department in ["", " sales", "a\nb", &"d".repeat(65)] {
        let body = json!({ "role": "member", "department": department });
        invalid(&owner.post(&path, body).await, &["/department"]);
    }
    refused(
        &owner
            .post("/api/users/no@example.org/roles", json!({ "role": "member" }))
            .await,
        404,
        "not-found",
    );
}

/// Gives an account `r0` to `r18`, each in such a grant.
async fn give_19_roles(world: &World, owner: &Client, id: &str, mut new: Value) {
    for n in 0..19 {
        let name = format!("r{n}");
        role(world, &name, &[]).await;
        new["role"] = json!(name);
        grant(owner, id, new.clone()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_an_account_has_20_grants_at_most_and_can_be_deleted_with_them() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    give_19_roles(&world, &owner, &id, json!({})).await;
    let path = user(&id) + "/roles";
    refused(
        &owner.post(&path, json!({ "role": "member" })).await,
        409,
        "too-many-grants",
    );
    assert_eq!(owner.get(&path).await.body.as_array().unwrap().len(), 20);
    assert_eq!(owner.delete(&user(&id)).await.status, 204);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z09_a_role_given_or_taken_counts_from_the_next_request_of_tokens_already_issued() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    let (other, _) = signed_in_with(&world, "other@example.org", &["admin"]).await;
    refused(&jane.get("/api/users").await, 403, "missing-permission");
    let given = grant(&owner, &id, json!({ "role": "admin" })).await;
    assert_eq!(jane.get("/api/users").await.status, 200);
    // A token issued with the role, and one issued without it.
    let with = world.signed_in("jane@example.org", PASSWORD).await;
    assert_eq!(with.get("/api/users").await.status, 200);
    assert_eq!(
        owner.delete(&format!("/api/users/{id}/roles/{given}")).await.status,
        204
    );
    for client in [&jane, &with] {
        refused(&client.get("/api/users").await, 403, "missing-permission");
        refused(&client.delete(&user(&other)).await, 403, "missing-permission");
        assert_eq!(client.get("/api/me/profile").await.body["roles"], json!(["user"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_that_end_can_be_taken_with_their_account_and_most_of_them_in_one_change() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    give_19_roles(&world, &owner, &id, json!({ "effectiveTo": "2027-01-01T00:00:00Z" })).await;
    // With all that one request can change beside the roles.
    let body = |roles: &[&str]| {
        json!({
            "email": "other@example.org", "email_verified": true, "user_name": "other", "status": "inactive",
            "password": "battery staple", "roles": roles,
        })
    };
    let path = format!("/v1/admin/users/{id}");
    let refused = owner.put(&path, body(&[])).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(refused.text.contains("make two of it"), "{}", refused.text);
    let put = owner.put(&path, body(&["r0", "r1", "r2"])).await;
    assert_eq!(put.status, 200, "{}", put.text);
    assert_reconciled(&world);
    for n in 3..19 {
        grant(
            &owner,
            &id,
            json!({ "role": format!("r{n}"), "effectiveTo": "2027-01-01T00:00:00Z" }),
        )
        .await;
    }
    assert_eq!(owner.delete(&user(&id)).await.status, 204);
    assert_reconciled(&world);
}

/// A promise reserves its seat: whoever is to have the role finds room when its time comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_to_come_has_its_seat_its_line_and_its_member_from_when_it_is_given() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    let jack = world.user("jack@example.org").await;
    super::ended::limited(&owner, "single", 1).await;
    grant(
        &owner,
        &id,
        json!({ "role": "single", "effectiveFrom": "2026-11-22T09:00:00Z" }),
    )
    .await;
    assert_eq!(roles_of(&owner, &id).await, json!(["user"]));
    for _ in 0..2 {
        let full = owner.post(&(user(&jack) + "/roles"), json!({ "role": "single" })).await;
        refused(&full, 409, "role-full");
        assert_eq!(owner.get("/api/roles/single").await.body["memberCount"], 1);
        let listed = owner.get("/api/users?role=single").await.body;
        assert_eq!((&listed["total"], &listed["items"][0]["id"]), (&json!(1), &json!(id)));
        refused(&owner.delete("/api/roles/single").await, 409, "role-has-members");
        world.clock.advance(3600);
    }
    assert_eq!(roles_of(&owner, &id).await, json!(["single", "user"]));
    assert_reconciled(&world);
}
