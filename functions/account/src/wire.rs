//! Bodies of `/{auth,user,member,admin,owner}/{action}`.
//!
//! On purpose:
//! - Answers are PascalCase. `Key` of `Change` is taken in any letter case.
//! - The roles of the ladder are shown as `User`, `Member`, `Admin` and `Owner`, as in the `role` of the contract's
//!   tokens; elsewhere in Usher they are lower-case. `RoleName` of an account is its rank's alone.
//! - `Str` of an address is `street` elsewhere. There is no display name here.
//! - In `Update`, a property that is null is taken away, and one that is absent stays, as at `/api/me/profile`. `Id` is
//!   looked at from `/admin` up only; on lower paths it is ignored, and the caller's own account is changed.
//! - `GET` of `Logout`, `Delete`, `DeleteAccount` and `ResetPassword` changes things. The cookie that a login sets is
//!   never read: only the header authenticates, so no link on a foreign page does.
//! - A wrong `Old` is 400 at `Old`, and where it is a password it counts as a failed login.
//! - `Login` of an entry is true for a login and false for a logout. Failed logins and renewals are no entries.
//! - A change of rights without a role (a status, a deletion) has `Role: null`; what set-up did, and who registered, has
//!   `From: null`. Of the roles that an account was made with, a row shows the one that was asked for, or its rank's.
//! - `SetMaxRoles` and `SetRoleCounts` are one action; `MaxCount: null` takes the limit away.

mod admin;
mod requests;
mod views;

pub use admin::{ChangeRole, EntriesQuery, MaxRoles, PageQuery, RightsFilter, RightsQuery, UserId, next};
pub use requests::{Change, ChangeAny, Credentials, ForgottenPassword, Register, Reset, UpdateAny, UpdateOwn};
pub use views::{Answer, Entry, FullProfile, LoggedIn, Profile, RightsChange, RoleView, TERMS, no_cookie};
