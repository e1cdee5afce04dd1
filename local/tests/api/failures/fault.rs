//! What happens to which request to the store.

use serde_json::Value;

use crate::proxy::{Fault, may_be_stale};

/// A request to the store, as faults see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub operation: String,
    /// Whether it may answer with what was there before.
    pub may_be_stale: bool,
}

impl Request {
    pub fn of(operation: &str, body: &Value) -> Self {
        Self {
            operation: operation.to_owned(),
            may_be_stale: may_be_stale(operation, body),
        }
    }

    fn writes(&self) -> bool {
        !["GetItem", "BatchGetItem", "Query"].contains(&self.operation.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumIter)]
pub enum Kind {
    #[strum(to_string = "throttled")]
    Throttled,
    #[strum(to_string = "500")]
    Broken,
    #[strum(to_string = "conflict")]
    Conflict,
    #[strum(to_string = "timeout before it is done")]
    TimeoutBefore,
    #[strum(to_string = "timeout after it is done")]
    TimeoutAfter,
    #[strum(to_string = "connection lost before it is done")]
    LostBefore,
    #[strum(to_string = "connection lost after it is done")]
    LostAfter,
    #[strum(to_string = "nothing of a batch processed")]
    Unprocessed,
    #[strum(to_string = "empty page")]
    EmptyPage,
    #[strum(to_string = "stale")]
    Stale,
}

impl Kind {
    /// Whether it can happen to this request.
    pub fn happens_to(self, request: &Request) -> bool {
        let operation = request.operation.as_str();
        match self {
            Self::Throttled | Self::Broken | Self::TimeoutBefore | Self::LostBefore => true,
            // For a read it makes no difference whether it was done.
            Self::TimeoutAfter | Self::LostAfter => request.writes(),
            Self::Conflict => ["TransactWriteItems", "UpdateItem"].contains(&operation),
            Self::Unprocessed => ["BatchGetItem", "BatchWriteItem"].contains(&operation),
            Self::EmptyPage => operation == "Query",
            Self::Stale => request.may_be_stale,
        }
    }

    /// Whether it can go on for as long as it likes. DynamoDB's pages are empty now and then, and it gets to something.
    fn can_last(self) -> bool {
        !matches!(self, Self::EmptyPage | Self::Stale | Self::Broken | Self::LostBefore)
    }

    /// Its answer, where it answers by itself.
    pub fn answer(self, operation: &str, body: &Value) -> Option<(u16, Vec<u8>)> {
        let fault = match self {
            Self::Throttled => Fault::Throttled,
            Self::Broken => Fault::Broken,
            Self::Conflict => Fault::Conflict,
            Self::Unprocessed => Fault::Unprocessed,
            Self::EmptyPage => Fault::EmptyPage,
            _ => return None,
        };
        crate::proxy::refusal(fault, operation, body)
    }
}

/// A fault at one request, counted from 1, and perhaps at all that come after it and that it can happen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub kind: Kind,
    pub at: usize,
    pub lasts: bool,
}

impl Plan {
    pub fn has(&self, number: usize, request: &Request) -> bool {
        let is_here = if self.lasts {
            number >= self.at
        } else {
            number == self.at
        };
        is_here && self.kind.happens_to(request)
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let when = if self.lasts { "from" } else { "at" };
        write!(f, "{} {when} request {}", self.kind, self.at)
    }
}

/// Every plan for these requests: a group for each fault, that happens once or lasts.
pub fn plans(requests: &[Request]) -> Vec<Vec<Plan>> {
    let kinds = <Kind as strum::IntoEnumIterator>::iter();
    let all = kinds.flat_map(|kind| [(kind, false), (kind, true)]);
    let of = |(kind, lasts): (Kind, bool)| -> Vec<Plan> {
        let at = (1..).zip(requests).filter(|(_, request)| kind.happens_to(request));
        at.map(|(at, _)| Plan { kind, at, lasts }).collect()
    };
    all.filter(|(kind, lasts)| !lasts || kind.can_last())
        .map(of)
        .filter(|group| !group.is_empty())
        .collect()
}
