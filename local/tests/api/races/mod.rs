//! Races: many requests at once, 20 times, and never a violation.

mod administrators;
mod ended;
mod grants;
mod limits;
mod meanwhile;
mod names;
mod passwords;
mod refreshes;
mod seats;
mod sessions;
