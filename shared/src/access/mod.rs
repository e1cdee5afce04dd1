//! Who may what. *May this caller use this route?* is [`guard`]'s question; *may this be done to this account or
//! role?* is [`policy`]'s. Nowhere else.

pub mod guard;
pub mod policy;
