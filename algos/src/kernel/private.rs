//! Differentially private sums of distances, and kernel densities in low dimension by projection.
//!
//! A *numerical* module: floating-point Laplace noise from a seeded generator gives no privacy in production.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Points, instance::gaussian};
use crate::error::{Error, InputError, argument, finite};

/// What a tree answers with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answer {
    /// Counts only: intervals of leaves whose distances from the query's grow by a factor of `1 + alpha`, each at its
    /// middle (Backurs and others).
    Approximate {
        /// `α`.
        alpha: f64,
    },
    /// Counts and sums of positions, each with half of the budget: no approximation.
    Sums,
}

/// A dyadic tree over `[0, R]` for one coordinate: in every node a count, for [`Answer::Sums`] also a sum, with Laplace
/// noise of scale `(H + 1)/ε` per unit of sensitivity, `H` being the height: each point is in `H + 1` nodes.
#[derive(Debug, Clone)]
pub struct Tree {
    range: f64,
    height: u32,
    answer: Answer,
    /// Node `2^level + place` of each kind, root first at 1.
    counts: Vec<f64>,
    sums: Vec<f64>,
    scales: (f64, f64),
}

/// `ln` of a uniform number on both sides of zero: standard Laplace noise.
fn laplace(rng: &mut ChaCha8Rng) -> f64 {
    let u: f64 = rng.random::<f64>() - 0.5;
    -u.signum() * (1.0 - 2.0 * u.abs()).max(f64::MIN_POSITIVE).ln()
}

impl Tree {
    /// Builds the tree for `capacity` leaves, at least. `noise` off gives the data structure alone.
    ///
    /// Cost: `O(N + n log N)`.
    ///
    /// # Errors
    ///
    /// A privacy budget, a range or an `alpha` that is not positive; a point outside the range; no leaf at all.
    pub fn new(
        points: &[f64],
        capacity: usize,
        range: f64,
        epsilon: f64,
        answer: Answer,
        noise: Option<&mut ChaCha8Rng>,
    ) -> Result<Self, Error> {
        argument(epsilon > 0.0 && epsilon.is_finite(), "epsilon", epsilon, "must be positive and finite")?;
        argument(range > 0.0 && range.is_finite(), "range", range, "must be positive and finite")?;
        argument(capacity > 0 && capacity <= 1 << 30, "capacity", capacity as f64, "must be in 1 … 2³⁰")?;
        if let Answer::Approximate { alpha } = answer {
            argument(alpha > 0.0 && alpha.is_finite(), "alpha", alpha, "must be positive and finite")?;
        }
        finite("points", points)?;
        if let Some(&value) = points.iter().find(|x| !(0.0..=range).contains(*x)) {
            return Err(InputError::Argument { name: "point", value, requirement: "must lie in [0, R]" }.into());
        }
        let height = (capacity as f64).log2().ceil() as u32;
        let nodes = 2usize << height;
        let scale = f64::from(height + 1) / epsilon;
        let scales = if answer == Answer::Sums { (2.0 * scale, 2.0 * scale * range) } else { (scale, 0.0) };
        let mut tree = Self { range, height, answer, counts: vec![0.0; nodes], sums: vec![0.0; nodes], scales };
        for &x in points {
            let mut node = (1usize << height) + tree.leaf(x);
            while node > 0 {
                tree.counts[node] += 1.0;
                tree.sums[node] += x;
                node /= 2;
            }
        }
        if let Some(rng) = noise {
            for node in 1..nodes {
                tree.counts[node] += tree.scales.0 * laplace(rng);
                if answer == Answer::Sums {
                    tree.sums[node] += tree.scales.1 * laplace(rng);
                }
            }
        }
        Ok(tree)
    }

    fn leaves(&self) -> usize {
        1 << self.height
    }

    fn leaf(&self, x: f64) -> usize {
        ((x * self.leaves() as f64 / self.range) as usize).min(self.leaves() - 1)
    }

    /// `Σ |x − y|` over the data, privately.
    ///
    /// # Errors
    ///
    /// `y` outside the range.
    pub fn distances(&self, y: f64) -> Result<f64, Error> {
        argument((0.0..=self.range).contains(&y), "y", y, "must lie in [0, R]")?;
        let pieces = pieces(self.height, self.leaf(y), self.answer);
        let sum = |values: &[f64], nodes: &[usize]| nodes.iter().map(|&node| values[node]).sum::<f64>();
        let width = self.range / self.leaves() as f64;
        Ok(pieces
            .iter()
            .map(|piece| match self.answer {
                Answer::Approximate { .. } => width * piece.distance * sum(&self.counts, &piece.nodes),
                Answer::Sums => piece.sign * (sum(&self.sums, &piece.nodes) - y * sum(&self.counts, &piece.nodes)),
            })
            .sum())
    }

    /// The standard deviation of the noise in [`distances`](Self::distances), in closed form: nodes are independent, and
    /// Laplace noise of scale `b` has variance `2b²`.
    ///
    /// # Errors
    ///
    /// As [`distances`](Self::distances).
    pub fn noise(&self, y: f64) -> Result<f64, Error> {
        argument((0.0..=self.range).contains(&y), "y", y, "must lie in [0, R]")?;
        let width = self.range / self.leaves() as f64;
        let variance = |piece: &Piece| {
            let each = match self.answer {
                Answer::Approximate { .. } => (width * piece.distance * self.scales.0).powi(2),
                Answer::Sums => self.scales.1.powi(2) + (y * self.scales.0).powi(2),
            };
            2.0 * piece.nodes.len() as f64 * each
        };
        Ok(pieces(self.height, self.leaf(y), self.answer).iter().map(variance).sum::<f64>().sqrt())
    }
}

/// Nodes that together cover an interval of leaves.
struct Piece {
    nodes: Vec<usize>,
    /// Middle distance from the query's leaf, in leaves.
    distance: f64,
    /// 1 right of the query, −1 left of it.
    sign: f64,
}

/// The intervals of leaves that a query reads.
fn pieces(height: u32, q: usize, answer: Answer) -> Vec<Piece> {
    let leaves = 1usize << height;
    let mut pieces = Vec::new();
    let mut add = |from: usize, to: usize| {
        // Distances from … to − 1 on both sides of q, cut at the ends.
        for sign in [1.0, -1.0] {
            let (low, high) = if sign > 0.0 {
                (q + from, (q + to).min(leaves))
            } else {
                ((q + 1).saturating_sub(to), (q + 1).saturating_sub(from))
            };
            if low < high {
                let (near, far) = if sign > 0.0 { (low - q, high - 1 - q) } else { (q + 1 - high, q - low) };
                let distance = (near + far) as f64 / 2.0;
                pieces.push(Piece { nodes: cover(height, low, high), distance, sign });
            }
        }
    };
    match answer {
        Answer::Sums => add(1, leaves),
        Answer::Approximate { alpha } => {
            // Powers that grow by less than half a leaf pass none over: intervals of one leaf, without trying them all.
            // Below 1e-8 their number would not fit, and single leaves are finer than asked.
            let single = alpha <= (0.5 / leaves as f64).max(1e-8);
            let mut from = 1;
            let mut i = 1;
            while from < leaves {
                let to = if single { from + 1 } else { ((1.0 + alpha).powi(i).ceil() as usize).min(leaves) };
                if to > from {
                    add(from, to);
                    from = to;
                }
                i += 1;
            }
        }
    }
    pieces
}

/// The fewest nodes that cover the leaves `low … high − 1`: at most two on each level.
fn cover(height: u32, low: usize, high: usize) -> Vec<usize> {
    let (mut low, mut high) = (low + (1 << height), high + (1 << height));
    let mut nodes = Vec::new();
    while low < high {
        if low % 2 == 1 {
            nodes.push(low);
            low += 1;
        }
        if high % 2 == 1 {
            high -= 1;
            nodes.push(high);
        }
        low /= 2;
        high /= 2;
    }
    nodes
}

/// `Σ_x ‖x − y‖₁` over points in `[0, R]ᵈ`: one tree a coordinate, each with its share of the budget.
#[derive(Debug, Clone)]
pub struct Forest(Vec<Tree>);

impl Forest {
    /// Builds the trees.
    ///
    /// # Errors
    ///
    /// As [`Tree::new`].
    pub fn new(
        points: &Points,
        capacity: usize,
        range: f64,
        epsilon: f64,
        answer: Answer,
        rng: &mut ChaCha8Rng,
    ) -> Result<Self, Error> {
        let d = points.dimension();
        let tree = |t: usize| {
            let column: Vec<f64> = (0..points.len()).map(|i| points.point(i)[t]).collect();
            Tree::new(&column, capacity, range, epsilon / d as f64, answer, Some(&mut *rng))
        };
        Ok(Self((0..d).map(tree).collect::<Result<_, _>>()?))
    }

    /// The private sum.
    ///
    /// # Errors
    ///
    /// A query of another dimension or outside the range.
    pub fn distances(&self, y: &[f64]) -> Result<f64, Error> {
        self.check(y)?;
        self.0.iter().zip(y).map(|(tree, &y)| tree.distances(y)).sum()
    }

    /// The standard deviation of its noise.
    ///
    /// # Errors
    ///
    /// As [`distances`](Self::distances).
    pub fn noise(&self, y: &[f64]) -> Result<f64, Error> {
        self.check(y)?;
        let variances = self.0.iter().zip(y).map(|(tree, &y)| tree.noise(y).map(|sd| sd * sd));
        Ok(variances.sum::<Result<f64, _>>()?.sqrt())
    }

    fn check(&self, y: &[f64]) -> Result<(), InputError> {
        crate::error::shape("query", crate::error::Size::Len(self.0.len()), crate::error::Size::Len(y.len()))
    }
}

/// One private histogram without a tree: Laplace noise of scale `1/ε` on every leaf, all leaves read. The noise of
/// `Σ|x − y|` for empty data.
pub fn histogram_noise(leaves: usize, range: f64, epsilon: f64, y: f64, rng: &mut ChaCha8Rng) -> f64 {
    let width = range / leaves as f64;
    let place = |leaf: usize| (leaf as f64 + 0.5) * width;
    (0..leaves).map(|leaf| (place(leaf) - y).abs() * laplace(rng) / epsilon).sum()
}

/// Points projected to `r` dimensions by a Gaussian matrix with entries of variance `1/r`; squared distances are kept on
/// average. One matrix for all sets.
///
/// Cost: `2ndr` flops.
///
/// # Errors
///
/// Sets of different dimensions, `r = 0`.
pub fn project(sets: &[&Points], r: usize, rng: &mut ChaCha8Rng) -> Result<Vec<Points>, Error> {
    argument(r > 0, "r", 0.0, "must be positive")?;
    let d = sets.first().map_or(0, |set| set.dimension());
    let matrix: Vec<f64> = gaussian(r * d, rng).into_iter().map(|g| g / (r as f64).sqrt()).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    sets.iter()
        .map(|set| {
            crate::error::shape("coordinates", crate::error::Size::Len(d), crate::error::Size::Len(set.dimension()))?;
            let row = |i: usize| (0..r).map(|t| dot(&matrix[t * d..(t + 1) * d], set.point(i))).collect::<Vec<_>>();
            Points::new(set.len(), r, (0..set.len()).flat_map(row).collect())
        })
        .collect()
}
