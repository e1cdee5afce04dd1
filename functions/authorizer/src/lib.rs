//! A Lambda authorizer for the APIs of other services (`docs/verify.md`): API Gateway asks it before each request whether
//! the token is anybody's, and it asks the account's present state. Revoked is revoked, as on Usher's own routes.
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

pub mod handlers;
pub mod wire;

use usher::actions::Surface;

/// It sets no password and writes no history.
const SURFACE: Surface = Surface {
    name: "authorizer",
    min_password: 0,
    max_password: 128,
};
