//! A real matrix with entries hidden, and how well they are predicted.

use algos::{Error, completion::Observations};
use faer::{Mat, MatRef};
use serde::{Deserialize, Serialize};

/// How hidden entries are predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// AltMin of the given rank.
    Altmin,
    /// Soft-Impute along its path.
    SoftImpute,
    /// Means of what is observed: of the column, or of row and column.
    Means,
    /// The best approximation of the given rank of the whole matrix: the limit.
    Limit,
}

/// A matrix of which some entries are observed and the others are hidden.
#[derive(Debug)]
pub struct Hidden<'a> {
    matrix: MatRef<'a, f64>,
    /// Row by row.
    places: Vec<(usize, usize)>,
    /// What a method sees.
    pub observations: Observations,
}

impl<'a> Hidden<'a> {
    /// Hides the entries that `shown`, asked row by row, refuses.
    ///
    /// # Errors
    /// No entry that is shown.
    pub fn new(matrix: MatRef<'a, f64>, mut shown: impl FnMut(usize, usize) -> bool) -> Result<Self, Error> {
        let (m, n) = matrix.shape();
        let all = (0..m).flat_map(|i| (0..n).map(move |j| (i, j)));
        let (seen, places): (Vec<_>, Vec<_>) = all.partition(|&(i, j)| shown(i, j));
        let triplets = seen.into_iter().map(|(i, j)| (i as u32, j as u32, matrix[(i, j)])).collect();
        Ok(Self { matrix, places, observations: Observations::from_triplets(m, n, triplets)? })
    }

    /// How many entries are hidden.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Sums of squares over the hidden entries: of `UVᵀ − M`, and of `M`.
    pub fn squares(&self, u: &Mat<f64>, v: &Mat<f64>) -> (f64, f64) {
        let (mut off, mut all) = (0.0, 0.0);
        for &(i, j) in &self.places {
            let x: f64 = (0..u.ncols()).map(|a| u[(i, a)] * v[(j, a)]).sum();
            off += (x - self.matrix[(i, j)]).powi(2);
            all += self.matrix[(i, j)].powi(2);
        }
        (off, all)
    }
}
