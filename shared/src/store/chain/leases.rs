//! Which chain a transaction's rows go to. Each process keeps to chains that it has written to before, whose heads it
//! therefore knows, and no two of its requests write to one at a time: so a row costs no further read, and processes
//! that met on a chain part.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ambient;
use crate::domain::audit::Head;
use crate::domain::tenant::TenantId;
use crate::error::{Error, Result};

/// How many chains a tenant has of each retention, at most: as many as a byte tells apart.
const CHAINS: usize = 256;
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
    lent: BTreeSet<u8>,
    /// Those that were written to, the last one at the end, and their heads.
    known: Vec<(u8, Head)>,
}

/// One chain, while a transaction writes to it. Where it is only dropped, nobody knows where its head is.
#[derive(Debug)]
pub struct Lease {
    pub chain: String,
    shard: u8,
    head: Option<Head>,
    /// Its head from now on, once it was given back.
    back: Option<Head>,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Leases {
    /// A chain that nobody else of this process writes to; where all are taken, the first that is given back.
    pub async fn lease(&self, group: &Group) -> Result<Lease> {
        let pool = self.pool(group);
        let permit = pool.free.clone().acquire_owned().await.map_err(Error::fault)?;
        let [chance] = ambient::random()?;
        let mut state = pool.state();
        let (shard, head) = match state.known.pop() {
            Some((shard, head)) => (shard, Some(head)),
            None => {
                let mut shards = (0..=u8::MAX).map(|n| chance.wrapping_add(n));
                let free = shards.find(|shard| !state.lent.contains(shard));
                (
                    free.ok_or_else(|| Error::fault("more chains are lent than there are"))?,
                    None,
                )
            }
        };
        state.lent.insert(shard);
        drop(state);
        Ok(Lease {
            chain: format!("{}-{shard}", group.days),
            shard,
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
            free: Arc::new(Semaphore::new(CHAINS)),
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
        state.lent.remove(&self.shard);
        if let Some(head) = self.back.take() {
            state.known.push((self.shard, head));
        }
    }
}
