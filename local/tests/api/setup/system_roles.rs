//! The roles of the system after an upgrade from a version that had fewer, which held less.

use serde_json::{Value, json};
use usher::actions::setup::Made;
use usher::domain::permission::{ADMIN_ACCESS, ADMIN_PERMISSIONS};
use usher::domain::role::{ADMIN, OWNER, SERVICE_ACCOUNT, SYS_ADMIN};
use usher::domain::tenant::TenantId;
use usher::store::table::Write;
use usher::store::{keys, roles, unit};

use crate::reconcile::assert_reconciled;
use crate::round_trips::counted;
use crate::support::{Client, PASSWORD, World, at_once};
use crate::tenants::{owner_of, with_header};
use crate::users::{role, signed_in_with};

/// What the version before left: nobody holds what this one added, and there is no role for service accounts.
async fn age(world: &World, tenant: &str) {
    let tenant = &TenantId::parse(tenant).unwrap();
    let table = &world.app.table;
    for system in [OWNER, ADMIN, SYS_ADMIN] {
        let role = roles::get(table, tenant, system.id).await.unwrap().unwrap();
        let mut before = role.clone();
        before
            .permissions
            .retain(|name| ![ADMIN_ACCESS, ADMIN_PERMISSIONS].contains(&name.as_str()));
        unit::commit(table, &roles::change(&role, &before).unwrap())
            .await
            .unwrap();
    }
    let id = SERVICE_ACCOUNT.id.to_string();
    let mut writes: Vec<Write> = Vec::new();
    for item in world.items() {
        let (pk, sk) = (item["PK"]["S"].as_str().unwrap(), item["SK"]["S"].as_str().unwrap());
        let names_it = pk.contains(&id) || sk.contains(&id) || item["role"]["S"] == id.as_str();
        if pk.starts_with(&format!("T#{tenant}#")) && names_it {
            writes.push(Write::delete(usher::store::table::Key::new(pk, sk)));
        }
    }
    writes.extend([ADMIN_ACCESS, ADMIN_PERMISSIONS].map(|name| Write::delete(keys::permission(name))));
    unit::commit(table, &writes).await.unwrap();
}

async fn set_up(world: &World) -> Made {
    world.watch.over("setup", ::setup::local(&world.app)).await.unwrap()
}

async fn permissions(client: &Client, role: &str) -> Value {
    client.get(&format!("/api/roles/{role}")).await.body["permissions"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_version_added_is_there_in_every_tenant_after_one_set_up() {
    let world = with_header().await;
    let acme = owner_of(&world, "acme").await;
    let main = world.owner().await;
    let whole: Vec<Value> = vec![main.get("/api/roles").await.body, acme.get("/api/roles").await.body];
    for tenant in ["main", "acme"] {
        age(&world, tenant).await;
    }
    assert_eq!(main.get("/api/roles/SERVICE_ACCOUNT").await.status, 404);
    assert_eq!(
        permissions(&main, "admin").await,
        json!(["admin.keys", "admin.roles", "admin.users"])
    );
    world.clock.advance(60);
    assert_eq!(set_up(&world).await.roles, ["SERVICE_ACCOUNT"]);
    for (client, owners) in [(&main, 6), (&acme, 5)] {
        assert_eq!(permissions(client, "owner").await.as_array().unwrap().len(), owners);
        for name in ["admin", "SYS_ADMIN"] {
            let held = json!(["admin.access", "admin.keys", "admin.roles", "admin.users"]);
            assert_eq!(permissions(client, name).await, held);
        }
        assert_eq!(permissions(client, "SERVICE_ACCOUNT").await, json!(["admin.access"]));
    }
    assert_reconciled(&world);
    // Once more changes nothing, and writes nothing into any history.
    let items = world.items();
    world.clock.advance(60);
    assert_eq!(set_up(&world).await, Made::default());
    assert_eq!(world.items(), items);
    for (client, before) in [(&main, &whole[0]), (&acme, &whole[1])] {
        let now = client.get("/api/roles").await.body;
        let names = |page: &Value| {
            let all = page["items"].as_array().unwrap().iter();
            all.map(|role| (role["name"].clone(), role["permissions"].clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&now), names(before));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_the_new_role_s_name_is_given_another_and_keeps_its_holders() {
    for at_the_same_time in [1, 8] {
        let world = World::new().await;
        age(&world, "main").await;
        let owner = world.owner().await;
        let own = role(&world, "Service_Account", &["admin.keys"]).await;
        let (jane, client) = signed_in_with(&world, "jane@example.org", &["service_account"]).await;
        world.clock.advance(60);
        let made = at_once(at_the_same_time, |_| {
            let app = world.app.clone();
            async move { ::setup::local(&app).await.unwrap() }
        })
        .await;
        let made: Vec<&String> = made.iter().flat_map(|made| &made.roles).collect();
        assert_eq!(made, ["SERVICE_ACCOUNT"]);
        let theirs = owner.get(&format!("/api/roles/{own}")).await;
        assert_eq!(
            (theirs.status.as_u16(), &theirs.body["permissions"]),
            (200, &json!(["admin.keys"]))
        );
        let name = theirs.str("name").to_owned();
        assert_ne!(name.to_lowercase(), "service_account");
        assert_eq!(
            owner.get("/api/roles/SERVICE_ACCOUNT").await.body["id"],
            SERVICE_ACCOUNT.id.to_string()
        );
        assert_eq!(client.get("/api/api-keys").await.status, 200);
        let held = owner.get(&format!("/api/users/{jane}")).await.body["roles"].clone();
        assert!(held.as_array().unwrap().contains(&json!(name)), "{held}");
        // One row says that it was renamed, by nobody.
        let rows = owner.get(&format!("/api/rights-history?role={own}")).await.body;
        let renamed = rows["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["kind"] == "roleChanged");
        let renamed: Vec<(&Value, &Value)> = renamed.map(|row| (&row["actor"], &row["after"]["name"])).collect();
        assert_eq!(renamed, [(&Value::Null, &json!(name))]);
        assert_reconciled(&world);
        let items = world.items();
        assert_eq!(set_up(&world).await, Made::default());
        assert_eq!(world.items(), items);
    }
}

/// Where nothing is to be done, a tenant more is 27 requests more, one of them for its six roles.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_up_to_date_costs_set_up_a_few_reads() {
    let (world, proxy) = counted().await;
    let requests = async || {
        // The first set-up finishes what a new tenant waits for.
        for _ in 0..2 {
            proxy.cost();
            ::setup::local(&world.app).await.unwrap();
        }
        proxy.cost().operations.len()
    };
    let alone = requests().await;
    let owner = world.owner().await;
    for n in 0..10 {
        let body = json!({ "id": format!("acme{n}"), "owner": { "email": "jane@example.org", "password": PASSWORD } });
        assert_eq!(owner.post("/api/tenants", body).await.status, 201);
    }
    let with_ten = requests().await;
    assert!(with_ten - alone <= 10 * 27, "{alone} {with_ten}");
}
