//! What several functions of the directory contract share on the wire (`docs/contracts/directory.md`): how an account, its logins and its sessions are
//! shown, and how pages are asked for.
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

mod grant;
mod login;
mod page;
mod permissions;
mod session;
mod user;

pub use grant::GrantRole;
pub use login::LoginView;
pub use page::{PageQuery, PageView};
pub use permissions::{DepartmentQuery, MomentQuery, PermissionsView};
pub use session::{EndQuery, SessionView};
pub use user::{UserView, shown_status_words, status_words, user_kinds};
