//! What may somebody do, and why: `/api/access/*` of the directory contract (`docs/contracts/directory.md`); and the rights
//! history.
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

use usher::access::guard::{Guard, needs};
use usher::domain::permission::{ADMIN_ACCESS, ADMIN_ROLES, ADMIN_USERS};
use usher::domain::role::Rank;
use usher::error::Conflict::{GrantStands, LastAdministrator, SystemRole, TooManyMembers};
use usher::error::Error::{self, Conflict, Forbidden, NotFound, NotKept};
use usher::error::Forbidden::{BelowRank, MissingPermission};
use usher::error::Noun;
use usher::http::problem::Problem;
use usher::http::routes::Routes;

pub mod handlers;
pub mod wire;

pub fn routes() -> Routes {
    Routes::new::<Problem>("Access")
        .about("What somebody may do, asked by applications, and why; who changed whose rights.")
        .about_accounts(wire::accounts)
        .post("/api/access/check", Guard::SignedIn, handlers::check)
        .summary("Check whether an account holds a permission; up to 100 checks at once")
        .errors(&[Forbidden(MissingPermission(ADMIN_ACCESS))])
        .post("/api/access/explain", Guard::SignedIn, handlers::explain)
        .summary("Explain why an account holds a permission, or what it lacks")
        .errors(&[
            Forbidden(MissingPermission(ADMIN_ACCESS)),
            NotFound(Noun::User),
            NotKept,
        ])
        .post("/api/access/preview", needs(ADMIN_ROLES), handlers::preview)
        .summary("Preview who would gain and lose what by a change of a role or of grants")
        .errors(Error::GIVES_ROLES)
        .errors(Error::TOUCHES)
        .errors(&[
            Forbidden(BelowRank(Rank::Owner)),
            Conflict(GrantStands),
            Conflict(LastAdministrator),
            Conflict(TooManyMembers(20)),
            Conflict(SystemRole("a system role cannot lose `admin.*` permissions")),
        ])
        .get("/api/rights-history", needs(ADMIN_USERS), handlers::rights_history)
        .summary("List changes of rights, credentials, settings, API keys and tenants, newest first")
}
