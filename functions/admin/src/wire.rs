//! Bodies of the admin contract.
//!
//! On purpose:
//! - `totalPages` is spelt so, among fields in snake_case.
//! - `PUT` shows the account's name as `username`, everything else as `user_name`; and of a role it shows the name alone,
//!   while a creation shows `{id, name, description}` and the detail `{id, name, permissions}`.
//! - `social_accounts` is always there, and always empty: sign-in through other providers is still to come.
//! - A `limit` above 100 is held to 100, and one below 1 to the default of 10.
//! - `POST /v1/auth/verification` answers `202` and the same sentence to every address, known or not, however often it is
//!   called. `POST /v1/admin/users/{user}/verification` is `409` where there is nothing to verify, and says why; a mail over
//!   the limits (rule 16) is not sent, and no answer shows it.
//! - Words of settings are taken in any letter case.
//! - A page past the end is an empty list with the right totals, and no error.
//! - One's own account cannot be deleted, whoever else could manage users: `400`, not `409`.
//! - Roles are shown where they apply now to requests about no department, for this API knows of no others. `roles` of a
//!   `PUT` replaces all the same whatever the account has, dates and departments included: a role that is not in the list
//!   is gone, and one that applies already is left as it is. `user` always stays, whether it is in the list or not.
//! - `GET /v1/settings` shows what is in force, wherever it comes from: the tenant, the stack, or the contract. `PATCH` is
//!   a merge patch (RFC 7396) all the way down: what is absent stays, and what is null is the stack's or the contract's
//!   again; null for `lockout`, or for a contract's lifetimes, is null for all that is in it.
//! - A user who is named `search` is reached by id or address alone.

mod auth;
mod patch_settings;
mod rate_limits;
mod requests;
mod settings;
mod views;

pub use auth::{Credentials, LoginView, Logout, Refresh, TokenPair, Verification};
pub use patch_settings::PatchSettings;
pub use requests::{AssignRoles, NewUser, PageQuery, Place, PutUser, SearchQuery};
pub use settings::{LIFETIMES, SettingsView};
pub use views::{Message, NewUserView, UpdatedUser, UserDetail, UserPage};

use usher::actions::{Terms, VerifiedEmail};
use usher::jiff::SignedDuration;

/// A login: fifteen minutes, and refreshed for thirty days; of accounts whose address is verified.
pub const TERMS: Terms = Terms {
    session: SignedDuration::from_hours(30 * 24),
    refresh: true,
    verified_email: VerifiedEmail::Needed,
    ..Terms::of("admin", SignedDuration::from_mins(15))
};
