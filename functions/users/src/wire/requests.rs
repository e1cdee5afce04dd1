//! What is asked.

use directory::{shown_status_words, status_words, user_kinds};
use serde::Deserialize;
use serde_json::{Map, Value};
use serde_with::rust::double_option;
use usher::actions::listing::Filter;
use usher::actions::revisions::Expected;
use usher::actions::{Context, passwords, users};
use usher::domain::profile::Profile;
use usher::domain::role::Rank;
use usher::domain::text::{Email, Password, Reason, Username};
use usher::domain::time;
use usher::domain::user::{Status, UserKind};
use usher::error::{Conflict, Result};
use usher::http::call::{Checks, DEFAULT_PAGE, given, page_limit};
use usher::http::openapi::words;
use usher::jiff::Timestamp;
use utoipa::openapi::Object;
use utoipa::{IntoParams, ToSchema};

/// The query of `GET /api/users`.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ListQuery {
    /// How many: 1 to 100, 25 where absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Only accounts of this status now. Deleted ones are listed where they are asked for alone.
    #[param(schema_with = shown_status_words)]
    status: Option<String>,
    /// Only accounts with this role, by name or id.
    role: Option<String>,
    /// Only accounts with this in their e-mail address or username, without regard to letter case.
    q: Option<String>,
}

impl ListQuery {
    pub fn parse(&self) -> Result<(Filter, usize)> {
        let mut checks = Checks::new();
        let limit = checks.take(page_limit(self.limit.as_deref()))?;
        let status = checks.optional("?status", given(self.status.as_deref()), |text| {
            Status::parse(text)
                .ok_or_else(|| "a status is `active`, `inactive`, `locked`, `banned` or `deleted`".to_owned())
        });
        checks.done()?;
        let q = self.q.clone().filter(|q| !q.is_empty());
        Ok((
            Filter {
                status,
                role: given(self.role.clone()),
                q,
                with_deleted: false,
            },
            limit.unwrap_or(DEFAULT_PAGE),
        ))
    }
}

fn any_status(text: &str) -> Result<Status, String> {
    Status::parse(text).ok_or_else(|| "a status is `active`, `inactive`, `locked` or `banned`".to_owned())
}

/// The body of `POST /api/users`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "email": "jane@example.org", "password": "correct horse", "firstName": "Jane" }))]
pub struct NewUser {
    /// Who signs in with it: `person` where absent. A `service` account has a username and keys, and neither a password
    /// nor an address.
    #[schema(schema_with = user_kinds)]
    kind: Option<String>,
    /// Its e-mail address. An account has an address, a username, or both.
    email: Option<String>,
    username: Option<String>,
    /// Its password: 10 characters at least.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<String>,
    /// Names of roles, beside `user`, which every user has.
    #[serde(default)]
    roles: Vec<String>,
    /// Whether the address is known to be theirs.
    #[serde(default)]
    email_verified: bool,
    /// Whether the password must be changed at the first login.
    #[serde(default)]
    must_change_password: bool,
    #[serde(flatten)]
    #[schema(value_type = Profile)]
    profile: Map<String, Value>,
}

impl NewUser {
    pub fn parse(self, cx: &Context) -> Result<users::NewUser> {
        let mut checks = Checks::new();
        let kind = checks.optional("/kind", self.kind.as_deref(), |text| {
            text.parse().map_err(|_| "a kind is `person` or `service`".to_owned())
        });
        let kind: UserKind = kind.unwrap_or_default();
        if kind == UserKind::Service {
            self.check_service(&mut checks);
        } else if self.email.is_none() && self.username.is_none() {
            checks.fault("/email", "an account needs an e-mail address or a username");
        }
        let email = checks.optional("/email", self.email.as_deref(), Email::parse);
        let username = checks.optional("/username", self.username.as_deref(), Username::parse);
        let password = self.password.map(|text| passwords::chosen(cx, "/password", text));
        let password = checks.take(password.transpose())?.flatten();
        let profile = checks
            .take(Profile::default().merge(&Value::Object(self.profile)))?
            .unwrap_or_default();
        checks.done()?;
        Ok(users::NewUser {
            kind,
            email,
            username,
            password,
            profile,
            roles: self.roles,
            email_verified: self.email_verified,
            must_change_password: self.must_change_password,
            is_temporary: false,
        })
    }
}

impl NewUser {
    /// What a service account must have, and what it never has.
    fn check_service(&self, checks: &mut Checks) {
        if self.username.is_none() {
            checks.fault("/username", "a service account needs a username");
        }
        for (pointer, is_there) in [
            ("/email", self.email.is_some() || self.email_verified),
            ("/password", self.password.is_some() || self.must_change_password),
        ] {
            if is_there {
                checks.fault(pointer, "a service account has no password and no e-mail address");
            }
        }
    }
}

/// The body of `PUT /api/users/{user}`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "type": "admin", "status": "active" }))]
pub struct PutUser {
    /// `admin` gives the role, `user` takes every role of the ladder away. In any letter case.
    #[serde(rename = "type")]
    #[schema(schema_with = types)]
    kind: Option<String>,
    /// In any letter case.
    #[schema(schema_with = switches)]
    status: Option<String>,
}

fn types() -> Object {
    words(["admin", "user"])
}

fn switches() -> Object {
    words([Status::Active, Status::Inactive].map(Status::as_str))
}

impl PutUser {
    pub fn parse(&self) -> Result<(Option<Rank>, Option<Status>)> {
        let mut checks = Checks::new();
        let rank = checks.optional("/type", self.kind.as_deref(), |text| {
            match text.to_ascii_lowercase().as_str() {
                "admin" => Ok(Rank::Admin),
                "user" => Ok(Rank::User),
                _ => Err("a type is `admin` or `user`".to_owned()),
            }
        });
        let status = checks.optional("/status", self.status.as_deref(), |text| match Status::parse(text) {
            Some(status @ (Status::Active | Status::Inactive)) => Ok(status),
            _ => Err("a status is `active` or `inactive`".to_owned()),
        });
        checks.done()?;
        Ok((rank, status))
    }
}

/// The body of `PATCH /api/users/{user}`: a merge patch. What is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "displayName": "Jane D.", "status": "inactive" }))]
pub struct PatchUser {
    /// A new e-mail address; null takes it away.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    /// A new username; null takes it away.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<String>)]
    username: Option<Option<String>>,
    /// Whether the address is known to be theirs.
    #[schema(nullable = false)]
    email_verified: Option<bool>,
    /// A new state.
    #[schema(schema_with = status_words)]
    status: Option<String>,
    /// A new password: 10 characters at least.
    #[schema(value_type = Option<String>, format = Password, nullable = false)]
    password: Option<String>,
    #[serde(flatten)]
    #[schema(value_type = Profile)]
    profile: Map<String, Value>,
}

impl PatchUser {
    pub fn parse(self, cx: &Context, expected: Expected) -> Result<users::UserPatch> {
        let mut checks = Checks::new();
        let email = self
            .email
            .map(|email| checks.optional("/email", email.as_deref(), Email::parse));
        let username = self
            .username
            .map(|name| checks.optional("/username", name.as_deref(), Username::parse));
        let status = checks.optional("/status", self.status.as_deref(), any_status);
        let password = self.password.map(|text| passwords::chosen(cx, "/password", text));
        let password = checks.take(password.transpose())?.flatten();
        let profile = Value::Object(self.profile);
        checks.take(Profile::default().merge(&profile))?;
        checks.done()?;
        let email_verified = self.email_verified;
        Ok(users::UserPatch {
            profile: Some(profile),
            email,
            username,
            email_verified,
            status,
            password,
            same_password: Some(Conflict::SamePassword),
            roles: None,
            expected,
        })
    }
}

/// The body of `POST /api/users/{user}/lock`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({ "reason": "on leave", "until": "2027-01-01T00:00:00Z" }))]
pub struct LockUser {
    /// Why, in one line of 500 characters at most, where it is not blank; shown to the user at a login with the right password.
    reason: Option<String>,
    /// Until when; until it is unlocked where absent.
    #[serde(default, deserialize_with = "time::end")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
}

impl LockUser {
    pub fn reason(&self) -> Result<Option<String>> {
        let mut checks = Checks::new();
        let reason = checks.optional("/reason", given(self.reason.as_deref()), Reason::parse);
        checks.done()?;
        Ok(reason.map(|text| text.as_str().to_owned()))
    }
}

/// The body of `POST /api/users/{user}/reset-password`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "newPassword": "correct horse battery" }))]
pub struct ResetPassword {
    /// The new password; without it a one-time password is made.
    #[schema(value_type = Option<String>, format = Password)]
    new_password: Option<String>,
}

impl ResetPassword {
    pub fn parse(self, cx: &Context) -> Result<Option<Password>> {
        self.new_password
            .map(|text| passwords::chosen(cx, "/newPassword", text))
            .transpose()
    }
}
