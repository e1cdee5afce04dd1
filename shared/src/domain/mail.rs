//! A mail to send: written in the transaction of what caused it, sent afterwards by whoever follows the table's stream.
//!
//! It names its reason and holds no secret: the one-time token of its link is made when it is sent.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::tenant::TenantId;
use crate::id::{MailId, UserId};

/// Why a mail is sent, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MailKind {
    /// Somebody registered, or has a new address: a link that shows that it is theirs.
    VerifyEmail,
    /// A link to choose a new password by.
    ResetPassword,
    /// An administrator made an account without a password: a link to choose one by.
    Invitation,
    /// A notice to the address that the account had before.
    EmailChanged,
    /// A notice that the password was changed.
    PasswordChanged,
}

/// A mail to send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// Its id; names the mail wherever it arrives.
    pub id: MailId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Why it is sent.
    pub kind: MailKind,
    /// The account that it is about.
    pub user: UserId,
    /// The address, as it is stored (never a canonical form of it).
    pub to: String,
    /// What the account is called, for the greeting.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Where its link leads to: scheme, host and base path, without a slash at its end.
    pub base: String,
    /// When it was asked for.
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
}

/// What a one-time token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// Shows that an address is the account's.
    VerifyEmail,
    /// Lets its holder choose a password, once.
    SetPassword,
}

/// A one-time token as it is kept, under its SHA-256.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OneTime {
    /// Whose tenant: in another it is nobody's.
    pub tenant: TenantId,
    /// What it is good for.
    pub purpose: Purpose,
    /// Which account it is about.
    pub user: UserId,
    /// The address that it was sent to: it proves nothing about another one.
    pub email: String,
    /// The account's epoch when it was made: a password that was chosen since ends it.
    pub epoch: u32,
    /// The first moment after its life.
    #[serde(with = "millisecond::required")]
    pub expires_at: Timestamp,
}
