//! `/api/auth/*` of the directory contract.

use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, World};

mod change_password;
mod forgot_password;
mod lockout;
mod lockout_names;
mod login;
mod many_roles;
mod new_passwords;
mod refresh;
mod revoke_logout;
mod set_password;
mod token;

/// Logs in by `/token`.
pub async fn token(world: &World, email: &str, password: &str) -> Reply {
    let body = json!({ "email": email, "password": password });
    world.nobody().post("/api/auth/token", body).await
}

/// Logs in by `/login`.
pub async fn login(world: &World, name: &str, password: &str) -> Reply {
    let body = json!({ "username": name, "password": password });
    world.nobody().post("/api/auth/login", body).await
}

/// Exchanges a refresh token.
pub async fn refresh(world: &World, token: &str) -> Reply {
    let body = json!({ "refreshToken": token });
    world.nobody().post("/api/auth/refresh", body).await
}

/// An access token and the refresh token beside it.
#[derive(Debug, Clone)]
pub struct Pair {
    pub access: String,
    pub refresh: String,
}

impl Pair {
    /// The pair that an answer holds.
    pub fn of(reply: &Reply) -> Self {
        assert_eq!(reply.status, 200, "{}", reply.text);
        let part = |name| reply.body[name].as_str().unwrap().to_owned();
        Self {
            access: part("accessToken"),
            refresh: part("refreshToken"),
        }
    }
}

/// The pair of a new login.
pub async fn pair(world: &World, email: &str) -> Pair {
    Pair::of(&token(world, email, PASSWORD).await)
}

/// What a token is answered with where it needs to open something; it uses the token.
pub async fn opens(world: &World, access: &str) -> u16 {
    let reply = world.with_token(access).get("/api/me/profile").await;
    if reply.status == 401 {
        assert_eq!(reply.problem(), "invalid-token");
        assert_eq!(reply.header("www-authenticate"), r#"Bearer error="invalid_token""#);
    }
    reply.status.as_u16()
}

/// Asserts that a refresh token is refused, as every refresh token is that is good for nothing.
pub async fn assert_refused(world: &World, refresh_token: &str, why: &str) {
    let reply = refresh(world, refresh_token).await;
    assert_eq!(
        (reply.status.as_u16(), reply.problem()),
        (401, "invalid-token"),
        "{why}"
    );
}

/// Makes an account and does this to it as its owner.
pub async fn patched(world: &World, email: &str, patch: Value) {
    let reply = world.owner().await.patch(&format!("/api/users/{email}"), patch).await;
    assert_eq!(reply.status, 204, "{}", reply.text);
}

/// Sends bytes as they are to a path, as this media type.
pub async fn raw(client: &Client, path: &str, media_type: &str, body: impl Into<reqwest::Body>) -> Reply {
    let mut request = client.http.post(format!("{}{path}", client.base)).body(body);
    if !client.token.is_empty() {
        request = request.bearer_auth(&client.token);
    }
    if !media_type.is_empty() {
        request = request.header("content-type", media_type);
    }
    crate::support::reply(request).await
}

/// An answer without what differs in every one: for the claim that two answers are the same.
#[derive(Debug, PartialEq)]
pub struct Look {
    status: u16,
    body: String,
    /// Names in the order received, with the length of each value.
    headers: Vec<(String, usize)>,
}

impl Look {
    pub fn of(reply: &Reply) -> Self {
        let headers = reply.headers.iter();
        Self {
            status: reply.status.as_u16(),
            body: reply.text.clone(),
            headers: headers.map(|(name, value)| (name.to_string(), value.len())).collect(),
        }
    }
}

/// A body with what differs in every answer covered, each by its JSON Pointer; what is covered must be there.
pub fn covered(body: &Value, pointers: &[&str]) -> Value {
    let mut body = body.clone();
    for pointer in pointers {
        let place = body.pointer_mut(pointer).unwrap();
        assert!(!place.as_str().unwrap().is_empty(), "{pointer}");
        *place = json!(format!("[{}]", pointer.trim_start_matches('/')));
    }
    body
}
