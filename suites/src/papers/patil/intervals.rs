//! Prediction intervals from corrected residuals.

use algos::{
    Error,
    sketch::{
        instance::gaussian,
        ridge::{Fit, average, gcv, interval},
    },
};
use rand::RngExt;
use rand_distr::StandardNormal;

use super::super::sketching::{Map, by};
use super::setting::member;
use crate::{harness::prelude::*, record};

record! {
    /// A size of the sketch.
    pub struct Share {
        /// q/p.
        pub alpha: f64,
        /// Observations.
        pub n: usize,
        /// Features.
        pub p: usize,
    }
}

record! {
    /// Coverage of fresh responses by intervals of 95 %.
    pub struct Covered {
        /// With corrected residuals.
        pub corrected: f64,
        /// With the residuals of the fit.
        pub plain: f64,
        /// Length of the corrected interval.
        pub length: f64,
    }
}

/// Coverage.
#[derive(Debug, Default)]
pub struct Coverage;

impl Coverage {
    /// One row per trial.
    pub const COVERED: Table<Self, Covered> = Table::new("covered");
}

const MEMBERS: usize = 5;
const LAMBDA: f64 = 1e-5;
const FRESH: usize = 4000;

impl Experiment for Coverage {
    type Point = Share;
    const KEY: &'static str = "ridge-intervals";
    const ABOUT: &'static str = "Prediction intervals of ensembles of five for the nonlinear response y = soft(Xβ₀), soft(z) = sign(z) max(|z| − 1, 0).";
    const TABLES: &'static [TableSchema] = &[Self::COVERED.schema()];

    fn points(scale: Scale) -> Vec<Share> {
        let (n, p) = by(scale, (300, 200), (600, 400), (1500, 1000));
        [0.2, 0.5, 0.8].map(|alpha| Share { alpha, n, p }).into()
    }

    fn trials(scale: Scale, _: &Share) -> u32 {
        by(scale, 8, 12, 40)
    }

    fn cost(point: &Share) -> Cost {
        let (n, q) = (point.n as f64, point.alpha * point.p as f64);
        let flops = MEMBERS as f64 * (12.0 * q.powi(3) + 2.0 * n * q * q) + 40.0 * (FRESH * point.p) as f64;
        Cost { flops, memory: 1 << 24, rows: 1 }
    }

    fn run(point: &Share, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let Share { alpha, n, p } = *point;
        let mut rng = trial.paired("data", &(n, p));
        let truth: Vec<f64> = (0..p).map(|_| rng.sample::<f64, _>(StandardNormal) / (p as f64).sqrt()).collect();
        let soft = |z: f64| z.signum() * (z.abs() - 1.0).max(0.0);
        let mut draw = |rows: usize| {
            let x = gaussian(rows, p, &mut rng);
            let y: Vec<f64> = predictions(&x, &truth).into_iter().map(soft).collect();
            (x, y)
        };
        let (x, y) = draw(n);
        let (fresh, expected) = draw(FRESH);
        let q = (alpha * p as f64).round() as usize;
        let mut sketches = trial.rng("sketches");
        let mut fits: Vec<Fit> = Vec::new();
        for _ in 0..MEMBERS {
            fits.append(&mut member(x.as_ref(), &y, Map::Srdct, q, &[LAMBDA], &mut sketches)?.0);
        }
        let ensemble = average(&fits.iter().collect::<Vec<_>>())?;
        let estimate = gcv(x.as_ref(), &y, &ensemble)?;
        let left = 1.0 - ensemble.df / n as f64;
        let plain: Vec<f64> = estimate.residuals.iter().map(|r| r * left).collect();
        let predicted = predictions(&fresh, &ensemble.beta);
        let covered = |(low, high): (f64, f64)| {
            let inside = predicted.iter().zip(&expected).filter(|(f, y)| (low..=high).contains(&(*y - *f))).count();
            inside as f64 / FRESH as f64
        };
        let (corrected, plain) = (interval(&estimate.residuals, 0.95)?, interval(&plain, 0.95)?);
        let length = corrected.1 - corrected.0;
        out.put(Self::COVERED, Covered { corrected: covered(corrected), plain: covered(plain), length });
        Ok(())
    }
}

fn predictions(x: &faer::Mat<f64>, beta: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; x.nrows()];
    for (j, beta) in beta.iter().enumerate() {
        y.iter_mut().zip(x.col_as_slice(j)).for_each(|(y, x)| *y += beta * x);
    }
    y
}

/// Coverage.
pub const CLAIM: Claim = Claim {
    key: "ridge-pi-coverage",
    says: "Quantiles of the corrected residuals give prediction intervals of the right coverage, also for a nonlinear response.",
    at: "abstract (arXiv:2310.04357)",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Uncorrected residuals cover 67 % instead of 95 % at q = 0.8p.",
    experiments: &["ridge-intervals"],
    judge,
    control: Some(Control {
        differs: "the residuals of the fit, not corrected",
        must_fail: &["q = 0.8p: mean coverage of 95 % intervals"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Coverage::COVERED)?;
    // Quantiles of 300 residuals instead of 600.
    let range = if scale == Scale::Smoke { (0.905, 0.99) } else { (0.925, 0.972) };
    let mut checks = Vec::new();
    for alpha in [0.2, 0.5, 0.8] {
        let number = |c: &Covered| if arm == Arm::Claim { c.corrected } else { c.plain };
        let all = numbers(&rows, |s: &Share| s.alpha == alpha, number);
        checks.push(Check::new(format!("q = {alpha}p: mean coverage of 95 % intervals"), stats::mean(&all), range));
    }
    if arm == Arm::Claim {
        let plain = numbers(&rows, |s: &Share| s.alpha == 0.8, |c: &Covered| c.plain);
        checks.push(Check::at_most("q = 0.8p: mean coverage without correction", stats::mean(&plain), 0.75));
    }
    Ok(checks)
}
