//! Random Fourier features (Rahimi & Recht 2007).

use rand_chacha::ChaCha8Rng;

use super::fast::pack::{Packed, Rows, TOGETHER};
use super::fast::{
    tile::Products,
    vector::{Line, Real},
};
use super::instance::gaussian;
use super::points::Centred;
use super::{Engine, Problem};
use crate::error::argument;
use crate::{Effort, Error, Outcome, Status};

/// Points whose projections are held at a time.
const BLOCK: usize = 10 * TOGETHER;

/// `y_i = (1/D) Σ_t [cos⟨w_t, q_i⟩ C_t + sin⟨w_t, q_i⟩ S_t]` with `C_t = Σ_j x_j cos⟨w_t, k_j⟩`, `S_t` likewise, for `D`
/// Gaussian frequencies. Unbiased.
///
/// Cost: `(n + m)D(d + 2)` multiply-adds and as many pairs of sine and cosine; memory `D(d + 2)`.
///
/// # Errors
///
/// As [`product`](super::product()); no features.
pub fn features(
    problem: &Problem<'_>,
    x: &[f64],
    count: usize,
    engine: Engine,
    rng: &mut ChaCha8Rng,
) -> Result<Outcome<Vec<f64>>, Error> {
    problem.check(super::column(x))?;
    argument(count > 0, "count", 0.0, "must be positive")?;
    let points = Centred::new(problem, engine.par);
    let d = points.d;
    let frequencies = gaussian(count * d, rng);
    let frequency = |t: usize, out: &mut [f64]| {
        out.copy_from_slice(&frequencies[t * d..(t + 1) * d]);
        0.0
    };
    let packed = Packed::<f64>::new(d, count, 0, frequency, |_, _| 0.0, engine.par);
    let panels = packed.panels();
    let mut products = vec![Line([0.0; 8]); BLOCK * panels];
    let (mut cosines, mut sines) = (vec![0.0; count], vec![0.0; count]);
    let mut y = vec![0.0; points.n];
    let mut pass = |rows: &Rows<f64>, each: &mut dyn FnMut(usize, &mut dyn Iterator<Item = f64>)| {
        for first in (0..rows.len()).step_by(BLOCK) {
            let many = BLOCK.min(rows.len() - first);
            let out = &mut products[..many.next_multiple_of(TOGETHER) * panels];
            f64::dispatch(engine.simd, Products { rows, first, keys: &packed, out });
            for (i, row) in out.chunks_exact(panels.max(1)).take(many).enumerate() {
                each(first + i, &mut row.iter().flat_map(|line| line.0).take(count));
            }
        }
    };
    let keys = Rows::plain(d, points.m, |j| points.key(j), engine.par);
    pass(&keys, &mut |j, angles| {
        for ((angle, c), s) in angles.zip(&mut cosines).zip(&mut sines) {
            let (sin, cos) = angle.sin_cos();
            *c += x[j] * cos;
            *s += x[j] * sin;
        }
    });
    let queries = Rows::plain(d, points.n, |i| points.query(i), engine.par);
    pass(&queries, &mut |i, angles| {
        let mut sum = 0.0;
        for ((angle, c), s) in angles.zip(&cosines).zip(&sines) {
            let (sin, cos) = angle.sin_cos();
            sum += cos * c + sin * s;
        }
        y[i] = sum / count as f64;
    });
    let entries = ((points.n + points.m) * count) as u64;
    let effort = Effort { entries, flops: entries * (2 * d + 4) as u64, iterations: 1, applications: 1 };
    Ok(Outcome { value: y, status: Status::Converged, effort })
}

/// The root mean square over draws of `‖Kx − y‖₂/‖x‖₂` with `count` features, exactly:
///
/// ```text
/// E ‖y − Kx‖² = (1/D) Σ_i [ xᵀK_kk x/2 + ½ Σ_jl x_j x_l exp(−‖2q_i − k_j − k_l‖²/2) − (Kx)_i² ],
/// ```
///
/// of which the last two terms are left out: they are small wherever `(Kx)_i² ≪ xᵀK_kk x`, `K_kk` being the kernel among
/// the keys. Cost: one product of the keys with themselves.
///
/// # Errors
///
/// As [`product`](super::product()); no features.
pub fn predicted_error(problem: &Problem<'_>, x: &[f64], count: usize, engine: Engine) -> Result<f64, Error> {
    argument(count > 0, "count", 0.0, "must be positive")?;
    let keys = problem.keys();
    let among = Problem::new(keys, keys, super::Bandwidth::StandardDeviation(problem.sigma()))?;
    let product = super::multiply(super::Variant::TileF64, &among, x, engine)?.value;
    let form: f64 = product.iter().zip(x).map(|(k, x)| k * x).sum();
    let square: f64 = x.iter().map(|x| x * x).sum();
    Ok((problem.queries().len() as f64 * form / (2.0 * count as f64) / square).sqrt())
}
