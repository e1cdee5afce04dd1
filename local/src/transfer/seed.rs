//! `local seed`: drawn accounts. Into the embedded DynamoDB in batches of whole items, for nobody else writes to it
//! meanwhile; elsewhere as an import makes them.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use usher::actions::Context;
use usher::actions::transfer::{self, Imported, context};
use usher::app::App;
use usher::domain::tenant::TenantId;
use usher::domain::transfer::AccountLine;
use usher::domain::user::PasswordHash;
use usher::error::Error as Refusal;
use usher::secrecy::{ExposeSecret, SecretString};

use super::draw::Draw;
use super::progress::Progress;
use super::{Variables, finish, go_on, now, work};
use crate::args::Seed;
use crate::embedded::Store;
use crate::error::{Error, Result};

/// How many accounts one batch has, which is written whole or not at all.
const BATCH: u64 = 1_000;
/// How often an account is tried where the table does not answer, and how long apart at first.
const TRIES: u32 = 6;
const BETWEEN: Duration = Duration::from_millis(250);

pub async fn seed(args: &Seed, variables: Variables, out: &mut impl Write) -> Result<()> {
    let password = match &args.password {
        Some(password) => password.clone(),
        None => made_up()?,
    };
    let opened = args.within.place.open_or_make(variables).await?;
    let cx = work(&opened, &args.within).await?;
    let hash = opened.app.hasher.hash(password.clone()).await?;
    let mut seeding = Seeding {
        draw: Draw::new(args.seed, args.users, PasswordHash(hash)),
        store: opened.embedded.as_ref().map(crate::embedded::Embedded::store),
        parallel: args.within.parallel.into(),
        made: 0,
        progress: Progress::of("seeded"),
        cx,
    };
    seeding.all(0..args.users).await?;
    finish(&opened, &seeding.cx).await?;
    seeding.progress.end(args.users, " accounts");
    let there = args.users - seeding.made;
    drop(seeding);
    opened.close().await?;
    let again = match there {
        0 => String::new(),
        there => format!(", {there} of them there before, by what was theirs then"),
    };
    // A closed stdout is no reason to fail.
    let _ = writeln!(
        out,
        "{} accounts in {}; the password of each{again}: {}",
        args.users,
        args.within.tenant,
        password.expose_secret()
    );
    Ok(())
}

/// Puts those of these numbers, of the accounts of `seed --users N`, into the tenant `main` of an application on the embedded
/// DynamoDB, which nobody else has meanwhile: for measurements.
pub async fn fill(app: &Arc<App>, store: Store, numbers: Range<u64>, of: u64) -> Result<()> {
    let cx = context(app, &TenantId::main()).await?;
    let hash = app.hasher.hash(made_up()?).await?;
    let mut seeding = Seeding {
        draw: Draw::new(1, of, PasswordHash(hash)),
        store: Some(store),
        parallel: 1,
        made: 0,
        progress: Progress::of("seeded"),
        cx,
    };
    seeding.all(numbers).await
}

fn made_up() -> Result<SecretString> {
    let bytes: [u8; 12] = usher::ambient::random()?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(text.into())
}

struct Seeding {
    cx: Context,
    draw: Draw,
    /// The embedded DynamoDB's, where it is that.
    store: Option<Store>,
    parallel: usize,
    made: u64,
    progress: Progress,
}

impl Seeding {
    async fn all(&mut self, numbers: Range<u64>) -> Result<()> {
        for start in numbers.clone().step_by(usize::try_from(BATCH).unwrap_or(usize::MAX)) {
            let end = (start + BATCH).min(numbers.end);
            let drawn: Vec<AccountLine> = (start..end)
                .map(|n| self.draw.account(n))
                .collect::<usher::Result<_>>()?;
            go_on(&mut self.cx, self.store.is_some()).await;
            match self.store.clone() {
                Some(store) => self.at_once(&store, &drawn).await?,
                None => self.one_by_one(drawn).await?,
            }
            self.progress.at(end, " accounts");
        }
        Ok(())
    }

    async fn at_once(&mut self, store: &Store, drawn: &[AccountLine]) -> Result<()> {
        let cx = now(&self.cx);
        let Some(bulk) = transfer::many(&cx, drawn).await? else {
            return Ok(());
        };
        store.load(&cx.app.settings.table, &bulk.items).await?;
        bulk.done(&cx.app.table);
        self.made += drawn.len() as u64;
        Ok(())
    }

    async fn one_by_one(&mut self, drawn: Vec<AccountLine>) -> Result<()> {
        let cx = &self.cx;
        let one = |line: AccountLine| async move { again(cx, &line).await };
        let mut made = stream::iter(drawn).map(one).buffer_unordered(self.parallel);
        while let Some(taken) = made.next().await {
            self.made += u64::from(matches!(taken?, Imported::Created(_)));
        }
        Ok(())
    }
}

/// Makes an account, once the table answers.
async fn again(cx: &Context, line: &AccountLine) -> Result<Imported<usher::id::UserId>> {
    let mut wait = BETWEEN;
    for _ in 1..TRIES {
        match transfer::account(&now(cx), line).await {
            Err(Refusal::Unavailable(_) | Refusal::Fault(_)) => {}
            outcome => return outcome.map_err(Error::Usher),
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    transfer::account(&now(cx), line).await.map_err(Error::Usher)
}
