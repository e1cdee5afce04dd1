//! Rules of single fields, in the form in which garde calls them.

use crate::domain::text::is_steering;

/// So many characters at most, and no controls and no direction overrides: what goes to a log or a table of an
/// administrator's reads as it is written.
pub(super) fn line(most: usize) -> impl Fn(&str, &()) -> garde::Result {
    move |text, ()| {
        let wrong = match text.chars().nth(most) {
            Some(_) => format!("this can have {most} characters at most"),
            None if text.contains(is_steering) => "this must not have control characters".to_owned(),
            None => return Ok(()),
        };
        Err(garde::Error::new(wrong))
    }
}
