//! `POST /api/tenants`

use serde_json::{Value, json};

use super::{body, items_of, made, owner_of, signed_in, with_header, within};
use crate::api_keys::rights_rows;
use crate::fault_injection::{between, dump};
use crate::reconcile::assert_reconciled;
use crate::round_trips::counted;
use crate::support::{PASSWORD, World, at_once};
use crate::users::{grant, invalid, refused, role, signed_in_with};

fn roles(profile: &Value) -> Vec<&str> {
    let roles = profile["roles"].as_array().unwrap().iter();
    let mut roles: Vec<&str> = roles.map(|one| one.as_str().unwrap()).collect();
    roles.sort_unstable();
    roles
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_made_with_an_owner_who_can_sign_in() {
    let world = with_header().await;
    let maker = world.owner().await;
    let body = json!({
        "id": "acme", "name": "Acme Ltd.",
        "owner": { "email": "Jane@Example.org", "username": "Jane", "password": PASSWORD },
    });
    let mut reply = maker.post("/api/tenants", body).await;
    // No route shows one tenant.
    assert_eq!((reply.status.as_u16(), reply.headers.get("location")), (201, None));
    let (id, own) = (
        reply.body["owner"]["id"].clone(),
        maker.get("/api/me/profile").await.body["id"].clone(),
    );
    assert_eq!(reply.body["createdBy"], own);
    (reply.body["owner"]["id"], reply.body["createdBy"]) = (json!("<jane>"), json!("<owner of main>"));
    insta::assert_json_snapshot!(reply.body, @r#"
    {
      "id": "acme",
      "name": "Acme Ltd.",
      "createdAt": "2026-11-22T08:00:00.000Z",
      "createdBy": "<owner of main>",
      "owner": {
        "id": "<jane>",
        "email": "Jane@Example.org",
        "username": "Jane",
        "invited": false
      }
    }
    "#);
    let jane = signed_in(&world, "acme", "jane@example.org", PASSWORD).await;
    let profile = jane.get("/api/me/profile").await.body;
    assert_eq!(
        (
            &profile["id"],
            &profile["username"],
            &profile["emailVerified"],
            &profile["status"]
        ),
        (&id, &json!("Jane"), &json!(true), &json!("active"))
    );
    assert_eq!(roles(&profile), ["owner", "user"]);
    assert_eq!(
        profile["permissions"],
        json!([
            "admin.access",
            "admin.keys",
            "admin.permissions",
            "admin.roles",
            "admin.users"
        ])
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_tenant_has_its_own_roles_and_works_like_main() {
    let world = with_header().await;
    let boss = owner_of(&world, "acme").await;
    let listed = boss.get("/api/roles").await.body;
    let roles: Vec<(&str, &Value, &Value)> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| (role["name"].as_str().unwrap(), &role["memberCount"], &role["system"]))
        .collect();
    let (none, one, yes) = (json!(0), json!(1), json!(true));
    assert_eq!(
        roles,
        [
            ("user", &one, &yes),
            ("member", &none, &yes),
            ("admin", &none, &yes),
            ("owner", &one, &yes),
            ("SYS_ADMIN", &none, &yes),
            ("SERVICE_ACCOUNT", &none, &yes),
        ]
    );
    for (n, role) in ["member", "admin", "owner", "SYS_ADMIN"].iter().enumerate() {
        let new = json!({ "email": format!("r{n}@example.org"), "password": PASSWORD, "roles": [role] });
        assert_eq!(boss.post("/api/users", new).await.status, 201);
    }
    let limited = boss.patch("/api/roles/user", json!({ "maxCount": 5 })).await;
    assert_eq!(limited.body["memberCount"], 5, "{}", limited.text);
    let sixth = json!({ "email": "sixth@example.org", "password": PASSWORD });
    refused(&boss.post("/api/users", sixth.clone()).await, 409, "role-full");
    assert_eq!(world.owner().await.post("/api/users", sixth).await.status, 201);
    // The first owner is in charge until there is another, like everybody.
    assert_eq!(boss.get("/api/users").await.body["total"], 5);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z06_the_first_owner_is_the_last_who_may_manage_users() {
    let world = with_header().await;
    let boss = owner_of(&world, "acme").await;
    refused(&boss.delete("/api/users/boss").await, 409, "last-administrator");
    refused(
        &boss.put("/api/users/boss", json!({ "status": "inactive" })).await,
        409,
        "last-administrator",
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_without_a_password_is_invited_by_mail() {
    let world = with_header().await;
    let body = json!({ "id": "acme", "owner": { "email": "Jane@Example.org" } });
    let reply = world.owner().await.post("/api/tenants", body).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.body["owner"]["invited"]),
        (201, &json!(true))
    );
    let mails: Vec<Value> = world
        .items()
        .iter()
        .filter(|item| item["SK"]["S"] == "MAIL")
        .map(|item| Value::Object(crate::reconcile::plain_item(item)))
        .collect();
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(
        (
            &mail["kind"],
            &mail["to"],
            &mail["tenant"],
            &mail["user"],
            &mail["base"]
        ),
        (
            &json!("invitation"),
            &json!("Jane@Example.org"),
            &json!("acme"),
            &reply.body["owner"]["id"],
            &json!("https://usher.test")
        )
    );
    let nobody = within(&world.nobody(), "acme");
    let login = json!({ "username": "jane@example.org", "password": PASSWORD });
    refused(&nobody.post("/api/auth/login", login).await, 401, "wrong-credentials");
    let stored = items_of(&world, "acme");
    let shown = stored.values().find_map(|item| item["emailVerified"]["BOOL"].as_bool());
    assert_eq!(shown, Some(false));
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_host_names_the_tenant_its_mail_leads_to_its_own_host() {
    let world = World::with(&[("USHER_TENANTS", "host:example.org")]).await;
    let body = json!({ "id": "acme", "owner": { "email": "jane@example.org" } });
    assert_eq!(world.owner().await.post("/api/tenants", body).await.status, 201);
    let items = world.items();
    let mail = items.iter().find(|item| item["SK"]["S"] == "MAIL").unwrap();
    assert_eq!(mail["base"]["S"], "https://acme.example.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_histories_show_who_made_it() {
    let world = with_header().await;
    let own = world.owner().await.get("/api/me/profile").await.body["id"].clone();
    let reply = made(&world, "acme").await;
    let rows = rights_rows(&world, "tenantCreated");
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(
        (&row["tenant"], &row["actor"], &row["target"]),
        (&json!("main"), &own, &json!({ "tenant": "acme" }))
    );
    assert_eq!(
        row["after"],
        json!({ "name": null, "owner": reply.body["owner"]["id"] })
    );
    let rows = rights_rows(&world, "userCreated");
    let rows: Vec<&Value> = rows.iter().filter(|row| row["tenant"] == "acme").collect();
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(
        (&row["actor"], &row["target"]),
        (&own, &json!({ "user": reply.body["owner"]["id"] }))
    );
    assert!(row["PK"].as_str().unwrap().starts_with("T#acme#RIGHTS#"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_taken_once_and_main_always() {
    let world = with_header().await;
    let owner = world.owner().await;
    made(&world, "acme").await;
    let before = dump(&world);
    for id in ["acme", "main"] {
        refused(&owner.post("/api/tenants", body(id)).await, 409, "tenant-taken");
        assert!(between(&before, &dump(&world)).is_empty(), "{id}");
    }
    made(&world, "acme-2").await;
    made(&world, "acm").await;
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_tenant_is_reported_with_its_place() {
    let world = with_header().await;
    let owner = world.owner().await;
    let before = dump(&world);
    invalid(&owner.post("/api/tenants", json!({})).await, &["/id", "/owner"]);
    invalid(&owner.post("/api/tenants", json!({ "id": "acme" })).await, &["/owner"]);
    invalid(
        &owner.post("/api/tenants", json!({ "id": "acme", "owner": {} })).await,
        &["/owner/email"],
    );
    for id in [
        "",
        " ",
        "ORG1",
        "a b",
        "a.b",
        "a_b",
        "a/b",
        "a#b",
        "-a",
        "a-",
        "ä",
        "*",
        "../main",
        "a\n",
        &"a".repeat(33),
    ] {
        invalid(&owner.post("/api/tenants", body(id)).await, &["/id"]);
    }
    let all = json!({
        "id": "Acme", "name": "", "owner": { "email": "no", "username": "a  b", "password": "too short" },
    });
    let places = ["/id", "/name", "/owner/email", "/owner/username", "/owner/password"];
    invalid(&owner.post("/api/tenants", all).await, &places);
    assert!(between(&before, &dump(&world)).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn z03_an_owner_has_the_roles_that_every_first_owner_has() {
    let world = with_header().await;
    let body = json!({
        "id": "acme", "createdAt": "2000-01-01T00:00:00Z", "owner": {
            "email": "jane@example.org", "password": PASSWORD, "roles": ["SYS_ADMIN"], "permissions": ["admin.tenants"],
            "id": "00000000-0000-7000-8000-000000000000", "status": "locked", "tenant": "main",
        },
    });
    let reply = world.owner().await.post("/api/tenants", body).await;
    assert_eq!(
        (reply.status.as_u16(), reply.str("createdAt")),
        (201, "2026-11-22T08:00:00.000Z")
    );
    let jane = signed_in(&world, "acme", "jane@example.org", PASSWORD).await;
    assert_eq!(roles(&jane.get("/api/me/profile").await.body), ["owner", "user"]);
    refused(&jane.get("/api/tenants").await, 403, "missing-permission");
    let new = json!({ "name": "t", "permissions": ["admin.tenants"] });
    refused(&jane.post("/api/roles", new).await, 403, "not-held");
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_only_who_holds_admin_tenants_in_main_comes_near_tenants() {
    let world = with_header().await;
    let boss = owner_of(&world, "acme").await;
    let everything = json!({ "permissions": ["admin.tenants", "admin.users"] });
    let dev_principal = boss.post("/api/auth/dev-token", everything).await;
    let dev_principal = crate::support::Client {
        token: dev_principal.str("token").to_owned(),
        ..boss.clone()
    };
    for (who, status, problem) in [
        (&world.nobody(), 401, "no-credentials"),
        (&world.admin().await, 403, "missing-permission"),
        (&boss, 403, "missing-permission"),
        (&dev_principal, 403, "missing-permission"),
        (&within(&world.owner().await, "acme"), 401, "invalid-token"),
    ] {
        let before = items_of(&world, "other");
        refused(&who.get("/api/tenants").await, status, problem);
        refused(&who.post("/api/tenants", body("other")).await, status, problem);
        assert_eq!(items_of(&world, "other"), before);
    }
    role(&world, "tenants", &["admin.tenants"]).await;
    let (_, jane) = signed_in_with(&world, "jane@example.org", &["tenants"]).await;
    assert_eq!(jane.post("/api/tenants", body("other")).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stacks_minimum_of_a_password_holds_for_a_first_owner() {
    let world = World::with(&[("USHER_MIN_PASSWORD_LENGTH", "20")]).await;
    invalid(
        &world.owner().await.post("/api/tenants", body("acme")).await,
        &["/owner/password"],
    );
}

/// An address and a name as long as they may be, with more search entries than one transaction has room for.
fn long(id: &str) -> Value {
    let email = format!("{}@{}.example.org", "l".repeat(64), "d".repeat(60));
    json!({ "id": id, "owner": { "email": email, "username": "u".repeat(64), "password": PASSWORD } })
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_one_transaction_that_has_room_for_it() {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    let typical = json!({ "id": "acme", "owner": { "email": "typical.22@example.org", "username": "typical8" } });
    for (body, writes) in [(typical, 87), (long("long"), 87)] {
        proxy.transactions();
        let reply = owner.post("/api/tenants", body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let transactions = proxy.transactions();
        let sizes: Vec<usize> = transactions
            .iter()
            .map(|one| one["TransactItems"].as_array().unwrap().len())
            .collect();
        assert_eq!(sizes, [writes]);
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_of_32_creations_of_one_id_at_once_one_succeeds_whole() {
    let world = with_header().await;
    let owner = world.owner().await;
    let outcomes = at_once(32, |n| {
        let owner = owner.clone();
        let email = format!("owner{n:02}@example.org");
        let body = json!({ "id": "acme", "owner": { "email": email, "password": PASSWORD } });
        async move { owner.post("/api/tenants", body).await }
    })
    .await;
    let made: Vec<_> = outcomes.iter().filter(|one| one.status == 201).collect();
    assert_eq!(made.len(), 1);
    for lost in outcomes.iter().filter(|one| one.status != 201) {
        refused(lost, 409, "tenant-taken");
    }
    let email = made[0].body["owner"]["email"].as_str().unwrap();
    let boss = signed_in(&world, "acme", email, PASSWORD).await;
    assert_eq!(boss.get("/api/users").await.body["total"], 1);
    assert_eq!(rights_rows(&world, "tenantCreated").len(), 1);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_made_by_whoever_is_an_owner_for_good() {
    let world = with_header().await;
    let end = "2027-01-01T00:00:00Z";
    let (id, brief) = signed_in_with(&world, "brief@example.org", &[]).await;
    let given = json!({ "role": "owner", "effectiveTo": end });
    grant(&world.owner().await, &id, given).await;
    let body = json!({ "id": "acme", "owner": { "email": "jane@example.org", "password": PASSWORD } });
    refused(&brief.post("/api/tenants", body.clone()).await, 403, "held-for-less");
    let (_, other) = signed_in_with(&world, "other@example.org", &["owner"]).await;
    assert_eq!(other.post("/api/tenants", body).await.status, 201);
}
