//! Which measurements the independence of the width rests on: `a_i b_iᵀ` with independent vectors, and `a_i a_iᵀ`.

use algos::{
    Error, Par,
    recovery::{
        Init, Loss, Options,
        bilinear::{self, BilinearMeasurements},
        diagnose::ErrorMeter,
        instance::{Noise, NoiseDraws, Outlier, Truth, direction},
        observe::Silent,
        schedule::{Target, geometric},
    },
};
use serde::{Deserialize, Serialize};

use crate::{harness::prelude::*, record};

/// The measurement matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// `a_i b_iᵀ` with independent vectors.
    Bilinear,
    /// `a_i a_iᵀ`.
    RankOne,
}

record! {
    /// A measurement model and the width of the factor.
    pub struct Probe {
        /// Measurement matrices: bilinear (a bᵀ, independent vectors) or rank-one (a aᵀ).
        pub model: Model,
        /// Width r′ of the factor.
        pub width: usize,
    }
}

record! {
    /// What a run leaves.
    pub struct Reached {
        /// ‖U_T U_Tᵀ − X*‖_F/‖X*‖_F at the last iterate.
        pub rerr: f64,
    }
}

/// SubGM on both measurement models, with exact and over-estimated rank.
#[derive(Debug, Default)]
pub struct RankOne;

impl RankOne {
    /// One row per run.
    pub const RUNS: Table<Self, Reached> = Table::new("runs");
}

const D: usize = 20;
const RANK: usize = 2;
const M: usize = 1200;
const ALPHA: f64 = 1e-6;

impl Experiment for RankOne {
    type Point = Probe;
    const KEY: &'static str = "rank-one";
    const ABOUT: &'static str = "SubGM from small Gaussian starts on measurements a bᵀ and a aᵀ, with exact and over-estimated rank; 20 % outliers.";
    const TABLES: &'static [TableSchema] = &[Self::RUNS.schema()];

    fn points(scale: Scale) -> Vec<Probe> {
        let widths: &[usize] = match scale {
            Scale::Smoke => &[],
            Scale::Default => &[RANK, D],
            Scale::Full => &[RANK, 5, D],
        };
        let models = [Model::Bilinear, Model::RankOne].into_iter();
        models.flat_map(|model| widths.iter().map(move |&width| Probe { model, width })).collect()
    }

    fn trials(scale: Scale, _: &Probe) -> u32 {
        if scale == Scale::Full { 50 } else { 8 }
    }

    fn cost(point: &Probe) -> Cost {
        let (d, m, width) = (D as f64, M as f64, point.width as f64);
        Cost { flops: 1048.0 * (4.0 * m * d * width + 2.0 * m * d * d), memory: (32.0 * m * d) as u64, rows: 1 }
    }

    fn run(point: &Probe, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let mut rng = trial.paired("instance", &(D, RANK, M));
        // Both models share the vectors a, the truth, and the outliers.
        let truth = Truth::draw(D, &[1.0; RANK], &mut rng)?;
        let noise = Noise::Outliers { p: 0.2, kind: Outlier::Gauss { scale: 10.0 } };
        let draws = NoiseDraws::draw(D, M, noise, &mut rng);
        let measurements = BilinearMeasurements::gaussian(D, M, point.model == Model::RankOne, &mut rng)?;
        let y = measurements.observe(&truth, noise, &draws)?.y;
        let schedule = geometric(Target::flat(RANK), noise.corruption(), ALPHA, 1e-8)?;
        let direction = direction(D, &mut trial.paired("start", &D));
        let init = Init::Gaussian { alpha: ALPHA, direction: direction.as_ref() };
        let (step, iterations) = (schedule.step(), schedule.iterations);
        let options = Options { width: point.width, init, step, loss: Loss::L1, iterations };
        let factor = bilinear::subgm(&measurements, &y, &options, Par::Seq, &mut Silent)?.value;
        out.put(Self::RUNS, Reached { rerr: ErrorMeter::new(&truth).relative(factor.u.as_ref())? });
        Ok(())
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "subgm-rank-one-breaks-agnosticism",
    says: "On measurements a aᵀ, as in phase retrieval, an over-estimated rank stalls where the exact rank recovers.",
    at: "our experiment, beside Sign-RIP",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The independence of the width rests on the mean sub-gradient being a multiple of the error. For a aᵀ and a semidefinite error it is a multiple of the identity.",
    experiments: &["rank-one"],
    judge,
    control: Some(Control {
        differs: "the two vectors of a measurement are independent (a bᵀ)",
        must_fail: &["r′=20: median relative error"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(RankOne::RUNS)?;
    let model = if arm == Arm::Claim { Model::RankOne } else { Model::Bilinear };
    let error = |width| {
        stats::median(&numbers(
            &rows,
            |p: &Probe| p.model == model && p.width == width,
            |reached: &Reached| reached.rerr,
        ))
    };
    let wide: &[usize] = if scale == Scale::Full { &[5, D] } else { &[D] };
    let stalls = |&width: &usize| Check::at_least(format!("r′={width}: median relative error"), error(width), 5e-4);
    let mut checks: Vec<Check> = wide.iter().map(stalls).collect();
    checks.push(Check::at_most("r′=r: median relative error", error(RANK), 1e-6));
    Ok(checks)
}
