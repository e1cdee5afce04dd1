//! What is sent for a step: method, path and body, in each contract's words.

use http::Method;
use serde_json::{Value, json};

use super::bodies::{patch, put, put_admin};
use super::calls::{Call, Target, email, name, password};
use super::expected::moment;
use super::state::State;
use super::step::{At, Name, Step, role_name};

pub type Sent = Option<(Method, String, Value)>;

/// Another spelling of the same name, now and then.
fn spelled(text: &str, another: bool) -> String {
    if another { text.to_uppercase() } else { text.to_owned() }
}

fn text(one: Name) -> String {
    match one {
        Name::Email(number) => email(number),
        Name::Username(number) => name(number).to_owned(),
    }
}

impl State {
    /// How a path names the account.
    pub fn place(&self, call: &Call) -> Option<String> {
        match call.target? {
            Target::Account(key) => self.account(key)?.id.clone(),
            Target::Name(name) => Some(spelled(&text(name), self.now % 3 == 0)),
        }
    }

    /// The same in a body of the account contract, which takes an id alone.
    fn id(&self, call: &Call) -> Option<String> {
        match call.target? {
            Target::Account(key) => self.account(key)?.id.clone(),
            Target::Name(name) => self.account(self.whose(name)?)?.id.clone(),
        }
    }

    /// The moment that is so many seconds from now.
    pub fn in_seconds(&self, seconds: Option<i32>) -> Option<i64> {
        seconds.map(|seconds| self.now + i64::from(seconds))
    }

    pub fn to_make(&self, step: &Step) -> Sent {
        let other = self.now % 2 == 0;
        let names = |all: &[u8]| all.iter().map(|name| role_name(*name)).collect::<Vec<_>>();
        let (path, body) = match step {
            Step::Create {
                email: address,
                username,
                password: chosen,
                roles,
                verified,
                must_change,
                ..
            } => {
                let mut body =
                    json!({ "roles": names(roles), "emailVerified": verified, "mustChangePassword": must_change });
                put(&mut body, "email", address.map(|number| spelled(&email(number), other)));
                put(
                    &mut body,
                    "username",
                    username.map(|number| spelled(name(number), other)),
                );
                put(&mut body, "password", chosen.map(password));
                ("/api/users", body)
            }
            Step::CreateAdmin {
                email: address,
                username,
                password: chosen,
                roles,
                verified,
                ..
            } => {
                let body = json!({
                    "email": spelled(&email(*address), other), "user_name": name(*username), "password": password(*chosen),
                    "roles": names(roles), "email_verified": verified,
                });
                ("/v1/admin/users", body)
            }
            Step::Register {
                at,
                email: address,
                username,
                password: chosen,
            } => {
                let (address, chosen) = (address.map(email), password(*chosen));
                if *at == At::Account {
                    let body = json!({ "Email": address?, "Username": name(*username), "Password": chosen });
                    ("/auth/register", body)
                } else {
                    let mut body =
                        json!({ "username": name(*username), "password": chosen, "confirm_password": chosen });
                    put(&mut body, "email", address);
                    ("/v1/user/register", body)
                }
            }
            _ => return None,
        };
        Some((Method::POST, path.to_owned(), body))
    }

    pub fn about_sessions(&self, call: &mut Call) -> Sent {
        let session = call.session.and_then(|key| self.sessions.get(&key));
        let access = || {
            session
                .and_then(|session| session.access.last())
                .map(|token| token.text.clone())
        };
        let post = |path: &str, body: Value| Some((Method::POST, path.to_owned(), body));
        match &call.step {
            Step::Login { at, name, .. } => {
                let (path, body) = login(*at, &spelled(&text(*name), self.now % 5 == 0), &call.secret);
                post(path, body)
            }
            Step::Refresh { back, .. } => {
                let session = session?;
                let place = session.refresh.len().checked_sub(1 + usize::from(*back))?;
                let token = session.refresh.get(place)?;
                call.shown = Some(token.text.clone());
                match session.at {
                    At::Admin => post("/v1/auth/refresh", json!({ "refresh_token": token.text })),
                    _ => post("/api/auth/refresh", json!({ "refreshToken": token.text })),
                }
            }
            Step::Renew { .. } | Step::VerifyToken { .. } | Step::Revoke { .. } => {
                let refresh = || session?.refresh.last().map(|token| token.text.clone());
                let (path, token) = match &call.step {
                    Step::Renew { .. } => ("/v1/user/token/renew", access()?),
                    Step::Revoke { by_refresh: true, .. } => ("/api/auth/revoke", refresh()?),
                    Step::Revoke { .. } => ("/api/auth/revoke", access()?),
                    _ => ("/v1/user/token/verify", access()?),
                };
                call.shown = Some(token.clone());
                post(path, json!({ "token": token }))
            }
            Step::Logout { at, .. } => post(
                match at {
                    At::Account => "/user/logout",
                    At::Admin => "/v1/auth/logout",
                    _ => "/api/auth/logout",
                },
                Value::Null,
            ),
            Step::EndSession { own, .. } => {
                let session = session?;
                let whose = || self.account(session.account)?.id.clone();
                let place = match own {
                    true => "/api/me".to_owned(),
                    false => format!("/api/users/{}", whose()?),
                };
                Some((Method::DELETE, format!("{place}/sessions/{}", session.id), Value::Null))
            }
            Step::EndSessions { but_current, .. } => {
                let place = match call.target {
                    None => "/api/me".to_owned(),
                    Some(_) => format!("/api/users/{}", self.place(call)?),
                };
                let query = if *but_current { "?except=current" } else { "" };
                Some((Method::DELETE, format!("{place}/sessions{query}"), Value::Null))
            }
            Step::ChangePassword { at, new, .. } => self.change_password(*at, &call.secret, password(*new), call),
            Step::ChangeName { new, old_is_right, .. } => {
                let (key, old, wrong) = match new {
                    Name::Email(_) => ("Email", call.old.map(email), "nobody@example.net"),
                    Name::Username(_) => ("Username", call.old.map(|old| name(old).to_owned()), "nobody"),
                };
                let old = if *old_is_right {
                    old.unwrap_or_default()
                } else {
                    wrong.to_owned()
                };
                post("/user/change", json!({ "Key": key, "Old": old, "New": text(*new) }))
            }
            _ => None,
        }
    }

    fn change_password(&self, at: At, old: &str, new: &str, call: &Call) -> Sent {
        let (path, body) = match at {
            At::Account => (
                "/user/change".to_owned(),
                json!({ "Key": "Password", "Old": old, "New": new }),
            ),
            At::Registration => {
                let own = self.caller(call).and_then(|key| self.account(key)?.id.clone());
                (
                    format!("/v1/user/{}/change-password", own?),
                    json!({ "current_password": old, "password": new, "confirm_password": new }),
                )
            }
            _ => (
                "/api/auth/change-password".to_owned(),
                json!({ "currentPassword": old, "newPassword": new }),
            ),
        };
        Some((Method::POST, path, body))
    }

    pub fn about_account(&self, call: &Call) -> Sent {
        let user = || Some(format!("/api/users/{}", self.place(call)?));
        let names = |all: &[u8]| all.iter().map(|name| role_name(*name)).collect::<Vec<_>>();
        let post = |path: String, body: Value| Some((Method::POST, path, body));
        match &call.step {
            Step::Reset { new, .. } => {
                let body = new.map_or_else(|| json!({}), |new| json!({ "newPassword": password(new) }));
                post(format!("{}/reset-password", user()?), body)
            }
            Step::Put { admin, active, .. } => {
                let mut body = json!({});
                put(
                    &mut body,
                    "type",
                    admin.map(|admin| if admin { "admin" } else { "user" }),
                );
                put(
                    &mut body,
                    "status",
                    active.map(|active| if active { "active" } else { "inactive" }),
                );
                Some((Method::PUT, user()?, body))
            }
            Step::Patch { .. } => Some((Method::PATCH, user()?, patch(&call.step)?)),
            Step::PutAdmin { .. } => {
                let path = format!("/v1/admin/users/{}", self.place(call)?);
                Some((Method::PUT, path, put_admin(&call.step)?))
            }
            Step::Lock { seconds, .. } => {
                let until = seconds.map(|seconds| moment(self.now + i64::from(seconds)));
                let body = until.map_or_else(|| json!({}), |until| json!({ "until": until }));
                post(format!("{}/lock", user()?), body)
            }
            Step::Unlock { .. } => post(format!("{}/unlock", user()?), Value::Null),
            Step::Ban { .. } => Some((
                Method::DELETE,
                format!("/v1/user/ban/{}", self.place(call)?),
                Value::Null,
            )),
            Step::Lift { .. } => {
                let path = format!("/v1/user/ban/{}/lift", self.place(call)?);
                Some((Method::DELETE, path, Value::Null))
            }
            Step::Delete { at, .. } => match at {
                At::Account => post("/admin/deleteuser".to_owned(), json!({ "Id": self.id(call)? })),
                At::Admin => Some((
                    Method::DELETE,
                    format!("/v1/admin/users/{}", self.place(call)?),
                    Value::Null,
                )),
                _ => Some((Method::DELETE, user()?, Value::Null)),
            },
            Step::DeleteOwn { .. } => post("/user/delete".to_owned(), Value::Null),
            Step::Give { .. } => post(format!("{}/roles", user()?), self.grant(&call.step)?),
            Step::Take { .. } => Some((Method::DELETE, format!("{}/roles/", user()?), Value::Null)),
            Step::Assign { roles, .. } => {
                let path = format!("/v1/admin/users/{}/roles", self.place(call)?);
                post(path, json!({ "roles": names(roles) }))
            }
            Step::RemoveRole { role, .. } => {
                let path = format!("/v1/admin/users/{}/roles/{}", self.place(call)?, role_name(*role));
                Some((Method::DELETE, path, Value::Null))
            }
            Step::ChangeRole { role, .. } => {
                let body = json!({ "Id": self.id(call)?, "RoleName": role_name(*role) });
                post("/admin/changerole".to_owned(), body)
            }
            _ => None,
        }
    }
}

fn login(at: At, name: &str, password: &str) -> (&'static str, Value) {
    match at {
        At::Directory => ("/api/auth/token", json!({ "email": name, "password": password })),
        At::Identity => ("/api/auth/login", json!({ "username": name, "password": password })),
        At::Account => ("/auth/login", json!({ "Username": name, "Password": password })),
        At::Admin => ("/v1/auth/login", json!({ "email": name, "password": password })),
        At::Registration => ("/v1/user/login", json!({ "login": name, "password": password })),
    }
}
