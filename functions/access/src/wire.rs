//! Bodies of `/api/access/check` and `/api/access/explain`.
//!
//! On purpose:
//! - One check is answered with an object, several with the list of theirs.
//! - An account that is not there, or not active, is `allowed: false`: an application need not know why.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use usher::access::decision::{Explanation, Missing, Reason, Verdict};
use usher::actions::access::{Check, MAX_CHECKS};
use usher::domain::text::Department;
use usher::domain::time;
use usher::domain::user::{Status, UserRef};
use usher::error::{Error, Result};
use usher::http::call::{Checks, UserPath};
use usher::http::openapi::words;
use usher::id::UserId;
use usher::jiff::Timestamp;
use utoipa::ToSchema;
use utoipa::openapi::Object;

pub mod preview;
pub mod rights_history;

/// The body of `POST /api/access/check`: one check, or a list of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "user": "jane@example.org", "permission": "admin.users", "department": "sales" }))]
pub struct CheckBody {
    /// The account's id, address or username; the caller where absent.
    user: Option<String>,
    /// What it would do: a permission of the catalogue.
    permission: Option<String>,
    /// The department that the request is about; none where absent.
    department: Option<String>,
    /// 1 to 100 checks, in place of one.
    checks: Option<Vec<OneCheck>>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Check)]
pub struct OneCheck {
    /// The account's id, address or username; the caller where absent.
    user: Option<String>,
    #[schema(example = "admin.users")]
    permission: String,
    /// The department that the request is about; none where absent.
    #[schema(example = "sales")]
    department: Option<String>,
}

/// Some checks, and whether they are answered as a list.
pub struct Asked {
    pub checks: Vec<Check>,
    is_list: bool,
}

impl CheckBody {
    pub fn parse(self) -> Result<Asked> {
        let mut found = Checks::new();
        let (one, is_list) = (self.permission, self.checks.is_some());
        let list = match (one, self.checks) {
            (Some(permission), None) => vec![OneCheck {
                user: self.user,
                permission,
                department: self.department,
            }],
            (None, Some(list)) if self.user.is_none() && self.department.is_none() => list,
            (None, None) => return Err(Error::invalid("/permission", "a check needs a permission")),
            _ => return Err(Error::invalid("/checks", "send one check, or a list of them")),
        };
        if !(1..=MAX_CHECKS).contains(&list.len()) {
            return Err(Error::invalid(
                "/checks",
                format!("one request has 1 to {MAX_CHECKS} checks"),
            ));
        }
        let place = |n: usize| if is_list { format!("/checks/{n}") } else { String::new() };
        let checks = list.into_iter().enumerate();
        let checks = checks.map(|(n, check)| check.parse(&mut found, place(n))).collect();
        found.done()?;
        Ok(Asked { checks, is_list })
    }
}

impl OneCheck {
    fn parse(self, found: &mut Checks, place: String) -> Check {
        let (user, department) = (format!("{place}/user"), format!("{place}/department"));
        Check {
            user: found.optional(&user, self.user.as_deref(), account),
            department: found.optional(&department, self.department.as_deref(), Department::parse),
            permission: self.permission,
            place,
        }
    }
}

/// How many accounts are read with the caller's at most.
const MAX_ABOUT: usize = 50;

/// The accounts that a body names by id, before it is looked at closely.
pub fn accounts(body: &[u8]) -> Vec<UserId> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let checks = body["checks"].as_array().into_iter().flatten();
    let named = checks
        .chain([&body])
        .filter_map(|check| check["user"].as_str()?.parse().ok());
    let distinct: BTreeSet<UserId> = named.collect();
    distinct.into_iter().take(MAX_ABOUT).collect()
}

/// The account that a text in a body names.
fn account(text: &str) -> Result<UserRef, String> {
    UserRef::parse(text).ok_or_else(|| UserPath::REFUSED.to_owned())
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum CheckAnswer {
    One(VerdictView),
    /// In the order of the checks.
    Several(Vec<VerdictView>),
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Verdict)]
pub struct VerdictView {
    allowed: bool,
    /// The first moment at which the answer will be another one, where nobody changes anything; none where null.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-01-01T00:00:00.000Z")]
    until: Option<Timestamp>,
}

impl CheckAnswer {
    pub fn of(asked: &Asked, verdicts: &[Verdict]) -> Self {
        match verdicts {
            [one] if !asked.is_list => Self::One(VerdictView::of(*one)),
            all => Self::Several(all.iter().copied().map(VerdictView::of).collect()),
        }
    }
}

impl VerdictView {
    fn of(verdict: Verdict) -> Self {
        Self {
            allowed: verdict.allowed,
            until: verdict.until,
        }
    }
}

/// The body of `POST /api/access/explain`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "user": "jane@example.org", "permission": "admin.users", "department": "sales" }))]
pub struct ExplainBody {
    #[serde(flatten)]
    check: OneCheck,
    /// The moment that is asked about; now where absent.
    #[serde(default, deserialize_with = "time::moment")]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

impl ExplainBody {
    pub fn parse(self) -> Result<(Check, Option<Timestamp>)> {
        let mut found = Checks::new();
        let check = self.check.parse(&mut found, String::new());
        found.done()?;
        Ok((check, self.at))
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Explanation)]
pub struct ExplanationView {
    allowed: bool,
    /// The first moment at which the answer will be another one, where nobody changes anything; none where null.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// The grants that allow it, each by itself.
    because: Vec<ReasonView>,
    /// Where it is not allowed: the grants that lack the least.
    nearly: Vec<NearlyView>,
    /// The account's state at that moment.
    #[schema(schema_with = directory::shown_status_words)]
    status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Reason)]
pub struct ReasonView {
    /// The grant's id (`userRoleId`).
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    grant: String,
    #[schema(example = "editor")]
    role: String,
    /// The department whose requests it applies to; all where null.
    department: Option<String>,
    /// The first moment of its effect.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// The first moment after it.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NearReason)]
pub struct NearlyView {
    #[serde(flatten)]
    reason: ReasonView,
    /// What keeps it from allowing it: it begins later, has ended, is for another department, its role lacks the permission,
    /// or the account is not active.
    #[schema(schema_with = missing_words)]
    missing: &'static str,
}

fn missing_words() -> Object {
    words(
        [
            Missing::NotYet,
            Missing::Ended,
            Missing::Department,
            Missing::Status,
            Missing::Permission,
        ]
        .map(missing),
    )
}

fn missing(missing: Missing) -> &'static str {
    match missing {
        Missing::NotYet => "notYet",
        Missing::Ended => "ended",
        Missing::Department => "department",
        Missing::Status => "status",
        Missing::Permission => "permission",
    }
}

impl ExplanationView {
    pub fn of(status: Status, explanation: &Explanation<'_>) -> Self {
        let nearly = explanation.nearly.iter().map(|(reason, lacks)| NearlyView {
            reason: ReasonView::of(reason),
            missing: missing(*lacks),
        });
        Self {
            allowed: explanation.verdict.allowed,
            until: explanation.verdict.until,
            because: explanation.because.iter().map(ReasonView::of).collect(),
            nearly: nearly.collect(),
            status: status.as_str(),
        }
    }
}

impl ReasonView {
    fn of(reason: &Reason<'_>) -> Self {
        let Reason { grant, role } = reason;
        let department = grant
            .department
            .as_ref()
            .map(|department| department.as_given().to_owned());
        Self {
            grant: grant.id.to_string(),
            role: role.name.as_given().to_owned(),
            department,
            from: grant.effective_from,
            to: grant.effective_to,
        }
    }
}
