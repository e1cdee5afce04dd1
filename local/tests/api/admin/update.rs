//! `PUT /v1/admin/users/{id}`

use serde_json::{Value, json};

use super::{admin, invalid, login, made, made_and_in, refused, role, roles_of, settled, signed_in, user};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn any_of_the_fields_is_changed_and_the_account_answered() {
    let world = World::new().await;
    let admin = admin(&world).await;
    role(&world, "editor", &[]).await;
    let id = made(&admin, "jane", &["member"]).await;
    world.clock.advance(60);
    let body = json!({
        "email": "Jane@elsewhere.example", "user_name": "Jane.Doe", "password": "another one", "email_verified": true,
        "roles": ["editor"],
    });
    let reply = admin.put(&user(&id), body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    insta::assert_json_snapshot!(settled(&reply.body), @r#"
    {
      "message": "User updated successfully",
      "user": {
        "id": "[id]",
        "email": "Jane@elsewhere.example",
        "username": "Jane.Doe",
        "email_verified": true,
        "roles": [
          {
            "name": "editor"
          },
          {
            "name": "user"
          }
        ],
        "updated_at": "2026-11-22T08:01:00.000Z"
      }
    }
    "#);
    signed_in(&world, "jane@elsewhere.example", "another one").await;
    refused(
        &login(&world, "jane@example.org", "another one").await,
        401,
        "Invalid credentials",
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_absent_or_null_stays() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let id = made(&admin, "jane", &["member"]).await;
    let before = admin.get(&user(&id)).await.body;
    let body = json!({ "unknown": null, "roles": ["member"] });
    let reply = admin.put(&user(&id), body).await;
    assert_eq!(
        (reply.status.as_u16(), reply.str("message")),
        (200, "User updated successfully")
    );
    // As typed clients send what they leave out.
    for field in ["email", "user_name", "password", "email_verified", "roles"] {
        let nothing = admin.put(&user(&id), json!({ field: null, "zzz": 1 })).await;
        assert_eq!(nothing.status, 400, "{field}: {}", nothing.text);
        let mut beside = json!({ "email": "jane@example.org", "roles": ["member"] });
        beside[field] = Value::Null;
        let reply = admin.put(&user(&id), beside).await;
        assert_eq!(reply.status, 200, "{field}: {}", reply.text);
    }
    assert_eq!(admin.get(&user(&id)).await.body, before);
    signed_in(&world, "jane@example.org", PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_is_unverified_unless_the_body_states_otherwise_and_ends_sessions() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let (id, jane) = made_and_in(&world, &admin, "jane", &["admin"]).await;
    let reply = admin.put(&user(&id), json!({ "email": "new@example.org" })).await;
    assert_eq!(reply.body["user"]["email_verified"], false);
    refused(&jane.get("/v1/admin/users").await, 401, "Authentication required");
    let body = json!({ "email": "newer@example.org", "email_verified": true });
    assert_eq!(admin.put(&user(&id), body).await.body["user"]["email_verified"], true);
    let body = json!({ "email_verified": false });
    assert_eq!(admin.put(&user(&id), body).await.body["user"]["email_verified"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_replaces_all_that_it_has_and_user_stays() {
    let world = World::new().await;
    let owner = world.owner().await;
    for name in ["editor", "writer"] {
        role(&world, name, &[]).await;
    }
    let id = made(&owner, "jane", &["member", "editor"]).await;
    let limited = json!({ "role": "writer", "department": "sales" });
    assert_eq!(owner.post(&format!("/api/users/{id}/roles"), limited).await.status, 201);
    let kept = owner.get(&format!("/api/users/{id}/roles")).await.body;
    let grant = |all: &Value, role: &str| {
        let found = all.as_array().unwrap().iter().find(|grant| grant["role"] == role);
        found.map(|grant| grant["userRoleId"].clone())
    };
    let put = |roles: Value| {
        let (owner, path) = (owner.clone(), user(&id));
        async move { owner.put(&path, json!({ "roles": roles })).await.status.as_u16() }
    };
    assert_eq!(put(json!(["editor", "admin"])).await, 200);
    assert_eq!(roles_of(&owner, &id).await, ["admin", "editor", "user"]);
    let now = owner.get(&format!("/api/users/{id}/roles")).await.body;
    assert_eq!(
        grant(&now, "editor"),
        grant(&kept, "editor"),
        "what applies already is left as it is"
    );
    assert_eq!(grant(&now, "writer"), None, "a grant that is not shown goes as well");
    assert_eq!(put(json!(["user"])).await, 200);
    assert_eq!(roles_of(&owner, &id).await, ["user"]);
    assert_eq!(put(json!(["Editor", "editor", "EDITOR"])).await, 200);
    assert_eq!(put(json!([])).await, 200);
    assert_eq!(roles_of(&owner, &id).await, ["user"]);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_only_applied_later_or_to_a_department_applies_from_now_on() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = made(&owner, "jane", &[]).await;
    for limits in [
        json!({ "role": "member", "department": "sales" }),
        json!({ "role": "member", "effectiveFrom": "2027-01-01T00:00:00Z" }),
    ] {
        assert_eq!(owner.post(&format!("/api/users/{id}/roles"), limits).await.status, 201);
    }
    assert_eq!(roles_of(&owner, &id).await, ["user"]);
    assert_eq!(owner.put(&user(&id), json!({ "roles": ["member"] })).await.status, 200);
    assert_eq!(roles_of(&owner, &id).await, ["member", "user"]);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_done_whole_or_not_at_all() {
    let world = World::new().await;
    let admin = admin(&world).await;
    made(&admin, "john", &[]).await;
    let id = made(&admin, "jane", &["member"]).await;
    let before = admin.get(&user(&id)).await.body;
    let with = |field: &str, value: Value| {
        let mut body = json!({ "email_verified": false, "roles": ["admin"], "user_name": "jane2" });
        body[field] = value;
        body
    };
    for (body, fields) in [
        (with("roles", json!(["admin", "nothing"])), ["roles.1"]),
        (with("password", json!("12345")), ["password"]),
        (with("email", json!("jane")), ["email"]),
        (with("user_name", json!("a  b")), ["user_name"]),
        (with("email_verified", json!(1)), ["email_verified"]),
    ] {
        invalid(&admin.put(&user(&id), body).await, &fields);
    }
    for (body, said) in [
        (with("email", json!("john@example.org")), "The e-mail address is taken"),
        (with("user_name", json!("JOHN")), "The username is taken"),
    ] {
        refused(&admin.put(&user(&id), body).await, 409, said);
    }
    refused(
        &admin.put(&user(&id), with("roles", json!(["owner"]))).await,
        403,
        "The role stands above your rank",
    );
    assert_eq!(admin.get(&user(&id)).await.body, before);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z04_nobody_raises_an_account_above_themselves_or_touches_one_that_is() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "helpdesk", &["admin.users"]).await;
    let (own, helpdesk) = made_and_in(&world, &owner, "help", &["helpdesk"]).await;
    let jane = made(&owner, "jane", &[]).await;
    let sys = made(&owner, "sys", &["SYS_ADMIN"]).await;
    let boss = made(&owner, "boss", &["admin"]).await;
    let above = "The account stands above yours";
    let role_above = "The role stands above your rank";
    for id in [&own, &jane] {
        refused(
            &helpdesk.put(&user(id), json!({ "roles": ["admin"] })).await,
            403,
            role_above,
        );
        refused(
            &helpdesk.put(&user(id), json!({ "roles": ["member"] })).await,
            403,
            role_above,
        );
        refused(
            &helpdesk.put(&user(id), json!({ "roles": ["SYS_ADMIN"] })).await,
            403,
            "You cannot give what you do not hold: admin.access",
        );
    }
    for body in [
        json!({ "user_name": "x" }),
        json!({ "roles": [] }),
        json!({ "email_verified": false }),
        json!({ "password": "another one" }),
    ] {
        refused(&helpdesk.put(&user(&boss), body).await, 403, above);
    }
    // Beside the ladder: nobody sets the password or the address of one that holds more, in whatever company.
    for body in [
        json!({ "password": "another one" }),
        json!({ "email": "mine@example.org" }),
        json!({ "password": "another one", "roles": [] }),
    ] {
        refused(
            &helpdesk.put(&user(&sys), body).await,
            403,
            "You cannot give what you do not hold: admin.access",
        );
    }
    assert_eq!(
        helpdesk
            .put(&user(&jane), json!({ "roles": ["helpdesk"] }))
            .await
            .status,
        200
    );
    assert_eq!(
        helpdesk
            .put(&user(&jane), json!({ "password": "another one" }))
            .await
            .status,
        200
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z06_the_last_administrator_cannot_be_demoted_not_even_by_itself() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let owner = world.owner().await;
    assert_eq!(owner.put(&user("owner"), json!({ "roles": [] })).await.status, 200);
    refused(
        &admin
            .put(&user("admin"), json!({ "roles": ["member"], "user_name": "x" }))
            .await,
        409,
        "This is the last account that may manage users",
    );
    assert_eq!(roles_of(&admin, "admin").await, ["admin", "user"]);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_there_cannot_be_verified() {
    let world = World::new().await;
    let owner = world.owner().await;
    let made = owner
        .post("/api/users", json!({ "username": "jane", "password": PASSWORD }))
        .await;
    let id = made.str("id").to_owned();
    let verified = json!({ "email_verified": true, "user_name": "other" });
    let reply = owner.put(&user(&id), verified).await;
    invalid(&reply, &["email_verified"]);
    assert_eq!(reply.body["details"][0]["message"], "The account has no e-mail address");
    let gone = json!({ "email": null, "emailVerified": true });
    let reply = owner.patch("/api/users/owner", gone).await;
    assert_eq!(reply.pointers(), ["/emailVerified"]);
    let both = json!({ "email": "jane@example.org", "email_verified": true });
    assert_eq!(owner.put(&user(&id), both).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_as_many_roles_come_and_go_at_once_as_a_transaction_holds() {
    let world = World::new().await;
    let owner = world.owner().await;
    let names = |from: usize, to: usize| (from..to).map(|n| format!("role-{n}")).collect::<Vec<String>>();
    for name in names(0, 38) {
        role(&world, &name, &[]).await;
    }
    let id = made(&owner, "jane", &[]).await;
    let body = json!({ "roles": names(0, 19), "email": "x@example.org", "user_name": "x", "password": "another one" });
    assert_eq!(owner.put(&user(&id), body).await.status, 200, "nineteen come");
    let reply = owner.put(&user(&id), json!({ "roles": names(19, 38) })).await;
    invalid(&reply, &["roles"]);
    assert_eq!(
        reply.body["details"][0]["message"],
        "One change gives and takes 20 roles at most: make two of it"
    );
    let body = json!({ "roles": names(11, 30), "email": "y@example.org", "user_name": "y", "password": "more of it" });
    assert_eq!(
        owner.put(&user(&id), body).await.status,
        400,
        "eleven go, and eleven come"
    );
    let body = json!({ "roles": names(10, 29), "email": "y@example.org", "user_name": "y", "password": "more of it" });
    let reply = owner.put(&user(&id), body).await;
    assert_eq!(reply.status, 200, "ten go and ten come: {}", reply.text);
    assert_eq!(
        owner.put(&user(&id), json!({ "roles": [] })).await.status,
        200,
        "nineteen go"
    );
    refused(
        &owner.put(&user(&id), json!({ "roles": names(0, 21) })).await,
        409,
        "An account can have 20 grants at most",
    );
    let unknown: Vec<String> = (0..21).map(|n| format!("unknown-{n}")).collect();
    let reply = owner.put(&user(&id), json!({ "roles": unknown })).await;
    assert_eq!(reply.status, 400, "{}", reply.text);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_set_ends_every_session_and_the_old_one() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let (id, jane) = made_and_in(&world, &admin, "jane", &["admin"]).await;
    assert_eq!(admin.put(&user(&id), json!({ "password": "six-ch" })).await.status, 200);
    refused(&jane.get("/v1/admin/users").await, 401, "Authentication required");
    refused(
        &login(&world, "jane@example.org", PASSWORD).await,
        401,
        "Invalid credentials",
    );
    signed_in(&world, "jane@example.org", "six-ch").await;
}
