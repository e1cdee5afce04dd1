//! Every route that writes, with every fault at every one of its calls.

use reqwest::Method;
use serde_json::{Value, json};

use super::diff::{Diff, between, dump};
use crate::me::sessions::own_id;
use crate::proxy::{Fault, Proxy};
use crate::reconcile::assert_reconciled;
use crate::round_trips::counted;
use crate::support::{Client, PASSWORD, Reply, World, steps};

/// A request that is ready to be sent, and what it is answered with on a good day.
pub(super) struct Ready {
    pub client: Client,
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
    pub status: u16,
    /// The account that it is about, where it is about one.
    pub whose: String,
}

impl Ready {
    pub(super) async fn send(&self) -> Reply {
        self.client
            .send(self.method.clone(), &self.path, self.body.clone(), &[])
            .await
    }
}

/// Things of their own for one request.
pub(super) struct Somebody {
    pub name: String,
    pub id: String,
    user: Client,
    refresh: String,
}

async fn somebody(world: &World, owner: &Client, n: usize) -> Somebody {
    let name = format!("somebody-{n:04}");
    let email = format!("{name}@example.org");
    let body = json!({ "email": email, "username": name, "password": PASSWORD });
    let id = owner.post("/api/users", body).await.str("id").to_owned();
    let pair = world
        .nobody()
        .post("/api/auth/token", json!({ "email": email, "password": PASSWORD }))
        .await;
    let role = json!({ "name": format!("role-{n:04}"), "maxCount": 5 });
    assert_eq!(owner.post("/api/roles", role).await.status, 201);
    Somebody {
        name,
        id,
        user: world.with_token(pair.str("accessToken")),
        refresh: pair.str("refreshToken").to_owned(),
    }
}

/// A key of a service account is made, or revoked: the path, the body and the answer.
async fn of_keys(owner: &Client, route: &str, n: usize) -> (String, Option<Value>, u16) {
    let robot = crate::service_accounts::service(owner, &format!("robot-{n:04}"), &[]).await;
    let keys = format!("/api/users/{robot}/keys");
    if route.starts_with("POST") {
        return (keys, Some(json!({ "name": "made" })), 201);
    }
    let made = crate::service_accounts::key(owner, &robot).await;
    (format!("{keys}/{}", made.str("id")), None, 204)
}

#[expect(clippy::too_many_lines, reason = "a list of routes")]
async fn ready(world: &World, owner: &Client, route: &str, n: usize) -> Ready {
    let some = somebody(world, owner, n).await;
    let user = format!("/api/users/{}", some.id);
    let role = format!("/api/roles/role-{n:04}");
    let (nobody, of_owner) = (world.nobody(), owner.clone());
    let (client, path, body, status) = match route {
        "POST /api/users" => {
            let name = format!("new-{n:04}");
            let body = json!({ "email": format!("{name}@example.org"), "username": name, "password": PASSWORD, "roles": ["member"] });
            (of_owner, "/api/users".to_owned(), Some(body), 201)
        }
        "PATCH /api/users/{user}" => {
            let body = json!({ "email": format!("moved-{n:04}@example.org"), "displayName": "Moved" });
            (of_owner, user, Some(body), 204)
        }
        "PUT /api/users/{user}" => (
            of_owner,
            user,
            Some(json!({ "type": "admin", "status": "inactive" })),
            204,
        ),
        "DELETE /api/users/{user}" => (of_owner, user, None, 204),
        "POST /api/users/{user}/lock" => (of_owner, format!("{user}/lock"), None, 204),
        "POST /api/users/{user}/unlock" => {
            owner.post_empty(&format!("{user}/lock")).await;
            (of_owner, format!("{user}/unlock"), None, 204)
        }
        "POST /api/users/{user}/reset-password" => (of_owner, format!("{user}/reset-password"), None, 200),
        "POST /api/users/{user}/roles" => {
            let body = json!({ "role": format!("role-{n:04}") });
            (of_owner, format!("{user}/roles"), Some(body), 201)
        }
        "DELETE /api/users/{user}/roles/{grant}" => {
            let given = owner.post(&format!("{user}/roles"), json!({ "role": "member" })).await;
            (of_owner, format!("{user}/roles/{}", given.str("userRoleId")), None, 204)
        }
        "DELETE /api/me/sessions" | "DELETE /api/me/sessions/{session}" => {
            let own = own_id(&some.user).await;
            let path = route.split(' ').nth(1).unwrap().replace("{session}", &own);
            (some.user, path, None, 204)
        }
        "DELETE /api/users/{user}/sessions" => (of_owner, format!("{user}/sessions"), None, 204),
        "DELETE /api/users/{user}/sessions/{session}" => {
            let session = own_id(&some.user).await;
            (of_owner, format!("{user}/sessions/{session}"), None, 204)
        }
        "POST /api/roles" => {
            let body = json!({ "name": format!("made-{n:04}"), "permissions": ["admin.users"], "maxCount": 3 });
            (of_owner, "/api/roles".to_owned(), Some(body), 201)
        }
        "PATCH /api/roles/{role}" => (of_owner, role, Some(json!({ "maxCount": 7 })), 200),
        "DELETE /api/roles/{role}" => (of_owner, role, None, 204),
        "POST /api/api-keys" => {
            let body = json!({ "name": "made", "expiresAt": "2030-01-01T00:00:00Z" });
            (of_owner, "/api/api-keys".to_owned(), Some(body), 201)
        }
        "DELETE /api/api-keys/{key}" => {
            let made = crate::api_keys::made(owner, "made").await;
            (of_owner, format!("/api/api-keys/{}", made.str("id")), None, 204)
        }
        "POST /api/users/{user}/keys" | "DELETE /api/users/{user}/keys/{key}" => {
            let (path, body, status) = of_keys(owner, route, n).await;
            (of_owner, path, body, status)
        }
        "POST /api/tenants" => {
            let body = json!({ "id": format!("new-{n:04}"), "owner": { "email": "jane@example.org" } });
            (of_owner, "/api/tenants".to_owned(), Some(body), 201)
        }
        "PATCH /api/me/profile" => (
            some.user,
            "/api/me/profile".to_owned(),
            Some(json!({ "displayName": "Me" })),
            200,
        ),
        "POST /api/auth/login" => {
            let body = json!({ "username": some.name, "password": PASSWORD });
            (nobody, "/api/auth/login".to_owned(), Some(body), 200)
        }
        "POST /api/auth/refresh" => (
            nobody,
            "/api/auth/refresh".to_owned(),
            Some(json!({ "refreshToken": some.refresh })),
            200,
        ),
        "POST /api/auth/revoke" => (
            nobody,
            "/api/auth/revoke".to_owned(),
            Some(json!({ "token": some.refresh })),
            200,
        ),
        "POST /api/auth/change-password" => {
            let body = json!({ "currentPassword": PASSWORD, "newPassword": "battery staple" });
            (some.user, "/api/auth/change-password".to_owned(), Some(body), 204)
        }
        "POST /api/auth/logout" => (some.user, "/api/auth/logout".to_owned(), None, 204),
        route if super::account::knows(route) => super::account::ready(world, owner, &some, route, n).await,
        route if super::admin::knows(route) => super::admin::ready(world, owner, &some, route, n).await,
        other => super::registration::ready(world, owner, &some, other, n).await,
    };
    let method = route.split(' ').next().unwrap().parse().unwrap();
    Ready {
        client,
        method,
        path,
        body,
        status,
        whose: some.id,
    }
}

/// The faults of which each is there at one call alone.
pub(super) const ONCE: [Fault; 5] = [
    Fault::Throttled,
    Fault::Broken,
    Fault::DroppedBefore,
    Fault::DroppedAfter,
    Fault::Conflict,
];

/// The faults of which one begins at each call and lasts.
pub(super) const FROM_HERE_ON: [Fault; 4] = [Fault::Throttling, Fault::DroppedBefore, Fault::Busy, Fault::Broken];

pub(super) struct Scenario {
    pub world: World,
    pub proxy: Proxy,
    owner: Client,
    route: &'static str,
    n: usize,
}

impl Scenario {
    pub(super) async fn of(route: &'static str) -> Self {
        let (world, proxy) = counted().await;
        let owner = world.owner().await;
        Self {
            world,
            proxy,
            owner,
            route,
            n: 0,
        }
    }

    pub(super) async fn ready(&mut self) -> Ready {
        self.n += 1;
        self.proxy.calm();
        ready(&self.world, &self.owner, self.route, self.n).await
    }

    /// What the request does on a good day, and with how many calls.
    pub(super) async fn good(&mut self) -> (Diff, usize) {
        let request = self.ready().await;
        self.proxy.cost();
        let before = dump(&self.world);
        let reply = request.send().await;
        assert_eq!(
            reply.status, request.status,
            "{} on a good day: {}",
            self.route, reply.text
        );
        let (good, calls) = (between(&before, &dump(&self.world)), self.proxy.cost().operations);
        // What is removed after a transaction does no harm where it stays, and a domain is entered with the next account.
        let last = calls.iter().rposition(|name| name == "TransactWriteItems");
        let decisive = match last {
            Some(last) if calls[last + 1..].iter().all(|name| AFTERWARDS.contains(&name.as_str())) => last + 1,
            _ => calls.len(),
        };
        assert!(!good.is_empty() && decisive > 0);
        (good, decisive)
    }

    /// One fault at one call: the request is done all the same, and does what it does on a good day.
    pub(super) async fn endures(&mut self, fault: Fault, k: usize, good: &Diff) {
        let (request, context) = (self.ready().await, format!("{}: {fault:?} at call {k}", self.route));
        let before = dump(&self.world);
        self.proxy.plan(move |call| (call.number == k).then_some(fault));
        let reply = request.send().await;
        self.proxy.calm();
        assert_eq!(reply.status, request.status, "{context}: {}", reply.text);
        assert_eq!(&between(&before, &dump(&self.world)), good, "{context}");
    }

    /// A fault that begins at one call and lasts: 503, and nothing is written.
    async fn gives_up(&mut self, calls: usize) {
        for k in 1..=calls {
            let fault = FROM_HERE_ON[k % 4];
            for fault in if k == calls {
                vec![fault, Fault::Conflict]
            } else {
                vec![fault]
            } {
                let (request, context) = (
                    self.ready().await,
                    format!("{}: {fault:?} from call {k} on", self.route),
                );
                let before = dump(&self.world);
                self.proxy.plan(move |call| (call.number >= k).then_some(fault));
                let reply = request.send().await;
                self.proxy.calm();
                assert_eq!(reply.status, 503, "{context}: {}", reply.text);
                let (path, retry_after) = (request.path.as_str(), reply.header("retry-after"));
                assert!(is_busy(path, &reply) && retry_after == "1", "{context}: {}", reply.text);
                let diff = harmful(between(&before, &dump(&self.world)));
                assert!(diff.is_empty(), "{context}: {diff:?}");
                // The day gets better, and so does the request.
                assert_eq!(request.send().await.status, request.status, "{context}, and then well");
            }
        }
    }
}

const AFTERWARDS: [&str; 2] = ["BatchWriteItem", "GetItem"];

/// What is left of a request that was not done, apart from search entries of an account that was not made: they find
/// nothing, and where it is not certain that it was not made, they may be its own.
pub(super) fn harmful(mut left: Diff) -> Diff {
    left.retain(|what, _| what != "FIND came");
    left
}

/// Whether it answers so in the words of the contract that the path is of.
pub(super) fn is_busy(path: &str, reply: &Reply) -> bool {
    if path.starts_with("/api/") {
        return reply.problem() == "unavailable";
    }
    if path.starts_with("/v1/") {
        return reply.str("error") == "The service is busy; try again shortly";
    }
    reply.body == super::account::busy()
}

pub(super) async fn under_fault(route: &'static str) {
    let mut day = Scenario::of(route).await;
    let (good, calls) = day.good().await;
    for fault in steps(ONCE) {
        for k in 1..=calls {
            day.endures(fault, k, &good).await;
        }
    }
    day.gives_up(calls).await;
    assert_reconciled(&day.world);
}

/// A test for each of these routes.
macro_rules! under_faults {
    ($($name:ident: $route:literal,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                $crate::fault_injection::routes::under_fault($route).await;
            }
        )+
    };
}

pub(super) use under_faults;

under_faults! {
    f1_f2_f3_an_account_is_made_whole_or_not_at_all: "POST /api/users",
    f1_f2_f3_an_account_is_changed_whole_or_not_at_all: "PATCH /api/users/{user}",
    f1_f2_f3_a_type_and_status_are_set_together_or_not_at_all: "PUT /api/users/{user}",
    f1_f2_f3_an_account_is_deleted_whole_or_not_at_all: "DELETE /api/users/{user}",
    f1_f2_f3_an_account_is_locked_once_or_not_at_all: "POST /api/users/{user}/lock",
    f1_f2_f3_an_account_is_unlocked_once_or_not_at_all: "POST /api/users/{user}/unlock",
    f1_f2_f3_a_password_is_reset_once_or_not_at_all: "POST /api/users/{user}/reset-password",
    f1_f2_f3_a_role_is_given_once_or_not_at_all: "POST /api/users/{user}/roles",
    f1_f2_f3_a_role_is_taken_once_or_not_at_all: "DELETE /api/users/{user}/roles/{grant}",
    f1_f2_f3_a_role_is_made_whole_or_not_at_all: "POST /api/roles",
    f1_f2_f3_a_role_is_changed_whole_or_not_at_all: "PATCH /api/roles/{role}",
    f1_f2_f3_a_role_is_deleted_whole_or_not_at_all: "DELETE /api/roles/{role}",
    f1_f2_f3_an_api_key_is_made_once_or_not_at_all: "POST /api/api-keys",
    f1_f2_f3_an_api_key_is_revoked_once_or_not_at_all: "DELETE /api/api-keys/{key}",
    f1_f2_f3_a_service_account_s_key_is_made_once_or_not_at_all: "POST /api/users/{user}/keys",
    f1_f2_f3_a_service_account_s_key_is_revoked_once_or_not_at_all: "DELETE /api/users/{user}/keys/{key}",
    f1_f2_f3_a_tenant_is_made_whole_or_not_at_all: "POST /api/tenants",
    f1_f2_f3_a_profile_is_changed_once_or_not_at_all: "PATCH /api/me/profile",
    f1_f2_f3_a_login_opens_one_session_or_none: "POST /api/auth/login",
    f1_f2_f3_a_refresh_rotates_once_or_not_at_all: "POST /api/auth/refresh",
    f1_f2_f3_a_revocation_ends_one_session_or_none: "POST /api/auth/revoke",
    f1_f2_f3_a_password_is_changed_once_or_not_at_all: "POST /api/auth/change-password",
    f1_f2_f3_a_logout_ends_one_session_or_none: "POST /api/auth/logout",
    f1_f2_f3_one_s_own_session_is_ended_or_none: "DELETE /api/me/sessions/{session}",
    f1_f2_f3_all_one_s_own_sessions_are_ended_or_none: "DELETE /api/me/sessions",
    f1_f2_f3_another_s_session_is_ended_once_or_not_at_all: "DELETE /api/users/{user}/sessions/{session}",
    f1_f2_f3_all_another_s_sessions_are_ended_or_none: "DELETE /api/users/{user}/sessions",
}
