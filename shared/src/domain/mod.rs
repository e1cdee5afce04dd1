//! What is true: accounts, roles, grants, sessions and their rules. Pure: no clock, no I/O, no HTTP.

pub mod api_key;
pub mod audit;
pub mod grant;
pub mod history;
pub mod lockout;
pub mod mail;
pub mod permission;
pub mod profile;
pub mod rate_limit;
pub mod role;
pub mod rotation;
pub mod service_key;
pub mod session;
pub mod tenant;
pub mod tenant_settings;
pub mod tenant_size;
pub mod text;
pub mod time;
pub mod trail;
pub mod transfer;
pub mod user;
