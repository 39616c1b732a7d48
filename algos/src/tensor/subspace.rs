//! A subspace of symmetric tensors in packed coordinates, and the function `F` that it defines.

use faer::{Mat, MatRef};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::contract::{Workspace, pull_flops};
use super::monomials::Monomials;
use super::power::Ascent;
use crate::error::{Error, InputError, Size, argument, finite, shape};
use crate::linalg::{householder, symmetric_eigen};
use crate::simd::{Simd, Task, lanes::Lanes};

/// Columns that one pass takes together: their common image is loaded and stored once for all of them, and their sums are
/// added up in one go.
const TOGETHER: usize = 8;

/// An orthonormal basis `V: C(d+n−1, n)×k` in the coordinates `√μ_p v_p`, where `x^{⊗n}` is `s_p = √μ_p x^p`.
///
/// A third to a half of the memory of full coordinates for `n = 2`, a sixth for `n = 3`; the same `F`.
#[derive(Debug, Clone)]
pub struct Subspace {
    pub(super) monomials: Monomials,
    /// `√μ_p`.
    pub(super) roots: Vec<f64>,
    /// `V`, with zero rows up to a multiple of eight so that columns are whole vectors.
    pub(super) basis: Mat<f64>,
    pub(super) simd: Simd,
    workspace: Workspace,
    /// Columns, because those are aligned.
    lifted: Mat<f64>,
    image: Mat<f64>,
}

impl Subspace {
    /// From orthonormal columns in packed weighted coordinates.
    pub(super) fn new(monomials: Monomials, basis: MatRef<'_, f64>, simd: Simd) -> Self {
        let rows = monomials.len().next_multiple_of(8);
        let mut padded = Mat::zeros(rows, basis.ncols());
        padded.as_mut().subrows_mut(0, monomials.len()).copy_from(basis);
        let roots = monomials.multiplicities().into_iter().map(f64::sqrt).collect();
        let workspace = Workspace::new(&monomials);
        let (lifted, image) = (Mat::zeros(rows, 1), Mat::zeros(rows, 1));
        Self { monomials, roots, basis: padded, simd, workspace, lifted, image }
    }

    /// The span of `a_r^{⊗n}` for the columns of `A: d×R`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: no columns, more than the space has dimensions, or entries that are not finite.
    /// [`Error::Numerical`]: powers that depend on each other.
    pub fn spanned_by(a: MatRef<'_, f64>, n: usize) -> Result<Self, Error> {
        finite("components", a.col_iter().flat_map(|column| column.iter()))?;
        let monomials = Monomials::new(a.nrows(), n)?;
        let roots: Vec<f64> = monomials.multiplicities().into_iter().map(f64::sqrt).collect();
        let mut powers = Mat::zeros(monomials.len(), a.ncols());
        let mut workspace = Workspace::new(&monomials);
        for (j, column) in a.col_iter().enumerate() {
            let x: Vec<f64> = column.iter().copied().collect();
            workspace.lift(Simd::detect(), &monomials, &x, &roots, powers.col_as_slice_mut(j));
        }
        Self::of_columns(monomials, powers.as_ref())
    }

    /// The span of `k` generic symmetric tensors of order `n`, none of them a power.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: `k` not between 1 and the dimension of the space.
    pub fn generic(d: usize, n: usize, k: usize, rng: &mut ChaCha8Rng) -> Result<Self, Error> {
        let monomials = Monomials::new(d, n)?;
        let mut columns = Mat::zeros(monomials.len(), k);
        (0..k).for_each(|j| columns.col_as_slice_mut(j).fill_with(|| rng.sample(StandardNormal)));
        Self::of_columns(monomials, columns.as_ref())
    }

    fn of_columns(monomials: Monomials, columns: MatRef<'_, f64>) -> Result<Self, Error> {
        let (rows, k) = columns.shape();
        argument(k >= 1 && k <= rows, "columns", k as f64, "between 1 and the dimension of the space")?;
        let qr = householder(columns);
        let r = qr.r();
        let largest = (0..k).map(|j| r[(j, j)].abs()).fold(0.0, f64::max);
        if let Some(column) = (0..k).find(|&j| r[(j, j)].abs() <= 1e-13 * largest) {
            return Err(crate::NumericalError::RankDeficient { column }.into());
        }
        let basis = qr.embed(Mat::<f64>::identity(k, k).as_ref());
        Ok(Self::new(monomials, basis.as_ref(), Simd::detect()))
    }

    /// The number `k` of basis vectors.
    pub fn width(&self) -> usize {
        self.basis.ncols()
    }

    /// `C: d×k`, every basis tensor contracted with `x^{⊗(n−1)}`. Cost: `4Nk` flops.
    pub fn contraction(&mut self, x: &[f64]) -> Mat<f64> {
        let mut c = Mat::zeros(self.dimension(), self.width());
        self.contract_into(x, &mut c);
        c
    }

    pub(super) fn contract_into(&mut self, x: &[f64], c: &mut Mat<f64>) {
        let len = self.monomials.len();
        let mut weighted = vec![0.0; len];
        self.workspace.prepare(self.simd, &self.monomials, x);
        for j in 0..self.basis.ncols() {
            let column = &self.basis.col_as_slice(j)[..len];
            weighted.iter_mut().zip(column).zip(&self.roots).for_each(|((w, v), r)| *w = v * r);
            self.workspace.pull(self.simd, &self.monomials, x, &weighted, c.col_as_slice_mut(j));
        }
    }

    /// The local rate `ρ` of the power method at a component `a` without a shift, and the unit direction in which the
    /// iteration contracts that slowly: the top eigenpair of `n P_a C Cᵀ P_a`, `P_a = I − aaᵀ`. With a shift `γ` the
    /// rate is `(ρ+γ)/(1+γ)`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: a vector of another dimension. [`Error::Numerical`]: an eigendecomposition that fails.
    pub fn local_rate(&mut self, a: &[f64]) -> Result<(f64, Vec<f64>), Error> {
        let d = self.dimension();
        shape("component", Size::Len(d), Size::Len(a.len()))?;
        if let Some((index, &value)) = a.iter().enumerate().find(|(_, a)| !a.is_finite()) {
            return Err(InputError::NonFinite { what: "component", index, value }.into());
        }
        let mut c = self.contraction(a);
        for j in 0..c.ncols() {
            let column = c.col_as_slice_mut(j);
            let along: f64 = column.iter().zip(a).map(|(c, a)| c * a).sum();
            column.iter_mut().zip(a).for_each(|(c, a)| *c -= along * a);
        }
        let mut gram = Mat::zeros(d, d);
        faer::linalg::matmul::matmul(
            gram.as_mut(),
            faer::Accum::Replace,
            c.as_ref(),
            c.transpose(),
            self.degree() as f64,
            faer::Par::Seq,
        );
        let (values, vectors) = symmetric_eigen(gram.as_ref())?;
        Ok((values[d - 1], vectors.col_as_slice(d - 1).to_vec()))
    }

    /// `s = (√μ_p x^p)`, the coordinates of `x^{⊗n}`, into the leading entries of `s`.
    pub(super) fn lift(&mut self, x: &[f64], s: &mut [f64]) {
        let len = self.monomials.len();
        self.workspace.lift(self.simd, &self.monomials, x, &self.roots, &mut s[..len]);
    }

    /// `Vᵀ x^{⊗n}`. Cost: `2Nk` flops.
    pub(super) fn coordinates(&mut self, x: &[f64]) -> Vec<f64> {
        let mut s = vec![0.0; self.basis.nrows()];
        self.lift(x, &mut s);
        let column = |j| self.basis.col_as_slice(j).iter().zip(&s).map(|(v, s)| v * s).sum();
        (0..self.width()).map(column).collect()
    }
}

impl Ascent for Subspace {
    fn dimension(&self) -> usize {
        self.monomials.dimension()
    }

    fn degree(&self) -> usize {
        self.monomials.degree()
    }

    fn evaluate(&mut self, x: &[f64], y: &mut [f64]) -> f64 {
        let len = self.monomials.len();
        let (s, t) = (self.lifted.col_as_slice_mut(0), self.image.col_as_slice_mut(0));
        self.workspace.lift(self.simd, &self.monomials, x, &self.roots, &mut s[..len]);
        t.fill(0.0);
        self.simd.run(Project { basis: &self.basis, s, t });
        t[..len].iter_mut().zip(&self.roots).for_each(|(t, r)| *t *= r);
        self.workspace.pull(self.simd, &self.monomials, x, &t[..len], y);
        x.iter().zip(&*y).map(|(x, y)| x * y).sum::<f64>().clamp(0.0, 1.0)
    }

    fn flops(&self) -> u64 {
        4 * (self.monomials.len() * self.width()) as u64 + 2 * pull_flops(&self.monomials)
    }
}

/// `t += V Vᵀ s`: each group of columns is read once for both products.
struct Project<'a> {
    basis: &'a Mat<f64>,
    s: &'a [f64],
    t: &'a mut [f64],
}

impl Task for Project<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let (k, s) = (self.basis.ncols(), self.s.as_chunks::<8>().0);
        let t = self.t.as_chunks_mut::<8>().0;
        let column = |j: usize| self.basis.col_as_slice(j).as_chunks::<8>().0;
        let whole = k / TOGETHER * TOGETHER;
        for j in (0..whole).step_by(TOGETHER) {
            let v: [&[[f64; 8]]; TOGETHER] = std::array::from_fn(|c| column(j + c));
            let mut sums = [simd.splat(0.0); TOGETHER];
            for (p, s) in s.iter().enumerate() {
                let s = simd.load(s);
                for c in 0..TOGETHER {
                    sums[c] = simd.fma(simd.load(&v[c][p]), s, sums[c]);
                }
            }
            let mut z = [0.0; TOGETHER];
            simd.store(simd.sums(sums), &mut z);
            for (p, t) in t.iter_mut().enumerate() {
                let mut sum = simd.load(t);
                for c in 0..TOGETHER {
                    sum = simd.fma(simd.load(&v[c][p]), simd.splat(z[c]), sum);
                }
                simd.store(sum, t);
            }
        }
        for j in whole..k {
            let v = column(j);
            let mut sum = simd.splat(0.0);
            for (v, s) in v.iter().zip(s) {
                sum = simd.fma(simd.load(v), simd.load(s), sum);
            }
            let z = simd.splat(simd.sum(sum));
            for (v, t) in v.iter().zip(t.iter_mut()) {
                simd.store(simd.fma(simd.load(v), z, simd.load(t)), t);
            }
        }
    }
}
