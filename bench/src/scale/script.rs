//! The cases, as `cases.txt` has them.

use usher::http::known::{Known, listed};

use crate::stage::Outcome;

const TEXT: &str = include_str!("cases.txt");

#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The name of the value that holds its token; empty where nobody asks.
    pub caller: String,
    pub method: String,
    pub path: String,
    pub body: String,
    /// What of the answer is kept: the new name, and the JSON pointer.
    pub kept: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The number of a case, and its request.
    Case(usize, Ask),
    Prepare(Ask),
    New {
        name: String,
        role: Option<String>,
    },
    Mail {
        purpose: String,
        user: String,
        kept: String,
    },
    Deep {
        part: usize,
        ask: Ask,
    },
    Wait(i64),
}

/// Why a case may cost more in a larger tenant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Why {
    /// Up to a bound, which a tenant that is large has passed: among 20,000 as much as among a million.
    Bounded(&'static str),
    Grows(&'static str),
}

#[derive(Debug)]
pub struct Case {
    /// Method and path as `routes.txt` has them.
    pub route: String,
    /// The route with the query, and the note behind it.
    pub name: String,
    pub why: Option<Why>,
}

#[derive(Debug)]
pub struct Script {
    pub steps: Vec<Step>,
    pub cases: Vec<Case>,
    routes: Vec<Known>,
    /// How many accounts were named by lines for each rank.
    ranked: usize,
    /// The first case of the line before.
    since: usize,
}

impl Script {
    /// All cases, one of each route at the least.
    pub fn read() -> Outcome<Self> {
        Self::of(TEXT, &local::route_list())
    }

    fn of(text: &'static str, routes: &str) -> Outcome<Self> {
        let mut script = Self {
            steps: Vec::new(),
            cases: Vec::new(),
            routes: listed(routes),
            ranked: 0,
            since: 0,
        };
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            script.line(line).ok_or_else(|| format!("cases.txt: what is {line}"))?;
        }
        let is_left_out = |route: &&Known| {
            let name = format!("{} {}", route.method, route.path);
            script.cases.iter().all(|case| case.route != name)
        };
        match script.routes.iter().find(is_left_out) {
            Some(route) => Err(format!("cases.txt has no case of {} {}", route.method, route.path).into()),
            None => Ok(script),
        }
    }

    fn line(&mut self, line: &'static str) -> Option<()> {
        let (first, rest) = line.split_once(' ')?;
        if !first.starts_with('~') {
            self.since = self.cases.len();
        }
        match first {
            "new" => {
                let (names, role) = match rest.split_once(' ') {
                    Some((names, role)) => (names, Some(role)),
                    None => (rest, None),
                };
                names.split(',').for_each(|name| self.new_account(name, role));
                Some(())
            }
            "each" => {
                let (ranks, rest) = rest.split_once(' ')?;
                ranks.split(',').try_for_each(|rank| self.of_rank(rank, rest))
            }
            "~bounded" => self.because(Why::Bounded(rest)),
            "~grows" => self.because(Why::Grows(rest)),
            "+" | "wait" | "mail" | "deep" => {
                self.steps.push(step(first, rest)?);
                Some(())
            }
            _ => self.case(line),
        }
    }

    /// Why the cases of the line before cost more.
    fn because(&mut self, why: Why) -> Option<()> {
        let cases = self.cases.get_mut(self.since..)?;
        cases.last()?;
        cases.iter_mut().for_each(|case| case.why = Some(why));
        Some(())
    }

    fn case(&mut self, line: &str) -> Option<()> {
        let (ask, note) = ask(line)?;
        let (path, query) = ask.path.split_once('?').unwrap_or((&ask.path, ""));
        let route = self.route(&ask.method, path)?;
        let query = if query.is_empty() {
            String::new()
        } else {
            format!("?{query}")
        };
        let note = note.map_or_else(String::new, |note| format!(", {note}"));
        self.cases.push(Case {
            name: format!("`{route}{query}`{note}"),
            route,
            why: None,
        });
        self.steps.push(Step::Case(self.cases.len() - 1, ask));
        Some(())
    }

    /// The route that serves a path: one that names more of its segments before one that takes any.
    fn route(&self, method: &str, path: &str) -> Option<String> {
        let asked: Vec<&str> = path.split('/').collect();
        let fits = |route: &&Known| {
            let segments: Vec<&str> = route.path.split('/').collect();
            let is_any = |segment: &str| segment.starts_with('{');
            let mut both = segments.iter().zip(&asked);
            route.method.as_str() == method
                && segments.len() == asked.len()
                && both.all(|(segment, asked)| segment == asked || is_any(segment))
        };
        let found = self
            .routes
            .iter()
            .filter(fits)
            .min_by_key(|route| route.path.matches('{').count());
        found.map(|route| format!("{} {}", route.method, route.path))
    }

    fn new_account(&mut self, name: &str, role: Option<&str>) {
        self.steps.push(Step::New {
            name: name.to_owned(),
            role: role.map(str::to_owned),
        });
    }

    fn of_rank(&mut self, rank: &str, rest: &str) -> Option<()> {
        self.ranked += 1;
        let (name, other) = (format!("rank{:03}", self.ranked), format!("other{:03}", self.ranked));
        self.new_account(&name, (rank != "user").then_some(rank));
        if rest.contains("{other}") {
            self.new_account(&other, None);
        }
        let line = rest
            .replace("{rank}", rank)
            .replace("{other}", &format!("{{{other}.id}}"));
        self.case(&format!("{name} {line}"))
    }
}

/// What is no case.
fn step(kind: &str, rest: &str) -> Option<Step> {
    Some(match kind {
        "+" => Step::Prepare(ask(rest)?.0),
        "wait" => Step::Wait(rest.parse().ok()?),
        "mail" => {
            let (purpose, rest) = rest.split_once(' ')?;
            let (user, kept) = rest.split_once(" > ")?;
            Step::Mail {
                purpose: purpose.to_owned(),
                user: user.to_owned(),
                kept: kept.to_owned(),
            }
        }
        _ => {
            let (part, rest) = rest.split_once(' ')?;
            let (rest, kept) = rest.split_once(" > ")?;
            let (caller, path) = rest.split_once(' ')?;
            let ask = ask(&format!("{caller} GET {path} > {kept}=/nextCursor"))?.0;
            let part = part.parse().ok()?;
            Step::Deep { part, ask }
        }
    })
}

/// `CALLER METHOD PATH [BODY] [> name=/pointer …] [## note]`.
fn ask(line: &str) -> Option<(Ask, Option<&str>)> {
    let (line, note) = line
        .split_once(" ## ")
        .map_or((line, None), |(line, note)| (line, Some(note)));
    let (line, kept) = line.split_once(" > ").unwrap_or((line, ""));
    let mut words = line.splitn(4, ' ');
    let caller = words
        .next()
        .filter(|caller| *caller != "-")
        .unwrap_or_default()
        .to_owned();
    let pair = |kept: &str| {
        let (name, pointer) = kept.split_once('=')?;
        Some((name.to_owned(), pointer.to_owned()))
    };
    let ask = Ask {
        caller,
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        body: words.next().unwrap_or_default().to_owned(),
        kept: kept.split_whitespace().map(pair).collect::<Option<_>>()?,
    };
    Some((ask, note))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "GET /a\nGET /users/{user}\nGET /users/search dev\n";

    #[test]
    fn a_route_without_a_case_is_refused_and_so_is_a_case_without_a_route() {
        let left_out = Script::of("- GET /a\n- GET /users/7", ROUTES).unwrap_err().to_string();
        assert!(left_out.contains("no case of GET /users/search"), "{left_out}");
        let unknown = Script::of("- GET /b", ROUTES).unwrap_err().to_string();
        assert!(unknown.contains("what is - GET /b"), "{unknown}");
    }

    #[test]
    fn a_path_is_of_the_route_that_names_most_of_it_and_a_reason_of_the_case_before_it() {
        let script = Script::of(
            "- GET /a?q=1 ## one\n~grows so\n- GET /users/7\n- GET /users/search",
            ROUTES,
        )
        .unwrap();
        let routes: Vec<&str> = script.cases.iter().map(|case| case.route.as_str()).collect();
        assert_eq!(routes, ["GET /a", "GET /users/{user}", "GET /users/search"]);
        assert_eq!(
            (script.cases[0].name.as_str(), script.cases[0].why),
            ("`GET /a?q=1`, one", Some(Why::Grows("so")))
        );
    }

    #[test]
    fn every_route_has_a_case() {
        Script::read().unwrap();
    }
}
