//! The parts of the planned product by themselves.

use algos::{
    Error,
    kernel::{
        Engine,
        approximate::{
            heavy,
            join::Weights,
            light,
            light::{inclusion, uniform},
            plan::Plan,
            split,
        },
        instance::gaussian,
        sampling,
    },
};
use serde::{Deserialize, Serialize};

use super::setting::{Set, distance, exact, norm, rms, tile_flops, unit};
use crate::{harness::prelude::*, record};

record! {
    /// How found pairs count.
    pub struct Weighted {
        /// Whether pairs count by one over their probability of being found.
        pub inverse: bool,
    }
}

record! {
    /// The heavy part over draws of the tables.
    pub struct Bias {
        /// Sum of the estimate over that of the exact heavy part, minus one, averaged over draws.
        pub bias: f64,
    }
}

/// The heavy part under a fixed plan.
#[derive(Debug, Default)]
pub struct Unbiased;

impl Unbiased {
    /// One row a data set.
    pub const BIASES: Table<Self, Bias> = Table::new("biases");
}

const DRAWS: usize = 20;

impl Experiment for Unbiased {
    type Point = Weighted;
    const KEY: &'static str = "unbiased";
    const ABOUT: &'static str = "The heavy part of 2048 clustered points from 8 tables of 10 hashes of width 4, threshold u = 1, over 20 draws of the tables.";
    const TABLES: &'static [TableSchema] = &[Self::BIASES.schema()];

    fn points(scale: Scale) -> Vec<Weighted> {
        if scale == Scale::Smoke {
            return Vec::new();
        }
        vec![Weighted { inverse: true }, Weighted { inverse: false }]
    }

    fn trials(_: Scale, _: &Weighted) -> u32 {
        8
    }

    fn cost(_: &Weighted) -> Cost {
        Cost { flops: DRAWS as f64 * 1e8, memory: 1 << 24, rows: 1 }
    }

    fn run(point: &Weighted, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let (queries, keys) = Set::Cluster.draw(2048, trial)?;
        let problem = unit(&queries, &keys)?;
        let x = vec![1.0; 2048];
        let truth: f64 = split(&problem, &x, 1.0, Engine::detect())?.0.iter().sum();
        let weights = if point.inverse { Weights::InverseProbability } else { Weights::One };
        let mut rng = trial.paired("tables", &0);
        let mut total = 0.0;
        for _ in 0..DRAWS {
            let y = heavy(&problem, &x, &Plan::heavy(1.0, 10, 4.0, 8), weights, Engine::detect(), &mut rng)?;
            total += y.iter().sum::<f64>() / truth - 1.0;
        }
        out.put(Self::BIASES, Bias { bias: total / DRAWS as f64 });
        Ok(())
    }
}

/// The claim on bias.
pub const UNBIASED: Claim = Claim {
    key: "kmv-unbiased",
    says: "Counting each pair that hashing finds by one over its probability of being found removes the bias of those that it misses.",
    at: "our variant",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "No test on the error sees missing weights: in the Euclidean norm the bias is no larger than the variance that the weights add.",
    experiments: &["unbiased"],
    judge: judge_unbiased,
    control: Some(Control {
        differs: "every pair counts once as it is",
        must_fail: &["mean relative bias of the heavy part"],
    }),
};

fn judge_unbiased(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Unbiased::BIASES)?;
    let all = numbers(&rows, |p: &Weighted| p.inverse == (arm == Arm::Claim), |b: &Bias| b.bias);
    Ok(vec![Check::new("mean relative bias of the heavy part", stats::mean(&all), (-0.03, 0.03))])
}

/// Which half of the method is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Half {
    /// The exact heavy part, nothing else.
    Heavy,
    /// A sample of all entries, nothing else.
    Sample,
    /// The exact heavy part and a sample of the light part.
    Both,
}

record! {
    /// Which half.
    pub struct Ablated {
        /// What is kept.
        pub half: Half,
        /// Number of queries, and of keys.
        pub n: usize,
        /// Whether x has random signs instead of being all ones.
        pub random: bool,
    }
}

record! {
    /// An error.
    pub struct Off {
        /// Number of keys sampled.
        pub sample: usize,
        /// ‖Kx − y‖/‖x‖.
        pub error: f64,
        /// Root of the energy of the light entries over the sample: the law of the sampled part.
        pub law: f64,
    }
}

/// One half at a time.
#[derive(Debug, Default)]
pub struct Ablation;

impl Ablation {
    /// One row a sample size.
    pub const ERRORS: Table<Self, Off> = Table::new("errors");
}

impl Experiment for Ablation {
    type Point = Ablated;
    const KEY: &'static str = "ablation";
    const ABOUT: &'static str = "Clustered points, threshold τ = 0.015: the exact heavy part alone, a sample of all entries alone, and both together.";
    const TABLES: &'static [TableSchema] = &[Self::ERRORS.schema()];

    fn points(scale: Scale) -> Vec<Ablated> {
        let sizes: &[usize] = if scale == Scale::Smoke { &[1024] } else { &[2048, 4096] };
        let each = |&n: &usize| {
            [Half::Heavy, Half::Sample, Half::Both]
                .into_iter()
                .flat_map(move |half| [false, true].map(|random| Ablated { half, n, random }))
        };
        sizes.iter().flat_map(each).collect()
    }

    fn trials(scale: Scale, _: &Ablated) -> u32 {
        if scale == Scale::Smoke { 6 } else { 10 }
    }

    fn cost(point: &Ablated) -> Cost {
        Cost { flops: 3.0 * tile_flops(point.n, 64), memory: 1 << 24, rows: 4 }
    }

    fn company(point: &Ablated) -> Option<String> {
        Some(point.n.to_string())
    }

    fn run(point: &Ablated, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let n = point.n;
        let (queries, keys) = Set::Cluster.draw(n, trial)?;
        let problem = unit(&queries, &keys)?;
        let x = if point.random { gaussian(n, &mut trial.paired("x", &n)) } else { vec![1.0; n] };
        let threshold = -0.015f64.ln();
        let engine = Engine::detect();
        let truth = trial.shared("truth", &(n, point.random), |_| exact(&problem, &x))?;
        let high =
            trial.shared("high", &(n, point.random), |_| Ok::<_, Error>(split(&problem, &x, threshold, engine)?.0))?;
        let energy = trial.shared("energy", &n, |_| {
            // The squares of the entries are those of a bandwidth smaller by √2.
            let narrow = algos::kernel::Problem::new(&queries, &keys, algos::kernel::Bandwidth::Scale(1.0))?;
            Ok::<_, Error>(split(&narrow, &vec![1.0; n], 2.0 * threshold, engine)?.1.iter().sum::<f64>())
        })?;
        for part in [40, 20, 10, 5] {
            let sample = n / part;
            let mut rng = trial.paired("sample", &(n, part));
            let y = match point.half {
                Half::Heavy => high.to_vec(),
                Half::Sample => sampling::uniform(&problem, &x, sample, engine, &mut rng)?.value,
                Half::Both => {
                    let low = light(&problem, &uniform(&x, sample, &mut rng), threshold, engine)?;
                    high.iter().zip(low).map(|(h, l)| h + l).collect()
                }
            };
            let error = distance(&y, &truth) / norm(&x);
            out.put(Self::ERRORS, Off { sample, error, law: (*energy / sample as f64).sqrt() });
            if point.half == Half::Heavy {
                break;
            }
        }
        Ok(())
    }
}

/// The claim on halves.
pub const HALVES: Claim = Claim {
    key: "kmv-ablation",
    says: "Both halves are needed: neither the heavy entries nor a sample of all entries comes near to what they reach together.",
    at: "our variant",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Samples of a tenth of the keys. For random signs the light part cancels by itself, so that only x = 1 shows that it is missing.",
    experiments: &["ablation"],
    judge: judge_halves,
    control: Some(Control { differs: "x has random signs", must_fail: &["heavy part alone: mean error"] }),
};

fn judge_halves(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Ablation::ERRORS)?;
    let of = |half: Half| -> Vec<f64> {
        rows.iter()
            .filter(|row| row.point.half == half && row.point.random == (arm == Arm::Control))
            .filter(|row| row.value.as_ref().map_or(true, |v| half == Half::Heavy || v.sample == row.point.n / 10))
            .map(|row| row.value.as_ref().map_or(f64::NAN, |v| v.error))
            .collect()
    };
    let mut checks = vec![Check::at_least("heavy part alone: mean error", stats::mean(&of(Half::Heavy)), 1.5)];
    if arm == Arm::Claim {
        checks.push(Check::at_least("sample alone: mean error", stats::mean(&of(Half::Sample)), 5.0));
        checks.push(Check::at_most("both: mean error", stats::mean(&of(Half::Both)), 0.35));
    }
    Ok(checks)
}

record! {
    /// How keys are sampled.
    pub struct Sampler {
        /// Whether in proportion to x_j² instead of uniformly.
        pub squares: bool,
    }
}

record! {
    /// One draw.
    pub struct Draw {
        /// Error of the light part over ‖x‖.
        pub error: f64,
    }
}

/// The light sampler where one key is seen by all queries.
#[derive(Debug, Default)]
pub struct Hub;

impl Hub {
    /// One row a draw.
    pub const DRAWS: Table<Self, Draw> = Table::new("draws");
}

impl Experiment for Hub {
    type Point = Sampler;
    const KEY: &'static str = "hub";
    const ABOUT: &'static str = "The light part (u ≥ 2) of 2048 points around one key that all see equally and that x weighs like all others together, from a tenth of the keys.";
    const TABLES: &'static [TableSchema] = &[Self::DRAWS.schema()];

    fn points(_: Scale) -> Vec<Sampler> {
        vec![Sampler { squares: true }, Sampler { squares: false }]
    }

    fn trials(scale: Scale, _: &Sampler) -> u32 {
        if scale == Scale::Smoke { 2 } else { 8 }
    }

    fn cost(_: &Sampler) -> Cost {
        Cost { flops: 4.0 * tile_flops(2048, 128), memory: 1 << 24, rows: 20 }
    }

    fn run(point: &Sampler, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let n = 2048;
        let (queries, keys) = Set::Hub.draw(n, trial)?;
        let problem = unit(&queries, &keys)?;
        let mut x: Vec<f64> =
            gaussian(n, &mut trial.paired("x", &n)).into_iter().map(|g| g / (n as f64).sqrt()).collect();
        x[0] += 1.0;
        let engine = Engine::detect();
        let truth = split(&problem, &x, 2.0, engine)?.1;
        let a = inclusion(&x, 0.1 * n as f64);
        let mut rng = trial.rng("sample");
        for _ in 0..20 {
            let sample =
                if point.squares { light::sample(&problem, &x, a, &mut rng)? } else { uniform(&x, n / 10, &mut rng) };
            let y = light(&problem, &sample, 2.0, engine)?;
            out.put(Self::DRAWS, Draw { error: distance(&y, &truth) / norm(&x) });
        }
        Ok(())
    }
}

/// The claim on hubs.
pub const HUBS: Claim = Claim {
    key: "kmv-hub",
    says: "Sampling keys in proportion to x_j² needs no condition on the columns: a key that all queries see costs nothing extra.",
    at: "our variant",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The sampler alone: with big coordinates taken exactly first, uniform sampling passes too.",
    experiments: &["hub"],
    judge: judge_hubs,
    control: Some(Control {
        differs: "keys are sampled uniformly",
        must_fail: &["root mean square error of the light part"],
    }),
};

fn judge_hubs(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Hub::DRAWS)?;
    let all: Vec<f64> = rows
        .iter()
        .filter(|row| row.point.squares == (arm == Arm::Claim))
        .map(|row| row.value.as_ref().map_or(f64::NAN, |v| v.error))
        .collect();
    Ok(vec![Check::at_most("root mean square error of the light part", rms(&all), 0.2)])
}

/// The figure of halves.
pub const FIGURE: Figure = Figure {
    key: "halves",
    title: "Heavy entries exactly, the rest sampled",
    alt: "Error over the number of sampled keys, x = 1: near 2 for the heavy part alone, above 5 for a sample of all entries, \
          and on the law √(energy/sample), well below ½, for both together.",
    experiments: &["ablation"],
    draw,
};

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Ablation::ERRORS)?;
    let n = rows.iter().map(|row| row.point.n).max().unwrap_or(0);
    let mut panel = Panel::new(format!("n = {n}, x = 1"), Axis::log2("keys sampled"), Axis::log("error ‖Kx − y‖/‖x‖"))
        .note("median and quartiles over seeds");
    for (half, name) in [(Half::Sample, "sample of all entries"), (Half::Both, "heavy part and light sample")] {
        let at = |p: &Ablated| p.half == half && p.n == n && !p.random;
        panel = panel.line_band(name, band(&rows, at, |v: &Off| (v.sample as f64, v.error)));
    }
    let law =
        band(&rows, |p: &Ablated| p.half == Half::Both && p.n == n && !p.random, |v: &Off| (v.sample as f64, v.law));
    let alone = numbers(&rows, |p: &Ablated| p.half == Half::Heavy && p.n == n && !p.random, |v: &Off| v.error);
    panel = panel.theory("√(‖K_L‖_{F}^2/s)", law.iter().map(|(x, _, y, _)| (*x, *y)).collect());
    Ok(vec![panel.hline(stats::median(&alone).value, "heavy part alone")])
}
