//! What is shown.

use std::collections::BTreeMap;

use serde::Serialize;
use usher::actions::Context;
use usher::actions::listing::Numbered;
use usher::domain::permission::Permission;
use usher::domain::role::Role;
use usher::domain::time;
use usher::domain::user::User;
use usher::id::RoleId;
use usher::jiff::Timestamp;
use utoipa::ToSchema;

use super::Place;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminRole)]
pub struct RoleView {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    #[schema(example = "admin")]
    name: String,
    description: Option<String>,
}

impl RoleView {
    fn of(role: &Role) -> Self {
        Self {
            id: role.id.to_string(),
            name: role.name.as_given().to_owned(),
            description: role.description.clone(),
        }
    }
}

/// An identity at another provider. There are none yet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminSocialAccount)]
pub struct SocialAccount {
    provider: String,
    /// The account's id there.
    provider_user_id: String,
}

/// An account of a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminUser)]
pub struct UserView {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    #[schema(example = "jane@example.org")]
    email: Option<String>,
    #[schema(example = "jane")]
    user_name: Option<String>,
    /// Whether the address was shown to be theirs.
    email_verified: bool,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    created_at: Timestamp,
    roles: Vec<RoleView>,
    /// Its identities at other providers.
    social_accounts: Vec<SocialAccount>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminUserPage)]
pub struct UserPage {
    /// The accounts, newest first.
    users: Vec<UserView>,
    /// Where the page is among all.
    pagination: Pagination,
}

/// Where a page is among all.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminPagination)]
pub struct Pagination {
    /// Its number, from 1.
    #[schema(example = 1)]
    page: u64,
    /// How many accounts a page has.
    #[schema(example = 10)]
    limit: usize,
    /// How many accounts there are.
    #[schema(example = 1)]
    total: u64,
    /// There, and true, where a search found so many that they were not all counted: there are so many, or more.
    #[serde(rename = "totalIsAtLeast", skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    total_is_at_least: bool,
    /// How many pages there are.
    #[serde(rename = "totalPages")]
    #[schema(example = 1)]
    total_pages: u64,
}

impl UserPage {
    pub fn of(cx: &Context, found: &Numbered, place: Place, known: &BTreeMap<RoleId, Role>) -> Self {
        let view = |user: &User| UserView {
            id: user.id.to_string(),
            email: user.given_email(),
            user_name: user.given_username(),
            email_verified: user.email_verified,
            created_at: user.created_at,
            roles: applying(cx, user, known).into_iter().map(RoleView::of).collect(),
            social_accounts: Vec::new(),
        };
        Self {
            users: found.items.iter().map(view).collect(),
            pagination: Pagination {
                page: place.page,
                limit: place.limit,
                total: found.total.count,
                total_is_at_least: found.total.is_at_least,
                total_pages: found
                    .total
                    .count
                    .div_ceil(u64::try_from(place.limit).unwrap_or(u64::MAX)),
            },
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminUserDetail)]
pub struct UserDetail {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    #[schema(example = "jane@example.org")]
    email: Option<String>,
    #[schema(example = "jane")]
    user_name: Option<String>,
    /// Whether the address was shown to be theirs.
    email_verified: bool,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    created_at: Timestamp,
    roles: Vec<RoleDetail>,
    /// Its identities at other providers.
    social_accounts: Vec<SocialAccount>,
}

/// A role and what it permits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminRoleDetail)]
pub struct RoleDetail {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    #[schema(example = "admin")]
    name: String,
    /// What it permits.
    permissions: Vec<PermissionView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminPermission)]
pub struct PermissionView {
    #[schema(example = "admin.users")]
    name: String,
    /// What it lets its holder do.
    #[schema(example = "Create, change and delete accounts")]
    description: Option<String>,
}

impl UserDetail {
    pub fn of(cx: &Context, user: &User, known: &BTreeMap<RoleId, Role>, catalogue: &[Permission]) -> Self {
        let described = |name: &String| PermissionView {
            name: name.clone(),
            description: catalogue
                .iter()
                .find(|entry| entry.name == *name)
                .and_then(|entry| entry.description.clone()),
        };
        let detail = |role: &Role| RoleDetail {
            id: role.id.to_string(),
            name: role.name.as_given().to_owned(),
            permissions: role.permissions.iter().map(described).collect(),
        };
        Self {
            id: user.id.to_string(),
            email: user.given_email(),
            user_name: user.given_username(),
            email_verified: user.email_verified,
            created_at: user.created_at,
            roles: applying(cx, user, known).into_iter().map(detail).collect(),
            social_accounts: Vec::new(),
        }
    }
}

/// An account that was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminCreatedUser)]
pub struct NewUserView {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    #[schema(example = "jane@example.org")]
    email: Option<String>,
    #[schema(example = "jane")]
    user_name: Option<String>,
    /// Whether the address is known to be theirs.
    email_verified: bool,
    roles: Vec<RoleView>,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    created_at: Timestamp,
}

impl NewUserView {
    pub fn of(user: &User, roles: &[Role]) -> Self {
        let mut roles: Vec<&Role> = roles.iter().collect();
        roles.sort_by_key(|role| role.name.as_given());
        Self {
            id: user.id.to_string(),
            email: user.given_email(),
            user_name: user.given_username(),
            email_verified: user.email_verified,
            roles: roles.into_iter().map(RoleView::of).collect(),
            created_at: user.created_at,
        }
    }
}

/// The answer of a change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminUpdated)]
pub struct UpdatedUser {
    /// That it was done.
    #[schema(example = "User updated successfully")]
    message: &'static str,
    /// The account since.
    user: ChangedUser,
}

/// An account that was changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminUpdatedUser)]
pub struct ChangedUser {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    #[schema(example = "jane@example.org")]
    email: Option<String>,
    #[schema(example = "jane")]
    username: Option<String>,
    /// Whether the address is known to be theirs.
    email_verified: bool,
    roles: Vec<RoleName>,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    updated_at: Timestamp,
}

/// A role's name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(as = AdminRoleName)]
pub struct RoleName {
    #[schema(example = "admin")]
    name: String,
}

impl UpdatedUser {
    pub fn of(cx: &Context, user: &User, names: &BTreeMap<RoleId, String>) -> Self {
        let named = user.applying(cx.now).into_iter().filter_map(|role| {
            let name = names.get(&role)?.clone();
            Some(RoleName { name })
        });
        let mut roles: Vec<RoleName> = named.collect();
        roles.sort();
        roles.dedup();
        Self {
            message: "User updated successfully",
            user: ChangedUser {
                id: user.id.to_string(),
                email: user.given_email(),
                username: user.given_username(),
                email_verified: user.email_verified,
                roles,
                updated_at: user.modified_at,
            },
        }
    }
}

/// That something was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminMessage)]
pub struct Message {
    #[schema(example = "User deleted successfully")]
    message: &'static str,
}

impl Message {
    pub fn of(message: &'static str) -> Self {
        Self { message }
    }
}

/// The roles that apply to an account now, by name.
fn applying<'a>(cx: &Context, user: &User, known: &'a BTreeMap<RoleId, Role>) -> Vec<&'a Role> {
    let ids = user.applying(cx.now).into_iter();
    let mut roles: Vec<&Role> = ids.filter_map(|role| known.get(&role)).collect();
    roles.sort_by_key(|role| role.name.as_given());
    roles
}
