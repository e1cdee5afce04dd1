//! Usher's core: everything that is not a contract's wire.
//!
//! Four rooms, and a file's imports prove which one it lives in: [`domain`] and [`access`] state what is true
//! (pure, no clock, no I/O); [`actions`] define what happens to a [`context`]; [`store`] and [`proof`] define how it is kept and how it is
//! proven; [`http`] carries requests to a function's handlers and their answers back.

pub mod access;
pub mod actions;
pub mod ambient;
pub mod app;
pub mod aws;
pub mod context;
pub mod domain;
pub mod error;
pub mod http;
pub mod id;
pub mod json;
pub mod mail;
pub mod metrics;
pub mod proof;
pub mod settings;
pub mod store;

pub use error::{Error, Result};
// What a handler's signature needs to name.
pub use {jiff, secrecy};
