//! Rahimi & Recht: random Fourier features, and why they cannot win here.

use algos::{
    Error,
    kernel::{
        Engine, Points,
        fourier::{features, predicted_error},
        instance::{Layout, gaussian},
    },
};

use super::indyk::setting::{Set, distance, exact, norm, unit};
use crate::{harness::prelude::*, record};

/// The paper.
pub const PAPER: Paper = Paper {
    key: "rahimi",
    family: "kernel",
    title: "Random Features for Large-Scale Kernel Machines",
    authors: "Ali Rahimi and Benjamin Recht",
    year: 2007,
    link: "https://papers.nips.cc/paper/3182-random-features-for-large-scale-kernel-machines",
    bibtex: "@inproceedings{rahimi2007random,
  author    = {Ali Rahimi and Benjamin Recht},
  title     = {Random Features for Large-Scale Kernel Machines},
  booktitle = {Advances in Neural Information Processing Systems},
  volume    = {20},
  year      = {2007}
}",
    about: "Gaussian kernels are expectations of cosines, so that D random frequencies give an unbiased product in time linear \
            in n and D. We recall the method and derive its error for a product exactly: where the entries of K are sparse, more \
            features than points are needed.",
    experiments: &[&Features],
    claims: &[CLAIM],
    figures: &[FIGURE],
    cases: &[],
};

record! {
    /// A set of points and a number of features.
    pub struct Count {
        /// Number of random frequencies D.
        pub features: usize,
        /// Whether one dense cloud is taken instead of clusters.
        pub dense: bool,
    }
}

record! {
    /// A product.
    pub struct Product {
        /// ‖Kx − y‖/‖x‖.
        pub error: f64,
        /// √(n xᵀK_{kk}x/(2D))/‖x‖.
        pub predicted: f64,
        /// The features that an error of ½ takes by the law, over the number of points.
        pub needed: f64,
    }
}

/// Products with Fourier features.
#[derive(Debug, Default)]
pub struct Features;

impl Features {
    /// One row a product.
    pub const PRODUCTS: Table<Self, Product> = Table::new("products");
}

const POINTS: usize = 1024;
const FEATURES: [usize; 3] = [256, 1024, 4096];

fn cloud(trial: &Trial<'_>) -> Result<(Points, Points), Error> {
    Layout::Fixed { d: 16, kappa: 0.5 }.draw(POINTS, &mut trial.paired("cloud", &0))
}

impl Experiment for Features {
    type Point = Count;
    const KEY: &'static str = "features";
    const ABOUT: &'static str = "Products of 1024 clustered points with random signs by random Fourier features; also of one dense cloud, with ones.";
    const TABLES: &'static [TableSchema] = &[Self::PRODUCTS.schema()];

    fn points(scale: Scale) -> Vec<Count> {
        if scale == Scale::Smoke {
            return Vec::new();
        }
        let count = |features, dense| Count { features, dense };
        FEATURES.iter().map(|&f| count(f, false)).chain([count(1024, true)]).collect()
    }

    fn trials(_: Scale, _: &Count) -> u32 {
        8
    }

    fn cost(point: &Count) -> Cost {
        Cost { flops: 2.0 * (POINTS * point.features) as f64 * 200.0, memory: 1 << 24, rows: 1 }
    }

    fn run(point: &Count, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let (queries, keys) = if point.dense { cloud(trial)? } else { Set::Cluster.draw(POINTS, trial)? };
        let problem = unit(&queries, &keys)?;
        let x = if point.dense { vec![1.0; POINTS] } else { gaussian(POINTS, &mut trial.paired("x", &0)) };
        let engine = Engine::detect();
        let y = features(&problem, &x, point.features, engine, &mut trial.rng("frequencies"))?.value;
        let error = distance(&y, &exact(&problem, &x)?) / norm(&x);
        let predicted = predicted_error(&problem, &x, point.features, engine)?;
        let needed = (predicted / 0.5).powi(2) * point.features as f64 / POINTS as f64;
        out.put(Self::PRODUCTS, Product { error, predicted, needed });
        Ok(())
    }
}

const CLAIM: Claim = Claim {
    key: "rff-law",
    says: "With D Fourier features a product has the error √(n xᵀK_{kk}x/(2D))/‖x‖: where K is sparse, an error of ½ takes more features than there are points, so that the exact product is cheaper.",
    at: "derived from the definition",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "K_{kk} is the kernel among the keys. The law leaves out two terms that are small where (Kx)_i² is small beside xᵀK_{kk}x.",
    experiments: &["features"],
    judge,
    control: Some(Control {
        differs: "one dense cloud and x = 1: the terms left out are as large as those kept",
        must_fail: &["D = 1024: mean of error over law"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Features::PRODUCTS)?;
    let dense = arm == Arm::Control;
    let mut checks = Vec::new();
    for features in FEATURES.into_iter().filter(|&f| !dense || f == 1024) {
        let at = |p: &Count| p.features == features && p.dense == dense;
        let ratio = stats::mean(&numbers(&rows, at, |v: &Product| v.error / v.predicted));
        checks.push(Check::new(format!("D = {features}: mean of error over law"), ratio, (0.85, 1.15)));
    }
    if !dense {
        let all = series(&rows, |p: &Count| !p.dense, |p| p.features as f64, |v: &Product| v.error);
        let slope = stats::slope_over_seeds(&all, stats::Axes::LogLog);
        checks.push(Check::new("exponent of the error in D", slope, (-0.57, -0.43)));
        let needed = numbers(&rows, |p: &Count| p.features == 1024 && !p.dense, |v: &Product| v.needed);
        checks.push(Check::at_least("features for an error of ½ over points", stats::mean(&needed), 1.0));
    }
    Ok(checks)
}

const FIGURE: Figure = Figure {
    key: "features",
    title: "Fourier features follow their law",
    alt: "Error over the number of features for clustered points: on the law √(n xᵀK_{kk}x/(2D))/‖x‖, with slope −½; more \
          features than points before the error is one.",
    experiments: &["features"],
    draw,
};

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Features::PRODUCTS)?;
    let at = |p: &Count| !p.dense;
    let law = band_over(&rows, at, |p| p.features as f64, |v: &Product| v.predicted);
    let panel = Panel::new("1024 clustered points", Axis::log2("features D"), Axis::log("error ‖Kx − y‖/‖x‖"))
        .note("median and quartiles over seeds")
        .line_band("measured", band_over(&rows, at, |p| p.features as f64, |v: &Product| v.error))
        .theory("√(n xᵀK_{kk}x/2D)/‖x‖", law.iter().map(|(x, _, y, _)| (*x, *y)).collect())
        .vline(POINTS as f64, "as many features as points");
    Ok(vec![panel])
}
