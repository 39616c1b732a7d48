//! Exact tiles side by side: how near they are to what the machine allows.

use std::collections::BTreeSet;

use algos::Error;

use super::{
    cases::{DOUBLE, LIMIT, REFERENCE, SINGLE, TILE8, TILE64},
    setting::tile_flops,
};
use crate::{
    harness::{
        prelude::*,
        timed::{self, Time, round},
    },
    record,
};

record! {
    /// A product of 2048 points.
    pub struct Tile {
        /// Coordinates of a point.
        pub d: usize,
    }
}

/// Exact products in rounds.
#[derive(Debug, Default)]
pub struct Tiles;

impl Tiles {
    /// One row for each variant of a round.
    pub const ROUNDS: Table<Self, Time> = Table::new("rounds.timing");
}

impl Experiment for Tiles {
    type Point = Tile;
    const KEY: &'static str = "tile-times";
    const ABOUT: &'static str =
        "Times of exact products of 2048 points: the literal sums, both tiles, and the limit of their arithmetic.";
    const TABLES: &'static [TableSchema] = &[Self::ROUNDS.schema()];

    fn points(scale: Scale) -> Vec<Tile> {
        let all: &[usize] = if scale == Scale::Smoke { &[] } else { &[8, 64] };
        all.iter().map(|&d| Tile { d }).collect()
    }

    // The interval of the median of five rounds would be all of them, and one that other load disturbs would decide.
    fn trials(_: Scale, _: &Tile) -> u32 {
        15
    }

    fn cost(point: &Tile) -> Cost {
        Cost { flops: 100.0 * tile_flops(2048, point.d), memory: 4 << 20, rows: 5 }
    }

    fn run(point: &Tile, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let case = if point.d == 8 { &TILE8 } else { &TILE64 };
        let variants = [(REFERENCE, 1), (DOUBLE, 1), (DOUBLE, 2), (SINGLE, 1), (LIMIT, 1), (LIMIT, 2)];
        round(case, &variants, trial)?.into_iter().for_each(|time| out.put(Self::ROUNDS, time));
        Ok(())
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "perf-tile",
    says: "The exact tile takes little more than its multiply-adds and exponentials take on the vector units, half of that in single precision, and nearly half of it on two cores, with the same bits.",
    at: "our measurement",
    source: Source::Ours,
    kind: Kind::Timing,
    expected: Verdict::Reproduced,
    note: "Limits are for AVX-512; narrower vectors gain less over the literal sums. The bound is measured in the same round, on one thread and on two: on a shared machine the second core is not always there, and then two threads gain little in the bound too: 0.9 of the bound's gain is 1.8 times on two idle cores.",
    experiments: &["tile-times"],
    judge,
    control: Some(Control {
        differs: "the literal sums take the place of the tile",
        must_fail: &["d = 64: the bound over the tile"],
    }),
};

type Rounds = [Row<Tile, Time>];

/// Median over rounds of the ratio of two variants in the same round.
fn ratio(rows: &Rounds, d: usize, a: (&str, usize), b: (&str, usize)) -> stats::Estimate {
    timed::ratio(rows, |tile| tile.d == d, a, b)
}

/// The gain of a second thread over that of the arithmetic alone in the same round, which is 2 where nobody else uses the
/// second core, and whatever other load leaves of it elsewhere.
fn part_of_bound(rows: &Rounds, d: usize) -> stats::Estimate {
    let gains = |variant| timed::ratios(rows, |tile| tile.d == d, (variant, 1), (variant, 2));
    let parts: Vec<f64> = gains(DOUBLE).iter().zip(gains(LIMIT)).map(|(own, bound)| own / bound).collect();
    stats::median(&parts)
}

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Tiles::ROUNDS)?;
    let ours = if arm == Arm::Control { REFERENCE } else { DOUBLE };
    let bound = |d: usize| {
        let name = format!("d = {d}: the bound over the tile");
        Check::at_least(name, ratio(&rows, d, (LIMIT, 1), (ours, 1)), if d == 8 { 0.7 } else { 0.8 })
    };
    let mut checks = vec![bound(64)];
    if arm == Arm::Claim {
        checks.push(bound(8));
        for d in [8, 64] {
            let at = |a, b| ratio(&rows, d, a, b);
            let answers = succeeded(&rows).filter(|(tile, _, time)| tile.d == d && time.variant == DOUBLE);
            let answers: Vec<&str> = answers.map(|(_, _, time)| time.checksum.as_str()).collect();
            let different = answers.iter().collect::<BTreeSet<_>>().len();
            checks.extend([
                Check::at_least(
                    format!("d = {d}: the literal sums over the tile"),
                    at((REFERENCE, 1), (DOUBLE, 1)),
                    10.0,
                ),
                Check::at_most(format!("d = {d}: f32 over f64"), at((SINGLE, 1), (DOUBLE, 1)), 0.7),
                Check::at_least(format!("d = {d}: one thread over two"), at((DOUBLE, 1), (DOUBLE, 2)), 1.8),
                Check::at_least(
                    format!("d = {d}: one thread over two, as a part of what it is for the bound"),
                    part_of_bound(&rows, d),
                    0.9,
                ),
                Check::at_most(
                    format!("d = {d}: different answers of one and two threads"),
                    stats::point(different as f64, answers.len()),
                    1.0,
                ),
            ]);
        }
    }
    Ok(checks)
}
