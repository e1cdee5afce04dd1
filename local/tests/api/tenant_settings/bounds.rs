//! What a setting can be.

use serde_json::{Value, json};

use super::{PATH, set};
use crate::admin::{admin, invalid};
use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn each_setting_is_held_to_its_bounds_at_both_ends() {
    let world = World::new().await;
    let admin = admin(&world).await;
    for (field, least, most) in [
        ("min_password_length", 0, 128),
        ("registration.min_password_length", 1, 64),
        ("registration.max_password_length", 6, 128),
        ("lockout.limit", 3, 100),
        ("lockout.seconds", 1, 3_600),
        ("history_days", 90, 3_650),
        ("token_lifetimes.identity.access", 60, 7_776_000),
        ("token_lifetimes.account.access", 60, 7_776_000),
        ("token_lifetimes.registration.access", 60, 7_776_000),
        ("token_lifetimes.admin.session", 900, 34_560_000),
        ("token_lifetimes.directory.session", 3_600, 34_560_000),
        ("token_lifetimes.admin.access", 60, 7_776_000),
        ("token_lifetimes.directory.access", 60, 7_776_000),
    ] {
        for fits in [least, most] {
            let shown = set(&admin, at(field, json!(fits))).await;
            assert_eq!(shown.pointer(&pointer(field)), Some(&json!(fits)), "{field}");
            // Back to a default before the other end, for access tokens and sessions bound each other.
            if field.ends_with(".session") && fits == most {
                continue;
            }
            set(&admin, at(field, Value::Null)).await;
        }
        let shown = admin.get(PATH).await.body;
        for wrong in [
            json!(most + 1),
            json!(-1),
            json!(1.5),
            json!("12"),
            json!(true),
            json!([]),
            json!({}),
            json!(u64::MAX),
        ] {
            invalid(&admin.patch(PATH, at(field, wrong)).await, &[field]);
        }
        assert_eq!(admin.get(PATH).await.body, shown, "nothing of what is refused is done");
    }
    for (field, below) in [
        ("registration.min_password_length", 0),
        ("registration.max_password_length", 5),
        ("lockout.limit", 2),
        ("lockout.seconds", 0),
        ("history_days", 89),
        ("token_lifetimes.admin.access", 59),
        ("token_lifetimes.admin.session", 59),
    ] {
        invalid(&admin.patch(PATH, at(field, json!(below))).await, &[field]);
    }
}

fn pointer(field: &str) -> String {
    format!("/{}", field.replace('.', "/"))
}

/// `a.b` with a value is `{"a": {"b": value}}`.
fn at(field: &str, value: Value) -> Value {
    field.rsplit('.').fold(value, |inner, name| json!({ name: inner }))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_does_not_outlast_its_session() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let lifetimes =
        |access: Value, session: Value| at("token_lifetimes.admin", json!({ "access": access, "session": session }));
    let refused = ["token_lifetimes.admin.access"];
    invalid(&admin.patch(PATH, lifetimes(json!(601), json!(600))).await, &refused);
    set(&admin, lifetimes(json!(600), json!(600))).await;
    invalid(
        &admin.patch(PATH, at("token_lifetimes.admin.access", json!(601))).await,
        &refused,
    );
    invalid(
        &admin.patch(PATH, at("token_lifetimes.admin.access", Value::Null)).await,
        &refused,
    );
    set(&admin, lifetimes(Value::Null, Value::Null)).await;
    invalid(
        &admin.patch(PATH, at("token_lifetimes.admin.session", json!(899))).await,
        &refused,
    );
    let most = at("token_lifetimes.directory.access", json!(2_592_001));
    let reply = admin.patch(PATH, most).await;
    assert_eq!(
        reply.body,
        json!({
            "error": "Validation failed",
            "details": [{
                "field": "token_lifetimes.directory.access",
                "message": "An access token cannot outlast its session, which lasts 2592000 seconds",
            }],
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn words_and_switches_are_what_they_can_be() {
    let world = World::new().await;
    let admin = admin(&world).await;
    for (field, fits, wrong) in [
        (
            "email_on_signup",
            vec!["optional", "required", "none"],
            vec!["off", " optional", ""],
        ),
        (
            "email_verification",
            vec!["off", "optional", "required"],
            vec!["none", "ｏｆｆ", ""],
        ),
    ] {
        for word in fits {
            assert_eq!(set(&admin, json!({ field: word })).await[field], word);
            for spelling in [word.to_uppercase(), word[..1].to_uppercase() + &word[1..]] {
                set(&admin, json!({ field: null })).await;
                assert_eq!(set(&admin, json!({ field: spelling })).await[field], word, "{spelling}");
            }
        }
        for word in wrong {
            invalid(&admin.patch(PATH, json!({ field: word })).await, &[field]);
        }
        invalid(&admin.patch(PATH, json!({ field: 1 })).await, &[field]);
    }
    for wrong in [json!("true"), json!(0), json!({})] {
        invalid(
            &admin.patch(PATH, json!({ "registration_open": wrong })).await,
            &["registration_open"],
        );
    }
    for wrong in [json!(5), json!("x"), json!([1])] {
        invalid(&admin.patch(PATH, json!({ "lockout": wrong })).await, &["lockout"]);
        invalid(
            &admin.patch(PATH, json!({ "token_lifetimes": wrong })).await,
            &["token_lifetimes"],
        );
        let inside = json!({ "token_lifetimes": { "admin": wrong } });
        invalid(&admin.patch(PATH, inside).await, &["token_lifetimes.admin"]);
    }
}

/// Where links in mails lead to is the stack's parameter alone: a tenant that could set it would take accounts over.
#[tokio::test(flavor = "multi_thread")]
async fn d01_an_unknown_setting_is_refused_and_where_links_lead_to_is_one() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let before = admin.get(PATH).await.body;
    for (patch, field) in [
        (json!({ "public_url": "https://evil.example" }), "public_url"),
        (json!({ "history_days": 100, "unknown": true }), "unknown"),
        (json!({ "lockout": { "limits": 3 } }), "lockout.limits"),
        (
            json!({ "registration": { "min_length": 3 } }),
            "registration.min_length",
        ),
        (
            json!({ "token_lifetimes": { "unknown": { "access": 60 } } }),
            "token_lifetimes.unknown",
        ),
        (
            json!({ "token_lifetimes": { "admin": { "x": 60 } } }),
            "token_lifetimes.admin.x",
        ),
    ] {
        invalid(&admin.patch(PATH, patch).await, &[field]);
    }
    // Where nothing is refreshed, a session lasts as long as its one token.
    for name in ["identity", "account", "registration"] {
        for session in [json!(3_600), json!(5), json!(null)] {
            let field = format!("token_lifetimes.{name}.session");
            invalid(&admin.patch(PATH, at(&field, session)).await, &[&field]);
        }
    }
    assert_eq!(admin.get(PATH).await.body, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_is_reported_at_once_and_nothing_is_done() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let before = admin.get(PATH).await.body;
    let patch = json!({
        "registration_open": false, "min_password_length": 129, "history_days": 0,
        "lockout": { "limit": 0, "seconds": 0 }, "token_lifetimes": { "account": { "access": 1 } },
        "email_on_signup": "maybe", "email_verification": "maybe",
    });
    invalid(
        &admin.patch(PATH, patch).await,
        &[
            "min_password_length",
            "history_days",
            "lockout.limit",
            "lockout.seconds",
            "token_lifetimes.account.access",
            "email_on_signup",
            "email_verification",
        ],
    );
    assert_eq!(admin.get(PATH).await.body, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_does_not_go_below_the_stack_s_minimum() {
    let world = World::with(&[("USHER_MIN_PASSWORD_LENGTH", "12")]).await;
    let admin = admin(&world).await;
    for below in [0, 11] {
        invalid(
            &admin.patch(PATH, json!({ "min_password_length": below })).await,
            &["min_password_length"],
        );
    }
    for fits in [json!(12), json!(20)] {
        assert_eq!(
            set(&admin, json!({ "min_password_length": fits })).await["min_password_length"],
            fits
        );
    }
    assert_eq!(
        set(&admin, json!({ "min_password_length": null })).await["min_password_length"],
        12
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shortest_password_of_who_registers_is_never_longer_than_the_longest_in_whatever_order_they_are_set() {
    let world = World::with(&[("USHER_MIN_PASSWORD_LENGTH", "4")]).await;
    let admin = admin(&world).await;
    let lengths =
        |min: Value, max: Value| json!({ "registration": { "min_password_length": min, "max_password_length": max } });
    let (min, max) = (
        ["registration.min_password_length"],
        ["registration.max_password_length"],
    );
    let one = |field: &str, value: Value| at(&format!("registration.{field}_password_length"), value);
    invalid(&admin.patch(PATH, lengths(json!(9), json!(8))).await, &max);
    invalid(&admin.patch(PATH, one("min", json!(65))).await, &min);
    set(&admin, one("max", json!(100))).await;
    set(&admin, one("min", json!(80))).await;
    for fewer in [json!(79), Value::Null] {
        invalid(&admin.patch(PATH, one("max", fewer)).await, &max);
    }
    // What every contract asks for counts as well.
    set(&admin, json!({ "registration": null })).await;
    set(&admin, one("max", json!(20))).await;
    invalid(&admin.patch(PATH, json!({ "min_password_length": 21 })).await, &min);
    set(&admin, json!({ "min_password_length": 20 })).await;
    invalid(&admin.patch(PATH, one("max", json!(19))).await, &max);
    invalid(&admin.patch(PATH, one("max", json!(3))).await, &max);
    let shown = set(&admin, json!({ "registration": null })).await;
    assert_eq!(
        shown["registration"],
        json!({ "min_password_length": 20, "max_password_length": 64 })
    );
}
