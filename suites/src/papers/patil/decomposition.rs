//! The risk over the number of members, its limit, and the penalty of that limit.

use algos::{
    Error,
    sketch::ridge::{Fit, Freeness, average, gcv, implicit_penalty, penalty_ratio, trick},
};

use super::super::sketching::{Map, by};
use super::setting::{Data, member};
use crate::{harness::prelude::*, record};

record! {
    /// A sketch and the size of the pool.
    pub struct Pool {
        /// Sketch of the features.
        pub sketch: Map,
        /// Members in the pool.
        pub members: usize,
        /// Observations.
        pub n: usize,
        /// Features.
        pub p: usize,
        /// Features asked of the sketch.
        pub q: usize,
        /// Penalty λ.
        pub lambda: f64,
    }
}

record! {
    /// Ensembles of K members from the pool.
    pub struct Size {
        /// Members of an ensemble.
        pub k: usize,
        /// Mean risk over disjoint groups of K members.
        pub risk: f64,
        /// Mean generalized cross-validation.
        pub gcv: f64,
        /// Features of the sketch that was drawn.
        pub q_eff: usize,
        /// Mean degrees of freedom over the pool.
        pub df: f64,
        /// Implicit penalty μ, from the degrees of freedom.
        pub mu: f64,
        /// Risk of unsketched ridge regression at μ.
        pub ridge: f64,
        /// Risk of unsketched ridge regression at λ.
        pub ridge_lambda: f64,
        /// Generalized cross-validation of unsketched ridge regression at μ.
        pub ridge_gcv: f64,
    }
}

fn decompose(point: &Pool, sizes: &[usize], trial: &Trial<'_>) -> Result<Vec<Size>, Error> {
    let Pool { sketch, members, n, p, q, lambda } = *point;
    let data = Data::draw(n, p, &mut trial.paired("data", &(n, p)));
    let mut rng = trial.rng("sketches");
    let mut pool: Vec<Fit> = Vec::with_capacity(members);
    let mut q_eff = 0;
    for _ in 0..members {
        let (mut path, rows) = member(data.x.as_ref(), &data.y, sketch, q, &[lambda], &mut rng)?;
        q_eff = rows;
        pool.append(&mut path);
    }
    let df = pool.iter().map(|fit| fit.df).sum::<f64>() / members as f64;
    let mu = implicit_penalty(&data.spectrum()?, df)?;
    let plain = data.ridge(&[mu, lambda])?;
    let ridge_gcv = gcv(data.x.as_ref(), &data.y, &plain[0])?.value;
    let mut rows = Vec::new();
    for &k in sizes {
        let (mut risk, mut estimate) = (0.0, 0.0);
        let groups = members / k;
        for group in pool.chunks_exact(k) {
            let ensemble = average(&group.iter().collect::<Vec<_>>())?;
            risk += data.risk(&ensemble.beta) / groups as f64;
            estimate += gcv(data.x.as_ref(), &data.y, &ensemble)?.value / groups as f64;
        }
        let (ridge, ridge_lambda) = (data.risk(&plain[0].beta), data.risk(&plain[1].beta));
        rows.push(Size { k, risk, gcv: estimate, q_eff, df, mu, ridge, ridge_lambda, ridge_gcv });
    }
    Ok(rows)
}

fn cost(point: &Pool) -> Cost {
    let (n, p, q) = (point.n as f64, point.p as f64, point.q as f64);
    let small = n.min(q);
    let each = 12.0 * small.powi(3) + 2.0 * n * q * small + 60.0 * n * p;
    Cost { flops: point.members as f64 * each, memory: (32.0 * n * p) as u64, rows: 7 }
}

/// Pools of members on one data set.
#[derive(Debug, Default)]
pub struct Members;

impl Members {
    /// One row per ensemble size.
    pub const SIZES: Table<Self, Size> = Table::new("sizes");
}

const SIZES: [usize; 7] = [1, 2, 4, 8, 20, 50, 100];

impl Experiment for Members {
    type Point = Pool;
    const KEY: &'static str = "ridge-members";
    const ABOUT: &'static str =
        "Risk and generalized cross-validation over the number K of members, from pools of members on one data set.";
    const TABLES: &'static [TableSchema] = &[Self::SIZES.schema()];

    fn points(scale: Scale) -> Vec<Pool> {
        let point = |sketch, members| Pool { sketch, members, n: 280, p: 400, q: 312, lambda: 0.1 };
        match scale {
            Scale::Smoke => [Map::Orthogonal, Map::Srdct, Map::Stacked].map(|map| point(map, 10)).into(),
            _ => vec![
                point(Map::Srdct, 200),
                point(Map::Stacked, 200),
                point(Map::Orthogonal, 40),
                point(Map::Gaussian, 40),
            ],
        }
    }

    fn trials(scale: Scale, _: &Pool) -> u32 {
        by(scale, 1, 1, 10)
    }

    fn cost(point: &Pool) -> Cost {
        cost(point)
    }

    fn run(point: &Pool, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let sizes: Vec<usize> = SIZES.into_iter().filter(|k| 2 * k <= point.members).collect();
        decompose(point, &sizes, trial)?.into_iter().for_each(|row| out.put(Self::SIZES, row));
        Ok(())
    }
}

/// Slope, intercept and R² of a line.
fn line(points: &[(f64, f64)]) -> (f64, f64, f64) {
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    let fit = stats::slope(&x, &y);
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    let total: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
    let rest: f64 = points.iter().map(|(x, y)| (y - fit.intercept - fit.slope * x).powi(2)).sum();
    (fit.slope, fit.intercept, 1.0 - rest / total)
}

/// One over K.
pub const ONE_OVER_K: Claim = Claim {
    key: "ridge-one-over-K",
    says: "The risk of an ensemble is that of unsketched ridge regression at an implicit penalty plus a variance proportional to 1/K, and generalized cross-validation has the same form.",
    at: "risk decomposition (arXiv:2310.04357)",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "That the risk is affine in 1/K holds for independent members of any kind; what can fail is the intercept, and that the estimate has the same slope.",
    experiments: &["ridge-members"],
    judge: one_over_k,
    control: Some(Control {
        differs: "ridge regression at λ instead of μ as the limit",
        must_fail: &[
            "SRDCT: intercept over the risk of ridge regression",
            "stacked CountSketch: intercept over the risk of ridge regression",
        ],
    }),
};

fn one_over_k(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    if scale == Scale::Smoke {
        return Err(Unjudged::no_power("pools of ten members leave an error of several percent in the intercept"));
    }
    let rows = rows.of(Members::SIZES)?;
    let mut checks = Vec::new();
    for map in [Map::Srdct, Map::Stacked] {
        let mine: Vec<&Row<Pool, Size>> = rows.iter().filter(|row| row.point.sketch == map).collect();
        let mean = |number: &dyn Fn(&Size) -> f64| {
            mine.iter().map(|row| row.value.as_ref().map_or(f64::NAN, number)).sum::<f64>() / mine.len() as f64
        };
        let points = |number: &dyn Fn(&Size) -> f64| {
            let at = |k: usize| {
                let values = mine.iter().filter_map(|row| row.value.as_ref().ok()).filter(|size| size.k == k);
                let all: Vec<f64> = values.map(number).collect();
                (1.0 / k as f64, all.iter().sum::<f64>() / all.len() as f64)
            };
            SIZES.map(at)
        };
        let (slope, intercept, fit) = line(&points(&|s| s.risk));
        let (estimated, ..) = line(&points(&|s| s.gcv));
        let limit = if arm == Arm::Claim { mean(&|s| s.ridge) } else { mean(&|s| s.ridge_lambda) };
        let (name, n) = (map.name(), mine.first().map_or(0, |row| row.point.members));
        let point = |value| stats::point(value, n);
        checks.push(Check::new(
            format!("{name}: intercept over the risk of ridge regression"),
            point(intercept / limit),
            (0.975, 1.025),
        ));
        if arm == Arm::Claim {
            checks.push(Check::at_least(format!("{name}: R² of the line in 1/K"), point(fit), 0.995));
            checks.push(Check::new(
                format!("{name}: slope of the estimate over that of the risk"),
                point(estimated / slope),
                (0.9, 1.15),
            ));
        }
    }
    Ok(checks)
}

/// The implicit penalty.
pub const MU: Claim = Claim {
    key: "ridge-mu-equivalence",
    says: "The implicit penalty follows from the S-transform of the sketch: that of orthogonal sketches for the cosine transform, that of Gaussian sketches for the stacked CountSketch with the features it really has.",
    at: "S-transforms in the authors' code",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The stacked CountSketch has only whole buckets, 295 features for the 312 asked for; with the nominal number it looks 11 % off.",
    experiments: &["ridge-members"],
    judge: mu,
    control: Some(Control {
        differs: "the formula of the other class of sketches",
        must_fail: &["SRDCT: μ/λ over the formula", "stacked CountSketch: μ/λ over the formula"],
    }),
};

fn mu(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Members::SIZES)?;
    let mut all = vec![
        (Map::Srdct, Freeness::Orthogonal),
        (Map::Orthogonal, Freeness::Orthogonal),
        (Map::Stacked, Freeness::Gaussian),
    ];
    if scale > Scale::Smoke {
        all.push((Map::Gaussian, Freeness::Gaussian));
    }
    let mut checks = Vec::new();
    for (map, law) in all {
        let law = match (arm, law) {
            (Arm::Claim, law) => law,
            (Arm::Control, Freeness::Gaussian) => Freeness::Orthogonal,
            (Arm::Control, Freeness::Orthogonal) => Freeness::Gaussian,
        };
        let mine = rows.iter().filter(|row| row.point.sketch == map);
        let off: Vec<f64> = mine
            .map(|row| match &row.value {
                Ok(size) => {
                    let p = row.point.p as f64;
                    size.mu / row.point.lambda / penalty_ratio(law, size.q_eff as f64 / p, size.df / p)
                }
                Err(_) => f64::NAN,
            })
            .collect();
        let members = rows.iter().filter(|row| row.point.sketch == map).map(|row| row.point.members).max().unwrap_or(0);
        let mean = off.iter().sum::<f64>() / off.len() as f64;
        checks.push(Check::new(
            format!("{}: μ/λ over the formula", map.name()),
            stats::point(mean, members),
            (0.97, 1.03),
        ));
    }
    Ok(checks)
}

/// Two members.
#[derive(Debug, Default)]
pub struct Trick;

impl Trick {
    /// Rows for one and for two members.
    pub const SIZES: Table<Self, Size> = Table::new("sizes");
}

impl Experiment for Trick {
    type Point = Pool;
    const KEY: &'static str = "ridge-trick";
    const ABOUT: &'static str = "Generalized cross-validation of one and of two cosine-sketched members against that of unsketched ridge regression at the implicit penalty.";
    const TABLES: &'static [TableSchema] = &[Self::SIZES.schema()];

    fn points(scale: Scale) -> Vec<Pool> {
        if scale == Scale::Smoke {
            return Vec::new();
        }
        vec![Pool { sketch: Map::Srdct, members: 2, n: 300, p: 400, q: 150, lambda: 0.1 }]
    }

    fn trials(scale: Scale, _: &Pool) -> u32 {
        if scale == Scale::Full { 200 } else { 60 }
    }

    fn cost(point: &Pool) -> Cost {
        cost(point)
    }

    fn run(point: &Pool, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        decompose(point, &[1, 2], trial)?.into_iter().for_each(|row| out.put(Self::SIZES, row));
        Ok(())
    }
}

/// The ensemble trick.
pub const TRICK: Claim = Claim {
    key: "ridge-ensemble-trick",
    says: "Twice the estimate for two members minus that for one estimates the risk of unsketched ridge regression.",
    at: "ensemble trick (arXiv:2310.04357)",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The estimate for one member is the mean over both members.",
    experiments: &["ridge-trick"],
    judge: judge_trick,
    control: Some(Control {
        differs: "the estimate for two members alone",
        must_fail: &["mean relative error of the trick"],
    }),
};

fn judge_trick(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Trick::SIZES)?;
    let at = |k: usize| {
        let mine = rows.iter().filter(move |row| row.value.as_ref().map_or(true, |size| size.k == k));
        mine.map(|row| row.value.as_ref().map_or(f64::NAN, |size| size.gcv / size.ridge_gcv)).collect::<Vec<f64>>()
    };
    let (one, two) = (at(1), at(2));
    let off = |values: Vec<f64>| stats::mean(&values.into_iter().map(|v| v - 1.0).collect::<Vec<_>>());
    let tricked: Vec<f64> = match arm {
        Arm::Claim => one.iter().zip(&two).map(|(one, two)| trick(*one, *two)).collect(),
        Arm::Control => two.clone(),
    };
    let mut checks = vec![Check::new("mean relative error of the trick", off(tricked), (-0.09, 0.09))];
    if arm == Arm::Claim {
        checks.push(Check::at_least("mean relative error of one member", off(one), 0.5));
        checks.push(Check::at_least("mean relative error of two members", off(two), 0.2));
    }
    Ok(checks)
}
