//! Singular values of real matrices.

use algos::{
    Error, NumericalError,
    factorize::{
        potential::column_condition,
        svd::{Engine, Variant, svd},
    },
    linalg::singular_values,
};
use faer::Mat;
use serde::{Deserialize, Serialize};

use super::judge;
use crate::{
    harness::{dataset, prelude::*},
    record,
};

/// A real matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The optical digits, 1797×64; three pixels are always blank.
    Digits,
    /// A reservoir simulation, 30×30, sparse.
    Pores,
    /// The same with its unknowns in other units, by powers of ten over 60 decades.
    PoresUnits,
}

impl Origin {
    fn load(self) -> Result<Mat<f64>, Error> {
        let failed = |what| Error::Numerical(NumericalError::Factorization { what });
        if self == Self::Digits {
            let table =
                dataset::load("digits").map_err(|_| failed("reading of the digits (see `residual data verify`)"))?;
            return Ok(table.group("pixels").ok_or(failed("reading of the digits' pixels"))?.to_owned());
        }
        let table = dataset::load("pores").map_err(|_| failed("reading of `pores` (see `residual data verify`)"))?;
        let places = table.group("place").ok_or(failed("reading of the places of `pores`"))?;
        let values = table.group("value").ok_or(failed("reading of the values of `pores`"))?;
        let mut x = Mat::zeros(30, 30);
        for k in 0..values.nrows() {
            let [i, j] = [0, 1].map(|side| places[(k, side)] as usize);
            if !(1..=30).contains(&i) || !(1..=30).contains(&j) {
                return Err(failed("reading of the places of `pores`"));
            }
            x[(i - 1, j - 1)] = values[(k, 0)];
        }
        if self == Self::PoresUnits {
            for j in 0..30 {
                // In no particular order: 7 has no common factor with 30.
                let scale = 10f64.powi(-2 * ((7 * j as i32) % 30));
                x.col_as_slice_mut(j).iter_mut().for_each(|x| *x *= scale);
            }
        }
        Ok(x)
    }
}

record! {
    /// A matrix.
    pub struct Input {
        /// Where it comes from.
        pub source: Origin,
    }
}

record! {
    /// The singular values by one method.
    pub struct Values {
        /// Name of the variant, or `bidiagonal`.
        pub method: String,
        /// Largest relative error of a singular value; relative to the largest one for the digits, whose judge is a
        /// bidiagonal method.
        pub error: f64,
        /// κ of the matrix with columns of unit norm; 0 where a column is zero.
        pub condition: f64,
        /// Singular values that are not zero.
        pub rank: usize,
    }
}

/// All variants on real matrices.
#[derive(Debug, Default)]
pub struct RealValues;

impl RealValues {
    /// One row per method.
    pub const VALUES: Table<Self, Values> = Table::new("values");
}

impl Experiment for RealValues {
    type Point = Input;
    const KEY: &'static str = "real-values";
    const ABOUT: &'static str = "Singular values of the optical digits and of a sparse matrix from reservoir simulation, in its own units and in others.";
    const TABLES: &'static [TableSchema] = &[Self::VALUES.schema()];

    fn points(_: Scale) -> Vec<Input> {
        [Origin::Digits, Origin::Pores, Origin::PoresUnits].map(|source| Input { source }).into()
    }

    fn trials(_: Scale, _: &Input) -> u32 {
        1
    }

    fn cost(_: &Input) -> Cost {
        Cost { flops: 2e9, memory: 1 << 23, rows: 5 }
    }

    fn run(point: &Input, _: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let x = point.source.load()?;
        let bidiagonal = singular_values(x.as_ref())?;
        let condition = column_condition(x.as_ref()).unwrap_or(0.0);
        let exact = match point.source {
            Origin::Digits => None,
            Origin::Pores | Origin::PoresUnits => Some(judge::singular_values(x.as_ref())),
        };
        let error = |values: &[f64]| match &exact {
            Some(exact) => judge::largest_error(exact, values),
            None => {
                let apart = values.iter().zip(&bidiagonal).map(|(a, b)| (a - b).abs() / bidiagonal[0]);
                stats::maximum(apart)
            }
        };
        let positive = |values: &[f64]| values.iter().filter(|&&value| value > 0.0).count();
        // The literal reference takes a minute on the digits.
        for &variant in &Variant::ALL[1..] {
            let found = svd(variant, x.as_ref(), Engine::detect())?.value;
            let method = variant.name().to_owned();
            out.put(Self::VALUES, Values { method, error: error(&found.values), condition, rank: found.rank });
        }
        let method = "bidiagonal".to_owned();
        let (error, rank) = (error(&bidiagonal), positive(&bidiagonal));
        out.put(Self::VALUES, Values { method, error, condition, rank });
        Ok(())
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "acc-real",
    says: "On real matrices all Jacobi variants agree with an independent method, and keep every singular value when the unknowns change their units, which a bidiagonal method does not.",
    at: "our experiment on the optical digits and on PORES 1",
    source: Source::Ours,
    kind: Kind::Exact,
    expected: Verdict::Reproduced,
    note: "Digits: to 50 n eps of the largest singular value; three pixels are blank, so the rank is 61. PORES 1: each to 50 eps κ(B).",
    experiments: &["real-values"],
    judge: judge_real,
    control: Some(Control {
        differs: "a bidiagonal method, unknowns in other units",
        must_fail: &["pores in other units: largest relative error over eps κ(B)"],
    }),
};

fn judge_real(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(RealValues::VALUES)?;
    let worst = |source: Origin, number: &dyn Fn(&Values) -> f64| {
        let mine = rows.iter().filter(|row| row.point.source == source);
        let judged = |method: &str| (method == "bidiagonal") == (arm == Arm::Control);
        let all: Vec<f64> = mine
            .filter(|row| row.value.as_ref().map_or(true, |v| judged(&v.method)))
            .map(|row| row.value.as_ref().map_or(f64::NAN, number))
            .collect();
        stats::largest(&all)
    };
    let units = |v: &Values| v.error / (f64::EPSILON * v.condition);
    let other = worst(Origin::PoresUnits, &units);
    let mut checks = vec![Check::at_most("pores in other units: largest relative error over eps κ(B)", other, 50.0)];
    if arm == Arm::Claim {
        checks.extend([
            Check::at_most("pores: largest relative error over eps κ(B)", worst(Origin::Pores, &units), 50.0),
            Check::at_most(
                "digits: largest difference to the bidiagonal method over σ₁",
                worst(Origin::Digits, &|v| v.error),
                50.0 * 64.0 * f64::EPSILON,
            ),
            Check::new("digits: largest rank found", worst(Origin::Digits, &|v| v.rank as f64), (60.5, 61.5)),
        ]);
    }
    Ok(checks)
}
