//! What several functions of the directory contract share on the wire (`docs/contracts/directory.md`): how an account and its logins are
//! shown, and how pages are asked for.

mod grant;
mod login;
mod page;
mod permissions;
mod user;

pub use grant::GrantRole;
pub use login::LoginView;
pub use page::{PageQuery, PageView};
pub use permissions::{DepartmentQuery, MomentQuery, PermissionsView};
pub use user::{UserView, shown_status_words, status_words, user_kinds};
