//! `/api/me/*`: always the caller's own.

mod login_history;
mod profile;
pub mod sessions;
