//! The same for `/v1/user`, and for the routes that links out of mails lead to.

use serde_json::{Value, json};
use usher::domain::mail::Purpose;

use super::routes::{Somebody, under_faults};
use crate::backstage::{one_time, set_lifetime};
use crate::support::{Client, PASSWORD, World};

type Asked = (Client, String, Option<Value>, u16);

/// As `routes::ready`: who sends what where, and what it is answered with on a good day.
pub(super) async fn ready(world: &World, owner: &Client, some: &Somebody, route: &str, n: usize) -> Asked {
    let nobody = world.nobody();
    match route {
        "POST /v1/user/register" => {
            let name = format!("new-{n:04}");
            let body = json!({
                "username": name, "email": format!("{name}@example.org"), "password": PASSWORD,
                "confirm_password": PASSWORD,
            });
            (nobody, "/v1/user/register".to_owned(), Some(body), 200)
        }
        "GET /v1/user/email/verify/{token}" => {
            let token = one_time(world, &some.id, Purpose::VerifyEmail).await;
            (nobody, format!("/v1/user/email/verify/{token}"), None, 200)
        }
        "POST /v1/user/email/resend" => {
            let body = json!({ "email": format!("{}@example.org", some.name) });
            (nobody, "/v1/user/email/resend".to_owned(), Some(body), 202)
        }
        "POST /v1/user/login" => {
            let body = json!({ "login": some.name, "password": PASSWORD });
            (nobody, "/v1/user/login".to_owned(), Some(body), 200)
        }
        "POST /v1/user/token/renew" => {
            // Six days, so that it is renewed at once.
            set_lifetime(world, "registration", 6 * 24 * 3600).await;
            let body = json!({ "token": token(world, some).await });
            (nobody, "/v1/user/token/renew".to_owned(), Some(body), 200)
        }
        "POST /v1/user/{user}/change-password" => {
            let body = json!({ "current_password": PASSWORD, "password": "six-ch", "confirm_password": "six-ch" });
            let me = world.with_token(&token(world, some).await);
            (me, format!("/v1/user/{}/change-password", some.name), Some(body), 200)
        }
        "DELETE /v1/user/ban/{user}" => (owner.clone(), format!("/v1/user/ban/{}", some.name), None, 200),
        "DELETE /v1/user/ban/{user}/lift" => {
            let path = format!("/v1/user/ban/{}", some.name);
            assert_eq!(owner.delete(&path).await.status, 200);
            (owner.clone(), format!("{path}/lift"), None, 200)
        }
        "POST /api/auth/forgot-password" => {
            let body = json!({ "email": format!("{}@example.org", some.name) });
            (nobody, "/api/auth/forgot-password".to_owned(), Some(body), 202)
        }
        "POST /api/auth/set-password" => {
            let token = one_time(world, &some.id, Purpose::SetPassword).await;
            let body = json!({ "token": token, "newPassword": "battery staple" });
            (nobody, "/api/auth/set-password".to_owned(), Some(body), 204)
        }
        other => panic!("{other} is not known here"),
    }
}

async fn token(world: &World, some: &Somebody) -> String {
    let body = json!({ "login": some.name, "password": PASSWORD });
    let reply = world.nobody().post("/v1/user/login", body).await;
    reply.body["data"]["token"].as_str().unwrap().to_owned()
}

under_faults! {
    f1_f2_f3_a_registration_makes_one_account_and_one_mail_or_neither: "POST /v1/user/register",
    f1_f2_f3_an_address_is_verified_once_or_not_at_all: "GET /v1/user/email/verify/{token}",
    f1_f2_f3_one_mail_to_verify_an_address_is_asked_for_again_or_none: "POST /v1/user/email/resend",
    f1_f2_f3_a_login_by_this_contract_opens_one_session_or_none: "POST /v1/user/login",
    f1_f2_f3_a_token_is_renewed_once_or_not_at_all: "POST /v1/user/token/renew",
    f1_f2_f3_one_s_own_password_is_changed_once_or_not_at_all: "POST /v1/user/{user}/change-password",
    f1_f2_f3_an_account_is_banned_once_or_not_at_all: "DELETE /v1/user/ban/{user}",
    f1_f2_f3_a_ban_is_lifted_once_or_not_at_all: "DELETE /v1/user/ban/{user}/lift",
    f1_f2_f3_one_mail_is_asked_for_or_none: "POST /api/auth/forgot-password",
    f1_f2_f3_a_password_is_set_by_a_link_once_or_not_at_all: "POST /api/auth/set-password",
}
