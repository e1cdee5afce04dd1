//! Requests at once.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{admin, made, made_and_in, refused, role, roles_of, signed_in, user};
use crate::databases::{serve_dynamodb, table_set_up_with};
use crate::proxy::Proxy;
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, Reply, World, at_once};

#[tokio::test(flavor = "multi_thread")]
async fn z06_of_the_last_two_administrators_who_remove_each_other_exactly_one_remains() {
    for round in 0..6 {
        let world = World::new().await;
        let admin = admin(&world).await;
        let (id, second) = made_and_in(&world, &admin, "second", &["admin"]).await;
        let owner = world.owner().await;
        assert_eq!(owner.put(&user("owner"), json!({ "roles": [] })).await.status, 200);
        let targets = [(admin.clone(), id.clone()), (second.clone(), "admin".to_owned())];
        let outcomes = at_once(2, |n| {
            let (actor, target) = targets[n].clone();
            async move {
                match round % 3 {
                    0 => actor.put(&user(&target), json!({ "roles": [] })).await,
                    1 => actor.delete(&user(&target)).await,
                    _ => actor.delete(&format!("{}/roles/admin", user(&target))).await,
                }
            }
        })
        .await;
        let won = outcomes.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(won, 1, "round {round}: {outcomes:?}");
        assert_reconciled(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_roles_replaced_while_others_are_given_leave_the_one_or_the_other_and_nothing_half() {
    let world = World::new().await;
    let admin = admin(&world).await;
    for name in ["red", "green", "blue"] {
        role(&world, name, &[]).await;
    }
    let id = made(&admin, "jane", &[]).await;
    for round in 0..10 {
        assert_eq!(admin.put(&user(&id), json!({ "roles": ["red"] })).await.status, 200);
        let outcomes = at_once(3, |n| {
            let (admin, path) = (admin.clone(), user(&id));
            async move {
                match n {
                    0 => {
                        admin
                            .put(&path, json!({ "roles": ["green"], "email_verified": round % 2 == 0 }))
                            .await
                    }
                    1 => {
                        admin
                            .post(&format!("{path}/roles"), json!({ "roles": ["blue", "red"] }))
                            .await
                    }
                    _ => admin.delete(&format!("{path}/roles/red")).await,
                }
            }
        })
        .await;
        assert_eq!((outcomes[0].status.as_u16(), outcomes[1].status.as_u16()), (200, 200));
        assert!([200, 404].contains(&outcomes[2].status.as_u16()));
        let roles = roles_of(&admin, &id).await;
        let possible: [&[&str]; 3] = [
            &["green", "user"],
            &["blue", "green", "red", "user"],
            &["blue", "green", "user"],
        ];
        assert!(possible.iter().any(|these| roles == *these), "round {round}: {roles:?}");
        let shown = admin.get(&user(&id)).await;
        assert_eq!(shown.body["email_verified"], round % 2 == 0);
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_a_role_deleted_while_it_is_assigned_leaves_no_orphan() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let id = made(&admin, "jane", &[]).await;
    for round in 0..10 {
        let name = format!("brief-{round}");
        role(&world, &name, &[]).await;
        let outcomes = at_once(2, |n| {
            let (admin, path, name) = (admin.clone(), user(&id), name.clone());
            async move {
                match n {
                    0 => admin.put(&path, json!({ "roles": [name] })).await,
                    _ => admin.delete(&format!("/api/roles/{name}?force=true")).await,
                }
            }
        })
        .await;
        assert!(
            [200, 400].contains(&outcomes[0].status.as_u16()),
            "{}",
            outcomes[0].text
        );
        assert_eq!(outcomes[1].status, 204, "{}", outcomes[1].text);
        assert_eq!(roles_of(&admin, &id).await, ["user"]);
    }
    assert_reconciled(&world);
}

/// Jane is given a role of the system's administrators in the moment before the first transaction of what the helpdesk
/// does to her account: after everything was decided, and before it is written.
async fn given_rights_in_between(method: Method, path: &str, body: Value) -> Reply {
    let db = table_set_up_with(&[]).await;
    let dynamodb = serve_dynamodb(db.clone()).await;
    let proxy = Proxy::before(&dynamodb).await;
    let world = World::on(db.clone(), proxy.url.clone(), &[]).await;
    let beside = World::on(db, dynamodb, &[]).await;
    let owner = beside.owner().await;
    role(&beside, "helpdesk", &["admin.users"]).await;
    let id = made(&owner, "jane", &[]).await;
    made(&owner, "help", &["helpdesk"]).await;
    let helpdesk = signed_in(&world, "help@example.org", PASSWORD).await;
    let mut once = Some((owner, id));
    proxy.plan(move |call| {
        if call.operation == "TransactWriteItems"
            && let Some((owner, id)) = once.take()
        {
            let roles = format!("{}/roles", user(&id));
            let given = owner.post(&roles, json!({ "roles": ["SYS_ADMIN"] }));
            let reply = tokio::task::block_in_place(|| Handle::current().block_on(given));
            assert_eq!(reply.status, 200, "{}", reply.text);
        }
        None
    });
    let reply = helpdesk.send(method, path, Some(body), &[]).await;
    proxy.calm();
    signed_in(&beside, "jane@example.org", PASSWORD).await;
    assert_reconciled(&beside);
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn z04_a_password_is_not_set_on_rights_that_were_given_since_it_was_decided() {
    let jane = "jane@example.org";
    let put = json!({ "password": "taken over" });
    let reply = given_rights_in_between(Method::PUT, &user(jane), put).await;
    refused(&reply, 403, "You cannot give what you do not hold: admin.access");
    let path = format!("/api/users/{jane}");
    let put = json!({ "password": "taken over!" });
    let reply = given_rights_in_between(Method::PATCH, &path, put).await;
    assert_eq!((reply.status.as_u16(), reply.problem()), (403, "not-held"));
    let put = json!({ "newPassword": "taken over!" });
    let reply = given_rights_in_between(Method::POST, &format!("{path}/reset-password"), put).await;
    assert_eq!((reply.status.as_u16(), reply.problem()), (403, "not-held"));
}
