//! What is sent to Usher, and in which order.
//!
//! People register, log in, read their profile, renew their tokens and leave; administrators give and take a role, list and
//! search. All of it happens twice, as many requests of each kind each time and by other people, so that the report can see
//! what grows with the number of people. The requests go to the processes of the [`Stage`] in turns, one after the other, and
//! what each costs is noted in the [`Ledger`].

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};

use super::ledger::Ledger;
use super::names::{Name, name};
use super::rates::Request;
use crate::billing::{self, Charge};
use crate::recorder::Passed;
use crate::stage::{Call, OWNER, Outcome, PASSWORD, Stage};

/// How much is played.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// People in each round.
    pub people: usize,
    /// Health checks in each round; they cost little to play.
    pub checks: usize,
    /// Lists, searches and lists of roles in each round.
    pub lists: usize,
    pub processes: usize,
}

impl Size {
    /// So many that the members of each kind of key are seen often enough.
    pub const WHOLE: Self = Self {
        people: 2_000,
        checks: 2_000,
        lists: 60,
        processes: 256,
    };
    /// As few as still show them. One process: which of the chains another one takes is chance.
    pub const SMALL: Self = Self {
        people: 96,
        checks: 600,
        lists: 8,
        processes: 1,
    };
}

/// Who gives the role, in turns.
pub const ADMINISTRATORS: usize = 16;
/// The number of the first person who is there to warm up a process.
const FIRST_OF_PROCESSES: usize = 1_000_000;
const ROLE: &str = "reader";
const SEARCHES: [&str; 4] = ["smith", "user0000", "example.org", "a"];
/// One person of so many mistypes the password, forgets it, logs out, loses the role again.
const ONE_OF: usize = 8;

struct Play {
    stage: Stage,
    ledger: Ledger,
    administrators: Vec<String>,
    played: BTreeMap<Request, usize>,
}

/// Plays all of it.
pub async fn play(size: Size) -> Outcome<Ledger> {
    let stage = Stage::start(size.processes).await?;
    let mut play = Play {
        administrators: administrators(&stage).await?,
        stage,
        ledger: Ledger::default(),
        played: BTreeMap::new(),
    };
    play.warm_up().await?;
    for round in 0..2 {
        if round == 1 {
            play.ledger.second_round();
        }
        for n in 0..size.people {
            play.person(round * size.people + n).await?;
        }
        play.lists(size).await?;
        play.caches().await?;
    }
    Ok(play.ledger)
}

/// A role, the tenant's own limits at the goal's rates, and the tokens of administrators.
async fn administrators(stage: &Stage) -> Outcome<Vec<String>> {
    let owner = log_in(stage, OWNER.0, OWNER.1).await?;
    let limits = json!({ "login_by_tenant": 315_000, "registration_by_tenant": 60_000, "token_by_tenant": 300_000 });
    let call = Call {
        method: Method::PATCH,
        ..Call::post("/v1/settings", &owner, json!({ "rate_limits": limits }))
    };
    stage.ask(0, call).await?;
    stage.clock.advance(11);
    stage
        .ask(0, Call::post("/api/roles", &owner, json!({ "name": ROLE })))
        .await?;
    let mut tokens = Vec::new();
    for n in 0..ADMINISTRATORS {
        let username = format!("administrator{n}");
        let body = json!({ "username": username, "password": PASSWORD, "roles": ["admin"] });
        stage.ask(0, Call::post("/api/users", &owner, body)).await?;
        tokens.push(log_in(stage, &username, PASSWORD).await?);
    }
    Ok(tokens)
}

async fn log_in(stage: &Stage, username: &str, password: &str) -> Outcome<String> {
    let body = json!({ "username": username, "password": password });
    text(&stage.ask(0, Call::post("/api/auth/login", "", body)).await?, "token")
}

fn text(body: &Value, name: &str) -> Outcome<String> {
    let found = body[name].as_str().map(str::to_owned);
    found.ok_or_else(|| format!("no {name} in {body}").into())
}

impl Play {
    /// Lets each process read and write what it keeps at hand from then on; nothing of that is noted.
    async fn warm_up(&self) -> Outcome<()> {
        for process in 0..self.stage.processes.len() {
            let name = format!("first-of-{process}");
            let body = json!({ "username": name, "password": PASSWORD, "confirm_password": PASSWORD });
            let call = Call::post("/v1/user/register", "", body).by(FIRST_OF_PROCESSES + process);
            self.stage.ask(process, call).await?;
        }
        self.refresh().await
    }

    /// Lets each process read again what is too old.
    async fn refresh(&self) -> Outcome<()> {
        for process in 0..self.stage.processes.len() {
            self.stage
                .ask(process, Call::get("/api/me/profile", &self.administrators[0]))
                .await?;
        }
        self.stage.recorder.take();
        Ok(())
    }

    /// The number of a request among those of its kind.
    fn number(&mut self, request: Request) -> usize {
        let number = self.played.entry(request).or_default();
        *number += 1;
        *number
    }

    /// Sends a request and notes what it cost, and what the mails cost that it asked for.
    async fn of(&mut self, request: Request, call: Call<'_>) -> Outcome<Value> {
        let process = self.number(request) % self.stage.processes.len();
        let (status, body) = self.stage.answer(process, call.clone()).await?;
        let is_wrong = request == Request::WrongPassword;
        if is_wrong != (status == 401) || !is_wrong && status >= 300 {
            return Err(format!("{} {}: {status} {body}", call.method, call.path).into());
        }
        let passed = self.passed()?;
        self.ledger.note(request, process, &passed.charges);
        for key in passed.inserted {
            self.stage.follow(&key).await?;
            let mail = self.passed()?;
            if !mail.charges.is_empty() {
                // Each record by a process of its own.
                let mails = self.number(Request::Mail);
                self.ledger.note(Request::Mail, mails, &mail.charges);
            }
        }
        Ok(body)
    }

    /// What passed since it was last asked, where its charges add up to what the embedded DynamoDB counts.
    fn passed(&self) -> Outcome<Passed> {
        let passed = self.stage.recorder.take();
        let (charged, counted) = (billing::units(&passed.charges), passed.counted());
        match (charged - counted).abs() < 0.01 {
            true => Ok(passed),
            false => Err(format!("{charged} units are charged to keys, and DynamoDB counts {counted}").into()),
        }
    }

    async fn person(&mut self, n: usize) -> Outcome<()> {
        let name = name(n);
        let body = json!({
            "username": name.username, "email": name.email, "password": PASSWORD, "confirm_password": PASSWORD,
        });
        self.of(Request::Registration, Call::post("/v1/user/register", "", body).by(n))
            .await?;
        if n.is_multiple_of(ONE_OF) {
            let body = json!({ "email": name.email, "password": "not this one" });
            self.of(Request::WrongPassword, Call::post("/api/auth/token", "", body).by(n))
                .await?;
            let body = json!({ "email": name.email });
            self.of(
                Request::ForgottenPassword,
                Call::post("/api/auth/forgot-password", "", body).by(n),
            )
            .await?;
        }
        self.session(n, &name).await?;
        self.grant(n, &name).await
    }

    async fn session(&mut self, n: usize, name: &Name) -> Outcome<()> {
        let body = json!({ "email": name.email, "password": PASSWORD });
        let pair = self
            .of(Request::Login, Call::post("/api/auth/token", "", body).by(n))
            .await?;
        let token = text(&pair, "accessToken")?;
        for _ in 0..2 {
            self.of(Request::Authorised, Call::get("/api/me/profile", &token))
                .await?;
        }
        let body = json!({ "refreshToken": text(&pair, "refreshToken")? });
        let pair = self
            .of(Request::Refresh, Call::post("/api/auth/refresh", "", body).by(n))
            .await?;
        if n.is_multiple_of(ONE_OF) {
            let token = text(&pair, "accessToken")?;
            self.of(Request::Logout, Call::post("/api/auth/logout", &token, Value::Null))
                .await?;
        }
        Ok(())
    }

    async fn grant(&mut self, n: usize, name: &Name) -> Outcome<()> {
        let administrator = self.administrators[n % ADMINISTRATORS].clone();
        let path = format!("/api/users/{}/roles", name.email);
        let call = Call::post(path.clone(), &administrator, json!({ "role": ROLE }));
        let grant = self.of(Request::Grant, call).await?;
        // Each administrator in turns takes some back.
        if (n / ADMINISTRATORS).is_multiple_of(ONE_OF) {
            let call = Call {
                method: Method::DELETE,
                ..Call::get(format!("{path}/{}", text(&grant, "userRoleId")?), &administrator)
            };
            self.of(Request::Revocation, call).await?;
        }
        Ok(())
    }

    async fn lists(&mut self, size: Size) -> Outcome<()> {
        for n in 0..size.lists {
            let administrator = self.administrators[n % ADMINISTRATORS].clone();
            self.of(Request::List, Call::get("/api/users?limit=25", &administrator))
                .await?;
            let path = format!("/api/users?q={}", SEARCHES[n % SEARCHES.len()]);
            self.of(Request::Search, Call::get(path, &administrator)).await?;
            self.of(Request::Roles, Call::get("/api/roles", &administrator)).await?;
        }
        for _ in 0..size.checks {
            self.of(Request::Health, Call::get("/health", "")).await?;
        }
        self.stage.sweep().await?;
        let passed = self.stage.recorder.take();
        self.ledger.note(Request::Sweep, 0, &passed.charges);
        Ok(())
    }

    /// What a request costs in a process that has to read again what it keeps, without what it costs in any.
    async fn caches(&mut self) -> Outcome<()> {
        self.stage.clock.advance(11);
        let call = || Call::get("/api/me/profile", &self.administrators[0]);
        self.stage.ask(0, call()).await?;
        let mut cold = self.stage.recorder.take().charges;
        self.stage.ask(0, call()).await?;
        for warm in self.stage.recorder.take().charges {
            if let Some(at) = cold.iter().position(|charge| *charge == warm) {
                cold.swap_remove(at);
            }
        }
        let cold: Vec<Charge> = cold;
        self.ledger.note(Request::Caches, 0, &cold);
        // As warm as they were, for the next round.
        self.refresh().await
    }
}
