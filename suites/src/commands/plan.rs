//! `residual reproduce --plan`: what a run would take.

use std::process::ExitCode;

use crate::{
    commands::reproduce::Order,
    harness::{error::Result, folder::Folder, paper::Paper, provenance::Provenance, select::select},
};

/// Assumed where the committed run has not measured the experiment.
const FLOPS_PER_SECOND: f64 = 3e9;
/// Bytes of a CSV cell, on average.
const CELL: usize = 12;

/// Prints the predicted trials, seconds, memory and disk of each selected experiment, and the totals.
pub fn plan(papers: &'static [&'static Paper], patterns: &[String], order: &Order) -> Result<ExitCode> {
    let measured = Folder::open("results/default").and_then(|folder| Provenance::read(&folder)).ok().flatten();
    println!(
        "{:<40} {:>7} {:>8} {:>12} {:>10} {:>10}",
        "experiment", "points", "trials", "core-seconds", "memory", "disk"
    );
    let (mut trials, mut seconds, mut memory, mut disk) = (0, 0.0, 0, 0);
    for selected in select(papers, patterns)? {
        let points = selected.experiment.points(order.scale)?;
        let rate = measured
            .as_ref()
            .and_then(|p| p.experiments.get(&selected.name()))
            .filter(|made| made.flops > 0.0 && made.core_seconds > 0.0)
            .map_or(FLOPS_PER_SECOND, |made| made.flops / made.core_seconds);
        let width = selected.experiment.tables().iter().map(|t| t.columns.len()).max().unwrap_or(0)
            + selected.experiment.point_columns().len()
            + 3;
        let n: u64 = points.iter().map(|p| u64::from(p.trials)).sum();
        let s: f64 = points.iter().map(|p| p.cost.flops * f64::from(p.trials)).sum::<f64>() / rate;
        let m = points.iter().map(|p| p.cost.memory).max().unwrap_or(0);
        let d: u64 = points.iter().map(|p| u64::from(p.trials) * u64::from(p.cost.rows) * (width * CELL) as u64).sum();
        let (size, name) = (points.len(), selected.name());
        println!("{name:<40} {size:>7} {n:>8} {s:>12.1} {:>10} {:>10}", bytes(m), bytes(d));
        (trials, seconds, memory, disk) = (trials + n, seconds + s, memory.max(m), disk + d);
    }
    let jobs = order.jobs;
    println!(
        "total: {trials} trials, {seconds:.0} core-seconds, about {:.0} s on {jobs} threads, at most {} of memory, {} of disk",
        seconds / jobs as f64,
        bytes(memory * jobs as u64),
        bytes(disk)
    );
    Ok(ExitCode::SUCCESS)
}

fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{:.0} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.2} GB", n as f64 / 1e9),
    }
}
