//! Sketched ridge ensembles on the optical digits.

use algos::{
    Error, NumericalError,
    sketch::ridge::{Fit, average, gcv},
};
use faer::Mat;
use rand::seq::index;

use super::super::sketching::Map;
use super::setting::member;
use crate::{
    harness::{dataset, prelude::*},
    record,
};

record! {
    /// A sketch.
    pub struct Which {
        /// Sketch of the pixels.
        pub sketch: Map,
    }
}

record! {
    /// An ensemble on a random training set.
    pub struct Held {
        /// Generalized cross-validation over the error on the rest, minus 1.
        pub gcv: f64,
        /// Training error over the error on the rest, minus 1.
        pub train: f64,
        /// Mean squared error on the rest.
        pub error: f64,
    }
}

/// Ridge regression of the label.
#[derive(Debug, Default)]
pub struct DigitsRidge;

impl DigitsRidge {
    /// One row per trial.
    pub const HELD: Table<Self, Held> = Table::new("held");
}

const TRAIN: usize = 200;
const Q: usize = 48;
const MEMBERS: usize = 5;
const LAMBDA: f64 = 1e-3;

impl Experiment for DigitsRidge {
    type Point = Which;
    const KEY: &'static str = "digits-ridge";
    const ABOUT: &'static str = "Ensembles of five ridge regressions of a digit's label on 48 sketched features of its 64 pixels, 200 training images, judged on the other 1597.";
    const TABLES: &'static [TableSchema] = &[Self::HELD.schema()];

    fn points(scale: Scale) -> Vec<Which> {
        if scale == Scale::Smoke {
            return Vec::new();
        }
        [Map::Srdct, Map::Srht, Map::Gaussian].map(|sketch| Which { sketch }).into()
    }

    fn trials(scale: Scale, _: &Which) -> u32 {
        if scale == Scale::Full { 400 } else { 120 }
    }

    fn cost(_: &Which) -> Cost {
        Cost { flops: 2e7, memory: 1 << 22, rows: 1 }
    }

    fn run(point: &Which, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let failed = |what| Error::Numerical(NumericalError::Factorization { what });
        let table =
            dataset::load("digits").map_err(|_| failed("reading of the digits (see `residual data verify`)"))?;
        let pixels = table.group("pixels").ok_or(failed("reading of the digits' pixels"))?;
        let labels = table.group("label").ok_or(failed("reading of the digits' labels"))?;
        let order = index::sample(&mut trial.paired("split", &()), pixels.nrows(), pixels.nrows()).into_vec();
        let part = |rows: &[usize]| {
            // Pixels are 0 to 16.
            let x = Mat::from_fn(rows.len(), pixels.ncols(), |i, j| pixels[(rows[i], j)] / 16.0);
            (x, rows.iter().map(|&i| labels[(i, 0)]).collect::<Vec<f64>>())
        };
        let ((x, y), (fresh, expected)) = (part(&order[..TRAIN]), part(&order[TRAIN..]));
        let mut rng = trial.rng("sketches");
        let mut fits: Vec<Fit> = Vec::new();
        for _ in 0..MEMBERS {
            fits.append(&mut member(x.as_ref(), &y, point.sketch, Q, &[LAMBDA], &mut rng)?.0);
        }
        let ensemble = average(&fits.iter().collect::<Vec<_>>())?;
        let estimate = gcv(x.as_ref(), &y, &ensemble)?;
        let square = |i: usize| {
            let fitted: f64 = ensemble.beta.iter().enumerate().map(|(j, beta)| beta * fresh[(i, j)]).sum();
            (expected[i] - fitted).powi(2)
        };
        let error = (0..expected.len()).map(square).sum::<f64>() / expected.len() as f64;
        out.put(Self::HELD, Held { gcv: estimate.value / error - 1.0, train: estimate.train / error - 1.0, error });
        Ok(())
    }
}

/// Real data.
pub const CLAIM: Claim = Claim {
    key: "ridge-digits",
    says: "On the optical digits generalized cross-validation of a sketched ensemble estimates its error on images that it has not seen.",
    at: "our experiment",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Pixels are far from Gaussian and three are blank; the training error is a third below.",
    experiments: &["digits-ridge"],
    judge,
    control: Some(Control {
        differs: "the training error instead",
        must_fail: &["SRDCT: mean estimate over error, minus 1"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(DigitsRidge::HELD)?;
    let mut checks = Vec::new();
    for map in [Map::Srdct, Map::Srht, Map::Gaussian] {
        let number = |h: &Held| if arm == Arm::Claim { h.gcv } else { h.train };
        let all = numbers(&rows, |w: &Which| w.sketch == map, number);
        checks.push(Check::new(
            format!("{}: mean estimate over error, minus 1", map.name()),
            stats::mean(&all),
            (-0.12, 0.12),
        ));
    }
    Ok(checks)
}
