//! Tenants: `/api/tenants`, how a request says which it is about, and that none is anything to another.

use serde_json::json;

use crate::support::{Client, PASSWORD, Reply, World};
