//! The permission matrix: every action, by which methods, and for whom. The route table is made of it, and nothing else
//! decides which paths there are.

use usher::access::guard::Guard;
use usher::domain::grant::MAX_GRANTS;
use usher::domain::role::Rank;
use usher::domain::user::Status;
use usher::error::Conflict::{
    BelowMemberCount, EmailTaken, LastAdministrator, OwnAccount, RoleFull, ServiceAccount, TooManyGrants, UsernameTaken,
};
use usher::error::Error::{AccountNotActive, Conflict, Forbidden, InvalidLink, NotFound};
use usher::error::Forbidden::{
    MustChangePassword, NoSession, NotBelowOwnRank, RegistrationClosed, RoleAboveOwnRank, WrongPassword,
};
use usher::error::{Error, Noun};

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum Action {
    Register,
    Login,
    Profile,
    Logout,
    Update,
    Change,
    ResetPassword,
    Delete,
    DeleteAccount,
    DeleteUser,
    DeleteUserAccount,
    ChangeRole,
    Users,
    Roles,
    Entries,
    RightsChanges,
    SetMaxRoles,
    SetRoleCounts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
}

/// For whom, and so under which first segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Callers that are not signed in, at `/auth/…` alone.
    Guests,
    /// Accounts on this rank and above it, each at the path of its own rank and of every lower one that has the action.
    From(Rank),
    /// The same, also for callers that must change their password first (rule 14).
    FromEvenBeforeChange(Rank),
}

/// A row of the matrix.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub action: Action,
    pub verbs: &'static [Verb],
    pub who: Who,
    pub summary: &'static str,
    /// The errors beside those of its guard and its inputs.
    pub errors: &'static [Error],
    /// Further errors where it reaches others' accounts: from `admin` up.
    pub of_others: &'static [Error],
}

use Action as A;
use Verb::{Get, Post};
use Who::{From, FromEvenBeforeChange, Guests};

const ANY: &[Verb] = &[Get, Post];
const GET: &[Verb] = &[Get];
const POST: &[Verb] = &[Post];

/// The errors for another's account that the caller may not change.
const ANOTHERS: [Error; 2] = [Forbidden(NotBelowOwnRank), Error::NOT_HELD];
const GONE: Error = NotFound(Noun::User);

#[rustfmt::skip]
pub const MATRIX: [Row; 19] = [
    row(A::Register, POST, Guests, "Register a user",
        &[Forbidden(RegistrationClosed), Conflict(EmailTaken), Conflict(UsernameTaken), Conflict(RoleFull), Error::RATE_LIMITED], &[]),
    row(A::Login, POST, Guests, "Log in with a username or e-mail address, for thirty days",
        Error::LOGIN, &[]),
    row(A::ResetPassword, POST, Guests, "Request a password reset mail, or set a password with its token",
        &[InvalidLink, AccountNotActive(Status::Inactive), Error::LOCKED, Error::RATE_LIMITED], &[]),
    row(A::Profile, GET, From(Rank::User), "Get the caller's profile", &[GONE], &[]),
    row(A::Logout, ANY, FromEvenBeforeChange(Rank::User), "Log out: end the caller's session", &[Forbidden(NoSession)], &[]),
    row(A::Update, POST, From(Rank::User), "Update the optional properties in the body", &[GONE], &ANOTHERS),
    row(A::Change, POST, FromEvenBeforeChange(Rank::User), "Change the e-mail address, password or username",
        &[GONE, Forbidden(WrongPassword), Forbidden(MustChangePassword), Conflict(EmailTaken), Conflict(UsernameTaken), Conflict(ServiceAccount), Error::LOCKED],
        &[Forbidden(NotBelowOwnRank), Error::NOT_HELD, Error::HELD_FOR_LESS]),
    row(A::ResetPassword, ANY, From(Rank::User), "Send the caller a password reset mail", &[Error::RATE_LIMITED], &[]),
    row(A::Delete, ANY, From(Rank::User), "Delete the caller's account: disabled for good, its data kept",
        &[GONE, Error::NOT_HELD, Conflict(LastAdministrator)], &[]),
    row(A::DeleteAccount, ANY, From(Rank::User), "Erase the caller's account and all its data",
        &[GONE, Error::NOT_HELD, Conflict(LastAdministrator)], &[]),
    row(A::DeleteUser, POST, From(Rank::Admin), "Delete a user: disabled for good, its data kept",
        &[GONE, Conflict(OwnAccount), Conflict(LastAdministrator)], &ANOTHERS),
    row(A::DeleteUserAccount, POST, From(Rank::Admin), "Erase a user and all its data",
        &[GONE, Conflict(OwnAccount), Conflict(LastAdministrator)], &ANOTHERS),
    row(A::ChangeRole, POST, From(Rank::Admin), "Grant a role to a user: a rank replaces the present rank, any other role is added",
        &[GONE, NotFound(Noun::Role), Forbidden(RoleAboveOwnRank), Error::NOT_HELD, Error::HELD_FOR_LESS, Conflict(RoleFull), Conflict(TooManyGrants(MAX_GRANTS)), Conflict(LastAdministrator)],
        &ANOTHERS),
    row(A::Users, GET, From(Rank::Admin), "List users, newest first", &[], &[]),
    row(A::Roles, GET, From(Rank::Admin), "List roles", &[], &[]),
    row(A::Entries, GET, From(Rank::Admin), "List logins and logouts, newest first", &[], &[]),
    row(A::RightsChanges, ANY, From(Rank::Admin), "List changes of rights, newest first", &[], &[]),
    row(A::SetMaxRoles, POST, From(Rank::Owner), "Limit how many users can have a role",
        &[NotFound(Noun::Role), Conflict(BelowMemberCount)], &[]),
    row(A::SetRoleCounts, POST, From(Rank::Owner), "Limit how many users can have a role, as SetMaxRoles does",
        &[NotFound(Noun::Role), Conflict(BelowMemberCount)], &[]),
];

const fn row(
    action: Action,
    verbs: &'static [Verb],
    who: Who,
    summary: &'static str,
    errors: &'static [Error],
    of_others: &'static [Error],
) -> Row {
    Row {
        action,
        verbs,
        who,
        summary,
        errors,
        of_others,
    }
}

/// Whom a path is for: its first segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::Display)]
pub enum Side {
    /// Callers that are not signed in.
    #[strum(to_string = "auth")]
    Guest,
    #[strum(to_string = "{0}")]
    On(Rank),
}

pub const SIDES: [Side; 5] = [
    Side::Guest,
    Side::On(Rank::User),
    Side::On(Rank::Member),
    Side::On(Rank::Admin),
    Side::On(Rank::Owner),
];

impl Row {
    /// The errors that it answers under this first segment.
    pub fn errors(&self, side: Side) -> impl Iterator<Item = &'static Error> + use<> {
        let of_others = if side.is_admins() { self.of_others } else { &[] };
        self.errors.iter().chain(of_others)
    }

    /// Whether it makes something: an account, or a grant.
    pub fn makes(&self) -> bool {
        matches!(self.action, A::Register | A::ChangeRole)
    }

    /// The guard of this action under this first segment; nothing where there is no such path.
    pub fn guard(&self, side: Side) -> Option<Guard> {
        match (self.who, side) {
            (Guests, Side::Guest) => Some(Guard::Guest),
            (From(lowest), Side::On(rank)) if rank >= lowest => Some(Guard::OnRank(rank)),
            (FromEvenBeforeChange(lowest), Side::On(rank)) if rank >= lowest => {
                Some(Guard::OnRankToChangePassword(rank))
            }
            _ => None,
        }
    }
}

impl Side {
    /// Whether administrators' forms of an action stand here.
    pub fn is_admins(self) -> bool {
        self >= Self::On(Rank::Admin)
    }
}
