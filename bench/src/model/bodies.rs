//! Bodies of requests, and questions.

use http::Method;
use serde_json::{Map, Value, json};

use super::calls::{Call, email, name, password};
use super::expected::moment;
use super::rights::{permission_name, permission_names};
use super::sends::Sent;
use super::state::State;
use super::step::{APPLICATIONS, DEPARTMENTS, Step, Word, role_name};

impl State {
    pub fn grant(&self, step: &Step) -> Option<Value> {
        let Step::Give {
            role,
            department,
            from,
            to,
            ..
        } = step
        else {
            return None;
        };
        let mut body = json!({ "role": role_name(*role) });
        put(
            &mut body,
            "department",
            department.map(|number| DEPARTMENTS[usize::from(number) % 2]),
        );
        put(&mut body, "effectiveFrom", self.in_seconds(*from).map(moment));
        put(&mut body, "effectiveTo", self.in_seconds(*to).map(moment));
        Some(body)
    }

    pub fn question(&self, call: &Call) -> Sent {
        let user = || Some(format!("/api/users/{}", self.place(call)?));
        let get = |path: String| Some((Method::GET, path, Value::Null));
        let about = |department: &Option<u8>| department.map(|number| DEPARTMENTS[usize::from(number) % 2]);
        match &call.step {
            Step::Show { .. } => get(user()?),
            Step::List { status, role, q, .. } => {
                let mut path = "/api/users?limit=100".to_owned();
                for (name, value) in [
                    ("status", status.map(Word::text)),
                    ("role", role.map(role_name)),
                    ("q", q.map(part)),
                ] {
                    if let Some(value) = value {
                        path.push_str(&format!("&{name}={value}"));
                    }
                }
                get(path)
            }
            Step::Search { q, .. } => get(format!("/v1/admin/users/search?limit=100&q={}", part(*q))),
            Step::MyPermissions { department, .. } => get(about(department).map_or_else(
                || "/api/me/permissions".to_owned(),
                |name| format!("/api/me/permissions?department={name}"),
            )),
            Step::Check {
                permission, department, ..
            } => {
                let mut body = json!({ "permission": permission_name(u32::from(*permission)) });
                put(&mut body, "department", about(department));
                if call.target.is_some() {
                    put(&mut body, "user", self.place(call));
                }
                Some((Method::POST, "/api/access/check".to_owned(), body))
            }
            Step::Sessions { .. } => match call.target {
                None => get("/api/me/sessions".to_owned()),
                Some(_) => get(format!("{}/sessions", user()?)),
            },
            Step::Grants { .. } => get(format!("{}/roles", user()?)),
            _ => None,
        }
    }
}

/// What is searched for.
pub fn part(number: u8) -> &'static str {
    ["an", "O@EXAMPLE", "e", "example.org", "zzz"][usize::from(number) % 5]
}

pub fn put(body: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let (Some(members), Some(value)) = (body.as_object_mut(), value) {
        members.insert(name.to_owned(), value.into());
    }
}

pub fn patch(step: &Step) -> Option<Value> {
    let Step::Patch {
        email: address,
        username,
        verified,
        status,
        password: chosen,
        ..
    } = step
    else {
        return None;
    };
    let mut body = Map::new();
    if let Some(address) = address {
        body.insert("email".to_owned(), json!(address.map(email)));
    }
    if let Some(username) = username {
        body.insert("username".to_owned(), json!(username.map(name)));
    }
    let mut body = Value::Object(body);
    put(&mut body, "emailVerified", *verified);
    put(&mut body, "status", status.map(Word::text));
    put(&mut body, "password", chosen.map(password));
    Some(body)
}

pub fn put_admin(step: &Step) -> Option<Value> {
    let Step::PutAdmin {
        email: address,
        username,
        password: chosen,
        verified,
        roles,
        ..
    } = step
    else {
        return None;
    };
    let mut body = json!({});
    put(&mut body, "email", address.map(email));
    put(&mut body, "user_name", username.map(name));
    put(&mut body, "password", chosen.map(password));
    put(&mut body, "email_verified", *verified);
    if let Some(roles) = roles {
        body["roles"] = roles.iter().map(|name| role_name(*name)).collect();
    }
    Some(body)
}

pub fn about_roles(step: &Step) -> Sent {
    let at = |role: &u8| format!("/api/roles/{}", role_name(*role));
    Some(match step {
        Step::MakeRole {
            name,
            permissions,
            limit,
            ..
        } => {
            let mut body = json!({ "name": role_name(*name), "permissions": permission_names(*permissions) });
            put(&mut body, "maxCount", *limit);
            (Method::POST, "/api/roles".to_owned(), body)
        }
        Step::EditRole {
            role,
            name,
            permissions,
            limit,
            ..
        } => {
            let mut body = json!({});
            put(&mut body, "name", name.map(role_name));
            put(&mut body, "permissions", permissions.map(permission_names));
            if let Some(limit) = limit {
                body["maxCount"] = json!(limit);
            }
            (Method::PATCH, at(role), body)
        }
        Step::SetMax { role, limit, .. } => {
            let body = json!({ "Name": role_name(*role), "MaxCount": limit });
            (Method::POST, "/owner/setmaxroles".to_owned(), body)
        }
        Step::DropRole { role, force, .. } => {
            let query = if *force { "?force=true" } else { "" };
            (Method::DELETE, format!("{}{query}", at(role)), Value::Null)
        }
        Step::AddPermission { number, .. } => {
            let body = json!({ "name": APPLICATIONS[usize::from(*number) % 2] });
            (Method::POST, "/api/permissions".to_owned(), body)
        }
        Step::DropPermission { number, force, .. } => {
            let query = if *force { "?force=true" } else { "" };
            let name = APPLICATIONS[usize::from(*number) % 2];
            (Method::DELETE, format!("/api/permissions/{name}{query}"), Value::Null)
        }
        _ => return None,
    })
}
