//! The Lambda authorizer: what API Gateway asks in each of its forms, and the account's present state as the answer.

mod forms;
mod refusals;
mod state;

use serde_json::{Value, json};
use usher::http::lambda::Answered;

use crate::service_accounts::keyed;
use crate::support::{Client, PASSWORD, World};

/// An event of `events/authorizer`, with this token.
pub fn event(name: &str, token: &str) -> Value {
    let path = format!("{}/../events/authorizer/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text.replace("{{token}}", token)).unwrap()
}

/// What each kind of API asks with.
pub const FORMS: [&str; 5] = [
    "http-api",
    "http-api-payload-1",
    "rest-api-request",
    "rest-api-token",
    "websocket-api",
];

/// What the function answers, as Lambda hands it on.
pub async fn ask(world: &World, event: Value) -> usher::Result<Answered<Value>> {
    world.watch.secrets.keep_of(&event);
    let answer = authorizer::handlers::handle(&world.app, event);
    let answer = world.watch.over("authorizer", answer).await?;
    Ok(answer.map(|answer| serde_json::to_value(answer).unwrap()))
}

/// What API Gateway does with an answer: 200 lets the request through.
pub fn status(answer: &usher::Result<Answered<Value>>) -> u16 {
    match answer {
        Err(_) => 500,
        Ok(Err("Unauthorized")) => 401,
        Ok(Err(_)) => 500,
        Ok(Ok(answer)) if answer["isAuthorized"] == true => 200,
        Ok(Ok(answer)) if answer["policyDocument"]["Statement"][0]["Effect"] == "Allow" => 200,
        Ok(Ok(_)) => 403,
    }
}

pub async fn status_of(world: &World, form: &str, token: &str) -> u16 {
    status(&ask(world, event(form, token)).await)
}

/// What a form answers where the token is nobody's.
pub fn refused(form: &str) -> u16 {
    match form {
        "http-api" | "http-api-payload-1" => 403,
        _ => 401,
    }
}

/// A world in which it asked the table all that it ever asks: the published keys, and the first use of a new pair.
pub async fn used() -> World {
    let world = World::new().await;
    let (_, refresh) = pair(&world).await;
    let renewed = json!({ "refreshToken": refresh });
    let renewed = world.nobody().post("/api/auth/refresh", renewed).await;
    // What is known of keys is looked at again.
    world.clock.advance(11);
    for _ in 0..2 {
        assert_eq!(status_of(&world, "http-api", renewed.str("accessToken")).await, 200);
    }
    let principal = json!({ "username": "dev", "roles": ["admin"] });
    let principal = world.nobody().post("/api/auth/dev-token", principal).await;
    assert_eq!(status_of(&world, "http-api", principal.str("token")).await, 200);
    let (_, _, robot) = keyed(&world, "robot", &[]).await;
    assert_eq!(status_of(&world, "http-api", &robot.token).await, 200);
    world
}

/// Somebody with a role that somebody created.
pub async fn jane(world: &World) -> Client {
    let (token, _) = pair(world).await;
    world.with_token(&token)
}

/// Her access and refresh tokens.
async fn pair(world: &World) -> (String, String) {
    let owner = world.owner().await;
    let role = json!({ "name": "Press Office", "permissions": ["admin.users"] });
    assert_eq!(owner.post("/api/roles", role).await.status, 201);
    world.user_with("jane@example.org", &["press office"]).await;
    let body = json!({ "email": "jane@example.org", "password": PASSWORD });
    let pair = world.nobody().post("/api/auth/token", body).await;
    (pair.str("accessToken").to_owned(), pair.str("refreshToken").to_owned())
}
