//! What is measured, and what tests hold to it.
// The future of a request is as deep as all layers under it.
#![recursion_limit = "256"]

pub mod billing;
pub mod heat;
pub mod model;
pub mod recorder;
pub mod scale;
pub mod stage;
