//! A store that fails: refuses, breaks off, answers too late, or answers in part. Either the request is done,
//! exactly once, or it is answered with 503 and nothing of it is written.

mod account;
mod admin;
mod deadline;
mod diff;
mod ended;
mod health;
mod panics;
mod reads;
mod registration;
mod routes;
mod secrets;
mod storms;

pub use diff::{Diff, Dump, between, dump, dump_of, is_chance, kind};
