//! Ranks: a caller changes itself, or an account on a strictly lower rank; and gives what it holds.

use serde_json::{Value, json};

use super::{Person, done, person, refused, signed_in};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World};

/// Everything that is done to another's account.
fn everything_to(id: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("update", json!({ "Id": id, "FirstName": "Changed" })),
        (
            "change",
            json!({ "Id": id, "Key": "Password", "New": "battery staple" }),
        ),
        (
            "change",
            json!({ "Id": id, "Key": "Username", "Old": "target", "New": "other" }),
        ),
        (
            "change",
            json!({ "Id": id, "Key": "Email", "Old": "target@example.org", "New": "other@example.org" }),
        ),
        ("changerole", json!({ "Id": id, "RoleName": "User" })),
        ("changerole", json!({ "Id": id, "RoleName": "Member" })),
        ("deleteuser", json!({ "Id": id })),
        ("deleteuseraccount", json!({ "Id": id })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn z02_an_equal_or_higher_account_is_out_of_reach_in_every_way_and_a_lower_one_is_not() {
    let world = World::new().await;
    let admin = person(&world, "boss", &["admin"]).await;
    let owner = person(&world, "chief", &["owner"]).await;
    let cases: [(&Person, &str, &[&str], bool); 6] = [
        (&admin, "admin", &["owner"], false),
        (&admin, "admin", &["admin"], false),
        (&admin, "admin", &["member"], true),
        (&admin, "admin", &[], true),
        (&owner, "owner", &["owner"], false),
        (&owner, "owner", &["admin"], true),
    ];
    for (actor, side, roles, is_lower) in cases {
        for n in 0..everything_to("").len() {
            let target = person(&world, "target", roles).await;
            let (action, body) = everything_to(&target.id).swap_remove(n);
            let before = world.items();
            let reply = actor.client.post(&format!("/{side}/{action}"), body).await;
            if is_lower {
                done(&reply);
            } else {
                refused(&reply, 403, "the account does not stand below yours");
                assert_eq!(world.items(), before, "{action} of {roles:?} by {side}");
            }
            let gone = owner.client.delete(&format!("/api/users/{}", target.id)).await;
            assert!([204, 404].contains(&gone.status.as_u16()), "{}", gone.text);
        }
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_will_stand_higher_later_is_protected_now() {
    let world = World::new().await;
    let admin = person(&world, "boss", &["admin"]).await;
    let later = person(&world, "later", &[]).await;
    let body = json!({ "role": "owner", "effectiveFrom": "2027-01-01T00:00:00Z" });
    let given = world
        .owner()
        .await
        .post(&format!("/api/users/{}/roles", later.id), body)
        .await;
    assert_eq!(given.status, 201, "{}", given.text);
    let reply = admin.client.post("/admin/deleteuser", json!({ "Id": later.id })).await;
    refused(&reply, 403, "the account does not stand below yours");
}

#[tokio::test(flavor = "multi_thread")]
async fn z04_nobody_gives_a_role_above_its_own_rank_or_with_more_than_it_holds() {
    let world = World::new().await;
    let owner = world.owner().await;
    let admin = person(&world, "boss", &["admin"]).await;
    let jane = person(&world, "jane", &[]).await;
    let custom = json!({ "name": "tenants", "permissions": ["admin.tenants"] });
    assert_eq!(owner.post("/api/roles", custom).await.status, 201);
    let give = |role: &'static str| {
        let (client, id) = (admin.client.clone(), jane.id.clone());
        async move {
            client
                .post("/admin/changerole", json!({ "Id": id, "RoleName": role }))
                .await
        }
    };
    refused(&give("Owner").await, 403, "the role stands above your rank");
    refused(
        &give("tenants").await,
        403,
        "you cannot give what you do not hold: admin.tenants",
    );
    let own = json!({ "Id": admin.id, "RoleName": "Owner" });
    refused(
        &admin.client.post("/admin/changerole", own).await,
        403,
        "the role stands above your rank",
    );
    // An administrator makes administrators, as rule 9 has it, and can undo it no more.
    done(&give("Admin").await);
    refused(&give("User").await, 403, "the account does not stand below yours");
    signed_in(&world, "jane", PASSWORD).await;
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_admin_permissions_beside_the_ladder_is_taken_over_by_none_who_lacks_them() {
    let world = World::new().await;
    let owner = world.owner().await;
    let custom = json!({ "name": "tenants", "permissions": ["admin.tenants"] });
    assert_eq!(owner.post("/api/roles", custom).await.status, 201);
    let (admin, jane) = (
        person(&world, "boss", &["admin"]).await,
        person(&world, "jane", &["tenants"]).await,
    );
    for (key, old, new) in [
        ("Password", json!(null), "battery staple"),
        ("Email", json!("jane@example.org"), "a@example.org"),
    ] {
        let body = json!({ "Id": jane.id, "Key": key, "Old": old, "New": new });
        let message = "you cannot give what you do not hold: admin.tenants";
        refused(&admin.client.post("/admin/change", body).await, 403, message);
    }
}
