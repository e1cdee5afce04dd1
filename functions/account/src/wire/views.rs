//! What is shown.

use std::collections::BTreeMap;

use serde::Serialize;
use usher::actions::Context;
use usher::actions::histories::RightsFilter;
use usher::domain::history::{LoginEntry, LoginKind, RightsEntry};
use usher::domain::profile::{self, Gender};
use usher::domain::role::{Rank, Role, SystemRole};
use usher::domain::time;
use usher::domain::user::User;
use usher::http::openapi::words;
use usher::id::{RoleId, UserId};
use usher::jiff::Timestamp;
use utoipa::ToSchema;
use utoipa::openapi::Object;

pub(super) fn rank_name(rank: Rank) -> &'static str {
    match rank {
        Rank::User => "User",
        Rank::Member => "Member",
        Rank::Admin => "Admin",
        Rank::Owner => "Owner",
    }
}

fn rank_names() -> Object {
    words([Rank::User, Rank::Member, Rank::Admin, Rank::Owner].map(rank_name))
}

fn role_name(id: RoleId, name: &str) -> String {
    let rank = SystemRole::by_id(id).and_then(|system| system.rank);
    rank.map_or_else(|| name.to_owned(), |rank| rank_name(rank).to_owned())
}

/// An account, as it sees itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountProfile)]
pub struct Profile {
    #[schema(example = "jane@example.org")]
    email: Option<String>,
    #[schema(example = "jane")]
    username: Option<String>,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    created_on: Timestamp,
    #[schema(example = "Jane")]
    first_name: Option<String>,
    middle_name: Option<String>,
    #[schema(example = "Doe")]
    last_name: Option<String>,
    gender: Option<Gender>,
    #[schema(minimum = 0, maximum = 150, example = 41)]
    age: Option<u8>,
    address: AddressView,
    contact: ContactView,
}

/// A postal address.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountAddress)]
pub struct AddressView {
    #[schema(example = "Norway", max_length = 256)]
    country: Option<String>,
    #[schema(example = "Bergen", max_length = 256)]
    city: Option<String>,
    /// Street and number.
    #[schema(max_length = 256)]
    str: Option<String>,
}

/// Contact details.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountContact)]
pub struct ContactView {
    #[schema(max_length = 256)]
    mobile: Option<String>,
    #[schema(max_length = 256)]
    email: Option<String>,
    #[schema(example = "https://jane.example.org", max_length = 256)]
    website: Option<String>,
    #[schema(max_length = 256)]
    facebook: Option<String>,
    #[schema(max_length = 256)]
    instagram: Option<String>,
    #[schema(max_length = 256)]
    tik_tok: Option<String>,
    #[schema(max_length = 256)]
    youtube: Option<String>,
    #[schema(max_length = 256)]
    twitter: Option<String>,
}

impl Profile {
    pub fn of(user: &User) -> Self {
        // Each field by its name, so that a new one is shown here or left out on purpose.
        let profile::Profile {
            first_name,
            middle_name,
            last_name,
            display_name: _,
            gender,
            age,
            address,
            contact,
        } = user.profile.clone();
        let (address, contact) = (address.unwrap_or_default(), contact.unwrap_or_default());
        Self {
            email: user.given_email(),
            username: user.given_username(),
            created_on: user.created_at,
            first_name,
            middle_name,
            last_name,
            gender,
            age,
            address: AddressView {
                country: address.country,
                city: address.city,
                str: address.street,
            },
            contact: ContactView {
                mobile: contact.mobile,
                email: contact.email,
                website: contact.website,
                facebook: contact.facebook,
                instagram: contact.instagram,
                tik_tok: contact.tik_tok,
                youtube: contact.youtube,
                twitter: contact.twitter,
            },
        }
    }
}

/// An account, as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountFullProfile)]
pub struct FullProfile {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    /// The role of its rank.
    #[schema(schema_with = rank_names)]
    role_name: &'static str,
    #[serde(flatten)]
    #[schema(inline)]
    profile: Profile,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    modified_on: Timestamp,
    /// When it was deleted.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    deleted_on: Option<Timestamp>,
    /// Whether it was deleted.
    is_deleted: bool,
}

impl FullProfile {
    pub fn of(cx: &Context, user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            role_name: rank_name(user.rank(cx.now)),
            profile: Profile::of(user),
            modified_on: user.modified_at,
            deleted_on: user.deleted_at,
            is_deleted: user.deleted_at.is_some(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountRole)]
pub struct RoleView {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    #[schema(example = "Member")]
    name: String,
    /// How many accounts can have it at once; null for no limit.
    #[schema(example = 10)]
    max_count: Option<u32>,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    created_on: Timestamp,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    modified_on: Timestamp,
    /// Null: a role that was deleted is not there.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    deleted_on: Option<Timestamp>,
    /// False, likewise.
    is_deleted: bool,
}

impl RoleView {
    pub fn of(role: &Role) -> Self {
        Self {
            id: role.id.to_string(),
            name: role_name(role.id, role.name.as_given()),
            max_count: role.max_count,
            created_on: role.created_at,
            modified_on: role.modified_at,
            deleted_on: None,
            is_deleted: false,
        }
    }
}

/// A login or a logout.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountEntry)]
pub struct Entry {
    /// Whose it is.
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    user_id: String,
    /// Its username now; null where it has none, or was erased.
    #[schema(example = "jane")]
    username: Option<String>,
    /// Whether it is a login, and no logout.
    login: bool,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    created_on: Timestamp,
}

impl Entry {
    pub fn of(row: &LoginEntry, names: &BTreeMap<UserId, String>) -> Self {
        Self {
            user_id: row.user.to_string(),
            username: names.get(&row.user).cloned(),
            login: row.kind == LoginKind::Login,
            created_on: row.at,
        }
    }
}

/// A change of rights.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountRightsChange)]
pub struct RightsChange {
    /// The id of who made it; null for set-up and registrations.
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    from: Option<String>,
    /// The id of the account, or role, whose rights were changed.
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c")]
    to: String,
    /// The role that was given or taken, or was changed itself; null where it is about no role.
    #[schema(example = "Member")]
    role: Option<String>,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    date: Timestamp,
}

impl RightsChange {
    /// Of several roles, as a new account can have, it shows the one
    /// that was asked for, or else the one of the highest rank.
    pub fn of(row: &RightsEntry, asked: &RightsFilter, names: &BTreeMap<RoleId, String>) -> Self {
        let mut roles = row.roles();
        roles.retain(|role| asked.role.is_none_or(|one| one == *role));
        let shown = roles
            .into_iter()
            .max_by_key(|id| SystemRole::by_id(*id).and_then(|system| system.rank));
        let name = |id: RoleId| {
            names
                .get(&id)
                .map_or_else(|| last_name(row, id), |name| role_name(id, name))
        };
        Self {
            from: row.actor.map(|actor| actor.to_string()),
            to: row.target.id(),
            role: shown.map(name),
            date: row.at,
        }
    }
}

/// The name of a deleted role, where the row has it.
fn last_name(row: &RightsEntry, id: RoleId) -> String {
    let named = [&row.before, &row.after]
        .into_iter()
        .find_map(|side| side["name"].as_str());
    named.map_or_else(|| id.to_string(), str::to_owned)
}
