//! Charikar & Siminelakis: hashing-based estimators.

use algos::{
    Error,
    kernel::{
        Engine,
        hashing::estimates,
        instance::{cluster, subset},
        sampling::relative_variance,
    },
};

use super::indyk::setting::{Set, unit};
use crate::{harness::prelude::*, record};

/// The paper.
pub const PAPER: Paper = Paper {
    key: "charikar",
    family: "kernel",
    title: "Hashing-Based-Estimators for Kernel Density in High Dimensions",
    authors: "Moses Charikar and Paris Siminelakis",
    year: 2017,
    link: "https://doi.org/10.1109/FOCS.2017.99",
    bibtex: "@inproceedings{charikar2017hashing,
  author    = {Moses Charikar and Paris Siminelakis},
  title     = {Hashing-Based-Estimators for Kernel Density in High Dimensions},
  booktitle = {58th Annual Symposium on Foundations of Computer Science},
  pages     = {1032--1043},
  year      = {2017},
  doi       = {10.1109/FOCS.2017.99}
}",
    about: "A key drawn from the query's bucket of a hash table, weighted by one over the probability of meeting it there, is an \
            unbiased estimate of a kernel density; its variance is small where few near keys make the density. We recall the \
            estimator and compare its variance with that of uniform sampling.",
    experiments: &[&Variances],
    claims: &[CLAIM],
    figures: &[],
    cases: &[],
};

record! {
    /// A set of points.
    pub struct Points {
        /// Whether in clusters of 16 keys, or in one cloud.
        pub clusters: bool,
    }
}

record! {
    /// Two estimators.
    pub struct Variance {
        /// Relative variance of a hashing-based estimate.
        pub hashing: f64,
        /// Relative variance of a uniform sample of one key.
        pub sampling: f64,
        /// Mean of hashing-based estimates over the exact density, minus one.
        pub bias: f64,
        /// Its standard error over tables.
        pub spread: f64,
    }
}

/// Variances of both estimators.
#[derive(Debug, Default)]
pub struct Variances;

impl Variances {
    /// One row a data set.
    pub const VARIANCES: Table<Self, Variance> = Table::new("variances");
}

impl Experiment for Variances {
    type Point = Points;
    const KEY: &'static str = "variances";
    const ABOUT: &'static str =
        "Kernel densities of 100 queries over 2048 keys by 256 tables of 8 hashes of width 4, and by uniform sampling.";
    const TABLES: &'static [TableSchema] = &[Self::VARIANCES.schema()];

    fn points(_: Scale) -> Vec<Points> {
        vec![Points { clusters: true }, Points { clusters: false }]
    }

    fn trials(scale: Scale, _: &Points) -> u32 {
        if scale == Scale::Smoke { 3 } else { 8 }
    }

    fn cost(_: &Points) -> Cost {
        Cost { flops: 2048.0 * 256.0 * 8.0 * 200.0, memory: 1 << 24, rows: 1 }
    }

    fn run(point: &Points, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let n = 2048;
        let (all, keys) = if point.clusters {
            cluster(n, 64, 16, 1.0, &mut trial.paired("points", &n))?
        } else {
            Set::Dense.draw(n, trial)?
        };
        let queries = all.select(&subset(n, 100, &mut trial.rng("queries")));
        let problem = unit(&queries, &keys)?;
        let found = estimates(&problem, 8, 4.0, 256, Engine::detect(), &mut trial.rng("tables"))?;
        let means = found.table_means();
        let count = means.len() as f64;
        let mean = means.iter().sum::<f64>() / count;
        let spread = (means.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / (count - 1.0) / count).sqrt();
        let sampling = relative_variance(&problem, Engine::detect())?;
        out.put(Self::VARIANCES, Variance { hashing: found.relative_variance(), sampling, bias: mean - 1.0, spread });
        Ok(())
    }
}

const CLAIM: Claim = Claim {
    key: "hbe-vs-rs",
    says: "Hashing-based estimators are unbiased, and beat uniform sampling where few near keys make the density.",
    at: "main theorem",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The factor 20 is ours, for clusters of 16 keys among 2048.",
    experiments: &["variances"],
    judge,
    control: Some(Control {
        differs: "one cloud: many keys make the density",
        must_fail: &["mean variance of uniform sampling over that of hashing"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Variances::VARIANCES)?;
    let at = |p: &Points| p.clusters == (arm == Arm::Claim);
    let ratio = stats::mean(&numbers(&rows, at, |v: &Variance| v.sampling / v.hashing));
    let mut checks = vec![Check::at_least("mean variance of uniform sampling over that of hashing", ratio, 20.0)];
    if arm == Arm::Claim {
        for clusters in [true, false] {
            let all = numbers(&rows, |p: &Points| p.clusters == clusters, |v: &Variance| v.bias / v.spread);
            let score = all.iter().sum::<f64>() / (all.len() as f64).sqrt();
            let name = if clusters { "clusters" } else { "one cloud" };
            let name = format!("{name}: bias over its standard error, all seeds");
            checks.push(Check::new(name, stats::point(score, all.len()), (-5.0, 5.0)));
        }
    }
    Ok(checks)
}
