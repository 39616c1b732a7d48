//! `cargo bench`: every case of the registry, its variants side by side in one plot.
//!
//! `cargo bench -- recovery` runs the cases whose key contains `recovery`. `RESIDUAL_BENCH_SCALE` (smoke, default or
//! full) bounds the size; `RESIDUAL_BENCH_THREADS=2` lets a variant use two threads; `--features peers` adds the variants
//! of other libraries, which are treated fairly only in a build with `RUSTFLAGS=-Ctarget-cpu=native`.

use std::{
    env,
    hint::black_box,
    os::unix::process::CommandExt,
    process::Command,
    time::{Duration, Instant},
};

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, measurement::WallTime};
use suites::{
    algos::Par,
    faer,
    harness::{
        case::{Accuracy, Case, Problem, Role, Run, cases},
        experiment::Scale,
        threads::Threads,
    },
    papers,
    worker::ALLOCATOR,
};

/// Seed of the problems.
const SEED: u64 = 1;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let (name, value) = ALLOCATOR;
    if env::var_os(name).is_none() {
        // The setting is read when a process starts.
        return Err(Command::new(env::current_exe()?).args(env::args_os().skip(1)).env(name, value).exec().into());
    }
    faer::set_global_parallelism(Par::Seq);
    let scale = env::var("RESIDUAL_BENCH_SCALE").map_or(Ok(Scale::Default), |text| text.parse())?;
    let threads = Threads::new(env::var("RESIDUAL_BENCH_THREADS").map_or(Ok(1), |text| text.parse())?)?;
    // About three seconds of measuring a variant: comparisons are the business of `residual compare`.
    let mut criterion = Criterion::default()
        .noise_threshold(0.03)
        .sample_size(20)
        // Criterion draws a density of all resamples for each variant: with its 100,000 that takes longer than measuring.
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for case in cases(papers::ALL, scale) {
        bench(&mut criterion, case, &threads).map_err(|e| format!("{}: {e}", case.key()))?;
    }
    criterion.final_summary();
    Ok(())
}

fn bench(criterion: &mut Criterion, case: &dyn Case, threads: &Threads) -> Outcome {
    let problem = case.problem(SEED)?;
    let mut group = criterion.benchmark_group(case.key());
    // Long runs cannot be repeated in growing numbers, and for short ones the line through such numbers says nothing more.
    group.sampling_mode(SamplingMode::Flat);
    for variant in case.variants() {
        group.throughput(Throughput::Bytes(problem.work(variant).bytes as u64));
        bench_variant(&mut group, &*problem, variant, case.role(variant), threads)
            .map_err(|e| format!("{variant}: {e}"))?;
    }
    group.finish();
    Ok(())
}

/// Readies and verifies a variant when criterion asks for it first, which it does only if the filter lets it through.
fn bench_variant(
    group: &mut BenchmarkGroup<'_, WallTime>,
    problem: &dyn Problem,
    variant: &str,
    role: Role,
    threads: &Threads,
) -> Outcome {
    let (mut ready, mut failure) = (None, None);
    group.bench_function(BenchmarkId::from_parameter(variant), |bencher| {
        if ready.is_none() && failure.is_none() {
            verified(problem, variant, role, threads).map_or_else(|e| failure = Some(e), |run| ready = Some(run));
        }
        let run = &mut ready;
        let mut timed = |repeat: u64| {
            let started = Instant::now();
            if let Some(run) = run {
                (0..repeat).for_each(|_| drop(black_box(run.run())));
            }
            // Criterion divides by what a variant that failed took, before the failure ends the run.
            started.elapsed().max(Duration::from_nanos(repeat))
        };
        bencher.iter_custom(|repeat| threads.run(|| timed(repeat)));
    });
    failure.map_or(Ok(()), Err)
}

fn verified<'a>(problem: &'a dyn Problem, variant: &str, role: Role, threads: &Threads) -> Outcome<Box<dyn Run + 'a>> {
    let mut run = problem.prepare(variant, threads.par())?;
    let output = threads.run(|| run.run())?;
    if role != Role::Bound {
        problem.verify(&output).and_then(Accuracy::kept)?;
    }
    Ok(run)
}
