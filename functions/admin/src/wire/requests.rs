//! What is asked.

use std::num::IntErrorKind;

use serde::Deserialize;
use usher::actions::{Context, passwords, users};
use usher::domain::text::{Email, Username};
use usher::error::{Error, Result};
use usher::http::call::{Checks, whole_number};
use utoipa::{IntoParams, ToSchema};

/// Accounts to a page, by default.
const DEFAULT_LIMIT: usize = 10;
/// Accounts to a page at most.
const MAX_LIMIT: usize = 100;

/// Which page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its number, from 1.
    pub page: u64,
    /// How many accounts it has.
    pub limit: usize,
}

/// The query of `GET /v1/admin/users`.
#[derive(Debug, Deserialize, IntoParams)]
pub struct PageQuery {
    /// Which page, from 1; the first where absent.
    #[param(value_type = Option<u32>, minimum = 1)]
    page: Option<String>,
    /// How many accounts to a page: 10 where absent or below 1, and 100 at most.
    #[param(value_type = Option<i64>)]
    limit: Option<String>,
}

impl PageQuery {
    pub fn parse(&self) -> Result<Place> {
        let mut checks = Checks::new();
        let place = place(&mut checks, self.page.as_deref(), self.limit.as_deref());
        checks.done().map(|()| place)
    }
}

/// The query of `GET /v1/admin/users/search`.
#[derive(Debug, Deserialize, IntoParams)]
pub struct SearchQuery {
    /// A part of an e-mail address or user name, in any letter case.
    #[param(value_type = String, example = "jane")]
    q: Option<String>,
    /// Which page, from 1; the first where absent.
    #[param(value_type = Option<u32>, minimum = 1)]
    page: Option<String>,
    /// How many accounts to a page: 10 where absent or below 1, and 100 at most.
    #[param(value_type = Option<i64>)]
    limit: Option<String>,
}

impl SearchQuery {
    pub fn parse(&self) -> Result<(&str, Place)> {
        let mut checks = Checks::new();
        let q = self.q.as_deref().unwrap_or_default();
        if q.is_empty() {
            checks.fault("?q", "give what to look for");
        }
        let place = place(&mut checks, self.page.as_deref(), self.limit.as_deref());
        checks.done().map(|()| (q, place))
    }
}

fn place(checks: &mut Checks, page: Option<&str>, limit: Option<&str>) -> Place {
    let page = checks.optional("?page", page, |text| {
        let digits = whole_number(text).and_then(|_| text.parse().ok());
        let number = digits.filter(|page| *page >= 1);
        number.ok_or_else(|| format!("pages are numbered from 1 to {}", u64::MAX))
    });
    let limit = checks.optional("?limit", limit, page_size);
    Place {
        page: page.unwrap_or(1),
        limit: limit.unwrap_or(DEFAULT_LIMIT),
    }
}

/// How many accounts to a page: what is no size is the default or the largest, as the source has it.
fn page_size(text: &str) -> Result<usize, String> {
    let number = match text.parse::<i64>() {
        Ok(number) => number,
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => i64::MAX,
        Err(error) if *error.kind() == IntErrorKind::NegOverflow => i64::MIN,
        Err(_) => return Err("give a whole number of accounts".to_owned()),
    };
    Ok(match number {
        ..1 => DEFAULT_LIMIT,
        size => usize::try_from(size).unwrap_or(MAX_LIMIT).min(MAX_LIMIT),
    })
}

/// The body of `POST /v1/admin/users`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(
    as = AdminNewUser,
    example = json!({
        "email": "jane@example.org", "password": "s3cret!", "user_name": "jane", "email_verified": true, "roles": ["admin"]
    })
)]
pub struct NewUser {
    email: String,
    /// Its password: 6 characters at least.
    #[schema(format = Password)]
    password: String,
    user_name: String,
    /// Whether the address is known to be theirs: until then the user cannot log in here.
    email_verified: Option<bool>,
    /// Names of roles, beside `user`, which every user has.
    roles: Option<Vec<String>>,
}

impl NewUser {
    pub fn parse(self, cx: &Context) -> Result<users::NewUser> {
        let mut checks = Checks::new();
        let email = checks.parse("/email", &self.email, Email::parse);
        let username = checks.parse("/user_name", &self.user_name, Username::parse);
        let password = checks.take(passwords::chosen(cx, "/password", self.password))?;
        checks.done()?;
        Ok(users::NewUser {
            email,
            username,
            password,
            roles: self.roles.unwrap_or_default(),
            email_verified: self.email_verified.unwrap_or_default(),
            ..users::NewUser::default()
        })
    }
}

/// The body of `PUT /v1/admin/users/{user}`. What is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminPutUser, example = json!({ "user_name": "jane.doe", "email_verified": true, "roles": ["member"] }))]
pub struct PutUser {
    /// A new e-mail address. It is unverified, unless `email_verified` is true, and every session ends.
    #[schema(nullable = false)]
    email: Option<String>,
    /// A new password: 6 characters at least. Every session ends.
    #[schema(value_type = Option<String>, format = Password, nullable = false)]
    password: Option<String>,
    /// A new user name.
    #[schema(nullable = false)]
    user_name: Option<String>,
    /// Whether the address is known to be theirs.
    #[schema(nullable = false)]
    email_verified: Option<bool>,
    /// Names of all roles that it has from now on, beside `user`, which every user has.
    #[schema(nullable = false)]
    roles: Option<Vec<String>>,
}

impl PutUser {
    pub fn parse(self, cx: &Context) -> Result<users::UserPatch> {
        let mut checks = Checks::new();
        let email = checks.optional("/email", self.email.as_deref(), Email::parse);
        let username = checks.optional("/user_name", self.user_name.as_deref(), Username::parse);
        let password = self.password.map(|text| passwords::chosen(cx, "/password", text));
        let password = checks.take(password.transpose())?.flatten();
        checks.done()?;
        Ok(users::UserPatch {
            email: email.map(Some),
            username: username.map(Some),
            email_verified: self.email_verified,
            password,
            roles: self.roles,
            ..users::UserPatch::default()
        })
    }
}

/// The body of `POST /v1/admin/users/{user}/roles`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminAssignRoles, example = json!({ "roles": ["member"] }))]
pub struct AssignRoles {
    /// Names of roles, added to those that it has.
    roles: Vec<String>,
}

impl AssignRoles {
    pub fn parse(self) -> Result<Vec<String>> {
        if self.roles.is_empty() {
            return Err(Error::invalid("/roles", "name at least one role"));
        }
        Ok(self.roles)
    }
}
