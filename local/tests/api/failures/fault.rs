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

    pub fn writes(&self) -> bool {
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

/// In the bounded form a route has one of so many of its faults, another one than the route before.
const SPREAD: usize = 8;

/// What the bounded form plays of these: at the commit, or at the last request of what writes nothing, and what lasts from
/// the first write on. A spread of it, and always what leaves nothing done, and what is done with nobody knowing.
pub fn bounded(number: usize, requests: &[Request], plans: Vec<Plan>) -> Vec<Plan> {
    let is_commit = |request: &Request| request.operation == "TransactWriteItems";
    let first = requests.iter().position(Request::writes).map(|at| at + 1);
    let last = requests
        .iter()
        .rposition(is_commit)
        .or_else(|| requests.iter().rposition(Request::writes));
    let last = last.map_or(requests.len(), |at| at + 1);
    let is_candidate = |plan: &Plan| plan.at == last || plan.lasts && Some(plan.at) == first;
    let is_always = |plan: &Plan| match plan.kind {
        Kind::TimeoutAfter => plan.at == last,
        Kind::Throttled => plan.lasts && Some(plan.at) == first,
        _ => false,
    };
    let candidates = plans.into_iter().filter(is_candidate).enumerate();
    let chosen = candidates.filter(|(at, plan)| is_always(plan) || (number + at).is_multiple_of(SPREAD));
    chosen.map(|(_, plan)| plan).collect()
}

/// Every plan for these requests: each fault at each that it can happen to, once and for good.
pub fn plans(requests: &[Request]) -> Vec<Plan> {
    let kinds = <Kind as strum::IntoEnumIterator>::iter();
    let all = kinds.flat_map(|kind| [(kind, false), (kind, true)]);
    let of = |(kind, lasts): (Kind, bool)| {
        let at = (1..).zip(requests).filter(move |(_, request)| kind.happens_to(request));
        at.map(move |(at, _)| Plan { kind, at, lasts })
    };
    all.filter(|(kind, lasts)| !lasts || kind.can_last())
        .flat_map(of)
        .collect()
}
