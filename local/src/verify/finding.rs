//! What is found, and how it is mended.

use serde::Serialize;
use strum::Display;
use usher::store::table::{Key, Write};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Kind {
    /// An account's or role's name, or an account's number, is not claimed: another could take it.
    MissingClaim,
    /// A name is claimed for an account or role that does not have it: nobody can take it.
    DanglingClaim,
    /// Two accounts have a name that one alone can claim.
    SharedName,
    /// The claim of an address does not list the account among those at its domain.
    ClaimNotListed,
    /// A grant is not among the members of its role, or its end not among the ends.
    MissingMember,
    LeftOverMember,
    /// Search does not find an account by a part of its name.
    MissingSearchEntry,
    LeftOverSearchEntry,
    /// Search does not find the accounts at a domain.
    MissingDomainEntry,
    /// A list of accounts has an account in another place than it belongs to, or not at all.
    NotListed,
    /// A session of an account that is not there.
    SessionOfNobody,
    WrongSeatCount,
    /// A counter of seats does not show that some of them end.
    UnmarkedSeats,
    WrongTally,
    WrongAdministrators,
    /// The shares of a role's counters do not make up its limit.
    WrongShares,
    /// A copy of a role is not the role.
    WrongCopy,
    /// A grant of no role, or one that is wrong about its role.
    WrongGrant,
    /// A row of a history that no listing finds.
    RowNotListed,
    /// A row of the rights history that is not as it was written (`audit verify`).
    History,
    /// An item that cannot be read.
    Unreadable,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub kind: Kind,
    pub key: Key,
    pub is: String,
    pub should_be: String,
    pub repair: Repair,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Repair {
    /// In one transaction, under conditions on all that was read.
    Writes { text: String, writes: Vec<Write> },
    /// Why it is not mended here.
    None(&'static str),
}

/// A finding as it is printed for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line<'a> {
    kind: Kind,
    pk: &'a str,
    sk: &'a str,
    is: &'a str,
    should_be: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    repair: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_repaired: Option<&'a str>,
}

impl Finding {
    pub fn line(&self) -> Line<'_> {
        let (repair, not_repaired) = match &self.repair {
            Repair::Writes { text, .. } => (Some(text.as_str()), None),
            Repair::None(why) => (None, Some(*why)),
        };
        Line {
            kind: self.kind,
            pk: &self.key.pk,
            sk: &self.key.sk,
            is: &self.is,
            should_be: &self.should_be,
            repair,
            not_repaired,
        }
    }
}
