//! Error against time: what the engineering of the fast variants is worth on the clock.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use algos::{
    Error, Par,
    recovery::{
        Init, Loss, Options, Variant,
        diagnose::ErrorMeter,
        instance::{Noise, Outlier, Spec, direction},
        observe::{Iterate, Observe},
        schedule::{Target, geometric},
        subgm,
    },
};

use rand::seq::IndexedRandom;

use super::cases::WIDTH;
use crate::{
    harness::{prelude::*, processor},
    record,
};

record! {
    /// A variant.
    pub struct Runner {
        /// The variant.
        pub variant: String,
    }
}

record! {
    #[allow(rustdoc::broken_intra_doc_links, reason = "a unit in square brackets is no link")]
    /// An iterate, and when it was reached.
    pub struct Moment {
        /// The iteration t.
        pub iteration: usize,
        /// Wall-clock time since the call, packing included, looking at iterates left out. [s]
        pub seconds: f64,
        /// ‖U_t U_tᵀ − X*‖_F / ‖X*‖_F.
        pub rerr: f64,
    }
}

/// All variants on the same instances.
#[derive(Debug, Default)]
pub struct Pace;

impl Pace {
    /// The iterates of every run.
    pub const MOMENTS: Table<Self, Moment> = Table::new("moments.timing");
}

/// Iterates are looked at after so many iterations.
const EVERY: usize = 20;

impl Experiment for Pace {
    type Point = Runner;
    const KEY: &'static str = "pace";
    const ABOUT: &'static str =
        "Error over time of every variant on the same instances: d = 20, m = 800, width 20, 20 % outliers.";
    const TABLES: &'static [TableSchema] = &[Self::MOMENTS.schema()];

    fn points(scale: Scale) -> Vec<Runner> {
        let all = if scale == Scale::Smoke { &[][..] } else { Variant::ALL };
        all.iter().map(|variant| Runner { variant: variant.name().into() }).collect()
    }

    fn trials(scale: Scale, _: &Runner) -> u32 {
        // The interval of the median of six rounds is nearly all of them, and one that other load disturbs decides.
        match scale {
            Scale::Smoke => 6,
            Scale::Default => 11,
            Scale::Full => 20,
        }
    }

    fn cost(_: &Runner) -> Cost {
        Cost { flops: 1100.0 * 800.0 * 4.0 * 210.0, memory: 8 << 20, rows: 1100 / EVERY as u32 }
    }

    fn run(point: &Runner, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let (d, m) = (20, 800);
        let noise = Noise::Outliers { p: 0.2, kind: Outlier::Gauss { scale: 10.0 } };
        let spec = Spec { quantise: true, ..Spec::flat(d, 2, m, noise) };
        let instance = spec.draw(&mut trial.paired("instance", &(d, m)))?;
        let direction = direction(d, &mut trial.paired("start", &d));
        let schedule = geometric(Target::flat(2), noise.corruption(), 1e-6, 1e-8)?;
        let init = Init::Gaussian { alpha: 1e-6, direction: direction.as_ref() };
        let iterations = schedule.iterations;
        let options = Options { width: WIDTH, init, step: schedule.step(), loss: Loss::L1, iterations };
        let variant = Variant::from_name(&point.variant).unwrap_or(Variant::Reference);
        let mut clock = Clock {
            meter: ErrorMeter::new(&instance.truth),
            started: Instant::now(),
            looking: Duration::ZERO,
            moments: Vec::new(),
        };
        // The same for all variants: processors of a shared machine are not equally fast.
        let processor = processor::available().choose(&mut trial.paired("processor", &(d, m))).copied();
        let _stay = processor.map(processor::Stay::on);
        subgm(variant, &instance.problem()?, &options, Par::Seq, &mut clock)?;
        clock.moments.into_iter().for_each(|moment| out.put(Self::MOMENTS, moment));
        Ok(())
    }
}

/// Looks at iterates with the clock stopped.
struct Clock {
    meter: ErrorMeter,
    started: Instant,
    looking: Duration,
    moments: Vec<Moment>,
}

impl Observe for Clock {
    fn wants(&mut self, iteration: usize) -> bool {
        iteration.is_multiple_of(EVERY)
    }

    fn see(&mut self, iterate: &Iterate<'_>) {
        let now = Instant::now();
        let seconds = (now - self.started).saturating_sub(self.looking).as_secs_f64();
        let rerr = self.meter.relative(iterate.u).unwrap_or(f64::NAN);
        self.moments.push(Moment { iteration: iterate.iteration, seconds, rerr });
        self.looking += now.elapsed();
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "perf-subgm",
    says: "On data that fit in cache the fused variants reach six digits in less than a tenth of the time of the literal loop.",
    at: "our measurement",
    source: Source::Ours,
    kind: Kind::Timing,
    expected: Verdict::Reproduced,
    note: "One thread, the same iterates up to rounding: what differs is the time of one. Variants run one after the other on the same instances and processors.",
    experiments: &["pace"],
    judge,
    control: Some(Control {
        differs: "the literal loop takes the place of the fused variant",
        must_fail: &["fused_packed: time to 1e-6 over that of the reference"],
    }),
};

type Moments = [Row<Runner, Moment>];

/// Seconds to a relative error of 1e-6, by trial; a run that does not arrive has none.
fn arrival(rows: &Moments, variant: &str) -> BTreeMap<u32, f64> {
    let mut first = BTreeMap::new();
    for (runner, trial, moment) in succeeded(rows) {
        if runner.variant == variant && moment.rerr <= 1e-6 {
            first.entry(trial).or_insert(moment.seconds);
        }
    }
    first
}

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Pace::MOMENTS)?;
    let reference = arrival(&rows, Variant::Reference.name());
    let check = |variant: Variant| {
        let own = if arm == Arm::Control { reference.clone() } else { arrival(&rows, variant.name()) };
        let never = f64::INFINITY;
        let ratio = |(trial, reference): (&u32, &f64)| own.get(trial).unwrap_or(&never) / reference;
        let ratios: Vec<f64> = reference.iter().map(ratio).collect();
        let name = format!("{}: time to 1e-6 over that of the reference", variant.name());
        Check::at_most(name, stats::median(&ratios), 0.1)
    };
    Ok(match arm {
        Arm::Control => vec![check(Variant::FusedPacked)],
        Arm::Claim => vec![check(Variant::FusedPacked), check(Variant::FusedF32)],
    })
}

/// The figure.
pub const FIGURE: Figure = Figure {
    key: "pace.timing",
    title: "Error against time",
    alt: "Relative error over seconds for every variant of SubGM. All follow the same iterates; the fused variants are \
          there more than ten times earlier than the literal loop.",
    experiments: &["pace"],
    draw,
};

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Pace::MOMENTS)?;
    let mut panel = Panel::new(
        "d = 20, m = 800, width 20, 20 % outliers",
        Axis::log("time since the call, s"),
        Axis::log("‖UUᵀ − X*‖ / ‖X*‖"),
    )
    .note("medians over seeds, with 95 % intervals");
    for variant in Variant::ALL {
        let mut by_iteration = BTreeMap::<usize, (Vec<f64>, Vec<f64>)>::new();
        for (_, _, moment) in succeeded(&rows).filter(|(runner, _, _)| runner.variant == variant.name()) {
            let (seconds, errors) = by_iteration.entry(moment.iteration).or_default();
            seconds.push(moment.seconds);
            errors.push(moment.rerr);
        }
        let points = by_iteration.into_values().map(|(seconds, errors)| {
            let error = stats::median(&errors);
            (stats::median(&seconds).value, error.ci.0, error.value, error.ci.1)
        });
        panel = panel.line_band(variant.name(), points.collect::<Vec<_>>());
    }
    Ok(vec![panel])
}
