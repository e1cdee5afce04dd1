//! The whole table, for the operator's commands: no request ever scans.

use aws_sdk_dynamodb::operation::scan::{Scan, ScanInput};

use super::Table;
use super::wire::attributes;
use crate::error::Result;
use crate::store::table::{Item, Key};

/// A part of the whole table: the `number`th of `of`, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub number: u16,
    pub of: u16,
}

/// Items of a part, and after which one there are more.
#[derive(Debug, Default)]
pub struct Scanned {
    pub items: Vec<Item>,
    pub next: Option<Key>,
}

impl Table {
    /// One page of a part of the table, a megabyte at most, each item strongly consistent by itself. A page can be empty,
    /// and still not be the last one.
    pub async fn scan(&self, part: Part, after: Option<&Key>) -> Result<Scanned> {
        let request = ScanInput::builder()
            .table_name(&self.name)
            .consistent_read(true)
            .segment(i32::from(part.number))
            .total_segments(i32::from(part.of))
            .set_exclusive_start_key(after.map(|key| attributes(key.attributes())));
        let answer = self.send(Scan::new(), request.build()).await?;
        Ok(Scanned {
            next: answer.last_evaluated_key.as_ref().and_then(Key::of),
            items: answer.items.unwrap_or_default(),
        })
    }
}
