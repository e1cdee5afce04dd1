//! `local admin`, by the functions that the command calls, on the world's own table and clock.

use clap::Parser;
use local::args::{Args, Command};
use local::place::Opened;
use serde_json::json;

use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, World};

/// What `admin` with these arguments prints, in lines and altogether; or why it does not do it.
pub async fn operate(world: &World, arguments: &[&str]) -> Result<(String, String), String> {
    let args = Args::try_parse_from([&["usher", "admin"], arguments].concat()).unwrap();
    let Some(Command::Admin(admin)) = args.command else {
        panic!("no command")
    };
    let opened = Opened {
        app: world.app.clone(),
        embedded: None,
    };
    let mut printed = Vec::new();
    let done = local::operator::on(&admin, &opened, &mut printed).await;
    let printed = String::from_utf8(printed).unwrap();
    let last = printed.lines().last().unwrap_or_default().to_owned();
    done.map(|()| (printed, last)).map_err(|error| error.to_string())
}

/// How many rows of this kind the rights history has of an account, by the operator.
pub async fn rows_of(world: &World, target: &str, kind: &str) -> usize {
    let rows = world.items().into_iter().filter(|item| {
        let is = |name: &str, value: &str| item[name]["S"] == value;
        let of = item["target"].to_string().contains(target);
        is("kind", kind) && of && is("actor", "00000000-0000-8000-8000-000000000000")
    });
    rows.count()
}

async fn login(world: &World, name: &str, password: &str) -> u16 {
    let body = json!({ "username": name, "password": password });
    world.nobody().post("/api/auth/login", body).await.status.as_u16()
}

async fn choose(client: &Client, link: &str, password: &str) -> u16 {
    let token = link.rsplit('#').next().unwrap();
    let body = json!({ "token": token, "newPassword": password });
    client.post("/api/auth/set-password", body).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_owner_comes_back_by_a_link_that_works_once() {
    let world = World::new().await;
    let id = world.user("lost@example.org").await;
    let path = format!("/api/users/{id}");
    let owner = world.owner().await;
    assert_eq!(owner.patch(&path, json!({ "status": "banned" })).await.status, 204);
    let before = world.items();
    let (dry, _) = operate(&world, &["owner", "--email", "lost@example.org", "--dry-run"])
        .await
        .unwrap();
    assert!(dry.contains("roleGranted") && dry.contains("statusChanged"), "{dry}");
    assert_eq!(world.items(), before);
    let (printed, link) = operate(&world, &["owner", "--email", "lost@example.org"])
        .await
        .unwrap();
    assert!(
        printed.contains(&id) && link.starts_with("https://usher.test/set-password#"),
        "{printed}"
    );
    assert_eq!(choose(&world.nobody(), &link, "another horse").await, 204);
    assert_eq!(choose(&world.nobody(), &link, "a third horse").await, 400);
    let back = world.signed_in("lost@example.org", "another horse").await;
    // In charge of the tenant: it may demote whoever was.
    let done = back
        .patch("/api/users/owner@usher.local", json!({ "status": "inactive" }))
        .await;
    assert_eq!(done.status, 204, "{}", done.text);
    for kind in ["linkIssued", "roleGranted", "statusChanged"] {
        assert_eq!(rows_of(&world, &id, kind).await, 1, "{kind}");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_in_an_account_that_becomes_an_owner_by_the_command_is_not_any_more() {
    let world = World::new().await;
    let body =
        json!({ "email": "lost@example.org", "username": "lost", "password": PASSWORD, "confirm_password": PASSWORD });
    assert_eq!(world.nobody().post("/v1/user/register", body).await.status, 200);
    let stranger = world.signed_in("lost", PASSWORD).await;
    let id = stranger.get("/api/me/profile").await.str("id").to_owned();
    // Anybody can register an address that they do not read.
    let (_, link) = operate(&world, &["owner", "--email", "lost@example.org"])
        .await
        .unwrap();
    assert_eq!(stranger.get("/api/me/profile").await.status, 401);
    assert_eq!(login(&world, "lost", PASSWORD).await, 401);
    assert_eq!(choose(&world.nobody(), &link, "another horse").await, 204);
    let back = world.signed_in("lost", "another horse").await;
    assert_eq!(back.get("/api/users").await.status, 200);
    assert_eq!(rows_of(&world, &id, "passwordSet").await, 1);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_nobody_is_a_new_owner_and_a_name_of_nobody_is_refused() {
    let world = World::new().await;
    let (printed, link) = operate(&world, &["owner", "--email", "new@example.org"]).await.unwrap();
    assert!(printed.contains("a new account"), "{printed}");
    assert_eq!(choose(&world.nobody(), &link, "another horse").await, 204);
    let new = world.signed_in("new@example.org", "another horse").await;
    assert_eq!(new.get("/api/users").await.status, 200);
    let refused = operate(&world, &["owner", "--user", "nobody@example.org"])
        .await
        .unwrap_err();
    assert!(refused.contains("user"), "{refused}");
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_an_address_gets_a_temporary_password() {
    let world = World::new().await;
    let body = json!({ "username": "keeper", "password": PASSWORD });
    let id = world.owner().await.post("/api/users", body).await.str("id").to_owned();
    let (_, password) = operate(&world, &["owner", "--user", "keeper"]).await.unwrap();
    assert_eq!(login(&world, "keeper", PASSWORD).await, 401);
    let keeper = world.signed_in("keeper", &password).await;
    let body = json!({ "currentPassword": password, "newPassword": "another horse" });
    assert_eq!(keeper.post("/api/auth/change-password", body).await.status, 204);
    let keeper = world.signed_in("keeper", "another horse").await;
    assert_eq!(keeper.get("/api/users").await.status, 200);
    assert_eq!(rows_of(&world, &id, "passwordSet").await, 1);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_kinds_of_locks_of_both_names_end() {
    let world = World::new().await;
    let body = json!({ "email": "jane@example.org", "username": "jane", "password": PASSWORD });
    let id = world.owner().await.post("/api/users", body).await.str("id").to_owned();
    for name in ["jane", "jane@example.org"] {
        for _ in 0..5 {
            login(&world, name, "a wrong one").await;
        }
        assert_eq!(login(&world, name, PASSWORD).await, 423, "{name}");
    }
    operate(&world, &["unlock", "jane", "--dry-run"]).await.unwrap();
    assert_eq!(login(&world, "jane", PASSWORD).await, 423);
    operate(&world, &["unlock", "jane"]).await.unwrap();
    for name in ["jane", "jane@example.org"] {
        assert_eq!(login(&world, name, PASSWORD).await, 200, "{name}");
    }
    assert_eq!(rows_of(&world, &id, "attemptsCleared").await, 1);
    let locked = world
        .owner()
        .await
        .post(&format!("/api/users/{id}/lock"), json!({}))
        .await;
    assert!(locked.status.is_success(), "{}", locked.text);
    operate(&world, &["unlock", &id]).await.unwrap();
    assert_eq!(login(&world, "jane", PASSWORD).await, 200);
    assert_eq!(rows_of(&world, &id, "statusChanged").await, 1);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_session_of_an_account_ends() {
    let world = World::new().await;
    let id = world.user("jane@example.org").await;
    let jane = world.signed_in("jane@example.org", PASSWORD).await;
    operate(&world, &["revoke-sessions", "jane@example.org", "--dry-run"])
        .await
        .unwrap();
    assert_eq!(jane.get("/api/me/profile").await.status, 200);
    operate(&world, &["revoke-sessions", "jane@example.org"]).await.unwrap();
    assert_eq!(jane.get("/api/me/profile").await.status, 401);
    assert_eq!(rows_of(&world, &id, "sessionEnded").await, 1);
}

/// The operator's machine has none of the stack's settings.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_operator_signs_as_those_of_the_stack_do_wherever_its_algorithm_is_set() {
    for stack in ["RS256", "ES256", "EdDSA"] {
        let set_up = World::with(&[("USHER_JWT_ALGORITHM", stack)]).await;
        let world = World::later(set_up.db.clone(), &[], set_up.now()).await;
        let all = async || {
            world.clock.advance(11);
            let set = world.nobody().get("/.well-known/jwks.json").await;
            let keys = set.body["keys"].as_array().unwrap().iter();
            keys.map(|key| key["alg"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        for arguments in [
            &["rotate-key", "--now"][..],
            &["rotate-key"],
            &["rotate-key", "--revoke-all"],
        ] {
            operate(&world, arguments).await.unwrap();
            let algorithms = all().await;
            assert!(
                algorithms.iter().all(|one| one == stack),
                "{arguments:?}: {algorithms:?}"
            );
        }
    }
    // Where it is set, that counts.
    let set_up = World::new().await;
    let world = World::later(set_up.db.clone(), &[("USHER_JWT_ALGORITHM", "ES256")], set_up.now()).await;
    operate(&world, &["rotate-key", "--revoke-all"]).await.unwrap();
    let set = world.nobody().get("/.well-known/jwks.json").await;
    assert_eq!(set.body["keys"][0]["alg"], "ES256");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_signs_and_what_one_signed_that_is_taken_away_is_refused() {
    let world = World::new().await;
    let kids = async || {
        let set = world.nobody().get("/.well-known/jwks.json").await;
        let keys = set.body["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let before = kids().await;
    operate(&world, &["rotate-key", "--dry-run"]).await.unwrap();
    world.clock.advance(11);
    assert_eq!(kids().await, before);
    let owner = world.owner().await;
    operate(&world, &["rotate-key", "--now"]).await.unwrap();
    world.clock.advance(11);
    let after = kids().await;
    assert_eq!(after.len(), before.len() + 1, "{after:?}");
    assert_eq!(
        owner.get("/api/me/profile").await.status,
        200,
        "what the former one signed is valid"
    );
    let new = after.iter().find(|kid| !before.contains(kid)).unwrap().clone();
    let by_new = world.owner().await;
    operate(&world, &["rotate-key", "--revoke", &new]).await.unwrap();
    world.clock.advance(11);
    assert_eq!(by_new.get("/api/me/profile").await.status, 401);
    assert_eq!(owner.get("/api/me/profile").await.status, 200);
    operate(&world, &["rotate-key", "--revoke-all"]).await.unwrap();
    world.clock.advance(11);
    assert_eq!(owner.get("/api/me/profile").await.status, 401);
    assert_eq!(world.owner().await.get("/api/me/profile").await.status, 200);
    assert_eq!(rows_of(&world, "main", "signingKeyMade").await, 2);
    assert!(rows_of(&world, "main", "signingKeyRevoked").await >= 3);
    let unknown = operate(&world, &["rotate-key", "--revoke", "none"]).await.unwrap_err();
    assert!(!unknown.is_empty());
}
