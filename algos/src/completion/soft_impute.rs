//! Soft-Impute: completion by the nuclear norm, the convex baseline.
//!
//! Mazumder, Hastie & Tibshirani (2010), JMLR 11, 2287–2322. For a decreasing path of `λ`, with warm starts,
//!
//! ```text
//! repeat  Z ← P_Ω(M) + P_Ω⊥(X);   Z = P diag(s) Wᵀ;   X ← P diag(max(s − λ, 0)) Wᵀ
//! ```
//!
//! until `‖ΔX‖_F ≤ 1e-5 ‖X‖_F`. [`reference()`] takes dense decompositions. [`fast`] never forms an `m×n` matrix:
//! `Z = P_Ω(M − X) + X` is sparse plus low rank, and one warm step of subspace iteration replaces the decomposition.

use faer::{Mat, Par};

use super::Observations;
use super::fast::factor::Factor;
use super::fast::spectral::{leading, residuals, scatter, spread};
use crate::error::{Error, argument};
use crate::linalg::{maximum, norm, product, thin_svd};
use crate::{Effort, Outcome, Status};

/// The path of `λ` and when to stop on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Path {
    /// Number of values, falling geometrically.
    pub values: usize,
    /// The first, over `‖P_Ω(M)‖₂`.
    pub first: f64,
    /// The last, over `‖P_Ω(M)‖₂`.
    pub last: f64,
    /// Iterations at most for each.
    pub iterations: usize,
    /// Relative change of `X` at which a value is done.
    pub tolerance: f64,
    /// Columns of the fast variant: an upper bound on the rank of `X`.
    pub width: usize,
}

impl Default for Path {
    fn default() -> Self {
        Self { values: 8, first: 0.5, last: 1e-3, iterations: 30, tolerance: 1e-5, width: 60 }
    }
}

/// `X = U diag(σ) Vᵀ` at the end of the path.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// `U`, orthonormal columns.
    pub u: Mat<f64>,
    /// `σ`, descending and not negative.
    pub sigma: Vec<f64>,
    /// `V`, orthonormal columns.
    pub v: Mat<f64>,
}

impl Shrunk {
    /// `U diag(σ)`.
    pub fn scaled(&self) -> Mat<f64> {
        Mat::from_fn(self.u.nrows(), self.sigma.len(), |i, j| self.u[(i, j)] * self.sigma[j])
    }
}

impl Path {
    fn check(&self) -> Result<(), Error> {
        argument(self.values >= 1, "values", self.values as f64, "at least one")?;
        argument(self.iterations >= 1, "iterations", self.iterations as f64, "at least one")?;
        argument(self.width >= 1, "width", self.width as f64, "at least one")?;
        argument(self.first > 0.0 && self.first.is_finite(), "first", self.first, "positive and finite")?;
        argument(self.last > 0.0 && self.last <= self.first, "last", self.last, "positive and at most the first")?;
        argument((0.0..1.0).contains(&self.tolerance), "tolerance", self.tolerance, "0 ≤ tolerance < 1")?;
        Ok(())
    }

    fn lambda(&self, step: usize, size: f64) -> f64 {
        size * self.first * (self.last / self.first).powf(step as f64 / (self.values.max(2) - 1) as f64)
    }
}

/// A deterministic start for subspace iterations.
fn block(m: usize, width: usize) -> Mat<f64> {
    Mat::from_fn(m, width, |i, j| ((i * width + j) as f64 * 0.754_877_666 + 0.3).fract() - 0.5)
}

fn size(observations: &Observations) -> Result<f64, Error> {
    let (m, n) = observations.shape();
    Ok(leading(observations, 1, block(m, 9.min(m).min(n)), Par::Seq)?.1[0])
}

/// With dense decompositions: `O(mn·min(m,n))` an iteration, memory `O(mn)`.
///
/// # Errors
///
/// Parameters outside their domains; a decomposition that does not converge.
pub fn reference(observations: &Observations, path: &Path) -> Result<Outcome<Shrunk>, Error> {
    path.check()?;
    let (m, n) = observations.shape();
    let size = size(observations)?;
    let mut x = Mat::<f64>::zeros(m, n);
    let mut effort = Effort::default();
    let mut last = Shrunk { u: Mat::zeros(m, 1), sigma: vec![0.0], v: Mat::zeros(n, 1) };
    for step in 0..path.values {
        let lambda = path.lambda(step, size);
        for _ in 0..path.iterations {
            let mut z = x.clone();
            observations.rows().entries().for_each(|(i, j, v)| z[(i, j)] = v);
            let svd = thin_svd(z.as_ref())?;
            let sigma = svd.values.iter().map(|s| (s - lambda).max(0.0)).collect();
            last = Shrunk { u: svd.left, sigma, v: svd.right };
            let next = product(last.scaled().as_ref(), last.v.transpose());
            let change = crate::linalg::distance(next.as_ref(), x.as_ref());
            x = next;
            effort.iterations += 1;
            effort.entries += observations.len() as u64;
            if change <= path.tolerance * x.norm_l2() {
                break;
            }
        }
    }
    Ok(Outcome { value: last, status: Status::IterationLimit, effort })
}

/// Columns that are added at a time, and the least number without weight: the first directions to come in
/// below the next `λ` are then among them.
const SPARE: usize = 8;

/// With the sparse-plus-low-rank form: `O(|Ω|w + (m+n)w²)` an iteration for `w` columns, memory `O(|Ω| + (m+n)w)`. Few
/// columns are enough while `λ` is large, so `w` grows with the rank of `X`. Changes below `1e-8 ‖X‖_F` count as none.
///
/// # Errors
///
/// As [`reference()`].
pub fn fast(observations: &Observations, path: &Path) -> Result<Outcome<Shrunk>, Error> {
    along(observations, path, &mut |_, _| ())
}

/// As [`fast`], and shows every `λ` with the `X` at it: one path costs as much as its end.
///
/// # Errors
///
/// As [`reference()`].
pub fn along(
    observations: &Observations,
    path: &Path,
    observe: &mut dyn FnMut(f64, &Shrunk),
) -> Result<Outcome<Shrunk>, Error> {
    path.check()?;
    let (m, n) = observations.shape();
    let most = path.width.min(m).min(n);
    let size = size(observations)?;
    let mut effort = Effort::default();
    let mut x = Shrunk { u: Mat::zeros(m, 0), sigma: Vec::new(), v: Mat::zeros(n, 0) };
    for step in 0..path.values {
        let lambda = path.lambda(step, size);
        for _ in 0..path.iterations {
            widen(&mut x, most, &mut effort)?;
            let next = iterate(observations, &x, lambda, &mut effort)?;
            let change = difference(&next, &x);
            x = next;
            effort.iterations += 1;
            if change <= path.tolerance * norm(&x.sigma) {
                break;
            }
        }
        observe(lambda, &x);
    }
    Ok(Outcome { value: x, status: Status::IterationLimit, effort })
}

/// Adds columns without weight until there are enough of them.
fn widen(x: &mut Shrunk, most: usize, effort: &mut Effort) -> Result<(), Error> {
    let (n, width) = x.v.shape();
    let rank = x.sigma.iter().filter(|s| **s > 0.0).count();
    let wanted = (rank + SPARE).min(most);
    if width >= wanted {
        return Ok(());
    }
    let wanted = wanted.next_multiple_of(SPARE).min(most);
    let new = block(n, wanted);
    let mut v = Factor::new(Mat::from_fn(n, wanted, |i, j| if j < width { x.v[(i, j)] } else { new[(i, j)] }).as_ref());
    v.orthonormalize(effort)?;
    x.v = v.to_mat();
    x.sigma.resize(wanted, 0.0);
    x.u.resize_with(x.u.nrows(), wanted, |_, _| 0.0);
    Ok(())
}

/// One step of subspace iteration on `Z = P_Ω(M − X) + X` from the last right vectors, then shrinkage.
fn iterate(observations: &Observations, x: &Shrunk, lambda: f64, effort: &mut Effort) -> Result<Shrunk, Error> {
    let (m, n) = observations.shape();
    let (scaled, width) = (x.scaled(), x.sigma.len());
    let (left, right) = (Factor::new(scaled.as_ref()), Factor::new(x.v.as_ref()));
    let rows = observations.rows();
    let residual = residuals(rows, &left, &right);
    effort.entries += observations.len() as u64;
    effort.flops += (6 * observations.len() * width + 8 * (m + n) * width * width) as u64;
    // Z V = residual·V + U σ (VᵀV).
    let mut q = Factor::zeros(m, width);
    spread(rows, &residual, &right, &mut q, Par::Seq);
    q.add(&scaled);
    q.orthonormalize(effort)?;
    // Zᵀ Q = residualᵀ·Q + V (U σ)ᵀQ.
    let mut b = Factor::zeros(n, width);
    scatter(rows, &residual, &q, &mut b);
    b.add(&product(x.v.as_ref(), product(scaled.transpose(), q.view()).as_ref()));
    let r = b.orthonormalize(effort)?;
    let svd = thin_svd(r.as_ref())?;
    Ok(Shrunk {
        u: product(q.view(), svd.right.as_ref()),
        sigma: svd.values.iter().map(|s| (s - lambda).max(0.0)).collect(),
        v: product(b.view(), svd.left.as_ref()),
    })
}

/// `‖X − Y‖_F` by expanding the square, which is accurate enough to see that `X` has settled.
fn difference(x: &Shrunk, y: &Shrunk) -> f64 {
    let (left, right) = (product(x.u.transpose(), y.u.as_ref()), product(x.v.transpose(), y.v.as_ref()));
    // Of values near 1 no square overflows or vanishes.
    let scale = maximum(x.sigma.iter().chain(&y.sigma).copied());
    let [a, b] = [x, y].map(|side| side.sigma.iter().map(|s| s / scale).collect::<Vec<_>>());
    let inner: f64 = (0..b.len())
        .flat_map(|j| (0..a.len()).map(move |i| (i, j)))
        .map(|(i, j)| a[i] * b[j] * left[(i, j)] * right[(i, j)])
        .sum();
    let square = a.iter().chain(&b).map(|s| s * s).sum::<f64>() - 2.0 * inner;
    if scale == 0.0 || square < 0.0 { 0.0 } else { scale * square.sqrt() }
}
