//! Writes with `If-Match`: what is shown beside the thing itself is read, and held to.

use reqwest::Method;
use serde_json::json;

use super::Measured;
use crate::conditional::{if_match, tag};
use crate::support::PASSWORD;
use crate::users::user;

pub async fn conditional(m: &mut Measured) {
    let (owner, id) = (m.owner.clone(), m.somebody("careful").await);
    let member = json!({ "role": "member" });
    owner.post(&format!("{}/roles", user(&id)), member).await;
    let careful = m.world.signed_in("careful", PASSWORD).await;
    let role = owner.post("/api/roles", json!({ "name": "careful" })).await;
    let role = format!("/api/roles/{}", role.str("id"));
    let (profile, account) = ("/api/me/profile".to_owned(), user(&id));
    for (route, who, path, body, status) in [
        ("PATCH /api/me/profile", &careful, &profile, json!({ "age": 7 }), 200),
        ("PATCH /api/users/{user}", &owner, &account, json!({ "age": 8 }), 204),
        (
            "PATCH /api/roles/{role}",
            &owner,
            &role,
            json!({ "description": "new" }),
            200,
        ),
    ] {
        let tag = tag(who, path).await;
        let lines = [tag.as_str()];
        let request = if_match(who, Method::PATCH, path, Some(body), &lines);
        m.of(route, "`If-Match`", status, request).await;
    }
    let tag = tag(&owner, &role).await;
    let lines = [tag.as_str()];
    let request = if_match(&owner, Method::DELETE, &role, None, &lines);
    m.of("DELETE /api/roles/{role}", "`If-Match`", 204, request).await;
}
