//! The commands, each as a process.

mod audit;
mod operator;
mod transfer;
