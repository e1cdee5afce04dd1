//! What administrators ask.

use serde::Deserialize;
use serde_with::rust::double_option;
use usher::actions::histories;
use usher::actions::users::{self, UserRef};
use usher::actions::{Context, roles};
use usher::error::{Error, Noun, Result};
use usher::http::call::{Checks, given, page_limit};
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

/// The body of `SetMaxRoles`, or an item of it: the source's own client sends the models that it has of all roles.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountRoleLimit, example = json!({ "Name": "Member", "MaxCount": 10 }))]
pub struct MaxRoles {
    /// The role's name, in any letter case.
    name: String,
    /// How many accounts can have it at once, not fewer than have it; null for no limit.
    #[serde(with = "double_option")]
    #[schema(value_type = Option<u32>, required)]
    max_count: Option<Option<u32>>,
}

impl MaxRoles {
    pub fn parse(&self) -> (&str, Option<u32>) {
        (&self.name, self.max_count.flatten())
    }
}

/// How many a listing has at once where no limit is asked for.
const ALL: usize = 1_000;

fn page_size(limit: Option<&str>) -> Result<usize> {
    match limit {
        None => Ok(ALL),
        some => page_limit(some),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct PageQuery {
    /// How many: 1 to 100; all, up to 1,000, where absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl PageQuery {
    pub fn size(&self) -> Result<usize> {
        page_size(self.limit.as_deref())
    }

    pub fn filters(&self) -> [(&'static str, Option<&str>); 1] {
        [("limit", self.limit.as_deref())]
    }
}

/// The query of the next page, with what this one was asked with.
pub fn next(cursor: Option<String>, filters: &[(&str, Option<&str>)]) -> Option<String> {
    let cursor = cursor?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in filters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    Some(query.append_pair("cursor", &cursor).finish())
}

/// The query of `Entries`.
#[derive(Debug, Deserialize, IntoParams)]
pub struct EntriesQuery {
    /// How many: 1 to 100; all, up to 1,000, where absent.
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
        let size = checks.take(page_size(self.limit.as_deref()))?;
        let user = checks.optional("?UserId", given(self.user_id.as_deref()), |id| {
            id.parse().map_err(|_| "this is no account's id".to_owned())
        });
        checks.done()?;
        Ok((user, size.unwrap_or(ALL)))
    }

    pub fn filters(&self) -> [(&'static str, Option<&str>); 2] {
        [("limit", self.limit.as_deref()), ("UserId", self.user_id.as_deref())]
    }
}

/// The body of `RightsChanges` by `POST`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountRightsFilter, example = json!({ "Role": "Admin" }))]
pub struct RightsFilter {
    /// Only changes that this account made: its id, address or username.
    from: Option<String>,
    /// Only changes of this: an account's id, address or username, or what a change has as its `To`.
    to: Option<String>,
    /// Only changes that are about this role: its name, in any letter case, or its id, also when it was deleted.
    role: Option<String>,
}

impl RightsFilter {
    /// Without what is blank: that is no filter.
    fn given(self) -> Self {
        Self {
            from: given(self.from),
            to: given(self.to),
            role: given(self.role),
        }
    }

    pub async fn parse(&self, cx: &Context) -> Result<histories::RightsFilter> {
        let mut checks = Checks::new();
        let actor = checks.take(user_id(cx, "/From", self.from.as_deref()).await)?;
        let target = match &self.to {
            Some(text) => histories::targets(cx, text).await?,
            None => None,
        };
        if self.to.is_some() && target.is_none() {
            checks.fault(
                "/To",
                "no account has this id, address or username, and there is no change of anything of this name",
            );
        }
        let role = match &self.role {
            Some(name) => roles::id_of(cx, name).await?,
            None => None,
        };
        if self.role.is_some() && role.is_none() {
            checks.fault("/Role", "there is no role of this name");
        }
        checks.done()?;
        Ok(histories::RightsFilter {
            actor: actor.flatten(),
            target,
            role,
        })
    }
}

/// The id of the user that a field names.
async fn user_id(cx: &Context, pointer: &str, text: Option<&str>) -> Result<Option<id::UserId>> {
    let Some(text) = text else { return Ok(None) };
    let found = users::id_of(cx, text).await?;
    let unknown = || Error::invalid(pointer, "no account has this id, address or username");
    found.ok_or_else(unknown).map(Some)
}

/// The query of `RightsChanges`. By `POST` a filter can stand in the body as well, and counts before the query's.
#[derive(Debug, Deserialize, IntoParams)]
pub struct RightsQuery {
    /// How many: 1 to 100; all, up to 1,000, where absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Only changes that this account made: its id, address or username.
    #[serde(rename = "From")]
    from: Option<String>,
    /// Only changes of this: an account's id, address or username, or what a change has as its `To`.
    #[serde(rename = "To")]
    to: Option<String>,
    /// Only changes that are about this role: its name, in any letter case, or its id, also when it was deleted.
    #[serde(rename = "Role")]
    role: Option<String>,
}

impl RightsQuery {
    pub fn size(&self) -> Result<usize> {
        page_size(self.limit.as_deref())
    }

    pub fn filter(&self) -> RightsFilter {
        let named = RightsFilter {
            from: self.from.clone(),
            to: self.to.clone(),
            role: self.role.clone(),
        };
        named.given()
    }

    /// The same with the filter of a body.
    #[must_use]
    pub fn with(self, filter: RightsFilter) -> Self {
        let RightsFilter { from, to, role } = filter.given();
        Self {
            from: from.or(self.from),
            to: to.or(self.to),
            role: role.or(self.role),
            ..self
        }
    }

    pub fn filters(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("limit", self.limit.as_deref()),
            ("From", self.from.as_deref()),
            ("To", self.to.as_deref()),
            ("Role", self.role.as_deref()),
        ]
    }
}
