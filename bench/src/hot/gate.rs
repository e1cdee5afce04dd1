//! What the counts are held to: the table of `docs/performance.md`.

use std::fmt::{self, Display, Formatter};

/// How much more than the table states is still the same: the linker of `cargo lambda` is another than cargo's own, and
/// when a thread is stopped differs.
const TOLERANCE: f64 = 0.02;

/// Instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// From its beginning to the first poll.
    pub start: u64,
    pub each: u64,
}

impl Counted {
    /// What is more than is stated.
    pub fn over(self, stated: Stated) -> Option<&'static str> {
        let is_over = |counted: u64, stated: f64| super::millions(counted) > stated * (1.0 + TOLERANCE);
        match (is_over(self.start, stated.start), is_over(self.each, stated.each)) {
            (true, true) => Some("the start and each request"),
            (true, false) => Some("the start"),
            (false, true) => Some("each request"),
            (false, false) => None,
        }
    }
}

impl Display for Counted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [start, each] = [self.start, self.each].map(super::millions);
        write!(f, "start {start:.2} million, each request {each:.3}")
    }
}

/// The same in a row of the table, in millions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stated {
    start: f64,
    each: f64,
}

impl Display for Stated {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} and {:.3}", self.start, self.each)
    }
}

/// What the table states of a route.
pub fn stated(document: &str, route: &str) -> Option<Stated> {
    let route = format!("`{route}`");
    let rows = document
        .lines()
        .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let mut of_route = rows.filter_map(|cells| match cells[..] {
        ["", _, named, start, _, each, _, _, _, ""] if named == route => {
            Some((start.parse().ok()?, each.parse().ok()?))
        }
        _ => None,
    });
    let (start, each) = of_route.next()?;
    Some(Stated { start, each })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
| function | request | start, million | start, CPU of `hello`'s | each request, million | own | with | threads |
| --- | --- | --- | --- | --- | --- | --- | --- |
| me | `GET /api/me/profile` | 2.00 | 1.90 | 1.000 | 4.1 | 18.8 | 1 |
";

    fn over(start: u64, each: u64) -> Option<&'static str> {
        Counted { start, each }.over(stated(TABLE, "GET /api/me/profile").unwrap())
    }

    #[test]
    fn what_is_more_than_the_table_states_is_named() {
        assert_eq!(over(2_039_000, 1_019_000), None);
        assert_eq!(over(1_000_000, 500_000), None);
        assert_eq!(over(2_041_000, 1_000_000), Some("the start"));
        assert_eq!(over(2_000_000, 1_021_000), Some("each request"));
        assert_eq!(over(2_041_000, 1_021_000), Some("the start and each request"));
    }

    #[test]
    fn a_route_that_the_table_does_not_have_is_not_held_to_anything() {
        assert_eq!(stated(TABLE, "GET /api/me"), None);
    }
}
