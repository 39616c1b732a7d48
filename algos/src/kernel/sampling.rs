//! Uniform random sampling of keys: the simplest estimator.

use rand_chacha::ChaCha8Rng;

use super::fast::pack::{Packed, Rows};
use super::fast::{effort, sums, tile::Gaussian};
use super::instance::subset;
use super::points::Centred;
use super::{Engine, Problem};
use crate::error::argument;
use crate::{Error, Outcome, Status};

/// `y_i = (m/s) Σ_{j∈J} K_ij x_j` over `s` uniform keys without replacement, one sample for all queries.
///
/// For `x = 1` its error is about `√(‖K‖_F²/s)`: more than `n` keys are needed as soon as the diagonal counts.
/// Cost: `ns` entries.
///
/// # Errors
///
/// As [`product`](super::product()); a sample that is empty or larger than the set of keys.
pub fn uniform(
    problem: &Problem<'_>,
    x: &[f64],
    s: usize,
    engine: Engine,
    rng: &mut ChaCha8Rng,
) -> Result<Outcome<Vec<f64>>, Error> {
    problem.check(super::column(x))?;
    argument(s > 0 && s <= x.len(), "s", s as f64, "must be in 1 … m")?;
    let points = Centred::new(problem, engine.par);
    let mut chosen: Vec<u32> = subset(points.m, s, rng).into_iter().map(|j| j as u32).collect();
    chosen.sort_unstable();
    let scale = points.m as f64 / s as f64;
    let keys = Packed::<f64>::keys(&points, &chosen, 1, |a, _| scale * x[chosen[a] as usize], engine.par);
    let rows = Rows::all(&points, engine.par);
    let value = sums(&rows, &keys, Gaussian, None, engine);
    Ok(Outcome { value, status: Status::Converged, effort: effort(points.n, s, points.d, 1) })
}

/// The relative variance of one uniform sample for `x = 1`, averaged over queries: `E_j K_ij²/μ_i² − 1`.
///
/// # Errors
///
/// As [`product`](super::product()).
pub fn relative_variance(problem: &Problem<'_>, engine: Engine) -> Result<f64, Error> {
    let m = problem.keys().len();
    let ones = vec![1.0; m];
    let first = super::multiply(super::Variant::TileF64, problem, &ones, engine)?.value;
    // K² entry by entry is the kernel of a bandwidth smaller by √2.
    let narrow = super::Bandwidth::Scale(problem.sigma());
    let squares = Problem::new(problem.queries(), problem.keys(), narrow)?;
    let second = super::multiply(super::Variant::TileF64, &squares, &ones, engine)?.value;
    let each = first.iter().zip(&second).map(|(mu, square)| square * m as f64 / (mu * mu) - 1.0);
    Ok(each.sum::<f64>() / first.len() as f64)
}
