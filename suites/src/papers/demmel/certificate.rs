//! The certificate of a start: what it accepts, and what it would have cost to skip it.

use algos::{
    Error,
    factorize::{
        instance::{graded, haar},
        potential::column_condition,
        qr,
        svd::{Engine, certify, jacobi_from},
    },
    linalg::right_singular_vectors,
};
use faer::{Mat, MatRef};
use serde::{Deserialize, Serialize};

use super::judge;
use crate::{harness::prelude::*, record};

/// Where the start comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A bidiagonal method in double precision.
    Double,
    /// The same, rounded to single precision and made orthogonal again by two Cholesky factorizations.
    Single,
    /// The same, rounded to single precision.
    SingleRaw,
    /// A random orthogonal matrix.
    Random,
}

record! {
    /// Matrices and starts.
    pub struct Trialled {
        /// Rows.
        pub m: usize,
        /// Columns.
        pub n: usize,
        /// Condition aimed at for the matrix with columns of unit norm.
        pub kappa: f64,
        /// Decades that the norms of the columns span.
        pub decades: f64,
        /// Where the start comes from.
        pub start: Origin,
    }
}

record! {
    /// What the certificate says, and what is true.
    pub struct Verdicts {
        /// ‖V₀ᵀV₀ − I‖_F.
        pub orthogonality: f64,
        /// ‖YᵀY − I‖_F.
        pub eta: f64,
        /// γ.
        pub gamma: f64,
        /// Whether the start is accepted.
        pub accepted: bool,
        /// Largest relative error of the singular values computed from the start, accepted or not.
        pub error: f64,
        /// κ(B).
        pub condition: f64,
        /// Smallest singular value of B.
        pub smallest: f64,
    }
}

/// Starts of all kinds on graded matrices.
#[derive(Debug, Default)]
pub struct Certificates;

impl Certificates {
    /// One row per start.
    pub const STARTS: Table<Self, Verdicts> = Table::new("starts");
}

impl Experiment for Certificates {
    type Point = Trialled;
    const KEY: &'static str = "certificate";
    const ABOUT: &'static str = "Starts from double and single precision and at random on graded matrices: what the certificate says, and the error of the singular values if it is not asked.";
    const TABLES: &'static [TableSchema] = &[Self::STARTS.schema()];

    fn points(scale: Scale) -> Vec<Trialled> {
        let (shapes, kappas, decades): (&[(usize, usize)], &[f64], &[f64]) = match scale {
            Scale::Smoke => (&[(14, 10)], &[1e1, 1e4, 1e7], &[0.0, 6.0, 12.0, 16.0, 20.0, 30.0, 100.0]),
            _ => (&[(14, 10), (40, 30)], &[1e1, 1e4, 1e7], &[0.0, 6.0, 12.0, 16.0, 20.0, 30.0, 100.0]),
        };
        let mut points = Vec::new();
        for &(m, n) in shapes {
            for &kappa in kappas {
                for &decades in decades {
                    for start in [Origin::Double, Origin::Single, Origin::SingleRaw, Origin::Random] {
                        points.push(Trialled { m, n, kappa, decades, start });
                    }
                }
            }
        }
        points
    }

    fn trials(scale: Scale, point: &Trialled) -> u32 {
        match (scale, point.n) {
            (Scale::Full, _) => 20,
            (_, 10) => 4,
            _ => 2,
        }
    }

    fn cost(point: &Trialled) -> Cost {
        let (m, n) = (point.m as f64, point.n as f64);
        Cost { flops: 10.0 * n * n / 2.0 * m * 7.0 * 25.0, memory: 1 << 20, rows: 1 }
    }

    fn run(point: &Trialled, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let Trialled { m, n, kappa, decades, start } = *point;
        let mut rng = trial.paired("matrix", &(m, n, kappa, decades));
        let x = graded(m, n, kappa, decades, &mut rng)?;
        let v0 = match start {
            Origin::Random => haar(n, n, &mut trial.rng("start"))?,
            Origin::Double => right_singular_vectors(x.as_ref())?,
            Origin::SingleRaw => rounded(right_singular_vectors(x.as_ref())?.as_ref()),
            Origin::Single => {
                let single = rounded(right_singular_vectors(x.as_ref())?.as_ref());
                qr::qr(qr::Variant::CholeskyQr2, single.as_ref())?.value.q
            }
        };
        let certificate = certify(x.as_ref(), v0.as_ref())?;
        let computed = jacobi_from(x.as_ref(), v0.as_ref(), Engine::detect())?.value.values;
        let error = judge::largest_error(&judge::singular_values(x.as_ref()), &computed);
        let condition = column_condition(x.as_ref())?;
        let unit = algos::factorize::potential::unit_columns(x.as_ref())?;
        let smallest = algos::linalg::singular_values(unit.as_ref())?[n - 1];
        let (orthogonality, eta, gamma) = (certificate.orthogonality, certificate.eta, certificate.gamma);
        let accepted = certificate.accepted;
        out.put(Self::STARTS, Verdicts { orthogonality, eta, gamma, accepted, error, condition, smallest });
        Ok(())
    }
}

/// Entries rounded to single precision.
fn rounded(a: MatRef<'_, f64>) -> Mat<f64> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| f64::from(a[(i, j)] as f32))
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "acc-certificate",
    says: "The certificate never accepts a start that has spoilt a singular value, and accepts every start from double precision on matrices without grading.",
    at: "our derivation, in the documentation of the certificate",
    source: Source::Derived,
    kind: Kind::Exact,
    expected: Verdict::Reproduced,
    note: "Spoilt: an error above 50 eps κ(B). Single precision alone is refused for its lack of orthogonality, which no other number shows. Single precision means rounded to it.",
    experiments: &["certificate"],
    judge: judge_certificate,
    control: Some(Control {
        differs: "every start is accepted",
        must_fail: &["accepted starts that spoil a singular value"],
    }),
};

fn judge_certificate(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Certificates::STARTS)?;
    // A failed trial counts against the claim.
    let count = |holds: &dyn Fn(&Trialled, &Verdicts) -> bool| {
        let failing = rows.iter().filter(|row| row.value.as_ref().map_or(true, |v| holds(&row.point, v)));
        stats::point(failing.count() as f64, rows.len())
    };
    // A NaN is above every limit.
    let above = |x: f64, limit: f64| x.is_nan() || x > limit;
    let spoilt = |v: &Verdicts| above(v.error, 50.0 * f64::EPSILON * v.condition);
    let everything = arm == Arm::Control;
    let mut checks = vec![Check::at_most(
        "accepted starts that spoil a singular value",
        count(&|_, v| (v.accepted || everything) && spoilt(v)),
        0.5,
    )];
    if arm == Arm::Claim {
        let least = if scale == Scale::Smoke { 30.0 } else { 60.0 };
        checks.extend([
            Check::at_most(
                "accepted starts with γ σ_min(B) above 1.01",
                count(&|_, v| v.accepted && above(v.gamma * v.smallest, 1.01)),
                0.5,
            ),
            Check::at_most(
                "accepted starts that are random or in single precision",
                count(&|p, v| v.accepted && matches!(p.start, Origin::Random | Origin::SingleRaw)),
                0.5,
            ),
            Check::at_most(
                "refused starts from double precision without grading",
                count(&|p, v| !v.accepted && p.start == Origin::Double && p.decades == 0.0),
                0.5,
            ),
            Check::at_least("accepted starts", count(&|_, v| v.accepted), least),
        ]);
    }
    Ok(checks)
}

/// The figure.
pub const FIGURE: Figure = Figure {
    key: "certificate",
    title: "What the certificate tells apart",
    alt: "Error of the singular values, in units of eps κ(B), over η. Accepted starts lie below ten at η below one half; \
          refused ones reach far above.",
    experiments: &["certificate"],
    draw,
};

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Certificates::STARTS)?;
    let mut panels = Vec::new();
    for (title, x) in
        [("Departure from orthogonal columns", "η"), ("Departure of V₀ from orthogonality", "‖V₀ᵀV₀ − I‖_F")]
    {
        let mut panel = Panel::new(title, Axis::log(x), Axis::log("error / (eps κ(B))").range(1e-6, 1e20))
            .note("one point per start");
        for (accepted, label) in [(true, "accepted"), (false, "refused")] {
            let points: Vec<(f64, f64)> = succeeded(&rows)
                .filter(|(_, _, v)| v.accepted == accepted)
                .map(|(_, _, v)| {
                    let abscissa = if x == "η" { v.eta } else { v.orthogonality };
                    (abscissa, (v.error / (f64::EPSILON * v.condition)).max(1e-6))
                })
                .collect();
            panel = panel.points(label, points);
        }
        panels.push(panel.hline(50.0, "spoilt above"));
    }
    Ok(panels)
}
