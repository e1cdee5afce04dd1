//! Who may what. *What may this account do?* is [`decision`]'s question, of applications and of Usher itself; *may this
//! caller use this route?* is [`guard`]'s; *may this be done to this account or role?* is [`policy`]'s. Nowhere else.

#[cfg(test)]
pub(crate) mod cases;
pub mod decision;
pub mod guard;
pub mod policy;
