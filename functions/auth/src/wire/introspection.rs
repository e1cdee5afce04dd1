//! Bodies of `/introspect` (RFC 7662).
//!
//! On purpose:
//! - `token_type_hint` is ignored, as `/revoke` does: a token shows what it is.
//! - Names are those of the RFC and of the token's claims, so they are not camelCase.
//! - An inactive token answers `active` and nothing else (RFC 7662, 2.2): neither why, nor whose it was.
//! - `scope` is what the account may do now in requests about no department, and `roles` what it has now: the token's own
//!   `roles` are those of the moment when it was issued.

use serde::{Deserialize, Serialize};
use usher::actions::Context;
use usher::actions::introspection;
use usher::domain::text::Username;
use utoipa::ToSchema;

/// The body of `/introspect`, as a form or in JSON.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Introspect {
    /// The token that was sent to whoever asks: an access token or a service account's key.
    #[schema(example = "usher_sk_…")]
    pub token: String,
}

/// The answer of `/introspect`. Of an inactive token there is nothing but `active`.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Introspection)]
pub struct Introspected {
    /// Whether a request with this token would be let in now.
    active: bool,
    /// The account's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    sub: Option<String>,
    /// The tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "main")]
    tid: Option<String>,
    /// When the token ends, in seconds since 1970; not there where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_795_338_000)]
    exp: Option<i64>,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_795_334_400)]
    iat: Option<i64>,
    /// Names of the roles that apply now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["user", "SERVICE_ACCOUNT"]))]
    roles: Option<Vec<String>>,
    /// Its username, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "invoices")]
    username: Option<String>,
    /// The permissions that it holds now, with a space between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "admin.access invoices.read")]
    scope: Option<String>,
}

impl Introspected {
    pub fn inactive() -> Self {
        Self::default()
    }

    pub fn of(cx: &Context, found: &introspection::Introspected) -> Self {
        let caller = &found.caller;
        let mut roles: Vec<String> = caller
            .roles
            .iter()
            .map(|role| role.name.as_given().to_owned())
            .collect();
        roles.sort();
        let scope: Vec<&str> = caller.rights.permissions.iter().map(String::as_str).collect();
        let username = caller.user.as_ref().and_then(|user| user.username.as_ref());
        Self {
            active: true,
            sub: Some(caller.id.to_string()),
            tid: Some(cx.tenant.as_str().to_owned()),
            exp: found.expires_at,
            iat: Some(found.issued_at),
            roles: Some(roles),
            username: username.map(Username::as_given).map(str::to_owned),
            scope: Some(scope.join(" ")),
        }
    }
}
