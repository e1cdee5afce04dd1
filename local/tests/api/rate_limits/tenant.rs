//! Limits of a tenant, and who sets them.

use serde_json::json;

use super::{from, from_elsewhere, guess, limited, set, statuses};
use crate::support::PASSWORD;

#[tokio::test]
async fn a_tenant_s_own_limit_counts_all_its_callers_where_one_is_set_and_no_other_tenant_s() {
    let mut settings = super::LIMITED.to_vec();
    settings.push(("USHER_TENANTS", "header"));
    let world = crate::support::World::with(&settings).await;
    let owner = from_elsewhere(&world).await;
    let tenant = json!({ "id": "acme", "owner": { "email": "owner@acme.example", "password": PASSWORD } });
    assert_eq!(owner.post("/api/tenants", tenant).await.status, 201);
    assert_eq!(set(&world, json!({ "login_by_tenant": 60 })).await.status, 200);
    let guesses = statuses(70, |n| {
        guess(&world, &format!("198.51.100.{}", n + 1), &format!("person{n}"))
    })
    .await;
    assert_eq!(
        guesses.iter().filter(|status| **status == 401).count(),
        60,
        "{guesses:?}"
    );
    let body = json!({ "username": "owner@acme.example", "password": PASSWORD });
    let headers = [("x-tenant", "acme"), ("x-forwarded-for", "198.51.100.1")];
    let other = world
        .nobody()
        .send(reqwest::Method::POST, "/api/auth/login", Some(body), &headers)
        .await;
    assert_eq!(other.status, 200, "{}", other.text);
    // A second later there is a place again, for whoever comes to raise it.
    let refused = guess(&world, "198.51.100.200", "owner").await;
    assert_eq!(refused.status, 429);
    let seconds: i64 = refused.header("retry-after").parse().unwrap();
    world.clock.advance(seconds);
    assert_eq!(set(&world, json!({ "login_by_tenant": null })).await.status, 200);
    assert_eq!(guess(&world, "198.51.100.200", "owner").await.status, 401);
}

#[tokio::test]
async fn limits_are_shown_as_they_are_in_force_and_null_is_the_default_again() {
    let world = limited().await;
    let owner = from_elsewhere(&world).await;
    let usual = owner.get("/v1/settings").await.body["rate_limits"].clone();
    let expected = json!({
        "login_by_address": 60, "login_by_name": 30, "login_by_tenant": null,
        "registration_by_address": 60, "registration_by_tenant": null,
        "password_by_address": 60, "password_by_email": 10, "password_by_tenant": null,
        "verification_by_address": 60, "verification_by_email": 10, "verification_by_tenant": null,
        "invitation_by_account": 300, "invitation_by_tenant": null,
        "token_by_address": 300, "token_by_tenant": null,
        "introspection_by_account": 6000, "introspection_by_tenant": null,
    });
    assert_eq!(usual, expected);
    let changed = set(&world, json!({ "Login_By_Address": 100.0, "token_by_tenant": 600 })).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let limits = &changed.body["rate_limits"];
    assert_eq!(
        (&limits["login_by_address"], &limits["token_by_tenant"]),
        (&json!(100), &json!(600))
    );
    let again = set(&world, json!({ "login_by_address": null })).await;
    assert_eq!(again.body["rate_limits"]["login_by_address"], 60);
    assert_eq!(again.body["rate_limits"]["token_by_tenant"], 600);
    let all = set(&world, serde_json::Value::Null).await;
    assert_eq!(all.body["rate_limits"], expected, "{}", all.text);
}

#[tokio::test]
async fn no_limit_can_be_set_so_low_that_nobody_gets_in_and_only_the_rank_admin_sets_any() {
    let world = limited().await;
    for (name, low, least) in [
        ("login_by_tenant", 59, 60),
        ("introspection_by_tenant", 0, 60),
        ("token_by_address", 59, 60),
        ("login_by_address", 9, 10),
        ("password_by_email", 2, 3),
    ] {
        let refused = set(&world, json!({ name: low })).await;
        assert_eq!(refused.status, 400, "{name}: {}", refused.text);
        let detail =
            json!([{ "field": format!("rate_limits.{name}"), "message": format!("This is {least} to 1000000") }]);
        assert_eq!(refused.body["details"], detail, "{name}");
        assert_eq!(set(&world, json!({ name: least })).await.status, 200, "{name}");
        world.clock.advance(600);
    }
    assert_eq!(set(&world, json!({ "login_by_moon": 100 })).await.status, 400);
    let owner = from_elsewhere(&world).await;
    let helpdesk = json!({ "name": "helpdesk", "permissions": ["admin.users"] });
    assert_eq!(owner.post("/api/roles", helpdesk).await.status, 201);
    let jane = json!({ "email": "jane@example.org", "password": PASSWORD, "roles": ["helpdesk"] });
    assert_eq!(owner.post("/api/users", jane).await.status, 201);
    let body = json!({ "username": "jane@example.org", "password": PASSWORD });
    let reply = from(&world.nobody(), "203.0.113.252", "/api/auth/login", body).await;
    let jane = world.with_token(reply.str("token"));
    let change = json!({ "rate_limits": { "login_by_name": 1000 } });
    assert_eq!(jane.patch("/v1/settings", change.clone()).await.status, 403);
    assert_eq!(owner.patch("/v1/settings", change).await.status, 200);
}
