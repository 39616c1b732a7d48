//! Removal of known components: what is left stays in the basis, and weights are exact.

use algos::{
    Error,
    tensor::{
        Options,
        instance::{Spec, Vectors},
        reference::{Full, Removal},
    },
};
use serde::{Deserialize, Serialize};

use super::setting::{Cell, experiment};
use crate::{harness::prelude::*, record};

/// How components are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// By the rotations of the method.
    Rotation,
    /// The last column is dropped.
    Drop,
    /// The rotations of the two bases change places.
    Swapped,
}

record! {
    /// A tensor and a way to remove.
    pub struct Removing {
        /// Order m.
        pub m: usize,
        /// Dimension d.
        pub d: usize,
        /// Rank R.
        pub r: usize,
        /// Whether 1 is added to all entries of the components before they are normalised.
        pub shifted: bool,
        /// How: rotation, drop or swapped.
        pub how: How,
    }
}

record! {
    /// The largest errors over all removals.
    pub struct Exactness {
        /// ‖a^{⊗n} − VVᵀa^{⊗n}‖ of a remaining component.
        pub residual: f64,
        /// Relative error of a weight.
        pub weight: f64,
        /// ‖VᵀV − I‖_max.
        pub orthogonality: f64,
    }
}

const CELLS: [(Cell, bool); 6] = [
    (Cell::new(4, 15, 60), false),
    (Cell::new(3, 20, 16), false),
    (Cell::new(5, 8, 30), false),
    (Cell::new(6, 6, 28), false),
    (Cell::new(3, 20, 16), true),
    (Cell::new(5, 8, 30), true),
];

fn points(_: Scale) -> Vec<Removing> {
    let point =
        |(cell, shifted): &(Cell, bool), how| Removing { m: cell.m, d: cell.d, r: cell.r, shifted: *shifted, how };
    let exact = CELLS.iter().map(|cell| point(cell, How::Rotation));
    let wrong = [(1, How::Drop), (1, How::Swapped), (0, How::Drop)].map(|(k, how)| point(&CELLS[k], how));
    exact.chain(wrong).collect()
}

experiment!(
    /// Removals.
    Deflation, "deflation", "True components removed one after the other.",
    Removing, Exactness, rows 1, points points, trials |scale, _| if scale == Scale::Smoke { 2 } else { 6 },
    flops |p: &Removing| Cell::new(p.m, p.d, p.r).flops(10.0) + (p.r.pow(3) * p.d.pow(3)) as f64, run run
);

fn run(point: &Removing, trial: &Trial<'_>) -> Result<Vec<Exactness>, Error> {
    let Removing { m, d, r, shifted, how } = *point;
    let vectors = if shifted { Vectors::Shifted(1.0) } else { Vectors::Uniform };
    let (tensor, truth) =
        Spec { vectors, ..Spec::new(m, d, r) }.draw(&mut trial.paired("instance", &(m, d, r, shifted)))?;
    let (mut full, ..) = Full::extract(&tensor, &Options { rank: Some(r), ..Options::default() })?;
    let removal = match how {
        How::Rotation => Removal::Rotation,
        How::Drop => Removal::Drop,
        How::Swapped => Removal::Swapped,
    };
    let mut worst = Exactness { residual: 0.0, weight: 0.0, orthogonality: 0.0 };
    for k in 0..r {
        let Ok(weight) = full.weight_of(truth.vectors.col_as_slice(k)) else { break };
        worst.weight = worst.weight.max((weight.lambda / truth.weights[k] - 1.0).abs());
        if k + 1 == r {
            break;
        }
        full.remove(&weight, removal);
        for j in k + 1..r {
            let (mut power, alpha) = full.coordinates(truth.vectors.col_as_slice(j));
            for (column, along) in full.basis().col_iter().zip(&alpha) {
                power.iter_mut().zip(column.iter()).for_each(|(p, v)| *p -= along * v);
            }
            worst.residual = worst.residual.max(algos::linalg::norm(&power));
        }
        if (k + 1) % 5 == 0 {
            let gram = algos::linalg::gram(full.basis());
            for j in 0..gram.ncols() {
                for i in 0..=j {
                    let unit = f64::from(u8::from(i == j));
                    worst.orthogonality = worst.orthogonality.max((gram[(i, j)] - unit).abs());
                }
            }
        }
    }
    Ok(vec![worst])
}

/// Exact removal.
pub const CLAIM: Claim = Claim {
    key: "spm-deflation-exact",
    says: "One rotation removes a component: the basis stays orthonormal, the remaining components stay in it, and every weight is exact.",
    at: "deflation theorem",
    source: Source::Derived,
    kind: Kind::Exact,
    expected: Verdict::Reproduced,
    note: "Also for components with a common part, which tell the two rotations of odd orders apart.",
    experiments: &["deflation"],
    judge,
    control: Some(Control {
        differs: "the last column is dropped without a rotation, or the two rotations change places",
        must_fail: &["largest residual of a remaining component"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Deflation::RUNS)?;
    let at = move |p: &Removing| (p.how == How::Rotation) == (arm == Arm::Claim);
    let all = |number: fn(&Exactness) -> f64| {
        let mine: Vec<f64> =
            rows.iter().filter(|row| at(&row.point)).map(|row| row.value.as_ref().map_or(f64::NAN, number)).collect();
        // Of the control, the least: every wrong way must fail.
        if arm == Arm::Claim { stats::largest(&mine) } else { stats::smallest(&mine) }
    };
    let mut checks = vec![Check::at_most("largest residual of a remaining component", all(|e| e.residual), 1e-12)];
    if arm == Arm::Claim {
        checks.push(Check::at_most("largest relative error of a weight", all(|e| e.weight), 1e-12));
        checks.push(Check::at_most("largest deviation of the basis from orthonormal", all(|e| e.orthogonality), 1e-12));
    }
    Ok(checks)
}
