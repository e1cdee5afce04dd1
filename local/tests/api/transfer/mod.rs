//! What the operator takes over from another directory, and `local seed`.

use serde_json::{Value, json};
use usher::actions::Context;
use usher::actions::transfer::{self, Imported};
use usher::domain::tenant::TenantId;
use usher::domain::transfer::{AccountLine, Line, RoleLine};
use usher::id::UserId;
use usher::{Error, Result};

use crate::support::World;

mod accounts;
mod again;
mod bounds;
mod hashes;
mod roles;
mod seeded;

/// The operator's work in `main`, now.
pub async fn operator(world: &World) -> Context {
    transfer::context(&world.app, &TenantId::main()).await.unwrap()
}

pub fn account(line: &Value) -> AccountLine {
    match Line::parse(&line.to_string()) {
        Ok(Line::Account(account)) => *account,
        other => panic!("{other:?}"),
    }
}

pub fn role(line: &Value) -> RoleLine {
    match Line::parse(&line.to_string()) {
        Ok(Line::Role(role)) => role,
        other => panic!("{other:?}"),
    }
}

pub async fn import(world: &World, line: &Value) -> Result<Imported<UserId>> {
    transfer::account(&operator(world).await, &account(line)).await
}

/// The id of an account that a line makes.
pub async fn imported(world: &World, line: &Value) -> String {
    match import(world, line).await {
        Ok(Imported::Created(id)) => id.to_string(),
        other => panic!("{line}: {other:?}"),
    }
}

/// Why a line is refused.
pub async fn refusal(world: &World, line: &Value) -> String {
    match import(world, line).await {
        Err(Error::Invalid(violations)) => {
            let one = &violations[0];
            format!("{}: {}", one.pointer, one.detail)
        }
        Err(other) => other.to_string(),
        Ok(taken) => panic!("{line}: {taken:?}"),
    }
}

/// An account of every field.
pub fn whole() -> Value {
    json!({
        "id": "0192f0c1-2d3e-7f4a-8b5c-6d7e8f901234",
        "number": 4711,
        "email": "Jane@Example.org",
        "emailVerified": true,
        "username": "Jane",
        "profile": { "firstName": "Jane", "address": { "city": "Kiel" } },
        "passwordHash": "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "roles": [
            { "role": "member", "id": "0192f0c1-2d3e-7f4a-8b5c-6d7e8f905678", "grantedAt": "2024-02-01T00:00:00Z" },
            { "role": "admin", "department": "sales", "effectiveTo": "2030-01-01T00:00:00Z" },
        ],
        "createdAt": "2024-01-01T12:00:00.123Z",
    })
}
