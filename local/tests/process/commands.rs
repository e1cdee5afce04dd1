//! The commands, each as a process.

mod audit;
mod transfer;
