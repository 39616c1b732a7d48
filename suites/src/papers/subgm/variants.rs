//! The fast variants follow the reference, and what screening saves.

use algos::{
    Error, Par,
    linalg::{distance, product},
    recovery::{
        Init, Loss, Options, Step, Variant,
        instance::{Instance, Noise, Outlier, Spec, direction},
        observe::Silent,
        schedule::{Schedule, Target, geometric},
        subgm,
    },
};
use faer::{Mat, MatRef};

use crate::papers::sensing::{Law, Setting, Start};
use crate::{harness::prelude::*, record};

record! {
    /// A variant.
    pub struct Name {
        /// Name of the variant, or `reference-shifted`: the reference with its first step one per cent longer.
        pub variant: String,
    }
}

record! {
    /// The distance to the reference.
    pub struct Distance {
        /// ‖X_T − X_T(reference)‖_F.
        pub distance: f64,
    }
}

/// All variants on the same data, in the same storage precision.
#[derive(Debug, Default)]
pub struct Agreement;

impl Agreement {
    /// One row per run.
    pub const RUNS: Table<Self, Distance> = Table::new("runs");
}

const SHIFTED: &str = "reference-shifted";

impl Experiment for Agreement {
    type Point = Name;
    const KEY: &'static str = "variants-agree";
    const ABOUT: &'static str =
        "The last iterate of every variant against the literal reference on the same quantised measurements.";
    const TABLES: &'static [TableSchema] = &[Self::RUNS.schema()];

    fn points(_: Scale) -> Vec<Name> {
        let fast = Variant::ALL.iter().skip(1).map(|v| v.name());
        fast.chain([SHIFTED]).map(|name| Name { variant: name.into() }).collect()
    }

    fn trials(scale: Scale, _: &Name) -> u32 {
        match scale {
            Scale::Smoke => 2,
            Scale::Default => 6,
            Scale::Full => 20,
        }
    }

    fn cost(_: &Name) -> Cost {
        Cost { flops: 1100.0 * 300.0 * (4.0 * 144.0 + 4.0 * 78.0), memory: 1 << 20, rows: 1 }
    }

    fn run(point: &Name, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let problem = Planted::draw(trial)?;
        out.put(Self::RUNS, problem.distance(point, problem.reference()?.as_ref())?);
        Ok(())
    }

    fn company(_: &Name) -> Option<String> {
        Some("all".into())
    }

    /// The reference, which takes most of the time, runs once.
    fn run_together(members: &mut [Member<'_, Self>]) -> Vec<Result<(), Error>> {
        let draw = || Planted::draw(&members[0].trial).and_then(|problem| Ok((problem.reference()?, problem)));
        let drawn = draw();
        let run = |member: &mut Member<'_, Self>| {
            let (reference, problem) = drawn.as_ref().map_err(Clone::clone)?;
            member.out.put(Self::RUNS, problem.distance(member.point, reference.as_ref())?);
            Ok(())
        };
        members.iter_mut().map(run).collect()
    }
}

/// The problem of a trial.
struct Planted {
    instance: Instance,
    direction: Mat<f64>,
    schedule: Schedule,
}

impl Planted {
    fn draw(trial: &Trial<'_>) -> Result<Self, Error> {
        let (d, m, p) = (12, 300, 0.2);
        let noise = Noise::Outliers { p, kind: Outlier::Gauss { scale: 10.0 } };
        let spec = Spec { quantise: true, ..Spec::flat(d, 2, m, noise) };
        let instance = spec.draw(&mut trial.paired("instance", &(d, m)))?;
        let direction = direction(d, &mut trial.paired("start", &d));
        let schedule = geometric(Target::flat(2), noise.corruption(), 1e-6, 1e-8)?;
        Ok(Self { instance, direction, schedule })
    }

    /// `X_T` of a variant whose first step is `eta`.
    fn solve(&self, variant: Variant, eta: f64) -> Result<Mat<f64>, Error> {
        let Self { instance, direction, schedule } = self;
        let init = Init::Gaussian { alpha: 1e-6, direction: direction.as_ref() };
        let step = Step::Geometric { eta, rho: schedule.rho };
        let width = direction.nrows();
        let options = Options { width, init, step, loss: Loss::L1, iterations: schedule.iterations };
        let u = subgm(variant, &instance.problem()?, &options, Par::Seq, &mut Silent)?.value.u;
        Ok(product(u.as_ref(), u.transpose()))
    }

    fn reference(&self) -> Result<Mat<f64>, Error> {
        self.solve(Variant::Reference, self.schedule.eta)
    }

    fn distance(&self, point: &Name, reference: MatRef<'_, f64>) -> Result<Distance, Error> {
        let other = match Variant::from_name(&point.variant) {
            Some(variant) => self.solve(variant, self.schedule.eta)?,
            None => self.solve(Variant::Reference, 1.01 * self.schedule.eta)?,
        };
        Ok(Distance { distance: distance(other.as_ref(), reference) })
    }
}

/// The claim on agreement.
pub const AGREE: Claim = Claim {
    key: "fast-variants-agree",
    says: "Every fast variant ends where the literal reference does, up to rounding.",
    at: "our implementation",
    source: Source::Ours,
    kind: Kind::Exact,
    expected: Verdict::Reproduced,
    note: "About a thousand iterations at d = 12; over-fitted runs are chaotic and are not compared.",
    experiments: &["variants-agree"],
    judge: judge_agreement,
    control: Some(Control {
        differs: "the first step is one per cent longer",
        must_fail: &["fused_packed: largest distance to the reference"],
    }),
};

fn judge_agreement(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Agreement::RUNS)?;
    let largest = |name: &str| {
        let all = numbers(&rows, |p: &Name| p.variant == name, |d: &Distance| d.distance);
        stats::point(all.iter().copied().max_by(f64::total_cmp).unwrap_or(f64::NAN), all.len())
    };
    let check = |variant: Variant, name: &str| {
        let limit = if variant == Variant::FusedF32 { 1e-6 } else { 1e-9 };
        Check::at_most(format!("{}: largest distance to the reference", variant.name()), largest(name), limit)
    };
    if arm == Arm::Control {
        return Ok(vec![check(Variant::FusedPacked, SHIFTED)]);
    }
    Ok(Variant::ALL.iter().skip(1).map(|&variant| check(variant, variant.name())).collect())
}

record! {
    /// How much of the data screening reads.
    pub struct Read {
        /// Measurements evaluated over those of the dense pass.
        pub fraction: f64,
    }
}

/// Sign screening on clean and on noisy data.
#[derive(Debug, Default)]
pub struct Screening;

impl Screening {
    /// One row per run.
    pub const RUNS: Table<Self, Read> = Table::new("runs");
}

impl Experiment for Screening {
    type Point = Setting;
    const KEY: &'static str = "lazy-screening";
    const ABOUT: &'static str =
        "The fraction of measurements that sign screening has to evaluate, on mostly clean data and under dense noise.";
    const TABLES: &'static [TableSchema] = &[Self::RUNS.schema()];

    fn points(_: Scale) -> Vec<Setting> {
        let clean = Setting::new(20, 2, 800).outliers(Law::Gauss, 0.2, 10.0).scheduled(1e-6, 1e-8, None);
        let noisy = Setting::new(20, 2, 800).dense(Law::Dense, 0.5).scheduled(1e-6, 1e-8, Some(0.5));
        [clean, noisy].map(|setting| setting.start(Start::Gaussian, 1e-6, 20)).into()
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        match scale {
            Scale::Smoke => 3,
            Scale::Default => 8,
            Scale::Full => 30,
        }
    }

    fn cost(point: &Setting) -> Cost {
        point.cost(1)
    }

    fn run(point: &Setting, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let instance = point.instance(trial)?;
        let outcome = point.run(Variant::LazySign, &instance, trial, &mut Silent)?;
        let dense = (point.m as u64 * outcome.effort.iterations.max(1)) as f64;
        out.put(Self::RUNS, Read { fraction: outcome.value.rows_evaluated as f64 / dense });
        Ok(())
    }
}

/// Our finding on screening.
pub const LAZY: Claim = Claim {
    key: "lazy-screening-needs-noise",
    says: "Sign screening saves nothing on mostly clean data, where residuals shrink as fast as the steps and keep their signs in doubt.",
    at: "our implementation",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Above a fraction of about 0.4 the adaptive variant goes back to the dense pass, so it reads nearly everything.",
    experiments: &["lazy-screening"],
    judge: judge_screening,
    control: Some(Control {
        differs: "dense noise (ν = 0.5) freezes the signs",
        must_fail: &["mean fraction evaluated"],
    }),
};

fn judge_screening(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Screening::RUNS)?;
    let law = if arm == Arm::Claim { Law::Gauss } else { Law::Dense };
    let fraction = numbers(&rows, |p: &Setting| p.noise == law, |read: &Read| read.fraction);
    Ok(vec![Check::at_least("mean fraction evaluated", stats::mean(&fraction), 0.5)])
}
