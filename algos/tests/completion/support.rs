//! Small problems and comparisons.

use algos::completion::diagnose::relative_error;
use algos::completion::instance::{Instance, Rows, Spec};
use algos::completion::{Completion, Observations, Options, Variant, altmin, silent};
use algos::faer::{Mat, MatRef, Par};
use algos::{Error, Outcome};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub fn draw(m: usize, n: usize, k: usize, p: f64, seed: u64) -> Instance {
    Spec { m, n, k, kappa: 2.0, p, rows: Rows::Gaussian }.draw(&mut rng(seed)).unwrap()
}

pub fn run(variant: Variant, observations: &Observations, options: &Options<'_>) -> Result<Outcome<Completion>, Error> {
    altmin(variant, observations, options, Par::Seq, &mut silent)
}

pub fn error(completion: &Completion, instance: &Instance) -> f64 {
    relative_error(completion.u.as_ref(), completion.v.as_ref(), &instance.truth).unwrap()
}

/// `U Vᵀ`.
pub fn full(completion: &Completion) -> Mat<f64> {
    &completion.u * completion.v.transpose()
}

/// `‖A − B‖_F/‖B‖_F`.
pub fn apart(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> f64 {
    (a - b).norm_l2() / b.norm_l2()
}

/// Every bit of a matrix.
pub fn bits(u: &Mat<f64>) -> Vec<u64> {
    u.col_iter().flat_map(|c| c.iter().map(|x| x.to_bits()).collect::<Vec<_>>()).collect()
}

/// A completion with warm conjugate gradients of this kind.
pub fn cg(cg: algos::completion::Cg, options: Options<'_>) -> Options<'_> {
    Options { inner: algos::completion::Inner::Cg(cg), ..options }
}
