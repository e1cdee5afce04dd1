//! Public endpoints: keys, OpenID discovery, the API's document and a page to browse it, health.
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

use usher::access::guard::Guard::Anyone;
use usher::error::Error::NotSetUp;
use usher::http::known;
use usher::http::problem::Problem;
use usher::http::routes::Routes;

pub mod document;
mod fixed;
mod handlers;
mod page;
pub mod wire;

/// The route table. API Gateway also sends here whatever no route of any function takes.
pub fn routes() -> Routes {
    Routes::new::<Problem>("Discovery")
        .of_no_tenant()
        .with_head()
        .about("Needs no token: public keys, OpenID discovery, this document, health.")
        .get("/.well-known/jwks.json", Anyone, handlers::jwks)
        .summary("Get the public keys that verify tokens (RFC 7517)")
        .errors(&[NotSetUp])
        .get(
            "/.well-known/openid-configuration",
            Anyone,
            handlers::openid_configuration,
        )
        .summary("Get the OpenID Connect discovery document")
        .errors(&[NotSetUp])
        .get("/openapi.json", Anyone, handlers::openapi)
        .summary("Get this document")
        .get("/docs", Anyone, handlers::docs)
        .summary("Browse and try this document")
        .get("/set-password", Anyone, handlers::set_password)
        .summary("The page that links in mails lead to, to set a password")
        .get("/health", Anyone, handlers::health)
        .summary("Check that the stack is set up and its table responds")
        .errors(&[NotSetUp])
        .redirect("/", "docs")
        .redirect("/docs/", "../docs")
        .known(|| known::listed(include_str!("../../../routes.txt")))
}
