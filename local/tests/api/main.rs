//! Usher through real HTTP on an embedded DynamoDB: one module per URL, and one per promise that spans them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end by panicking, and its name is its documentation"
)]

mod backstage;
mod databases;
mod deployed;
mod document;
mod policies;
mod reconcile;
mod support;
mod watch;

mod access;
mod account;
mod admin;
mod api_keys;
mod audit;
mod auth;
mod authorizer;
mod me;
mod outbox;
mod registration;
mod roles;
mod service_accounts;
mod tenant_settings;
mod tenants;
mod transfer;
mod users;

mod compression;
mod conditional;
mod delegated;
mod dev_routes;
mod devices;
mod edge;
mod enumeration;
mod failures;
mod fault_injection;
mod growth;
mod guard_walk;
mod histories;
mod idempotency;
mod input;
mod jwt_attacks;
mod lambda_events;
mod metrics;
mod names;
mod one_directory;
mod operator;
mod origin;
mod past;
mod policy_matrix;
mod proxy;
mod races;
mod rate_limits;
mod restore;
mod rotation;
mod round_trips;
mod secrets;
mod session_model;
mod session_use;
mod setup;
mod template;
mod times;
mod verify;
mod verify_table;
