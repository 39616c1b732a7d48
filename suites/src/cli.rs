//! The command line.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::{
    commands::{calibrate, check, compare, diff, list, merge, new_paper, peers, reproduce, rerun, why, worker},
    harness::{
        difference::{Limit, Tolerance},
        error::{Error, Result},
        experiment::Scale,
        paper::Paper,
        runner::Shard,
    },
};

/// Re-run the claims of numerical-linear-algebra papers from seeds, and judge them.
#[derive(Debug, Parser)]
#[command(name = "residual", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what there is.
    List {
        /// Only these.
        what: Option<list::What>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run experiments, judge claims, draw figures, write the report.
    Reproduce(ReproduceArguments),
    /// Judge claims, draw figures and write the report again, from the CSV files alone.
    Check {
        #[command(flatten)]
        out: OutArguments,
        /// Also splice the table of verdicts into README.md in the current folder.
        #[arg(long)]
        readme: bool,
        /// Also write a PNG beside every figure; needs a build with `--features png`.
        #[arg(long)]
        png: bool,
    },
    /// Join the parts that `reproduce --shard I/N` left, then judge, draw and report.
    Merge {
        /// The folders of all parts, in any order.
        #[arg(required = true, value_name = "DIR")]
        parts: Vec<PathBuf>,
        /// The result folder.
        #[arg(long)]
        out: PathBuf,
    },
    /// Compare two result folders: integers and text exactly, other numbers within a tolerance.
    ///
    /// a and b are the same if |a - b| <= atol + rtol * max(|a|, |b|). Status 0: the same; 1: different.
    Diff {
        /// The first folder.
        a: PathBuf,
        /// The second folder.
        b: PathBuf,
        /// Relative tolerance, for all columns or for one; may be given again [default: 1e-6].
        #[arg(long, value_name = "[COLUMN=]NUMBER")]
        rtol: Vec<Limit>,
        /// Noise floor, for all columns or for one; may be given again [default: 1e-12].
        #[arg(long, value_name = "[COLUMN=]NUMBER")]
        atol: Vec<Limit>,
    },
    /// Make one row again from what it and its folder hold, and compare. Status 0: equal; 1: different.
    Rerun {
        /// paper/experiment.table:LINE (the header is line 1), or paper/experiment.table?column=cell&trial=0.
        row: String,
        #[command(flatten)]
        out: OutArguments,
    },
    /// Judge claims at many master seeds: how often does a verdict flip?
    Calibrate(CalibrateArguments),
    /// Explain a verdict: the checks, their intervals and ranges, the control, the rows.
    Why {
        /// Key of the claim.
        claim: String,
        #[command(flatten)]
        out: OutArguments,
    },
    /// Compare two revisions, or two variants: speed, accuracy, counted work, claims.
    Compare(Box<compare::CompareArguments>),
    /// Other libraries on the same cases: make their environment, list them, time them beside ours.
    #[command(subcommand)]
    Peers(peers::PeersCommand),
    /// Write a complete paper to start from, with one experiment, claim, control and figure, and register it.
    NewPaper {
        /// Its key: lower-case letters and digits, such as the first author's name.
        key: String,
    },
    /// Run cases on request: JSON lines on standard input and output.
    Worker(worker::WorkerArguments),
}

#[derive(Debug, clap::Args)]
struct OutArguments {
    /// The result folder.
    #[arg(long, default_value = "results/default")]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
struct ReproduceArguments {
    /// Papers, families, experiments or claims, as keys or globs; all if none is given.
    select: Vec<String>,
    /// How much is run.
    #[arg(long, value_enum, default_value_t = Scale::Default)]
    scale: Scale,
    /// Master seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; trials run in parallel, each on one [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=4096))]
    jobs: Option<u32>,
    /// The result folder [default: results/<scale>].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Discard what an earlier run left of the selected experiments.
    #[arg(long)]
    fresh: bool,
    /// Run only part I of N of the trials; `residual merge` joins the parts.
    #[arg(long, value_name = "I/N", value_parser = shard, default_value = "1/1", hide_default_value = true)]
    shard: Shard,
    /// Print trials, seconds, memory and disk, and run nothing.
    #[arg(long)]
    plan: bool,
}

#[derive(Debug, clap::Args)]
struct CalibrateArguments {
    /// Papers, families, experiments or claims, as keys or globs; all if none is given.
    select: Vec<String>,
    /// How many master seeds.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1001)]
    first_seed: u64,
    /// How much is run at each.
    #[arg(long, value_enum, default_value_t = Scale::Default)]
    scale: Scale,
    /// Threads [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=4096))]
    jobs: Option<u32>,
    /// The folder of the calibration [default: results/calibration/<scale>].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Discard what an earlier calibration left there.
    #[arg(long)]
    fresh: bool,
}

fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((index, count)) if 1 <= index && index <= count => Ok(Shard { index, count }),
        _ => Err("give I/N with 1 ≤ I ≤ N, such as 2/8".into()),
    }
}

/// Runs the command with the papers of the caller.
pub fn run(papers: &'static [&'static Paper]) -> ExitCode {
    // Factorizations are not bit-identical across thread counts, so inside a trial all is sequential.
    faer::set_global_parallelism(faer::Par::Seq);
    end_with_the_reader();
    // A panic has printed its message; it is a failure of the harness.
    let outcome = catch_unwind(AssertUnwindSafe(|| dispatch(papers, Arguments::parse().command)));
    match outcome.unwrap_or_else(|_| Err(Error::broken("the harness panicked; please report it"))) {
        Ok(code) => code,
        Err(e) => {
            eprintln!("residual: {e}");
            ExitCode::from(e.exit_status())
        }
    }
}

/// Ends quietly when nobody reads the output any more, as under `| head`, with the status that a shell shows then.
fn end_with_the_reader() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let says = info.payload().downcast_ref::<String>();
        if says.is_some_and(|says| says.starts_with("failed printing to stdout")) {
            std::process::exit(141);
        }
        report(info);
    }));
}

fn dispatch(papers: &'static [&'static Paper], command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::List { what, json } => list::list(papers, what, json),
        Command::Reproduce(a) => {
            let jobs = a.jobs.map_or_else(default_jobs, |n| n as usize);
            let out = a.out.unwrap_or_else(|| PathBuf::from("results").join(a.scale.name()));
            let order = reproduce::Order { scale: a.scale, seed: a.seed, jobs, out, fresh: a.fresh, shard: a.shard };
            if a.plan {
                crate::commands::plan::plan(papers, &a.select, &order)
            } else {
                reproduce::reproduce(papers, &a.select, &order)
            }
        }
        Command::Check { out, readme, png } => check::check(papers, &out.out, readme, png),
        Command::Merge { parts, out } => merge::merge(papers, &parts, &out),
        Command::Diff { a, b, rtol, atol } => diff::diff(&a, &b, &Tolerance::new(rtol, atol)),
        Command::Rerun { row, out } => rerun::rerun(papers, &row, &out.out),
        Command::Calibrate(a) => {
            let out = a.out.unwrap_or_else(|| PathBuf::from("results/calibration").join(a.scale.name()));
            let jobs = a.jobs.map_or_else(default_jobs, |n| n as usize);
            let CalibrateArguments { scale, first_seed: first, seeds, fresh, .. } = a;
            calibrate::calibrate(papers, &a.select, &calibrate::Order { scale, first, seeds, jobs, out, fresh })
        }
        Command::Why { claim, out } => why::why(papers, &claim, &out.out),
        Command::Compare(a) => compare::compare(&a),
        Command::Peers(command) => peers::peers(papers, &command),
        Command::NewPaper { key } => new_paper::new_paper(papers, &key),
        Command::Worker(a) => worker::worker(papers, a),
    }
}

fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}
