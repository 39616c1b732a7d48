//! Sign-RIP: the mean of the sub-gradient, and how far it strays.

use algos::recovery::{
    Measurements,
    instance::gaussian_rows,
    schedule::scaling_function,
    sign_rip::{Deviation, sub_gradient},
};
use faer::Mat;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use crate::{harness::prelude::*, record};

/// Whether the noise is independent of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Noise {
    /// Independent.
    Independent,
    /// |s| times the sign of ⟨A, Δ⟩.
    Dependent,
}

record! {
    /// A law of the noise and a size of the error.
    pub struct Cell {
        /// Order of the matrix.
        pub d: usize,
        /// Number of measurements.
        pub m: usize,
        /// ‖Δ‖_F of the random error of rank 2.
        pub norm: f64,
        /// Fraction of outliers N(0, L²).
        pub p: f64,
        /// Scale L of the outliers.
        pub size: f64,
        /// Standard deviation ν of dense noise.
        pub nu: f64,
        /// Noise: independent of the measurements, or dependent.
        pub noise: Noise,
    }
}

record! {
    /// One draw.
    pub struct Alignment {
        /// ⟨G, Δ⟩/‖Δ‖_F, whose mean is φ(Δ).
        pub phi: f64,
    }
}

/// The mean sub-gradient along the error.
#[derive(Debug, Default)]
pub struct Scaling;

impl Scaling {
    /// One row per draw.
    pub const DRAWS: Table<Self, Alignment> = Table::new("draws");
}

/// (p, L, ν)
const LAWS: [(f64, f64, f64); 5] =
    [(0.0, 0.0, 0.0), (0.3, 10.0, 0.0), (0.3, 1.0, 0.0), (0.6, 1.0, 0.0), (0.0, 0.0, 0.5)];
const NORMS: [f64; 4] = [0.01, 0.1, 1.0, 10.0];

impl Experiment for Scaling {
    type Point = Cell;
    const KEY: &'static str = "sign-rip-scaling";
    const ABOUT: &'static str = "The component of the sub-gradient along a random error of rank 2, over laws of the noise and sizes of the error.";
    const TABLES: &'static [TableSchema] = &[Self::DRAWS.schema()];

    fn points(_: Scale) -> Vec<Cell> {
        let cell = |norm, (p, size, nu), noise| Cell { d: 20, m: 2000, norm, p, size, nu, noise };
        let mut cells: Vec<Cell> =
            LAWS.into_iter().flat_map(|law| NORMS.map(|norm| cell(norm, law, Noise::Independent))).collect();
        cells.push(cell(1.0, (0.0, 0.0, 0.5), Noise::Dependent));
        cells.push(cell(1.0, (0.3, 1.0, 0.0), Noise::Dependent));
        cells
    }

    fn trials(scale: Scale, _: &Cell) -> u32 {
        match scale {
            Scale::Smoke => 10,
            Scale::Default => 40,
            Scale::Full => 200,
        }
    }

    fn cost(point: &Cell) -> Cost {
        let packed = (point.d * (point.d + 1) / 2) as f64;
        Cost { flops: 24.0 * point.m as f64 * packed, memory: (8.0 * point.m as f64 * packed) as u64, rows: 1 }
    }

    fn run(point: &Cell, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), algos::Error> {
        let mut rng = trial.rng("draw");
        let rows = gaussian_rows(point.d, point.m, &mut rng)?;
        let delta = error_of_rank_2(point.d, point.norm, &mut rng);
        let mut s = noise(point, &mut rng);
        if point.noise == Noise::Dependent {
            s.iter_mut().zip(along(&rows, &delta)).for_each(|(s, a)| *s = s.abs().copysign(a));
        }
        let g = sub_gradient(&rows, delta.as_ref(), &s)?;
        out.put(Self::DRAWS, Alignment { phi: inner(&g, &delta) / point.norm });
        Ok(())
    }
}

record! {
    /// Sizes of the deviation experiment.
    pub struct Sizes {
        /// Order of the matrix.
        pub d: usize,
        /// Number of measurements.
        pub m: usize,
        /// Number of distinct rows; the others repeat them.
        pub distinct: usize,
    }
}

record! {
    /// The worst of many errors on one draw of the measurements.
    pub struct Worst {
        /// Largest deviation in the norm dual to rank 4, over φ.
        pub deviation: f64,
        /// Largest deviation in the operator norm, over φ.
        pub operator: f64,
    }
}

/// The uniform deviation from the mean.
#[derive(Debug, Default)]
pub struct Spread;

impl Spread {
    /// One row per draw of the measurements.
    pub const DRAWS: Table<Self, Worst> = Table::new("draws");
}

const ERRORS: usize = 60;
const K: usize = 4;
const OUTLIERS: (f64, f64) = (0.3, 10.0);

impl Experiment for Spread {
    type Point = Sizes;
    const KEY: &'static str = "sign-rip-deviation";
    const ABOUT: &'static str = "The largest deviation of the sub-gradient from its mean over 60 random errors of rank 2, over the number of measurements.";
    const TABLES: &'static [TableSchema] = &[Self::DRAWS.schema()];

    fn points(scale: Scale) -> Vec<Sizes> {
        let sizes: &[usize] =
            if scale == Scale::Smoke { &[200, 400, 800, 1600] } else { &[200, 400, 800, 1600, 3200, 6400] };
        let sizes = sizes.iter().map(|&m| Sizes { d: 20, m, distinct: m });
        let repeated = [200, 400, 800, 1600].map(|m| Sizes { d: 20, m, distinct: 200 });
        sizes.chain(repeated.into_iter().skip(1)).collect()
    }

    fn trials(scale: Scale, _: &Sizes) -> u32 {
        if scale == Scale::Full { 32 } else { 8 }
    }

    fn cost(point: &Sizes) -> Cost {
        let packed = (point.d * (point.d + 1) / 2) as f64;
        let each = 4.0 * point.m as f64 * packed + 20.0 * (point.d as f64).powi(3);
        Cost { flops: ERRORS as f64 * each, memory: (8.0 * point.m as f64 * packed) as u64, rows: 1 }
    }

    fn run(point: &Sizes, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), algos::Error> {
        let mut rng = trial.rng("draw");
        let distinct = gaussian_rows(point.d, point.distinct, &mut rng)?;
        let rows =
            Measurements::from_rows(point.d, point.m, |i, row| row.copy_from_slice(distinct.row(i % point.distinct)))?;
        let cell = Cell {
            d: point.d,
            m: point.distinct,
            norm: 1.0,
            p: OUTLIERS.0,
            size: OUTLIERS.1,
            nu: 0.0,
            noise: Noise::Independent,
        };
        let s = noise(&cell, &mut rng);
        let s: Vec<f64> = (0..point.m).map(|i| s[i % point.distinct]).collect();
        let phi = scaling_function(1.0, OUTLIERS.0, OUTLIERS.1, 0.0);
        let mut worst = Worst { deviation: 0.0, operator: 0.0 };
        for _ in 0..ERRORS {
            let delta = error_of_rank_2(point.d, 1.0, &mut rng);
            let g = sub_gradient(&rows, delta.as_ref(), &s)?;
            let r = Deviation::new(g.as_ref(), phi, delta.as_ref())?;
            worst.deviation = worst.deviation.max(r.ky_fan(K) / phi);
            worst.operator = worst.operator.max(r.operator_norm() / phi);
        }
        out.put(Self::DRAWS, worst);
        Ok(())
    }
}

/// `uuᵀ − vvᵀ` scaled to the norm, for Gaussian u and v.
fn error_of_rank_2(d: usize, norm: f64, rng: &mut impl Rng) -> Mat<f64> {
    let mut normals = || (0..d).map(|_| rng.sample(StandardNormal)).collect::<Vec<f64>>();
    let (u, v) = (normals(), normals());
    let raw = Mat::from_fn(d, d, |i, j| u[i] * u[j] - v[i] * v[j]);
    let scale = norm / inner(&raw, &raw).sqrt();
    Mat::from_fn(d, d, |i, j| scale * raw[(i, j)])
}

/// Dense noise, and outliers on exactly round(pm) rows; rows are exchangeable, so the first ones will do.
fn noise(cell: &Cell, rng: &mut impl Rng) -> Vec<f64> {
    let corrupted = (cell.p * cell.m as f64).round() as usize;
    (0..cell.m)
        .map(|i| {
            let (n, dense): (f64, f64) = (rng.sample(StandardNormal), rng.sample(StandardNormal));
            cell.nu * dense + if i < corrupted { cell.size * n } else { 0.0 }
        })
        .collect()
}

/// ⟨A_i, Δ⟩ for all i, by plain loops: independent of the kernel under test.
fn along(rows: &Measurements, delta: &Mat<f64>) -> Vec<f64> {
    let d = rows.order();
    let weights: Vec<f64> = (0..d)
        .flat_map(|i| (i..d).map(move |j| (i, j)))
        .map(|(i, j)| delta[(i, j)] * if i == j { 1.0 } else { std::f64::consts::SQRT_2 })
        .collect();
    (0..rows.len()).map(|i| rows.row(i).iter().zip(&weights).map(|(a, w)| a * w).sum()).collect()
}

fn inner(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    (0..a.ncols()).map(|j| (0..a.nrows()).map(|i| a[(i, j)] * b[(i, j)]).sum::<f64>()).sum()
}

/// φ of section 2 of the model, for outliers and dense noise.
pub fn phi(cell: &Cell) -> f64 {
    scaling_function(cell.norm, cell.p, cell.size, cell.nu)
}

/// The claim on the mean.
pub const SCALING: Claim = Claim {
    key: "sign-rip-scaling",
    says: "The mean sub-gradient is φ(Δ) Δ/‖Δ‖_F: outliers shorten the expected direction and never turn it.",
    at: "definition of Sign-RIP, scaling function",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Standard errors are the theoretical ones, √((1−φ²)/(m·draws)); those estimated from a few draws are too noisy.",
    experiments: &["sign-rip-scaling"],
    judge: judge_scaling,
    control: Some(Control {
        differs: "the noise depends on the measurements",
        must_fail: &["largest |mean − φ| in standard errors"],
    }),
};

fn judge_scaling(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Scaling::DRAWS)?;
    let noise = if arm == Arm::Claim { Noise::Independent } else { Noise::Dependent };
    let mut cells: Vec<&Cell> = Vec::new();
    for row in rows.iter().filter(|row| row.point.noise == noise) {
        if cells.last() != Some(&&row.point) {
            cells.push(&row.point);
        }
    }
    let (mut scores, mut relative, mut n) = (Vec::new(), Vec::new(), 0);
    for cell in cells {
        let draws = numbers(&rows, |p: &Cell| p == cell, |a: &Alignment| a.phi);
        let (mean, phi) = (draws.iter().sum::<f64>() / draws.len() as f64, phi(cell));
        let error = ((1.0 - phi * phi) / (cell.m as f64 * draws.len() as f64)).sqrt();
        scores.push((mean - phi).abs() / error);
        n += draws.len();
        if phi > 0.1 {
            relative.push((mean / phi - 1.0).abs());
        }
    }
    // NaN is larger than anything, so that a failed draw is seen.
    let largest = scores.into_iter().max_by(f64::total_cmp).unwrap_or(f64::NAN);
    let mut checks = vec![Check::at_most("largest |mean − φ| in standard errors", stats::point(largest, n), 4.5)];
    if arm == Arm::Claim {
        let median = stats::median(&relative);
        checks.push(Check::at_most("median of |mean/φ − 1| where φ > 0.1", stats::point(median.value, median.n), 0.02));
    }
    Ok(checks)
}

/// The claim on the deviation.
pub const SPREAD: Claim = Claim {
    key: "sign-rip-deviation",
    says: "The sub-gradient deviates from its mean uniformly by the order of √(dk/m).",
    at: "Sign-RIP of Gaussian measurements",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Uniform over 60 random errors of rank 2, which is a lower bound of the supremum.",
    experiments: &["sign-rip-deviation"],
    judge: judge_spread,
    control: Some(Control {
        differs: "the rows are not independent (200 rows, repeated)",
        must_fail: &["exponent in m"],
    }),
};

fn judge_spread(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Spread::DRAWS)?;
    let mine = move |p: &Sizes| if arm == Arm::Claim { p.distinct == p.m } else { p.distinct == 200 };
    let deviation = |w: &Worst| w.deviation;
    let slopes = stats::slope_over_seeds(&series(&rows, mine, |p| p.m as f64, deviation), stats::Axes::LogLog);
    let mut checks = vec![Check::new("exponent in m", slopes, (-0.53, -0.47))];
    if arm == Arm::Claim {
        let mut sizes: Vec<usize> = rows.iter().map(|row| row.point.m).collect();
        sizes.dedup();
        sizes.sort_unstable();
        sizes.dedup();
        let level = |m: usize| {
            let draws = numbers(&rows, |p: &Sizes| mine(p) && p.m == m, deviation);
            draws.iter().sum::<f64>() / draws.len() as f64 * (m as f64 / 40.0).sqrt()
        };
        let levels: Vec<f64> = sizes.iter().map(|&m| level(m)).collect();
        let centre = levels.iter().sum::<f64>() / levels.len() as f64;
        let widest = levels.iter().map(|l| (l / centre - 1.0).abs()).max_by(f64::total_cmp).unwrap_or(f64::NAN);
        let name = "largest departure of deviation·√(m/2d) from its mean over m";
        checks.push(Check::at_most(name, stats::point(widest, sizes.len()), 0.06));
    }
    Ok(checks)
}
