//! The commands, each as a process.

mod audit;
mod export;
mod operator;
mod transfer;
