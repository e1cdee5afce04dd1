//! `DeleteAccount`, `DeleteUserAccount`: accounts of which nothing is left but their id in the histories.

use reqwest::Method;
use serde_json::{Value, json};
use usher::store::mails::Fate;

use super::{Person, ask, done, login, mails, person, recorded, refused, signed_in};
use crate::databases::{serve_dynamodb, table_set_up_with};
use crate::proxy::{Fault, Proxy};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World, at_once};

/// An account with everything that one can have.
async fn lived_in(world: &World, name: &str) -> Person {
    let jane = person(world, name, &["member"]).await;
    for _ in 0..3 {
        signed_in(world, name, PASSWORD).await;
        assert_eq!(login(world, name, "not the password").await.status, 401);
    }
    let body = json!({ "FirstName": format!("first-{name}"), "Address": { "Str": format!("street-{name}") } });
    done(&jane.client.post("/user/update", body).await);
    done(&jane.client.get("/user/resetpassword").await);
    let path = format!("/api/users/{}/roles", jane.id);
    let end = (world.now() + usher::jiff::SignedDuration::from_millis(1)).to_string();
    let brief = json!({ "role": "member", "department": "press", "effectiveTo": end });
    assert_eq!(world.owner().await.post(&path, brief).await.status, 201);
    world.clock.advance_ms(1);
    // Its end is noticed with the next grant.
    let other = json!({ "role": "member", "department": "sales" });
    assert_eq!(world.owner().await.post(&path, other).await.status, 201);
    assert!(
        world
            .items()
            .iter()
            .any(|item| item["SK"]["S"].as_str().unwrap().starts_with("PAST#"))
    );
    jane
}

/// Whatever of the table names this, but the rows that name an id.
fn that_name(world: &World, text: &str) -> Vec<Value> {
    let mut items = world.items();
    items.retain(|item| item.to_string().to_lowercase().contains(text));
    items
}

/// What is left of an account: rows of the histories with its id, and nothing else.
#[track_caller]
fn assert_erased(world: &World, id: &str, name: &str) {
    assert_eq!(that_name(world, name), [] as [Value; 0]);
    let (mut logins, mut rights) = (0, 0);
    for item in that_name(world, id) {
        let (pk, sk) = (item["PK"]["S"].as_str().unwrap(), item["SK"]["S"].as_str().unwrap());
        if ["LOGIN", "SESSION"].contains(&sk.split('#').next().unwrap()) {
            logins += 1;
            assert!(item["kind"]["S"].is_string() && item["refresh"].is_null(), "{item}");
            assert_eq!(
                (&item["ip"]["S"], &item["userAgent"]["S"]),
                (&json!(""), &json!("")),
                "{item}"
            );
        } else if pk != "T#main#LEFT" {
            // (Who left the list is logged for a month, by the bare id.)
            rights += 1;
            assert!(pk.starts_with("T#main#RIGHTS#"), "{item}");
        }
    }
    assert!(
        logins >= 7 && rights >= 2,
        "the histories keep the id: {logins} logins, {rights} rights"
    );
    assert_reconciled(world);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_s_own_account_is_erased_by_either_method_and_the_histories_keep_the_bare_id() {
    let world = World::new().await;
    for (name, method) in [("erased-by-get", Method::GET), ("erased-by-post", Method::POST)] {
        let jane = lived_in(&world, name).await;
        assert!(that_name(&world, name).len() > 5);
        let reply = ask(&jane.client, &method, "/user/deleteaccount").await;
        insta::allow_duplicates! {
            insta::assert_json_snapshot!(recorded("GET /user/deleteaccount", &reply), @r#"
            {
              "asked": "GET /user/deleteaccount",
              "status": 200,
              "set-cookie": "usher.authorization.token=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
              "body": {
                "Message": "your account was erased"
              }
            }
            "#);
        }
        refused(&jane.client.get("/user/profile").await, 401, "the token is not valid");
        refused(&login(&world, name, PASSWORD).await, 401, "wrong name or password");
        assert_erased(&world, &jane.id, name);
        assert_eq!(mails(&world), []);
    }
    let row = world
        .items()
        .into_iter()
        .find(|item| item["kind"]["S"] == "userErased")
        .unwrap();
    assert_eq!(row["actor"]["S"], row["target"]["M"]["user"]["S"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_was_given_up_goes_with_its_account_and_another_s_stays() {
    let world = World::new().await;
    for name in ["jane-whose-mail-died", "john-whose-mail-died"] {
        lived_in(&world, name).await;
    }
    // As the outbox does once it has tried often enough.
    for id in mail_ids(&world) {
        let mut tries = 0;
        while let Some(claimed) = usher::store::mails::claim(&world.app.table, id, world.now())
            .await
            .unwrap()
        {
            tries += 1;
            let settled = usher::store::mails::settle(&world.app.table, &claimed, Fate::Dead, world.now());
            assert!(settled.await.unwrap());
        }
        assert_eq!(tries, 1);
    }
    assert_eq!(mails(&world).len(), 2);
    let jane = signed_in(&world, "jane-whose-mail-died", PASSWORD).await;
    done(&jane.get("/user/deleteaccount").await);
    let left = mails(&world);
    assert_eq!(
        left,
        [(
            "resetPassword".to_owned(),
            "john-whose-mail-died@example.org".to_owned()
        )]
    );
}

fn mail_ids(world: &World) -> Vec<usher::id::MailId> {
    let mut items = world.items();
    items.retain(|item| item["SK"]["S"] == "MAIL");
    items
        .iter()
        .map(|item| item["id"]["S"].as_str().unwrap().parse().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_erases_another_account_even_one_that_was_deleted() {
    let world = World::new().await;
    let admin = person(&world, "boss", &["admin"]).await;
    for (name, deleted) in [("alive-until-now", false), ("deleted-before", true)] {
        let jane = lived_in(&world, name).await;
        if deleted {
            done(&jane.client.get("/user/delete").await);
        }
        let body = json!({ "Id": jane.id });
        done(&admin.client.post("/admin/deleteuseraccount", body.clone()).await);
        refused(
            &admin.client.post("/admin/deleteuseraccount", body).await,
            404,
            "no such user",
        );
        assert_erased(&world, &jane.id, name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_names_need_more_writes_than_a_transaction_has_is_erased_whole() {
    let world = World::new().await;
    let name = "long-name-0123456789-0123456789-0123456789-0123456789";
    let jane = lived_in(&world, name).await;
    assert!(that_name(&world, name).len() > 1);
    done(&jane.client.get("/user/deleteaccount").await);
    assert_erased(&world, &jane.id, name);
    assert!(
        !world
            .items()
            .iter()
            .any(|item| item["PK"]["S"].as_str().unwrap().contains("#FIND#")
                && item["SK"]["S"].as_str().unwrap().ends_with(&jane.id))
    );
}

/// Whether the account's item is there.
fn is_there(world: &World, id: &str) -> bool {
    world
        .items()
        .iter()
        .any(|item| item["SK"]["S"] == "USER" && item["id"]["S"] == id)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_breaks_off_anywhere_is_done_by_the_next_one_with_the_same_token() {
    let db = table_set_up_with(&[]).await;
    let proxy = Proxy::before(&serve_dynamodb(db.clone()).await).await;
    let world = World::on(db, proxy.url.clone(), &[("USHER_STORE_DEADLINE_MS", "2000")]).await;
    // The first account counts the calls of an erasure on a good day.
    let jane = lived_in(&world, "counted").await;
    proxy.cost();
    done(&jane.client.get("/user/deleteaccount").await);
    let calls = proxy.cost().operations.len();
    assert!(calls > 4, "{calls}");
    for broken in 1..=calls {
        let name = format!("broken-at-{broken}");
        let jane = lived_in(&world, &name).await;
        proxy.plan(move |call| (call.number >= broken).then_some(Fault::Broken));
        let reply = jane.client.get("/user/deleteaccount").await;
        proxy.calm();
        if is_there(&world, &jane.id) {
            assert_eq!(reply.status, 503, "{broken}: {}", reply.text);
            assert_reconciled(&world);
            done(&jane.client.get("/user/deleteaccount").await);
        } else {
            done(&reply);
        }
        assert_erased(&world, &jane.id, &name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_in_charge_who_erase_themselves_at_once_one_stays_with_all_that_is_theirs() {
    let world = World::new().await;
    let mut both = Vec::new();
    for name in ["first", "second"] {
        let one = person(&world, name, &["owner"]).await;
        both.push((signed_in(&world, name, PASSWORD).await, one));
    }
    for other in ["admin", "owner"] {
        let path = format!("/api/users/{other}");
        let off = both[0].1.client.patch(&path, json!({ "status": "inactive" })).await;
        assert_eq!(off.status, 204, "{}", off.text);
    }
    let replies = at_once(2, |n| {
        let client = both[n].1.client.clone();
        async move { client.get("/owner/deleteaccount").await }
    })
    .await;
    let stays = replies.iter().position(|reply| reply.status == 409).unwrap();
    assert_eq!(replies[1 - stays].status, 200);
    let (other_session, stays) = &both[stays];
    assert_eq!(other_session.get("/owner/profile").await.status, 200);
    let history = stays.client.get("/api/me/login-history").await.body;
    for row in history["items"].as_array().unwrap() {
        assert_ne!(row["ip"], "", "{history}");
    }
    assert_reconciled(&world);
}
