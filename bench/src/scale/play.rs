//! The cases played on a directory, and what each cost.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use usher::ambient::Clock;
use usher::domain::mail::{OneTime, Purpose};
use usher::domain::tenant::TenantId;
use usher::jiff::SignedDuration;
use usher::proof::opaque::{Kind, Opaque};
use usher::secrecy::ExposeSecret;
use usher::store::{one_time, unit, users};

use super::script::{Ask, Script, Step};
use super::{Cost, Say};
use crate::recorder::Passed;
use crate::stage::{Call, Outcome, PASSWORD, Stage};

/// How many cases there are between two lines of progress.
const SHOWN: usize = 50;

/// The steps of the script, played on a stage one after another.
pub struct Play<'a> {
    stage: &'a Stage,
    size: usize,
    values: BTreeMap<String, String>,
}

/// What each case costs here, in their order.
pub async fn play(stage: &Stage, size: usize, script: &Script, say: Say<'_>) -> Outcome<Vec<Cost>> {
    let mut play = Play::on(stage, size);
    let mut costs = Vec::new();
    for step in &script.steps {
        if let Step::Case(number, ask) = step {
            costs.push(play.ask(ask).await?);
            if number % SHOWN == 0 {
                say(&format!("{size} accounts: {number} of {} cases", script.cases.len()));
            }
        } else {
            play.step(step).await?;
        }
    }
    Ok(costs)
}

impl<'a> Play<'a> {
    /// Before the first step, on a stage of so many accounts.
    pub fn on(stage: &'a Stage, size: usize) -> Self {
        let pages = |part: usize| (size / part).max(1).to_string();
        let values = [
            ("password", PASSWORD.to_owned()),
            ("size", size.to_string()),
            ("middle", pages(20)),
            ("last", pages(10)),
        ];
        Self {
            stage,
            size,
            values: values.map(|(name, value)| (name.to_owned(), value)).into(),
        }
    }

    pub async fn step(&mut self, step: &Step) -> Outcome<()> {
        match step {
            Step::Case(_, ask) | Step::Prepare(ask) => self.ask(ask).await.map(drop),
            Step::New { name, role } => self.new_account(name, role.as_deref()).await,
            Step::Mail { purpose, user, kept } => {
                let token = self.one_time(purpose, user).await?;
                self.values.insert(kept.clone(), token);
                Ok(())
            }
            Step::Deep { part, ask } => self.deep(*part, ask).await,
            Step::Wait(seconds) => {
                self.stage.clock.advance(*seconds);
                Ok(())
            }
        }
    }

    fn filled(&self, text: &str) -> String {
        let fill = |text: String, (name, value): (&String, &String)| text.replace(&format!("{{{name}}}"), value);
        self.values.iter().fold(text.to_owned(), fill)
    }

    /// The request as it is sent next, with the values that there are by now.
    pub fn call(&self, ask: &Ask) -> Outcome<Call<'_>> {
        let body = self.filled(&ask.body);
        let token = match ask.caller.as_str() {
            "" => "",
            caller => self.values.get(caller).ok_or_else(|| format!("no token {caller}"))?,
        };
        Ok(Call {
            method: Method::from_bytes(ask.method.as_bytes())?,
            path: self.filled(&ask.path),
            token,
            body: match body.as_str() {
                "" => Value::Null,
                body => serde_json::from_str(body)?,
            },
            from: None,
        })
    }

    async fn ask(&mut self, ask: &Ask) -> Outcome<Cost> {
        let call = self.call(ask)?;
        self.stage.recorder.take();
        let answer = self.stage.ask(0, call).await?;
        let cost = Cost::of(&self.stage.recorder.take());
        for (name, pointer) in &ask.kept {
            let value = match answer.pointer(pointer) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => return Err(format!("{} {}: no {pointer} in {answer}", ask.method, ask.path).into()),
            };
            self.values.insert(name.clone(), value);
        }
        Ok(cost)
    }

    async fn new_account(&mut self, name: &str, role: Option<&str>) -> Outcome<()> {
        // Lists show them in this order.
        self.stage.clock.advance_ms(1);
        let roles: Vec<&str> = role.into_iter().collect();
        let body = json!({
            "email": format!("{name}@example.org"), "emailVerified": true, "username": name, "password": PASSWORD,
            "roles": roles,
        });
        let owner = self.values.get("owner").cloned().unwrap_or_default();
        let made = self.stage.ask(0, Call::post("/api/users", &owner, body)).await?;
        let body = json!({ "username": name, "password": PASSWORD });
        let login = self.stage.ask(0, Call::post("/api/auth/login", "", body)).await?;
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("no text");
        self.values.insert(format!("{name}.id"), text(&made["id"])?);
        self.values.insert(name.to_owned(), text(&login["token"])?);
        Ok(())
    }

    /// The token of a mail to this account.
    async fn one_time(&self, purpose: &str, user: &str) -> Outcome<String> {
        let (table, tenant) = (&self.stage.app.table, TenantId::main());
        let user = users::get(table, &tenant, self.filled(user).parse()?).await?;
        let user = user.ok_or("a mail to nobody")?;
        let link = OneTime {
            tenant,
            purpose: match purpose {
                "VerifyEmail" => Purpose::VerifyEmail,
                _ => Purpose::SetPassword,
            },
            user: user.id,
            email: user.email.ok_or("a mail to no address")?.as_given().to_owned(),
            epoch: user.epoch,
            expires_at: self.stage.clock.now() + SignedDuration::from_hours(24),
        };
        let token = Opaque::mint(Kind::OneTime)?;
        let write = one_time::put(&token.digest().to_string(), &link)?;
        let kept = unit::commit(table, &[write]).await;
        kept.map_err(|refused| format!("{refused:?}"))?;
        Ok(token.text().expose_secret().to_owned())
    }

    /// Follows a list until this part of all accounts is passed.
    async fn deep(&mut self, part: usize, ask: &Ask) -> Outcome<()> {
        let limit = (self.size / part / 5).clamp(1, 100);
        let (mut passed, mut cursor) = (0, String::new());
        let token = self.values.get(&ask.caller).cloned().unwrap_or_default();
        let path = self.filled(&ask.path);
        let joined = if path.contains('?') { '&' } else { '?' };
        while passed == 0 || passed < self.size / part {
            let page = format!("{path}{joined}limit={limit}{cursor}");
            let found = self.stage.ask(0, Call::get(page, &token)).await?;
            passed += found["items"].as_array().map_or(0, Vec::len);
            let next = found["nextCursor"]
                .as_str()
                .ok_or_else(|| format!("{path} ends after {passed}"))?;
            cursor = format!("&cursor={next}");
            self.stage.recorder.take();
        }
        let (name, _) = ask.kept.first().ok_or("no name")?;
        let next = cursor.trim_start_matches("&cursor=").to_owned();
        self.values.insert(name.clone(), next);
        Ok(())
    }
}

impl Cost {
    fn of(passed: &Passed) -> Self {
        Self {
            requests: passed.requests,
            read: passed.read,
            written: passed.written,
            received: passed.received,
            sent: passed.sent,
        }
    }
}
