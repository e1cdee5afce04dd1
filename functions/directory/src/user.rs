//! An account.

use std::collections::BTreeMap;

use serde::Serialize;
use usher::access::policy;
use usher::actions::Context;
use usher::domain::profile::{Address, Contact, Gender, Profile};
use usher::domain::role::Role;
use usher::domain::time;
use usher::domain::user::{Status, User, UserKind};
use usher::http::openapi::words;
use usher::id::RoleId;
use usher::jiff::Timestamp;
use utoipa::ToSchema;
use utoipa::openapi::Object;

/// The states that an account can be given.
pub fn status_words() -> Object {
    words([Status::Active, Status::Inactive, Status::Locked, Status::Banned].map(Status::as_str))
}

/// The states that an account can be shown in: in listings of deleted accounts, that too.
pub fn shown_status_words() -> Object {
    words(Status::ALL.map(Status::as_str))
}

/// Who signs in with an account.
pub fn user_kinds() -> Object {
    words([UserKind::Person, UserKind::Service].map(<&str>::from))
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub struct UserView {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    /// Who signs in with it.
    #[schema(schema_with = user_kinds)]
    kind: &'static str,
    /// Its e-mail address, as it was given.
    #[schema(example = "jane@example.org")]
    email: Option<String>,
    /// Whether the address was shown to be theirs.
    email_verified: bool,
    /// Its username, as it was given.
    #[schema(example = "jane")]
    username: Option<String>,
    #[serde(flatten)]
    personal: PersonalFields,
    /// Its state now.
    #[schema(schema_with = shown_status_words)]
    status: &'static str,
    /// When its lock ends, where it is locked and the lock ends by itself.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    lockout_until: Option<Timestamp>,
    /// How many logins failed in a row: under its address or its username, whichever is more.
    #[schema(example = 0)]
    failed_login_count: u32,
    /// Whether its password must be changed before anything else.
    must_change_password: bool,
    /// Names of the roles that apply now.
    #[schema(example = json!(["user", "admin"]))]
    roles: Vec<String>,
    /// What it may do now; not in listings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["admin.users"]))]
    permissions: Option<Vec<String>>,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    created_at: Timestamp,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    modified_at: Timestamp,
}

impl UserView {
    /// An account with its permissions; `roles` are those that apply to it.
    pub fn whole(cx: &Context, user: &User, roles: &[Role]) -> Self {
        let names = roles
            .iter()
            .map(|role| (role.id, role.name.as_given().to_owned()))
            .collect();
        let rights = policy::effective(&user.grants, roles, cx.now, None);
        Self {
            permissions: Some(rights.permissions.into_iter().collect()),
            ..Self::of(cx, user, &names)
        }
    }

    pub fn of(cx: &Context, user: &User, names: &BTreeMap<RoleId, String>) -> Self {
        let applying = user.applying(cx.now).into_iter();
        let mut roles: Vec<String> = applying.filter_map(|role| names.get(&role).cloned()).collect();
        roles.sort();
        roles.dedup();
        Self {
            id: user.id.to_string(),
            kind: user.kind.into(),
            email: user.given_email(),
            email_verified: user.email_verified,
            username: user.given_username(),
            personal: PersonalFields::of(&user.profile),
            status: user.status_at(cx.now).as_str(),
            lockout_until: user.lock_ends(cx.now),
            failed_login_count: user.attempts.failed_login_count(),
            must_change_password: user.must_change_password,
            roles,
            permissions: None,
            created_at: user.created_at,
            modified_at: user.modified_at,
        }
    }
}

/// The personal fields, every one of them: null where it is not known.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonalFields {
    #[schema(example = "Jane")]
    first_name: Option<String>,
    middle_name: Option<String>,
    #[schema(example = "Doe")]
    last_name: Option<String>,
    #[schema(example = "Jane D.")]
    display_name: Option<String>,
    gender: Option<Gender>,
    #[schema(minimum = 0, maximum = 150, example = 41)]
    age: Option<u8>,
    address: AddressView,
    contact: ContactView,
}

/// A postal address.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PostalAddress)]
pub struct AddressView {
    #[schema(example = "Norway")]
    country: Option<String>,
    #[schema(example = "Bergen")]
    city: Option<String>,
    street: Option<String>,
}

/// Contact details.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContactDetails)]
pub struct ContactView {
    mobile: Option<String>,
    email: Option<String>,
    #[schema(example = "https://jane.example.org")]
    website: Option<String>,
    facebook: Option<String>,
    instagram: Option<String>,
    tik_tok: Option<String>,
    youtube: Option<String>,
    twitter: Option<String>,
}

impl PersonalFields {
    pub fn of(profile: &Profile) -> Self {
        let Profile {
            first_name,
            middle_name,
            last_name,
            display_name,
            gender,
            age,
            address,
            contact,
        } = profile.clone();
        let (address, contact) = (address.unwrap_or_default(), contact.unwrap_or_default());
        let Address { country, city, street } = address;
        let Contact {
            mobile,
            email,
            website,
            facebook,
            instagram,
            tik_tok,
            youtube,
            twitter,
        } = contact;
        let address = AddressView { country, city, street };
        let contact = ContactView {
            mobile,
            email,
            website,
            facebook,
            instagram,
            tik_tok,
            youtube,
            twitter,
        };
        Self {
            first_name,
            middle_name,
            last_name,
            display_name,
            gender,
            age,
            address,
            contact,
        }
    }
}
