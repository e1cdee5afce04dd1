//! What counting the members of the role that everybody has costs a registration: accounts made with the write of their
//! seat, and without it, in turns.

use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use usher::actions::Context;
use usher::app::App;
use usher::domain::grant::Grant;
use usher::domain::lockout::NameAttempts;
use usher::domain::profile::Profile;
use usher::domain::text::{Email, FORM};
use usher::domain::user::{Status, User};
use usher::id::UserId;
use usher::store::table::Op;
use usher::store::{unit, users};
use usher::{Error, Result};

use crate::rounds::{Rounds, timed};

/// Pairs of rounds.
const ROUNDS: usize = 15;
/// Accounts made in one round.
const ACCOUNTS: usize = 256;
/// Of them at once.
const AT_ONCE: usize = 64;

pub async fn measure(app: &Arc<App>) -> Result<String> {
    let cx = setup::context(app);
    let mut rounds = Rounds::default();
    for n in 0..=ROUNDS {
        // Each goes first in turns: who comes second finds warm caches.
        let (with, without) = if n % 2 == 0 {
            let with = timed(accounts(&cx, n, true)).await?;
            (with, timed(accounts(&cx, n, false)).await?)
        } else {
            let without = timed(accounts(&cx, n, false)).await?;
            (timed(accounts(&cx, n, true)).await?, without)
        };
        // The first round warms up.
        if n > 0 {
            rounds.push(with, without);
        }
    }
    let (low, median, high) = rounds.ratios();
    Ok(format!(
        "{ROUNDS} pairs of {ACCOUNTS} accounts, {AT_ONCE} at once: with the write of their seat they take {median:.2} \
         times as long as without it (lowest {low:.2}, highest {high:.2}).\n"
    ))
}

async fn accounts(cx: &Context, round: usize, seats: bool) -> Result<()> {
    let made = stream::iter(0..ACCOUNTS).map(|n| account(cx, round, n, seats));
    made.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await.map(drop)
}

async fn account(cx: &Context, round: usize, n: usize, seats: bool) -> Result<()> {
    let email = Email::parse(&format!("a{n}.{round}.{seats}@example.org")).map_err(Error::fault)?;
    let new = users::Change {
        before: None,
        after: Some(user(cx, email)?),
        only_if: None,
    };
    let mut plan = users::plan(&[new], cx.size_to_write())?;
    if !seats {
        plan.within
            .retain(|write| !matches!(&write.op, Op::Update(key, _) if key.pk.contains("#SEATS#")));
    }
    plan.fill()?;
    let (table, within) = (&cx.app.table, &plan.within);
    table.batch_write(&plan.written_before).await?;
    let done = unit::commit(table, within).await;
    done.map_err(|refusal| Error::fault(format!("{refusal:?}")))
}

fn user(cx: &Context, email: Email) -> Result<User> {
    Ok(User {
        search_shards: 1,
        kind: usher::domain::user::UserKind::Person,
        id: UserId::new(cx.now)?,
        tenant: cx.tenant.clone(),
        other_number: None,
        form: FORM,
        email: Some(email),
        email_verified: false,
        username: None,
        profile: Profile::default(),
        status: Status::Active,
        lock: None,
        before_ban: None,
        leaving: false,
        password: None,
        must_change_password: false,
        password_ends: None,
        grants: vec![Grant::of_everybody(cx.size_to_write(), None, cx.now)?],
        cleared: None,
        trail: None,
        epoch: 0,
        version: 1,
        attempts: NameAttempts::default(),
        created_at: cx.now,
        modified_at: cx.now,
        deleted_at: None,
    })
}
