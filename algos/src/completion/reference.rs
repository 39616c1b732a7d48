//! AltMinComplete as Jain, Netrapalli & Sanghavi write it, for reading and auditing.
//!
//! Algorithm 2 of arXiv:1212.0467, in our words:
//!
//! ```text
//! 1  split Ω at random into Ω_0 … Ω_{2T}                            (or use Ω each time)
//! 2  U⁰ ← top-k left singular vectors of P_{Ω_0}(M)/p
//! 3  U⁰ ← clip entries above 2μ√k/√m to zero; Û⁰ ← orthonormal basis of U⁰
//! 4  for t = 0 … T−1
//! 5     V^{t+1} ← argmin_V ‖P_{Ω_{t+1}}(Û^t Vᵀ − M)‖_F²              n problems of k unknowns
//! 6     V̂^{t+1} ← orthonormal basis of V^{t+1}
//! 7     U^{t+1} ← argmin_U ‖P_{Ω_{T+t+1}}(U V̂ᵀ − M)‖_F²              m problems of k unknowns
//! 8     Û^{t+1} ← orthonormal basis of U^{t+1}
//! 9  return X = U^T (V̂^T)ᵀ
//! ```
//!
//! Each problem is solved by Householder QR, not through normal equations, and by the solution of least norm where it
//! is not determined. The order of line 3's two steps is recalled, not re-read.

use faer::{Mat, MatRef};

use super::driver::{self, Solver, Tally};
use super::start::{Svd, start};
use super::{Completion, Lines, Observations, Observer, Options};
use crate::linalg::least_squares;
use crate::{Error, Outcome};

/// AltMinComplete. Cost of a sweep: `4|Ω|k²` flops in Householder reflections.
///
/// # Errors
///
/// As [`altmin`](super::altmin).
pub fn altmin_jns(
    observations: &Observations,
    options: &Options<'_>,
    observe: &mut Observer<'_>,
) -> Result<Outcome<Completion>, Error> {
    driver::run(observations, options, &mut Literal, |o, options| start(o, options, Svd::Dense), observe)
}

/// Lines 5 and 7.
struct Literal;

impl Solver for Literal {
    fn half(&mut self, lines: &Lines, design: MatRef<'_, f64>, tally: &mut Tally) -> Result<Mat<f64>, Error> {
        let k = design.ncols();
        let mut solution = Mat::zeros(lines.len(), k);
        for j in 0..lines.len() {
            let (observed, values) = lines.line(j);
            if observed.is_empty() {
                continue;
            }
            let a = Mat::from_fn(observed.len(), k, |r, c| design[(observed[r] as usize, c)]);
            let x = least_squares(a.as_ref(), values)?;
            (0..k).for_each(|c| solution[(j, c)] = x[c]);
            tally.underdetermined += u64::from(observed.len() < k);
            tally.effort.entries += observed.len() as u64;
            tally.effort.flops += (2 * k * k * observed.len()) as u64;
        }
        Ok(solution)
    }
}
