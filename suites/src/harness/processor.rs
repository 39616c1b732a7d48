//! Keeps a process or a thread on one processor, where the system allows it.
//!
//! Processors of one machine differ, on a virtual one by whatever else their cores do: two processes of one executable on
//! two processors took times 12 % apart (standard deviation), on one processor 2 %.

pub use system::{Stay, available, pin};

#[cfg(target_os = "linux")]
mod system {
    use std::process::Child;

    use rustix::{
        process::Pid,
        thread::{CpuSet, sched_getaffinity, sched_setaffinity},
    };

    // What the system does not let be pinned has times that are noisier, not wrong: errors are dropped here.

    /// The processors that this process may use; none if the system does not say.
    pub fn available() -> Vec<usize> {
        let allowed = sched_getaffinity(None).unwrap_or_default();
        (0..CpuSet::MAX_CPU).filter(|&i| allowed.is_set(i)).collect()
    }

    /// Keeps a process, and every thread that it starts from now on, on a processor.
    pub fn pin(process: &Child, processor: usize) {
        let _free = sched_setaffinity(Some(Pid::from_child(process)), &only(processor));
    }

    /// Keeps the calling thread on a processor until it is dropped.
    #[derive(Debug)]
    #[must_use]
    pub struct Stay {
        before: Option<CpuSet>,
    }

    impl Stay {
        /// Begins to.
        pub fn on(processor: usize) -> Self {
            let before = sched_getaffinity(None).ok();
            let _free = sched_setaffinity(None, &only(processor));
            Self { before }
        }
    }

    impl Drop for Stay {
        fn drop(&mut self) {
            let _free = self.before.map(|before| sched_setaffinity(None, &before));
        }
    }

    fn only(processor: usize) -> CpuSet {
        let mut set = CpuSet::new();
        set.set(processor);
        set
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::process::Child;

    /// The processors that a process can be kept on: none here.
    pub fn available() -> Vec<usize> {
        Vec::new()
    }

    /// Does nothing here.
    pub fn pin(_: &Child, _: usize) {}

    /// Does nothing here.
    #[derive(Debug)]
    #[must_use]
    pub struct Stay;

    impl Stay {
        /// Does nothing here.
        pub fn on(_: usize) -> Self {
            Self
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_stays_on_its_processor_and_is_free_again() {
        let all = available();
        for &processor in &all {
            let stay = Stay::on(processor);
            assert_eq!(available(), [processor]);
            drop(stay);
            assert_eq!(available(), all);
        }
    }
}
