//! How it is kept: one DynamoDB table. [`keys`] is the whole of it, one line per key; only [`dynamo`] names the SDK.

pub mod api_keys;
pub mod attempts;
pub mod catalogue;
pub mod cursor;
pub mod dynamo;
pub mod ended;
pub mod history;
pub mod keys;
pub mod mail_limits;
pub mod mails;
pub mod one_time;
pub mod record;
pub mod roles;
pub mod search;
pub mod seats;
pub mod secret;
pub mod sessions;
pub mod signing_keys;
pub mod table;
pub mod tenant_settings;
pub mod tenants;
pub mod trails;
pub mod unit;
pub mod user_lists;
pub mod users;
