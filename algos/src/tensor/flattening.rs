//! Flattenings of symmetric tensors in weighted coordinates.

use faer::Mat;

use super::monomials::Monomials;
use super::symmetric::SymmetricTensor;
use crate::error::{Error, argument};

/// A flattening in the coordinates `√μ_p`: `S[p, q] = √μ_p T[p, q] √μ_q` over sorted multi-indices `p` of length `n` and
/// `q` of length `m−n`.
///
/// The weights make the map from packed to full coordinates an isometry, so `S` has the singular values, and for
/// `m = 2n` the eigenvalues, of the full `d^n×d^{m−n}` flattening, and its Frobenius norm.
#[derive(Debug, Clone, PartialEq)]
pub struct Flattening {
    /// The multi-indices of rows.
    pub rows: Monomials,
    /// The multi-indices of columns.
    pub columns: Monomials,
    /// `S: C(d+n−1, n) × C(d+m−n−1, m−n)`.
    pub matrix: Mat<f64>,
}

impl Flattening {
    /// Gathers the flattening. Cost: one look-up per entry of `S`, half of that for `m = 2n`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`]: `n` not in `1..m`.
    pub(super) fn new(tensor: &SymmetricTensor, n: usize) -> Result<Self, Error> {
        let (m, d) = (tensor.order(), tensor.dimension());
        argument(n >= 1 && n < m, "rows", n as f64, "between 1 and the order − 1")?;
        let (rows, columns) = (Monomials::new(d, n)?, Monomials::new(d, m - n)?);
        let (p, q) = (rows.indices(), columns.indices());
        let root = |all: Vec<f64>| all.into_iter().map(f64::sqrt).collect::<Vec<f64>>();
        let (row_roots, column_roots) = (root(rows.multiplicities()), root(columns.multiplicities()));
        let (entries, square) = (tensor.packed(), m == 2 * n);
        let mut matrix = Mat::zeros(rows.len(), columns.len());
        let mut sorted = vec![0; m];
        for (j, q) in q.chunks_exact(m - n).enumerate() {
            let from = if square { j } else { 0 };
            let column = matrix.col_as_slice_mut(j);
            for (i, p) in p.chunks_exact(n).enumerate().skip(from) {
                merge(p, q, &mut sorted);
                let at = tensor.monomials().position(&sorted);
                column[i] = row_roots[i] * entries[at] * column_roots[j];
            }
        }
        if square {
            for j in 0..matrix.ncols() {
                for i in 0..j {
                    matrix[(i, j)] = matrix[(j, i)];
                }
            }
        }
        Ok(Self { rows, columns, matrix })
    }
}

/// The sorted union of two sorted multi-indices.
fn merge(p: &[usize], q: &[usize], all: &mut [usize]) {
    let (mut i, mut j) = (0, 0);
    for slot in all {
        if j == q.len() || (i < p.len() && p[i] <= q[j]) {
            *slot = p[i];
            i += 1;
        } else {
            *slot = q[j];
            j += 1;
        }
    }
}
