//! How far a decomposition is from the planted one.

use faer::MatRef;

use super::instance::Truth;
use super::outcome::Decomposition;
use crate::error::{Error, Size, shape};
use crate::linalg::maximum;

/// Errors after the best matching of components.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// `max_i min_± ‖a_i ∓ â_i‖`.
    pub distance: f64,
    /// `max_i |λ̂_i − λ_i|/|λ_i|`, with the sign that belongs to the vector.
    pub weight: f64,
}

/// Matches found components with true ones so that the sum of `|a_iᵀâ_j|` is largest. With another number of components
/// than the truth both errors are infinite, and NaN where a vector is not a number. Cost: `O(R³)`.
///
/// # Errors
///
/// [`Error::Input`]: vectors of another dimension.
pub fn compare(found: &Decomposition, truth: &Truth, m: usize) -> Result<Match, Error> {
    let (a, b) = (truth.vectors(), found.vectors.as_ref());
    shape("components", Size::Len(a.nrows()), Size::Len(b.nrows()))?;
    if a.ncols() != b.ncols() {
        return Ok(Match { distance: f64::INFINITY, weight: f64::INFINITY });
    }
    let Some(partners) = matched(a, b) else {
        return Ok(Match { distance: f64::NAN, weight: f64::NAN });
    };
    let weights = partners.iter().enumerate().map(|(i, &(j, sign))| {
        let found = if m % 2 == 1 { sign * found.weights[j] } else { found.weights[j] };
        (found - truth.weights[i]).abs() / truth.weights[i].abs()
    });
    Ok(Match { distance: farthest(a, b, &partners), weight: maximum(weights.chain([0.0])) })
}

/// The largest distance between matched unit vectors of two sets, up to sign; infinite for sets of different sizes,
/// NaN where a vector is not a number.
///
/// # Errors
///
/// [`Error::Input`]: vectors of another dimension.
pub fn vectors_apart(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Result<f64, Error> {
    shape("components", Size::Len(a.nrows()), Size::Len(b.nrows()))?;
    if a.ncols() != b.ncols() {
        return Ok(f64::INFINITY);
    }
    Ok(matched(a, b).map_or(f64::NAN, |partners| farthest(a, b, &partners)))
}

/// The partner of each column of `a` among those of `b`, with the sign of their product; none if a product is not a
/// number.
fn matched(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Option<Vec<(usize, f64)>> {
    let r = a.ncols();
    let inner = |i: usize, j: usize| a.col(i).iter().zip(b.col(j).iter()).map(|(a, b)| a * b).sum::<f64>();
    let cosines: Vec<f64> = (0..r * r).map(|at| inner(at / r, at % r)).collect();
    if cosines.iter().any(|c| c.is_nan()) {
        return None;
    }
    let sign = |c: f64| if c < 0.0 { -1.0 } else { 1.0 };
    let partners = assign(r, |i, j| -cosines[i * r + j].abs());
    Some(partners.iter().enumerate().map(|(i, &j)| (j, sign(cosines[i * r + j]))).collect())
}

fn farthest(a: MatRef<'_, f64>, b: MatRef<'_, f64>, partners: &[(usize, f64)]) -> f64 {
    let distances = partners.iter().enumerate().map(|(i, &(j, sign))| apart(a, i, b, j, sign));
    maximum(distances.chain([0.0]))
}

/// `‖a_i − s b_j‖`.
fn apart(a: MatRef<'_, f64>, i: usize, b: MatRef<'_, f64>, j: usize, s: f64) -> f64 {
    a.col(i).iter().zip(b.col(j).iter()).map(|(a, b)| (a - s * b).powi(2)).sum::<f64>().sqrt()
}

/// The assignment of `n` rows to `n` columns of least total cost, by shortest augmenting paths. Cost: `O(n³)`.
pub fn assign(n: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    // Row and column 0 are artificial; `row_of[j]` is the row assigned to column j.
    let (mut row_price, mut column_price) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    let mut row_of = vec![0; n + 1];
    for row in 1..=n {
        row_of[0] = row;
        let (mut column, mut least) = (0, vec![f64::INFINITY; n + 1]);
        let (mut from, mut done) = (vec![0; n + 1], vec![false; n + 1]);
        while row_of[column] != 0 {
            done[column] = true;
            let current = row_of[column];
            let (mut step, mut next) = (f64::INFINITY, 0);
            for j in (1..=n).filter(|&j| !done[j]).collect::<Vec<_>>() {
                let reduced = cost(current - 1, j - 1) - row_price[current] - column_price[j];
                if reduced < least[j] {
                    (least[j], from[j]) = (reduced, column);
                }
                if least[j] < step {
                    (step, next) = (least[j], j);
                }
            }
            if next == 0 {
                break;
            }
            for j in 0..=n {
                if done[j] {
                    row_price[row_of[j]] += step;
                    column_price[j] -= step;
                } else {
                    least[j] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[from[column]];
            column = from[column];
        }
    }
    let mut partner = vec![0; n];
    for j in 1..=n {
        if row_of[j] > 0 {
            partner[row_of[j] - 1] = j - 1;
        }
    }
    partner
}
