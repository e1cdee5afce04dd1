//! Set-up: of everything one, however often and however many at once; and what was deleted stays so.

use std::sync::Arc;

use serde_json::{Value, json};
use usher::ambient::ManualClock;
use usher::app::App;
use usher::domain::role::{ADMIN, MEMBER, USER};
use usher::domain::tenant::TenantId;
use usher::store::roles;

use crate::databases::{create_table, serve_dynamodb};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, START, World, at_once, settings_of, steps};

mod aged;
mod custom_resource;
mod ends;
pub mod names;
mod system_roles;

/// An application on an empty table.
async fn bare(settings: &[(&str, &str)]) -> (dynoxide::Database, String, Arc<App>) {
    let db = dynoxide::Database::memory().unwrap();
    create_table(&db);
    let url = serve_dynamodb(db.clone()).await;
    let clock = ManualClock::at(START.parse().unwrap());
    let app = App::with_clock(settings_of(&url, settings), clock).unwrap();
    (db, url, app)
}

fn with_key<'a>(items: &'a [Value], sort_key: &str) -> Vec<&'a Value> {
    let begins = |item: &&Value| item["SK"]["S"].as_str().unwrap().starts_with(sort_key);
    items.iter().filter(begins).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn set_up_eight_times_at_once_makes_one_of_each() {
    for round in steps(0..20) {
        let (db, url, app) = bare(&[]).await;
        let made = at_once(8, |_| {
            let app = app.clone();
            async move { ::setup::local(&app).await.unwrap() }
        })
        .await;
        let keys: usize = made.iter().map(|made| made.signing_keys).sum();
        assert_eq!(keys, 2, "round {round}: the one that signs, and the next");
        assert_eq!(
            made.iter().map(|made| made.roles.len()).sum::<usize>(),
            6,
            "round {round}"
        );
        assert_eq!(
            made.iter().map(|made| made.accounts.len()).sum::<usize>(),
            2,
            "round {round}"
        );
        let world = World::on(db, url, &[]).await;
        let items = world.items();
        for (key, count) in [("KEY#", 2), ("ROLE#", 6), ("USER", 2), ("PERMISSION#", 6)] {
            assert_eq!(with_key(&items, key).len(), count, "round {round}: {key}");
        }
        assert_reconciled(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_deleted_is_not_made_again() {
    let world = World::new().await;
    let owner = world.owner().await;
    assert_eq!(owner.delete("/api/users/admin@gauth.local").await.status, 204);
    let made = ::setup::local(&world.app).await.unwrap();
    assert_eq!(made, usher::actions::setup::Made::default());
    assert_eq!(owner.get("/api/users/admin@gauth.local").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_of_the_system_lose_the_description_of_an_earlier_version_and_keep_anybody_else_s() {
    let world = World::with(&[("USHER_TENANTS", "header")]).await;
    let owner = world.owner().await;
    let tenant = json!({ "id": "acme", "owner": { "email": "jane@example.org" } });
    assert_eq!(owner.post("/api/tenants", tenant).await.status, 201);
    let ids = ["main", "acme"].map(|id| TenantId::parse(id).unwrap());
    for tenant in &ids {
        for (system, description) in [(ADMIN, ADMIN.described_before), (MEMBER, "Our members")] {
            let role = roles::get(&world.app.table, tenant, system.id).await.unwrap().unwrap();
            let mut after = role.clone();
            after.description = Some(description.to_owned());
            let writes = roles::change(&role, &after).unwrap();
            usher::store::unit::commit(&world.app.table, &writes).await.unwrap();
        }
    }
    for _ in 0..2 {
        ::setup::local(&world.app).await.unwrap();
        for tenant in &ids {
            let mut descriptions = Vec::new();
            for system in [ADMIN, MEMBER, USER] {
                let role = roles::get(&world.app.table, tenant, system.id).await.unwrap().unwrap();
                descriptions.push(role.description.unwrap());
            }
            assert_eq!(descriptions, ["Default admin role", "Our members", "Default user role"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployed_stack_has_one_owner_who_must_change_the_generated_password() {
    let secret = "Gen3rated-by-CloudFormation-012345";
    let settings = [
        ("USHER_ADMIN_EMAIL", "owner@example.org"),
        ("USHER_ADMIN_SECRET", secret),
    ];
    let (db, _, app) = bare(&settings).await;
    let made = app.clock.now();
    for _ in 0..2 {
        ::setup::cloud::set_up(&app).await.unwrap();
    }
    let base = crate::support::serve_http(app).await;
    let nobody = crate::support::Client {
        base,
        token: String::new(),
        api_key: String::new(),
        http: reqwest::Client::new(),
        secrets: crate::watch::Secrets::default(),
    };
    let body = json!({ "username": "owner@example.org", "password": secret });
    let reply = nobody.post("/api/auth/login", body).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.body["user"]["roles"]),
        (200, &json!(["user", "owner"]))
    );
    let owner = crate::support::Client {
        token: reply.str("token").to_owned(),
        ..nobody.clone()
    };
    let refused = owner.get("/api/users").await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (403, "must-change-password")
    );
    let documented = json!({ "username": "admin", "password": "Admin@123" });
    assert_eq!(nobody.post("/api/auth/login", documented).await.status, 401);
    for (hours, status) in [(71, 200), (73, 401)] {
        let later = made + usher::jiff::SignedDuration::from_hours(hours);
        let later = World::later(db.clone(), &[], later).await;
        let body = json!({ "username": "owner@example.org", "password": secret });
        let reply = later.nobody().post("/api/auth/login", body).await;
        assert_eq!(reply.status, status, "after {hours} hours");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployed_stack_refuses_the_documented_password() {
    let settings = [
        ("USHER_ADMIN_EMAIL", "owner@example.org"),
        ("USHER_ADMIN_SECRET", "Admin@123"),
    ];
    let (db, url, app) = bare(&settings).await;
    assert!(matches!(
        ::setup::cloud::set_up(&app).await,
        Err(usher::Error::Fault(_))
    ));
    drop((db, url));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_somebody_has_makes_no_first_owner_and_set_up_reports_it_each_time() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let secret = "a generated password";
    let settings = [
        ("USHER_ADMIN_EMAIL", "JANE@example.org"),
        ("USHER_ADMIN_SECRET", secret),
    ];
    let app = App::with_clock(settings_of(&world.dynamodb, &settings), world.clock.clone());
    let app = app.unwrap();
    for _ in 0..2 {
        let error = format!("{:?}", ::setup::cloud::set_up(&app).await.unwrap_err());
        assert!(
            error.contains("first-owner") && error.contains("the e-mail address is taken"),
            "{error}"
        );
    }
    assert_eq!(
        world
            .signed_in("jane@example.org", PASSWORD)
            .await
            .get("/api/users")
            .await
            .status,
        403
    );
}
