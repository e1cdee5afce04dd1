//! What is true: accounts, roles, grants, sessions and their rules. Pure: no clock, no I/O, no HTTP.

pub mod profile;
pub mod text;
pub mod user;
