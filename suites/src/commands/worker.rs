//! `residual worker`: runs cases on request.

use std::{io, path::PathBuf, process::ExitCode};

use clap::Args;
use glob::Pattern;

use crate::{
    harness::{error::Result, paper::Paper, select::glob},
    worker::serve::{Options, serve},
};

/// The arguments of `residual worker`.
#[derive(Debug, Args)]
pub struct WorkerArguments {
    /// Also write the input of every problem as .npy files to DIR/CASE/SEED/.
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
    /// Leave everything but the protocol's version out of the first line.
    #[arg(long)]
    brief: bool,
    /// Multiply the times that are reported for these cases: an injected slowdown, for self-tests only.
    #[arg(long, hide = true, value_name = "GLOB=FACTOR", value_parser = slowdown)]
    slowdown: Vec<(Pattern, f64)>,
}

/// Reads `GLOB=FACTOR`.
pub fn slowdown(text: &str) -> Result<(Pattern, f64), String> {
    let (pattern, factor) = text.rsplit_once('=').ok_or("give GLOB=FACTOR, such as recovery/*=1.10")?;
    match factor.parse::<f64>() {
        Ok(factor) if factor > 0.0 && factor.is_finite() => Ok((glob(pattern).map_err(|e| e.to_string())?, factor)),
        _ => Err(format!("`{factor}` is not a positive factor")),
    }
}

/// Serves on standard input and output.
pub fn worker(papers: &[&'static Paper], arguments: WorkerArguments) -> Result<ExitCode> {
    let WorkerArguments { export, brief, slowdown } = arguments;
    let options = Options { export, brief, slowdown };
    serve(papers, &options, io::stdin().lock(), io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}
