//! Threads of a measured run.

use algos::Par;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::error::{Error, Result};

/// So many threads, of which the caller's place is taken by one: outside of their pool it would sleep until one of them
/// has woken up, in every run.
pub struct Threads {
    par: Par,
    pool: Option<ThreadPool>,
}

impl Threads {
    /// At least one.
    ///
    /// # Errors
    ///
    /// Threads that cannot be started.
    pub fn new(count: usize) -> Result<Self> {
        if count <= 1 {
            return Ok(Self { par: Par::Seq, pool: None });
        }
        let pool = ThreadPoolBuilder::new().num_threads(count).build();
        let pool = pool.map_err(|e| Error::broken(format!("cannot start {count} threads: {e}")))?;
        Ok(Self { par: Par::rayon(count), pool: Some(pool) })
    }

    /// What an algorithm is told.
    pub fn par(&self) -> Par {
        self.par
    }

    /// Runs `work` on these threads, or on this one.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}
