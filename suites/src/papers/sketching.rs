//! What the papers of the family `sketch` share: names of sketches in points, and medians over trials.

use std::collections::BTreeMap;

use algos::{
    Error, NumericalError,
    sketch::{Law, Rows as Picked},
};
use faer::Mat;
use serde::{Deserialize, Serialize};

use crate::harness::{dataset, experiment::Scale, rows::Row, stats};

/// The health insurance experiment: monomials up to a degree in the five variables of many values (coinsurance,
/// incentive, largest expenditure, limitation, diseases), the four indicators, and ln(1 + visits).
///
/// With degree 2 there are 25 columns, with degree 3 60.
///
/// # Errors
/// A file that is missing or has changed.
pub fn insurance(degree: usize) -> Result<(Mat<f64>, Vec<f64>), Error> {
    let failed = |what| Error::Numerical(NumericalError::Factorization { what });
    let table = dataset::load("randhie").map_err(|_| failed("reading of randhie (see `residual data verify`)"))?;
    let visits = table.group("visits").ok_or(failed("reading of the visits"))?;
    let given = table.group("regressors").ok_or(failed("reading of the regressors"))?;
    let n = given.nrows();
    // A monomial is extended by variables that are not before its last one, so that each comes once.
    let variables = [0, 2, 3, 4, 5];
    let mut columns = vec![(vec![1.0; n], 0)];
    let (mut start, mut end) = (0, 1);
    for _ in 0..degree {
        for k in start..end {
            for (v, &variable) in variables.iter().enumerate().skip(columns[k].1) {
                let product = columns[k].0.iter().zip(given.col(variable).iter()).map(|(x, z)| x * z).collect();
                columns.push((product, v));
            }
        }
        (start, end) = (end, columns.len());
    }
    columns.extend([1, 6, 7, 8].map(|j| (given.col(j).iter().copied().collect(), 0)));
    let design = Mat::from_fn(n, columns.len(), |i, j| columns[j].0[i]);
    Ok((design, visits.col(0).iter().map(|visits| visits.ln_1p()).collect()))
}

/// A sketch, as a coordinate of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Map {
    /// Independent normal entries.
    Gaussian,
    /// Independent signs.
    Rademacher,
    /// Subsampled randomized Hadamard transform.
    Srht,
    /// Subsampled randomized cosine transform.
    Srdct,
    /// Subsampled circulant matrix.
    Circulant,
    /// One nonzero in a column.
    Countsketch,
    /// OSNAP in block form, 2 nonzeros.
    Osnap2,
    /// OSNAP in block form, 4 nonzeros.
    Osnap4,
    /// OSNAP in block form, 8 nonzeros.
    Osnap8,
    /// OSNAP in block form, 16 nonzeros.
    Osnap16,
    /// OSNAP in block form, 32 nonzeros.
    Osnap32,
    /// OSNAP in block form, 64 nonzeros.
    Osnap64,
    /// OSNAP in graph form, 4 nonzeros.
    OsnapGraph,
    /// Nonzero with probability 1/3.
    VerySparse,
    /// Tensor form of the Hadamard transform.
    TensorSrht,
    /// Gaussian-pooled Hadamard transform.
    Pooled,
    /// Orthonormal rows.
    Orthogonal,
    /// Stacked CountSketch of the ridge paper: its blocks, and only whole buckets.
    Stacked,
    /// Rows kept with probabilities proportional to leverage scores; not a law, drawn from the matrix.
    Leverage,
}

impl Map {
    /// The label in figures and checks.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gaussian => "Gaussian",
            Self::Rademacher => "Rademacher",
            Self::Srht => "SRHT",
            Self::Srdct => "SRDCT",
            Self::Circulant => "circulant",
            Self::Countsketch => "CountSketch",
            Self::Osnap2 => "OSNAP(2)",
            Self::Osnap4 => "OSNAP(4)",
            Self::Osnap8 => "OSNAP(8)",
            Self::Osnap16 => "OSNAP(16)",
            Self::Osnap32 => "OSNAP(32)",
            Self::Osnap64 => "OSNAP(64)",
            Self::OsnapGraph => "OSNAP(4), graph",
            Self::VerySparse => "very sparse(3)",
            Self::TensorSrht => "tensor SRHT",
            Self::Pooled => "pooled",
            Self::Orthogonal => "orthogonal",
            Self::Stacked => "stacked CountSketch",
            Self::Leverage => "leverage",
        }
    }

    /// Nonzeros in a column of a sparse sketch.
    pub fn nonzeros(self) -> Option<usize> {
        match self {
            Self::Countsketch => Some(1),
            Self::Osnap2 => Some(2),
            Self::Osnap4 | Self::OsnapGraph => Some(4),
            Self::Osnap8 => Some(8),
            Self::Osnap16 => Some(16),
            Self::Osnap32 => Some(32),
            Self::Osnap64 => Some(64),
            _ => None,
        }
    }

    /// The law, and the rows that it makes of the `m` asked for, on dimension `n`.
    pub fn law(self, m: usize, n: usize) -> (Law, usize) {
        let law = match self {
            Self::Gaussian | Self::Leverage => Law::Gaussian,
            Self::Rademacher => Law::Rademacher,
            Self::Srht => Law::Srht(Picked::Distinct),
            Self::Srdct => Law::Srdct(Picked::Distinct),
            Self::Circulant => Law::Circulant(Picked::Distinct),
            Self::Countsketch => Law::CountSketch,
            Self::Osnap2 => Law::OsnapBlocks(2),
            Self::Osnap4 => Law::OsnapBlocks(4),
            Self::Osnap8 => Law::OsnapBlocks(8),
            Self::Osnap16 => Law::OsnapBlocks(16),
            Self::Osnap32 => Law::OsnapBlocks(32),
            Self::Osnap64 => Law::OsnapBlocks(64),
            Self::OsnapGraph => Law::OsnapGraph(4),
            Self::VerySparse => Law::VerySparse(3.0),
            Self::TensorSrht => {
                let left = 1 << (n.ilog2() / 2);
                Law::TensorSrht { left, right: n / left }
            }
            Self::Pooled => Law::Pooled,
            Self::Orthogonal => Law::Orthogonal,
            Self::Stacked => {
                let (blocks, buckets) = algos::sketch::ridge::stacked(m, n);
                return (Law::OsnapBlocks(blocks), blocks * buckets);
            }
        };
        (law, m)
    }
}

/// One number of each trial that `at` picks: infinite where the sketch lost rank, NaN for any other failure.
pub fn outcomes<P, R>(rows: &[Row<P, R>], at: impl Fn(&P) -> bool, number: impl Fn(&R) -> f64) -> Vec<f64> {
    let failed = |status: &String| if status.contains("rank") { f64::INFINITY } else { f64::NAN };
    let mine = rows.iter().filter(|row| at(&row.point));
    mine.map(|row| row.value.as_ref().map_or_else(failed, &number)).collect()
}

/// Slope of log(median over trials of a number) in log x; the interval resamples the trials at every x.
pub fn slope_of_medians<P, R>(
    rows: &[Row<P, R>],
    at: impl Fn(&P) -> bool,
    x: impl Fn(&P) -> f64,
    number: impl Fn(&R) -> f64,
) -> stats::Estimate {
    let mut trials: BTreeMap<u32, Vec<(f64, f64)>> = BTreeMap::new();
    for row in rows.iter().filter(|row| at(&row.point)) {
        let failed = |status: &String| if status.contains("rank") { f64::INFINITY } else { f64::NAN };
        let y = row.value.as_ref().map_or_else(failed, &number);
        trials.entry(row.trial).or_default().push((x(&row.point), y));
    }
    let trials: Vec<Vec<(f64, f64)>> = trials.into_values().collect();
    stats::bootstrap(&trials, |drawn| {
        let mut cells: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        drawn.iter().flat_map(|t| t.iter()).for_each(|(x, y)| cells.entry(x.to_bits()).or_default().push(*y));
        let (x, y): (Vec<f64>, Vec<f64>) =
            cells.into_iter().map(|(x, mut values)| (f64::from_bits(x), middle(&mut values))).unzip();
        stats::log_log_slope(&x, &y).slope
    })
}

/// The median; NaN if a value is.
pub fn middle(values: &mut [f64]) -> f64 {
    if values.iter().any(|v| v.is_nan()) {
        return f64::NAN;
    }
    values.sort_by(f64::total_cmp);
    let n = values.len();
    if n % 2 == 1 { values[n / 2] } else { 0.5 * (values[n / 2 - 1] + values[n / 2]) }
}

/// Ratio of the medians of two cells with independent trials; the interval resamples both.
pub fn ratio_of_medians(a: &[f64], b: &[f64]) -> stats::Estimate {
    let pairs: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).collect();
    stats::bootstrap(&pairs, |drawn| {
        let (mut a, mut b): (Vec<f64>, Vec<f64>) = drawn.iter().map(|p| **p).unzip();
        middle(&mut a) / middle(&mut b)
    })
}

/// By scale.
pub fn by<T>(scale: Scale, smoke: T, default: T, full: T) -> T {
    match scale {
        Scale::Smoke => smoke,
        Scale::Default => default,
        Scale::Full => full,
    }
}
