//! The timed loop, alone in a function that is never inlined: instruction counts are collected inside it only.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use cpu_time::ProcessTime;

use crate::harness::case::{Output, Run};

/// Nanoseconds that a loop took.
#[derive(Debug, Clone, Copy)]
pub struct Elapsed {
    pub wall: u64,
    /// Processor time of all threads of this process, which leaves out the time in which others had the processor.
    pub cpu: u64,
}

/// Runs `iterations` ≥ 1 times; the last output and the time of all.
#[inline(never)]
pub fn timed_loop(run: &mut dyn Run, iterations: u32) -> Result<(Output, Elapsed), algos::Error> {
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let mut output = run.run();
    for _ in 1..iterations {
        if output.is_err() {
            break;
        }
        output = black_box(run.run());
    }
    let elapsed = Elapsed { cpu: nanoseconds(cpu.elapsed()), wall: nanoseconds(wall.elapsed()) };
    output.map(|output| (output, elapsed))
}

fn nanoseconds(elapsed: Duration) -> u64 {
    elapsed.as_nanos() as u64
}
