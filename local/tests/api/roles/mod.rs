//! `/api/roles*` and `/api/permissions`: a module per route.

mod catalogue;
mod catalogue_limits;
mod catalogue_races;
mod copies;
mod create;
mod delete;
mod ended;
mod growth;
mod limits;
mod list;
mod patch;
mod permissions;
mod show;
