//! The wire, as far as all contracts share it: a route table ([`routes`]), what a handler is given ([`call`]) and gives
//! back ([`answer`]), how its refusals are phrased ([`dialect`]) and its answers put ([`rewrite`]), and the service that carries requests to it
//! ([`serve`], on Lambda [`lambda`] with its [`event`]s). The OpenAPI document comes out of the same table ([`openapi`]).

pub mod answer;
mod auth_layer;
pub mod body;
pub mod call;
mod compression;
pub mod dialect;
pub mod event;
pub mod idempotency;
pub mod known;
pub mod lambda;
mod not_modified;
pub mod openapi;
pub mod preconditions;
pub mod prefer;
pub mod problem;
mod rate_limit_fields;
pub mod request_info;
pub mod rewrite;
pub mod routes;
pub mod serve;
