//! Ten tiny kernels whose speed is limited by ten different things, for the self-test of `residual compare`:
//!
//! ```text
//! cargo run --release --example kernels -- compare --self-test --tables 300 --out same.csv
//! ```

use std::{hint::black_box, io, path::Path, process::ExitCode, sync::OnceLock};

use algos::{Effort, Error, Par};
use faer::{Accum, Mat, linalg::matmul::matmul};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use suites::{
    algos, cli, faer,
    harness::{
        case::{Accuracy, Case, Output, Problem, Run, Unknown, Work, Wrong},
        experiment::Scale,
        npy,
        paper::Paper,
    },
};

/// A kernel ready to run, and the number that it returns every time.
struct Loop {
    run: Box<dyn FnMut() -> f64 + Send>,
    expected: f64,
}

/// A kernel.
struct Kernel {
    key: &'static str,
    about: &'static str,
    n: usize,
    ready: fn(usize, ChaCha8Rng) -> Loop,
}

const fn kernel(key: &'static str, about: &'static str, n: usize, ready: fn(usize, ChaCha8Rng) -> Loop) -> Kernel {
    Kernel { key, about, n, ready }
}

static ALL: [Kernel; 10] = [
    kernel("kernels/gemm-32", "product of two matrices of order 32", 32, gemm),
    kernel("kernels/gemm-96", "product of two matrices of order 96", 96, gemm),
    kernel("kernels/triad-l1", "z = x + 3y on 24 KiB: first cache", 1 << 10, triad),
    kernel("kernels/triad-l2", "z = x + 3y on 768 KiB: second cache", 1 << 15, triad),
    kernel("kernels/triad-l3", "z = x + 3y on 6 MiB: shared cache", 1 << 18, triad),
    kernel("kernels/triad-memory", "z = x + 3y on 48 MiB: memory", 1 << 21, triad),
    kernel("kernels/chain", "a sum of 4096 numbers, each addition waiting for the one before", 1 << 12, chain),
    kernel("kernels/exp", "4096 exponentials of the C library", 1 << 12, exp),
    kernel("kernels/gather", "65,536 reads at random places of 8 MiB", 1 << 20, gather),
    kernel("kernels/sort", "sorting 4096 integers: branches", 1 << 12, sort),
];

/// A few thousand random numbers again and again: drawing 48 MiB of them would take longer than all that is timed.
fn numbers(n: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let few: Vec<f64> = (0..1 << 12).map(|_| rng.random()).collect();
    let mut all = few.repeat(n.div_ceil(few.len()));
    all.truncate(n);
    all
}

fn gemm(n: usize, mut rng: ChaCha8Rng) -> Loop {
    let mut draw = || Mat::from_fn(n, n, |_, _| rng.random::<f64>());
    let (a, b, mut c) = (draw(), draw(), Mat::zeros(n, n));
    let expected = (0..n).map(|k| a[(n - 1, k)] * b[(k, n - 1)]).sum();
    let run = move || {
        matmul(c.as_mut(), Accum::Replace, a.as_ref(), b.as_ref(), 1.0, Par::Seq);
        c[(n - 1, n - 1)]
    };
    Loop { run: Box::new(run), expected }
}

fn triad(n: usize, mut rng: ChaCha8Rng) -> Loop {
    let (x, y, mut z) = (numbers(n, &mut rng), numbers(n, &mut rng), vec![0.0; n]);
    let expected = x[n - 1] + 3.0 * y[n - 1];
    let run = move || {
        for ((z, x), y) in z.iter_mut().zip(&x).zip(&y) {
            *z = x + 3.0 * y;
        }
        black_box(&mut z)[n - 1]
    };
    Loop { run: Box::new(run), expected }
}

fn chain(n: usize, mut rng: ChaCha8Rng) -> Loop {
    let x = numbers(n, &mut rng);
    let expected = x.iter().rev().sum();
    Loop { run: Box::new(move || black_box(&x).iter().sum()), expected }
}

fn exp(n: usize, mut rng: ChaCha8Rng) -> Loop {
    let x = numbers(n, &mut rng);
    let expected = x.iter().rev().map(|x| x.exp()).sum();
    Loop { run: Box::new(move || black_box(&x).iter().map(|x| x.exp()).sum()), expected }
}

fn gather(n: usize, mut rng: ChaCha8Rng) -> Loop {
    let x = numbers(n, &mut rng);
    let places: Vec<usize> = (0..1 << 16).map(|_| rng.random_range(0..n)).collect();
    let expected = places.iter().rev().map(|&i| x[i]).sum();
    Loop { run: Box::new(move || black_box(&places).iter().map(|&i| x[i]).sum()), expected }
}

fn sort(n: usize, mut rng: ChaCha8Rng) -> Loop {
    let x: Vec<u64> = (0..n).map(|_| rng.next_u64() >> 12).collect();
    let mut copy = x.clone();
    let expected = *copy.select_nth_unstable(n / 2).1 as f64;
    let run = move || {
        copy.copy_from_slice(&x);
        copy.sort_unstable();
        black_box(&copy)[n / 2] as f64
    };
    Loop { run: Box::new(run), expected }
}

impl Case for Kernel {
    fn key(&self) -> &'static str {
        self.key
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn scale(&self) -> Scale {
        Scale::Smoke
    }

    fn variants(&self) -> &'static [&'static str] {
        &["loop"]
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        Ok(Box::new(Instance { n: self.n, seed, ready: self.ready, expected: OnceLock::new() }))
    }
}

/// A kernel and a seed.
struct Instance {
    n: usize,
    seed: u64,
    ready: fn(usize, ChaCha8Rng) -> Loop,
    expected: OnceLock<f64>,
}

impl Problem for Instance {
    fn prepare<'a>(&'a self, variant: &str, _: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        if variant != "loop" {
            return Err(Unknown::Variant(variant.into()));
        }
        let Loop { run, expected } = (self.ready)(self.n, ChaCha8Rng::seed_from_u64(self.seed));
        self.expected.get_or_init(|| expected);
        Ok(Box::new(Ready(run)))
    }

    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        let expected = self.expected.get().copied().unwrap_or(f64::NAN);
        let error = output.values.iter().map(|x| ((x - expected) / expected).abs()).sum();
        Accuracy { error, contract: 1e-11 }.kept()
    }

    fn work(&self, _: &str) -> Work {
        Work { flops: self.n as f64, bytes: 8.0 * self.n as f64 }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        npy::write(&folder.join("n.npy"), &[], &[self.n as f64])
    }
}

struct Ready(Box<dyn FnMut() -> f64 + Send>);

impl Run for Ready {
    fn run(&mut self) -> Result<Output, Error> {
        Ok(Output { values: vec![self.0()], effort: Effort::default() })
    }
}

static KERNELS: Paper = Paper {
    key: "kernels",
    family: "kernels",
    title: "Ten kernels",
    authors: "Residual",
    year: 2026,
    link: "",
    bibtex: "",
    about: "Kernels for the self-test of `residual compare`.",
    experiments: &[],
    claims: &[],
    figures: &[],
    cases: &[&ALL[0], &ALL[1], &ALL[2], &ALL[3], &ALL[4], &ALL[5], &ALL[6], &ALL[7], &ALL[8], &ALL[9]],
};

fn main() -> ExitCode {
    static PAPERS: [&Paper; 1] = [&KERNELS];
    cli::run(&PAPERS)
}
