//! Cases of one half-sweep: the rows of one factor from the other.

use std::{io, path::Path};

use algos::{
    Effort, Error, Par,
    completion::{
        Cg, Inner,
        diagnose::relative_error,
        fold_in,
        instance::{Instance, Spec},
    },
};
use faer::Mat;
use rand::RngExt;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::StandardNormal;

use super::cases::{GRAM, by_rows, export_entries, solve_rows};
use crate::harness::{
    case::{Accuracy, Case, Output, Problem, Role, Run, Unknown, Work, Wrong},
    experiment::Scale,
    npy,
};

/// Rank 24: `V` takes 0.8 MB.
pub const RANK_24: HalfSweep = HalfSweep {
    key: "completion/half-sweep-k24",
    about: "rows of rank 24 from the other factor, 4000×4000, 10 % of the entries",
    k: 24,
};

/// Rank 48: 1.5 MB.
pub const RANK_48: HalfSweep = HalfSweep {
    key: "completion/half-sweep-k48",
    about: "rows of rank 48 from the other factor, 4000×4000, 10 % of the entries",
    k: 48,
};

/// Rank 64: 2 MB.
pub const RANK_64: HalfSweep = HalfSweep {
    key: "completion/half-sweep-k64",
    about: "rows of rank 64 from the other factor, 4000×4000, 10 % of the entries",
    k: 64,
};

/// Rank 96: 3 MB, more than many second caches.
pub const RANK_96: HalfSweep = HalfSweep {
    key: "completion/half-sweep-k96",
    about: "rows of rank 96 from the other factor, 4000×4000, 10 % of the entries",
    k: 96,
};

const N: usize = 4000;
const RATE: f64 = 0.1;
/// Three steps of conjugate gradients, from a start that is off by [`OFF`].
const STEPS: u32 = 3;
const OFF: f64 = 1e-3;

/// A matrix of rank `k` of which the factor `V` is known.
pub struct HalfSweep {
    key: &'static str,
    about: &'static str,
    k: usize,
}

impl Case for HalfSweep {
    fn key(&self) -> &'static str {
        self.key
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn scale(&self) -> Scale {
        Scale::Default
    }

    fn variants(&self) -> &'static [&'static str] {
        &["cholesky", "cg3", GRAM]
    }

    fn role(&self, variant: &str) -> Role {
        if variant == GRAM { Role::Peer } else { Role::Algorithm }
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let instance = Spec::square(N, self.k, RATE).draw(&mut rng)?;
        let truth = &instance.truth;
        let spread = OFF / (N as f64).sqrt();
        let start = Mat::from_fn(N, self.k, |i, j| {
            let noise: f64 = rng.sample(StandardNormal);
            (truth.u[(i, j)] + spread * noise) * truth.sigma[j]
        });
        Ok(Box::new(Known { instance, start }))
    }
}

struct Known {
    instance: Instance,
    start: Mat<f64>,
}

impl Problem for Known {
    fn prepare<'a>(&'a self, variant: &str, par: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        let inner = match variant {
            "cholesky" => Inner::Cholesky,
            "cg3" => Inner::Cg(Cg { steps: STEPS, ..Cg::default() }),
            GRAM => return Ok(Box::new(Library(self))),
            _ => return Err(Unknown::Variant(variant.to_owned())),
        };
        Ok(Box::new(Own { known: self, inner, par }))
    }

    /// A design of `n` random rows has a condition number of about `(1 + ρ)/(1 − ρ)`, `ρ = √(k/n)`, so that by Chebyshev's
    /// bound three steps of conjugate gradients leave at most `2ρ³` of the error of the start.
    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        let truth = &self.instance.truth;
        let k = truth.sigma.len();
        if output.values.len() != N * k {
            return Err(Wrong(format!("{} values instead of {}", output.values.len(), N * k)));
        }
        let u = Mat::from_fn(N, k, |i, j| output.values[i * k + j]);
        let error = relative_error(u.as_ref(), truth.v.as_ref(), truth).map_err(|e| Wrong(e.to_string()))?;
        let rho = (k as f64 / (RATE * N as f64)).sqrt();
        Accuracy { error, contract: 2.0 * rho.powi(3) * OFF }.kept()
    }

    fn work(&self, variant: &str) -> Work {
        let (entries, k) = (self.instance.observations.len() as f64, self.start.ncols() as f64);
        let flops = if variant == "cg3" {
            16.0 * entries * k
        } else {
            entries * k * (k + 3.0) + N as f64 * (k * k * k / 3.0 + 2.0 * k * k)
        };
        Work { flops, bytes: entries * (8.0 * k + 12.0) }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        export_entries(&self.instance.observations, folder)?;
        npy::write(&folder.join("factor.npy"), &[N, self.start.ncols()], &by_rows(&self.instance.truth.v))
    }
}

struct Own<'a> {
    known: &'a Known,
    inner: Inner,
    par: Par,
}

impl Run for Own<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let Known { instance, start } = self.known;
        let start = matches!(self.inner, Inner::Cg(_)).then(|| start.as_ref());
        let outcome = fold_in(&instance.observations, instance.truth.v.as_ref(), start, self.inner, self.par)?;
        Ok(Output { values: by_rows(&outcome.value), effort: outcome.effort })
    }
}

struct Library<'a>(&'a Known);

impl Run for Library<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let Instance { observations, truth } = &self.0.instance;
        Ok(Output { values: by_rows(&solve_rows(observations.rows(), &truth.v)), effort: Effort::default() })
    }
}
