//! The timed loop, alone in a function that is never inlined: instruction counts are collected inside it only.

use std::{hint::black_box, time::Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::harness::case::{Output, Run};

/// Nanoseconds that a loop took.
#[derive(Debug, Clone, Copy)]
pub struct Elapsed {
    pub wall: u64,
    pub cpu: u64,
}

/// Runs `iterations` ≥ 1 times; the last output and the time of all.
#[inline(never)]
pub fn timed_loop(run: &mut dyn Run, iterations: u32) -> Result<(Output, Elapsed), algos::Error> {
    let (wall, cpu) = (Instant::now(), processor_time());
    let mut output = run.run();
    for _ in 1..iterations {
        if output.is_err() {
            break;
        }
        output = black_box(run.run());
    }
    let elapsed = Elapsed { cpu: processor_time() - cpu, wall: wall.elapsed().as_nanos() as u64 };
    output.map(|output| (output, elapsed))
}

/// Processor time of all threads of this process. It leaves out the time in which others had the processor.
fn processor_time() -> u64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
