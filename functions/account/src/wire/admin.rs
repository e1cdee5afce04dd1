//! What administrators ask.

use serde::Deserialize;
use serde_with::rust::double_option;
use usher::actions::histories;
use usher::actions::users::{self, UserRef};
use usher::actions::{Context, roles};
use usher::error::{Error, Noun, Result};
use usher::http::call::{Checks, DEFAULT_PAGE, page_limit};
use usher::id;
use utoipa::{IntoParams, ToSchema};

/// An id in a body. One that is invalid is an unknown user.
pub(super) fn account(id: &str) -> Result<id::UserId> {
    id.parse().map_err(|_| Error::NotFound(Noun::User))
}

/// The body of `DeleteUser` and `DeleteUserAccount`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountId, example = json!({ "Id": "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b" }))]
pub struct UserId {
    id: String,
}

impl UserId {
    pub fn parse(&self) -> Result<id::UserId> {
        account(&self.id)
    }
}

/// The body of `ChangeRole`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountRoleChange, example = json!({ "Id": "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "RoleName": "Member" }))]
pub struct ChangeRole {
    id: String,
    /// The role's name, in any letter case.
    pub role_name: String,
}

impl ChangeRole {
    pub fn user(&self) -> Result<UserRef> {
        account(&self.id).map(UserRef::Id)
    }
}

/// The body of `SetMaxRoles`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountRoleLimit, example = json!({ "Name": "Member", "MaxCount": 10 }))]
pub struct MaxRoles {
    /// The role's name, in any letter case.
    pub name: String,
    /// How many accounts can have it at once, not fewer than have it; null for no limit.
    #[serde(with = "double_option")]
    #[schema(value_type = Option<u32>, required)]
    max_count: Option<Option<u32>>,
}

impl MaxRoles {
    pub fn parse(&self) -> roles::RolePatch {
        roles::RolePatch {
            max_count: self.max_count,
            ..roles::RolePatch::default()
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct PageQuery {
    /// How many: 1 to 100, 25 where absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl PageQuery {
    pub fn limit(&self) -> Result<usize> {
        page_limit(self.limit.as_deref())
    }
}

/// Filters of a query, as they were sent.
type Filters = [(&'static str, Option<String>)];

/// The query of the next page, with what this one was asked with.
pub fn next(limit: usize, cursor: Option<String>, filters: &Filters) -> Option<String> {
    let cursor = cursor?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("limit", &limit.to_string())
        .append_pair("cursor", &cursor);
    for (name, value) in filters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    Some(query.finish())
}

/// The query of `Entries`.
#[derive(Debug, Deserialize, IntoParams)]
pub struct EntriesQuery {
    /// How many: 1 to 100, 25 where absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Only those of this account.
    #[serde(rename = "UserId")]
    #[param(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    user_id: Option<String>,
}

impl EntriesQuery {
    /// The account, and the size of a page. An account that was erased still has entries.
    pub fn parse(&self) -> Result<(Option<id::UserId>, usize)> {
        let mut checks = Checks::new();
        let limit = checks.take(page_limit(self.limit.as_deref()))?;
        let user = checks.optional("?UserId", self.user_id.as_deref(), |id| {
            id.parse().map_err(|_| "this is no account's id".to_owned())
        });
        checks.done()?;
        Ok((user, limit.unwrap_or(DEFAULT_PAGE)))
    }

    pub fn filters(&self) -> [(&'static str, Option<String>); 1] {
        [("UserId", self.user_id.clone())]
    }
}

/// The body of `RightsChanges` by `POST`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountRightsFilter, example = json!({ "Role": "Admin" }))]
pub struct RightsFilter {
    /// Only changes that this account made: its id, address or username.
    from: Option<String>,
    /// Only changes of this account's rights: its id, address or username.
    to: Option<String>,
    /// Only changes that are about this role: its name, in any letter case.
    role: Option<String>,
}

impl RightsFilter {
    pub async fn parse(&self, cx: &Context) -> Result<histories::RightsFilter> {
        let mut checks = Checks::new();
        let actor = checks.take(user_id(cx, "/From", self.from.as_deref()).await)?;
        let target = checks.take(user_id(cx, "/To", self.to.as_deref()).await)?;
        let role = match &self.role {
            Some(name) => roles::named(cx, name).await?.map(|role| role.id),
            None => None,
        };
        if self.role.is_some() && role.is_none() {
            checks.fault("/Role", "there is no role of this name");
        }
        checks.done()?;
        Ok(histories::RightsFilter {
            actor: actor.flatten(),
            target: target.flatten(),
            role,
        })
    }

    pub fn filters(&self) -> [(&'static str, Option<String>); 3] {
        [
            ("From", self.from.clone()),
            ("To", self.to.clone()),
            ("Role", self.role.clone()),
        ]
    }
}

/// The id of the user that a field names.
async fn user_id(cx: &Context, pointer: &str, text: Option<&str>) -> Result<Option<id::UserId>> {
    let Some(text) = text else { return Ok(None) };
    let found = users::id_of(cx, text).await?;
    let unknown = || Error::invalid(pointer, "nobody has this id, address or username");
    found.ok_or_else(unknown).map(Some)
}

/// The query of `RightsChanges` by `GET`.
#[derive(Debug, Deserialize, IntoParams)]
pub struct RightsQuery {
    /// How many: 1 to 100, 25 where absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// Only changes that this account made: its id, address or username.
    #[serde(rename = "From")]
    from: Option<String>,
    /// Only changes of this account's rights: its id, address or username.
    #[serde(rename = "To")]
    to: Option<String>,
    /// Only changes that are about this role: its name, in any letter case.
    #[serde(rename = "Role")]
    role: Option<String>,
}

impl RightsQuery {
    /// Its filter and its page.
    pub fn parts(self) -> (RightsFilter, PageQuery) {
        let (limit, cursor) = (self.limit, self.cursor);
        let (from, to, role) = (self.from, self.to, self.role);
        (RightsFilter { from, to, role }, PageQuery { limit, cursor })
    }
}
