//! A registry and a result folder with everything that a report has to cope with.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use suites::{
    algos,
    harness::{
        claim::{Arm, Claim, Control, ControlOutcome, Kind, Source, Verdict},
        experiment::{Cost, Experiment, Out, Scale, Table, TableSchema},
        figure::{self, Axis, Panel},
        folder::Folder,
        history,
        paper::{Figure, Paper},
        provenance::{Build, Machine, Made, Provenance},
        report,
        seed::Trial,
        verdicts::{CheckRow, ClaimRow},
    },
    record,
};

record! {
    /// A point.
    pub struct Size {
        /// Order of the matrix, `d`.
        pub d: u32,
    }
}

record! {
    /// A record.
    pub struct Run {
        /// Error in ‖·‖_F, if `status` is ok | else empty.
        pub error: f64,
        /// Time that nobody reads. [s]
        pub time: f64,
    }
}

macro_rules! experiment {
    ($name:ident, $key:literal, $about:literal, $points:expr) => {
        /// An experiment that is never run.
        #[derive(Debug, Default)]
        pub struct $name;

        impl Experiment for $name {
            type Point = Size;
            const KEY: &'static str = $key;
            const ABOUT: &'static str = $about;
            const TABLES: &'static [TableSchema] = &[Table::<Self, Run>::new("runs").schema()];

            fn points(scale: Scale) -> Vec<Size> {
                let points: fn(Scale) -> Vec<Size> = $points;
                points(scale)
            }

            fn trials(_: Scale, _: &Size) -> u32 {
                3
            }

            fn cost(_: &Size) -> Cost {
                Cost { flops: 1e9, memory: 8, rows: 1 }
            }

            fn run(_: &Size, _: &Trial<'_>, _: &mut Out<Self>) -> Result<(), algos::Error> {
                Ok(())
            }
        }
    };
}

experiment!(Sweep, "sweep", "Solves at every d & counts what it took.", |_| vec![Size { d: 10 }, Size { d: 20 }]);
experiment!(Large, "large", "The same at the paper's sizes.", |scale| if scale == Scale::Full {
    vec![Size { d: 1000 }]
} else {
    Vec::new()
});
experiment!(Later, "later", "Selected by nobody yet.", |_| vec![Size { d: 1 }]);

const CLAIM: Claim = Claim {
    key: "",
    says: "",
    at: "",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "",
    experiments: &["sweep"],
    judge: |_, _, _| Ok(Vec::new()),
    control: None,
};

const CONTROL: Control = Control { differs: "the step is α < 0 | \"wrong\"", must_fail: &["slope | of <error>"] };

/// Names that the tests look for.
pub const HOSTILE: &str = "<script>alert('x')</script> & \"quotes\" | pipes *stars* [link](x) $m$";

const ALPHA: Paper = Paper {
    key: "alpha",
    family: "recovery",
    title: "Fast & <b>exact</b> recovery | a \"title\"",
    authors: "A. O'Neil & B. Müller",
    year: 2021,
    link: "https://doi.org/10.1000/a?x=1&y=\"2\"",
    bibtex: "@article{alpha2021, title = {Fast \\& exact}, note = {<tag> ``` | }}",
    about: "The error ‖X‖_F falls like α^{2(1-γ₀)} in `fast_simd` code.",
    experiments: &[&Sweep, &Large, &Later],
    claims: &[
        Claim {
            key: "alpha-rate",
            says: "The error falls at a linear rate, whatever the over-parameterization.",
            at: "Theorem 1, (2.3)",
            control: Some(CONTROL),
            note: "Measured on planted instances.",
            ..CLAIM
        },
        Claim { key: "alpha-hostile", says: HOSTILE, note: HOSTILE, at: "§ 2 <i>", source: Source::Recalled, ..CLAIM },
        Claim {
            key: "alpha-negative",
            says: "The rate is 2 at every rank.",
            source: Source::Derived,
            expected: Verdict::NotReproduced,
            note: "The rate saturates at 1.5: the assumption fails for rank 1.",
            ..CLAIM
        },
        Claim {
            key: "alpha-unsure",
            says: "Half of all starts succeed.",
            source: Source::Ours,
            control: Some(CONTROL),
            ..CLAIM
        },
        Claim { key: "alpha-large", says: "Holds at n = 1000.", experiments: &["large"], ..CLAIM },
        Claim { key: "alpha-later", says: "Not judged yet.", experiments: &["later"], ..CLAIM },
    ],
    figures: &[
        Figure {
            key: "rate",
            title: "Error & \"iteration\"",
            alt: "Falls | <fast>.",
            experiments: &["sweep"],
            draw: |_| Ok(vec![]),
        },
        Figure { key: "large", title: "Large sizes", alt: "Not here.", experiments: &["large"], draw: |_| Ok(vec![]) },
    ],
    cases: &[],
};

const BETA: Paper = Paper {
    key: "beta",
    family: "sketch",
    title: "A paper with one claim on times",
    authors: "C. Author",
    year: 2024,
    link: "https://arxiv.org/abs/2401.00001",
    bibtex: "@misc{beta}",
    about: "",
    experiments: &[&Sweep],
    claims: &[Claim { key: "beta-time", says: "The sketch is faster.", kind: Kind::Timing, ..CLAIM }],
    figures: &[],
    cases: &[],
};

const EMPTY: Paper =
    Paper { key: "empty", title: "A paper of which nothing is here", experiments: &[], claims: &[], ..BETA };

/// The registry.
pub const PAPERS: &[&Paper] = &[&ALPHA, &BETA, &EMPTY];

const OPEN: f64 = f64::INFINITY;

/// A check as `(name, arm, measured, interval, accepted)`; the verdict follows.
type Draft<'a> = (&'a str, Arm, f64, (f64, f64), (f64, f64));

fn check(paper: &Paper, claim: &str, &(name, arm, measured, ci, accept): &Draft<'_>) -> CheckRow {
    let inside = accept.0 <= ci.0 && ci.1 <= accept.1;
    let apart = ci.1 < accept.0 || accept.1 < ci.0 || measured.is_nan();
    CheckRow {
        paper: paper.key.into(),
        claim: claim.into(),
        check: name.into(),
        arm,
        measured,
        ci_low: ci.0,
        ci_high: ci.1,
        accept_low: accept.0,
        accept_high: accept.1,
        n: 40,
        verdict: match (inside, apart) {
            (true, _) => Verdict::Reproduced,
            (_, true) => Verdict::NotReproduced,
            _ => Verdict::Inconclusive,
        },
    }
}

fn row(
    paper: &Paper,
    claim: &Claim,
    verdict: Verdict,
    control: Option<ControlOutcome>,
    first: Option<&CheckRow>,
) -> ClaimRow {
    ClaimRow {
        paper: paper.key.into(),
        claim: claim.key.into(),
        family: paper.family.into(),
        scale: Scale::Default,
        seed: 1,
        verdict,
        expected: claim.expected,
        kind: claim.kind.name().into(),
        statistic: first.map_or_else(String::new, |c| c.check.clone()),
        measured: first.map(|c| c.measured),
        ci_low: first.map(|c| c.ci_low),
        ci_high: first.map(|c| c.ci_high),
        threshold: first.map(|c| if c.accept_high.is_finite() { c.accept_high } else { c.accept_low }),
        confidence: first.map(|_| 0.95),
        n: first.map(|c| c.n),
        control,
        r#where: claim.at.into(),
        source: claim.source.name().into(),
        statement: claim.says.into(),
    }
}

/// Verdicts on all claims but one, and their checks.
pub fn verdicts() -> (Vec<ClaimRow>, Vec<CheckRow>) {
    use ControlOutcome::{Persisted, Vanished};
    let (mut rows, mut checks) = (Vec::new(), Vec::new());
    let mut add = |paper: &Paper, at: usize, verdict, control, drafts: &[Draft<'_>]| {
        let claim = &paper.claims[at];
        let its: Vec<_> = drafts.iter().map(|draft| check(paper, claim.key, draft)).collect();
        rows.push(row(paper, claim, verdict, control, its.first()));
        checks.extend(its);
    };
    let slope = "slope | of <error>";
    add(
        &ALPHA,
        0,
        Verdict::Reproduced,
        Some(Vanished),
        &[
            (slope, Arm::Claim, -0.1234, (-0.13, -0.117), (-0.2, -0.05)),
            ("largest gap", Arm::Claim, 3.2e-15, (3.2e-15, 3.2e-15), (-OPEN, 1e-12)),
            ("rank at the end", Arm::Claim, 3.0, (3.0, 3.0), (3.0, 3.0)),
            (slope, Arm::Control, 0.01, (-0.01, 0.03), (-0.2, -0.05)),
            ("largest gap", Arm::Control, 4.1e-15, (4.1e-15, 4.1e-15), (-OPEN, 1e-12)),
        ],
    );
    add(
        &ALPHA,
        1,
        Verdict::NotReproduced,
        None,
        &[("count `k_F`", Arm::Claim, f64::NAN, (f64::NAN, f64::NAN), (2.0, OPEN))],
    );
    add(&ALPHA, 2, Verdict::NotReproduced, None, &[("rate", Arm::Claim, 1.52, (1.49, 1.55), (1.9, 2.1))]);
    add(
        &ALPHA,
        3,
        Verdict::Inconclusive,
        Some(Persisted),
        &[
            ("successes", Arm::Claim, 0.5, (0.35, 0.65), (0.4, OPEN)),
            ("successes", Arm::Control, OPEN, (0.4, OPEN), (0.4, OPEN)),
        ],
    );
    add(&ALPHA, 4, Verdict::Skipped, None, &[]);
    add(&BETA, 0, Verdict::NotReproduced, None, &[("ratio of times", Arm::Claim, 0.98, (0.9, 1.05), (1.2, OPEN))]);
    (rows, checks)
}

/// The provenance of a run that made `sweep` of both papers.
pub fn provenance() -> Provenance {
    let made = Made {
        commit: Some("c0ffee".repeat(6)),
        executable: "e".repeat(64),
        trials: 6,
        core_seconds: 12.5,
        flops: 6e9,
    };
    let older = Made { commit: Some("0ldc0mm1t".repeat(4)), ..made.clone() };
    let tables = ["alpha/sweep.runs.csv", "beta/sweep.runs.csv"];
    Provenance {
        scale: Scale::Default,
        seed: 1,
        command: "residual reproduce".into(),
        machine: Machine {
            cpu: "A processor".into(),
            cores: 2,
            memory: 16_000_000_000,
            os: "Linux".into(),
            arch: "x86_64".into(),
            simd: "V3(V3 { avx2: Avx2 })".into(),
        },
        build: Build {
            version: "0.1.0".into(),
            commit: Some("c0ffee".repeat(6)),
            dirty: Some(true),
            executable: "e".repeat(64),
            rustc: "rustc 1.89.0".into(),
            target_features: "sse2".into(),
            lock: "1".repeat(64),
        },
        experiments: BTreeMap::from([("alpha/sweep".into(), made), ("beta/sweep".into(), older)]),
        files: tables.map(|file| (file.to_owned(), "5".repeat(64))).into(),
    }
}

/// Ratios to other libraries, one of which did not run.
const PEERS: &str =
    "case,about,implementation,role,ns,ratio,ratio_low,ratio_high,error,rounds,fault,version,command,machine
recovery/small,Small & dense,reference,algorithm,2e6,4,3.9,4.1,0,6,,here,residual worker,CPU
recovery/small,Small & dense,fast,algorithm,5e5,1,1,1,1e-16,6,,here,residual worker,CPU
recovery/small,Small & dense,faer_two,peer,1.2e6,2.4,2.2,2.7,2e-16,6,,faer 0.24,residual worker,CPU
recovery/small,Small & dense,numpy_two,peer,,,,,,0,no <numpy>,none,python,CPU
";

/// Writes tables, a figure, a history and the report into `default` below a folder, and ratios beside it.
pub fn write(root: &Path) -> PathBuf {
    let folder = Folder::create(root.join("default")).unwrap();
    Folder::create(root.join("peers")).unwrap().write("peers.csv", PEERS.as_bytes()).unwrap();
    let history = "claim,commit,verdict\nalpha-rate,0ldc0mm1t0aa,inconclusive\nalpha-rate,n3wc0mm1t0aa,reproduced\n";
    folder.write(history::FILE, history.as_bytes()).unwrap();
    let rows = "d,trial,record,status,error,time\n10,0,0,ok,1e-9,1\n10,1,0,\"no | convergence, <d> = 10\",,\n20,0,0,ok,1e-9,1\n";
    for file in provenance().files.keys() {
        folder.write(file, rows.as_bytes()).unwrap();
    }
    let curve = (0..60).map(|t| (f64::from(t), 0.8_f64.powi(t))).collect();
    let panel = Panel::new("Error", Axis::linear("iteration t"), Axis::log("‖X − X_*‖_F"))
        .line("d = 10", curve)
        .hline(1e-4, "target");
    let svg = figure::svg("Error & \"iteration\"", "Falls | <fast>.", &[panel]).unwrap();
    folder.write("alpha/rate.svg", svg.as_bytes()).unwrap();
    let (rows, checks) = verdicts();
    report::write(&folder, PAPERS, &provenance(), &rows, &checks).unwrap();
    folder.root().to_owned()
}
