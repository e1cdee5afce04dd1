//! Bodies.
//!
//! **The OpenID discovery document is true, and no more.** Usher issues access tokens to people who send their
//! password to its own API; it is no OAuth 2.0 authorization server (RFC 8414) and no OpenID provider. Its clients are
//! services that verify tokens, and these read `issuer`, `jwks_uri` and the algorithms. So:
//!
//! - `authorization_endpoint` and `token_endpoint` are left out. There is no page to send a browser to, and
//!   `/api/auth/token` takes JSON with an e-mail address and a password, which no grant of OAuth's is: a client that
//!   found it here would send a form that is refused. Other issuers that only sign (Kubernetes' service accounts, GitHub
//!   Actions) leave them out as well.
//! - `response_types_supported` must be there, and there is no response type; `grant_types_supported` would mean
//!   `authorization_code` and `implicit` if it were not there. Both are empty lists. The standard wants empty lists left
//!   out, which for these two would be untrue.
//! - `id_token_signing_alg_values_supported` holds the algorithms of the published keys. There are no ID tokens, but it is
//!   the one field that verifiers (go-oidc is one) take the accepted algorithms of any token from. Without it they take
//!   RS256, and refuse EdDSA.
//! - `introspection_endpoint` is there because `POST /api/auth/introspect` follows RFC 7662.
//! - `revocation_endpoint` is there because `POST /api/auth/revoke` follows RFC 7009: it takes `token` in a form.

use serde::Serialize;
use serde_json::Value;
use usher::http::answer::Public;
use usher::http::openapi::words;
use utoipa::ToSchema;
use utoipa::openapi::Object;

/// A JWK Set (RFC 7517, 5).
#[derive(Debug, Serialize, ToSchema)]
pub struct KeySet {
    /// The public keys. A new key is here before it signs, and stays until the last token that it signed has expired.
    #[schema(value_type = Vec<Object>, example = json!([{
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    }]))]
    pub keys: Vec<Value>,
}

impl Public for KeySet {
    const MEDIA_TYPE: &'static str = "application/jwk-set+json";
    /// A key is published for longer than this before it signs.
    const MAX_AGE: u32 = 60;
}

/// What a service must know to verify tokens (OpenID Connect Discovery 1.0, 3).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenIdConfiguration)]
pub struct Provider {
    /// The `iss` of tokens.
    #[schema(example = "https://api.example.org")]
    issuer: String,
    /// Where the public keys are.
    #[schema(example = "https://api.example.org/.well-known/jwks.json")]
    jwks_uri: String,
    /// Where a token is ended before its time: `{"token": "…"}`.
    #[schema(example = "https://api.example.org/api/auth/revoke")]
    revocation_endpoint: String,
    /// How a client proves itself there: it needs the token and nothing else.
    #[schema(example = json!(["none"]))]
    revocation_endpoint_auth_methods_supported: [&'static str; 1],
    /// Where a service asks what a token opens now.
    #[schema(example = "https://api.example.org/api/auth/introspect")]
    introspection_endpoint: String,
    /// How the service proves itself there: by a token of its own, such as a service account's key (RFC 8414, 2).
    #[schema(example = json!(["Bearer"]))]
    introspection_endpoint_auth_methods_supported: [&'static str; 1],
    /// The algorithms of the published keys.
    #[schema(example = json!(["EdDSA"]))]
    id_token_signing_alg_values_supported: Vec<String>,
    /// An account has one `sub`, the same for everybody.
    #[schema(example = json!(["public"]))]
    subject_types_supported: [&'static str; 1],
    /// None: there is no authorization endpoint.
    #[schema(value_type = Vec<String>, example = json!([]))]
    response_types_supported: [&'static str; 0],
    /// None: tokens are not got by OAuth 2.0.
    #[schema(value_type = Vec<String>, example = json!([]))]
    grant_types_supported: [&'static str; 0],
    /// The claims of tokens.
    #[schema(value_type = Vec<String>, example = json!(CLAIMS))]
    claims_supported: &'static [&'static str],
    /// Where a person reads about all this.
    #[schema(example = "https://api.example.org/docs")]
    service_documentation: String,
}

/// The claims of a token.
const CLAIMS: &[&str] = &["iss", "sub", "aud", "exp", "iat", "jti", "sid", "tid", "roles"];

impl Provider {
    /// The document of this issuer, whose keys have these algorithms.
    pub fn at(issuer: &str, algorithms: Vec<String>) -> Self {
        Self {
            issuer: issuer.to_owned(),
            jwks_uri: format!("{issuer}/.well-known/jwks.json"),
            revocation_endpoint: format!("{issuer}/api/auth/revoke"),
            revocation_endpoint_auth_methods_supported: ["none"],
            introspection_endpoint: format!("{issuer}/api/auth/introspect"),
            introspection_endpoint_auth_methods_supported: ["Bearer"],
            id_token_signing_alg_values_supported: algorithms,
            subject_types_supported: ["public"],
            response_types_supported: [],
            grant_types_supported: [],
            claims_supported: CLAIMS,
            service_documentation: format!("{issuer}/docs"),
        }
    }
}

impl Public for Provider {
    const MEDIA_TYPE: &'static str = "application/json";
    /// As long as the keys: a new key can be the first of its algorithm.
    const MAX_AGE: u32 = 60;
}

/// Healthy: a fault is never a `200`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    #[schema(schema_with = ok)]
    status: &'static str,
    #[schema(example = "0.1.0")]
    version: &'static str,
}

fn ok() -> Object {
    words(["ok"])
}

impl Health {
    pub fn ok() -> Self {
        Self {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}
