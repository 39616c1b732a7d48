//! Sketched ridge ensembles on the optical digits.

use algos::{Error, NumericalError};

use super::held_out::{Held, MAPS, Split, Which, near};
use crate::harness::{dataset, prelude::*};

/// Ridge regression of the label.
#[derive(Debug, Default)]
pub struct DigitsRidge;

impl DigitsRidge {
    /// One row per trial.
    pub const HELD: Table<Self, Held> = Table::new("held");
}

const TRAIN: usize = 200;
const Q: usize = 48;

impl Experiment for DigitsRidge {
    type Point = Which;
    const KEY: &'static str = "digits-ridge";
    const ABOUT: &'static str = "Ensembles of five ridge regressions of a digit's label on 48 sketched features of its 64 pixels, 200 training images, judged on the other 1597.";
    const TABLES: &'static [TableSchema] = &[Self::HELD.schema()];

    fn points(scale: Scale) -> Vec<Which> {
        if scale == Scale::Smoke { Vec::new() } else { MAPS.map(|sketch| Which { sketch }).into() }
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
        // Pixels are 0 to 16.
        let sizes = vec![16.0; pixels.ncols()];
        let response: Vec<f64> = labels.col(0).iter().copied().collect();
        let split = Split { features: pixels.as_ref(), sizes: &sizes, response: &response, train: TRAIN, q: Q };
        out.put(Self::HELD, split.hold_out(point.sketch, trial)?);
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
    Ok(near(&rows.of(DigitsRidge::HELD)?, arm, 0.12))
}
