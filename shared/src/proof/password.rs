//! Passwords: Argon2id (RFC 9106) in PHC strings, with the parameters of the OWASP Password Storage Cheat Sheet.
//!
//! A password is hashed exactly as it was sent, all of it: no trimming, no normalisation, no truncation (ASVS 6.2.8).
//! Accounts can be imported with other hashes ([`foreign`]), which the first right login replaces.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2_rust::params::{Memory, TagLen};
use argon2_rust::{Algorithm, Argon2, Decoded, Version, decode_phc, encode_string_alloc};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use phc::PasswordHash;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

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
    fn checked(self) -> Result<argon2_rust::Params> {
        if self.memory_kib > MAX_MEMORY_KIB || self.iterations > MAX_ITERATIONS {
            return Err(Error::fault("the Argon2 parameters are absurd"));
        }
        argon2_rust::Params::builder()
            .memory(Memory::kib(self.memory_kib.into()))
            .passes(self.iterations)
            .lanes(self.parallelism)
            .tag_len(TagLen::bytes(OUTPUT_LEN as u64))
            .build()
            .map_err(Error::fault)
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
    params: argon2_rust::Params,
    /// What is compared for an account that does not exist.
    decoy: String,
    /// Memory that waits, wiped, for the next hash: mapping it anew costs 5 to 30 % of one.
    arenas: Mutex<Vec<argon2_rust::Hasher>>,
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
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params);
        self.compute(argon2, password, &salt, &[], output.as_mut_slice())?;
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
        let stored = stored(phc.unwrap_or(&self.decoy))?;
        self.comparisons.fetch_add(1, Ordering::Relaxed);
        let mut output = Zeroizing::new(vec![0; stored.hash.len()]);
        let argon2 = Argon2::new(stored.algorithm, stored.version, stored.params);
        self.compute(argon2, password, &stored.salt, &stored.ad, &mut output)?;
        let equal = verify_slices_are_equal(&output, &stored.hash).is_ok();
        Ok(if equal && phc.is_some() {
            Verdict::Right {
                rehash: is_weaker(&stored, &self.params),
            }
        } else {
            Verdict::Wrong
        })
    }

    fn compute(
        &self,
        argon2: Argon2,
        password: &SecretString,
        salt: &[u8],
        data: &[u8],
        output: &mut [u8],
    ) -> Result<()> {
        let mut arena = self.arena(argon2)?;
        let password = password.expose_secret().as_bytes();
        let hashed = arena.memory.hash_into_with_ad(password, salt, &[], data, output);
        hashed.map_err(Error::fault)
    }

    fn arena(&self, argon2: Argon2) -> Result<Arena<'_>> {
        let fits = argon2.params().memory_blocks() <= self.params.memory_blocks();
        if fits && let Some(mut memory) = self.pool().pop() {
            memory.set_argon2(argon2);
            return Ok(Arena { home: self, memory });
        }
        self.allocated.fetch_add(1, Ordering::Relaxed);
        // As large as most of them are: a smaller one leaves it to others.
        let params = if fits { self.params } else { *argon2.params() };
        let mut memory = Argon2::new(argon2.algorithm(), argon2.version(), params).hasher();
        memory.reserve().map_err(Error::unavailable)?;
        memory.set_argon2(argon2);
        Ok(Arena { home: self, memory })
    }

    fn pool(&self) -> MutexGuard<'_, Vec<argon2_rust::Hasher>> {
        self.arenas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The memory of one hash, which wipes itself: its blocks are enough to go on guessing the password without redoing the
/// work. It goes back to the pool, however the hash ended.
struct Arena<'a> {
    home: &'a Inner,
    memory: argon2_rust::Hasher,
}

impl Drop for Arena<'_> {
    fn drop(&mut self) {
        let argon2 = *self.memory.argon2();
        let is_larger = self.memory.reserved_blocks() > self.home.params.memory_blocks() as usize;
        let mut pool = self.home.pool();
        if !is_larger && pool.len() < self.home.keep {
            pool.push(std::mem::replace(&mut self.memory, argon2.hasher()));
        }
    }
}

/// What a stored hash of Argon2 is. The causes name what is wrong and never the string: it is as secret as the table.
fn stored(phc: &str) -> Result<Decoded> {
    let hash = decode_phc(phc).map_err(|why| Error::fault(format!("a stored password hash: {why}")))?;
    if hash.params.memory_kib() > MAX_MEMORY_KIB || hash.params.passes() > MAX_ITERATIONS {
        return Err(Error::fault("a stored password hash asks for an absurd amount of work"));
    }
    Ok(hash)
}

fn is_weaker(stored: &Decoded, wanted: &argon2_rust::Params) -> bool {
    let has = &stored.params;
    (stored.algorithm, stored.version) != (Algorithm::Argon2id, Version::V0x13)
        || has.memory_kib() < wanted.memory_kib()
        || has.passes() < wanted.passes()
        || has.lanes() < wanted.lanes()
        || stored.salt.len() < SALT_LEN
        || stored.hash.len() < OUTPUT_LEN
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
    let stored = stored(hash).map_err(|error| match error {
        Error::Fault(cause) => cause.0,
        other => other.to_string(),
    })?;
    let (memory, passes) = (stored.params.memory_kib(), stored.params.passes());
    // What is not known of them might change the hash.
    let is_known = |name: &str| ["m", "t", "p", "keyid", "data"].contains(&name);
    let parsed = PasswordHash::new(hash).map_err(|why| format!("this is no PHC string: {why}"))?;
    if !parsed.params.iter().all(|(name, _)| is_known(name.as_str())) {
        return Err("Argon2 has the parameters m, t, p, keyid and data".to_owned());
    }
    if memory > IMPORTED_MEMORY_KIB {
        return Err(format!("Argon2's m must be {IMPORTED_MEMORY_KIB} at most"));
    }
    if u64::from(memory) * u64::from(passes) > IMPORTED_WORK_KIB {
        return Err(format!("Argon2's m·t must be {IMPORTED_WORK_KIB} at most"));
    }
    Ok(())
}

fn phc(params: &argon2_rust::Params, salt: &[u8], output: &[u8]) -> Result<String> {
    encode_string_alloc(Algorithm::Argon2id, Version::V0x13, params, salt, output).map_err(Error::fault)
}

#[cfg(test)]
mod tests;
