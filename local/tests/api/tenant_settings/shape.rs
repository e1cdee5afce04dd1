//! What is shown, what changes, and what the history shows of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{PATH, set};
use crate::admin::{admin, made_and_in, refused, role};
use crate::reconcile::plain_item;
use crate::support::{World, at_once};

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_set_is_shown_as_it_is_in_force() {
    let world = World::new().await;
    let reply = admin(&world).await.get(PATH).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("cache-control")),
        (200, "no-store")
    );
    insta::assert_json_snapshot!(reply.body, @r#"
    {
      "min_password_length": 0,
      "registration": {
        "min_password_length": 6,
        "max_password_length": 64
      },
      "lockout": {
        "limit": 5,
        "seconds": 900
      },
      "token_lifetimes": {
        "directory": {
          "access": 3600,
          "session": 2592000
        },
        "identity": {
          "access": 28800
        },
        "account": {
          "access": 2592000
        },
        "admin": {
          "access": 900,
          "session": 2592000
        },
        "registration": {
          "access": 1209600
        }
      },
      "email_on_signup": "optional",
      "email_verification": "optional",
      "registration_open": true,
      "history_days": 400,
      "rate_limits": {
        "introspection_by_account": 6000,
        "introspection_by_tenant": null,
        "invitation_by_account": 300,
        "invitation_by_tenant": null,
        "login_by_address": 60,
        "login_by_name": 30,
        "login_by_tenant": null,
        "password_by_address": 60,
        "password_by_email": 10,
        "password_by_tenant": null,
        "registration_by_address": 60,
        "registration_by_tenant": null,
        "token_by_address": 300,
        "token_by_tenant": null,
        "verification_by_address": 60,
        "verification_by_email": 10,
        "verification_by_tenant": null
      }
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_stack_sets_is_shown_where_the_tenant_sets_nothing() {
    let world = World::with(&[
        ("USHER_MIN_PASSWORD_LENGTH", "8"),
        ("USHER_LOCKOUT_LIMIT", "7"),
        ("USHER_LOCKOUT_SECONDS", "60"),
        ("USHER_HISTORY_DAYS", "30"),
    ])
    .await;
    let shown = admin(&world).await.get(PATH).await.body;
    assert_eq!(
        (&shown["min_password_length"], &shown["lockout"], &shown["history_days"]),
        (&json!(8), &json!({ "limit": 7, "seconds": 60 }), &json!(30))
    );
}

/// Every field set to something that is no default.
fn everything() -> Value {
    json!({
        "min_password_length": 12,
        "registration": { "min_password_length": 14, "max_password_length": 40 },
        "lockout": { "limit": 3, "seconds": 60 },
        "token_lifetimes": {
            "directory": { "access": 600, "session": 86_400 }, "identity": { "access": 3_600 },
            "account": { "access": 7_200 }, "admin": { "access": 1_200, "session": 3_600 },
            "registration": { "access": 518_400 },
        },
        "email_on_signup": "required", "email_verification": "required", "registration_open": false,
        "history_days": 120,
        "rate_limits": usher::domain::rate_limit::in_force(&BTreeMap::new())
            .into_iter()
            .map(|(limit, _)| (limit.name(), 777))
            .collect::<BTreeMap<_, _>>(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_is_set_shown_and_by_null_what_it_was_again() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let before = admin.get(PATH).await.body;
    let all = everything();
    assert_eq!(set(&admin, all.clone()).await, all);
    assert_eq!(admin.get(PATH).await.body, all);
    for (field, default) in before.as_object().unwrap() {
        let mut expected = admin.get(PATH).await.body;
        assert_ne!(expected[field], *default, "{field}");
        expected[field] = default.clone();
        assert_eq!(set(&admin, json!({ field: null })).await, expected);
    }
    assert_eq!(admin.get(PATH).await.body, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_merges_all_the_way_down() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let mut expected = set(&admin, everything()).await;
    for (patch, pointer, value) in [
        (json!({ "lockout": { "limit": 9 } }), "/lockout/limit", json!(9)),
        (json!({ "lockout": { "limit": null } }), "/lockout/limit", json!(5)),
        (
            json!({ "token_lifetimes": { "admin": { "session": 7_200 } } }),
            "/token_lifetimes/admin/session",
            json!(7_200),
        ),
        (
            json!({ "token_lifetimes": { "admin": { "access": null } } }),
            "/token_lifetimes/admin/access",
            json!(900),
        ),
        (
            json!({ "token_lifetimes": { "directory": null } }),
            "/token_lifetimes/directory",
            json!({ "access": 3_600, "session": 2_592_000 }),
        ),
        (
            json!({ "token_lifetimes": { "identity": null } }),
            "/token_lifetimes/identity",
            json!({ "access": 28_800 }),
        ),
        (
            json!({ "registration": { "max_password_length": null } }),
            "/registration/max_password_length",
            json!(64),
        ),
        (
            json!({ "registration": { "min_password_length": 8 } }),
            "/registration/min_password_length",
            json!(12),
        ),
        (json!({ "history_days": 131 }), "/history_days", json!(131)),
    ] {
        *expected.pointer_mut(pointer).unwrap() = value;
        assert_eq!(set(&admin, patch.clone()).await, expected, "{patch}");
    }
    assert_eq!(set(&admin, json!({ "lockout": {} })).await, expected);
}

/// The rows of the rights history that changes of settings wrote, oldest first.
fn rows(world: &World) -> Vec<Value> {
    let items = world.items();
    let rows = items.iter().filter(|item| item["kind"]["S"] == "settingsChanged");
    let mut rows: Vec<Value> = rows.map(|item| Value::Object(plain_item(item))).collect();
    rows.sort_by_key(|row| row["id"].as_str().unwrap().to_owned());
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_shows_who_changed_what_from_what_to_what() {
    let world = World::new().await;
    let first = admin(&world).await;
    let (id, second) = made_and_in(&world, &first, "second", &["admin"]).await;
    set(&first, json!({ "min_password_length": 12 })).await;
    world.clock.advance(60);
    set(&second, json!({ "min_password_length": 14, "lockout": { "limit": 3 } })).await;
    let rows = rows(&world);
    let changes: Vec<_> = rows.iter().map(|row| (&row["before"], &row["after"])).collect();
    assert_eq!(
        changes,
        [
            (
                &json!({ "version": 0 }),
                &json!({ "minPasswordLength": 12, "version": 1 })
            ),
            (
                &json!({ "minPasswordLength": 12, "version": 1 }),
                &json!({ "minPasswordLength": 14, "lockoutLimit": 3, "version": 2 })
            ),
        ]
    );
    assert_eq!(rows[1]["actor"], id);
    assert_eq!(
        (&rows[1]["target"], &rows[1]["tenant"]),
        (&json!({ "tenant": "main" }), &json!("main"))
    );
    assert_eq!(rows[1]["at"].as_i64(), Some(world.now().as_millisecond()));
    // What changes nothing is no change.
    set(&second, json!({ "min_password_length": 14 })).await;
    set(&second, json!({ "lockout": {} })).await;
    assert_eq!(self::rows(&world).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_once_are_each_there_and_none_is_lost() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let patches = [
        json!({ "min_password_length": 11 }),
        json!({ "lockout": { "limit": 4 } }),
        json!({ "lockout": { "seconds": 30 } }),
        json!({ "history_days": 112 }),
        json!({ "registration_open": false }),
        json!({ "token_lifetimes": { "admin": { "access": 300 } } }),
        json!({ "token_lifetimes": { "admin": { "session": 3_000 } } }),
        json!({ "email_on_signup": "none" }),
    ];
    let outcomes = at_once(patches.len(), |n| {
        let (admin, patch) = (admin.clone(), patches[n].clone());
        async move { admin.patch(PATH, patch).await }
    })
    .await;
    let done = outcomes.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(done, patches.len(), "{outcomes:?}");
    let shown = admin.get(PATH).await.body;
    assert_eq!(
        (&shown["lockout"], &shown["token_lifetimes"]["admin"]),
        (
            &json!({ "limit": 4, "seconds": 30 }),
            &json!({ "access": 300, "session": 3_000 })
        )
    );
    assert_eq!(
        (&shown["min_password_length"], &shown["history_days"]),
        (&json!(11), &json!(112))
    );
    assert_eq!(
        (&shown["registration_open"], &shown["email_on_signup"]),
        (&json!(false), &json!("none"))
    );
    assert_eq!(rows(&world).len(), patches.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_for_those_who_manage_users() {
    let world = World::new().await;
    role(&world, "helpdesk", &["admin.users"]).await;
    let admin = admin(&world).await;
    let (_, jane) = made_and_in(&world, &admin, "jane", &["member"]).await;
    let (_, help) = made_and_in(&world, &admin, "help", &["helpdesk"]).await;
    refused(&jane.get(PATH).await, 403, "Admin access required");
    let patch = json!({ "registration_open": false });
    refused(&jane.patch(PATH, patch.clone()).await, 403, "Admin access required");
    refused(&world.nobody().get(PATH).await, 401, "Authentication required");
    assert_eq!(admin.get(PATH).await.body["registration_open"], true);
    assert_eq!(set(&help, patch).await["registration_open"], false);
    // What concerns everybody's safety needs the rank, whatever permission somebody holds (rule 9).
    for patch in [
        json!({ "lockout": { "limit": 3 } }),
        json!({ "lockout": { "seconds": 3_600 } }),
        json!({ "history_days": 90 }),
        json!({ "min_password_length": 8 }),
        json!({ "registration": { "min_password_length": 1 } }),
        json!({ "token_lifetimes": { "directory": { "session": 34_560_000 } } }),
        json!({ "registration_open": true, "history_days": 90 }),
    ] {
        refused(&help.patch(PATH, patch).await, 403, "Admin access required");
    }
    assert_eq!(admin.get(PATH).await.body["registration_open"], false);
    assert_eq!(set(&admin, json!({ "history_days": 90 })).await["history_days"], 90);
}
