//! Points, bandwidths, and the validated problem.

use faer::{MatRef, Par};
use serde::{Deserialize, Serialize};

use crate::error::{Error, InputError, Size, argument, finite, shape};
use crate::linalg::sum_of_squares;
use crate::parallel::map_chunks;

/// Points in `Rᵈ`, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    d: usize,
    n: usize,
    coordinates: Vec<f64>,
}

impl Points {
    /// `n` points of `d` coordinates from their coordinates, point by point. None of them is a valid set, and so are
    /// points without a coordinate.
    ///
    /// # Errors
    ///
    /// Not `n·d` coordinates; one that is not finite.
    pub fn new(n: usize, d: usize, coordinates: Vec<f64>) -> Result<Self, Error> {
        shape("points", Size::Len(n.saturating_mul(d)), Size::Len(coordinates.len()))?;
        finite("points", &coordinates)?;
        Ok(Self { d, n, coordinates })
    }

    /// The rows of a matrix.
    ///
    /// # Errors
    ///
    /// An entry that is not finite.
    pub fn from_rows(rows: MatRef<'_, f64>) -> Result<Self, Error> {
        let coordinates = rows.row_iter().flat_map(|row| row.iter().copied().collect::<Vec<_>>()).collect();
        Self::new(rows.nrows(), rows.ncols(), coordinates)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Coordinates of each.
    pub fn dimension(&self) -> usize {
        self.d
    }

    /// Point `i`.
    ///
    /// # Panics
    /// If there is no such point.
    pub fn point(&self, i: usize) -> &[f64] {
        &self.coordinates[i * self.d..(i + 1) * self.d]
    }

    /// All coordinates, point by point.
    pub fn coordinates(&self) -> &[f64] {
        &self.coordinates
    }

    /// The points with these numbers.
    ///
    /// # Panics
    /// If there is no such point.
    pub fn select(&self, numbers: &[usize]) -> Self {
        let coordinates = numbers.iter().flat_map(|&i| self.point(i)).copied().collect();
        Self { d: self.d, n: numbers.len(), coordinates }
    }
}

/// The width of a Gaussian, by the convention that it is given in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Bandwidth {
    /// `σ` of `exp(−r²/(2σ²))`.
    StandardDeviation(f64),
    /// `σ` of `exp(−r²/σ²)`.
    Scale(f64),
}

impl Bandwidth {
    /// The standard deviation.
    pub fn sigma(self) -> f64 {
        match self {
            Self::StandardDeviation(sigma) => sigma,
            Self::Scale(sigma) => sigma / std::f64::consts::SQRT_2,
        }
    }

    /// Half the median of squared distances over all pairs of at most 400 points: the usual rule of thumb, `2σ²` being
    /// that median.
    ///
    /// # Errors
    ///
    /// Fewer than two points; points of which half coincide.
    pub fn median(points: &Points) -> Result<Self, Error> {
        let step = points.len().div_ceil(400).max(1);
        let some: Vec<&[f64]> = (0..points.len()).step_by(step).map(|i| points.point(i)).collect();
        let mut squares: Vec<f64> =
            some.iter().enumerate().flat_map(|(i, a)| some[..i].iter().map(|b| square(a, b))).collect();
        squares.sort_by(f64::total_cmp);
        let median = squares.get(squares.len() / 2).copied().ok_or(InputError::Empty { what: "the set of pairs" })?;
        argument(median > 0.0, "median distance", median, "must be positive")?;
        Ok(Self::StandardDeviation((median / 2.0).sqrt()))
    }
}

/// `‖a − b‖²`.
pub(crate) fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Queries, keys and a bandwidth, checked.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    queries: &'a Points,
    keys: &'a Points,
    sigma: f64,
}

impl<'a> Problem<'a> {
    /// Checks that the parts fit.
    ///
    /// # Errors
    ///
    /// Dimensions that differ; a bandwidth that is not positive and finite, or so small that squared distances in its
    /// units overflow.
    pub fn new(queries: &'a Points, keys: &'a Points, bandwidth: Bandwidth) -> Result<Self, Error> {
        shape("coordinates of a key", Size::Len(queries.dimension()), Size::Len(keys.dimension()))?;
        let sigma = bandwidth.sigma();
        argument(sigma > 0.0 && sigma.is_finite(), "sigma", sigma, "must be positive and finite")?;
        let largest = queries.coordinates.iter().chain(&keys.coordinates).fold(0.0, |a: f64, x| a.max(x.abs()));
        let fits = largest / sigma < 1e150 / (1.0 + queries.d as f64);
        argument(fits, "sigma", sigma, "coordinates over sigma must stay below 1e150")?;
        Ok(Self { queries, keys, sigma })
    }

    /// The rows of `K`.
    pub fn queries(&self) -> &'a Points {
        self.queries
    }

    /// The columns of `K`.
    pub fn keys(&self) -> &'a Points {
        self.keys
    }

    /// The standard deviation.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// `1/σ`, finite: below 1e-308 only points that all are zero are within the limits.
    fn scale(&self) -> f64 {
        (1.0 / self.sigma).min(f64::MAX)
    }

    /// `K_ij`.
    ///
    /// # Panics
    /// If there is no such pair.
    pub fn entry(&self, i: usize, j: usize) -> f64 {
        let scale = self.scale();
        let (q, k) = (self.queries.point(i), self.keys.point(j));
        let u: f64 = q.iter().zip(k).map(|(q, k)| ((q - k) * scale) * ((q - k) * scale)).sum();
        (-0.5 * u).exp()
    }

    /// Checks the vectors to multiply with.
    pub(crate) fn check(&self, x: MatRef<'_, f64>) -> Result<(), Error> {
        shape("x", Size::Matrix(self.keys.len(), x.ncols()), Size::Matrix(x.nrows(), x.ncols()))?;
        finite("x", x.col_iter().flat_map(|column| column.iter()))?;
        Ok(())
    }
}

/// The coordinates of the tile: units of the bandwidth about the mean of the keys, which keeps squares small.
#[derive(Debug)]
pub(crate) struct Frame {
    mean: Vec<f64>,
    scale: f64,
}

impl Frame {
    pub(crate) fn new(problem: &Problem<'_>) -> Self {
        let (d, m) = (problem.keys.d, problem.keys.n);
        let (mut mean, share) = (vec![0.0; d], 1.0 / m as f64);
        for key in problem.keys.coordinates.chunks_exact(d.max(1)) {
            // Scaling first keeps the sum of huge coordinates finite.
            mean.iter_mut().zip(key).for_each(|(mean, k)| *mean += k * share);
        }
        Self { mean, scale: problem.scale() }
    }

    /// Writes the coordinates of a point in this frame, and returns its `‖·‖²`.
    pub(crate) fn place(&self, point: &[f64], out: &mut [f64]) -> f64 {
        for ((out, x), mean) in out.iter_mut().zip(point).zip(&self.mean) {
            *out = (x - mean) * self.scale;
        }
        sum_of_squares(out)
    }
}

/// All points of a problem in their [`Frame`].
#[derive(Debug, Clone)]
pub(crate) struct Centred {
    pub d: usize,
    pub n: usize,
    pub m: usize,
    pub queries: Vec<f64>,
    pub keys: Vec<f64>,
    query_squares: Vec<f64>,
    key_squares: Vec<f64>,
}

impl Centred {
    pub(crate) fn new(problem: &Problem<'_>, par: Par) -> Self {
        let (frame, d) = (Frame::new(problem), problem.queries.d);
        let placed = |points: &Points| -> (Vec<f64>, Vec<f64>) {
            let mut out = vec![0.0; points.coordinates.len()];
            let place = |i: usize, out: &mut [f64]| frame.place(points.point(i), out);
            let mut squares = map_chunks(par, points.coordinates.len(), &mut out, d, place);
            squares.resize(points.n, 0.0);
            (out, squares)
        };
        let ((queries, query_squares), (keys, key_squares)) = (placed(problem.queries), placed(problem.keys));
        Self { d, n: problem.queries.n, m: problem.keys.n, queries, keys, query_squares, key_squares }
    }

    /// Query `i`.
    pub(crate) fn query(&self, i: usize) -> &[f64] {
        &self.queries[i * self.d..(i + 1) * self.d]
    }

    /// Key `j`.
    pub(crate) fn key(&self, j: usize) -> &[f64] {
        &self.keys[j * self.d..(j + 1) * self.d]
    }

    /// Query `i` and `−‖q_i‖²/2`, for packing.
    pub(crate) fn put_query(&self, i: usize, out: &mut [f64]) -> f64 {
        out.copy_from_slice(self.query(i));
        -0.5 * self.query_squares[i]
    }

    /// Key `j` and `−‖k_j‖²/2`, for packing.
    pub(crate) fn put_key(&self, j: usize, out: &mut [f64]) -> f64 {
        out.copy_from_slice(self.key(j));
        -self.half_key(j)
    }

    /// `‖k_j‖²/2`.
    pub(crate) fn half_key(&self, j: usize) -> f64 {
        0.5 * self.key_squares[j]
    }

    /// The largest `‖·‖²` of a query or key.
    pub(crate) fn largest(&self) -> f64 {
        self.query_squares.iter().chain(&self.key_squares).fold(0.0, |a: f64, x| a.max(*x))
    }

    /// `u = ‖q_i − k_j‖²/2`.
    pub(crate) fn exponent(&self, i: usize, j: usize) -> f64 {
        0.5 * square(self.query(i), self.key(j))
    }
}
