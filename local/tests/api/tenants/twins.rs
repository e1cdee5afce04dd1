//! Z5: links out of mails; and what would keep two tenants apart if the keys of the table did not.

use serde_json::{Value, json};
use usher::actions::links;
use usher::domain::mail::Purpose;
use usher::domain::text::Password;

use super::isolation::two;
use super::{context, items_of, link, signed_in, within};
use crate::support::{PASSWORD, World};
use crate::users::{invalid, refused};

#[tokio::test(flavor = "multi_thread")]
async fn z05_a_link_out_of_one_tenants_mail_opens_nothing_in_another() {
    let (world, ..) = two().await;
    for purpose in [Purpose::SetPassword, Purpose::VerifyEmail] {
        let token = link(&world, "org1", "boss", purpose).await;
        for other in ["org10", "main"] {
            assert!(follow(&world, other, &token, purpose).await.is_err(), "{other}");
        }
        assert!(
            follow(&world, "org1", &token, purpose).await.is_ok(),
            "and was not spent by trying"
        );
    }
    signed_in(&world, "org1", "boss", "battery staple").await;
    signed_in(&world, "org10", "boss", PASSWORD).await;
}

async fn follow(world: &World, tenant: &str, token: &str, purpose: Purpose) -> usher::Result<()> {
    let cx = context(world, tenant).await;
    let done = match purpose {
        Purpose::VerifyEmail => links::verify_email(&cx, token).await,
        Purpose::SetPassword => links::set_password(&cx, token, Password::presented("battery staple".to_owned())).await,
    };
    done.map(drop)
}

/// Puts a twin of everything of `org1` into `org10`, with the same ids: what the keys of the table keep apart is not kept
/// apart any more.
fn twin(world: &World) {
    for item in items_of(world, "org1").values() {
        let text = item.to_string().replace("T#org1#", "T#org10#");
        let text = text.replace(r#""tenant":{"S":"org1"}"#, r#""tenant":{"S":"org10"}"#);
        let item: Value = serde_json::from_str(&text).unwrap();
        if item["PK"]["S"].as_str().unwrap().starts_with("T#org10#") {
            let request = json!({ "TableName": "usher", "Item": item });
            world.db.put_item(serde_json::from_value(request).unwrap()).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_where_ids_were_the_same_in_two_tenants_tokens_links_and_cursors_would_still_be_distinct() {
    let (world, one, _) = two().await;
    for name in ["a", "b"] {
        crate::api_keys::made(&one, name).await;
        let new = json!({ "email": format!("{name}@example.org"), "password": PASSWORD });
        assert_eq!(one.post("/api/users", new).await.status, 201);
        signed_in(&world, "org1", "boss", PASSWORD).await;
    }
    let token = link(&world, "org1", "boss", Purpose::SetPassword).await;
    twin(&world);
    let ten = signed_in(&world, "org10", "boss", PASSWORD).await;
    let id = |profile: Value| profile["id"].clone();
    assert_eq!(
        id(ten.get("/api/me/profile").await.body),
        id(one.get("/api/me/profile").await.body)
    );
    for path in ["/api/users", "/api/roles", "/api/api-keys", "/api/me/login-history"] {
        let cursor = one.get(&format!("{path}?limit=1")).await.str("nextCursor").to_owned();
        let next = format!("{path}?limit=1&cursor={cursor}");
        assert_eq!(one.get(&next).await.status, 200, "{path}");
        invalid(&ten.get(&next).await, &["?cursor"]);
    }
    refused(
        &within(&one, "org10").get("/api/me/profile").await,
        401,
        "invalid-token",
    );
    refused(&within(&ten, "org1").get("/api/me/profile").await, 401, "invalid-token");
    assert!(follow(&world, "org10", &token, Purpose::SetPassword).await.is_err());
    assert!(follow(&world, "org1", &token, Purpose::SetPassword).await.is_ok());
}
