//! When an approximate product pays: everything charged, against exact tiles on the clock.

use std::collections::BTreeMap;

use algos::Error;

use super::{
    cases::{DOUBLE, PLANNED, Product, SINGLE},
    setting::{Set, tile_flops},
};
use crate::{
    harness::{
        prelude::*,
        timed::{Time, fresh_round},
    },
    record,
};

record! {
    /// A square product.
    pub struct Square {
        /// How points lie.
        pub set: Set,
        /// Number of queries, and of keys.
        pub n: usize,
    }
}

/// Exact and planned products in rounds, each round on points of its own.
#[derive(Debug, Default)]
pub struct Crossover;

impl Crossover {
    /// One row for each variant of a round.
    pub const ROUNDS: Table<Self, Time> = Table::new("rounds.timing");
}

impl Experiment for Crossover {
    type Point = Square;
    const KEY: &'static str = "crossover";
    const ABOUT: &'static str = "Times of exact and planned products, pilot, planning, certificate and repair charged, on clusters whose number grows and on one cloud that becomes denser.";
    const TABLES: &'static [TableSchema] = &[Self::ROUNDS.schema()];

    fn points(scale: Scale) -> Vec<Square> {
        let sizes: &[usize] = match scale {
            Scale::Smoke => &[],
            Scale::Default => &[1024, 2048, 4096, 8192, 16384],
            Scale::Full => &[1024, 2048, 4096, 8192, 16384, 32768, 65536],
        };
        let of = |set| move |&n: &usize| Square { set, n };
        // Every product on the cloud takes about as long as the exact one.
        sizes.iter().map(of(Set::Cluster)).chain(sizes.iter().filter(|&&n| n <= 8192).map(of(Set::Fixed))).collect()
    }

    fn trials(_: Scale, _: &Square) -> u32 {
        3
    }

    fn cost(point: &Square) -> Cost {
        let passes = if point.set == Set::Cluster { 9.0 } else { 7.0 };
        Cost { flops: passes * tile_flops(point.n, 64), memory: 8 * 600 * point.n as u64, rows: 5 }
    }

    fn run(point: &Square, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let case = Product::planned(point.set.layout(), point.n, point.set.dimension());
        let errors = if point.set == Set::Cluster { PLANNED } else { &PLANNED[..1] };
        let planned = errors.iter().map(|&(name, _)| (name, 1));
        let variants: Vec<_> = [(DOUBLE, 1), (SINGLE, 1)].into_iter().chain(planned).collect();
        fresh_round(&case, &variants, trial)?.into_iter().for_each(|time| out.put(Self::ROUNDS, time));
        Ok(())
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "perf-kmv",
    says: "On clusters in 64 dimensions an approximate product, with pilot, plan, certificate and repair charged, overtakes the exact tile in double precision at a number of points that counts of its work predict within a factor of two (4400, 6500 and 9400 for errors of 0.5, 0.2 and 0.1), and at twice as many or more the tile in single precision, which is exact enough for any of these errors.",
    at: "open in the paper",
    source: Source::Ours,
    kind: Kind::Timing,
    expected: Verdict::Reproduced,
    note: "One thread; both sides with the same vector units. Crossovers are predicted, from counts of the experiment `work`: 0.035 ns a multiply-add of a hash, 6 ns a look-up, 20 ns a pair met in a bucket, 60 ns a new one, 1.47 ns an entry of the f64 tile and 0.75 ns one of the f32 tile, 128 exact rows, 2.4 ms for the plan; a factor of two either way is accepted. Ratios within rounds; every round has its own points. At full scale n = 65,536, and the crossovers with the f32 tile that lie beyond 16,384.",
    experiments: &["crossover"],
    judge,
    control: Some(Control {
        differs: "one cloud that becomes denser: the sum of K grows like n²",
        must_fail: &["ε = 0.5: planned over the f32 tile at the largest n"],
    }),
};

/// Errors with their predicted crossovers with the tile in double and in single precision.
const PREDICTED: [(f64, f64, f64); 3] = [(0.5, 4400.0, 8700.0), (0.2, 6500.0, 13_500.0), (0.1, 9400.0, 24_300.0)];

type Rounds = [Row<Square, Time>];

/// The variant that is planned for an error.
fn planned(epsilon: f64) -> &'static str {
    PLANNED.iter().find(|(_, of)| *of == epsilon).map_or("", |(name, _)| name)
}

/// Numbers by round and size.
type BySize = BTreeMap<u32, BTreeMap<usize, f64>>;

/// Seconds of a variant.
fn times(rows: &Rounds, set: Set, variant: &str) -> BySize {
    let mut out = BySize::new();
    for (point, trial, time) in succeeded(rows) {
        if point.set == set && time.variant == variant {
            out.entry(trial).or_default().insert(point.n, time.seconds);
        }
    }
    out
}

/// Time of a planned product over that of a tile in the same round.
fn ratios(rows: &Rounds, set: Set, epsilon: f64, tile: &str) -> BySize {
    let (mut own, tile) = (times(rows, set, planned(epsilon)), times(rows, set, tile));
    for (trial, sizes) in &mut own {
        for (n, seconds) in sizes {
            *seconds /= tile.get(trial).and_then(|sizes| sizes.get(n)).unwrap_or(&f64::NAN);
        }
    }
    own
}

/// Where the ratio falls below one, interpolated on logarithmic scales, round by round; infinite where it does not.
fn crossovers(rows: &Rounds, epsilon: f64, tile: &str) -> Vec<f64> {
    let crossover = |ratios: BTreeMap<usize, f64>| {
        let (n, ratio): (Vec<f64>, Vec<f64>) = ratios.into_iter().map(|(n, r)| ((n as f64).ln(), r.ln())).unzip();
        match stats::crossing(&n, &ratio, 0.0) {
            Some(n) => n.exp(),
            None if ratio.first().is_some_and(|r| *r < 0.0) => n[0].exp(),
            None => f64::INFINITY,
        }
    };
    ratios(rows, Set::Cluster, epsilon, tile).into_values().map(crossover).collect()
}

/// Median over rounds of the ratio at the largest size.
fn at_largest(rows: &Rounds, set: Set, epsilon: f64, tile: &str) -> stats::Estimate {
    let last = ratios(rows, set, epsilon, tile).into_values().filter_map(|sizes| sizes.into_values().next_back());
    stats::median(&last.collect::<Vec<_>>())
}

fn judge(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Crossover::ROUNDS)?;
    let set = if arm == Arm::Control { Set::Fixed } else { Set::Cluster };
    let largest = at_largest(&rows, set, 0.5, SINGLE);
    let mut checks = vec![Check::at_most("ε = 0.5: planned over the f32 tile at the largest n", largest, 0.8)];
    if arm == Arm::Control {
        return Ok(checks);
    }
    for (epsilon, double, single) in PREDICTED {
        let mut crossover = |tile: &str, name: &str, n: f64| {
            let estimate = stats::median(&crossovers(&rows, epsilon, tile));
            checks.push(Check::new(
                format!("ε = {epsilon}: crossover with the {name} tile"),
                estimate,
                (n / 2.0, 2.0 * n),
            ));
        };
        crossover(DOUBLE, "f64", double);
        if scale == Scale::Full || epsilon == 0.5 {
            crossover(SINGLE, "f32", single);
        }
        let own = |time: &Time| time.variant == planned(epsilon);
        let off = succeeded(&rows).filter(|(point, _, time)| point.set == set && own(time));
        let off: Vec<f64> = off.map(|(_, _, time)| time.error / epsilon).collect();
        checks.push(Check::new(format!("ε = {epsilon}: error over ε"), stats::median(&off), (0.3, 1.0)));
        // Below, the pilot and the plan are most of it.
        let series = times(&rows, set, planned(epsilon)).into_values();
        let large = |sizes: BTreeMap<usize, f64>| sizes.into_iter().filter(|(n, _)| *n >= 4096);
        let series: Vec<Vec<_>> = series.map(|sizes| large(sizes).map(|(n, s)| (n as f64, s)).collect()).collect();
        let slope = stats::slope_over_seeds(&series, stats::Axes::LogLog);
        checks.push(Check::at_most(format!("ε = {epsilon}: exponent of the time in n ≥ 4096"), slope, 1.89));
    }
    for (loose, tight) in [(0.5, 0.2), (0.2, 0.1)] {
        let (a, b) = (crossovers(&rows, loose, DOUBLE), crossovers(&rows, tight, DOUBLE));
        let ratio: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a / b).collect();
        let name = format!("crossover with the f64 tile, ε = {loose} over {tight}");
        checks.push(Check::at_most(name, stats::median(&ratio), 1.0));
    }
    if scale == Scale::Full {
        let largest = at_largest(&rows, set, 0.5, DOUBLE);
        checks.push(Check::at_most("ε = 0.5: planned over the f64 tile at the largest n", largest, 0.5));
    }
    Ok(checks)
}

/// The figure.
pub const FIGURE: Figure = Figure {
    key: "crossover.timing",
    title: "When an approximate product pays",
    alt: "Left: seconds over the number of points; exact tiles rise with slope 2, planned products more slowly than slope \
          1.89. Middle and right: time of planned products over that of the exact tile in double and in single precision, \
          falling through one on clusters, sooner for looser errors, and staying above one on one cloud against single \
          precision.",
    experiments: &["crossover"],
    draw,
};

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Crossover::ROUNDS)?;
    let axis = || Axis::log2("points n");
    let mut time = Panel::new("Clusters, d = 64", axis(), Axis::log("time of one product, s"))
        .note("medians over rounds, each on its own points");
    let names = [(DOUBLE, "f64 tile".to_owned()), (SINGLE, "f32 tile".to_owned())];
    let errors = PLANNED.iter().map(|&(name, epsilon)| (name, format!("ε = {epsilon}")));
    for (variant, name) in names.into_iter().chain(errors) {
        time = time.line(name, medians(times(&rows, Set::Cluster, variant)));
    }
    let (from, to) = (2048.0f64, 16384.0f64);
    let line = |p: f64| vec![(from, 0.002), (to, 0.002 * (to / from).powf(p))];
    time = time.guide("slope 2", line(2.0)).guide("slope 1.89", line(1.89));
    let against = |tile: &str, title: &str| {
        let mut panel = Panel::new(title, axis(), Axis::log("time over that of the tile"))
            .note("medians over rounds; at each ε the n where it pays")
            .hline(1.0, "exact");
        for &(_, epsilon) in PLANNED {
            panel = panel.line(format!("ε = {epsilon}"), medians(ratios(&rows, Set::Cluster, epsilon, tile)));
        }
        panel = panel.line("one cloud, ε = 0.5", medians(ratios(&rows, Set::Fixed, 0.5, tile)));
        for &(_, epsilon) in PLANNED {
            let n = stats::median(&crossovers(&rows, epsilon, tile)).value;
            if n.is_finite() {
                panel = panel.vline(n, format!("{epsilon}: {:.1}k", n / 1000.0));
            }
        }
        panel
    };
    Ok(vec![
        time,
        against(DOUBLE, "Against the tile in double precision"),
        against(SINGLE, "Against the tile in single precision"),
    ])
}

/// Medians over rounds, by size.
fn medians(rounds: BySize) -> Vec<(f64, f64)> {
    let mut by_size: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for (n, value) in rounds.into_values().flatten() {
        by_size.entry(n).or_default().push(value);
    }
    by_size.into_iter().map(|(n, values)| (n as f64, stats::median(&values).value)).collect()
}
