//! The events of each function.

use super::play;
use crate::guard_walk::golden;

#[tokio::test(flavor = "multi_thread")]
async fn i03_the_events_of_auth_answer_as_http_does() {
    golden("events_auth", &play("auth").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn i03_the_events_of_me_answer_as_http_does() {
    golden("events_me", &play("me").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn i03_the_events_of_users_answer_as_http_does() {
    golden("events_users", &play("users").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn i03_the_events_of_roles_answer_as_http_does() {
    golden("events_roles", &play("roles").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn i03_the_events_of_access_answer_as_http_does() {
    golden("events_access", &play("access").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn i03_the_events_of_registration_answer_as_http_does() {
    golden("events_registration", &play("registration").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn i03_the_events_of_account_answer_as_http_does() {
    golden("events_account", &play("account").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn i03_the_events_of_admin_answer_as_http_does() {
    golden("events_admin", &play("admin").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn i03_the_events_of_discovery_answer_as_http_does() {
    golden("events_discovery", &play("discovery").await);
}
