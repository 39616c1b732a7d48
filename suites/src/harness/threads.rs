//! Threads of a measured run.

use algos::Par;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::error::{Error, Result};

/// More would exhaust the system before anything is measured.
pub const MOST: usize = 1024;

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
    /// More than [`MOST`]; threads that cannot be started.
    pub fn new(count: usize) -> Result<Self> {
        if count > MOST {
            return Err(Error::input(format!("{count} threads are too many: at most {MOST}")));
        }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_caller_takes_a_place_and_absurd_numbers_are_refused() {
        for count in [0, 1, 3] {
            let threads = Threads::new(count).unwrap();
            assert_eq!(threads.par().degree(), count.max(1));
            assert_eq!(threads.run(rayon::current_thread_index).is_some(), count > 1);
        }
        assert!(matches!(Threads::new(MOST + 1), Err(Error::Input(_))));
    }
}
