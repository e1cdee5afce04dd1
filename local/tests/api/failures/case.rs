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
use super::answer::{Answer, fits, has_form, pattern};
use super::fault::{Kind, Plan, Request, plans};
use super::store::Faulty;
use crate::databases::Original;
use crate::fault_injection::{Diff, Dump, between, dump_of};
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
const IN_STEPS: [&str; 3] = [
    "DELETE /api/roles/{role}",
    "DELETE /api/permissions/{permission}",
    "/deleteuseraccount",
];
/// Of these the one that marks what it removes, so that nobody uses it meanwhile; and how long a mark holds at most, which
/// is left by a removal that failed: until then it is answered with 503.
const MARKED: &str = "DELETE /api/permissions/{permission}";
const MARK_SECONDS: i64 = 120;
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
    status: u16,
    body: Value,
    before: Dump,
    diff: Diff,
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

    /// Whether nothing in the table contradicts anything, where something was changed. `but_for_search`: but for search
    /// entries of a deleted account, which find nothing, and those of a domain, which the next account at it brings.
    fn is_whole(&self, but_for_search: bool, diff: &Diff) -> Result<(), String> {
        if diff.is_empty() {
            return Ok(());
        }
        let items = scan(&self.db).into_iter();
        let items: Vec<Value> = items.map(|item| serde_json::to_value(item).unwrap()).collect();
        let mut found = differences(&items);
        found.retain(|line| !(but_for_search && of_search(line)));
        match found.as_slice() {
            [] => Ok(()),
            some => Err(format!("the reconciler finds {some:?}")),
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

    /// The case without a fault, and its requests; twice, to know what of it is chance.
    async fn good(&self, route: &str) -> (Good, Vec<Request>) {
        let (one, other) = (self.instance(None), self.instance(None));
        let before = one.dump();
        let (first, second) = (self.ask(&one).await, self.ask(&other).await);
        assert!(first.status < 300, "{route}: {first:?}");
        assert_eq!(first.status, second.status, "{route}");
        let (diff, same) = (between(&before, &one.dump()), between(&before, &other.dump()));
        assert_eq!(diff, same, "{route} does another thing each time");
        one.is_whole(false, &diff).unwrap();
        let good = Good {
            status: first.status,
            body: pattern(&first.body, &second.body),
            before,
            diff,
            busy: self.busy(route),
        };
        (good, one.faulty.requests())
    }

    pub async fn played(self, number: usize, of: &scale::Case, is_first: bool, extent: Extent) -> Played {
        let (good, requests) = self.good(&of.route).await;
        let groups = plans(&requests);
        let mut played = Played {
            number,
            route: of.route.clone(),
            plans: groups.iter().map(Vec::len).sum(),
            requests,
            ..Played::default()
        };
        for (turn, group) in groups.into_iter().enumerate() {
            let chosen = match extent {
                Extent::Whole => group,
                Extent::OneOfEach if !is_first && !(number + turn).is_multiple_of(3) => Vec::new(),
                Extent::OneOfEach => vec![group[(number + turn) % group.len()]],
            };
            for plan in chosen {
                if let Err(finding) = self.with(plan, &good, &mut played).await {
                    played.findings.push(format!("{} with {plan}: {finding}", of.name));
                }
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
        let diff = between(&good.before, &instance.dump());
        let is_behind = plan.kind == Kind::Stale && played.route == BY_INDEX && answer.status == 404;
        if answer.status == good.status || is_behind {
            instance.is_whole(plan.lasts, &diff)?;
            played.right += 1;
            return if is_behind {
                Ok(())
            } else {
                good.is_right(plan, &answer, diff, &played.route)
            };
        }
        if answer != good.busy {
            return Err(format!("{answer:?} is neither right nor {:?}", good.busy));
        }
        if !plan.lasts {
            return Err("503 for what happened once".to_owned());
        }
        instance.is_whole(true, &diff)?;
        // As `Retry-After` has it.
        instance.clock.advance(1);
        let mut again = self.ask(&instance).await;
        if again == good.busy && played.route == MARKED {
            instance.clock.advance(MARK_SECONDS);
            again = self.ask(&instance).await;
        }
        let after = between(&good.before, &instance.dump());
        instance.is_whole(true, &after)?;
        if !diff.is_empty() && but_for_search(diff.clone()) == but_for_search(good.diff.clone()) {
            played.done += 1;
            let what = after_done(&again, after, good)?;
            *played.again.entry(what).or_default() += 1;
            return Ok(());
        }
        if harmless(&diff) {
            played.undone += 1;
        } else if IN_STEPS.iter().any(|end| played.route.ends_with(end)) {
            played.begun += 1;
        } else {
            return Err(format!("503, and a part of it is done: {diff:?} of {:?}", good.diff));
        }
        let is_done = but_for_search(after.clone()) == but_for_search(good.diff.clone());
        match again.status == good.status && is_done {
            true => Ok(()),
            false => Err(format!("then {again:?} and {after:?} in place of {:?}", good.diff)),
        }
    }
}

impl Good {
    /// Whether it is answered and done as without the fault.
    fn is_right(&self, plan: Plan, answer: &Answer, diff: Diff, route: &str) -> Result<(), String> {
        let is_right = match plan.kind {
            Kind::Stale => has_form(&self.body, &answer.body),
            _ if plan.lasts && route == DESCRIBES_ROLES => has_form(&self.body, &answer.body),
            _ => fits(&self.body, &answer.body),
        };
        if !is_right {
            return Err(format!("{} in place of {}", answer.body, self.body));
        }
        let counted = |diff: Diff| if plan.lasts { but_for_search(diff) } else { diff };
        let (is, should) = (counted(diff), counted(self.diff.clone()));
        match is == should {
            true => Ok(()),
            false => Err(format!("{is:?} in place of {should:?}")),
        }
    }
}

/// What a fault that lasts may change: entries that a deletion takes out last stay, those of an account that was not made
/// are there already, and those of a domain come with the next account.
fn but_for_search(mut diff: Diff) -> Diff {
    diff.retain(|what, _| !what.starts_with("FIND "));
    diff
}

fn is_of(row: &Route, route: &str) -> bool {
    // What can be read can be asked for by HEAD.
    format!("{} {}", row.method, row.path) == route.replace("HEAD ", "GET ")
}

/// What a request gets that was done before, and unanswered.
fn after_done(again: &Answer, after: Diff, good: &Good) -> Result<String, String> {
    // A password that is the former one by now is a failed attempt, which the history shows.
    let (after, should) = (but_for_search(after), but_for_search(good.diff.clone()));
    let mut but_for_attempt = after.clone();
    but_for_attempt.remove("USER/LOGIN came");
    match again.status {
        status if status == good.status && after == should => Ok("the same".to_owned()),
        status if status == good.status => Ok("a second one".to_owned()),
        400..500 if after == should || but_for_attempt == should => Ok(again.refusal()),
        _ => Err(format!(
            "done, and then {again:?} and {after:?} in place of {:?}",
            good.diff
        )),
    }
}

/// Search entries of an account that is not there find nothing.
fn harmless(diff: &Diff) -> bool {
    diff.keys().all(|what| what == "FIND came")
}
