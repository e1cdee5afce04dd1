//! The outbox: sends the mail that requests asked for. It follows the table's stream, and sweeps once a minute what could
//! not be sent at first.
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

pub mod handlers;
pub mod links;
pub mod wire;

use std::sync::Arc;

use usher::actions::outbox::Outbox;
use usher::app::App;
use usher::error::Result;
use usher::mail::Mailer;

/// The outbox with this stack's links, sending by this mailer.
pub fn outbox(app: Arc<App>, mailer: Arc<dyn Mailer>) -> Result<Outbox> {
    Outbox::new(app, mailer, links::to)
}
