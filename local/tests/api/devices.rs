//! Devices that were here before (A2): strangers can lock a name, and not whoever uses it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::rate_limits::{LIMITED, from, from_elsewhere};
use crate::round_trips::counted;
use crate::support::{PASSWORD, Reply, World, at_once};

mod unlocked;

const JANE: &str = "jane@example.org";

/// Logs in as Jane, from a device with this token.
async fn log_in(world: &World, device: &str, password: &str) -> Reply {
    world.watch.secrets.keep(device);
    let body = json!({ "username": JANE, "password": password });
    let headers: &[(&str, &str)] = if device.is_empty() {
        &[]
    } else {
        &[("x-usher-device", device)]
    };
    world
        .nobody()
        .send(Method::POST, "/api/auth/login", Some(body), headers)
        .await
}

/// The token that a login gives.
fn token(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.header("x-usher-device").to_owned()
}

/// Locks Jane's address, as strangers can.
async fn lock(world: &World) {
    for _ in 0..5 {
        assert_eq!(log_in(world, "", "not this one").await.status, 401);
    }
    assert_eq!(log_in(world, "", PASSWORD).await.status, 423);
}

async fn with_jane() -> World {
    let world = World::new().await;
    world.user(JANE).await;
    world
}

#[tokio::test]
async fn a02_strangers_lock_a_name_and_never_the_device_that_logged_in_under_it_before() {
    let world = with_jane().await;
    let device = token(&log_in(&world, "", PASSWORD).await);
    // For as long as they go on.
    let mut device = device;
    for _ in 0..4 {
        lock(&world).await;
        let own = log_in(&world, &device, PASSWORD).await;
        device = token(&own);
        assert_eq!(
            log_in(&world, "", PASSWORD).await.status,
            423,
            "strangers' lock goes on"
        );
        let ends = world.owner().await.get(&format!("/api/users/{JANE}")).await;
        assert_eq!(ends.body["failedLoginCount"], 5, "{}", ends.text);
        world.clock.advance(24 * 3_600);
    }
    // An hour before it ends it is renewed by each login.
    world.clock.advance(89 * 24 * 3_600);
    let renewed = token(&log_in(&world, &device, PASSWORD).await);
    world.clock.advance(24 * 3_600);
    lock(&world).await;
    assert_eq!(
        log_in(&world, &device, PASSWORD).await.status,
        423,
        "ninety days are over"
    );
    assert_eq!(log_in(&world, &renewed, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_device_s_own_failures_lock_it_alone_and_a_success_clears_them() {
    let world = with_jane().await;
    let device = token(&log_in(&world, "", PASSWORD).await);
    let other = token(&log_in(&world, "", PASSWORD).await);
    assert_ne!(device, other);
    let mut renewed = String::new();
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(log_in(&world, &device, "not this one").await.status, 401);
        }
        renewed = token(&log_in(&world, &device, PASSWORD).await);
    }
    for _ in 0..5 {
        let wrong = log_in(&world, &device, "not this one").await;
        assert_eq!((wrong.status.as_u16(), wrong.header("x-usher-device")), (401, ""));
    }
    let locked = log_in(&world, &device, PASSWORD).await;
    assert_eq!((locked.status.as_u16(), locked.header("retry-after")), (423, "900"));
    let locked = log_in(&world, &renewed, PASSWORD).await;
    assert_eq!(locked.status, 423, "each of its tokens is the same device's");
    assert_eq!(log_in(&world, &other, PASSWORD).await.status, 200, "another device");
    assert_eq!(log_in(&world, "", PASSWORD).await.status, 200, "and whoever has none");
    let user = world.owner().await.get(&format!("/api/users/{JANE}")).await;
    assert_eq!(
        (&user.body["failedLoginCount"], &user.body["status"]),
        (&json!(0), &json!("active"))
    );
    // The device's next lock lasts twice as long.
    world.clock.advance(900);
    for _ in 0..5 {
        assert_eq!(log_in(&world, &device, "not this one").await.status, 401);
    }
    assert_eq!(log_in(&world, &device, PASSWORD).await.header("retry-after"), "1800");
    let history = world
        .owner()
        .await
        .get(&format!("/api/users/{JANE}/login-history?limit=100"))
        .await;
    let kinds: Vec<&str> = history.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["kind"].as_str())
        .collect();
    let many = |kind: &str| kinds.iter().filter(|known| **known == kind).count();
    assert_eq!((many("loginFailed"), many("lockout")), (22, 2), "{kinds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_100_guesses_at_once_from_one_device_five_are_compared() {
    let world = with_jane().await;
    let device = token(&log_in(&world, "", PASSWORD).await);
    let compared = world.app.hasher.comparisons();
    let client = world.nobody();
    let replies = at_once(100, |_| {
        let (client, device) = (client.clone(), device.clone());
        let body = json!({ "username": JANE, "password": "not this one" });
        async move {
            let headers = [("x-usher-device", device.as_str())];
            client
                .send(Method::POST, "/api/auth/login", Some(body), &headers)
                .await
                .status
                .as_u16()
        }
    })
    .await;
    assert_eq!(world.app.hasher.comparisons() - compared, 5, "{replies:?}");
}

#[tokio::test]
async fn no_other_text_and_no_token_of_another_time_account_or_tenant_helps() {
    let world = World::with(&[("USHER_TENANTS", "header")]).await;
    let id = world.user(JANE).await;
    let owner = world.owner().await;
    let tenant = json!({ "id": "acme", "owner": { "email": JANE, "password": PASSWORD } });
    assert_eq!(owner.post("/api/tenants", tenant).await.status, 201);
    let body = json!({ "username": JANE, "password": PASSWORD });
    let headers = [("x-tenant", "acme")];
    let there = world
        .nobody()
        .send(Method::POST, "/api/auth/login", Some(body), &headers)
        .await;
    let another_tenant = token(&there);
    let body = json!({ "username": "owner", "password": "Owner@12345" });
    let another_account = token(&world.nobody().post("/api/auth/login", body).await);
    let device = token(&log_in(&world, "", PASSWORD).await);
    lock(&world).await;
    let mut changed = device.clone();
    changed.replace_range(20..21, if &changed[20..21] == "A" { "B" } else { "A" });
    for text in [another_tenant.as_str(), &another_account, &changed, "usher_dev_", "x"] {
        assert_eq!(log_in(&world, text, PASSWORD).await.status, 423, "{text}");
    }
    assert_eq!(log_in(&world, &device, PASSWORD).await.status, 200);
    // Another password ends every device of the account.
    let reset = json!({ "newPassword": "battery staple" });
    assert_eq!(
        owner
            .post(&format!("/api/users/{id}/reset-password"), reset)
            .await
            .status,
        204
    );
    for _ in 0..5 {
        assert_eq!(log_in(&world, "", "not this one").await.status, 401);
    }
    assert_eq!(log_in(&world, &device, "battery staple").await.status, 423);
}

#[tokio::test]
async fn every_contract_gives_and_takes_the_token_and_a_browser_keeps_it_in_a_cookie() {
    for (path, body) in [
        (
            "/api/auth/token",
            json!({ "email": "owner@usher.local", "password": "Owner@12345" }),
        ),
        (
            "/api/auth/login",
            json!({ "username": "owner@usher.local", "password": "Owner@12345" }),
        ),
        (
            "/auth/login",
            json!({ "Username": "owner@usher.local", "Password": "Owner@12345" }),
        ),
        (
            "/v1/auth/login",
            json!({ "email": "owner@usher.local", "password": "Owner@12345" }),
        ),
        (
            "/v1/user/login",
            json!({ "login": "owner@usher.local", "password": "Owner@12345" }),
        ),
    ] {
        let world = World::new().await;
        let first = world.nobody().post(path, body.clone()).await;
        let device = token(&first);
        world.watch.secrets.keep(&device);
        for _ in 0..5 {
            let wrong = json!({ "username": "owner@usher.local", "password": "not this one" });
            assert_eq!(world.nobody().post("/api/auth/login", wrong).await.status, 401);
        }
        assert_eq!(world.nobody().post(path, body.clone()).await.status, 423, "{path}");
        let send = |headers: &[(&'static str, String)], body: Value| {
            let (client, headers) = (world.nobody(), headers.to_vec());
            async move {
                let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                client.send(Method::POST, path, Some(body), &headers).await
            }
        };
        let again = send(&[("x-usher-device", device.clone())], body.clone()).await;
        assert_eq!(again.status, 200, "{path}: {}", again.text);
        let cookies: Vec<&str> = first
            .headers
            .get_all("set-cookie")
            .iter()
            .filter_map(|c| c.to_str().ok())
            .collect();
        let own = format!("usher.device={device}; Path=/; Max-Age=7776000; HttpOnly; Secure; SameSite=Lax");
        let by_cookie = send(&[("cookie", format!("a=b; usher.device={device}"))], body.clone()).await;
        match path {
            "/auth/login" => {
                assert!(cookies.contains(&own.as_str()), "{cookies:?}");
                assert_eq!(by_cookie.status, 200, "{}", by_cookie.text);
            }
            _ => assert_eq!((cookies.len(), by_cookie.status.as_u16()), (0, 423), "{path}"),
        }
        assert!(
            !world.items().iter().any(|item| item.to_string().contains(&device)),
            "no token is kept"
        );
    }
}

#[tokio::test]
async fn who_is_signed_in_at_a_known_device_changes_the_password_of_a_name_that_strangers_locked() {
    const NEW: &str = "battery staple";
    let own = |current: &str| json!({ "currentPassword": current, "newPassword": NEW });
    let account = |current: &str| json!({ "Key": "Password", "Old": current, "New": NEW });
    let registration = |current: &str| json!({ "current_password": current, "password": NEW, "confirm_password": NEW });
    for path in [
        "/api/auth/change-password",
        "/user/change",
        "/v1/user/jane@example.org/change-password",
    ] {
        let body = |current: &str| match path {
            "/user/change" => account(current),
            "/api/auth/change-password" => own(current),
            _ => registration(current),
        };
        let world = with_jane().await;
        let first = log_in(&world, "", PASSWORD).await;
        let (device, me) = (token(&first), world.with_token(first.str("token")));
        let change = async |stated: &str, headers: &[(&str, &str)]| {
            me.send(Method::POST, path, Some(body(stated)), headers).await
        };
        let by_device = [("x-usher-device", device.as_str())];
        // Its failures are its own, as at a login.
        let wrong = change("not this one", &by_device).await.status.as_u16();
        assert!([400, 403].contains(&wrong), "{path}: {wrong}");
        lock(&world).await;
        assert_eq!(change(PASSWORD, &[]).await.status, 423, "{path}: of no known device");
        let changed = if path == "/user/change" {
            change(PASSWORD, &[("cookie", &format!("usher.device={device}"))]).await
        } else {
            change(PASSWORD, &by_device).await
        };
        assert!(changed.status.is_success(), "{path}: {}", changed.text);
        assert_eq!(log_in(&world, "", NEW).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_device_that_states_the_password_wrong_too_often_is_locked_alone() {
    let world = with_jane().await;
    let first = log_in(&world, "", PASSWORD).await;
    let (device, me) = (token(&first), world.with_token(first.str("token")));
    let body = |current: &str| json!({ "currentPassword": current, "newPassword": "battery staple" });
    let change = async |current: &str| {
        let headers = [("x-usher-device", device.as_str())];
        me.send(Method::POST, "/api/auth/change-password", Some(body(current)), &headers)
            .await
    };
    for _ in 0..5 {
        assert_eq!(change("not this one").await.status, 403);
    }
    let locked = change(PASSWORD).await;
    assert_eq!((locked.status.as_u16(), locked.header("retry-after")), (423, "900"));
    assert_eq!(log_in(&world, &device, PASSWORD).await.status, 423);
    assert_eq!(log_in(&world, "", PASSWORD).await.status, 200);
    // Another's device is none of the account's.
    let mail = "john@example.org";
    world.user(mail).await;
    let john = json!({ "username": mail, "password": PASSWORD });
    let john = world.nobody().post("/api/auth/login", john).await;
    let john = world.with_token(john.str("token"));
    let headers = [("x-usher-device", device.as_str())];
    let changed = john
        .send(
            Method::POST,
            "/api/auth/change-password",
            Some(body(PASSWORD)),
            &headers,
        )
        .await;
    assert_eq!(changed.status, 204, "{}", changed.text);
}

#[tokio::test]
async fn a_name_over_its_limit_of_rate_is_none_for_a_device_that_is_known() {
    let world = World::with(&LIMITED).await;
    let owner = from_elsewhere(&world).await;
    let made = json!({ "email": JANE, "password": PASSWORD });
    assert_eq!(owner.post("/api/users", made).await.status, 201);
    let body = json!({ "username": JANE, "password": PASSWORD });
    let device = token(&from(&world.nobody(), "198.51.100.1", "/api/auth/login", body.clone()).await);
    world.watch.secrets.keep(&device);
    for n in 0..40 {
        let wrong = json!({ "username": JANE, "password": "not this one" });
        from(&world.nobody(), &format!("198.51.101.{n}"), "/api/auth/login", wrong).await;
    }
    let stranger = from(&world.nobody(), "198.51.100.2", "/api/auth/login", body.clone()).await;
    assert_eq!(stranger.status, 429);
    let mut statuses = Vec::new();
    for n in 0..31 {
        let address = format!("198.51.102.{n}");
        let headers = [
            ("x-usher-device", device.as_str()),
            ("x-forwarded-for", address.as_str()),
        ];
        let own = world
            .nobody()
            .send(Method::POST, "/api/auth/login", Some(body.clone()), &headers)
            .await;
        statuses.push(own.status.as_u16());
    }
    // And it is limited as a name is.
    assert_eq!(
        (statuses[0], statuses[29], statuses[30]),
        (200, 200, 429),
        "{statuses:?}"
    );
}

/// Where an attempt finds all places taken and no lock, it waits for those that are being compared.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_locked_is_refused_at_once_and_waits_for_no_comparison() {
    let (world, proxy) = counted().await;
    world.user(JANE).await;
    let device = token(&log_in(&world, "", PASSWORD).await);
    let nobody = json!({ "username": "nobody@example.org", "password": PASSWORD });
    for _ in 0..5 {
        assert_eq!(log_in(&world, "", "not this one").await.status, 401);
        assert_eq!(log_in(&world, &device, "not this one").await.status, 401);
        let unknown = world.nobody().post("/api/auth/login", nobody.clone()).await;
        assert_eq!(unknown.status, 401);
    }
    proxy.cost();
    assert_eq!(log_in(&world, "", PASSWORD).await.status, 423);
    let of_account = proxy.cost().operations.len();
    assert_eq!(log_in(&world, &device, PASSWORD).await.status, 423);
    let of_device = proxy.cost().operations.len();
    let unknown = world.nobody().post("/api/auth/login", nobody.clone()).await;
    assert_eq!(unknown.status, 423);
    let of_nobody = proxy.cost().operations.len();
    for (whose, requests) in [("account", of_account), ("device", of_device), ("nobody", of_nobody)] {
        assert!(requests <= 8, "{whose}: {requests} requests");
    }
}
