//! Bodies of `/{auth,user,member,admin,owner}/{action}`.
//!
//! On purpose:
//! - Answers are PascalCase here, and spelled as their client writes by `case.rs`. `Key` of `Change` is taken in any
//!   letter case.
//! - A message is there in English (`En`, and again as `Message`) and in Bulgarian (`Bg`).
//! - The roles of the ladder are shown as `User`, `Member`, `Admin` and `Owner`, as in the `role` of the contract's
//!   tokens; elsewhere in Usher they are lower-case. `RoleName` of an account is its rank's alone.
//! - `Str` of an address is `street` elsewhere. There is no display name here.
//! - In `Update`, a property that is null stays, as one that is absent does, and an empty text takes it away; elsewhere
//!   null does that. `Id` is looked at from `/admin` up only; on lower paths it is ignored, and the caller's own account
//!   is changed.
//! - A listing without a `limit` is all there is, up to 1,000. `Users` are deleted accounts as well, with what they had.
//! - `GET` of `Logout`, `Delete`, `DeleteAccount` and `ResetPassword` changes things. The cookie that a login sets is
//!   never read: only the header authenticates, so no link on a foreign page does.
//! - A wrong `Old` is 400 at `Old`, and where it is a password it counts as a failed login.
//! - `Login` of an entry is true for a login and false for a logout. Failed logins and renewals are no entries.
//! - A change of rights without a role (a status, a deletion) has `Role: null`; what set-up did, and who registered, has
//!   `From: null`. Of the roles that an account was made with, a row shows the one that was asked for, or its rank's.
//! - `SetMaxRoles` and `SetRoleCounts` are one action; `MaxCount: null` takes the limit away.

mod admin;
mod login;
mod requests;
mod views;

pub use admin::{ChangeRole, EntriesQuery, MaxRoles, PageQuery, RightsFilter, RightsQuery, UserId, next};
pub use login::{Answer, DEVICE_COOKIE, LoggedIn, no_cookie, terms};
#[cfg(test)]
pub use requests::Properties;
pub use requests::{
    Change, ChangeAny, Credentials, ForgottenPassword, PROPERTIES, Register, Reset, UpdateAny, UpdateOwn,
};
pub use views::{Entry, FullProfile, Profile, RightsChange, RoleView};
