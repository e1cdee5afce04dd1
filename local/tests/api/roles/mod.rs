//! `/api/roles*` and `/api/permissions`: a module per route.

mod create;
mod delete;
mod ended;
mod list;
mod patch;
mod permissions;
mod show;
