//! What the contract's own document shows: its three scenarios with curl, and the calls of its JavaScript client.

use reqwest::Method;
use serde_json::{Value, json};

use super::{login, refused, signed_in};
use crate::reconcile::assert_reconciled;
use crate::support::World;

/// A request as curl sends it: with `Content-Type` and `Authorization`, and nothing that our own tests add.
async fn curl(world: &World, method: Method, path: &str, token: &str, body: Option<Value>) -> (u16, Value) {
    let mut request = reqwest::Client::new().request(method, format!("{}{path}", world.base));
    if !token.is_empty() {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    if let Some(body) = body {
        request = request
            .header("Content-Type", "application/json")
            .body(body.to_string());
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

/// `TOKEN=$(curl … | jq -r .access_token)`
async fn token(world: &World) -> String {
    let body = json!({ "email": "admin@gauth.local", "password": "Admin@123" });
    let (status, answer) = curl(world, Method::POST, "/v1/auth/login", "", Some(body)).await;
    assert_eq!(status, 200);
    answer["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_1_the_default_administrator_logs_in_and_lists_users() {
    let world = World::new().await;
    let token = token(&world).await;
    let (status, answer) = curl(&world, Method::GET, "/v1/admin/users?page=1&limit=10", &token, None).await;
    assert_eq!(status, 200);
    let names: Vec<&str> = answer["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["user_name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"admin") && names.contains(&"owner"), "{names:?}");
    assert_eq!(
        answer["pagination"],
        json!({ "page": 1, "limit": 10, "total": 2, "totalPages": 1 })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_2_an_administrator_is_made_who_can_log_in_directly() {
    let world = World::new().await;
    let token = token(&world).await;
    let body = json!({
        "email": "newadmin@example.com", "password": "SecurePass123!", "user_name": "newadmin", "email_verified": true,
        "roles": ["admin", "user"],
    });
    let (status, made) = curl(&world, Method::POST, "/v1/admin/users", &token, Some(body)).await;
    assert_eq!((status, &made["email_verified"]), (201, &json!(true)));
    let body = json!({ "email": "newadmin@example.com", "password": "SecurePass123!" });
    let (status, answer) = curl(&world, Method::POST, "/v1/auth/login", "", Some(body)).await;
    assert_eq!((status, &answer["user"]["id"]), (200, &made["id"]));
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(curl(&world, Method::GET, "/v1/admin/users", token, None).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_3_a_user_is_searched_for_given_and_denied_a_role_and_deleted() {
    let world = World::new().await;
    let token = token(&world).await;
    let body = json!({ "email": "john@example.com", "password": "a secret", "user_name": "john" });
    let (_, made) = curl(&world, Method::POST, "/v1/admin/users", &token, Some(body)).await;
    let search = "/v1/admin/users/search?q=john&page=1&limit=10";
    let (status, found) = curl(&world, Method::GET, search, &token, None).await;
    assert_eq!((status, &found["pagination"]["total"]), (200, &json!(1)));
    let id = found["users"][0]["id"].as_str().unwrap();
    assert_eq!(found["users"][0]["id"], made["id"]);
    let path = format!("/v1/admin/users/{id}");
    let body = Some(json!({ "roles": ["admin"] }));
    let given = curl(&world, Method::POST, &format!("{path}/roles"), &token, body).await;
    assert_eq!(given, (200, json!({ "message": "Roles assigned successfully" })));
    let taken = curl(&world, Method::DELETE, &format!("{path}/roles/admin"), &token, None).await;
    assert_eq!(taken, (200, json!({ "message": "Role removed successfully" })));
    let gone = curl(&world, Method::DELETE, &path, &token, None).await;
    assert_eq!(gone, (200, json!({ "message": "User deleted successfully" })));
    let (_, found) = curl(&world, Method::GET, search, &token, None).await;
    assert_eq!(
        found["pagination"],
        json!({ "page": 1, "limit": 10, "total": 0, "totalPages": 0 })
    );
    assert_reconciled(&world);
}

/// The document's class: it holds a token, and throws what `error` names where an answer is not `ok`.
struct AdminClient<'a> {
    world: &'a World,
    token: String,
}

impl AdminClient<'_> {
    /// `request(method, path, body)`: always with `Content-Type`, and the token once there is one.
    async fn request(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        let request = reqwest::Client::new()
            .request(method, format!("{}/v1{path}", self.world.base))
            .header("Content-Type", "application/json")
            .header("Authorization", format!("Bearer {}", self.token));
        let request = match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        };
        let response = request.send().await.unwrap();
        let ok = response.status().is_success();
        let answer: Value = response.json().await.unwrap();
        if ok {
            Ok(answer)
        } else {
            Err(answer["error"].as_str().unwrap().to_owned())
        }
    }

    async fn login(&mut self, email: &str, password: &str) -> Result<Value, String> {
        let body = json!({ "email": email, "password": password });
        let answer = self.request(Method::POST, "/auth/login", Some(body)).await?;
        answer["access_token"].as_str().unwrap().clone_into(&mut self.token);
        Ok(answer)
    }

    async fn list_users(&self, page: u32, limit: u32) -> Result<Value, String> {
        let path = format!("/admin/users?page={page}&limit={limit}");
        self.request(Method::GET, &path, None).await
    }

    async fn search_users(&self, q: &str) -> Result<Value, String> {
        self.request(Method::GET, &format!("/admin/users/search?q={q}"), None)
            .await
    }

    async fn get_user(&self, id: &str) -> Result<Value, String> {
        self.request(Method::GET, &format!("/admin/users/{id}"), None).await
    }

    async fn create_user(&self, body: Value) -> Result<Value, String> {
        self.request(Method::POST, "/admin/users", Some(body)).await
    }

    async fn update_user(&self, id: &str, body: Value) -> Result<Value, String> {
        self.request(Method::PUT, &format!("/admin/users/{id}"), Some(body))
            .await
    }

    async fn assign_roles(&self, id: &str, roles: &[&str]) -> Result<Value, String> {
        let body = json!({ "roles": roles });
        self.request(Method::POST, &format!("/admin/users/{id}/roles"), Some(body))
            .await
    }

    async fn remove_role(&self, id: &str, role: &str) -> Result<Value, String> {
        self.request(Method::DELETE, &format!("/admin/users/{id}/roles/{role}"), None)
            .await
    }

    async fn delete_user(&self, id: &str) -> Result<Value, String> {
        self.request(Method::DELETE, &format!("/admin/users/{id}"), None).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_s_javascript_client_works_call_by_call() {
    let world = World::new().await;
    let mut client = AdminClient {
        world: &world,
        token: String::new(),
    };
    assert_eq!(client.list_users(1, 10).await.unwrap_err(), "Authentication required");
    assert_eq!(
        client.login("admin@gauth.local", "wrong").await.unwrap_err(),
        "Invalid credentials"
    );
    let me = client.login("admin@gauth.local", "Admin@123").await.unwrap();
    assert_eq!(client.list_users(1, 10).await.unwrap()["pagination"]["total"], 2);
    let body = json!({ "email": "test@example.com", "password": "password-123", "user_name": "testuser" });
    let made = client.create_user(body.clone()).await.unwrap();
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        client.create_user(body).await.unwrap_err(),
        "The e-mail address is taken"
    );
    assert_eq!(client.search_users("TEST").await.unwrap()["users"][0]["id"], made["id"]);
    assert_eq!(client.get_user(id).await.unwrap()["user_name"], "testuser");
    let updated = client.update_user(id, json!({ "email_verified": true })).await.unwrap();
    assert_eq!(updated["message"], "User updated successfully");
    assert_eq!(
        client.assign_roles(id, &["admin"]).await.unwrap()["message"],
        "Roles assigned successfully"
    );
    assert_eq!(
        client.remove_role(id, "admin").await.unwrap()["message"],
        "Role removed successfully"
    );
    assert_eq!(
        client.remove_role(id, "admin").await.unwrap_err(),
        "The user does not have this role"
    );
    let own = me["user"]["id"].as_str().unwrap();
    assert_eq!(
        client.delete_user(own).await.unwrap_err(),
        "You cannot delete your own account"
    );
    assert_eq!(
        client.delete_user(id).await.unwrap()["message"],
        "User deleted successfully"
    );
    assert_eq!(client.get_user(id).await.unwrap_err(), "User not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_without_the_role_is_answered_with_what_they_need() {
    let world = World::new().await;
    let admin = super::admin(&world).await;
    super::made(&admin, "jane", &[]).await;
    let jane = signed_in(&world, "jane@example.org", crate::support::PASSWORD).await;
    refused(&jane.get("/v1/admin/users").await, 403, "Admin access required");
    let reply = login(&world, "jane@example.org", crate::support::PASSWORD).await;
    assert_eq!(
        reply.body["user"]["roles"],
        json!([{ "name": "user", "description": "Default user role" }])
    );
}
