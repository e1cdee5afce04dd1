//! What somebody with one delegated right does to come by the others (rules 8 and 9; D1 to D4).

use serde_json::{Value, json};
use usher::domain::role::{ADMIN, USER};
use usher::domain::tenant::TenantId;
use usher::jiff::ToSpan;
use usher::store::{roles as role_store, unit};

use crate::backstage::one_time;
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, Reply, World};
use crate::users::{refused, role, signed_in_with};

const JANE: &str = "jane@example.org";

#[tokio::test(flavor = "multi_thread")]
async fn d01_d02_who_manages_roles_alone_widens_empties_and_limits_none_beyond_its_own() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "roles", &["admin.roles"]).await;
    role(&world, "keys", &["admin.keys"]).await;
    role(&world, "press", &[]).await;
    let owner_id = owner.get("/api/me/profile").await.str("id").to_owned();
    for name in ["keys", "press"] {
        let reply = owner
            .post(&format!("/api/users/{owner_id}/roles"), json!({ "role": name }))
            .await;
        assert_eq!(reply.status, 201);
    }
    let (_, roles) = signed_in_with(&world, "roles@example.org", &["roles"]).await;
    let stranger = signed_in_with(&world, JANE, &[]).await.1;
    let before = owner.get("/api/roles?limit=100").await.body;
    for (name, patch) in [
        ("user", json!({ "permissions": ["admin.roles"] })),
        ("member", json!({ "permissions": ["admin.roles"] })),
        ("SYS_ADMIN", json!({ "maxCount": 1 })),
        ("user", json!({ "maxCount": 1 })),
        ("user", json!({ "description": "mine" })),
    ] {
        refused(
            &roles.patch(&format!("/api/roles/{name}"), patch).await,
            403,
            "below-rank",
        );
    }
    for patch in [
        json!({ "permissions": [] }),
        json!({ "name": "mine" }),
        json!({ "maxCount": 1 }),
    ] {
        refused(&roles.patch("/api/roles/keys", patch).await, 403, "not-held");
    }
    // It carries nothing, but an owner has it.
    refused(
        &roles.patch("/api/roles/press", json!({ "maxCount": 1 })).await,
        403,
        "above-own-rank",
    );
    for (name, problem) in [("keys", "not-held"), ("press", "above-own-rank")] {
        refused(
            &roles.delete(&format!("/api/roles/{name}?force=true")).await,
            403,
            problem,
        );
    }
    refused(
        &stranger.delete("/api/roles/press?force=true").await,
        403,
        "missing-permission",
    );
    assert_eq!(owner.get("/api/roles?limit=100").await.body, before);
    // Roles of its own it makes, edits, and deletes.
    assert_eq!(
        roles
            .post("/api/roles", json!({ "name": "own", "permissions": ["admin.roles"] }))
            .await
            .status,
        201
    );
    assert_eq!(
        roles.patch("/api/roles/own", json!({ "maxCount": 2 })).await.status,
        200
    );
    assert_eq!(roles.delete("/api/roles/own?force=true").await.status, 204);
    assert_reconciled(&world);
}

/// A directory in which somebody widened a role of the system before that was refused.
#[tokio::test(flavor = "multi_thread")]
async fn d02_what_was_written_into_a_role_of_the_system_gives_nothing_and_is_taken_out_by_owners() {
    let world = World::new().await;
    let owner = world.owner().await;
    let main = TenantId::main();
    let before = role_store::get(&world.app.table, &main, USER.id)
        .await
        .unwrap()
        .unwrap();
    let mut after = before.clone();
    after.version += 1;
    after
        .permissions
        .extend(["admin.roles".to_owned(), "admin.users".to_owned()]);
    let writes: Vec<_> = role_store::change(&before, &after).unwrap().into_iter().collect();
    unit::commit(&world.app.table, &writes).await.unwrap();
    let jane = signed_in_with(&world, JANE, &[]).await.1;
    refused(&jane.get("/api/users").await, 403, "missing-permission");
    assert_eq!(jane.get("/api/me/profile").await.body["permissions"], json!([]));
    let reply = owner.patch("/api/roles/user", json!({ "permissions": [] })).await;
    assert_eq!((reply.status.as_u16(), &reply.body["permissions"]), (200, &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn d01_who_manages_users_alone_touches_nobody_with_a_permission_that_it_lacks() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "users", &["admin.users"]).await;
    role(&world, "keys", &["admin.keys"]).await;
    let (_, users) = signed_in_with(&world, "users@example.org", &["users"]).await;
    for (name, held) in [("sys", "SYS_ADMIN"), ("keeper", "keys")] {
        let body =
            json!({ "email": format!("{name}@example.org"), "username": name, "password": PASSWORD, "roles": [held] });
        let id = owner.post("/api/users", body).await.str("id").to_owned();
        let grants = owner.get(&format!("/api/users/{id}/roles")).await.body;
        let given = |grant: &&Value| grant["role"]["name"] == held || grant["role"] == held;
        let grant = grants.as_array().unwrap().iter().find(given).unwrap();
        let grant = grant["userRoleId"].as_str().unwrap().to_owned();
        let before = owner.get(&format!("/api/users/{id}")).await.body;
        let path = format!("/api/users/{id}");
        let v1 = format!("/v1/admin/users/{id}");
        let deeds: Vec<Reply> = vec![
            users.patch(&path, json!({ "username": "other" })).await,
            users.patch(&path, json!({ "firstName": "Other" })).await,
            users.patch(&path, json!({ "emailVerified": true })).await,
            users.patch(&path, json!({ "password": "battery staple" })).await,
            users.patch(&path, json!({ "email": "evil@example.org" })).await,
            users.put(&path, json!({ "status": "inactive" })).await,
            users.put(&path, json!({ "type": "user" })).await,
            users.post_empty(&format!("{path}/lock")).await,
            users.post_empty(&format!("{path}/unlock")).await,
            users.post_empty(&format!("{path}/reset-password")).await,
            users
                .post(&format!("{path}/roles"), json!({ "role": "user", "department": "x" }))
                .await,
            users.delete(&format!("{path}/roles/{grant}")).await,
            users.delete(&path).await,
            users.put(&v1, json!({ "user_name": "other" })).await,
            users.post(&format!("{v1}/roles"), json!({ "roles": ["users"] })).await,
            users.delete(&format!("{v1}/roles/{held}")).await,
            users.delete(&v1).await,
            users.delete(&format!("/v1/user/ban/{name}")).await,
            users.delete(&format!("/v1/user/ban/{name}/lift")).await,
        ];
        for (n, reply) in deeds.iter().enumerate() {
            assert_eq!(reply.status, 403, "deed {n} to {name}: {}", reply.text);
        }
        assert_eq!(owner.get(&path).await.body, before);
    }
    assert_reconciled(&world);
}

/// Whoever takes up the invitation is in charge from then on, and nobody before.
#[tokio::test(flavor = "multi_thread")]
async fn d03_an_invitation_that_nobody_took_up_keeps_nobody_in_charge() {
    let world = World::new().await;
    let owner = world.owner().await;
    assert_eq!(owner.delete("/api/users/admin@gauth.local").await.status, 204);
    let ghost = json!({ "username": "ghost", "roles": ["owner"] });
    assert_eq!(owner.post("/api/users", ghost).await.status, 201);
    let invited = json!({ "email": "heir@example.org", "roles": ["owner"] });
    let heir = owner.post("/api/users", invited).await.str("id").to_owned();
    let own = format!("/api/users/{}", owner.get("/api/me/profile").await.str("id"));
    // Nor does a password that ends, with an address that nobody has shown to be theirs.
    let doubtful =
        json!({ "username": "doubtful", "email": "no@where.invalid", "password": PASSWORD, "roles": ["owner"] });
    let doubtful = owner.post("/api/users", doubtful).await.str("id").to_owned();
    assert_eq!(
        owner
            .post_empty(&format!("/api/users/{doubtful}/reset-password"))
            .await
            .status,
        200
    );
    for reply in [
        owner.delete(&own).await,
        owner.put(&own, json!({ "type": "user" })).await,
        owner.put(&own, json!({ "status": "inactive" })).await,
        owner.post_empty(&format!("{own}/lock")).await,
        owner.delete("/v1/user/ban/owner").await,
        owner
            .put(
                &format!("/v1/admin{}", own.trim_start_matches("/api")),
                json!({ "roles": ["user"] }),
            )
            .await,
        owner.get("/owner/delete").await,
        owner.get("/owner/deleteaccount").await,
    ] {
        assert_eq!(reply.status, 409, "{}", reply.text);
    }
    let token = one_time(&world, &heir, usher::domain::mail::Purpose::SetPassword).await;
    let chosen = json!({ "token": token, "newPassword": "battery staple" });
    assert_eq!(world.nobody().post("/api/auth/set-password", chosen).await.status, 204);
    assert_eq!(owner.delete(&own).await.status, 204);
    let heir = world.signed_in("heir@example.org", "battery staple").await;
    assert_eq!(heir.get("/api/users").await.status, 200);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn d01_what_is_held_until_a_date_or_for_a_department_is_given_for_no_longer_and_nowhere_else() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "press", &["admin.keys"]).await;
    let (id, jane) = signed_in_with(&world, JANE, &[]).await;
    let end = world.now() + 4.seconds();
    let in_press = json!({ "role": "press", "department": "press" });
    for held in [
        json!({ "role": "admin", "effectiveTo": end.to_string() }),
        in_press.clone(),
    ] {
        let reply = owner.post(&format!("/api/users/{id}/roles"), held).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
    let friend = world.user("friend@example.org").await;
    let later = (end + 1.second()).to_string();
    for whom in [&id, &friend] {
        let path = format!("/api/users/{whom}/roles");
        let give = async |body: Value| jane.post(&path, body).await;
        refused(&give(json!({ "role": "admin" })).await, 403, "held-for-less");
        refused(
            &give(json!({ "role": "admin", "effectiveTo": later })).await,
            403,
            "held-for-less",
        );
        refused(
            &give(json!({ "role": "SYS_ADMIN", "effectiveTo": later })).await,
            403,
            "held-for-less",
        );
        refused(&give(json!({ "role": "press" })).await, 403, "held-for-less");
        assert_eq!(
            give(json!({ "role": "SYS_ADMIN", "effectiveTo": end.to_string() }))
                .await
                .status,
            201
        );
    }
    for (path, body) in [
        (
            "/api/users",
            json!({ "username": "new", "password": PASSWORD, "roles": ["admin"] }),
        ),
        (
            "/v1/admin/users",
            json!({ "email": "n@example.org", "password": PASSWORD, "user_name": "new", "roles": ["SYS_ADMIN"] }),
        ),
    ] {
        assert_eq!(jane.post(path, body).await.status, 403);
    }
    // The place of whoever holds it for good is not taken either.
    let reset = "/api/users/admin@gauth.local/reset-password";
    refused(&jane.post_empty(reset).await, 403, "above-own-rank");
    let wider = json!({ "permissions": ["admin.users"] });
    assert_eq!(owner.post("/api/roles", json!({ "name": "wide" })).await.status, 201);
    refused(&jane.patch("/api/roles/wide", wider).await, 403, "held-for-less");
    world.clock.advance(4);
    for who in [&jane, &world.signed_in("friend@example.org", PASSWORD).await] {
        refused(&who.get("/api/users").await, 403, "missing-permission");
    }
    assert_reconciled(&world);
}

async fn rows(owner: &Client, query: &str) -> Vec<Value> {
    let reply = owner.get(&format!("/api/rights-history?{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn d04_what_somebody_changes_of_another_s_credentials_is_in_the_history_with_who_and_from_where() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (admin_id, admin) = signed_in_with(&world, "chief@example.org", &["admin"]).await;
    let id = world.user(JANE).await;
    let path = format!("/api/users/{id}");
    let made = rows(&owner, &format!("target={id}&limit=100")).await.len();
    world.clock.advance_ms(1);
    let temporary = admin.post_empty(&format!("{path}/reset-password")).await;
    assert_eq!(temporary.status, 200);
    for patch in [
        json!({ "email": "other@example.org" }),
        json!({ "emailVerified": true }),
        json!({ "username": "other" }),
        json!({ "firstName": "Other" }),
        json!({ "password": "battery staple" }),
        json!({ "status": "inactive" }),
        json!({ "status": "active" }),
    ] {
        world.clock.advance_ms(1);
        assert_eq!(admin.patch(&path, patch).await.status, 204);
    }
    for _ in 0..5 {
        let wrong = json!({ "username": "other", "password": "wrong" });
        world.nobody().post("/api/auth/login", wrong).await;
    }
    world.clock.advance_ms(1);
    assert_eq!(admin.post_empty(&format!("{path}/unlock")).await.status, 204);
    let mut all = rows(&owner, &format!("target={id}&limit=100")).await;
    all.truncate(all.len() - made);
    let kinds: Vec<&str> = all.iter().rev().map(|row| row["kind"].as_str().unwrap()).collect();
    let expected = [
        "passwordSet",
        "emailChanged",
        "emailChanged",
        "usernameChanged",
        "profileChanged",
        "passwordSet",
        "statusChanged",
        "statusChanged",
        "attemptsCleared",
    ];
    assert_eq!(kinds, expected);
    for row in &all {
        assert_eq!(
            (row["actor"].as_str(), row["target"].as_str()),
            (Some(admin_id.as_str()), Some(id.as_str()))
        );
        assert_eq!(row["ip"], "127.0.0.1");
    }
    assert_eq!(all[7]["before"], json!({ "email": JANE, "emailVerified": false }));
    assert_eq!(
        all[7]["after"],
        json!({ "email": "other@example.org", "emailVerified": false })
    );
    let text = serde_json::to_string(&all).unwrap();
    assert!(
        !text.contains("argon2") && !text.contains(temporary.str("temporaryPassword")),
        "{text}"
    );
    assert_eq!(
        rows(&owner, &format!("actor={admin_id}&limit=100")).await.len(),
        expected.len()
    );
    // What somebody changes of their own is theirs.
    let jane = world.signed_in("other", "battery staple").await;
    assert_eq!(
        jane.patch("/api/me/profile", json!({ "firstName": "Jane" }))
            .await
            .status,
        200
    );
    assert_eq!(
        rows(&owner, &format!("target={id}&limit=100")).await.len(),
        made + expected.len()
    );
    // Of an erased account the bare id is kept.
    let erased = json!({ "Id": id });
    assert_eq!(owner.post("/owner/deleteuseraccount", erased).await.status, 200);
    let text = serde_json::to_string(&rows(&owner, &format!("target={id}&limit=100")).await).unwrap();
    assert!(text.contains("usernameChanged") && !text.contains("other"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d04_every_change_of_settings_keys_and_tenants_is_shown_with_who_made_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let own = owner.get("/api/me/profile").await.str("id").to_owned();
    assert_eq!(
        owner.patch("/v1/settings", json!({ "history_days": 100 })).await.status,
        200
    );
    let key = owner
        .post("/api/api-keys", json!({ "name": "x" }))
        .await
        .str("id")
        .to_owned();
    assert_eq!(owner.delete(&format!("/api/api-keys/{key}")).await.status, 204);
    let acme =
        json!({ "id": "acme", "owner": { "email": "boss@example.org", "username": "boss", "password": PASSWORD } });
    assert_eq!(owner.post("/api/tenants", acme).await.status, 201);
    let all = rows(&owner, &format!("actor={own}")).await;
    let kinds: Vec<&str> = all.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    for kind in ["settingsChanged", "apiKeyCreated", "apiKeyRevoked", "tenantCreated"] {
        assert!(kinds.contains(&kind), "{kind} of {kinds:?}");
    }
    let of_role = rows(&owner, &format!("role={}", ADMIN.id)).await;
    assert!(
        of_role.iter().all(|row| row["kind"] != "settingsChanged"),
        "{of_role:?}"
    );
    for wrong in ["target=nobody", "role=nothing", "actor=a%20%20b"] {
        assert_eq!(
            owner.get(&format!("/api/rights-history?{wrong}")).await.status,
            400,
            "{wrong}"
        );
    }
}
