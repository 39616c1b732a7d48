//! Symmetric tensors in packed form.

use faer::{Mat, MatRef};
use ndarray::{ArrayD, ArrayViewD, IxDyn};

use super::contract::{Workspace, pull_flops};
use super::flattening::Flattening;
use super::monomials::{Monomials, multiplicity};
use super::octet::{Octet, Octets, Shared};
use crate::error::{Error, InputError, Size, argument, finite, shape};
use crate::simd::Simd;

/// A symmetric tensor `T ∈ R^{d×…×d}` of order `m`: one entry for each sorted multi-index, `C(d+m−1, m)` in all.
#[derive(Debug, Clone, PartialEq)]
pub struct SymmetricTensor {
    monomials: Monomials,
    entries: Vec<f64>,
}

impl SymmetricTensor {
    /// The zero tensor of order `m ≥ 1` in dimension `d ≥ 1`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: no dimension or order, or more than `2³¹` entries.
    pub fn zeros(m: usize, d: usize) -> Result<Self, Error> {
        let monomials = Monomials::new(d, m)?;
        let entries = vec![0.0; monomials.len()];
        Ok(Self { monomials, entries })
    }

    /// From entries at sorted multi-indices in lexicographic order.
    ///
    /// # Errors
    ///
    /// As [`zeros`](Self::zeros), and for a wrong number of entries or one that is not finite.
    pub fn from_packed(m: usize, d: usize, entries: Vec<f64>) -> Result<Self, Error> {
        let monomials = Monomials::new(d, m)?;
        shape("packed entries", Size::Len(monomials.len()), Size::Len(entries.len()))?;
        finite("packed entries", &entries)?;
        Ok(Self { monomials, entries })
    }

    /// From a dense array whose entries agree under permutations of their indices to within `tolerance` of the largest.
    /// Stores the means over permutations.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: an array that is not cubic, an entry that is not finite, and
    /// [`InputError::NotSymmetric`] with the largest relative difference between an entry and its mean.
    pub fn from_dense(dense: ArrayViewD<'_, f64>, tolerance: f64) -> Result<Self, Error> {
        let tensor = Self::symmetrized(dense.view())?;
        let largest = dense.iter().fold(0.0, |l: f64, x| l.max(x.abs()));
        let apart = |(index, x): (IxDyn, &f64)| (x - tensor.entry(ndarray::Dimension::slice(&index))).abs();
        let defect = dense.indexed_iter().map(apart).fold(0.0, f64::max);
        if defect > tolerance * largest {
            return Err(InputError::NotSymmetric { defect: defect / largest }.into());
        }
        Ok(tensor)
    }

    /// The symmetric part of a dense array: the means of its entries over permutations of their indices.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: an array that is not cubic or an entry that is not finite.
    pub fn symmetrized(dense: ArrayViewD<'_, f64>) -> Result<Self, Error> {
        let (m, d) = (dense.ndim(), dense.shape().first().copied().unwrap_or(0));
        for &side in dense.shape() {
            shape("sides of a cubic array", Size::Len(d), Size::Len(side))?;
        }
        finite("dense tensor", dense.iter())?;
        let mut tensor = Self::zeros(m, d)?;
        let mut sorted = vec![0; m];
        let counts = tensor.monomials.multiplicities();
        for (index, x) in dense.indexed_iter() {
            sorted.copy_from_slice(ndarray::Dimension::slice(&index));
            sorted.sort_unstable();
            let at = tensor.monomials.position(&sorted);
            tensor.entries[at] += x / counts[at];
        }
        Ok(tensor)
    }

    /// `Σ_r λ_r a_r^{⊗m}` for the columns `a_r` of `A: d×R`. Cost: `2R` flops per packed entry.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: not one weight per column, or numbers that are not finite.
    pub fn from_components(m: usize, a: MatRef<'_, f64>, weights: &[f64]) -> Result<Self, Error> {
        let mut tensor = Self::zeros(m, a.nrows())?;
        tensor.add_components(1.0, a, weights)?;
        Ok(tensor)
    }

    /// `T ← T + c Σ_r λ_r a_r^{⊗m}`.
    ///
    /// # Errors
    ///
    /// As [`from_components`](Self::from_components).
    pub fn add_components(&mut self, c: f64, a: MatRef<'_, f64>, weights: &[f64]) -> Result<(), Error> {
        shape("weights", Size::Len(a.ncols()), Size::Len(weights.len()))?;
        shape("components", Size::Len(self.dimension()), Size::Len(a.nrows()))?;
        finite("components", a.col_iter().flat_map(|column| column.iter()))?;
        finite("weights", weights)?;
        let simd = Simd::detect();
        let (ones, mut power) = (vec![1.0; self.entries.len()], vec![0.0; self.entries.len()]);
        let mut workspace = Workspace::new(&self.monomials);
        for (column, &weight) in a.col_iter().zip(weights) {
            let x: Vec<f64> = column.iter().copied().collect();
            workspace.lift(simd, &self.monomials, &x, &ones, &mut power);
            self.entries.iter_mut().zip(&power).for_each(|(t, p)| *t += c * weight * p);
        }
        Ok(())
    }

    /// The order `m`.
    pub fn order(&self) -> usize {
        self.monomials.degree()
    }

    /// The dimension `d`.
    pub fn dimension(&self) -> usize {
        self.monomials.dimension()
    }

    /// The sorted multi-indices.
    pub fn monomials(&self) -> &Monomials {
        &self.monomials
    }

    /// The entries at sorted multi-indices.
    pub fn packed(&self) -> &[f64] {
        &self.entries
    }

    /// The entry at any multi-index, sorted or not.
    ///
    /// # Panics
    /// If it has not `m` indices below `d`.
    pub fn entry(&self, index: &[usize]) -> f64 {
        assert!(index.len() == self.order() && index.iter().all(|&i| i < self.dimension()), "an index of the tensor");
        let mut sorted = index.to_vec();
        sorted.sort_unstable();
        self.entries[self.monomials.position(&sorted)]
    }

    /// The dense form with `d^m` entries.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: more than `2³¹` entries.
    pub fn to_dense(&self) -> Result<ArrayD<f64>, Error> {
        let (m, d) = (self.order(), self.dimension());
        let size = u32::try_from(m).ok().and_then(|m| d.checked_pow(m)).filter(|size| *size <= 1 << 31);
        argument(size.is_some(), "dimension", d as f64, "at most 2³¹ dense entries")?;
        Ok(ArrayD::from_shape_fn(vec![d; m], |index| self.entry(ndarray::Dimension::slice(&index))))
    }

    /// The flattening with the first `rows` indices as rows, in weighted coordinates.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: `rows` not in `1..m`.
    pub fn flatten(&self, rows: usize) -> Result<Flattening, Error> {
        Flattening::new(self, rows)
    }

    /// `‖T‖_F`, of the full tensor.
    pub fn norm(&self) -> f64 {
        let largest = self.largest();
        if largest == 0.0 {
            return 0.0;
        }
        let mut sum = 0.0;
        self.monomials.for_each(|p, index| sum += multiplicity(index) * (self.entries[p] / largest).powi(2));
        largest * sum.sqrt()
    }

    /// The largest absolute entry.
    pub fn largest(&self) -> f64 {
        self.entries.iter().fold(0.0, |l: f64, x| l.max(x.abs()))
    }

    /// `c T`.
    #[must_use]
    pub fn scaled(&self, c: f64) -> Self {
        Self { monomials: self.monomials.clone(), entries: self.entries.iter().map(|t| c * t).collect() }
    }

    /// The tensor with entries of order one, and the unit that they are in. Exact but for entries that underflow.
    pub(super) fn normalized(&self) -> (Self, Unit) {
        let unit = Unit::of(self.largest());
        (self.scaled(1.0 / unit.root).scaled(1.0 / unit.root), unit)
    }

    /// `T + c U`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: another order or dimension.
    pub fn plus(&self, c: f64, other: &Self) -> Result<Self, Error> {
        shape("orders", Size::Len(self.order()), Size::Len(other.order()))?;
        shape("dimensions", Size::Len(self.dimension()), Size::Len(other.dimension()))?;
        let entries = self.entries.iter().zip(&other.entries).map(|(t, u)| t + c * u).collect();
        Ok(Self { monomials: self.monomials.clone(), entries })
    }

    /// The contraction with one vector in all but one mode, ready for many vectors.
    pub fn contraction(&self) -> Contraction<'_> {
        let weighted = self.entries.iter().zip(self.monomials.multiplicities()).map(|(t, m)| t * m).collect();
        Contraction { monomials: &self.monomials, weighted, workspace: Workspace::new(&self.monomials) }
    }
}

/// An even power of two, by its root: the reciprocal of a subnormal overflows, that of its root does not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    root: f64,
}

impl Unit {
    /// The unit in which a size is between 1/4 and 4; 1 for no size.
    fn of(size: f64) -> Self {
        Self { root: if size == 0.0 { 1.0 } else { f64::powi(2.0, (size.log2() / 2.0) as i32) } }
    }

    /// A number in this unit.
    pub fn divide(self, x: f64) -> f64 {
        x / self.root / self.root
    }

    /// A number that was in this unit.
    pub fn multiply(self, x: f64) -> f64 {
        x * self.root * self.root
    }
}

/// `x ↦ T x^{m−1}`.
#[derive(Debug, Clone)]
pub struct Contraction<'a> {
    monomials: &'a Monomials,
    /// Entries times their multiplicities.
    weighted: Vec<f64>,
    workspace: Workspace,
}

impl Contraction<'_> {
    /// `y = T x^{m−1}`; returns `T x^m`. Cost: [`flops`](Self::flops).
    ///
    /// # Panics
    /// If `x` and `y` have not the dimension of the tensor.
    pub fn apply(&mut self, x: &[f64], y: &mut [f64]) -> f64 {
        assert!(x.len() == self.monomials.dimension() && y.len() == x.len(), "vectors of the tensor's dimension");
        let simd = Simd::detect();
        self.workspace.prepare(simd, self.monomials, x);
        self.workspace.pull(simd, self.monomials, x, &self.weighted, y);
        x.iter().zip(&*y).map(|(x, y)| x * y).sum()
    }

    /// `y = T x^{m−1}` for eight points at once.
    pub(super) fn apply_all(&self, workspace: &mut Octets, x: &[Octet], y: &mut [Octet]) {
        let simd = Simd::detect();
        workspace.prepare(simd, self.monomials, x);
        workspace.pull(simd, self.monomials, x, Shared(&self.weighted), y);
    }

    /// Flops of one application, about four per packed entry.
    pub fn flops(&self) -> u64 {
        pull_flops(self.monomials)
    }
}

/// `‖Σ_r λ_r a_r^{⊗m} − T‖_F/‖T‖_F` from explicit differences; 0 for a zero tensor met exactly.
///
/// # Errors
///
/// As [`SymmetricTensor::from_components`].
pub fn relative_error(tensor: &SymmetricTensor, a: MatRef<'_, f64>, weights: &[f64]) -> Result<f64, Error> {
    let mut rest = tensor.clone();
    rest.add_components(-1.0, a, weights)?;
    Ok(match (rest.norm(), tensor.norm()) {
        (0.0, _) => 0.0,
        (rest, norm) => rest / norm,
    })
}

/// A matrix of these columns; `d×0` without any.
pub(super) fn from_columns(d: usize, columns: &[Vec<f64>]) -> Mat<f64> {
    Mat::from_fn(d, columns.len(), |i, j| columns[j][i])
}
