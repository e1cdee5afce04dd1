//! Which chain a transaction's rows go to. Each process keeps to chains that it has written to before, whose heads it
//! therefore knows, and no two of its requests write to one at a time: so a row costs no further read, and processes
//! that met on a chain part.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ambient;
use crate::domain::audit::Head;
use crate::domain::tenant::TenantId;
use crate::domain::tenant_size::{MOST_CHAINS, TenantSize};
use crate::error::{Error, Result};

/// For how many tenants and retentions heads are kept at hand.
const GROUPS: usize = 1_000;

/// Chains whose rows are kept equally long, so that no row outlives one that comes after it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    pub tenant: TenantId,
    pub days: i64,
}

#[derive(Debug, Default)]
pub struct Leases(Mutex<HashMap<Group, Arc<Pool>>>);

#[derive(Debug)]
struct Pool {
    free: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    lent: BTreeSet<u16>,
    /// Those that were written to, the last one at the end, and their heads.
    known: Vec<(u16, Head)>,
}

/// One chain, while a transaction writes to it. Where it is only dropped, nobody knows where its head is.
#[derive(Debug)]
pub struct Lease {
    pub chain: String,
    number: u16,
    head: Option<Head>,
    /// Its head from now on, once it was given back.
    back: Option<Head>,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Leases {
    /// A chain that nobody else of this process writes to; where all are taken, the first that is given back. One that this
    /// process did not write to is one of those of a tenant of this size, or of a large one where all of these are lent.
    pub async fn lease(&self, group: &Group, size: TenantSize) -> Result<Lease> {
        let pool = self.pool(group);
        let permit = pool.free.clone().acquire_owned().await.map_err(Error::fault)?;
        let first = u16::from_be_bytes(ambient::random()?) % size.chains();
        let mut state = pool.state();
        let (number, head) = if let Some((number, head)) = state.known.pop() {
            (number, Some(head))
        } else {
            let mut numbers = (0..MOST_CHAINS).map(|n| (first + n) % MOST_CHAINS);
            let free = numbers.find(|number| !state.lent.contains(number));
            let free = free.ok_or_else(|| Error::fault("more chains are lent than there are"))?;
            (free, None)
        };
        state.lent.insert(number);
        drop(state);
        Ok(Lease {
            chain: format!("{}-{number}", group.days),
            number,
            head,
            back: None,
            pool,
            _permit: permit,
        })
    }

    fn pool(&self, group: &Group) -> Arc<Pool> {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pools.len() >= GROUPS {
            pools.retain(|_, pool| Arc::strong_count(pool) > 1);
        }
        let new = || Pool {
            free: Arc::new(Semaphore::new(MOST_CHAINS.into())),
            state: Mutex::default(),
        };
        pools.entry(group.clone()).or_insert_with(|| Arc::new(new())).clone()
    }
}

impl Pool {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Its head, where this process wrote it.
    pub fn known(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    #[must_use]
    pub fn found(mut self, head: Head) -> Self {
        self.head = Some(head);
        self
    }

    /// Its head is this one now.
    pub fn give_back(mut self, head: Head) {
        self.back = Some(head);
    }

    pub fn give_back_as_found(mut self) {
        self.back = self.head.take();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.lent.remove(&self.number);
        if let Some(head) = self.back.take() {
            state.known.push((self.number, head));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the chains that so many processes pick at first.
    async fn picked(size: TenantSize) -> BTreeSet<u16> {
        let group = Group {
            tenant: TenantId::main(),
            days: 400,
        };
        let mut numbers = BTreeSet::new();
        for _ in 0..400 {
            numbers.insert(Leases::default().lease(&group, size).await.unwrap().number);
        }
        numbers
    }

    #[tokio::test]
    async fn processes_of_a_large_tenant_pick_among_more_chains() {
        assert!(picked(TenantSize::Small).await.iter().all(|number| *number < 256));
        let of_large = picked(TenantSize::Large).await;
        assert!(of_large.iter().any(|number| *number >= 256));
        assert!(of_large.iter().all(|number| *number < MOST_CHAINS));
    }
}
