//! What is shown.

use std::collections::BTreeMap;

use serde::Serialize;
use usher::access::policy;
use usher::actions::Context;
use usher::actions::histories::Logins;
use usher::actions::listing::Accounts;
use usher::domain::grant::Grant;
use usher::domain::history::{LoginEntry, LoginKind};
use usher::domain::profile::{Address, Contact, Gender, Profile};
use usher::domain::role::Role;
use usher::domain::time;
use usher::domain::user::User;
use usher::id::RoleId;
use usher::jiff::Timestamp;
use usher::secrecy::{ExposeSecret, SecretString};
use utoipa::ToSchema;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub struct UserView {
    /// Its id.
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    /// Its e-mail address, as it was given.
    #[schema(example = "jane@example.org")]
    email: Option<String>,
    /// Whether the address was shown to be theirs.
    email_verified: bool,
    /// Its username, as it was given.
    #[schema(example = "jane")]
    username: Option<String>,
    /// The personal fields.
    #[serde(flatten)]
    personal: PersonalFields,
    /// `active`, `inactive`, `locked` or `banned`.
    #[schema(example = "active")]
    status: &'static str,
    /// When its lock ends, where it is locked and the lock ends by itself.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    lockout_until: Option<Timestamp>,
    /// Whether its password must be changed before anything else.
    must_change_password: bool,
    /// Names of the roles that apply now.
    #[schema(example = json!(["user", "admin"]))]
    roles: Vec<String>,
    /// What it may do now; not in listings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["admin.users"]))]
    permissions: Option<Vec<String>>,
    /// When it was made.
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    created_at: Timestamp,
    /// When it was last changed.
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    modified_at: Timestamp,
}

impl UserView {
    /// An account and all that it may do, with the roles at hand that apply to it.
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

    /// An account, with the names of its roles at hand.
    pub fn of(cx: &Context, user: &User, names: &BTreeMap<RoleId, String>) -> Self {
        let applying = user.grants.iter().filter(|grant| grant.applies(cx.now, None));
        let mut roles: Vec<String> = applying.filter_map(|grant| names.get(&grant.role).cloned()).collect();
        roles.sort();
        roles.dedup();
        Self {
            id: user.id.to_string(),
            email: user.email.as_ref().map(|email| email.as_given().to_owned()),
            email_verified: user.email_verified,
            username: user.username.as_ref().map(|name| name.as_given().to_owned()),
            personal: PersonalFields::of(&user.profile),
            status: user.status_at(cx.now).as_str(),
            lockout_until: user.lock_ends(cx.now),
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

/// Where somebody lives.
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

/// How to reach somebody.
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
    /// The fields as a body.
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

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserPage {
    /// The accounts.
    items: Vec<UserView>,
    /// The `cursor` of the next page, if there is one.
    next_cursor: Option<String>,
    /// How many accounts the filter finds.
    #[schema(example = 1)]
    total: u64,
}

impl UserPage {
    /// The page as a body.
    pub fn of(cx: &Context, page: &Accounts, names: &BTreeMap<RoleId, String>) -> Self {
        Self {
            items: page.items.iter().map(|user| UserView::of(cx, user, names)).collect(),
            next_cursor: page.next_cursor.clone(),
            total: page.total,
        }
    }
}

/// A one-time password, shown once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemporaryPassword {
    /// The password; it must be changed at the next login.
    #[schema(example = "h7k2m-9qrtz-x4c8w-p3v6n")]
    temporary_password: String,
}

impl TemporaryPassword {
    /// The password as a body.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the secret ends with the body that shows it"
    )]
    pub fn of(made: SecretString) -> Self {
        Self {
            temporary_password: made.expose_secret().to_owned(),
        }
    }
}

/// A role given to an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Grant)]
pub struct GrantView {
    /// The grant's id.
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    user_role_id: String,
    /// The role's name.
    #[schema(example = "member")]
    role: String,
    /// The role's id.
    role_id: String,
    /// The department whose requests it applies to.
    department: Option<String>,
    /// The first moment of its effect.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_from: Option<Timestamp>,
    /// The first moment after it.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_to: Option<Timestamp>,
    /// Whether it applies now to requests about its department.
    effective: bool,
    /// When it was given.
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime)]
    granted_at: Timestamp,
    /// Who gave it; set-up where null.
    granted_by: Option<String>,
}

impl GrantView {
    /// A grant of the role of this name.
    pub fn of(cx: &Context, grant: &Grant, role: &str) -> Self {
        Self {
            user_role_id: grant.id.to_string(),
            role: role.to_owned(),
            role_id: grant.role.to_string(),
            department: grant
                .department
                .as_ref()
                .map(|department| department.as_str().to_owned()),
            effective_from: grant.effective_from,
            effective_to: grant.effective_to,
            effective: grant.applies(cx.now, grant.department.as_ref()),
            granted_at: grant.granted_at,
            granted_by: grant.granted_by.map(|id| id.to_string()),
        }
    }

    /// All grants of an account whose roles exist.
    pub fn all(cx: &Context, user: &User, names: &BTreeMap<RoleId, String>) -> Vec<Self> {
        let named = user
            .grants
            .iter()
            .filter_map(|grant| Some((grant, names.get(&grant.role)?)));
        named.map(|(grant, name)| Self::of(cx, grant, name)).collect()
    }
}

/// A page of an account's logins.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginHistory {
    /// The rows, newest first.
    items: Vec<LoginView>,
    /// The `cursor` of the next page, if there is one.
    next_cursor: Option<String>,
}

/// A row of the login history.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LoginHistoryEntry)]
pub struct LoginView {
    /// When.
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    at: Timestamp,
    /// `login`, `loginFailed`, `logout`, `refresh` or `lockout`.
    #[schema(value_type = String, example = "login")]
    kind: LoginKind,
    /// Through which contract.
    #[schema(example = "directory")]
    surface: String,
    /// From which address.
    #[schema(example = "192.0.2.7")]
    ip: String,
    /// With which client, as it calls itself.
    #[schema(example = "curl/8.5.0")]
    user_agent: String,
}

impl LoginHistory {
    /// The page as a body.
    pub fn of(page: Logins) -> Self {
        let view = |entry: LoginEntry| LoginView {
            at: entry.at,
            kind: entry.kind,
            surface: entry.surface,
            ip: entry.ip,
            user_agent: entry.user_agent,
        };
        Self {
            items: page.items.into_iter().map(view).collect(),
            next_cursor: page.next_cursor,
        }
    }
}
