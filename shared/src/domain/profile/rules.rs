//! Rules of single fields, in the form in which garde calls them.

use crate::domain::text::is_steering;

/// No controls and no direction overrides: what goes to a log or a table of an administrator's reads as it is written.
pub(super) fn one_line(text: &str, (): &()) -> garde::Result {
    match text.contains(is_steering) {
        true => Err(garde::Error::new("must not have control characters")),
        false => Ok(()),
    }
}
