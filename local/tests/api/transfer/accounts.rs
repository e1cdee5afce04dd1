//! Accounts taken over one by one.

use serde_json::json;
use usher::actions::transfer::{self, Imported};
use usher::domain::history::OPERATOR;
use usher::domain::transfer::AccountLine;
use usher::id::UserId;
use usher::store::users;

use super::{account, import, imported, operator, refusal, whole};
use crate::audit::assert_whole;
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World, at_once};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_taken_over_with_all_that_its_line_has() {
    let world = World::new().await;
    let id = imported(&world, &whole()).await;
    assert_eq!(id, whole()["id"]);
    let owner = world.owner().await;
    let shown = owner.get(&format!("/api/users/{id}")).await;
    assert_eq!(shown.body["createdAt"], "2024-01-01T12:00:00.123Z", "{}", shown.text);
    assert_eq!(shown.body["email"], "Jane@Example.org");
    let found = owner.get("/api/users?q=jane%40example").await;
    assert_eq!(found.body["items"][0]["id"], id, "{}", found.text);
    let grants = owner.get(&format!("/api/users/{id}/roles")).await;
    assert!(
        grants.text.contains("0192f0c1-2d3e-7f4a-8b5c-6d7e8f905678"),
        "{}",
        grants.text
    );
    world.signed_in("jane", PASSWORD).await;
    assert_reconciled(&world);
    assert_whole(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_names_the_operator_and_nobody_is_written_to() {
    let world = World::new().await;
    let id = imported(&world, &json!({ "email": "invited@example.org" })).await;
    let unverified = json!({ "email": "new@example.org", "passwordHash": whole()["passwordHash"] });
    imported(&world, &unverified).await;
    let history = world
        .owner()
        .await
        .get(&format!("/api/rights-history?target={id}"))
        .await;
    assert_eq!(
        history.body["items"][0]["actor"],
        OPERATOR.to_string(),
        "{}",
        history.text
    );
    let mails = world.items().into_iter();
    let mails: Vec<_> = mails
        .filter(|item| item["PK"]["S"].as_str().unwrap().starts_with("MAIL#"))
        .collect();
    assert_eq!(mails, Vec::<serde_json::Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_over_again_it_is_there_and_of_many_at_once_one_makes_it() {
    let world = World::new().await;
    let cx = operator(&world).await;
    let line = account(&whole());
    let all = at_once(8, |_| {
        let (cx, line) = (cx.clone(), line.clone());
        async move { transfer::account(&cx, &line).await.unwrap() }
    })
    .await;
    let created = all.iter().filter(|taken| matches!(taken, Imported::Created(_))).count();
    assert_eq!(created, 1, "{all:?}");
    assert!(matches!(import(&world, &whole()).await, Ok(Imported::Exists(_))));
    let mut without_id = whole();
    without_id.as_object_mut().unwrap().remove("id");
    assert!(matches!(import(&world, &without_id).await, Ok(Imported::Exists(_))));
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_invalid_or_unknown_is_refused_and_changes_nothing() {
    let world = World::new().await;
    imported(&world, &whole()).await;
    let before = world.items().len();
    let with = |name: &str, value: serde_json::Value| {
        let mut line = json!({ "email": "other@example.org" });
        line[name] = value;
        line
    };
    let cases = [
        (
            with("id", whole()["id"].clone()),
            "/id: an account that differs has this id",
        ),
        (with("id", json!(OPERATOR.to_string())), "/id: no account has this id"),
        (
            with("number", json!(4711)),
            "/number: another account has this number, or had it",
        ),
        (with("email", json!("jane@example.org")), "the e-mail address is taken"),
        (with("username", json!("JANE")), "the username is taken"),
        (with("roles", json!(["nothing"])), "/roles: there is no role `nothing`"),
        (
            with("createdAt", json!("2100-01-01T00:00:00Z")),
            "/createdAt: this is not in the past",
        ),
        (
            json!({ "profile": {} }),
            "/email: an account needs an e-mail address or a username",
        ),
    ];
    for (line, why) in cases {
        assert_eq!(refusal(&world, &line).await, why);
    }
    assert_eq!(world.items().len(), before);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_status_comes_over_and_a_limit_of_a_role_holds() {
    let world = World::new().await;
    for status in ["inactive", "locked", "banned", "deleted"] {
        let id = UserId::new(world.now()).unwrap().to_string();
        imported(
            &world,
            &json!({ "id": id, "email": format!("{status}@example.org"), "status": status }),
        )
        .await;
    }
    let owner = world.owner().await;
    let made = owner.post("/api/roles", json!({ "name": "few", "maxCount": 1 })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    imported(&world, &json!({ "email": "one@example.org", "roles": ["few"] })).await;
    let two = json!({ "email": "two@example.org", "roles": ["few"] });
    assert_eq!(refusal(&world, &two).await, "the role is full");
    let locked = owner.get("/api/users?status=locked").await;
    assert_eq!(locked.body["total"], 1, "{}", locked.text);
    assert_reconciled(&world);
}

#[tokio::test]
async fn what_a_ban_covers_comes_over_and_goes_out_again() {
    let world = World::new().await;
    let line = json!({
        "username": "jane", "status": "banned", "statusBeforeBan": "locked", "lockReason": "fraud",
        "lockedUntil": "2100-01-01T00:00:00Z",
    });
    let id = imported(&world, &line).await;
    let cx = operator(&world).await;
    let user = users::get(&cx.app.table, &cx.tenant, id.parse().unwrap())
        .await
        .unwrap();
    let out = serde_json::to_value(AccountLine::of(&user.unwrap(), cx.now, |_| None)).unwrap();
    for (name, value) in line.as_object().unwrap() {
        assert_eq!(&out[name], value, "{name}");
    }
    let owner = world.owner().await;
    assert_eq!(owner.delete("/v1/user/ban/jane/lift").await.status, 200);
    let shown = owner.get("/api/users/jane").await;
    assert_eq!(shown.str("status"), "locked");
    assert_reconciled(&world);
}
