//! Limits of rate among a tenant's settings: how many requests each takes in its window.

use std::collections::BTreeMap;
use std::str::FromStr;

use usher::domain::rate_limit::{Limit, MOST, Rule, in_force};
use usher::domain::tenant_settings::Chosen;
use usher::http::call::Checks;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType};
use utoipa::openapi::{Object, Type};

/// By the names of limits; null is the default.
pub type Changed = BTreeMap<String, Option<u32>>;

/// What each limit takes now; null where there is none.
pub fn view(chosen: &Chosen) -> BTreeMap<&'static str, Option<u32>> {
    let all = in_force(&chosen.rate_limits).into_iter();
    all.map(|(limit, rule)| (limit.name(), rule.map(|rule| rule.requests)))
        .collect()
}

/// The schema of [`view`]: which limits there are, of how many seconds each, and what it can be set to.
pub fn schema() -> Object {
    of_type(Type::Object)
}

/// The same of a change of them, which can be null as well.
pub fn change() -> Object {
    of_type(SchemaType::from_iter([Type::Object, Type::Null]))
}

fn of_type(kind: impl Into<SchemaType>) -> Object {
    let limits = in_force(&BTreeMap::new()).into_iter();
    let object = ObjectBuilder::new().schema_type(kind);
    let object = limits.fold(object, |object, (limit, rule)| {
        object.property(limit.name(), number(limit, rule))
    });
    object.build()
}

fn number(limit: Limit, usual: Option<Rule>) -> Object {
    let usual = usual.map_or("none".to_owned(), |rule| rule.requests.to_string());
    let seconds = limit.seconds();
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
        .description(Some(format!("Requests in {seconds} seconds; by default {usual}.")))
        .minimum(Some(limit.least()))
        .maximum(Some(MOST))
        .build()
}

/// Every limit at its default.
pub fn cleared() -> Changed {
    let all = in_force(&BTreeMap::new()).into_iter();
    all.map(|(limit, _)| (limit.name().to_owned(), None)).collect()
}

/// Notes what cannot be set.
pub fn check(checks: &mut Checks, changed: &Changed) {
    for (name, requests) in changed {
        let pointer = format!("/rate_limits/{name}");
        let Ok(limit) = Limit::from_str(name) else {
            checks.fault(&pointer, "there is no such limit");
            continue;
        };
        let range = limit.least()..=MOST;
        if requests.is_some_and(|requests| !range.contains(&requests)) {
            checks.fault(&pointer, &format!("this is {} to {MOST}", limit.least()));
        }
    }
}

pub fn apply(chosen: &mut Chosen, changed: &Changed) {
    for (name, requests) in changed {
        match requests {
            Some(requests) => chosen.rate_limits.insert(name.clone(), *requests),
            None => chosen.rate_limits.remove(name),
        };
    }
}
