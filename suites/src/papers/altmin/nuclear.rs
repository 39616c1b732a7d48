//! AltMin against Soft-Impute: on planted matrices, and on the optical digits with entries hidden.

use std::sync::OnceLock;

use algos::{
    Error, NumericalError, Par,
    completion::{
        Observations, Options, Variant, altmin,
        diagnose::relative_error,
        instance::Spec,
        silent,
        soft_impute::{Path, fast},
    },
    linalg::{Svd, thin_svd},
};
use faer::Mat;
use rand::RngExt;

use super::hidden::{Hidden, Method};
use crate::harness::stats::{largest, smallest};
use crate::{
    harness::{dataset, prelude::*},
    record,
};

record! {
    /// A rate of observation.
    pub struct Rate {
        /// Probability with which an entry is observed.
        pub p: f64,
    }
}

record! {
    /// Both methods on one instance.
    pub struct Pair {
        /// Relative error of AltMin after 60 sweeps.
        pub altmin: f64,
        /// Relative error of Soft-Impute at the end of its path.
        pub soft_impute: f64,
    }
}

/// Both methods on planted matrices.
#[derive(Debug, Default)]
pub struct Nuclear;

impl Nuclear {
    /// One row per instance.
    pub const PAIRS: Table<Self, Pair> = Table::new("pairs");
}

impl Experiment for Nuclear {
    type Point = Rate;
    const KEY: &'static str = "altmin-nuclear";
    const ABOUT: &'static str = "AltMin with the rank known and Soft-Impute on the same entries, n=200, k=3.";
    const TABLES: &'static [TableSchema] = &[Self::PAIRS.schema()];

    fn points(scale: Scale) -> Vec<Rate> {
        if scale == Scale::Smoke {
            return Vec::new();
        }
        [0.08, 0.12, 0.2, 0.5].map(|p| Rate { p }).into()
    }

    fn trials(scale: Scale, _: &Rate) -> u32 {
        if scale == Scale::Full { 10 } else { 3 }
    }

    fn cost(_: &Rate) -> Cost {
        Cost { flops: 3e9, memory: 1 << 22, rows: 1 }
    }

    fn run(point: &Rate, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let instance = Spec::square(200, 3, point.p).draw(&mut trial.paired("instance", &()))?;
        let observations = &instance.observations;
        let found = altmin(Variant::Cholesky, observations, &Options::new(3, 60), Par::Seq, &mut silent)?.value;
        let shrunk = fast(observations, &Path { width: 40, ..Path::default() })?.value;
        let error = |u: &Mat<f64>, v: &Mat<f64>| relative_error(u.as_ref(), v.as_ref(), &instance.truth);
        let pair = Pair { altmin: error(&found.u, &found.v)?, soft_impute: error(&shrunk.scaled(), &shrunk.v)? };
        out.put(Self::PAIRS, pair);
        Ok(())
    }
}

/// On planted matrices.
pub const CLAIM: Claim = Claim {
    key: "altmin-nuclear",
    says: "On the same entries AltMin, which knows the rank, recovers exactly where Soft-Impute keeps the bias of its shrinkage and needs more entries.",
    at: "context",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Soft-Impute ends at λ = 1e-3 of the largest singular value. Rates of 0.08 and 0.12 are near AltMin's threshold and not judged for it.",
    experiments: &["altmin-nuclear"],
    judge,
    control: Some(Control { differs: "Soft-Impute in AltMin's place", must_fail: &["p ≥ 0.2: largest error"] }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Nuclear::PAIRS)?;
    let all = |at: &dyn Fn(f64) -> bool, number: &dyn Fn(&Pair) -> f64| {
        let mine = rows.iter().filter(|row| at(row.point.p));
        mine.map(|row| row.value.as_ref().map_or(f64::NAN, number)).collect::<Vec<_>>()
    };
    let own = all(&|p| p >= 0.2, &|pair| if arm == Arm::Claim { pair.altmin } else { pair.soft_impute });
    let worst = if arm == Arm::Claim { largest(&own) } else { smallest(&own) };
    let mut checks = vec![Check::at_most("p ≥ 0.2: largest error", worst, 1e-12)];
    if arm == Arm::Claim {
        let soft = |at: &dyn Fn(f64) -> bool| smallest(&all(at, &|pair| pair.soft_impute));
        checks.push(Check::at_least("Soft-Impute: smallest error", soft(&|_| true), 5e-4));
        checks.push(Check::at_least("Soft-Impute, p ≤ 0.12: smallest error", soft(&|p| p <= 0.12), 0.1));
    }
    Ok(checks)
}

record! {
    /// A method and what it sees.
    pub struct Attempt {
        /// Method: altmin, soft-impute, means (of columns) or limit (the best approximation of the whole matrix).
        pub method: Method,
        /// Probability with which an entry is observed.
        pub p: f64,
        /// Rank; 0 where there is none.
        pub rank: usize,
    }
}

record! {
    /// How well hidden entries were predicted.
    pub struct Held {
        /// ‖X − M‖/‖M‖ over the hidden entries.
        pub error: f64,
    }
}

/// The optical digits as 1797 × 64 with entries hidden.
#[derive(Debug, Default)]
pub struct Digits;

impl Digits {
    /// One row per run.
    pub const HELD: Table<Self, Held> = Table::new("held");
}

impl Experiment for Digits {
    type Point = Attempt;
    const KEY: &'static str = "altmin-digits";
    const ABOUT: &'static str = "Error on hidden entries of the optical digits over rank and rate of observation: AltMin, Soft-Impute, column means, and the best approximation of the whole matrix.";
    const TABLES: &'static [TableSchema] = &[Self::HELD.schema()];

    fn points(scale: Scale) -> Vec<Attempt> {
        let attempt = |method, p, rank| Attempt { method, p, rank };
        if scale == Scale::Smoke {
            return Vec::new();
        }
        let mut points = Vec::new();
        for p in [0.3, 0.5, 0.8] {
            for rank in [1, 2, 4, 8, 12, 20] {
                points.extend([Method::Altmin, Method::Limit].map(|method| attempt(method, p, rank)));
            }
            points.extend([Method::SoftImpute, Method::Means].map(|method| attempt(method, p, 0)));
        }
        points
    }

    fn trials(scale: Scale, _: &Attempt) -> u32 {
        match scale {
            Scale::Full => 20,
            _ => 3,
        }
    }

    fn cost(point: &Attempt) -> Cost {
        let entries = point.p * 1797.0 * 64.0;
        let rank = point.rank as f64;
        let flops = match point.method {
            Method::Altmin => 60.0 * entries * (rank + 3.0) * rank,
            Method::SoftImpute => 2e10,
            _ => 1e8,
        };
        Cost { flops: 2.0 * flops, memory: 1 << 23, rows: 1 }
    }

    fn run(point: &Attempt, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let images = images()?;
        // A larger rate keeps the entries of a smaller one.
        let mut rng = trial.paired("mask", &());
        let hidden = Hidden::new(images.pixels.as_ref(), |_, _| rng.random::<f64>() < point.p)?;
        let (u, v) = predict(point, &images.svd, &hidden.observations)?;
        let (off, all) = hidden.squares(&u, &v);
        out.put(Self::HELD, Held { error: (off / all).sqrt() });
        Ok(())
    }
}

/// The prediction as factors.
fn predict(point: &Attempt, svd: &Svd, observations: &Observations) -> Result<(Mat<f64>, Mat<f64>), Error> {
    let (m, n) = observations.shape();
    Ok(match point.method {
        Method::Altmin => {
            let options = Options::new(point.rank, 30);
            let found = altmin(Variant::Cholesky, observations, &options, Par::Seq, &mut silent)?.value;
            (found.u, found.v)
        }
        Method::SoftImpute => {
            let found = fast(observations, &Path { last: 0.05, ..Path::default() })?.value;
            (found.scaled(), found.v)
        }
        Method::Means => {
            let mean = |j: usize| {
                let (_, values) = observations.columns().line(j);
                values.iter().sum::<f64>() / values.len().max(1) as f64
            };
            (Mat::from_fn(m, 1, |_, _| 1.0), Mat::from_fn(n, 1, |j, _| mean(j)))
        }
        Method::Limit => {
            let u = Mat::from_fn(m, point.rank, |i, j| svd.left[(i, j)] * svd.values[j]);
            (u, svd.right.subcols(0, point.rank).to_owned())
        }
    })
}

/// The images, one a row, and their decomposition.
struct Images {
    pixels: Mat<f64>,
    svd: Svd,
}

fn images() -> Result<&'static Images, Error> {
    static IMAGES: OnceLock<Result<Images, Error>> = OnceLock::new();
    IMAGES.get_or_init(read).as_ref().map_err(Clone::clone)
}

fn read() -> Result<Images, Error> {
    let failed = |what| Error::Numerical(NumericalError::Factorization { what });
    let table = dataset::load("digits").map_err(|_| failed("reading of the digits (see `residual data verify`)"))?;
    let pixels = table.group("pixels").ok_or(failed("reading of the digits' pixels"))?.to_owned();
    let svd = thin_svd(pixels.as_ref())?;
    Ok(Images { pixels, svd })
}

/// On the digits.
pub const DIGITS: Claim = Claim {
    key: "altmin-digits",
    says: "On real images with half of the pixels hidden, AltMin of rank 4 predicts hidden pixels better than column means do, and no better than the best approximation of the whole matrix.",
    at: "our experiment on the optical digits",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The matrix is only approximately of low rank, and AltMin has no ridge: with about as many unknowns as observed pixels in an image it overfits.",
    experiments: &["altmin-digits"],
    judge: judge_digits,
    control: Some(Control {
        differs: "rank 20 with three tenths of the pixels: no more equations than unknowns",
        must_fail: &["largest error over that of column means"],
    }),
};

fn judge_digits(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Digits::HELD)?;
    let (p, rank) = if arm == Arm::Claim { (0.5, 4) } else { (0.3, 20) };
    let of = |method: Method, rank: usize| move |a: &Attempt| (a.method, a.p, a.rank) == (method, p, rank);
    let error = |held: &Held| held.error;
    let over = |method: Method, k: usize| ratios(&rows, of(Method::Altmin, rank), of(method, k), error);
    let name = "largest error over that of column means";
    if arm == Arm::Control {
        return Ok(vec![Check::at_most(name, smallest(&over(Method::Means, 0)), 0.95)]);
    }
    Ok(vec![
        Check::at_most(name, largest(&over(Method::Means, 0)), 0.95),
        Check::at_least("smallest error over the limit's", smallest(&over(Method::Limit, 4)), 1.0),
    ])
}
