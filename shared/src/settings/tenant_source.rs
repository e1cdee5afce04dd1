//! What names the tenant of a request.

use std::fmt;
use std::str::FromStr;

use crate::domain::tenant::TenantId;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantSource {
    /// Nothing: there is one, `main`.
    One,
    /// The header `X-Tenant`; without it, the tenant is `main`. For a deployment whose own gateway sets it.
    Header,
    /// The host: `acme.<domain>` is the tenant `acme`, and any other host `main`.
    Host(String),
}

impl TenantSource {
    /// The address of a tenant, where the host names it.
    pub fn address(&self, tenant: &TenantId) -> Option<String> {
        match self {
            Self::Host(domain) if *tenant != TenantId::main() => Some(format!("https://{tenant}.{domain}")),
            Self::One | Self::Header | Self::Host(_) => None,
        }
    }
}

impl fmt::Display for TenantSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One => f.write_str("none"),
            Self::Header => f.write_str("header"),
            Self::Host(domain) => write!(f, "host:{domain}"),
        }
    }
}

impl FromStr for TenantSource {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "none" => Ok(Self::One),
            "header" => Ok(Self::Header),
            _ => {
                let domain = text
                    .strip_prefix("host:")
                    .filter(|domain| domain.contains('.'))
                    .ok_or(())?;
                Ok(Self::Host(domain.to_ascii_lowercase()))
            }
        }
    }
}
