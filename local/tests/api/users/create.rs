//! `POST /api/users`

use serde_json::json;

use super::{invalid, refused, role, signed_in_with, user};
use crate::support::{PASSWORD, World, whole};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_an_address_and_a_password_is_made_and_shown_whole() {
    let world = World::new().await;
    let owner = world.owner().await;
    let reply = owner
        .post(
            "/api/users",
            json!({ "email": "Jane@Example.org", "password": PASSWORD }),
        )
        .await;
    assert_eq!(reply.status, 201);
    let id = reply.str("id");
    assert_eq!(reply.header("location"), format!("/api/users/{id}"));
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(
        reply.body,
        whole(json!({
            "id": id,
            "email": "Jane@Example.org",
            "emailVerified": false,
            "username": null,
            "status": "active",
            "mustChangePassword": false,
            "roles": ["user"],
            "permissions": [],
            "createdAt": "2026-11-22T08:00:00.000Z",
            "modifiedAt": "2026-11-22T08:00:00.000Z",
        }))
    );
    // It is there at once, by its id, by its address, and by its login.
    for name in [id, "jane@example.org", "JANE%40EXAMPLE.ORG"] {
        assert_eq!(owner.get(&user(name)).await.str("id"), id, "{name}");
    }
    world.signed_in("jane@example.org", PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_can_be_made_with_everything_at_once() {
    let world = World::new().await;
    role(&world, "editor", &[]).await;
    let contact = json!({ "mobile": "+49 431 1", "email": "j@example.org", "website": "https://example.org/", "facebook": "j",
        "instagram": "@j", "tikTok": "@j", "youtube": "@j", "twitter": "@j" });
    let personal = json!({
        "firstName": "Jane", "middleName": "M", "lastName": "Doe", "displayName": "Jane D.", "gender": "Female",
        "age": 42, "address": { "country": "Germany", "city": "Kiel", "street": "1" }, "contact": contact,
    });
    let mut body = personal.clone();
    let rest = json!({ "username": "Jane", "email": "jane@example.org", "password": PASSWORD, "roles": ["EDITOR", "admin", "user"],
        "emailVerified": true, "mustChangePassword": true });
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    let reply = world.owner().await.post("/api/users", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let mut expected = personal;
    let made = json!({
        "id": reply.str("id"), "kind": "person", "username": "Jane", "email": "jane@example.org", "emailVerified": true,
        "failedLoginCount": 0, "mustChangePassword": true, "status": "active", "roles": ["admin", "editor", "user"],
        "permissions": ["admin.access", "admin.keys", "admin.roles", "admin.users"],
        "createdAt": "2026-11-22T08:00:00.000Z", "modifiedAt": "2026-11-22T08:00:00.000Z",
    });
    expected
        .as_object_mut()
        .unwrap()
        .extend(made.as_object().unwrap().clone());
    assert_eq!(reply.body, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_can_have_a_username_alone_and_no_password() {
    let world = World::new().await;
    let owner = world.owner().await;
    let reply = owner.post("/api/users", json!({ "username": "jane" })).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.body["email"], json!(null));
    let verified = owner
        .post("/api/users", json!({ "username": "jack", "emailVerified": true }))
        .await;
    assert_eq!(
        verified.body["emailVerified"],
        json!(false),
        "nobody's address is verified"
    );
    // Found by its username at once.
    assert_eq!(owner.get("/api/users/JANE").await.str("id"), reply.str("id"));
    let login = json!({ "username": "jane", "password": "" });
    assert!(
        world
            .nobody()
            .post("/api/auth/login", login)
            .await
            .status
            .is_client_error()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_with_a_new_account_is_reported_at_once_with_its_place() {
    let world = World::new().await;
    let owner = world.owner().await;
    let body = json!({
        "email": "jane", "username": "a@b", "password": "short",
        "firstName": "J".repeat(257), "contact": { "website": "x".repeat(257), "tikTok": "a\nb" },
    });
    let reply = owner.post("/api/users", body).await;
    let mut pointers = reply.pointers();
    pointers.sort_unstable();
    assert_eq!(
        pointers,
        [
            "/contact/tikTok",
            "/contact/website",
            "/email",
            "/firstName",
            "/password",
            "/username"
        ]
    );
    let reply = owner
        .post("/api/users", json!({ "email": "jane", "password": PASSWORD }))
        .await;
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(
        reply.body,
        json!({
            "type": "/problems/validation",
            "title": "Invalid request",
            "status": 400,
            "detail": "an e-mail address has the form name@example.org",
            "instance": "/api/users",
            "errors": [{ "pointer": "/email", "detail": "an e-mail address has the form name@example.org" }],
        })
    );
    invalid(&owner.post("/api/users", json!({})).await, &["/email"]);
    invalid(&owner.post("/api/users", json!({ "email": 1 })).await, &["/email"]);
    invalid(
        &owner
            .post("/api/users", json!({ "email": "j@example.org", "gender": "X" }))
            .await,
        &["/gender"],
    );
    let roles = json!({ "email": "j@example.org", "roles": ["admin", "nothing"] });
    invalid(&owner.post("/api/users", roles).await, &["/roles/1"]);
    assert_eq!(owner.get("/api/users").await.body["total"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn i09_a_password_has_10_to_128_characters_of_any_kind() {
    let world = World::new().await;
    let owner = world.owner().await;
    let made = |password: String| {
        let (owner, n) = (owner.clone(), password.len());
        async move {
            let email = format!("p{n}@example.org");
            owner
                .post("/api/users", json!({ "email": email, "password": password }))
                .await
        }
    };
    invalid(&made("123456789".to_owned()).await, &["/password"]);
    invalid(&made("\u{e9}".repeat(9)).await, &["/password"]);
    invalid(&made("a".repeat(129)).await, &["/password"]);
    invalid(&made("a".repeat(1025)).await, &["/password"]);
    for password in [
        "ten-letter".to_owned(),
        "\u{1f511}".repeat(10),
        "a".repeat(128),
        "\u{1f511}".repeat(128),
    ] {
        assert_eq!(made(password.clone()).await.status, 201);
        world
            .signed_in(&format!("p{}@example.org", password.len()), &password)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_and_a_name_are_one_however_they_are_spelled() {
    let world = World::new().await;
    let owner = world.owner().await;
    let body = json!({ "email": "jane@b\u{fc}cher.example", "username": "J\u{e4}ne" });
    assert_eq!(owner.post("/api/users", body).await.status, 201);
    for email in [
        "JANE@B\u{dc}CHER.EXAMPLE",
        "jane@xn--bcher-kva.example",
        "jane@bu\u{308}cher.example",
    ] {
        refused(
            &owner.post("/api/users", json!({ "email": email })).await,
            409,
            "email-taken",
        );
    }
    for name in ["J\u{c4}NE", "ja\u{308}ne", "\u{ff2a}\u{e4}ne"] {
        refused(
            &owner.post("/api/users", json!({ "username": name })).await,
            409,
            "username-taken",
        );
    }
    for email in ["jane@bucher.example", "ja.ne@xn--bcher-kva.example"] {
        assert_eq!(owner.post("/api/users", json!({ "email": email })).await.status, 201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i08_addresses_that_deceive_are_refused_and_their_look_alikes_are_others() {
    let world = World::new().await;
    let owner = world.owner().await;
    for email in [
        "j\u{430}ne@example.org",
        "mi\u{212a}e@example.org",
        "m\u{131}ke@example.org",
        "\u{ff4a}ane@example.org",
        "ja\u{200b}ne@example.org",
        "jane@exam\u{200b}ple.org",
        "jane@\u{202e}example.org",
        "\"jane\"@example.org",
        "jane(x)@example.org",
        "jane@example.org.",
        "jane@[127.0.0.1]",
        "jane @example.org",
        "jane@example.org\r\nBcc: x@y.z",
    ] {
        invalid(&owner.post("/api/users", json!({ "email": email })).await, &["/email"]);
    }
    let long = format!("{}@example.org", "a".repeat(65));
    invalid(&owner.post("/api/users", json!({ "email": long })).await, &["/email"]);
    let domain = format!("{0}.{0}.{1}.org", "d".repeat(63), "e".repeat(57));
    let longest = format!("{}@{domain}", "a".repeat(64));
    let reply = owner
        .post("/api/users", json!({ "email": longest, "username": "n".repeat(64) }))
        .await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(owner.get("/api/users?q=DDDD.eeee").await.body["total"], 1);
    assert_eq!(owner.get(&user(&longest)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn i10_names_are_kept_as_text_and_controls_are_refused() {
    let world = World::new().await;
    let owner = world.owner().await;
    let given = "<script>alert(1)</script> =cmd|' /C calc'!A0";
    let reply = owner
        .post("/api/users", json!({ "username": "a", "displayName": given }))
        .await;
    assert_eq!(reply.str("displayName"), given);
    assert!(reply.header("content-type").starts_with("application/json"));
    for text in ["a\r\nb", "a\u{0}b", "a\u{1b}[31mb", "a\u{202e}b", "a\u{2028}b"] {
        let body = json!({ "username": "b", "displayName": text });
        invalid(&owner.post("/api/users", body).await, &["/displayName"]);
    }
    for name in [
        "a  b",
        "a\nb",
        "a@b",
        "",
        "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        &"n".repeat(65),
    ] {
        invalid(
            &owner.post("/api/users", json!({ "username": name })).await,
            &["/username"],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn z04_nobody_makes_an_account_with_more_than_they_hold() {
    let world = World::new().await;
    role(&world, "helpdesk", &["admin.users"]).await;
    role(&world, "keeper", &["admin.users", "admin.keys"]).await;
    let (_, helpdesk) = signed_in_with(&world, "help@example.org", &["helpdesk"]).await;
    let body = |role: &str| json!({ "email": "new@example.org", "password": PASSWORD, "roles": [role] });
    refused(
        &helpdesk.post("/api/users", body("admin")).await,
        403,
        "role-above-own-rank",
    );
    refused(&helpdesk.post("/api/users", body("SYS_ADMIN")).await, 403, "not-held");
    refused(&helpdesk.post("/api/users", body("keeper")).await, 403, "not-held");
    refused(
        &world.admin().await.post("/api/users", body("owner")).await,
        403,
        "role-above-own-rank",
    );
    assert_eq!(world.owner().await.get("/api/users/new@example.org").await.status, 404);
    assert_eq!(helpdesk.post("/api/users", body("helpdesk")).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn z03_fields_that_nobody_may_set_are_ignored() {
    let world = World::new().await;
    let body = json!({
        "email": "jane@example.org", "id": "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "status": "banned", "version": 9,
        "permissions": ["admin.users"], "isAdmin": true, "role": "owner", "passwordHash": "x", "PK": "x", "SK": "x",
        "createdAt": "2000-01-01T00:00:00Z", "grants": [], "tenant": "other", "epoch": 7,
    });
    let reply = world.owner().await.post("/api/users", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_ne!(reply.str("id"), "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
    assert_eq!(reply.str("status"), "active");
    assert_eq!(
        (&reply.body["roles"], &reply.body["permissions"]),
        (&json!(["user"]), &json!([]))
    );
    assert_eq!(reply.str("createdAt"), "2026-11-22T08:00:00.000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_an_account_with_more_roles_than_an_account_can_have_is_refused() {
    let world = World::new().await;
    let owner = world.owner().await;
    let mut names = Vec::new();
    for n in 0..40 {
        names.push(format!("r{n}"));
        assert_eq!(owner.post("/api/roles", json!({ "name": names[n] })).await.status, 201);
    }
    let of = |many: usize| json!({ "email": format!("u{many}@example.org"), "roles": names[..many] });
    assert_eq!(owner.post("/api/users", of(19)).await.status, 201);
    for many in [20, 40] {
        refused(&owner.post("/api/users", of(many)).await, 409, "too-many-grants");
    }
    assert_eq!(owner.get("/api/users").await.body["total"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_named_twice_is_given_once_in_a_list_of_twenty_at_most() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "editor", &[]).await;
    let of = |many: usize| json!({ "username": format!("u{many}"), "roles": vec!["editor"; many] });
    let made = owner.post("/api/users", of(20)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let grants = owner.get(&format!("/api/users/{}/roles", made.str("id"))).await.body;
    assert_eq!(grants.as_array().unwrap().len(), 2, "{grants}");
    refused(&owner.post("/api/users", of(21)).await, 409, "too-many-grants");
}
