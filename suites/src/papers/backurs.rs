//! Backurs, Lin, Mahabadi, Silwal & Tarnawski: similarities to private data.

use algos::{
    Error,
    kernel::{
        Bandwidth, Engine, Points, Problem, Variant,
        instance::gaussian,
        multiply,
        private::{Answer, Forest, histogram_noise, project},
    },
};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::indyk::setting::rms;
use crate::{harness::prelude::*, record};

/// The paper.
pub const PAPER: Paper = Paper {
    key: "backurs",
    family: "kernel",
    title: "Efficiently Computing Similarities to Private Datasets",
    authors: "Arturs Backurs, Zinan Lin, Sepideh Mahabadi, Sandeep Silwal and Jakub Tarnawski",
    year: 2024,
    link: "https://arxiv.org/abs/2403.08917",
    bibtex: "@inproceedings{backurs2024efficiently,
  author    = {Arturs Backurs and Zinan Lin and Sepideh Mahabadi and Sandeep Silwal and Jakub Tarnawski},
  title     = {Efficiently Computing Similarities to Private Datasets},
  booktitle = {International Conference on Learning Representations},
  year      = {2024},
  eprint    = {2403.08917},
  archivePrefix = {arXiv}
}",
    about: "Differentially private data structures for sums of distances and kernels: noisy trees for each coordinate, whose noise \
            grows only polylogarithmically with the data, and random projection to a dimension that depends on the accuracy \
            alone. We read the abstract; details of the trees are ours, and so is the closed form of their noise.",
    experiments: &[&Noises, &Projections],
    claims: &[TREES, PROJECTED],
    figures: &[FIGURE],
    cases: &[],
};

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A tree of counts, intervals growing by 1 + α.
    Counts,
    /// A tree of counts and sums.
    Sums,
    /// Noise on every leaf, no tree.
    Leaves,
}

record! {
    /// A private data structure.
    pub struct Structure {
        /// What answers.
        pub method: Method,
        /// Leaves.
        pub n: usize,
        /// Coordinates.
        pub d: usize,
        /// Privacy budget.
        pub epsilon: f64,
        /// Growth of intervals less one.
        pub alpha: f64,
    }
}

record! {
    /// Noise.
    pub struct Noise {
        /// Root mean square of answers from empty data.
        pub rms: f64,
        /// The same by its closed form.
        pub closed: f64,
    }
}

/// Noise of answers.
#[derive(Debug, Default)]
pub struct Noises;

impl Noises {
    /// One row a structure and trial.
    pub const NOISES: Table<Self, Noise> = Table::new("noises");
}

const BASE: Structure = Structure { method: Method::Counts, n: 256, d: 1, epsilon: 1.0, alpha: 0.1 };
/// Structures of a trial, one query each.
const DRAWS: usize = 120;

impl Experiment for Noises {
    type Point = Structure;
    const KEY: &'static str = "noises";
    const ABOUT: &'static str = "Sums of distances to empty data at uniform queries: nothing but noise, 120 fresh structures with one query each.";
    const TABLES: &'static [TableSchema] = &[Self::NOISES.schema()];

    fn points(scale: Scale) -> Vec<Structure> {
        if scale == Scale::Smoke {
            return Vec::new();
        }
        let mut points = vec![BASE];
        points.extend([0.25, 4.0].map(|epsilon| Structure { epsilon, ..BASE }));
        points.extend([0.02, 0.5].map(|alpha| Structure { alpha, ..BASE }));
        points.extend([4, 16].map(|d| Structure { d, n: 64, ..BASE }));
        points.push(Structure { n: 64, ..BASE });
        points.extend([64, 256, 1024].map(|n| Structure { n, method: Method::Sums, ..BASE }));
        points.extend([64, 256, 1024].map(|n| Structure { n, method: Method::Leaves, ..BASE }));
        points
    }

    fn trials(_: Scale, _: &Structure) -> u32 {
        40
    }

    fn cost(point: &Structure) -> Cost {
        Cost { flops: (DRAWS * point.n * point.d) as f64 * 100.0, memory: 1 << 20, rows: 1 }
    }

    fn run(point: &Structure, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let mut rng = trial.rng("noise");
        let none = Points::new(0, point.d, Vec::new())?;
        let (mut squares, mut closed) = (0.0, 0.0);
        for _ in 0..DRAWS {
            let y: Vec<f64> = (0..point.d).map(|_| rng.random()).collect();
            let answer = match point.method {
                Method::Counts => Answer::Approximate { alpha: point.alpha },
                Method::Sums => Answer::Sums,
                Method::Leaves => {
                    squares += histogram_noise(point.n, 1.0, point.epsilon, y[0], &mut rng).powi(2);
                    closed += point.n as f64 / 3.0 / (point.epsilon * point.epsilon);
                    continue;
                }
            };
            let forest = Forest::new(&none, point.n, 1.0, point.epsilon, answer, &mut rng)?;
            squares += forest.distances(&y)?.powi(2);
            closed += independent(point, answer, &y)?;
        }
        let draws = DRAWS as f64;
        out.put(Self::NOISES, Noise { rms: (squares / draws).sqrt(), closed: (closed / draws).sqrt() });
        Ok(())
    }
}

/// The variance of an answer from the definition, apart from the tree that it judges: for each interval of leaves the
/// fewest dyadic intervals that cover it, each with noise of variance `2b²`, `b = d(H + 1)/ε`, twice that for each kind
/// where two share the budget.
fn independent(point: &Structure, answer: Answer, y: &[f64]) -> Result<f64, Error> {
    let height = (point.n as f64).log2().ceil();
    let leaves = 2f64.powf(height) as usize;
    let b = point.d as f64 * (height + 1.0) / point.epsilon;
    let mut variance = 0.0;
    for &y in y {
        let q = ((y * leaves as f64) as usize).min(leaves - 1);
        let intervals: Vec<(usize, usize)> = match answer {
            Answer::Sums => vec![(1, leaves)],
            Answer::Approximate { alpha } => {
                let edge = |i: i32| (1.0 + alpha).powi(i).ceil() as usize;
                (0..)
                    .map(|i| (edge(i), edge(i + 1)))
                    .take_while(|(from, _)| *from < leaves)
                    .filter(|(a, b)| a < b)
                    .collect()
            }
        };
        for (from, to) in intervals {
            let right = (q + from..(q + to).min(leaves)).collect::<Vec<_>>();
            let left = ((q + 1).saturating_sub(to)..(q + 1).saturating_sub(from)).collect::<Vec<_>>();
            for side in [right, left] {
                let (Some(&first), Some(&last)) = (side.first(), side.last()) else { continue };
                let nodes = dyadic(first, last + 1) as f64;
                variance += match answer {
                    Answer::Sums => 2.0 * nodes * (4.0 * b * b + (2.0 * y * b).powi(2)),
                    Answer::Approximate { .. } => {
                        let distance = (first.abs_diff(q) + last.abs_diff(q)) as f64 / 2.0 / leaves as f64;
                        2.0 * nodes * (distance * b).powi(2)
                    }
                };
            }
        }
    }
    Ok(variance)
}

/// The number of aligned dyadic intervals that cover `[low, high)`: the largest that fits, again and again.
fn dyadic(mut low: usize, high: usize) -> usize {
    let mut count = 0;
    while low < high {
        let aligned = if low == 0 { usize::MAX / 2 + 1 } else { 1 << low.trailing_zeros() };
        let mut size = aligned;
        while size > high - low {
            size /= 2;
        }
        low += size;
        count += 1;
    }
    count
}

const TREES: Claim = Claim {
    key: "dp-l1",
    says: "Sums of distances to private data need noise that grows only polylogarithmically with the data, like 1/ε with the budget and like d^1.5 with the dimension.",
    at: "section 4",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Held to a closed form of our trees, point by point. It is a numerical statement: floating-point Laplace noise gives no privacy in production. A histogram without a tree has the smaller noise up to about 7e4 leaves against counts, 2e5 against sums.",
    experiments: &["noises"],
    judge: judge_trees,
    control: Some(Control {
        differs: "noise on every leaf instead of a tree",
        must_fail: &["exponent of the noise in n"],
    }),
};

fn judge_trees(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Noises::NOISES)?;
    let slope = |at: &dyn Fn(&Structure) -> bool, x: fn(&Structure) -> f64| {
        stats::slope_over_seeds(&series(&rows, at, x, |v: &Noise| v.rms), stats::Axes::LogLog)
    };
    let method = if arm == Arm::Claim { Method::Sums } else { Method::Leaves };
    let mut checks =
        vec![Check::at_most("exponent of the noise in n", slope(&|p| p.method == method, |p| p.n as f64), 0.35)];
    if arm == Arm::Control {
        return Ok(checks);
    }
    let base = |p: &Structure| p.method == Method::Counts && p.n == BASE.n && p.d == 1;
    checks.push(Check::new(
        "exponent of the noise in ε",
        slope(&|p| base(p) && p.alpha == 0.1, |p| p.epsilon),
        (-1.06, -0.94),
    ));
    checks.push(Check::new(
        "exponent of the noise in α",
        slope(&|p| base(p) && p.epsilon == 1.0, |p| p.alpha),
        (-0.55, -0.2),
    ));
    checks.push(Check::new(
        "exponent of the noise in d",
        slope(&|p| p.n == 64 && p.method == Method::Counts, |p| p.d as f64),
        (1.4, 1.6),
    ));
    for point in Noises::points(scale) {
        let ratios = numbers(&rows, |p| *p == point, |v: &Noise| v.rms / v.closed);
        let Structure { method, n, d, epsilon, alpha } = point;
        let name = format!(
            "{}, n={n} d={d} ε={epsilon} α={alpha}: rms over closed form",
            format!("{method:?}").to_lowercase()
        );
        checks.push(Check::new(name, rms(&ratios), (0.9, 1.1)));
    }
    Ok(checks)
}

record! {
    /// A projection.
    pub struct Projected {
        /// Number of data points.
        pub n: usize,
        /// Dimension after projection.
        pub r: usize,
        /// Whether coordinates are dropped instead of mixed.
        pub dropped: bool,
    }
}

record! {
    /// An error.
    pub struct Density {
        /// Root mean square over queries of the error of the kernel density.
        pub error: f64,
    }
}

/// Kernel densities of projected data.
#[derive(Debug, Default)]
pub struct Projections;

impl Projections {
    /// One row a projection.
    pub const ERRORS: Table<Self, Density> = Table::new("errors");
}

const DIMENSION: usize = 256;
const REDUCED: [usize; 4] = [8, 16, 32, 64];

impl Experiment for Projections {
    type Point = Projected;
    const KEY: &'static str = "projections";
    const ABOUT: &'static str = "Kernel densities exp(−r²) of Gaussian points in 256 dimensions at 50 queries, mean about 0.56, after a random projection; for comparison from the first coordinates, unscaled.";
    const TABLES: &'static [TableSchema] = &[Self::ERRORS.schema()];

    fn points(_: Scale) -> Vec<Projected> {
        let mut points: Vec<Projected> =
            [300, 900].iter().flat_map(|&n| REDUCED.map(|r| Projected { n, r, dropped: false })).collect();
        points.extend(REDUCED.map(|r| Projected { n: 300, r, dropped: true }));
        points
    }

    fn trials(scale: Scale, _: &Projected) -> u32 {
        if scale == Scale::Smoke { 12 } else { 40 }
    }

    fn cost(point: &Projected) -> Cost {
        Cost { flops: (point.n * DIMENSION * (point.r + 100)) as f64 * 2.0, memory: 1 << 22, rows: 1 }
    }

    fn run(point: &Projected, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let d = DIMENSION;
        let size = ((0.56f64.powf(-2.0 / d as f64) - 1.0) / 4.0).sqrt();
        let mut rng = trial.paired("points", &point.n);
        let mut draw = |n: usize| Points::new(n, d, gaussian(n * d, &mut rng).into_iter().map(|z| size * z).collect());
        let (queries, keys) = (draw(50)?, draw(point.n)?);
        let density = |queries: &Points, keys: &Points| {
            let problem = Problem::new(queries, keys, Bandwidth::Scale(1.0))?;
            multiply(Variant::TileF64, &problem, &vec![1.0 / point.n as f64; point.n], Engine::detect())
        };
        let truth = density(&queries, &keys)?.value;
        let sets = if point.dropped {
            let first = |set: &Points| {
                Points::new(set.len(), point.r, (0..set.len()).flat_map(|i| set.point(i)[..point.r].to_vec()).collect())
            };
            vec![first(&queries)?, first(&keys)?]
        } else {
            project(&[&queries, &keys], point.r, &mut trial.rng("matrix"))?
        };
        let found = density(&sets[0], &sets[1])?.value;
        let square = found.iter().zip(&truth).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / 50.0;
        out.put(Self::ERRORS, Density { error: square.sqrt() });
        Ok(())
    }
}

const PROJECTED: Claim = Claim {
    key: "jl-kde",
    says: "The kernel density of randomly projected data is off by about r^−½, whatever the number of points and the dimension that they came from.",
    at: "section 7",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The idea is the paper's; sizes and the exponent's range are ours.",
    experiments: &["projections"],
    judge: judge_projected,
    control: Some(Control {
        differs: "coordinates are dropped, not mixed",
        must_fail: &["exponent of the error in r"],
    }),
};

fn judge_projected(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Projections::ERRORS)?;
    let dropped = arm == Arm::Control;
    let of = |n: usize, r: usize| {
        numbers(&rows, |p: &Projected| p.n == n && p.r == r && p.dropped == dropped, |v: &Density| v.error)
    };
    // Root mean squares over trials first: one trial's errors share a matrix and scatter.
    let count = of(300, REDUCED[0]).len();
    let all: Vec<Vec<f64>> =
        (0..count).map(|t| REDUCED.map(|r| of(300, r).get(t).copied().unwrap_or(f64::NAN)).to_vec()).collect();
    let slope = stats::bootstrap(&all, |drawn| {
        let mean = |k: usize| (drawn.iter().map(|errors| errors[k].powi(2)).sum::<f64>() / drawn.len() as f64).sqrt();
        let y: Vec<f64> = (0..REDUCED.len()).map(mean).collect();
        stats::log_log_slope(&REDUCED.map(|r| r as f64), &y).slope
    });
    let mut checks = vec![Check::new("exponent of the error in r", slope, (-0.62, -0.36))];
    if !dropped {
        for r in REDUCED {
            let pairs: Vec<(f64, f64)> = of(900, r).into_iter().zip(of(300, r)).collect();
            let spread = stats::bootstrap(&pairs, |drawn| {
                let mean = |f: fn(&(f64, f64)) -> f64| drawn.iter().map(|p| f(p).powi(2)).sum::<f64>().sqrt();
                mean(|p| p.0) / mean(|p| p.1)
            });
            checks.push(Check::new(format!("r = {r}: error with 900 points over that with 300"), spread, (0.6, 1.6)));
        }
    }
    Ok(checks)
}

const FIGURE: Figure = Figure {
    key: "noise",
    title: "Noise of private sums of distances",
    alt: "Left: noise over the number of leaves, nearly level for trees, rising with slope ½ without one. Right: error of the \
          density of projected data over the dimension, on a line of slope −½ for both numbers of points.",
    experiments: &["noises", "projections"],
    draw,
};

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let noises = rows.of(Noises::NOISES)?;
    let mut left = Panel::new("Noise by size", Axis::log2("leaves"), Axis::log("root mean square noise, ε = 1"))
        .note("median and quartiles over trials");
    for (method, name) in [(Method::Sums, "tree of counts and sums"), (Method::Leaves, "every leaf by itself")] {
        let at = |p: &Structure| p.method == method;
        left = left.line_band(name, band_over(&noises, at, |p| p.n as f64, |v: &Noise| v.rms));
    }
    let closed = band_over(&noises, |p: &Structure| p.method == Method::Sums, |p| p.n as f64, |v: &Noise| v.closed);
    left = left.theory("closed form", closed.iter().map(|(x, _, y, _)| (*x, *y)).collect());
    let errors = rows.of(Projections::ERRORS)?;
    let mut right = Panel::new(
        "Projected densities",
        Axis::log2("dimension r after projection"),
        Axis::log("error of the density"),
    )
    .note("median and quartiles over trials; density 0.56");
    for n in [300, 900] {
        let at = |p: &Projected| p.n == n && !p.dropped;
        right = right.line_band(format!("{n} points"), band_over(&errors, at, |p| p.r as f64, |v: &Density| v.error));
    }
    Ok(vec![left, right.guide("slope −½", vec![(8.0, 0.1), (64.0, 0.1 / 8f64.sqrt())])])
}
