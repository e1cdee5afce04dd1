//! What strangers may know: public keys, OpenID discovery, the API's description and a browser for it, health.

use usher::access::guard::Guard::Anyone;
use usher::error::Error::NotSetUp;
use usher::http::known;
use usher::http::problem::Problem;
use usher::http::routes::Routes;

mod handlers;
mod page;
pub mod wire;

/// The route table. API Gateway also sends here whatever no route of any function takes.
pub fn routes() -> Routes {
    Routes::new::<Problem>("Discovery")
        .of_no_tenant()
        .about("What needs no token: public keys, OpenID discovery, this document, health.")
        .get("/.well-known/jwks.json", Anyone, handlers::jwks)
        .summary("The public keys that tokens are verified with (RFC 7517)")
        .errors(&[NotSetUp])
        .get(
            "/.well-known/openid-configuration",
            Anyone,
            handlers::openid_configuration,
        )
        .summary("Where the keys are, and how tokens are signed (OpenID Connect Discovery 1.0)")
        .errors(&[NotSetUp])
        .get("/openapi.json", Anyone, handlers::openapi)
        .summary("This document")
        .get("/docs", Anyone, handlers::docs)
        .summary("This document as a page to read and to try")
        .get("/set-password", Anyone, handlers::set_password)
        .summary("A page to choose a password on, where the links of mails lead to")
        .get("/health", Anyone, handlers::health)
        .summary("Whether the stack is set up and its table answers")
        .errors(&[NotSetUp])
        .known(|| known::listed(include_str!("../../../routes.txt")))
}
