//! What is measured, and what tests hold to it.

pub mod billing;
pub mod heat;
pub mod recorder;
pub mod scale;
pub mod stage;
