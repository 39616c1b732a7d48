//! What an application costs, counted in the kernels.

use algos::{
    Error, Par,
    sketch::{Variant, apply},
};
use faer::Mat;

use super::super::sketching::{Map, by};
use crate::{harness::prelude::*, record};

record! {
    /// A sketch and a size.
    pub struct Size {
        /// Sketch.
        pub sketch: Map,
        /// Rows of A.
        pub n: usize,
        /// Columns of A.
        pub d: usize,
        /// Rows of the sketch.
        pub m: usize,
    }
}

record! {
    /// What one application executed.
    pub struct Count {
        /// Additions and multiplications.
        pub flops: u64,
        /// Entries of A read.
        pub entries: u64,
    }
}

/// Work of an application.
#[derive(Debug, Default)]
pub struct Work;

impl Work {
    /// One row per application.
    pub const COUNTS: Table<Self, Count> = Table::new("counts");
}

const D: usize = 8;
const M: usize = 1024;

impl Experiment for Work {
    type Point = Size;
    const KEY: &'static str = "apply-cost";
    const ABOUT: &'static str =
        "Floating-point operations of one application, counted inside the kernels, over the rows of A.";
    const TABLES: &'static [TableSchema] = &[Self::COUNTS.schema()];

    fn points(scale: Scale) -> Vec<Size> {
        let sizes: &[u32] = by(scale, &[12, 13, 14], &[13, 14, 15, 16], &[13, 14, 15, 16, 17]);
        let maps = [Map::Srht, Map::Countsketch, Map::Osnap4, Map::Gaussian];
        maps.into_iter()
            .flat_map(|sketch| {
                let most = if sketch == Map::Gaussian { 15 } else { 17 };
                let sizes = sizes.iter().filter(move |&&bits| bits <= most);
                sizes.map(move |bits| Size { sketch, n: 1 << bits, d: D, m: M })
            })
            .collect()
    }

    fn trials(_: Scale, _: &Size) -> u32 {
        1
    }

    fn cost(point: &Size) -> Cost {
        let each = if point.sketch == Map::Gaussian { 4e4 } else { 500.0 };
        Cost { flops: each * point.n as f64, memory: (8 * point.n * D) as u64, rows: 1 }
    }

    fn run(point: &Size, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let Size { sketch, n, d, m } = *point;
        let a = Mat::from_fn(n, d, |i, j| 1.0 / (1 + i + j) as f64);
        let (law, m) = sketch.law(m, n);
        let map = law.draw(m, n, &mut trial.rng("sketch"))?;
        let effort = apply(Variant::Fast, &map, a.as_ref().into(), Par::Seq)?.effort;
        out.put(Self::COUNTS, Count { flops: effort.flops, entries: effort.entries });
        Ok(())
    }
}

/// The costs.
pub const CLAIM: Claim = Claim {
    key: "sketch-apply-cost",
    says: "Applying the sketch costs O(nd log n) for the SRHT, nd for CountSketch and 2mnd for a Gaussian sketch.",
    at: "abstract (arXiv:2302.00248)",
    source: Source::Paper,
    kind: Kind::Exact,
    expected: Verdict::Reproduced,
    note: "Counted in the kernels, exactly: n log₂ n·d additions and m·d products for n a power of two, s·nd for s nonzeros in a column. Every entry of A is read once. Times are in the cases.",
    experiments: &["apply-cost"],
    judge,
    control: Some(Control {
        differs: "the Gaussian sketch takes the place of the fast ones",
        must_fail: &["SRHT: largest count over n log₂ n·d + m·d", "CountSketch: largest count over nd"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Work::COUNTS)?;
    let against = |map: Map, formula: &dyn Fn(f64) -> f64| {
        let map = if arm == Arm::Claim { map } else { Map::Gaussian };
        let mine = rows.iter().filter(|row| row.point.sketch == map);
        let all: Vec<f64> = mine
            .map(|row| row.value.as_ref().map_or(f64::NAN, |c| c.flops as f64 / formula(row.point.n as f64)))
            .collect();
        // The count that is farthest from the formula.
        let worst = all.iter().copied().fold(1.0, |a: f64, b| if (b - 1.0).abs() <= (a - 1.0).abs() { a } else { b });
        stats::point(worst, all.len())
    };
    let (d, m) = (D as f64, M as f64);
    let mut checks = vec![
        Check::new(
            "SRHT: largest count over n log₂ n·d + m·d",
            against(Map::Srht, &|n| n * n.log2() * d + m * d),
            (1.0 - 1e-12, 1.0 + 1e-12),
        ),
        Check::new("CountSketch: largest count over nd", against(Map::Countsketch, &|n| n * d), (1.0, 1.0)),
        Check::new("OSNAP(4): largest count over 4nd", against(Map::Osnap4, &|n| 4.0 * n * d), (1.0, 1.0)),
    ];
    if arm == Arm::Claim {
        checks.push(Check::new(
            "Gaussian: largest count over 2mnd",
            against(Map::Gaussian, &|n| 2.0 * m * n * d),
            (1.0, 1.0),
        ));
    }
    Ok(checks)
}
