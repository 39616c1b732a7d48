//! The higher-order singular value decomposition and alternating least squares.

use faer::{Mat, MatRef};

use super::{Cube, Tucker, Variant};
use crate::error::{Error, argument};
use crate::linalg::{norm, thin_svd, triangular_factor};
use crate::{Effort, Outcome, Status};

/// A Tucker form and the spectra that its ranks were read off.
#[derive(Debug, Clone, PartialEq)]
pub struct Hosvd {
    /// The form.
    pub tucker: Tucker,
    /// Singular values of the three unfoldings, descending.
    pub spectra: [Vec<f64>; 3],
}

/// The higher-order singular value decomposition, truncated to a relative error `‖C − Ĉ‖_F ≤ tolerance·‖C‖_F`.
///
/// In each mode the rank is the smallest one, at least 1, at which the singular values left out have a root sum of squares
/// of at most `tolerance·‖C‖_F/√3`. Cost: the decomposition of three `m×m²` matrices; of their triangular factors, `2m⁴` flops
/// each, in the fast variant, which needs no right singular vectors.
///
/// # Errors
///
/// [`Error::Input`]: a tolerance not in [0, 1). [`Error::Numerical`]: a decomposition that fails.
pub fn hosvd(variant: Variant, cube: &Cube, tolerance: f64) -> Result<Outcome<Hosvd>, Error> {
    argument((0.0..1.0).contains(&tolerance), "tolerance", tolerance, "0 ≤ tolerance < 1")?;
    let limit = tolerance * cube.norm() / 3f64.sqrt();
    let mut effort = Effort::default();
    let mut mode = |n: usize| {
        let basis = left_basis(variant, cube.unfold(n).as_ref(), &mut effort)?;
        let rank = rank(&basis.values, limit);
        Ok::<_, Error>((basis.vectors.subcols(0, rank).to_owned(), basis.values))
    };
    let [(a, s), (b, t), (c, u)] = [mode(0)?, mode(1)?, mode(2)?];
    let factors = [a, b, c];
    let (core, flops) = cube.multiplied(factors.each_ref().map(|u| Some(u.transpose())));
    effort.flops += flops;
    let value = Hosvd { tucker: Tucker { core, factors }, spectra: [s, t, u] };
    Ok(Outcome { value, status: Status::Converged, effort })
}

/// Alternating least squares for a Tucker form of given ranks, from the truncated higher-order singular value
/// decomposition: in turn, each factor becomes the leading left singular vectors of the array projected on the others.
///
/// Ends when `‖G‖_F` grows by less than `tolerance·‖C‖_F` in a sweep. Cost of a sweep: about `6rm³` flops.
///
/// # Errors
///
/// [`Error::Input`]: a rank that is not between 1 and its side or exceeds the product of the others, a tolerance not in
/// [0, 1). [`Error::Numerical`]: a decomposition that fails.
pub fn tucker_als(cube: &Cube, ranks: [usize; 3], sweeps: usize, tolerance: f64) -> Result<Outcome<Tucker>, Error> {
    argument((0.0..1.0).contains(&tolerance), "tolerance", tolerance, "0 ≤ tolerance < 1")?;
    for (n, &r) in ranks.iter().enumerate() {
        let others: usize = ranks.iter().enumerate().filter(|(k, _)| *k != n).map(|(_, r)| r).product();
        let fits = (1..=cube.sides()[n]).contains(&r) && r <= others;
        argument(fits, "rank", r as f64, "between 1 and its side, and at most the product of the others")?;
    }
    let mut effort = Effort::default();
    let leading = |from: &Cube, n: usize| -> Result<(Mat<f64>, Effort), Error> {
        let mut spent = Effort::default();
        let basis = left_basis(Variant::Fast, from.unfold(n).as_ref(), &mut spent)?;
        Ok((basis.vectors.subcols(0, ranks[n]).to_owned(), spent))
    };
    let mut factors = [Mat::new(), Mat::new(), Mat::new()];
    for (n, factor) in factors.iter_mut().enumerate() {
        let (basis, spent) = leading(cube, n)?;
        effort += spent;
        *factor = basis;
    }
    let total = cube.norm();
    let (mut core, flops) = cube.multiplied(factors.each_ref().map(|u| Some(u.transpose())));
    effort.flops += flops;
    let (mut size, mut status) = (core.norm(), Status::IterationLimit);
    for _ in 0..sweeps {
        for n in 0..3 {
            let others = [0, 1, 2].map(|k| (k != n).then(|| factors[k].transpose()));
            let (projected, flops) = cube.multiplied(others);
            effort.flops += flops;
            let (basis, spent) = leading(&projected, n)?;
            effort += spent;
            factors[n] = basis;
        }
        effort.iterations += 1;
        let (next, flops) = cube.multiplied(factors.each_ref().map(|u| Some(u.transpose())));
        effort.flops += flops;
        let before = std::mem::replace(&mut size, next.norm());
        core = next;
        if size - before <= tolerance * total {
            status = Status::Converged;
            break;
        }
    }
    Ok(Outcome { value: Tucker { core, factors }, status, effort })
}

/// Left singular vectors and all singular values.
pub(super) struct Basis {
    pub vectors: Mat<f64>,
    pub values: Vec<f64>,
}

/// Left singular vectors of `A: m×n`. The fast variant decomposes the triangular factor of `Aᵀ = QR` where `n > m`: `Rᵀ` has
/// the left singular vectors of `A`. A Gram matrix would lose what is below `1e-8` of the largest singular value.
pub(super) fn left_basis(variant: Variant, a: MatRef<'_, f64>, effort: &mut Effort) -> Result<Basis, Error> {
    let (m, n) = (a.nrows() as u64, a.ncols() as u64);
    let short = m.min(n);
    let svd = if variant == Variant::Fast && n > m {
        effort.flops += 2 * n * m * m + 13 * m * m * m;
        thin_svd(triangular_factor(a.transpose()).transpose())?
    } else {
        effort.flops += 4 * m * n * short + 9 * short * short * short;
        thin_svd(a)?
    };
    Ok(Basis { vectors: svd.left, values: svd.values })
}

/// The smallest rank, at least 1, at which the values left out are small enough.
pub(super) fn rank(values: &[f64], limit: f64) -> usize {
    (1..values.len()).find(|&r| norm(&values[r..]) <= limit).unwrap_or(values.len())
}
