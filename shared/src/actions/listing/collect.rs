//! Accounts looked at one after the other, until a page is full.

use super::{Asked, Found, Place};
use crate::actions::Context;
use crate::actions::paging::{LONGEST_PAGE, Total};
use crate::domain::user::User;
use crate::error::Result;
use crate::id::UserId;
use crate::store::shown;

/// How many accounts one request reads.
const AT_ONCE: usize = 100;

pub(super) struct Collector<'a> {
    cx: &'a Context,
    asked: &'a Asked,
    limit: usize,
    pub items: Vec<User>,
    bytes: usize,
}

impl<'a> Collector<'a> {
    pub fn new(cx: &'a Context, asked: &'a Asked, limit: usize) -> Self {
        Self {
            cx,
            asked,
            limit,
            items: Vec::new(),
            bytes: 0,
        }
    }

    pub fn is_full(&self) -> bool {
        self.items.len() >= self.limit || self.bytes > LONGEST_PAGE
    }

    /// How many accounts it has room for.
    pub fn room(&self) -> usize {
        self.limit - self.items.len()
    }

    /// Looks at these accounts, until the page is full or so many requests were made; how many it looked at.
    pub async fn look_at(&mut self, ids: &[UserId], requests: usize) -> Result<usize> {
        let (mut looked_at, mut at_once) = (0, self.room().min(AT_ONCE));
        for _ in 0..requests {
            if looked_at == ids.len() || self.is_full() {
                break;
            }
            let end = ids.len().min(looked_at + at_once);
            let read = shown::get_all(&self.cx.app.table, &self.cx.tenant, &ids[looked_at..end]).await?;
            looked_at += self.add(read, &ids[looked_at..end]);
            // Some did not pass.
            at_once = AT_ONCE;
        }
        Ok(looked_at)
    }

    /// Adds those that pass, in this order; how many of them it looked at.
    pub fn add(&mut self, read: Vec<User>, ids: &[UserId]) -> usize {
        for user in read {
            if self.is_full() {
                return ids.iter().position(|id| *id == user.id).unwrap_or(ids.len());
            }
            self.offer(user);
        }
        ids.len()
    }

    /// Adds an account where it passes.
    pub fn offer(&mut self, user: User) {
        if self.asked.passes(self.cx, &user) {
            self.bytes += serde_json::to_string(&user.profile).map_or(0, |json| json.len());
            self.items.push(user);
        }
    }

    pub fn found(self, next: Option<Place>, total: Option<Total>) -> Found {
        Found {
            items: self.items,
            next,
            total,
        }
    }
}
