//! Passwords: Argon2id (RFC 9106) in PHC strings, with the parameters of the OWASP Password Storage Cheat Sheet.
//!
//! A password is hashed exactly as it was sent, all of it: no trimming, no normalisation, no truncation (ASVS 6.2.8).
//! Accounts can be imported with other hashes ([`foreign`]), which the first right login replaces.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use zeroize::{Zeroizing, optimization_barrier};

use self::foreign::Foreign;
use crate::ambient;
use crate::error::{Error, Result};

mod foreign;

/// A stored hash may ask for this much memory at most, in KiB (1 GiB): the store is not trusted to bring us down.
const MAX_MEMORY_KIB: u32 = 1 << 20;
/// A stored hash may ask for this many passes at most: ten times what any recommendation asks.
const MAX_ITERATIONS: u32 = 64;
/// A hash that is imported may ask for this much memory at most, in KiB (256 MiB), and for this much over all its passes.
const IMPORTED_MEMORY_KIB: u32 = 1 << 18;
const IMPORTED_WORK_KIB: u64 = 1 << 20;
/// The length of the salts that we make, in bytes (RFC 9106 section 3.1).
const SALT_LEN: usize = 16;
/// The length of the hashes that we make, in bytes.
const OUTPUT_LEN: usize = 32;

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    pub memory_kib: u32,
    pub iterations: u32,
    /// Lanes. They are computed one after another, so more of them buy nothing here.
    pub parallelism: u32,
}

impl Default for Params {
    /// 19 MiB, two passes, one lane: the first choice of the OWASP Password Storage Cheat Sheet.
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            iterations: 2,
            parallelism: 1,
        }
    }
}

/// As `USHER_ARGON2` and PHC strings spell them.
impl Display for Params {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p={}", self.memory_kib, self.iterations, self.parallelism)
    }
}

impl FromStr for Params {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split(',');
        let mut number = |key: &str| parts.next()?.strip_prefix(key)?.parse().ok();
        let params = Self {
            memory_kib: number("m=").ok_or(())?,
            iterations: number("t=").ok_or(())?,
            parallelism: number("p=").ok_or(())?,
        };
        parts.next().map_or(Ok(params), |_| Err(()))
    }
}

impl Params {
    fn checked(self) -> Result<argon2::Params> {
        if self.memory_kib > MAX_MEMORY_KIB || self.iterations > MAX_ITERATIONS {
            return Err(Error::fault("the Argon2 parameters are absurd"));
        }
        argon2::Params::new(self.memory_kib, self.iterations, self.parallelism, Some(OUTPUT_LEN)).map_err(Error::fault)
    }
}

/// What came of comparing a password with a stored hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Right {
        /// The stored hash is weaker than what is asked for now: hash the password again and store that.
        rehash: bool,
    },
    Wrong,
}

/// Hashes passwords and compares them, off the async threads and only so many at a time. Clones share everything.
#[derive(Clone)]
pub struct Hasher {
    inner: Arc<Inner>,
    permits: Arc<Semaphore>,
}

struct Inner {
    params: argon2::Params,
    /// What is compared for an account that does not exist.
    decoy: String,
    /// Wiped memory that waits for the next hash: mapping it anew costs 5 to 30 % of one.
    arenas: Mutex<Vec<Vec<Block>>>,
    keep: usize,
    allocated: AtomicU64,
    comparisons: AtomicU64,
    hashes: AtomicU64,
}

impl Hasher {
    /// A hasher at this cost, that works on `parallel` passwords at once; the others wait. Memory is bounded by
    /// `parallel` times `memory_kib`.
    pub fn new(params: Params, parallel: usize) -> Result<Self> {
        if parallel == 0 || parallel > Semaphore::MAX_PERMITS {
            return Err(Error::fault("the number of parallel hashes must be at least 1"));
        }
        let params = params.checked()?;
        // Random bytes in place of a hash: no password fits, the work is the same, and a cold start does not
        // pay for computing one.
        let decoy = phc(
            &params,
            &ambient::random::<SALT_LEN>()?,
            &ambient::random::<OUTPUT_LEN>()?,
        )?;
        let inner = Inner {
            params,
            decoy,
            arenas: Mutex::new(Vec::new()),
            keep: parallel,
            allocated: AtomicU64::new(0),
            comparisons: AtomicU64::new(0),
            hashes: AtomicU64::new(0),
        };
        Ok(Self {
            inner: Arc::new(inner),
            permits: Arc::new(Semaphore::new(parallel)),
        })
    }

    /// The PHC string of a password, with a salt of its own.
    pub async fn hash(&self, password: SecretString) -> Result<String> {
        self.apart(move |inner| inner.hash(&password)).await
    }

    /// Does the work of comparing a password with a hash of this cost ([`Imported::cost`]), where there is none.
    pub async fn verify_decoy(&self, password: SecretString, cost: String) -> Result<()> {
        let decoy = foreign::decoy(&cost)?;
        self.apart(move |inner| inner.verify(&password, Some(&decoy)).map(drop))
            .await
    }

    /// Whether the stored hash is this password's. Without a stored hash the same work is done on a decoy and the
    /// answer is [`Verdict::Wrong`], so that time reveals nothing about who exists.
    pub async fn verify(&self, password: SecretString, phc: Option<String>) -> Result<Verdict> {
        self.apart(move |inner| inner.verify(&password, phc.as_deref())).await
    }

    /// What comparing with a hash of its own costs, as [`Imported::cost`] has it.
    pub fn cost(&self) -> Option<String> {
        foreign::cost(&self.inner.decoy)
    }

    /// How many passwords were compared so far, with hashes or with the decoy.
    pub fn comparisons(&self) -> u64 {
        self.inner.comparisons.load(Ordering::Relaxed)
    }

    /// How many new hashes were made so far.
    pub fn hashes(&self) -> u64 {
        self.inner.hashes.load(Ordering::Relaxed)
    }

    async fn apart<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Inner) -> Result<T> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(Error::fault)?;
        let inner = Arc::clone(&self.inner);
        let job = move || {
            // The permit goes with the work, not with the request: one that hangs up does not make room early.
            let _permit = permit;
            work(&inner)
        };
        tokio::task::spawn_blocking(job).await.map_err(Error::fault)?
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("params", &self.inner.params)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn hash(&self, password: &SecretString) -> Result<String> {
        self.hashes.fetch_add(1, Ordering::Relaxed);
        let salt = ambient::random::<SALT_LEN>()?;
        let mut output = Zeroizing::new([0; OUTPUT_LEN]);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        self.compute(&argon2, password, &salt, output.as_mut_slice())?;
        phc(&self.params, &salt, output.as_slice())
    }

    fn verify(&self, password: &SecretString, phc: Option<&str>) -> Result<Verdict> {
        if let Some(foreign) = phc.and_then(Foreign::parse) {
            self.comparisons.fetch_add(1, Ordering::Relaxed);
            let foreign = foreign.map_err(|why| Error::fault(format!("a stored password hash: {why}")))?;
            let is = foreign.is(password.expose_secret().as_bytes())?;
            return Ok(if is {
                Verdict::Right { rehash: true }
            } else {
                Verdict::Wrong
            });
        }
        let stored = Stored::parse(phc.unwrap_or(&self.decoy))?;
        self.comparisons.fetch_add(1, Ordering::Relaxed);
        let mut output = Zeroizing::new(vec![0; stored.output.len()]);
        self.compute(&stored.argon2, password, &stored.salt, &mut output)?;
        let equal = verify_slices_are_equal(&output, stored.output.as_bytes()).is_ok();
        Ok(if equal && phc.is_some() {
            Verdict::Right {
                rehash: stored.is_weaker_than(&self.params),
            }
        } else {
            Verdict::Wrong
        })
    }

    fn compute(&self, argon2: &Argon2<'_>, password: &SecretString, salt: &[u8], output: &mut [u8]) -> Result<()> {
        let mut arena = self.arena(argon2.params().block_count())?;
        argon2
            .hash_password_into_with_memory(
                password.expose_secret().as_bytes(),
                salt,
                output,
                arena.blocks.as_mut_slice(),
            )
            .map_err(Error::fault)
    }

    fn arena(&self, blocks: usize) -> Result<Arena<'_>> {
        let standard = self.params.block_count();
        if blocks <= standard
            && let Some(blocks) = self.pool().pop()
        {
            return Ok(Arena { home: self, blocks });
        }
        let size = blocks.max(standard);
        let mut blocks = Vec::new();
        blocks.try_reserve_exact(size).map_err(Error::unavailable)?;
        blocks.resize(size, Block::new());
        self.allocated.fetch_add(1, Ordering::Relaxed);
        Ok(Arena { home: self, blocks })
    }

    fn pool(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.arenas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The memory of one hash. It goes back to the pool wiped, however the hash ended.
struct Arena<'a> {
    home: &'a Inner,
    blocks: Vec<Block>,
}

impl Drop for Arena<'_> {
    fn drop(&mut self) {
        // Its blocks are enough to go on guessing the password without redoing the work. All at once and not word by
        // word, which is 3 million instructions; the barrier keeps the compiler from leaving out what nothing reads.
        self.blocks.fill(Block::new());
        optimization_barrier(self.blocks.as_slice());
        let mut pool = self.home.pool();
        if self.blocks.len() == self.home.params.block_count() && pool.len() < self.home.keep {
            pool.push(std::mem::take(&mut self.blocks));
        }
    }
}

struct Stored {
    argon2: Argon2<'static>,
    current: bool,
    salt: Salt,
    output: Output,
}

impl Stored {
    /// The causes name what is wrong and never the string: it is as secret as the table.
    fn parse(phc: &str) -> Result<Self> {
        let hash = PasswordHash::new(phc).map_err(|why| Error::fault(format!("a stored password hash: {why}")))?;
        let algorithm = Algorithm::new(hash.algorithm.as_str());
        let algorithm = algorithm.map_err(|_| Error::fault("a stored password hash is of no kind that is known"))?;
        let params = argon2::Params::try_from(&hash).map_err(Error::fault)?;
        if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_ITERATIONS {
            return Err(Error::fault("a stored password hash asks for an absurd amount of work"));
        }
        // No version means the first one (argon2's own decoder reads it so).
        let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from);
        let version = version.map_err(Error::fault)?;
        let (Some(salt), Some(output)) = (hash.salt, hash.hash) else {
            return Err(Error::fault("a stored password hash has no salt or no hash"));
        };
        Ok(Self {
            argon2: Argon2::new(algorithm, version, params),
            current: version == Version::V0x13 && algorithm == Algorithm::Argon2id,
            salt,
            output,
        })
    }

    fn is_weaker_than(&self, wanted: &argon2::Params) -> bool {
        let has = self.argon2.params();
        !self.current
            || has.m_cost() < wanted.m_cost()
            || has.t_cost() < wanted.t_cost()
            || has.p_cost() < wanted.p_cost()
            || self.salt.len() < SALT_LEN
            || self.output.len() < OUTPUT_LEN
    }
}

/// A hash that an account is imported with.
#[derive(Clone)]
pub struct Imported {
    /// As it is kept.
    pub hash: String,
    /// What comparing with it costs: its kind and parameters.
    pub cost: String,
}

/// The hash that an account is imported with; else why it cannot be, in a sentence that repeats nothing of it.
pub fn imported(text: &str) -> Result<Imported, String> {
    let hash = foreign::normal(text)?;
    match Foreign::parse(&hash) {
        Some(foreign) => drop(foreign?),
        None => is_bounded(&hash)?,
    }
    let cost = foreign::cost(&hash).ok_or_else(|| "this is no password hash".to_owned())?;
    Ok(Imported { hash, cost })
}

/// Whether a hash is one of Argon2 that is compared in a time and a memory that a login has.
fn is_bounded(hash: &str) -> Result<(), String> {
    let stored = Stored::parse(hash).map_err(|error| match error {
        Error::Fault(cause) => cause.0,
        other => other.to_string(),
    })?;
    let params = stored.argon2.params();
    if params.m_cost() > IMPORTED_MEMORY_KIB {
        return Err(format!("Argon2's m must be {IMPORTED_MEMORY_KIB} at most"));
    }
    if u64::from(params.m_cost()) * u64::from(params.t_cost()) > IMPORTED_WORK_KIB {
        return Err(format!("Argon2's m·t must be {IMPORTED_WORK_KIB} at most"));
    }
    Ok(())
}

fn phc(params: &argon2::Params, salt: &[u8], output: &[u8]) -> Result<String> {
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(Error::fault)?,
        salt: Some(Salt::new(salt).map_err(Error::fault)?),
        hash: Some(Output::new(output).map_err(Error::fault)?),
    };
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests;
