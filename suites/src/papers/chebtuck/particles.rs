//! Potentials of random particles: ranks, errors and spectra.

use algos::{
    Error,
    linalg::norm,
    tensor::chebyshev::{
        Variant, hosvd,
        potential::{newton_kernel, particles, potential},
        rhosvd,
        series::points as chebyshev_points,
    },
};

use super::{GRID, TOLERANCE, equidistant};
use crate::harness::stats::{largest, smallest};
use crate::{harness::prelude::*, record};

record! {
    /// Random particles and the part of their potential that is interpolated.
    pub struct Crowd {
        /// Number of particles N, with charges ±1, uniform in [−0.8, 0.8]³.
        pub particles: usize,
        /// Gaussians exp(−t²r²) of the potential with t above this…
        pub above: f64,
        /// … and up to this are summed.
        pub upto: f64,
        /// Chebyshev points m in each direction.
        pub m: usize,
    }
}

record! {
    /// What the compression gives.
    pub struct Format {
        /// Terms of the canonical form.
        pub terms: usize,
        /// Ranks of the truncated decomposition of all coefficients.
        pub r1: usize,
        /// The second of them.
        pub r2: usize,
        /// The third.
        pub r3: usize,
        /// Ranks of the same decomposition of the values on the uniform 100×100×100 grid.
        pub grid1: usize,
        /// The second of them.
        pub grid2: usize,
        /// The third.
        pub grid3: usize,
        /// Largest rank by the reduced decomposition, which never forms the array.
        pub reduced: usize,
        /// Its largest rank before the decomposition of the core.
        pub unreduced: usize,
        /// Distance of the two compressed arrays, over the larger of ‖C‖ and ‖ω‖.
        pub apart: f64,
        /// ‖ω‖/‖C‖: how much terms cancel.
        pub cancellation: f64,
        /// Largest error of the interpolant on the grid, over the largest value there.
        pub interpolation: f64,
        /// The same after compression.
        pub total: f64,
    }
}

record! {
    /// What a rank leaves out.
    pub struct Tail {
        /// Rank r.
        pub r: usize,
        /// Root sum of squares of the singular values of the first unfolding beyond r, over ‖C‖.
        pub tail: f64,
    }
}

impl Crowd {
    const fn long_range(particles: usize, upto: f64, m: usize) -> Self {
        Self { particles, above: 1e-3, upto, m }
    }

    fn is(&self, other: &Self) -> bool {
        (self.particles, self.above, self.upto, self.m) == (other.particles, other.above, other.upto, other.m)
    }
}

const ONE: Crowd = Crowd::long_range(1, 8.0, 65);
const FEW: Crowd = Crowd::long_range(8, 8.0, 65);
const MANY: Crowd = Crowd::long_range(64, 8.0, 65);
const MOST: Crowd = Crowd::long_range(256, 8.0, 65);
const COARSE: [Crowd; 2] = [Crowd::long_range(64, 8.0, 33), Crowd::long_range(64, 16.0, 33)];
/// What is left of the potential: a narrow Gaussian around each particle.
const SHORT: Crowd = Crowd { particles: 64, above: 8.0, upto: 64.0, m: 65 };

impl Solve for Crowd {
    type Run = Format;
    type Iterate = Tail;

    fn cost(&self, rows: u32) -> Cost {
        let terms = (self.particles * 2) as f64 * (self.upto / self.above).ln();
        let (m, n) = (self.m as f64, GRID as f64);
        let arrays = 2.0 * terms * (m.powi(3) + n.powi(3)) + 8.0 * (m.powi(4) + n.powi(4));
        Cost { flops: arrays, memory: 1 << 26, rows }
    }

    fn solve(&self, trial: &Trial<'_>, iterates: usize) -> Result<(Format, Vec<Tail>), Error> {
        let all = newton_kernel(0.5, -16.0, 7.0)?;
        let kernel: Vec<_> = all.into_iter().filter(|g| g.t > self.above && g.t <= self.upto).collect();
        let charges = particles(self.particles, 0.8, &mut trial.paired("particles", &self.particles));
        let nodes = chebyshev_points(self.m)?;
        let sampled = potential(&kernel, &charges, [&nodes, &nodes, &nodes])?;
        let canonical = sampled.coefficients(Variant::Fast)?.value;
        let whole = canonical.to_cube(Variant::Fast)?;
        let direct = hosvd(Variant::Fast, &whole, TOLERANCE)?.value;
        let reduced = rhosvd(Variant::Fast, &canonical, TOLERANCE)?.value;
        let x = equidistant(GRID);
        let grid = potential(&kernel, &charges, [&x, &x, &x])?.to_cube(Variant::Fast)?;
        let top = grid.largest();
        let [grid1, grid2, grid3] = hosvd(Variant::Fast, &grid, TOLERANCE)?.value.tucker.ranks();
        let [r1, r2, r3] = direct.tucker.ranks();
        let (size, apart) = (whole.norm(), direct.tucker.to_cube()?.minus(&reduced.hosvd.tucker.to_cube()?)?.norm());
        let run = Format {
            terms: sampled.terms(),
            r1,
            r2,
            r3,
            grid1,
            grid2,
            grid3,
            reduced: reduced.hosvd.tucker.rank(),
            unreduced: reduced.first_ranks.into_iter().max().unwrap_or(0),
            apart: apart / size.max(reduced.scale),
            cancellation: reduced.scale / size,
            interpolation: whole.on_grid([&x, &x, &x])?.minus(&grid)?.largest() / top,
            total: direct.tucker.on_grid([&x, &x, &x])?.minus(&grid)?.largest() / top,
        };
        let spectrum = &direct.spectra[0];
        let tail = |r: usize| Tail { r, tail: norm(&spectrum[r..]) / size };
        Ok((run, (1..spectrum.len()).take(iterates).map(tail).collect()))
    }
}

/// Potentials in the format.
#[derive(Debug, Default)]
pub struct Potentials;

impl Runs for Potentials {
    type Setting = Crowd;
    const KEY: &'static str = "potentials";
    const ABOUT: &'static str = "Potentials of random particles as Chebyshev series in Tucker form, by the whole array and by the reduced decomposition, beside the same compression of a uniform grid.";

    fn points(scale: Scale) -> Vec<Crowd> {
        let mut points = vec![ONE, FEW, MANY, COARSE[1].clone(), SHORT];
        if scale != Scale::Smoke {
            points.extend([MOST, COARSE[0].clone()]);
        }
        points
    }

    fn trials(scale: Scale, point: &Crowd) -> u32 {
        match (scale, point.particles) {
            (Scale::Smoke, _) if point.is(&MANY) || point.is(&SHORT) => 2,
            (Scale::Smoke, _) => 1,
            (Scale::Default, 64..) => 3,
            (Scale::Default, _) => 6,
            (Scale::Full, _) => 24,
        }
    }

    fn iterates(_: &Crowd, _: &Trial<'_>) -> usize {
        64
    }
}

type Formats = [Row<Crowd, Format>];

fn of(rows: &Formats, at: &Crowd, number: fn(&Format) -> f64) -> Vec<f64> {
    numbers(rows, |p: &Crowd| p.is(at), number)
}

fn top(format: &Format) -> f64 {
    format.r1.max(format.r2).max(format.r3) as f64
}

fn grid_top(format: &Format) -> f64 {
    format.grid1.max(format.grid2).max(format.grid3) as f64
}

/// The largest difference of the ranks in a mode.
fn difference(f: &Format) -> f64 {
    [(f.r1, f.grid1), (f.r2, f.grid2), (f.r3, f.grid3)].map(|(a, b)| a.abs_diff(b)).into_iter().max().unwrap_or(0)
        as f64
}

/// Ranks near those of a grid.
pub const NEAR_OPTIMAL: Claim = Claim {
    key: "chebtuck-rank-near-optimal",
    says: "Once the series resolves the function, its ranks are nearly those of a Tucker decomposition of the function's values on a large grid.",
    at: "abstract",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Long-range potentials of 8 and 64 particles, 65 points, tolerance 1e-7, against the truncated higher-order decomposition of a 100×100×100 grid; the largest difference over modes and draws. The reduced decomposition of the same terms gives the same array.",
    experiments: &["potentials"],
    judge: judge_near,
    control: Some(Control {
        differs: "33 points for Gaussians twice as narrow: not resolved",
        must_fail: &["64 particles: largest difference of a rank"],
    }),
};

fn judge_near(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Potentials::RUNS)?;
    let name = |n: usize| format!("{n} particles: largest difference of a rank");
    if arm == Arm::Control {
        return Ok(vec![Check::at_most(name(64), smallest(&of(&rows, &COARSE[1], difference)), 3.0)]);
    }
    let mut checks = Vec::new();
    for point in [&FEW, &MANY] {
        let n = point.particles;
        checks.push(Check::at_most(name(n), largest(&of(&rows, point, difference)), 3.0));
        let total = largest(&of(&rows, point, |f| f.total));
        checks.push(Check::at_most(format!("{n} particles: largest error on the grid"), total, 4e-7));
        let apart = largest(&of(&rows, point, |f| f.apart));
        checks.push(Check::at_most(format!("{n} particles: largest distance of the two algorithms"), apart, 3e-7));
    }
    Ok(checks)
}

/// Ranks below the degree.
pub const BELOW_DEGREE: Claim = Claim {
    key: "chebtuck-rank-below-degree",
    says: "The ranks are well below the number of Chebyshev points.",
    at: "abstract",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The largest rank over the number of points in a direction, over all draws, at 65 points.",
    experiments: &["potentials"],
    judge: judge_below,
    control: Some(Control {
        differs: "33 points for Gaussians twice as narrow: not resolved",
        must_fail: &["64 particles: largest rank over m"],
    }),
};

fn judge_below(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Potentials::RUNS)?;
    let name = |n: usize| format!("{n} particles: largest rank over m");
    let over = |point: &Crowd| of(&rows, point, top).into_iter().map(|r| r / point.m as f64).collect::<Vec<_>>();
    if arm == Arm::Control {
        return Ok(vec![Check::at_most(name(64), smallest(&over(&COARSE[1])), 0.65)]);
    }
    let check = |point: &Crowd| Check::at_most(name(point.particles), largest(&over(point)), 0.65);
    Ok([&ONE, &FEW, &MANY].map(check).into())
}

/// Exponential decay.
pub const DECAY: Claim = Claim {
    key: "chebtuck-exp-decay",
    says: "What a rank leaves out of a long-range potential falls exponentially with the rank.",
    at: "abstract",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Tail of the singular values of the first unfolding from rank 2 to 30, 64 particles. The curve is concave on a logarithmic scale: faster later.",
    experiments: &["potentials"],
    judge: judge_decay,
    control: Some(Control {
        differs: "the short-range part, narrow Gaussians with 8 < t ≤ 64, in place of the long-range one",
        must_fail: &["decades per rank"],
    }),
};

fn judge_decay(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Potentials::TRAJECTORY)?;
    let point = if arm == Arm::Claim { MANY } else { SHORT };
    let mut trials = std::collections::BTreeMap::<u32, Vec<(f64, f64)>>::new();
    for row in rows.iter().filter(|row| row.point.is(&point)) {
        let (r, tail) = row.value.as_ref().map_or((2, f64::NAN), |tail| (tail.r, tail.tail));
        if (2..=30).contains(&r) {
            trials.entry(row.trial).or_default().push((r as f64, tail));
        }
    }
    let series: Vec<Vec<(f64, f64)>> = trials.into_values().collect();
    let mut checks =
        vec![Check::new("decades per rank", stats::slope_over_seeds(&series, stats::Axes::SemiLog), (-0.22, -0.13))];
    if arm == Arm::Claim {
        let straight: Vec<f64> = series.iter().map(|points| squared_correlation(points)).collect();
        checks.push(Check::at_least("smallest R² of the fits", smallest(&straight), 0.95));
    }
    Ok(checks)
}

/// R² of the line through (x, log₁₀ y).
fn squared_correlation(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (*x, y.log10())).collect();
    let n = logs.len() as f64;
    let (x, y) = (logs.iter().map(|p| p.0).sum::<f64>() / n, logs.iter().map(|p| p.1).sum::<f64>() / n);
    let sum = |f: fn(f64, f64) -> f64| logs.iter().map(|p| f(p.0 - x, p.1 - y)).sum::<f64>();
    sum(|a, b| a * b).powi(2) / (sum(|a, _| a * a) * sum(|_, b| b * b))
}

/// Saturation with the number of particles.
pub const SATURATION: Claim = Claim {
    key: "chebtuck-rank-vs-N",
    says: "The ranks of the potential hardly grow with the number of particles.",
    at: "abstract",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "From 64 to 256 particles; the control is what happens before, from one to eight. Ranks saturate near the number of terms of one direction that the tolerance can tell apart.",
    experiments: &["potentials"],
    judge: judge_saturation,
    control: Some(Control { differs: "from 1 to 8 particles", must_fail: &["largest growth of the largest rank"] }),
};

fn judge_saturation(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    if scale == Scale::Smoke {
        return Err(Unjudged::no_power("256 particles are not run at smoke"));
    }
    let rows = rows.of(Potentials::RUNS)?;
    let (few, many) = if arm == Arm::Claim { (&MANY, &MOST) } else { (&ONE, &FEW) };
    let growth: Vec<f64> =
        of(&rows, many, top).into_iter().zip(of(&rows, few, top)).map(|(many, few)| many - few).collect();
    let growth = if arm == Arm::Claim { largest(&growth) } else { smallest(&growth) };
    Ok(vec![Check::at_most("largest growth of the largest rank", growth, 3.0)])
}

/// Without resolution.
pub const UNDER_RESOLVED: Claim = Claim {
    key: "chebtuck-under-resolved",
    says: "Without resolution small ranks mean nothing: with too few points the error is large and the ranks stop near the number of points, below those of the function.",
    at: "our experiment",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "64 particles, 33 points, Gaussians up to t = 8 and 16: four and two points for each width; at smoke the latter alone.",
    experiments: &["potentials"],
    judge: judge_under,
    control: Some(Control {
        differs: "65 points: resolved", must_fail: &["t ≤ 8: smallest error of the interpolant"]
    }),
};

fn judge_under(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Potentials::RUNS)?;
    let points: &[Crowd] = match (arm, scale) {
        (Arm::Control, _) => &[MANY],
        (Arm::Claim, Scale::Smoke) => &COARSE[1..],
        (Arm::Claim, _) => &COARSE[..],
    };
    let mut checks = Vec::new();
    for point in points {
        let t = point.upto;
        let error = smallest(&of(&rows, point, |f| f.interpolation));
        checks.push(Check::at_least(format!("t ≤ {t}: smallest error of the interpolant"), error, 3e-4));
        if arm == Arm::Claim {
            let share: Vec<f64> = of(&rows, point, top).iter().map(|r| r / point.m as f64).collect();
            checks.push(Check::at_least(format!("t ≤ {t}: smallest rank over m"), smallest(&share), 0.8));
            let below = smallest(&of(&rows, point, |f| grid_top(f) - top(f)));
            checks.push(Check::at_least(format!("t ≤ {t}: least lag behind the rank on the grid"), below, 4.0));
        }
    }
    Ok(checks)
}
