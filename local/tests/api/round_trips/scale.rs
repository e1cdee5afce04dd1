//! What a route costs does not grow with the number of accounts: the small form of `docs/performance.md`'s table, with
//! fifty accounts and with five hundred.

use serde_json::json;
use usher::domain::tenant::TenantId;
use usher::store::users;

use super::counted;
use crate::admin::depth::seed;
use crate::proxy::{Cost, Proxy};
use crate::support::{Client, PASSWORD, World};

/// What costs more among more accounts, up to a bound, and why.
const GROWS: [(&str, &str); 3] = [
    (
        "GET /api/users?q=a&status=active&limit=25",
        "its total is counted by looking at accounts, up to a thousand",
    ),
    (
        "GET /api/users?q=a&limit=25",
        "its total is counted by entries, up to a thousand",
    ),
    (
        "GET /v1/admin/users/search?q=a&limit=10",
        "its total is counted by entries, up to a thousand",
    ),
];

/// Requests, read and write units.
type Units = (usize, f64, f64);

struct Directory {
    world: World,
    proxy: Proxy,
    owner: Client,
    costs: Vec<(String, Units)>,
}

impl Directory {
    /// A directory of so many accounts, with searches that find all of them and one.
    async fn of(many: usize) -> Self {
        let (world, proxy) = counted().await;
        let owner = world.owner().await;
        let body = json!({ "username": "u", "password": PASSWORD });
        let like = owner.post("/api/users", body).await.str("id").parse().unwrap();
        let like = users::get(&world.app.table, &TenantId::main(), like)
            .await
            .unwrap()
            .unwrap();
        seed(&world, &like, "a", many).await;
        world.clock.advance(600);
        let owner = world.owner().await;
        assert_eq!(owner.get("/api/users/u").await.status, 200);
        Self {
            world,
            proxy,
            owner,
            costs: Vec::new(),
        }
    }

    fn note(&mut self, what: &str) {
        let Cost {
            operations,
            read,
            written,
        } = self.proxy.cost();
        self.costs.push((what.to_owned(), (operations.len(), read, written)));
    }

    async fn get(&mut self, path: &str) {
        self.proxy.cost();
        let reply = self.owner.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        self.note(&format!("GET {path}"));
    }

    async fn all(mut self) -> Vec<(String, Units)> {
        for path in [
            "/api/users?limit=25",
            "/api/users?status=active&limit=25",
            "/api/users?status=banned&limit=25",
            "/api/users?status=deleted&limit=25",
            "/api/users?role=user&limit=25",
            "/api/users?role=owner&limit=25",
            "/api/users?role=user&status=active&limit=25",
            "/api/users?q=a&limit=25",
            "/api/users?q=usher&limit=25",
            "/api/users?q=nothing&limit=25",
            "/api/users?q=a&status=active&limit=25",
            "/api/users/a7",
            "/api/roles",
            "/api/roles/user",
            "/api/rights-history?limit=25",
            "/api/me/profile",
            "/owner/users?limit=25",
            "/owner/roles?limit=25",
            "/v1/admin/users?page=1&limit=10",
            "/v1/admin/users?page=5&limit=10",
            "/v1/admin/users/search?q=a&limit=10",
            "/v1/admin/users/a7",
        ] {
            self.get(path).await;
        }
        let (nobody, owner) = (self.world.nobody(), self.owner.clone());
        let login = nobody.post("/api/auth/login", json!({ "username": "u", "password": PASSWORD }));
        assert_eq!(login.await.status, 200);
        self.note("POST /api/auth/login");
        let body = json!({ "email": "typical.22@example.org", "username": "typical8", "password": PASSWORD });
        let reply = owner.post("/api/users", body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        self.note("POST /api/users");
        let path = format!("/api/users/{}", reply.str("id"));
        assert_eq!(
            owner.patch(&path, json!({ "displayName": "Some One" })).await.status,
            204
        );
        self.note("PATCH /api/users/{user}");
        assert_eq!(owner.delete(&path).await.status, 204);
        self.note("DELETE /api/users/{user}");
        self.costs
    }
}

/// Within a twentieth of it.
fn is_equal(small: f64, large: f64) -> bool {
    (large - small).abs() <= small.abs() * 0.05
}

#[tokio::test(flavor = "multi_thread")]
async fn s02_among_500_accounts_every_route_costs_what_it_costs_among_50() {
    let small = Directory::of(50).await.all().await;
    let large = Directory::of(500).await.all().await;
    let mut wrong = Vec::new();
    for ((route, few), (_, many)) in small.iter().zip(&large) {
        let same = few.0 == many.0 && is_equal(few.1, many.1) && is_equal(few.2, many.2);
        let excused = GROWS.iter().any(|(one, _)| route == one);
        if same == excused {
            wrong.push(format!("{route}: {few:?} among 50, {many:?} among 500"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
