//! Bodies of `/api/users*`. Other functions of the directory contract show accounts in the same shape.
//!
//! On purpose:
//! - `PUT` takes its words in any letter case (`Admin`, `ACTIVE`), as §A gives it.
//! - One `POST` takes §A's body and §B's: the address, the name, or both.
//! - `DELETE` of a deleted account is `404`, the second time as well.

mod requests;
mod views;

pub use requests::{GrantRole, ListQuery, LockUser, NewUser, PageQuery, PatchUser, PutUser, ResetPassword};
pub use views::{GrantView, LoginHistory, LoginView, TemporaryPassword, UserPage, UserView};
