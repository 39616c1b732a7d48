//! Consistency of generalized cross-validation, and a "sketch" that breaks it.

use algos::{
    Error,
    sketch::{
        Sketch,
        ridge::{Fit, Solver, average, fit, gcv},
    },
};
use serde::{Deserialize, Serialize};

use super::super::sketching::{Map, by};
use super::setting::{Data, member};
use crate::{harness::prelude::*, record};

record! {
    /// A problem and a sketch.
    pub struct Setting {
        /// Sketch of the features.
        pub sketch: Map,
        /// Observations.
        pub n: usize,
        /// Features.
        pub p: usize,
        /// Features asked of the sketch.
        pub q: usize,
        /// Members.
        pub members: usize,
    }
}

record! {
    /// An ensemble at one penalty.
    pub struct Estimate {
        /// Penalty λ.
        pub lambda: f64,
        /// Prediction risk given the training data.
        pub risk: f64,
        /// Generalized cross-validation of the ensemble over the risk, minus 1.
        pub gcv: f64,
        /// Training error over the risk, minus 1.
        pub train: f64,
        /// Mean of the members' own generalized cross-validations over the risk of the ensemble, minus 1.
        pub averaged: f64,
        /// Degrees of freedom.
        pub df: f64,
    }
}

fn estimate(data: &Data, members: &[Fit], lambda: f64) -> Result<Estimate, Error> {
    let all: Vec<&Fit> = members.iter().collect();
    let ensemble = average(&all)?;
    let own = gcv(data.x.as_ref(), &data.y, &ensemble)?;
    let risk = data.risk(&ensemble.beta);
    let mut averaged = 0.0;
    for one in members {
        averaged += gcv(data.x.as_ref(), &data.y, one)?.value / members.len() as f64;
    }
    let over = |value: f64| value / risk - 1.0;
    Ok(Estimate {
        lambda,
        risk,
        gcv: over(own.value),
        train: over(own.train),
        averaged: over(averaged),
        df: ensemble.df,
    })
}

fn ensembles(point: &Setting, penalties: &[f64], trial: &Trial<'_>) -> Result<Vec<Estimate>, Error> {
    let Setting { sketch, n, p, q, members } = *point;
    let data = trial.shared("data", &(n, p), |rng| Ok::<_, Error>(Data::draw(n, p, rng)))?;
    let mut rng = trial.rng("sketches");
    let mut fits: Vec<Vec<Fit>> = vec![Vec::new(); penalties.len()];
    for _ in 0..members {
        let (path, _) = member(data.x.as_ref(), &data.y, sketch, q, penalties, &mut rng)?;
        fits.iter_mut().zip(path).for_each(|(fits, fit)| fits.push(fit));
    }
    fits.iter().zip(penalties).map(|(fits, &lambda)| estimate(&data, fits, lambda)).collect()
}

fn cost(point: &Setting) -> Cost {
    let (n, p, q) = (point.n as f64, point.p as f64, point.q as f64);
    let small = n.min(q);
    let each = 12.0 * small.powi(3) + 2.0 * n * q * small + 40.0 * n * p;
    Cost { flops: point.members as f64 * each, memory: (24.0 * n * p) as u64, rows: 3 }
}

/// Ensembles of five.
#[derive(Debug, Default)]
pub struct Consistency;

impl Consistency {
    /// One row per trial and penalty.
    pub const ESTIMATES: Table<Self, Estimate> = Table::new("estimates");
}

/// Those that the paper uses in practice come last, and are all at smoke.
const FREE: [Map; 4] = [Map::Gaussian, Map::Orthogonal, Map::Stacked, Map::Srdct];

fn sketches(scale: Scale) -> &'static [Map] {
    if scale == Scale::Smoke { &FREE[2..] } else { &FREE }
}

impl Experiment for Consistency {
    type Point = Setting;
    const KEY: &'static str = "ridge-gcv";
    const ABOUT: &'static str = "Ensembles of five sketched ridge regressions with p = 1.2n features sketched to q = 0.73p: risk, training error and generalized cross-validation.";
    const TABLES: &'static [TableSchema] = &[Self::ESTIMATES.schema()];

    fn points(scale: Scale) -> Vec<Setting> {
        let (n, p, q) = by(scale, (120, 144, 105), (250, 300, 220), (500, 600, 441));
        sketches(scale).iter().map(|&sketch| Setting { sketch, n, p, q, members: 5 }).collect()
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        by(scale, 64, 64, 100)
    }

    fn cost(point: &Setting) -> Cost {
        cost(point)
    }

    fn run(point: &Setting, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        ensembles(point, &[0.1, 1.0, 10.0], trial)?.into_iter().for_each(|row| out.put(Self::ESTIMATES, row));
        Ok(())
    }
}

fn values<P: Clone>(
    rows: &[Row<P, Estimate>],
    at: impl Fn(&P) -> bool,
    lambda: f64,
    number: impl Fn(&Estimate) -> f64,
) -> Vec<f64> {
    let mine = rows.iter().filter(|row| at(&row.point));
    mine.filter_map(|row| match &row.value {
        Ok(e) => (e.lambda == lambda).then(|| number(e)),
        Err(_) => Some(f64::NAN),
    })
    .collect()
}

/// Consistency.
pub const CONSISTENT: Claim = Claim {
    key: "ridge-gcv-consistent",
    says: "Generalized cross-validation estimates the prediction risk of an ensemble of sketched ridge regressions, for every asymptotically free sketch.",
    at: "abstract (arXiv:2310.04357)",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Ratio to the risk, mean over seeds. The training error is far below the risk, the mean of the members' own estimates far above that of the ensemble at small penalties.",
    experiments: &["ridge-gcv"],
    judge: consistent,
    control: Some(Control {
        differs: "the training error instead",
        must_fail: &[
            "stacked CountSketch, λ = 1: mean estimate over risk, minus 1",
            "SRDCT, λ = 1: mean estimate over risk, minus 1",
        ],
    }),
};

fn consistent(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Consistency::ESTIMATES)?;
    // With 64 trials of half the size the standard error at λ = 0.1 is too large for this range.
    let penalties: &[f64] = if scale == Scale::Smoke { &[1.0, 10.0] } else { &[0.1, 1.0, 10.0] };
    let number = |e: &Estimate| if arm == Arm::Claim { e.gcv } else { e.train };
    let mut checks = Vec::new();
    for &map in sketches(scale) {
        for &lambda in penalties {
            let all = values(&rows, |s: &Setting| s.sketch == map, lambda, number);
            let name = format!("{}, λ = {lambda}: mean estimate over risk, minus 1", map.name());
            checks.push(Check::new(name, stats::mean(&all), (-0.12, 0.12)));
        }
    }
    Ok(checks)
}

/// Ensembles of two and more observations.
#[derive(Debug, Default)]
pub struct Convergence;

impl Convergence {
    /// One row per trial.
    pub const ESTIMATES: Table<Self, Estimate> = Table::new("estimates");
}

impl Experiment for Convergence {
    type Point = Setting;
    const KEY: &'static str = "ridge-rate";
    const ABOUT: &'static str = "The same with cosine sketches and λ = 0.2 over the number of observations.";
    const TABLES: &'static [TableSchema] = &[Self::ESTIMATES.schema()];

    fn points(scale: Scale) -> Vec<Setting> {
        let sizes: &[usize] = by(scale, &[40, 80], &[60, 120, 240], &[60, 120, 240, 480, 800]);
        let members = by(scale, 2, 2, 5);
        let point = |&n: &usize| {
            let p = n * 6 / 5;
            Setting { sketch: Map::Srdct, n, p, q: (0.735 * p as f64).round() as usize, members }
        };
        sizes.iter().map(point).collect()
    }

    fn trials(scale: Scale, point: &Setting) -> u32 {
        by(scale, 20, 48_000 / point.n as u32, 200)
    }

    fn cost(point: &Setting) -> Cost {
        cost(point)
    }

    fn run(point: &Setting, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        ensembles(point, &[0.2], trial)?.into_iter().for_each(|row| out.put(Self::ESTIMATES, row));
        Ok(())
    }
}

/// The rate.
pub const RATE: Claim = Claim {
    key: "ridge-gcv-rate",
    says: "The relative error of generalized cross-validation vanishes as the data grow, about like n^{−1/2}.",
    at: "consistency theorem; the rate is ours",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Root mean square over seeds. Expected power −0.58 ± 0.04 and 0.126 at n = 240.",
    experiments: &["ridge-rate"],
    judge: rate,
    control: Some(Control {
        differs: "the training error instead",
        must_fail: &["power of n in the root mean square", "root mean square at the largest n"],
    }),
};

fn rate(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    if scale == Scale::Smoke {
        return Err(Unjudged::no_power("two sizes and few seeds have no slope"));
    }
    let rows = rows.of(Convergence::ESTIMATES)?;
    let number = |e: &Estimate| if arm == Arm::Claim { e.gcv } else { e.train };
    let mut sizes: Vec<usize> = rows.iter().map(|row| row.point.n).collect();
    sizes.dedup();
    let cells: Vec<(f64, Vec<f64>)> =
        sizes.iter().map(|&n| (n as f64, values(&rows, |s: &Setting| s.n == n, 0.2, number))).collect();
    // Blocks of one fortieth of the trials of each size are resampled together.
    let blocks: Vec<Vec<(f64, f64)>> = (0..40)
        .map(|k| {
            cells
                .iter()
                .map(|(n, all)| {
                    let mine: Vec<f64> = all.iter().skip(k).step_by(40).map(|x| x * x).collect();
                    (*n, mine.iter().sum::<f64>() / mine.len() as f64)
                })
                .collect()
        })
        .collect();
    let slope = stats::bootstrap(&blocks, |drawn| {
        let mean = |k: usize| (drawn.iter().map(|b| b[k].1).sum::<f64>() / drawn.len() as f64).sqrt();
        let x: Vec<f64> = cells.iter().map(|c| c.0).collect();
        stats::log_log_slope(&x, &(0..x.len()).map(mean).collect::<Vec<_>>()).slope
    });
    let last = cells.last().map(|c| c.1.clone()).unwrap_or_default();
    let rms =
        stats::bootstrap(&last, |drawn| (drawn.iter().map(|x| **x * **x).sum::<f64>() / drawn.len() as f64).sqrt());
    Ok(vec![
        Check::at_most("power of n in the root mean square", slope, -0.30),
        Check::at_most("root mean square at the largest n", rms, 0.17),
    ])
}

/// How features are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Features {
    /// Those most correlated with the response.
    Screened,
    /// A cosine sketch.
    Sketched,
}

record! {
    /// How the features are kept.
    pub struct Kept {
        /// screened or sketched.
        pub features: Features,
    }
}

/// A data-dependent choice of features.
#[derive(Debug, Default)]
pub struct Screening;

impl Screening {
    /// One row per trial.
    pub const ESTIMATES: Table<Self, Estimate> = Table::new("estimates");
}

const SCREENED: (usize, usize, usize) = (300, 360, 100);

impl Experiment for Screening {
    type Point = Kept;
    const KEY: &'static str = "ridge-screening";
    const ABOUT: &'static str = "One ridge regression on the 100 of 360 features most correlated with the response, and one on a cosine sketch of as many.";
    const TABLES: &'static [TableSchema] = &[Self::ESTIMATES.schema()];

    fn points(_: Scale) -> Vec<Kept> {
        [Features::Screened, Features::Sketched].map(|features| Kept { features }).into()
    }

    fn trials(scale: Scale, _: &Kept) -> u32 {
        by(scale, 40, 40, 200)
    }

    fn cost(_: &Kept) -> Cost {
        Cost { flops: 4e7, memory: 1 << 22, rows: 1 }
    }

    fn run(point: &Kept, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let (n, p, q) = SCREENED;
        let data = Data::draw(n, p, &mut trial.paired("data", &(n, p)));
        let fits = match point.features {
            Features::Sketched => member(data.x.as_ref(), &data.y, Map::Srdct, q, &[0.1], &mut trial.rng("sketch"))?.0,
            Features::Screened => {
                let mut order: Vec<(f64, u32)> = (0..p)
                    .map(|j| {
                        let along: f64 = data.x.col_as_slice(j).iter().zip(&data.y).map(|(x, y)| x * y).sum();
                        (along.abs(), j as u32)
                    })
                    .collect();
                order.sort_by(|a, b| b.0.total_cmp(&a.0));
                let kept = order[..q].iter().map(|&(_, j)| (j, 1.0)).collect();
                fit(Solver::Gram, data.x.as_ref(), &data.y, Some(&Sketch::sample(p, kept)?), &[0.1])?.value
            }
        };
        out.put(Self::ESTIMATES, estimate(&data, &fits, 0.1)?);
        Ok(())
    }
}

/// Screening.
pub const SCREENING: Claim = Claim {
    key: "ridge-screening-control",
    says: "A choice of features that looks at the response is no free sketch: generalized cross-validation is then far below the risk.",
    at: "our experiment",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Expected −0.38 for screened features, −0.01 for a cosine sketch of the same size.",
    experiments: &["ridge-screening"],
    judge: screening,
    control: Some(Control {
        differs: "a cosine sketch of the same size",
        must_fail: &["mean of generalized cross-validation over risk, minus 1"],
    }),
};

fn screening(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Screening::ESTIMATES)?;
    let of = |features: Features| values(&rows, move |k: &Kept| k.features == features, 0.1, |e| e.gcv);
    let judged = if arm == Arm::Claim { Features::Screened } else { Features::Sketched };
    let name = "mean of generalized cross-validation over risk, minus 1";
    let mut checks = vec![Check::at_most(name, stats::mean(&of(judged)), -0.2)];
    if arm == Arm::Claim {
        let sketched = stats::mean(&of(Features::Sketched));
        checks.push(Check::new("the same for a cosine sketch", sketched, (-0.1, 0.1)));
    }
    Ok(checks)
}
