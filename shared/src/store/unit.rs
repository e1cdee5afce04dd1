//! The unit of work: what an action reads, decides and writes, as one transaction.
//!
//! An action states what it read and what is to be; the unit derives from the difference everything that this implies
//! (claims, seats, search entries, counts: [`super::users`]; rows of the history and mails: [`super::record`]), commits it as one `TransactWriteItems`, and where others were quicker lets the action read and
//! decide once more. Nothing else repeats a transaction, so what is read once, decided once and written in vain is never
//! shown to a client.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::dynamo::Table;
use super::table::{Changes, Cond, Key, Lost, Refusal, Write};
use super::users::Change;
use super::{chain, ended, record, roles, sessions, users};
use crate::ambient;
use crate::context::{Context, Credential};
use crate::domain::role::{Role, SystemRole, USER};
use crate::domain::session::Session;
use crate::domain::text::FORM;
use crate::domain::user::{Status, User, UserRef};
use crate::error::{Error, Noun, Result};
use crate::id::UserId;

mod pending;
mod tries;
mod wanted;
pub use pending::{Compared, Pending, atomically_answered};
use tries::Tries;

/// Carries out what `work` reads and decides: all of it, or nothing. Where others changed what was read, or were in the
/// way, it begins again.
pub async fn atomically<'a, T, Work>(cx: &'a Context, work: impl Fn(Unit<'a>) -> Work) -> Result<T>
where
    Work: Future<Output = Result<T>>,
{
    let mut tries = Tries::default();
    loop {
        let unit = Unit {
            cx,
            is_first: tries.all == 0 && !cx.pending.as_ref().is_some_and(|pending| pending.is_again()),
            wanted: Arc::default(),
        };
        // Boxed, both: the compiler gives up on the layout of a future that has all of them inside.
        let answer = Box::pin(work(unit.clone())).await?;
        if let Some(pending) = &cx.pending {
            pending.put_off(cx, std::mem::take(&mut *unit.wanted()))?;
            return Ok(answer);
        }
        match Box::pin(unit.commit(&mut tries)).await {
            Ok(()) => return Ok(answer),
            Err(Refusal::Answer(error)) => return Err(error),
            Err(Refusal::Lost(lost)) => tries.another(&cx.app.table, lost).await?,
        }
    }
}

/// These writes, or none, now: also within a request's own unit of work. A condition that was lost is the caller's to judge.
pub async fn commit(table: &Table, writes: &[Write]) -> Result<(), Refusal> {
    send(table, writes, &mut Tries::default()).await
}

/// The same for a request, which is answered with why nothing was written.
pub async fn write(cx: &Context, writes: &[Write]) -> Result<()> {
    if let Some(pending) = &cx.pending {
        return pending.put_off(cx, Wanted::of(writes));
    }
    if cx.is_dry_run {
        return Ok(());
    }
    commit(&cx.app.table, writes).await.map_err(|refusal| match refusal {
        Refusal::Answer(error) => error,
        Refusal::Lost(lost) => Error::fault(format!("{lost:?} where nothing was read")),
    })
}

/// Carries out what `work` reads and decides beside what the request asks for, now: it stays where the request fails.
/// Whether it wrote anything.
pub async fn decided<Work>(table: &Table, work: impl Fn() -> Work) -> Result<bool>
where
    Work: Future<Output = Result<Option<Vec<Write>>>>,
{
    let mut tries = Tries::default();
    loop {
        let Some(writes) = work().await? else { return Ok(false) };
        match send(table, &writes, &mut tries).await {
            Ok(()) => return Ok(true),
            Err(Refusal::Answer(error)) => return Err(error),
            Err(Refusal::Lost(lost)) => tries.another(table, lost).await?,
        }
    }
}

/// Links the rows of the rights history that are among the writes into their chains, and sends all of it; where a chain
/// went on, with the rows in another one.
async fn send(table: &Table, writes: &[Write], tries: &mut Tries) -> Result<(), Refusal> {
    loop {
        let linked = chain::link(table, writes).await?;
        match send_linked(table, &linked.writes, tries).await {
            Ok(()) => {
                linked.done();
                return Ok(());
            }
            Err(Refusal::Lost(Lost::Moved)) => drop(linked),
            // It may have been done after all.
            Err(unknown @ Refusal::Answer(Error::Unavailable(_) | Error::Fault(_))) => return Err(unknown),
            Err(refused) => {
                linked.refused();
                return Err(refused);
            }
        }
        tries.another(table, Lost::Moved).await?;
    }
}

/// One token for all times that the same writes are sent, here and by the SDK: should one whose answer was lost be done
/// after all, no other is. A token is only remembered for what was done, so it does not block another try after a
/// cancellation.
async fn send_linked(table: &Table, writes: &[Write], tries: &mut Tries) -> Result<(), Refusal> {
    let token = uuid::Uuid::from_bytes(ambient::random()?).to_string();
    loop {
        match table.transact(writes, &token).await {
            Err(Refusal::Lost(Lost::Busy)) => tries.another(table, Lost::Busy).await?,
            outcome => return outcome,
        }
    }
}

/// What an action read, and what is to be written. A handle: `work` has one, and what commits it has another.
#[derive(Clone)]
pub struct Unit<'a> {
    cx: &'a Context,
    is_first: bool,
    wanted: Arc<Mutex<Wanted>>,
}

#[derive(Default)]
struct Wanted {
    /// These are to stay as they were read.
    roles: Vec<Role>,
    writes: Vec<Write>,
    before: Vec<Write>,
    after: Vec<Write>,
    changes: Vec<Change>,
    /// What is recorded of them.
    rows: Vec<Write>,
    alone: Option<(Key, Changes, Cond)>,
}

impl Unit<'_> {
    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub async fn user(&self, who: &UserRef) -> Result<User> {
        users::find(&self.cx.app.table, &self.cx.tenant, who).await
    }

    /// The account, whose grants are to change: those that ended are none of them any more.
    pub async fn grantee(&self, who: &UserRef) -> Result<User> {
        ended::cleared(self.cx, self.user(who).await?).await
    }

    /// An account that was read already; where that was in vain, as it is now, deleted or not.
    pub async fn reread(&self, user: &User) -> Result<User> {
        if self.is_first {
            return Ok(user.clone());
        }
        self.any_user(user.id).await
    }

    pub async fn any_user(&self, id: UserId) -> Result<User> {
        let user = users::get(&self.cx.app.table, &self.cx.tenant, id).await?;
        user.ok_or(Error::NotFound(Noun::User))
    }

    /// The caller's own account, which was read already, and its session, where it came with one.
    pub async fn own(&self, user: &User) -> Result<(User, Option<Session>)> {
        let session = match &self.cx.caller()?.credential {
            // It was read before the account was, where that was read once more: others may have ended it in between.
            Credential::Session(session) if self.is_first && session.epoch == user.epoch => {
                return Ok((user.clone(), Some(session.clone())));
            }
            Credential::Session(session) => session,
            Credential::Key(_) => return Ok((self.own_of_key(user).await?, None)),
        };
        let (now, then) = sessions::with_account(&self.cx.app.table, &self.cx.tenant, user.id, session.id).await?;
        let both = now.zip(then);
        let still_open = |(now, session): &(User, Session)| {
            now.epoch == user.epoch && session.epoch == now.epoch && now.status != Status::Deleted
        };
        let (user, session) = both.filter(still_open).ok_or(Error::InvalidToken)?;
        Ok((user, Some(session)))
    }

    /// A service account has nothing that would have to end with its sessions.
    async fn own_of_key(&self, user: &User) -> Result<User> {
        let now = self.reread(user).await?;
        match now.status == Status::Deleted {
            true => Err(Error::InvalidToken),
            false => Ok(now),
        }
    }

    /// Holds the unit to an account that it does not change: it is to stay as it was read.
    pub fn keep_user(&self, user: &User) {
        self.write([users::unchanged(user)]);
    }

    /// A session that was read already.
    pub async fn session(&self, session: &Session) -> Result<Session> {
        if self.is_first {
            return Ok(session.clone());
        }
        let (_, now) = sessions::with_account(&self.cx.app.table, &self.cx.tenant, session.user, session.id).await?;
        now.ok_or(Error::InvalidToken)
    }

    /// The role of this name or id. Who takes a seat of it finds the counter closed, or marked, once the role is gone, or has
    /// come to let its holders manage users: no grant is held to more, and many can be given at once.
    pub async fn role(&self, name: &str) -> Result<Option<Role>> {
        roles::find(&self.cx.app.table, &self.cx.tenant, name).await
    }

    /// The roles that an account has, now or later. Those of the system hold what it gave them; the others are to stay as
    /// they are until all is written.
    pub async fn roles_of(&self, user: &User) -> Result<Vec<Role>> {
        let found = roles::standing(&self.cx.app.table, &self.cx.tenant, [user], self.cx.now).await?;
        let custom = found.iter().filter(|role| SystemRole::by_id(role.id).is_none());
        custom.for_each(|role| self.keep_role(role));
        Ok(found)
    }

    /// The roles that apply to an account now, in requests about no department. They are to stay as they are until
    /// all is written.
    pub async fn applying_roles(&self, user: &User) -> Result<Vec<Role>> {
        let applying = user.applying(self.cx.now);
        let found = roles::get_all(&self.cx.app.table, &self.cx.tenant, applying).await?;
        let kept = found.iter().filter(|role| role.id != USER.id);
        kept.for_each(|role| self.keep_role(role));
        Ok(found)
    }

    fn keep_role(&self, role: &Role) {
        let known = &mut self.wanted().roles;
        if !known.iter().any(|one| one.id == role.id) {
            known.push(role.clone());
        }
    }

    pub fn create(&self, user: &User) -> Result<()> {
        self.put(None, Some(&mut user.clone()), None)
    }

    /// Changes an account that was read; answers it as it is since.
    pub fn edit(&self, user: &User, edit: impl FnOnce(&mut User) -> Result<()>) -> Result<User> {
        let mut after = user.clone();
        edit(&mut after)?;
        self.change(user, after)
    }

    /// Changes an account that was read into this; answers it as it is since. Where nothing differs, nothing is done.
    pub fn change(&self, before: &User, mut after: User) -> Result<User> {
        if !after.is_spelled_as(before) {
            after.modified_at = self.cx.now;
            // A name that is given now is claimed as all are that are given now.
            if !after.has_the_names_of(before) {
                after.form = FORM;
            }
            return self.change_if(before, after, None);
        }
        Ok(after)
    }

    /// The same for what an account's holder does not see as a change, provided that this holds of its item too.
    pub fn change_if(&self, before: &User, mut after: User, only_if: Option<Cond>) -> Result<User> {
        after.version = before.version + 1;
        // A role that is taken and given in one change keeps its seat where it was.
        for grant in &mut after.grants {
            let own = before.grants.iter().find(|own| own.role == grant.role);
            if let Some(own) = own {
                grant.sit((own.seat, own.round));
            }
        }
        self.put(Some(before), Some(&mut after), only_if)?;
        Ok(after)
    }

    /// Changes a role that was read, with its row in the history; answers it as it is since.
    pub fn change_role(&self, before: &Role, mut after: Role) -> Result<Role> {
        after.version = before.version + 1;
        after.modified_at = self.cx.now;
        self.write(record::role_changed(self.cx, before, &mut after)?);
        self.write(roles::change(before, &after)?);
        Ok(after)
    }

    /// Erases an account that was read; its id stays in the histories.
    pub fn erase(&self, user: &User) -> Result<()> {
        self.put(Some(user), None, None)
    }

    fn put(&self, before: Option<&User>, mut after: Option<&mut User>, only_if: Option<Cond>) -> Result<()> {
        if let Some(after) = after.as_deref_mut() {
            roles::list_members(before, after, self.cx.size_to_write());
        }
        let rows = record::rows(self.cx, before, after.as_deref_mut())?;
        let mut wanted = self.wanted();
        wanted.rows.extend(rows);
        wanted.changes.push(Change {
            before: before.cloned(),
            after: after.cloned(),
            only_if,
        });
        Ok(())
    }

    /// Lets this session of an account go on where all others end.
    pub fn keep_session(&self, session: &Session, user: &User) -> Result<()> {
        let kept = Session {
            epoch: user.epoch,
            ..session.clone()
        };
        self.write([sessions::change(session, &kept)?]);
        Ok(())
    }

    /// Further writes, whose conditions come before those of the accounts.
    pub fn write(&self, writes: impl IntoIterator<Item = Write>) {
        self.wanted().writes.extend(writes);
    }

    /// What is to be there before the transaction is, and does no harm without it.
    pub fn write_before(&self, writes: impl IntoIterator<Item = Write>) {
        self.wanted().before.extend(writes);
    }

    /// What goes after the transaction, and does no harm where it stays.
    pub fn write_after(&self, writes: impl IntoIterator<Item = Write>) {
        self.wanted().after.extend(writes);
    }

    /// One update of one item, and nothing beside it: half the cost of a transaction, for what does no harm where it is
    /// done twice (an answer that was lost is no answer to an update).
    pub fn update_alone(&self, key: Key, changes: Changes, when: Cond) {
        self.wanted().alone = Some((key, changes, when));
    }

    async fn commit(&self, tries: &mut Tries) -> Result<(), Refusal> {
        let (cx, table) = (self.cx, &self.cx.app.table);
        if cx.is_dry_run {
            return Ok(());
        }
        let mut wanted = std::mem::take(&mut *self.wanted());
        if let Some((key, changes, when)) = &wanted.alone {
            return table.update_if(key, changes, when).await;
        }
        if wanted.changes.is_empty() && wanted.writes.is_empty() {
            return Ok(());
        }
        let mut is_prepared = false;
        loop {
            let plan = wanted.plan(cx)?;
            if plan.within.is_empty() {
                return Ok(());
            }
            if !std::mem::replace(&mut is_prepared, true) {
                plan.prepare(table).await?;
            }
            match send(table, &plan.within, tries).await {
                Err(Refusal::Lost(Lost::Full)) => {}
                Err(refused) => {
                    plan.undo(cx, &refused).await;
                    return Err(refused);
                }
                Ok(()) => {
                    // It is done, and stays done: searches ignore entries that could not be removed.
                    if let Err(error) = plan.finish(cx).await {
                        tracing::warn!(?error, "what a change left behind could not be removed");
                    }
                    return Ok(());
                }
            }
            if let Err(refused) = wanted.move_seats(cx).await {
                plan.undo(cx, &refused).await;
                return Err(refused);
            }
            tries.another(table, Lost::Full).await?;
        }
    }
}
