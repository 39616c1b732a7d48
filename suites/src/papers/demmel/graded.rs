//! Relative accuracy on graded matrices, by method.

use algos::{
    Error,
    factorize::{
        engine::{OneSided, Stop, run},
        instance::graded,
        pivot::{RowCyclic, View},
        potential::column_condition,
        solver::Jacobi,
        svd::{self, Variant},
    },
    linalg::{gram, householder, norm, singular_values, symmetric_eigen},
};
use faer::{Mat, MatRef};
use serde::{Deserialize, Serialize};

use super::judge;
use crate::{harness::prelude::*, record};

/// Rows and columns.
const SHAPE: (usize, usize) = (24, 16);

/// How singular values are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The engine, row by row.
    Reference,
    /// Single rotations, longest columns first.
    DeRijk,
    /// Blocks after a pivoted QR factorization.
    Blocked,
    /// Started from a bidiagonal method where certified.
    Certified,
    /// Bidiagonal.
    Bidiagonal,
    /// Roots of the eigenvalues of `XᵀX`.
    Gram,
    /// Rotations that stop when all inner products are small beside the whole matrix.
    AbsoluteStop,
    /// Unpivoted QR, then rotations.
    PlainQr,
    /// Unpivoted QR, then LQ, then rotations.
    PlainQrLq,
}

impl Method {
    const JACOBI: [Self; 4] = [Self::Reference, Self::DeRijk, Self::Blocked, Self::Certified];
    const ALL: [Self; 9] = [
        Self::Reference,
        Self::DeRijk,
        Self::Blocked,
        Self::Certified,
        Self::Bidiagonal,
        Self::Gram,
        Self::AbsoluteStop,
        Self::PlainQr,
        Self::PlainQrLq,
    ];

    /// The name in checks and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::DeRijk => "de Rijk",
            Self::Blocked => "blocked",
            Self::Certified => "certified",
            Self::Bidiagonal => "bidiagonal",
            Self::Gram => "eigenvalues of XᵀX",
            Self::AbsoluteStop => "absolute stop",
            Self::PlainQr => "QR without pivots",
            Self::PlainQrLq => "QR without pivots, LQ",
        }
    }

    fn values(self, x: &Mat<f64>) -> Result<Vec<f64>, Error> {
        let by = |variant, x: MatRef<'_, f64>| svd::singular_values(variant, x);
        match self {
            Self::Reference => by(Variant::Reference, x.as_ref()),
            Self::DeRijk => by(Variant::DeRijk, x.as_ref()),
            Self::Blocked => by(Variant::Blocked, x.as_ref()),
            Self::Certified => by(Variant::Certified, x.as_ref()),
            Self::Bidiagonal => singular_values(x.as_ref()),
            Self::Gram => {
                let mut values = symmetric_eigen(gram(x.as_ref()).as_ref())?.0;
                values.reverse();
                Ok(values.into_iter().map(|value| value.max(0.0).sqrt()).collect())
            }
            Self::AbsoluteStop => absolute(x),
            Self::PlainQr => by(Variant::DeRijk, householder(x.as_ref()).r().as_ref()),
            Self::PlainQrLq => {
                let r = householder(x.as_ref()).r();
                by(Variant::DeRijk, householder(r.transpose()).r().transpose())
            }
        }
    }
}

/// Row-cyclic rotations until all inner products are below rounding, relative to `‖XᵀX‖_F`.
fn absolute(x: &Mat<f64>) -> Result<Vec<f64>, Error> {
    let mut form = OneSided::new(x.as_ref())?;
    let tolerance = (x.nrows() as f64).sqrt() * f64::EPSILON;
    let stop = Stop::Absolute { tolerance, sweeps: Stop::SWEEPS };
    run(&mut form, &mut RowCyclic::default(), &mut Jacobi::default(), stop, |_, _| ())?;
    let mut values: Vec<f64> = (0..form.order()).map(|j| norm(form.x.col_as_slice(j))).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    Ok(values)
}

record! {
    /// Graded matrices.
    pub struct Grading {
        /// Condition aimed at for the matrix with columns of unit norm.
        pub kappa: f64,
        /// Decades that the norms of the columns span.
        pub decades: f64,
    }
}

record! {
    /// The error of one method.
    pub struct Accuracy {
        /// How singular values were computed.
        pub method: Method,
        /// Largest relative error over all singular values.
        pub error: f64,
        /// κ(B), the condition of the matrix with columns of unit norm, as drawn.
        pub condition: f64,
    }
}

impl Accuracy {
    /// The error in units of `eps κ(B)`.
    fn units(&self) -> f64 {
        self.error / (f64::EPSILON * self.condition)
    }
}

/// All methods on the same graded matrices.
#[derive(Debug, Default)]
pub struct Graded;

impl Graded {
    /// One row per method.
    pub const ERRORS: Table<Self, Accuracy> = Table::new("errors");
}

impl Experiment for Graded {
    type Point = Grading;
    const KEY: &'static str = "graded";
    const ABOUT: &'static str = "The largest relative error of the singular values of 24×16 matrices with graded columns, for Jacobi variants, a bidiagonal method, and shortcuts, judged in double-double arithmetic.";
    const TABLES: &'static [TableSchema] = &[Self::ERRORS.schema()];

    fn points(scale: Scale) -> Vec<Grading> {
        let (kappas, decades): (&[f64], &[f64]) = match scale {
            Scale::Smoke => (&[1e1], &[0.0, 12.0, 20.0]),
            _ => (&[1e1, 1e4, 1e7], &[0.0, 6.0, 12.0, 20.0, 100.0]),
        };
        let mut points = Vec::new();
        for &kappa in kappas {
            points.extend(decades.iter().map(|&decades| Grading { kappa, decades }));
        }
        if scale == Scale::Smoke {
            points.push(Grading { kappa: 1e7, decades: 0.0 });
        }
        points
    }

    fn trials(scale: Scale, _: &Grading) -> u32 {
        match scale {
            Scale::Smoke | Scale::Default => 20,
            Scale::Full => 200,
        }
    }

    fn cost(_: &Grading) -> Cost {
        Cost { flops: 10.0 * 120.0 * 24.0 * 7.0 * 25.0 * 3.0, memory: 1 << 20, rows: 9 }
    }

    fn run(point: &Grading, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let (m, n) = SHAPE;
        let x = graded(m, n, point.kappa, point.decades, &mut trial.rng("matrix"))?;
        let exact = judge::singular_values(x.as_ref());
        let condition = column_condition(x.as_ref())?;
        for method in Method::ALL {
            let error = judge::largest_error(&exact, &method.values(&x)?);
            out.put(Self::ERRORS, Accuracy { method, error, condition });
        }
        Ok(())
    }
}

/// Accuracies of a method at the points that `at` picks; a failed trial counts as infinite error.
fn accuracies(
    rows: &[Row<Grading, Accuracy>],
    method: Method,
    at: impl Fn(&Grading) -> bool,
    number: impl Fn(&Accuracy) -> f64,
) -> Vec<f64> {
    let mine = rows.iter().filter(|row| at(&row.point));
    mine.filter(|row| row.value.as_ref().map_or(true, |a| a.method == method))
        .map(|row| row.value.as_ref().map_or(f64::NAN, &number))
        .collect()
}

/// log₁₀ of the error of `a` over that of `b`, matrix by matrix.
fn digits_lost(
    rows: &[Row<Grading, Accuracy>],
    [a, b]: [Method; 2],
    at: impl Fn(&Grading) -> bool + Copy,
) -> stats::Estimate {
    // Below rounding there is nothing to compare.
    let of = |method| accuracies(rows, method, at, |a| a.error.max(f64::EPSILON / 16.0));
    let pairs: Vec<(f64, f64)> = of(a).into_iter().zip(of(b)).collect();
    stats::median(&stats::paired_log10_ratios(&pairs))
}

/// The claim on relative accuracy.
pub const ACCURATE: Claim = Claim {
    key: "acc-graded",
    says: "Jacobi rotations compute every singular value to a relative accuracy of eps κ(B), however the columns are scaled; a bidiagonal method does not.",
    at: "main theorems",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "B is the matrix with columns of unit norm. The factor 50 is ours; about 1 is seen. Judged by an independent code in double-double arithmetic.",
    experiments: &["graded"],
    judge: judge_accurate,
    control: Some(Control {
        differs: "the iteration stops when inner products are small beside the whole matrix",
        must_fail: &["absolute stop: largest error over eps κ(B)"],
    }),
};

fn judge_accurate(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Graded::ERRORS)?;
    let largest = |method: Method, at: fn(&Grading) -> bool| {
        let all = accuracies(&rows, method, at, Accuracy::units);
        Check::at_most(format!("{}: largest error over eps κ(B)", method.name()), stats::largest(&all), 50.0)
    };
    if arm == Arm::Control {
        return Ok(vec![largest(Method::AbsoluteStop, |p| p.decades >= 12.0)]);
    }
    let mut checks: Vec<Check> = Method::JACOBI.map(|method| largest(method, |_| true)).into();
    for (decades, digits) in [(12.0, 4.0), (20.0, 8.0)] {
        let at = move |p: &Grading| p.kappa == 1e1 && p.decades == decades;
        checks.push(Check::at_least(
            format!("{decades} decades: digits that the bidiagonal method loses to rotations, median"),
            digits_lost(&rows, [Method::Bidiagonal, Method::Reference], at),
            digits,
        ));
    }
    Ok(checks)
}

/// The claim that there is no free lunch.
pub const NO_ADVANTAGE: Claim = Claim {
    key: "acc-no-scaling",
    says: "Where ill-conditioning is not a matter of scales, rotations have no advantage over a bidiagonal method.",
    at: "our experiment",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Columns of equal norm, κ = 1e7.",
    experiments: &["graded"],
    judge: judge_no_advantage,
    control: Some(Control {
        differs: "the columns' norms span twelve decades",
        must_fail: &["log₁₀ of the bidiagonal error over that of rotations, median"],
    }),
};

fn judge_no_advantage(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Graded::ERRORS)?;
    let judged = if arm == Arm::Claim { (1e7, 0.0) } else { (1e1, 12.0) };
    let at = |p: &Grading| (p.kappa, p.decades) == judged;
    Ok(vec![Check::new(
        "log₁₀ of the bidiagonal error over that of rotations, median",
        digits_lost(&rows, [Method::Bidiagonal, Method::Reference], at),
        (-1.5, 1.5),
    )])
}

/// The claim on pivoting.
pub const PIVOTING: Claim = Claim {
    key: "acc-lq-no-pivot",
    says: "Preconditioning by QR and then LQ needs column pivoting: without it the LQ step destroys the small singular values.",
    at: "our experiment",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Drmač and Veselić pivot for this reason. A QR factorization without pivots alone does no harm: it is stable column by column.",
    experiments: &["graded"],
    judge: judge_pivoting,
    control: Some(Control {
        differs: "no LQ step follows the unpivoted QR factorization",
        must_fail: &["digits lost against the pivoted variant, median"],
    }),
};

fn judge_pivoting(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Graded::ERRORS)?;
    let judged = if arm == Arm::Claim { Method::PlainQrLq } else { Method::PlainQr };
    let at = |p: &Grading| p.kappa == 1e1 && p.decades == 12.0;
    Ok(vec![Check::at_least(
        "digits lost against the pivoted variant, median",
        digits_lost(&rows, [judged, Method::Blocked], at),
        5.0,
    )])
}

/// The figure.
pub const FIGURE: Figure = Figure {
    key: "graded",
    title: "Relative accuracy does not depend on the scales of columns",
    alt: "Largest relative error of the singular values over the decades that the columns' norms span: near eps κ(B) for \
          four Jacobi variants throughout; rising to one and beyond for the bidiagonal method and for eigenvalues of XᵀX.",
    experiments: &["graded"],
    draw,
};

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Graded::ERRORS)?;
    let mut panels = Vec::new();
    for kappa in [1e1, 1e7] {
        let mut panel = Panel::new(
            format!("κ(B) ≈ {kappa:.0e}"),
            Axis::linear("decades that the columns' norms span").range(0.0, 21.0),
            Axis::log("largest relative error").range(1e-17, 1e6),
        )
        .note("median and quartiles over matrices");
        let mut any = 0;
        for method in [
            Method::Reference,
            Method::DeRijk,
            Method::Blocked,
            Method::Certified,
            Method::Bidiagonal,
            Method::Gram,
            Method::PlainQrLq,
        ] {
            let mine: Vec<_> = rows
                .iter()
                .filter(|row| row.point.kappa == kappa && row.value.as_ref().is_ok_and(|a| a.method == method))
                .cloned()
                .collect();
            let line = band_over(&mine, |_| true, |p: &Grading| p.decades, |a: &Accuracy| a.error.max(1e-17));
            any = any.max(line.len());
            panel = panel.line_band(method.name(), line);
        }
        let level = f64::EPSILON * kappa;
        if any > 1 {
            panels.push(panel.guide("eps κ(B)", vec![(0.0, level), (21.0, level)]));
        }
    }
    Ok(panels)
}
