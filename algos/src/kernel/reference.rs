//! The oracle: every entry from its definition, sums compensated.

use faer::{Mat, MatRef};

use super::Problem;
use crate::{Effort, Error, Outcome, Status};

/// Keys of a block: their coordinates stay in cache while all queries pass.
const BLOCK: usize = 256;

/// `Y = K X` for `X: m×r`, each entry a compensated sum of `exp(−‖q_i − k_j‖²/(2σ²)) x_j`.
///
/// Cost: `nm(3d + 8r)` flops and `nm` exponentials of the standard library; memory `2nr`. Error: a few units in the last
/// place of `Σ_j K_ij |x_j|`, plus the rounding of the differences.
///
/// # Errors
///
/// `x` of another length than there are keys, or not finite.
pub fn product(problem: &Problem<'_>, x: MatRef<'_, f64>) -> Result<Outcome<Mat<f64>>, Error> {
    problem.check(x)?;
    let (n, m, r) = (problem.queries().len(), problem.keys().len(), x.ncols());
    let mut y = Mat::<f64>::zeros(n, r);
    let mut lost = Mat::<f64>::zeros(n, r);
    for start in (0..m).step_by(BLOCK) {
        let block = start..(start + BLOCK).min(m);
        for i in 0..n {
            for j in block.clone() {
                let entry = problem.entry(i, j);
                for c in 0..r {
                    let term = entry * x[(j, c)];
                    let (sum, error) = two_sum(y[(i, c)], term);
                    y[(i, c)] = sum;
                    lost[(i, c)] += error;
                }
            }
        }
    }
    let y = Mat::from_fn(n, r, |i, c| y[(i, c)] + lost[(i, c)]);
    let flops = (n * m) as u64 * (3 * problem.keys().dimension() + 8 * r) as u64;
    let effort = Effort { flops, entries: (n * m) as u64, iterations: 1, applications: r as u64 };
    Ok(Outcome { value: y, status: Status::Converged, effort })
}

/// `a + b` and its rounding error (Neumaier).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let error = if a.abs() >= b.abs() { (a - sum) + b } else { (b - sum) + a };
    (sum, error)
}
