//! Bodies of `/api/tenants`.
//!
//! On purpose:
//! - `main` is listed as well: it is a tenant like the others, and only has no maker.
//! - A first owner who is given a password has a verified address: whoever makes the tenant vouches for it, for nobody in
//!   it could. One without a password is invited, and shows that the address is theirs by following the link.

use serde::{Deserialize, Serialize};
use usher::actions::{Context, passwords, tenants, users};
use usher::domain::tenant::{Tenant, TenantId};
use usher::domain::text::{Email, Label, Username};
use usher::domain::time;
use usher::domain::user::User;
use usher::error::{Error, Result};
use usher::http::call::Checks;
use usher::jiff::Timestamp;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Tenant)]
pub struct TenantView {
    /// Its id: the one in the host name or `X-Tenant`.
    #[schema(example = "acme")]
    id: String,
    /// What people call it.
    #[schema(example = "Acme Ltd.")]
    name: Option<String>,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    created_at: Timestamp,
    /// The account of `main` that made it; set-up where null.
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    created_by: Option<String>,
}

impl TenantView {
    pub fn of(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id.to_string(),
            name: tenant.name.as_ref().map(|name| name.as_str().to_owned()),
            created_at: tenant.created_at,
            created_by: tenant.created_by.map(|id| id.to_string()),
        }
    }
}

/// The body of `POST /api/tenants`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "id": "acme", "name": "Acme Ltd.", "owner": { "email": "jane@example.org" } }))]
pub struct NewTenant {
    /// Its id: 1 to 32 of `a-z`, `0-9` and `-`, which stands at neither end.
    id: String,
    /// What people call it: 1 to 100 characters.
    name: Option<String>,
    /// Its first owner.
    owner: NewOwner,
}

/// The first owner of a tenant.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewOwner {
    email: String,
    username: Option<String>,
    /// The password: 10 characters at least. Without one the owner is invited by mail to choose one.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<String>,
}

impl NewTenant {
    pub fn parse(self, cx: &Context) -> Result<tenants::NewTenant> {
        let mut checks = Checks::new();
        let id = checks.parse("/id", &self.id, TenantId::parse);
        let name = checks.optional("/name", self.name.as_deref(), Label::parse);
        let email = checks.parse("/owner/email", &self.owner.email, Email::parse);
        let username = checks.optional("/owner/username", self.owner.username.as_deref(), Username::parse);
        let password = self
            .owner
            .password
            .map(|text| passwords::chosen(cx, "/owner/password", text));
        let password = checks.take(password.transpose())?.flatten();
        checks.done()?;
        Ok(tenants::NewTenant {
            id: id.ok_or_else(|| Error::fault("an id was neither taken nor refused"))?,
            name,
            owner: users::NewUser {
                email,
                username,
                email_verified: password.is_some(),
                password,
                ..users::NewUser::default()
            },
        })
    }
}

/// A new tenant, with its first owner.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeTenant {
    #[serde(flatten)]
    tenant: TenantView,
    /// The first owner.
    owner: OwnerView,
}

/// The first owner of a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TenantOwner)]
pub struct OwnerView {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    #[schema(example = "jane@example.org")]
    email: Option<String>,
    #[schema(example = "jane")]
    username: Option<String>,
    /// Whether the owner was invited by mail to choose a password.
    invited: bool,
}

impl MadeTenant {
    pub fn of(tenant: &Tenant, owner: &User) -> Self {
        Self {
            tenant: TenantView::of(tenant),
            owner: OwnerView {
                id: owner.id.to_string(),
                email: owner.given_email(),
                username: owner.given_username(),
                invited: owner.password.is_none(),
            },
        }
    }
}
