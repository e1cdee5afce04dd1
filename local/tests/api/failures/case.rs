//! One request, with each fault.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use axum::Router;
use bench::scale::{self, directory};
use bench::stage::{Call, Stage, settings};
use dynoxide::Database;
use http::Method;
use local::embedded::Store;
use serde_json::Value;
use tokio::runtime::Handle;
use tower::ServiceExt;
use usher::ambient::{Clock, ManualClock};
use usher::app::App;
use usher::error::Error;
use usher::http::dialect::{self, Asked};
use usher::http::routes::{Route, Routes};
use usher::http::serve;
use usher::jiff::Timestamp;

use super::Extent;
use super::answer::Answer;
use super::expected::{But, Expected};
use super::fault::{Kind, Plan, Request, bounded, plans};
use super::state::State;
use super::store::Faulty;
use crate::databases::Original;
use crate::fault_injection::{Dump, dump_of};
use crate::reconcile::differences;
use crate::support::scan;

/// The functions, each by itself, as they are deployed.
const FUNCTIONS: [fn() -> Routes; 9] = [
    auth::routes,
    me::routes,
    users::routes,
    roles::routes,
    access::routes,
    account::routes,
    admin::routes,
    registration::routes,
    discovery::routes,
];

/// Those that are done in more than one transaction, each of which leaves the table whole: where one of them failed, what
/// was done before it is, and the next request does the rest.
const IN_STEPS: [&str; 5] = [
    "DELETE /api/roles/{role}",
    "DELETE /api/permissions/{permission}",
    "/deleteuseraccount",
    "/admin/deleteaccount",
    "/owner/deleteaccount",
];
/// What is looked up in an index by its id, and not found in the moment after it came into being.
const BY_INDEX: &str = "DELETE /api/api-keys/{key}";
/// A login whose answer has the descriptions of roles, as far as they can be read.
const DESCRIBES_ROLES: &str = "POST /v1/auth/login";

/// A request that is ready to be sent as often as wanted, each time to the table as it is before it.
pub struct Case<'a> {
    stage: &'a Stage,
    before: Original,
    behind: Arc<Database>,
    function: fn() -> Routes,
    now: Timestamp,
    method: Method,
    path: String,
    token: String,
    body: Value,
}

/// What became of a case.
#[derive(Debug, Default)]
pub struct Played {
    pub number: usize,
    pub route: String,
    /// Its requests to the store without a fault.
    pub requests: Vec<Request>,
    /// How many plans there are for these.
    pub plans: usize,
    pub right: usize,
    /// Answered with 503, and nothing is done.
    pub undone: usize,
    /// Answered with 503, and some of its steps done.
    pub begun: usize,
    /// Answered with 503, and done.
    pub done: usize,
    /// What came of the request after those that were done, and how often.
    pub again: BTreeMap<String, usize>,
    pub findings: Vec<String>,
}

/// What a case does without a fault.
struct Good {
    before: Dump,
    first: Expected,
    /// Asked for the first time a second later.
    later: Expected,
    /// Asked once more a second later.
    second: Expected,
    busy: Answer,
}

/// An instance that has just started, on a copy of the table.
struct Instance {
    db: Arc<Database>,
    clock: Arc<ManualClock>,
    faulty: Faulty,
    router: Router,
}

impl Instance {
    fn dump(&self) -> Dump {
        dump_of(scan(&self.db))
    }

    /// What was done since then, and whether nothing in the table contradicts anything. `but_for_search`: but for search
    /// entries of a deleted account, which find nothing, and those of a domain, which the next account at it brings.
    fn since(&self, before: &Dump, but_for_search: bool) -> Result<State, String> {
        if !self.faulty.has_written() {
            return Ok(State::nothing());
        }
        let items = scan(&self.db);
        let state = State::between(before, &dump_of(items.clone()));
        if state.diff.is_empty() {
            return Ok(state);
        }
        let values = items.iter().map(|item| serde_json::to_value(item).unwrap());
        let mut found = differences(&values.collect::<Vec<_>>());
        found.retain(|line| !(but_for_search && of_search(line)));
        match found.as_slice() {
            [] => Ok(state),
            some => Err(format!("the reconciler finds {some:?} after {state:?}")),
        }
    }
}

fn of_search(line: &str) -> bool {
    let is_left = line.contains(": search entry T#") && line.contains(": should be None, is Some");
    is_left || line.contains(": search entry of a domain is missing: ")
}

impl<'a> Case<'a> {
    pub fn of(stage: &'a Stage, now: &Original, behind: Arc<Database>, route: &str, call: &Call<'_>) -> Self {
        let serves = |function: &fn() -> Routes| function().rows().iter().any(|row| is_of(row, route));
        Self {
            stage,
            function: FUNCTIONS.into_iter().find(serves).unwrap(),
            before: Original::of(now),
            behind,
            now: stage.clock.now(),
            method: call.method.clone(),
            path: call.path.clone(),
            token: call.token.to_owned(),
            body: call.body.clone(),
        }
    }

    fn instance(&self, plan: Option<Plan>) -> Instance {
        let db = Arc::new(self.before.copy());
        let store = |db| Store::new(db, Handle::current());
        let faulty = Faulty::new(store(&db), store(&self.behind), plan);
        let mut environment = directory::environment();
        environment.insert("USHER_STORE_DEADLINE_MS".to_owned(), "4000".to_owned());
        let clock = ManualClock::at(self.now);
        let http = SharedHttpClient::new(faulty.clone());
        let app = App::with_http_client(settings(&environment).unwrap(), clock.clone(), http).unwrap();
        Instance {
            db,
            clock,
            faulty,
            router: serve::service(app, vec![(self.function)()]),
        }
    }

    async fn ask(&self, instance: &Instance) -> Answer {
        let call = Call {
            method: self.method.clone(),
            path: self.path.clone(),
            token: &self.token,
            body: self.body.clone(),
            from: None,
        };
        let request = self.stage.request(call).unwrap();
        let Ok(response) = instance.router.clone().oneshot(request).await;
        Answer::of(response).await
    }

    /// What 503 is in the words of the route's contract.
    fn busy(&self, route: &str) -> Answer {
        let table = (self.function)();
        let row = table.rows().iter().find(|row| is_of(row, route)).unwrap();
        let asked = Asked {
            path: self.path.split('?').next().unwrap().to_owned(),
            with_token: !self.token.is_empty(),
            ..Asked::default()
        };
        let error = Error::unavailable("the store");
        let (status, headers, body) = dialect::example(&row.error_format, &asked, &error).unwrap();
        let retry_after = headers["retry-after"].to_str().unwrap().to_owned();
        assert_eq!((status.as_u16(), retry_after.as_str()), (503, "1"), "{route}");
        Answer {
            status: status.as_u16(),
            retry_after,
            // What serves it on a socket leaves it out of the answer to HEAD.
            body,
        }
    }

    /// Its requests without a fault.
    async fn requests(&self, route: &str) -> Vec<Request> {
        let instance = self.instance(None);
        let answer = self.ask(&instance).await;
        assert!(answer.status < 300, "{route}: {answer:?}");
        instance.faulty.requests()
    }

    async fn run(&self, instance: &Instance, before: &Dump) -> (Answer, State) {
        (self.ask(instance).await, instance.since(before, false).unwrap())
    }

    /// The case without a fault, and its requests: now, and once more after a second, and for the first time then; in two
    /// runs each, to know what of it is chance.
    async fn good(&self, route: &str) -> (Good, Vec<Request>) {
        let (one, other) = (self.instance(None), self.instance(None));
        let before = one.dump();
        let now = self.run(&one, &before).await;
        assert!(now.0.status < 300, "{route}: {now:?}");
        let requests = one.faulty.requests();
        one.clock.advance(1);
        other.clock.advance(1);
        let then = self.run(&other, &before).await;
        // What writes nothing answers the same once more.
        let (first, later, second) = if one.faulty.has_written() {
            let same = self.instance(None);
            let first = Expected::of(&now, &self.run(&same, &before).await);
            same.clock.advance(1);
            let again = (self.run(&one, &before).await, self.run(&same, &before).await);
            (first.clone(), first.and(&then), Expected::of(&again.0, &again.1))
        } else {
            let read = Expected::of(&now, &then);
            (read.clone(), read.clone(), read)
        };
        let good = Good {
            before,
            first,
            later,
            second,
            busy: self.busy(route),
        };
        (good, requests)
    }

    pub async fn played(self, number: usize, of: &scale::Case, is_first: bool, extent: Extent) -> Played {
        let mut played = Played {
            number,
            route: of.route.clone(),
            ..Played::default()
        };
        let good = if extent == Extent::Whole || is_first {
            let (good, requests) = self.good(&of.route).await;
            played.requests = requests;
            Some(good)
        } else {
            played.requests = self.requests(&of.route).await;
            None
        };
        let mut plans = plans(&played.requests);
        played.plans = plans.len();
        let Some(good) = good else { return played };
        if extent == Extent::Bounded {
            plans = bounded(number, &played.requests, plans);
        }
        for plan in plans {
            if let Err(finding) = self.with(plan, &good, &mut played).await {
                let finding = format!("{} with {plan}: {finding}", of.name);
                eprintln!("{finding}");
                played.findings.push(finding);
            }
        }
        played
    }

    async fn with(&self, plan: Plan, good: &Good, played: &mut Played) -> Result<(), String> {
        let instance = self.instance(Some(plan));
        let answer = self.ask(&instance).await;
        if !instance.faulty.calm() {
            return Err("it did not happen".to_owned());
        }
        let but = But {
            search: plan.lasts && good.first.state.has_search(),
            behind: plan.kind == Kind::Stale,
            descriptions: plan.lasts && played.route == DESCRIBES_ROLES,
        };
        let state = instance.since(&good.before, but.search)?;
        if answer.status == good.first.status {
            played.right += 1;
            return good.first.met(&answer, &state, but);
        }
        // As `Retry-After` has it.
        instance.clock.advance(1);
        if but.behind && played.route == BY_INDEX && answer.status == 404 && state.diff.is_empty() {
            played.right += 1;
            let again = self.ask(&instance).await;
            return good
                .later
                .met(&again, &instance.since(&good.before, false)?, But::default());
        }
        if answer != good.busy {
            return Err(format!("{answer:?} is neither right nor {:?}", good.busy));
        }
        if !plan.lasts {
            return Err("503 for what happened once".to_owned());
        }
        self.once_more(&instance, &state, good, but, played).await
    }

    /// What comes of the request after a 503: the same as if nothing had been, or as if it had been answered.
    async fn once_more(
        &self,
        instance: &Instance,
        left: &State,
        good: &Good,
        but: But,
        played: &mut Played,
    ) -> Result<(), String> {
        let again = self.ask(instance).await;
        let state = instance.since(&good.before, but.search)?;
        if !left.diff.is_empty() && good.first.is_done(left, but) {
            played.done += 1;
            let what = good.second_is(&again);
            *played.again.entry(what).or_default() += 1;
            return good.second.met(&again, &state, but);
        }
        if left.is_harmless() {
            played.undone += 1;
        } else if IN_STEPS.iter().any(|end| played.route.ends_with(end)) {
            played.begun += 1;
        } else {
            return Err(format!(
                "503, and a part of it is done: {left:?} of {:?}",
                good.first.state
            ));
        }
        good.later.met(&again, &state, but)
    }
}

impl Good {
    /// What a request is that was done before, and unanswered.
    fn second_is(&self, again: &Answer) -> String {
        match again.status == self.first.status {
            true if self.second.state.diff == self.first.state.diff => "the same".to_owned(),
            true => "a second one".to_owned(),
            false => again.refusal(),
        }
    }
}

fn is_of(row: &Route, route: &str) -> bool {
    // What can be read can be asked for by HEAD.
    format!("{} {}", row.method, row.path) == route.replace("HEAD ", "GET ")
}
