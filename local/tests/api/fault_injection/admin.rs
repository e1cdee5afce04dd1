//! The same for `/v1/auth`, `/v1/admin` and `/v1/settings`.

use serde_json::{Value, json};

use super::routes::{Somebody, under_faults};
use crate::admin::{login, user};
use crate::proxy::Fault;
use crate::round_trips::counted;
use crate::support::{Client, PASSWORD, Reply, World};

type Asked = (Client, String, Option<Value>, u16);

/// Whether the route is one of this contract's.
pub(super) fn knows(route: &str) -> bool {
    [" /v1/auth/", " /v1/admin/", " /v1/settings"]
        .iter()
        .any(|path| route.contains(path))
}

/// As `routes::ready`: who sends what where, and what it is answered with on a good day.
pub(super) async fn ready(world: &World, owner: &Client, some: &Somebody, route: &str, n: usize) -> Asked {
    let (nobody, path) = (world.nobody(), user(&some.id));
    let of_owner = owner.clone();
    match route {
        "POST /v1/auth/refresh" => {
            let pair = signed_in(world, owner, some).await;
            let body = json!({ "refresh_token": pair.str("refresh_token") });
            (nobody, "/v1/auth/refresh".to_owned(), Some(body), 200)
        }
        "POST /v1/auth/logout" => {
            let pair = signed_in(world, owner, some).await;
            let body = json!({ "refresh_token": pair.str("refresh_token") });
            let me = world.with_token(pair.str("access_token"));
            (me, "/v1/auth/logout".to_owned(), Some(body), 204)
        }
        "POST /v1/auth/verification" => {
            let body = json!({ "email": format!("{}@example.org", some.name) });
            (nobody, "/v1/auth/verification".to_owned(), Some(body), 202)
        }
        "POST /v1/admin/users/{user}/verification" => (of_owner, format!("{path}/verification"), None, 202),
        "POST /v1/admin/users" => {
            let name = format!("new-{n:04}");
            let body = json!({
                "email": format!("{name}@example.org"), "user_name": name, "password": PASSWORD, "roles": ["member"],
            });
            (of_owner, "/v1/admin/users".to_owned(), Some(body), 201)
        }
        "PUT /v1/admin/users/{user}" => {
            let name = format!("moved-{n:04}");
            let body = json!({
                "email": format!("{name}@example.org"), "user_name": name, "password": "battery staple",
                "roles": ["member", format!("role-{n:04}")],
            });
            (of_owner, path, Some(body), 200)
        }
        "DELETE /v1/admin/users/{user}" => (of_owner, path, None, 200),
        "POST /v1/admin/users/{user}/roles" => {
            let body = json!({ "roles": ["member", format!("role-{n:04}")] });
            (of_owner, format!("{path}/roles"), Some(body), 200)
        }
        "DELETE /v1/admin/users/{user}/roles/{role}" => {
            let given = json!({ "roles": ["member"] });
            assert_eq!(owner.post(&format!("{path}/roles"), given).await.status, 200);
            (of_owner, format!("{path}/roles/member"), None, 200)
        }
        "PATCH /v1/settings" => {
            let before = json!({ "history_days": 100 + 2 * n });
            assert_eq!(owner.patch("/v1/settings", before).await.status, 200);
            let body = json!({ "history_days": 101 + 2 * n });
            (of_owner, "/v1/settings".to_owned(), Some(body), 200)
        }
        other => panic!("{other} is not known here"),
    }
}

async fn signed_in(world: &World, owner: &Client, some: &Somebody) -> Reply {
    let verified = json!({ "email_verified": true });
    assert_eq!(owner.put(&user(&some.id), verified).await.status, 200);
    let body = json!({ "email": format!("{}@example.org", some.name), "password": PASSWORD });
    world.nobody().post("/v1/auth/login", body).await
}

/// A login is done once its transaction is. What its roles are for is read after that.
#[tokio::test(flavor = "multi_thread")]
async fn f1_a_login_that_was_done_is_answered_whatever_cannot_be_read_after_it() {
    let (world, proxy) = counted().await;
    let login = || login(&world, "admin@gauth.local", "Admin@123");
    let whole = login().await;
    for calls in 1..=3 {
        proxy.plan(move |call| (call.number >= calls).then_some(Fault::Busy));
        let refused = login().await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "1"));
        assert_eq!(
            refused.body,
            json!({ "error": "The service is busy; try again shortly" })
        );
    }
    proxy.plan(|call| (call.number >= 4).then_some(Fault::Busy));
    let reply = login().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let roles = json!([{ "name": "admin", "description": null }, { "name": "user", "description": null }]);
    assert_eq!(reply.body["user"]["roles"], roles);
    assert_eq!(reply.body["user"]["id"], whole.body["user"]["id"]);
    proxy.calm();
    let token = world.with_token(reply.str("access_token"));
    assert_eq!(token.get("/v1/settings").await.status, 200);
}

under_faults! {
    f1_f2_f3_a_refresh_by_this_contract_rotates_once_or_not_at_all: "POST /v1/auth/refresh",
    f1_f2_f3_a_logout_by_this_contract_ends_one_session_or_none: "POST /v1/auth/logout",
    f1_f2_f3_one_mail_is_asked_for_by_this_contract_or_none: "POST /v1/auth/verification",
    f1_f2_f3_one_mail_is_asked_for_by_an_administrator_or_none: "POST /v1/admin/users/{user}/verification",
    f1_f2_f3_an_account_with_a_role_is_made_whole_or_not_at_all: "POST /v1/admin/users",
    f1_f2_f3_address_name_password_and_roles_change_together_or_not_at_all: "PUT /v1/admin/users/{user}",
    f1_f2_f3_another_s_account_is_deleted_whole_or_not_at_all: "DELETE /v1/admin/users/{user}",
    f1_f2_f3_two_roles_are_given_together_or_not_at_all: "POST /v1/admin/users/{user}/roles",
    f1_f2_f3_a_role_is_taken_by_name_once_or_not_at_all: "DELETE /v1/admin/users/{user}/roles/{role}",
    f1_f2_f3_settings_change_once_or_not_at_all: "PATCH /v1/settings",
}
