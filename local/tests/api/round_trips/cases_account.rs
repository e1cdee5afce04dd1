//! The account contract: each action under each of its first segments, with an account of that rank as the caller.

use serde_json::{Value, json};

use super::Measured;
use crate::support::{Client, PASSWORD, Reply};

const RANKS: [&str; 4] = ["user", "member", "admin", "owner"];

/// An action, its methods, its body, and the lowest rank that has it.
type Line = (&'static str, &'static [&'static str], Option<fn(&str) -> Value>, usize);

const LINES: [Line; 16] = [
    ("profile", &["GET"], None, 0),
    ("update", &["POST"], Some(|_| json!({ "FirstName": "Jane" })), 0),
    (
        "change",
        &["POST"],
        Some(|_| json!({ "Key": "Password", "Old": PASSWORD, "New": "battery staple" })),
        0,
    ),
    ("resetpassword", &["GET", "POST"], None, 0),
    ("logout", &["GET", "POST"], None, 0),
    ("delete", &["GET", "POST"], None, 0),
    ("deleteaccount", &["GET", "POST"], None, 0),
    ("deleteuser", &["POST"], Some(|id| json!({ "Id": id })), 2),
    ("deleteuseraccount", &["POST"], Some(|id| json!({ "Id": id })), 2),
    (
        "changerole",
        &["POST"],
        Some(|id| json!({ "Id": id, "RoleName": "Member" })),
        2,
    ),
    ("users", &["GET"], None, 2),
    ("roles", &["GET"], None, 2),
    ("entries", &["GET"], None, 2),
    ("rightschanges", &["GET"], None, 2),
    ("rightschanges", &["POST"], Some(|_| json!({})), 2),
    (
        "setmaxroles",
        &["POST"],
        Some(|_| json!({ "Name": "Member", "MaxCount": 100 })),
        3,
    ),
];

const LISTINGS: [&str; 4] = ["users", "roles", "entries", "rightschanges"];

/// Somebody of this rank, who has just logged in.
async fn of_rank(m: &Measured, name: &str, rank: &str) -> (String, Client) {
    // So that listings find the same rows in every run.
    m.world.clock.advance_ms(1);
    let roles = if rank == "user" { json!([]) } else { json!([rank]) };
    let email = format!("{name}@example.org");
    let body = json!({
        "email": email, "emailVerified": true, "username": name, "password": PASSWORD, "roles": roles,
    });
    let made = m.owner.post("/api/users", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let client = m.world.signed_in(name, PASSWORD).await;
    (made.str("id").to_owned(), client)
}

async fn ask(client: &Client, method: &str, path: &str, body: Option<Value>) -> Reply {
    client.send(method.parse().unwrap(), path, body, &[]).await
}

pub async fn account(m: &mut Measured) {
    guests(m).await;
    let mut made = 0;
    for (n, rank) in RANKS.iter().enumerate() {
        for (action, methods, body, lowest) in LINES {
            if n < lowest {
                continue;
            }
            for method in methods {
                made += 1;
                let (_, client) = of_rank(m, &format!("acc{made:03}"), rank).await;
                let (id, _) = of_rank(m, &format!("oth{made:03}"), "user").await;
                let path = format!("/{rank}/{action}");
                // Without a limit they cost what there is.
                let (case, query) = match LISTINGS.contains(&action) {
                    true => ("a page of 25", "?limit=25"),
                    false => ("", ""),
                };
                let asked = format!("{path}{query}");
                let asked = ask(&client, method, &asked, body.map(|body| body(&id)));
                m.of(&format!("{method} {path}"), case, 200, asked).await;
            }
        }
    }
    let (_, owner) = of_rank(m, "acclast", "owner").await;
    let body = json!({ "Name": "Member", "MaxCount": 101 });
    m.of(
        "POST /owner/setrolecounts",
        "",
        200,
        owner.post("/owner/setrolecounts", body),
    )
    .await;
}

async fn guests(m: &mut Measured) {
    let nobody = m.world.nobody();
    let body = json!({ "Email": "guest0@example.org", "Username": "guest0", "Password": PASSWORD });
    m.of("POST /auth/register", "", 200, nobody.post("/auth/register", body))
        .await;
    let body = json!({ "Username": "guest0", "Password": PASSWORD });
    m.of("POST /auth/login", "right", 200, nobody.post("/auth/login", body))
        .await;
    let body = json!({ "Username": "guest0", "Password": "not the password" });
    m.of(
        "POST /auth/login",
        "wrong password",
        401,
        nobody.post("/auth/login", body),
    )
    .await;
    for (case, email) in [
        ("an address that somebody has", "guest0@example.org"),
        ("unregistered address", "guest1@example.org"),
    ] {
        let body = json!({ "Email": email });
        m.of(
            "POST /auth/resetpassword",
            case,
            200,
            nobody.post("/auth/resetpassword", body),
        )
        .await;
    }
}
