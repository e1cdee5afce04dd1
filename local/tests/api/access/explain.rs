//! `POST /api/access/explain`

use serde_json::{Value, json};

use super::{JANE, asker, catalogue, explained, verdict};
use crate::support::{Client, World};
use crate::users::{grant, invalid, refused, role, signed_in_with, user};

/// A world with a role `clerk` that may read invoices, and an account with no grant but the first.
async fn office() -> (World, Client, String) {
    let world = World::new().await;
    catalogue(&world, &["invoices.read", "invoices.write"]).await;
    role(&world, "Clerk", &["invoices.read"]).await;
    let (id, asker) = (world.user(JANE).await, asker(&world).await);
    (world, asker, id)
}

/// What each of the nearest lacks, with its role.
fn nearly(body: &Value) -> Vec<(&str, &str)> {
    let all = body["nearly"].as_array().unwrap().iter();
    all.map(|one| (one["role"].as_str().unwrap(), one["missing"].as_str().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_has_the_grants_that_allow_it_or_those_that_nearly_do() {
    let (world, asker, id) = office().await;
    let owner = world.owner().await;
    let body = json!({ "role": "clerk", "department": "Sales", "effectiveFrom": "2026-11-22T08:00:00Z",
        "effectiveTo": "2026-11-22T09:00:00Z" });
    let given = grant(&owner, &id, body).await;
    let question = json!({ "user": JANE, "permission": "invoices.read", "department": "SALES" });
    let reply = asker.post("/api/access/explain", question).await;
    let expected = format!(
        concat!(
            r#"{{"allowed":true,"until":"2026-11-22T09:00:00.000Z","because":[{{"grant":"{}","role":"Clerk","#,
            r#""department":"Sales","from":"2026-11-22T08:00:00.000Z","to":"2026-11-22T09:00:00.000Z"}}],"nearly":[],"#,
            r#""status":"active"}}"#
        ),
        given
    );
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, expected.as_str()));
    let elsewhere = asker
        .post(
            "/api/access/explain",
            json!({ "user": id, "permission": "invoices.read" }),
        )
        .await;
    let expected = json!({
        "allowed": false, "until": null, "because": [], "status": "active",
        "nearly": [
            { "grant": given, "role": "Clerk", "department": "Sales", "from": "2026-11-22T08:00:00.000Z",
                "to": "2026-11-22T09:00:00.000Z", "missing": "department" },
        ],
    });
    assert_eq!((elsewhere.status.as_u16(), &elsewhere.body), (200, &expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reason_that_alone_is_enough_is_named() {
    let (world, asker, id) = office().await;
    let owner = world.owner().await;
    role(&world, "reader", &["invoices.read", "invoices.write"]).await;
    let enough = [
        grant(&owner, &id, json!({ "role": "clerk" })).await,
        grant(&owner, &id, json!({ "role": "reader", "department": "sales" })).await,
        grant(
            &owner,
            &id,
            json!({ "role": "clerk", "effectiveTo": "2026-11-22T09:00:00Z" }),
        )
        .await,
    ];
    grant(&owner, &id, json!({ "role": "reader", "department": "support" })).await;
    grant(
        &owner,
        &id,
        json!({ "role": "reader", "effectiveFrom": "2026-11-22T09:00:00Z" }),
    )
    .await;
    let question = json!({ "user": id, "permission": "invoices.read", "department": "sales" });
    let body = explained(&asker, question).await;
    let because = body["because"].as_array().unwrap().iter();
    let because: Vec<&str> = because.map(|reason| reason["grant"].as_str().unwrap()).collect();
    assert_eq!(because, enough);
    assert_eq!((&body["until"], &body["nearly"]), (&Value::Null, &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named() {
    let (world, asker, id) = office().await;
    let owner = world.owner().await;
    let ask = async |permission: &str| {
        let body = explained(&asker, json!({ "user": id, "permission": permission })).await;
        assert_eq!((&body["allowed"], &body["because"]), (&json!(false), &json!([])));
        body
    };
    assert_eq!(nearly(&ask("invoices.read").await), [("user", "permission")]);
    let later =
        json!({ "role": "clerk", "effectiveFrom": "2026-11-22T08:10:00Z", "effectiveTo": "2026-11-22T08:20:00Z" });
    grant(&owner, &id, later).await;
    let body = ask("invoices.read").await;
    assert_eq!(
        (nearly(&body), &body["until"]),
        (vec![("Clerk", "notYet")], &json!("2026-11-22T08:10:00.000Z"))
    );
    world.clock.advance(1200);
    assert_eq!(nearly(&ask("invoices.read").await), [("Clerk", "ended")]);
    // Also once the grant is no longer among those that the account has.
    grant(&owner, &id, json!({ "role": "clerk", "department": "sales" })).await;
    let body = ask("invoices.read").await;
    let mut found = nearly(&body);
    found.sort_unstable();
    assert_eq!(found, [("Clerk", "department"), ("Clerk", "ended")]);
    grant(&owner, &id, json!({ "role": "clerk" })).await;
    assert!(verdict(&asker, &id, "invoices.read").await.0);
    for status in ["inactive", "banned", "locked"] {
        assert_eq!(owner.patch(&user(&id), json!({ "status": status })).await.status, 204);
        let body = ask("invoices.read").await;
        assert_eq!(
            (nearly(&body), body["status"].as_str()),
            (vec![("Clerk", "status")], Some(status))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_is_of_now_or_of_a_moment_to_come() {
    let (world, asker, id) = office().await;
    let body =
        json!({ "role": "clerk", "effectiveFrom": "2026-11-22T08:10:00Z", "effectiveTo": "2026-11-22T08:20:00Z" });
    grant(&world.owner().await, &id, body).await;
    for (at, allowed, until) in [
        ("2026-11-22T08:00:00Z", false, json!("2026-11-22T08:10:00.000Z")),
        ("2026-11-22T08:09:59.999Z", false, json!("2026-11-22T08:10:00.000Z")),
        ("2026-11-22T08:10:00Z", true, json!("2026-11-22T08:20:00.000Z")),
        ("2026-11-22T09:19:59.999+01:00", true, json!("2026-11-22T08:20:00.000Z")),
        ("2026-11-22T08:20:00Z", false, json!(null)),
    ] {
        let body = explained(&asker, json!({ "user": id, "permission": "invoices.read", "at": at })).await;
        assert_eq!((&body["allowed"], &body["until"]), (&json!(allowed), &until), "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_ask_for_a_check_may_ask_why_about_accounts_that_are_there() {
    let (world, asker, id) = office().await;
    let (_, jack) = signed_in_with(&world, "jack@example.org", &["clerk"]).await;
    for own in [json!({}), json!({ "user": "JACK@example.org" })] {
        let mut body = own;
        body["permission"] = json!("invoices.read");
        assert_eq!(explained(&jack, body).await["allowed"], true);
    }
    for user in [id.as_str(), "nobody@example.org"] {
        let body = json!({ "user": user, "permission": "invoices.read" });
        refused(&jack.post("/api/access/explain", body).await, 403, "missing-permission");
    }
    for user in ["nobody", "nobody@example.org", "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"] {
        let body = json!({ "user": user, "permission": "invoices.read" });
        refused(&asker.post("/api/access/explain", body).await, 404, "not-found");
    }
    assert_eq!(world.owner().await.delete(&user(&id)).await.status, 204);
    let body = json!({ "user": id, "permission": "invoices.read" });
    refused(&asker.post("/api/access/explain", body).await, 404, "not-found");
    for (body, pointer) in [
        (json!({ "permission": "invoices.nothing" }), "/permission"),
        (json!({ "permission": "invoices.read", "user": "a@b@c" }), "/user"),
        (
            json!({ "permission": "invoices.read", "department": "" }),
            "/department",
        ),
        (json!({ "permission": "invoices.read", "at": "soon" }), "/at"),
        (json!({}), "/permission"),
    ] {
        invalid(&asker.post("/api/access/explain", body).await, &[pointer]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_moment_that_there_is_is_not_this_one() {
    let (world, asker, id) = office().await;
    let owner = world.owner().await;
    let ends = json!({ "role": "clerk", "effectiveTo": "2027-01-01T00:00:00Z" });
    grant(&owner, &id, ends).await;
    for at in ["2026-12-31T23:59:59Z", "9999-12-30T23:59:59Z", "9999-12-31T23:59:59Z"] {
        let body = json!({ "user": id, "permission": "invoices.read", "at": at });
        let allowed = at.starts_with("2026");
        assert_eq!(explained(&asker, body).await["allowed"], allowed, "{at}");
        let listed = owner.get(&format!("/api/users/{id}/permissions?at={at}")).await;
        assert_eq!(listed.text.contains("invoices.read"), allowed, "{at}");
    }
}
