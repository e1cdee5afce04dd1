//! Bodies of `/api/users*`, beside those of the crate `directory`.
//!
//! On purpose:
//! - `PUT` takes its words in any letter case (`Admin`, `ACTIVE`), as §A gives it.
//! - One `POST` takes §A's body and §B's: the address, the name, or both.
//! - `DELETE` of a deleted account is `404`, the second time as well.

pub mod keys;
mod requests;
mod views;

pub use requests::{ListQuery, LockUser, NewUser, PatchUser, PutUser, ResetPassword};
pub use views::{GrantView, TemporaryPassword};
