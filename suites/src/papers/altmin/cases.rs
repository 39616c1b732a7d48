//! Cases of the family `completion`: whole runs of AltMin, start included.

use std::{fs, io, path::Path};

use algos::{
    Effort, Error, Par,
    completion::{
        Inner, Lines, Observations, Options, Variant, altmin,
        diagnose::relative_error,
        instance::{Instance, Spec},
        silent,
        start::{Svd, start},
    },
    linalg::product,
};
use faer::{Mat, Side, prelude::*};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::half_sweep;
use crate::harness::{
    case::{Accuracy, Case, Output, Problem, Role, Run, Unknown, Work, Wrong},
    experiment::Scale,
    npy,
};

/// All cases of the paper.
pub const ALL: &[&dyn Case] =
    &[&SMALL, &LARGE, &half_sweep::RANK_24, &half_sweep::RANK_48, &half_sweep::RANK_64, &half_sweep::RANK_96];

const SMALL: Planted = Planted {
    key: "completion/altmin-n300",
    about: "12 sweeps of AltMin with the start, n = 300, k = 5, 20 % of the entries",
    scale: Scale::Smoke,
    n: 300,
    k: 5,
    p: 0.2,
    sweeps: 12,
    contract: 1e-5,
    literal: true,
};

const LARGE: Planted = Planted {
    key: "completion/altmin-n2000",
    about: "15 sweeps of AltMin with the start, n = 2000, k = 20, 10 % of the entries",
    scale: Scale::Default,
    n: 2000,
    k: 20,
    p: 0.1,
    sweeps: 15,
    contract: 1e-7,
    literal: false,
};

/// The strongest simple baseline from a library: for each row faer's product and Cholesky factorization.
pub(super) const GRAM: &str = "faer_gram_llt";

struct Planted {
    key: &'static str,
    about: &'static str,
    scale: Scale,
    n: usize,
    k: usize,
    p: f64,
    sweeps: usize,
    /// The largest relative error after the sweeps.
    contract: f64,
    /// Whether the literal variants take part: their start decomposes a dense matrix.
    literal: bool,
}

impl Case for Planted {
    fn key(&self) -> &'static str {
        self.key
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn scale(&self) -> Scale {
        self.scale
    }

    fn variants(&self) -> &'static [&'static str] {
        let all = &["reference", "sketched", "cholesky", "warm_cg", GRAM];
        if self.literal { all } else { &all[2..] }
    }

    fn role(&self, variant: &str) -> Role {
        if variant == GRAM { Role::Peer } else { Role::Algorithm }
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let instance = Spec::square(self.n, self.k, self.p).draw(&mut rng)?;
        let options = Options { seed, ..Options::new(self.k, self.sweeps) };
        Ok(Box::new(Completion { instance, options, contract: self.contract }))
    }
}

struct Completion {
    instance: Instance,
    options: Options<'static>,
    contract: f64,
}

impl Problem for Completion {
    fn prepare<'a>(&'a self, variant: &str, par: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        if variant == GRAM {
            return Ok(Box::new(Library(self)));
        }
        let variant = Variant::from_name(variant).ok_or_else(|| Unknown::Variant(variant.to_owned()))?;
        Ok(Box::new(Own { problem: self, variant, par }))
    }

    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        let (n, k) = (self.instance.observations.shape().0, self.options.rank);
        if output.values.len() != 2 * n * k {
            return Err(Wrong(format!("{} values instead of {}", output.values.len(), 2 * n * k)));
        }
        let factor = |at: usize| Mat::from_fn(n, k, |i, j| output.values[at + i * k + j]);
        let (u, v) = (factor(0), factor(n * k));
        let error = relative_error(u.as_ref(), v.as_ref(), &self.instance.truth).map_err(|e| Wrong(e.to_string()))?;
        Accuracy { error, contract: self.contract }.kept()
    }

    fn work(&self, variant: &str) -> Work {
        let (entries, k) = (self.instance.observations.len() as f64, self.options.rank as f64);
        let row = if variant == "warm_cg" && self.options.rank > 8 { 16.0 * k } else { k * (k + 3.0) };
        let sweeps = 2.0 * self.options.sweeps as f64;
        Work { flops: sweeps * entries * row, bytes: sweeps * entries * 8.0 * (k + 1.5) }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        export_entries(&self.instance.observations, folder)?;
        let (m, n) = self.instance.observations.shape();
        for (name, x) in [("m", m), ("n", n), ("rank", self.options.rank), ("sweeps", self.options.sweeps)] {
            npy::write(&folder.join(format!("{name}.npy")), &[], &[x as f64])?;
        }
        Ok(())
    }
}

/// Writes the triplets for peers: `row.npy`, `column.npy`, `value.npy`.
pub(super) fn export_entries(observations: &Observations, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let entries: Vec<_> = observations.rows().entries().collect();
    let column = |number: &dyn Fn(&(usize, usize, f64)) -> f64| entries.iter().map(number).collect::<Vec<f64>>();
    npy::write(&folder.join("row.npy"), &[entries.len()], &column(&|e| e.0 as f64))?;
    npy::write(&folder.join("column.npy"), &[entries.len()], &column(&|e| e.1 as f64))?;
    npy::write(&folder.join("value.npy"), &[entries.len()], &column(&|e| e.2))
}

/// The rows of a matrix behind each other.
pub(super) fn by_rows(x: &Mat<f64>) -> Vec<f64> {
    (0..x.nrows()).flat_map(|i| (0..x.ncols()).map(move |j| x[(i, j)])).collect()
}

/// Both factors, row after row.
fn values(u: &Mat<f64>, v: &Mat<f64>) -> Vec<f64> {
    [by_rows(u), by_rows(v)].concat()
}

struct Own<'a> {
    problem: &'a Completion,
    variant: Variant,
    par: Par,
}

impl Run for Own<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let Completion { instance, options, .. } = self.problem;
        let options = Options { inner: Inner::Auto, ..*options };
        let outcome = altmin(self.variant, &instance.observations, &options, self.par, &mut silent)?;
        Ok(Output { values: values(&outcome.value.u, &outcome.value.v), effort: outcome.effort })
    }
}

/// Rows solved as a user of faer would: gather, product, Cholesky factorization.
pub(super) fn solve_rows(lines: &Lines, design: &Mat<f64>) -> Mat<f64> {
    let k = design.ncols();
    let mut x = Mat::zeros(lines.len(), k);
    for i in 0..lines.len() {
        let (index, value) = lines.line(i);
        let a = Mat::from_fn(index.len(), k, |r, c| design[(index[r] as usize, c)]);
        let b = Mat::from_fn(index.len(), 1, |r, _| value[r]);
        let gram = product(a.transpose(), a.as_ref());
        let Ok(llt) = gram.llt(Side::Lower) else { continue };
        let solution = llt.solve(product(a.transpose(), b.as_ref()));
        (0..k).for_each(|c| x[(i, c)] = solution[(c, 0)]);
    }
    x
}

/// Whole runs of such rows.
struct Library<'a>(&'a Completion);

impl Run for Library<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let Completion { instance, options, .. } = self.0;
        let observations = &instance.observations;
        let mut u = start(observations, options, Svd::Subspace(Par::Seq))?.u;
        let mut v = Mat::zeros(0, 0);
        for _ in 0..options.sweeps {
            v = solve_rows(observations.columns(), &u.qr().compute_thin_Q());
            v = v.qr().compute_thin_Q();
            u = solve_rows(observations.rows(), &v);
        }
        Ok(Output { values: values(&u, &v), effort: Effort::default() })
    }
}
