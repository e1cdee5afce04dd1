//! What is measured, and what tests hold to it.

pub mod heat;
