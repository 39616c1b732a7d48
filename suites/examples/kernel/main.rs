//! Does a fast kernel product pay on your data? Reads queries and keys, and prints how the sum of the kernel matrix grows
//! as points arrive, in the order of the files, the plan for an error of ½ with what it certified, and the times of both
//! products:
//!
//! ```text
//! cargo run --release --example kernel -- queries.npy keys.npy [SIGMA]
//! ```
//!
//! A file whose name ends in `.npy` is a two-dimensional array of doubles or singles, a point a row; any other file is
//! text, a point a line, coordinates separated by commas, semicolons, tabs or blanks, with or without a heading. `SIGMA` is
//! the standard deviation of the kernel `exp(−r²/(2σ²))`; without it the median rule on the keys gives one. The keys of an
//! attention head with logits `⟨q, k⟩/√d` have `σ = d^¼`.

use std::{env, fs, process::ExitCode, time::Instant};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use suites::algos::kernel::{
    Bandwidth, Engine, Points, Problem, Variant,
    approximate::{self, Options},
    load, multiply,
};

fn read(path: &str) -> Result<Points, String> {
    let named = |e: &dyn std::fmt::Display| format!("{path}: {e}");
    let bytes = fs::read(path).map_err(|e| named(&e))?;
    if path.ends_with(".npy") {
        return load::npy(&bytes).map_err(|e| named(&e));
    }
    load::csv(&String::from_utf8_lossy(&bytes)).map_err(|e| named(&e))
}

fn run(arguments: &[String]) -> Result<(), String> {
    let [queries, keys, rest @ ..] = arguments else {
        return Err("usage: kernel QUERIES KEYS [SIGMA]   (.npy arrays, or text with one point a line)".into());
    };
    let (queries, keys) = (read(queries)?, read(keys)?);
    let fail = |e: suites::algos::Error| e.to_string();
    let bandwidth = match rest.first() {
        Some(text) => Bandwidth::StandardDeviation(text.parse().map_err(|_| format!("`{text}` is not a bandwidth"))?),
        None => Bandwidth::median(&keys).map_err(fail)?,
    };
    let (n, m) = (queries.len(), keys.len());
    println!("{n} queries, {m} keys, {} coordinates, sigma {:.4}", keys.dimension(), bandwidth.sigma());
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let engine = Engine::detect();
    println!("{:>8} {:>12}", "first", "sum/points");
    for part in [8, 4, 2, 1] {
        let size = n.min(m) / part;
        let first: Vec<usize> = (0..size).collect();
        let (q, k) = (queries.select(&first), keys.select(&first));
        let problem = Problem::new(&q, &k, bandwidth).map_err(fail)?;
        let y = multiply(Variant::TileF64, &problem, &vec![1.0; size], engine).map_err(fail)?.value;
        println!("{size:>8} {:>12.4}", y.iter().sum::<f64>() / size as f64);
    }
    println!(
        "Where the right column stays about the same as points arrive, approximate products pay from some number on."
    );
    let problem = Problem::new(&queries, &keys, bandwidth).map_err(fail)?;
    let x = vec![1.0; m];
    let started = Instant::now();
    multiply(Variant::TileF64, &problem, &x, engine).map_err(fail)?;
    println!("exact product: {:.3} s", started.elapsed().as_secs_f64());
    let started = Instant::now();
    let found = approximate::multiply(&problem, &x, &Options::new(0.5), engine, &mut rng).map_err(fail)?.value;
    let seconds = started.elapsed().as_secs_f64();
    match found.plan {
        Some(plan) if !found.fallback => println!(
            "product to an error of 0.5: {seconds:.3} s with {} tables of {} hashes of width {}, {:.0} keys sampled; certified error {:.3}",
            plan.tables, plan.k, plan.w, plan.sample, found.certified
        ),
        _ => println!(
            "product to an error of 0.5: {seconds:.3} s; the plan is the exact product, as hashing would cost more"
        ),
    }
    Ok(())
}

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}
