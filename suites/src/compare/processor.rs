//! Keeps a process on one processor, where the system allows it.
//!
//! Processors of one machine differ, on a virtual one by whatever else their cores do: two processes of one executable on
//! two processors took times 12 % apart (standard deviation), on one processor 2 %.

pub use system::{available, pin};

#[cfg(target_os = "linux")]
mod system {
    use std::process::Child;

    use rustix::{
        process::Pid,
        thread::{CpuSet, sched_getaffinity, sched_setaffinity},
    };

    /// The processors that this process may use; none if the system does not say.
    pub fn available() -> Vec<usize> {
        let allowed = sched_getaffinity(None).unwrap_or_default();
        (0..CpuSet::MAX_CPU).filter(|&i| allowed.is_set(i)).collect()
    }

    /// Keeps a process, and every thread that it starts from now on, on a processor.
    pub fn pin(process: &Child, processor: usize) {
        let mut only = CpuSet::new();
        only.set(processor);
        // A process that the system does not let be pinned has times that are noisier, not wrong.
        let _free = sched_setaffinity(Some(Pid::from_child(process)), &only);
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
}
