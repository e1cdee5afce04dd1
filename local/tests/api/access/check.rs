//! `POST /api/access/check`

use serde_json::{Value, json};

use super::{JANE, asker, catalogue, check, verdict};
use crate::auth::login;
use crate::support::{PASSWORD, World};
use crate::tenants::{owner_of, with_header};
use crate::users::{grant, invalid, refused, role, signed_in_with, user};

const NO: (bool, Value) = (false, Value::Null);
const YES: (bool, Value) = (true, Value::Null);

#[tokio::test(flavor = "multi_thread")]
async fn one_check_is_an_object_and_a_list_of_them_a_list_in_its_order() {
    let world = World::new().await;
    catalogue(&world, &["invoices.read", "invoices.write"]).await;
    role(&world, "clerk", &["invoices.read"]).await;
    let (jane, asker) = (world.user(JANE).await, asker(&world).await);
    let until = json!({ "role": "clerk", "effectiveTo": "2026-11-22T09:00:00Z" });
    grant(&world.owner().await, &jane, until).await;
    let one = check(&asker, json!({ "user": jane, "permission": "invoices.read" })).await;
    assert_eq!(one.text, r#"{"allowed":true,"until":"2026-11-22T09:00:00.000Z"}"#);
    let two = json!([
        { "user": JANE, "permission": "invoices.write" },
        { "user": jane, "permission": "invoices.read" },
    ]);
    let two = check(&asker, json!({ "checks": two })).await;
    let listed = r#"[{"allowed":false,"until":null},{"allowed":true,"until":"2026-11-22T09:00:00.000Z"}]"#;
    assert_eq!((two.status.as_u16(), two.text.as_str()), (200, listed));
    let list_of_one = json!({ "checks": [{ "user": jane, "permission": "invoices.write" }] });
    let list_of_one = check(&asker, list_of_one).await;
    assert_eq!(list_of_one.text, r#"[{"allowed":false,"until":null}]"#);
    assert_eq!(one.header("cache-control"), "no-store");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_named_by_id_address_or_username_in_any_letter_case() {
    let world = World::new().await;
    let owner = world.owner().await;
    catalogue(&world, &["invoices.read"]).await;
    role(&world, "clerk", &["invoices.read"]).await;
    let body = json!({ "email": JANE, "username": "jane", "password": PASSWORD, "roles": ["clerk"] });
    let id = owner.post("/api/users", body).await.str("id").to_owned();
    let (asker, upper) = (asker(&world).await, id.to_uppercase());
    for name in [&id, &upper, "Jane@Example.ORG", "JANE", "jane", "ｊａｎｅ"] {
        assert_eq!(verdict(&asker, name, "invoices.read").await, YES, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_asks_about_itself_and_about_others_who_holds_admin_access() {
    let world = World::new().await;
    catalogue(&world, &["invoices.read"]).await;
    role(&world, "clerk", &["invoices.read"]).await;
    role(&world, "users", &["admin.users", "admin.roles", "admin.keys"]).await;
    let (id, jane) = signed_in_with(&world, JANE, &["clerk"]).await;
    let other = world.user("jack@example.org").await;
    for own in [
        json!({}),
        json!({ "user": null }),
        json!({ "user": id }),
        json!({ "user": "JANE@example.org" }),
    ] {
        let mut body = own.clone();
        body["permission"] = json!("invoices.read");
        let reply = check(&jane, body.clone()).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.body["allowed"]),
            (200, &json!(true)),
            "{own}"
        );
        assert_eq!(check(&jane, json!({ "checks": [body] })).await.status, 200, "{own}");
    }
    let (_, users) = signed_in_with(&world, "users@example.org", &["users"]).await;
    for user in [other.as_str(), "jack@example.org", "nobody@example.org", "nobody"] {
        let about = json!({ "user": user, "permission": "invoices.read" });
        let hidden = json!({ "checks": [{ "permission": "invoices.read" }, about] });
        for client in [&jane, &users] {
            for body in [&about, &hidden] {
                refused(&check(client, body.clone()).await, 403, "missing-permission");
            }
        }
    }
    for client in [asker(&world).await, world.admin().await, world.owner().await] {
        assert_eq!(verdict(&client, &other, "invoices.read").await, NO);
    }
    refused(
        &check(&world.nobody(), json!({ "permission": "invoices.read" })).await,
        401,
        "no-credentials",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_catalogue_lacks_is_refused_at_its_place() {
    let world = World::new().await;
    catalogue(&world, &["invoices.read"]).await;
    let admin = world.admin().await;
    for name in [
        "invoices.write",
        "INVOICES.READ",
        "admin.nothing",
        "",
        " ",
        "invoices.read ",
    ] {
        for user in [json!(null), json!("nobody@example.org")] {
            let one = json!({ "user": user, "permission": name });
            invalid(&check(&admin, one.clone()).await, &["/permission"]);
            let known = json!({ "permission": "admin.users" });
            let list = json!({ "checks": [known, known, known, one, { "permission": "invoices.read" }, one] });
            invalid(
                &check(&admin, list).await,
                &["/checks/3/permission", "/checks/5/permission"],
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_one_to_a_hundred_checks_and_one_of_both_forms() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = [world.user(JANE).await, world.user("jack@example.org").await];
    let user = |n: usize| match n % 4 {
        0 => json!(ids[0]),
        1 => json!("jack@example.org"),
        2 => json!(format!("nobody{n}@example.org")),
        _ => json!("owner"),
    };
    let checks: Vec<Value> = (0..101)
        .map(|n| json!({ "user": user(n), "permission": "admin.users" }))
        .collect();
    let reply = check(&owner, json!({ "checks": checks[..100] })).await;
    let expected: Vec<Value> = (0..100)
        .map(|n| json!({ "allowed": n % 4 == 3, "until": null }))
        .collect();
    assert_eq!((reply.status.as_u16(), &reply.body), (200, &json!(expected)));
    let one = json!({ "permission": "admin.users" });
    for (body, pointer) in [
        (json!({ "checks": checks }), "/checks"),
        (json!({ "checks": [] }), "/checks"),
        (json!({ "checks": [one], "permission": "admin.users" }), "/checks"),
        (json!({ "checks": [one], "user": "owner" }), "/checks"),
        (json!({ "checks": [one], "department": "sales" }), "/checks"),
        (json!({}), "/permission"),
        (json!({ "user": "owner" }), "/permission"),
        (json!({ "permission": "admin.users", "user": "a@b@c" }), "/user"),
        (
            json!({ "checks": [one, { "permission": "admin.users", "user": "" }] }),
            "/checks/1/user",
        ),
        (
            json!({ "permission": "admin.users", "department": "a".repeat(65) }),
            "/department",
        ),
        (
            json!({ "checks": [{ "permission": "admin.users", "department": "\n" }] }),
            "/checks/0/department",
        ),
    ] {
        invalid(&check(&owner, body).await, &[pointer]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn z01_who_is_not_there_or_not_active_may_do_nothing_and_a_lock_until_it_ends() {
    let world = World::new().await;
    let owner = world.owner().await;
    catalogue(&world, &["invoices.read"]).await;
    role(&world, "clerk", &["invoices.read"]).await;
    let (id, asker) = (world.user_with(JANE, &["clerk"]).await, asker(&world).await);
    for gone in ["nobody", "nobody@example.org", "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"] {
        assert_eq!(verdict(&asker, gone, "invoices.read").await, NO, "{gone}");
    }
    for status in ["inactive", "banned", "locked"] {
        assert_eq!(owner.patch(&user(&id), json!({ "status": status })).await.status, 204);
        assert_eq!(verdict(&asker, &id, "invoices.read").await, NO, "{status}");
        assert_eq!(owner.patch(&user(&id), json!({ "status": "active" })).await.status, 204);
        assert_eq!(verdict(&asker, &id, "invoices.read").await, YES, "{status}");
    }
    let end = json!("2026-11-22T08:10:00.000Z");
    let lock = owner
        .post(&format!("{}/lock", user(&id)), json!({ "until": end }))
        .await;
    assert_eq!(lock.status, 204);
    assert_eq!(verdict(&asker, JANE, "invoices.read").await, (false, end.clone()));
    // What it never holds, it does not hold at the end of the lock either.
    assert_eq!(verdict(&asker, JANE, "admin.users").await, NO);
    world.clock.advance_ms(10 * 60_000 - 1);
    assert_eq!(verdict(&asker, &id, "invoices.read").await, (false, end));
    world.clock.advance_ms(1);
    assert_eq!(verdict(&asker, &id, "invoices.read").await, YES);
    assert_eq!(owner.delete(&user(&id)).await.status, 204);
    for name in [id.as_str(), JANE] {
        assert_eq!(verdict(&asker, name, "invoices.read").await, NO, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_locked_by_failed_logins_may_do_what_it_might() {
    let world = World::new().await;
    catalogue(&world, &["invoices.read"]).await;
    role(&world, "clerk", &["invoices.read"]).await;
    let (_, jane) = signed_in_with(&world, JANE, &["clerk"]).await;
    for _ in 0..6 {
        login(&world, JANE, "a wrong password").await;
    }
    assert_ne!(login(&world, JANE, PASSWORD).await.status, 200, "it is locked");
    assert_eq!(verdict(&asker(&world).await, JANE, "invoices.read").await, YES);
    assert_eq!(
        check(&jane, json!({ "permission": "invoices.read" })).await.body["allowed"],
        true
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn until_is_the_next_moment_at_which_the_answer_is_another_one() {
    let world = World::new().await;
    let owner = world.owner().await;
    catalogue(&world, &["invoices.read"]).await;
    role(&world, "clerk", &["invoices.read"]).await;
    let (id, asker) = (world.user(JANE).await, asker(&world).await);
    // 08:01 to 08:02, 08:02 to 08:04 without a gap, and 08:05 to 08:06 after one.
    for (from, to) in [(1, 2), (2, 4), (5, 6)] {
        let [from, to] = [from, to].map(|minute| format!("2026-11-22T08:0{minute}:00Z"));
        grant(
            &owner,
            &id,
            json!({ "role": "clerk", "effectiveFrom": from, "effectiveTo": to }),
        )
        .await;
    }
    let mut said = Vec::new();
    for ms in [0, 59_999, 1, 60_000, 119_999, 1, 59_999, 1, 59_999, 1] {
        world.clock.advance_ms(ms);
        let (allowed, until) = verdict(&asker, &id, "invoices.read").await;
        let until = until.as_str().map(|text| text[14..19].to_owned());
        said.push((allowed, until.unwrap_or_default()));
    }
    let expected = [
        (false, "01:00"),
        (false, "01:00"),
        (true, "04:00"),
        (true, "04:00"),
        (true, "04:00"),
        (false, "05:00"),
        (false, "05:00"),
        (true, "06:00"),
        (true, "06:00"),
        (false, ""),
    ];
    assert_eq!(said, expected.map(|(allowed, until)| (allowed, until.to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_must_change_its_password_asks_nothing_and_is_asked_about() {
    let world = World::new().await;
    let body = json!({ "email": JANE, "password": PASSWORD, "roles": ["admin"], "mustChangePassword": true });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
    let jane = world.signed_in(JANE, PASSWORD).await;
    for route in ["check", "explain"] {
        let reply = jane
            .post(&format!("/api/access/{route}"), json!({ "permission": "admin.users" }))
            .await;
        refused(&reply, 403, "must-change-password");
    }
    assert_eq!(verdict(&asker(&world).await, JANE, "admin.users").await, YES);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_development_principal_asks_about_itself_and_with_admin_access_about_others() {
    let world = World::new().await;
    catalogue(&world, &["invoices.read"]).await;
    for (permissions, about_others) in [
        (json!(["invoices.read"]), 403),
        (json!(["invoices.read", "admin.access"]), 200),
    ] {
        let body = json!({ "username": "robot", "permissions": permissions });
        let reply = world.nobody().post("/api/auth/dev-token", body).await;
        let robot = world.with_token(reply.str("token"));
        for (name, allowed) in [("invoices.read", true), ("admin.users", false)] {
            for department in [json!(null), json!("sales")] {
                let reply = check(&robot, json!({ "permission": name, "department": department })).await;
                assert_eq!(reply.body, json!({ "allowed": allowed, "until": null }), "{name}");
            }
        }
        let other = check(&robot, json!({ "user": "owner", "permission": "admin.users" })).await;
        assert_eq!(other.status, about_others, "{}", other.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_another_tenant_s_account_is_nobody() {
    let world = with_header().await;
    let (main, acme) = (world.owner().await, owner_of(&world, "acme").await);
    let mains = main.get("/api/me/profile").await.str("id").to_owned();
    let acmes = acme.get("/api/me/profile").await.str("id").to_owned();
    for (client, own, other) in [(&main, &mains, &acmes), (&acme, &acmes, &mains)] {
        assert_eq!(verdict(client, own, "admin.users").await, YES);
        assert_eq!(verdict(client, other, "admin.users").await, NO);
        let body = json!({ "user": other, "permission": "admin.users" });
        refused(&client.post("/api/access/explain", body).await, 404, "not-found");
    }
    assert_eq!(verdict(&main, "boss", "admin.users").await, NO);
    assert_eq!(verdict(&acme, "owner@usher.local", "admin.users").await, NO);
}
