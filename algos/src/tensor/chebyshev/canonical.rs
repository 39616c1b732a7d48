//! Canonical forms, and their reduction to Tucker form without the whole array.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};

use super::cube::count;
use super::higher_order::{Hosvd, hosvd, left_basis, rank};
use super::series::{coefficients, points};
use super::spline::spline;
use super::{Cube, Tucker, Variant};
use crate::error::{Error, Size, argument, finite, shape};
use crate::linalg::{norm, product};
use crate::{Effort, Outcome, Status};

/// Terms that one matrix product sums.
const BLOCK: usize = 256;

/// `Σ_{r=1}^K ξ_r u_r ⊗ v_r ⊗ w_r`.
#[derive(Debug, Clone, PartialEq)]
pub struct Canonical {
    weights: Vec<f64>,
    factors: [Mat<f64>; 3],
}

/// What [`rhosvd`] returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Reduced {
    /// The form, and the spectra of the projected core.
    pub hosvd: Hosvd,
    /// Ranks after the decomposition of the factors, before that of the core.
    pub first_ranks: [usize; 3],
    /// `‖ω‖₂`, `ω_r = ξ_r ‖u_r‖ ‖v_r‖ ‖w_r‖`: what the tolerance is relative to.
    pub scale: f64,
}

impl Canonical {
    /// From `K` weights and three matrices with `K` columns.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: no terms, an empty factor, another number of columns, a number that is not finite.
    pub fn new(weights: Vec<f64>, factors: [Mat<f64>; 3]) -> Result<Self, Error> {
        argument(!weights.is_empty(), "terms", 0.0, "at least 1")?;
        finite("weights", &weights)?;
        for factor in &factors {
            argument(factor.nrows() >= 1, "side", 0.0, "positive")?;
            shape("columns of a factor", Size::Len(weights.len()), Size::Len(factor.ncols()))?;
            finite("factor", factor.col_iter().flat_map(|column| column.iter()))?;
        }
        Ok(Self { weights, factors })
    }

    /// `K`.
    pub fn terms(&self) -> usize {
        self.weights.len()
    }

    /// `ξ`.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The matrices of `u`, `v` and `w`.
    pub fn factors(&self) -> [MatRef<'_, f64>; 3] {
        self.factors.each_ref().map(Mat::as_ref)
    }

    /// From values on uniform grids, `n₁`, `n₂` and `n₃` points in `[−1, 1]`, to values at `m₁`, `m₂` and `m₃` Chebyshev points:
    /// the [`spline`] through every column. Cost: that of the splines.
    ///
    /// # Errors
    ///
    /// As [`spline`] and [`points`].
    pub fn at_points(&self, variant: Variant, m: [usize; 3]) -> Result<Outcome<Self>, Error> {
        let at = |n: usize| spline(variant, self.factors[n].as_ref(), &points(m[n])?);
        let [a, b, c] = [at(0)?, at(1)?, at(2)?];
        let effort = a.effort + b.effort + c.effort;
        let value = Self { weights: self.weights.clone(), factors: [a.value, b.value, c.value] };
        Ok(Outcome { value, status: Status::Converged, effort })
    }

    /// From values at Chebyshev points to coefficients: the transform of every column. Cost: [`coefficients`].
    ///
    /// # Errors
    ///
    /// As [`coefficients`].
    pub fn coefficients(&self, variant: Variant) -> Result<Outcome<Self>, Error> {
        let [a, b, c] = self.factors.each_ref().map(|factor| coefficients(variant, factor.as_ref()));
        let [a, b, c] = [a?, b?, c?];
        let effort = a.effort + b.effort + c.effort;
        let value = Self { weights: self.weights.clone(), factors: [a.value, b.value, c.value] };
        Ok(Outcome { value, status: Status::Converged, effort })
    }

    /// The whole array. Cost: `2 m₁m₂m₃ K` flops; the fast variant in matrix products.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: more than `2³¹` entries.
    pub fn to_cube(&self, variant: Variant) -> Result<Cube, Error> {
        let sides = self.factors.each_ref().map(Mat::nrows);
        count(sides)?;
        Ok(sum(variant, &self.weights, self.factors()))
    }

    /// Columns of norm 1, and `ω` in place of `ξ`; terms that vanish are left out.
    fn normalized(&self) -> Self {
        let lengths = self.factors.each_ref().map(|f| (0..f.ncols()).map(|r| norm(f.col_as_slice(r))).collect());
        let [a, b, c]: [Vec<f64>; 3] = lengths;
        let weight = |r: usize| self.weights[r] * a[r] * b[r] * c[r];
        let kept: Vec<usize> = (0..self.terms()).filter(|&r| weight(r) != 0.0).collect();
        let unit = |n: usize, lengths: &[f64]| {
            let factor = &self.factors[n];
            Mat::from_fn(factor.nrows(), kept.len(), |i, j| factor[(i, kept[j])] / lengths[kept[j]])
        };
        let factors = [unit(0, &a), unit(1, &b), unit(2, &c)];
        Self { weights: kept.iter().map(|&r| weight(r)).collect(), factors }
    }
}

/// The reduced higher-order singular value decomposition of coefficients in canonical form: `‖C − Ĉ‖_F` is at most
/// `tolerance·(‖ω‖₂ + ‖C‖_F)`.
///
/// 1. Columns are scaled to norm 1, weights become `ω`.
/// 2. In each mode the basis is that of the leading left singular vectors of the `m×K` factor; singular values with a root sum
///    of squares of at most `tolerance/3` are left out, which moves `C` by at most `tolerance·‖ω‖₂/3`.
/// 3. The core is `Σ_r ω_r (U₁ᵀu_r) ⊗ (U₂ᵀv_r) ⊗ (U₃ᵀw_r)`.
/// 4. Its [`hosvd`] with the same tolerance removes what the unit columns could not know: their weights.
///
/// The array is never formed. Cost: the decomposition of three `m×K` matrices, of their triangular factors in the fast
/// variant; `2r³K` flops for the core.
///
/// # Errors
///
/// [`Error::Input`]: a tolerance not in (0, 1), a term whose norm overflows. [`Error::Numerical`]: a decomposition that
/// fails.
pub fn rhosvd(variant: Variant, coefficients: &Canonical, tolerance: f64) -> Result<Outcome<Reduced>, Error> {
    argument(tolerance > 0.0 && tolerance < 1.0, "tolerance", tolerance, "0 < tolerance < 1")?;
    let mut effort = Effort::default();
    let unit = coefficients.normalized(); // 1
    finite("weights of terms of norm 1", &unit.weights)?;
    let scale = norm(&unit.weights);
    if unit.terms() == 0 {
        let factors = coefficients.factors.each_ref().map(|f| Mat::from_fn(f.nrows(), 1, |i, _| f64::from(i == 0)));
        let tucker = Tucker { core: Cube::made([1; 3], vec![0.0]), factors };
        let hosvd = Hosvd { tucker, spectra: [vec![0.0], vec![0.0], vec![0.0]] };
        let value = Reduced { hosvd, first_ranks: [1; 3], scale };
        return Ok(Outcome { value, status: Status::Converged, effort });
    }
    let mut reduce = |n: usize| {
        let factor = unit.factors[n].as_ref();
        let basis = left_basis(variant, factor, &mut effort)?; // 2
        let vectors = basis.vectors.subcols(0, rank(&basis.values, tolerance / 3.0)).to_owned();
        let projected = product(vectors.transpose(), factor);
        effort.flops += 2 * (factor.nrows() * factor.ncols() * vectors.ncols()) as u64;
        Ok::<_, Error>((vectors, projected))
    };
    let [(a, x), (b, y), (c, z)] = [reduce(0)?, reduce(1)?, reduce(2)?];
    let first_ranks = [a.ncols(), b.ncols(), c.ncols()];
    let core = sum(variant, &unit.weights, [x.as_ref(), y.as_ref(), z.as_ref()]); // 3
    effort.flops += 2 * (first_ranks.into_iter().product::<usize>() * unit.terms()) as u64;
    let small = hosvd(variant, &core, tolerance)?; // 4
    effort += small.effort;
    let Hosvd { tucker: Tucker { core, factors: [p, q, s] }, spectra } = small.value;
    let factors = [product(a.as_ref(), p.as_ref()), product(b.as_ref(), q.as_ref()), product(c.as_ref(), s.as_ref())];
    let value = Reduced { hosvd: Hosvd { tucker: Tucker { core, factors }, spectra }, first_ranks, scale };
    Ok(Outcome { value, status: Status::Converged, effort })
}

/// `Σ_r ω_r x_r ⊗ y_r ⊗ z_r`.
fn sum(variant: Variant, weights: &[f64], [x, y, z]: [MatRef<'_, f64>; 3]) -> Cube {
    let sides = [x.nrows(), y.nrows(), z.nrows()];
    let [a, b, c] = sides;
    let mut entries = vec![0.0; a * b * c];
    match variant {
        Variant::Reference => {
            for (r, weight) in weights.iter().enumerate() {
                for k in 0..c {
                    for j in 0..b {
                        let scale = weight * y[(j, r)] * z[(k, r)];
                        let line = &mut entries[a * (j + b * k)..][..a];
                        line.iter_mut().zip(x.col(r).iter()).for_each(|(t, x)| *t += scale * x);
                    }
                }
            }
        }
        // A block of products x ⊗ y, 8·ab·BLOCK bytes, meets its z in one matrix product.
        Variant::Fast => {
            let mut pairs = Mat::<f64>::zeros(a * b, BLOCK.min(weights.len()));
            for (block, weights) in weights.chunks(BLOCK).enumerate() {
                let first = block * BLOCK;
                for (r, weight) in weights.iter().enumerate() {
                    let to = pairs.col_as_slice_mut(r);
                    for (line, y) in to.chunks_exact_mut(a).zip(y.col(first + r).iter()) {
                        let scale = weight * y;
                        line.iter_mut().zip(x.col(first + r).iter()).for_each(|(t, x)| *t = scale * x);
                    }
                }
                let to = MatMut::from_column_major_slice_mut(&mut entries, a * b, c);
                let pairs = pairs.subcols(0, weights.len());
                matmul(to, Accum::Add, pairs, z.subcols(first, weights.len()).transpose(), 1.0, Par::Seq);
            }
        }
    }
    Cube::made(sides, entries)
}
