//! Scales of all sketches, and what the signs of the SRHT are for.

use algos::{
    Error, NumericalError,
    linalg::{norm, singular_values},
    sketch::{Law, Rows as Picked, Signs, Sketch, Variant, instance::gaussian, regression::sketch_and_solve, sketched},
};
use faer::Mat;
use rand::seq::index;

use super::super::sketching::{Map, by};
use crate::{harness::prelude::*, record};

record! {
    /// A sketch.
    pub struct Which {
        /// Sketch.
        pub sketch: Map,
        /// Factor on the sketch; 1 but for a control.
        pub factor: f64,
        /// Dimension.
        pub n: usize,
        /// Rows of the sketch.
        pub m: usize,
        /// Draws in a trial.
        pub draws: usize,
    }
}

record! {
    /// ‖Sx‖² of a unit vector x over the draws of a trial.
    pub struct Length {
        /// 0: one-hot; 1: flat; 2: Gaussian.
        pub vector: usize,
        /// Mean.
        pub mean: f64,
        /// Mean of the square.
        pub square: f64,
        /// Largest deviation from 1.
        pub deviation: f64,
    }
}

/// Lengths of sketched vectors.
#[derive(Debug, Default)]
pub struct Isotropy;

impl Isotropy {
    /// Three rows per trial.
    pub const LENGTHS: Table<Self, Length> = Table::new("lengths");
}

const ALL: [Map; 16] = [
    Map::Gaussian,
    Map::Rademacher,
    Map::Srht,
    Map::Srdct,
    Map::Circulant,
    Map::Countsketch,
    Map::Osnap2,
    Map::Osnap4,
    Map::Osnap8,
    Map::OsnapGraph,
    Map::VerySparse,
    Map::TensorSrht,
    Map::Pooled,
    Map::Orthogonal,
    Map::Stacked,
    Map::Leverage,
];

/// Sketches whose columns all have norm 1.
const UNIT_COLUMNS: [Map; 8] = [
    Map::Rademacher,
    Map::Srht,
    Map::TensorSrht,
    Map::Circulant,
    Map::Countsketch,
    Map::Osnap4,
    Map::OsnapGraph,
    Map::Stacked,
];

const NAMES: [&str; 3] = ["one-hot", "flat", "Gaussian"];

impl Experiment for Isotropy {
    type Point = Which;
    const KEY: &'static str = "isotropy";
    const ABOUT: &'static str = "Squared norms of sketched one-hot, flat and Gaussian unit vectors, for all sketches, n = 300 (no power of two).";
    const TABLES: &'static [TableSchema] = &[Self::LENGTHS.schema()];

    fn points(scale: Scale) -> Vec<Which> {
        let draws = by(scale, 50, 250, 1000);
        let point = |sketch, factor| {
            let n = if sketch == Map::TensorSrht { 256 } else { 300 };
            Which { sketch, factor, n, m: 64, draws }
        };
        // Leverage scores of a fixed matrix are not a law; the rest is.
        let laws = ALL.into_iter().filter(|map| *map != Map::Leverage).map(|map| point(map, 1.0));
        // The scale of the padded length where that of the true one is meant.
        laws.chain([point(Map::Srht, (512.0f64 / 300.0).sqrt())]).collect()
    }

    fn trials(scale: Scale, _: &Which) -> u32 {
        by(scale, 4, 8, 8)
    }

    fn cost(point: &Which) -> Cost {
        let each = if point.sketch == Map::Orthogonal { 1e7 } else { 4e5 };
        Cost { flops: each * point.draws as f64, memory: 1 << 20, rows: 3 }
    }

    fn run(point: &Which, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let mut rng = trial.rng("draws");
        let n = point.n;
        let mut sums = [(0.0, 0.0, 0.0f64); 3];
        let (law, m) = point.sketch.law(point.m, n);
        for _ in 0..point.draws {
            let mut x = Mat::zeros(n, 3);
            x[(index::sample(&mut rng, n, 1).index(0), 0)] = 1.0;
            x.col_as_slice_mut(1).fill(1.0 / (n as f64).sqrt());
            let normal = gaussian(n, 1, &mut rng);
            let size = normal.norm_l2();
            x.col_as_slice_mut(2).iter_mut().zip(normal.col_as_slice(0)).for_each(|(x, z)| *x = z / size);
            let image = sketched(&law.draw(m, n, &mut rng)?, x.as_ref())?;
            for (k, sum) in sums.iter_mut().enumerate() {
                let length = (point.factor * norm(image.col_as_slice(k))).powi(2);
                *sum = (sum.0 + length, sum.1 + length * length, sum.2.max((length - 1.0).abs()));
            }
        }
        let draws = point.draws as f64;
        for (vector, (sum, squares, deviation)) in sums.into_iter().enumerate() {
            out.put(Self::LENGTHS, Length { vector, mean: sum / draws, square: squares / draws, deviation });
        }
        Ok(())
    }
}

/// All scales.
pub const ISOTROPY: Claim = Claim {
    key: "sketch-isotropy",
    says: "Every sketch keeps the squared norm of every vector in expectation; those with columns of unit norm keep unit vectors of the basis exactly.",
    at: "definition: E[SᵀS] = I",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Sketch-and-solve is blind to the scale, so it is judged by itself: the worst of three vectors in standard errors.",
    experiments: &["isotropy"],
    judge: isotropy,
    control: Some(Control {
        differs: "the SRHT with the scale of its padded length",
        must_fail: &["SRHT: mean of ‖Sx‖² − 1 in standard errors"],
    }),
};

fn isotropy(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Isotropy::LENGTHS)?;
    let control = arm == Arm::Control;
    let score = |map: Map, vector: usize| {
        let mine = rows.iter().filter(|row| row.point.sketch == map && (row.point.factor != 1.0) == control);
        let (mut mean, mut square, mut trials, mut draws) = (0.0, 0.0, 0.0, 0.0);
        for row in mine {
            match &row.value {
                Ok(length) if length.vector == vector => {
                    (mean, square) = (mean + length.mean, square + length.square);
                    (trials, draws) = (trials + 1.0, draws + row.point.draws as f64);
                }
                Ok(_) => {}
                Err(_) => mean = f64::NAN,
            }
        }
        let (mean, square) = (mean / trials, square / trials);
        // Exact lengths have no variance; rounding is not a bias.
        (mean - 1.0) / (((square - mean * mean).max(0.0) / draws).sqrt() + 1e-13)
    };
    let mut checks = Vec::new();
    let maps = ALL.into_iter().filter(|map| if control { *map == Map::Srht } else { *map != Map::Leverage });
    for map in maps {
        let scores = [0, 1, 2].map(|vector| score(map, vector));
        // NaN, of a trial that failed, is the worst of all.
        let worst = scores.into_iter().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(f64::NAN);
        let name = format!("{}: mean of ‖Sx‖² − 1 in standard errors", map.name());
        checks.push(Check::new(name, stats::point(worst, 3), (-6.5, 6.5)));
    }
    if !control {
        for map in UNIT_COLUMNS {
            let mine = rows.iter().filter(|row| row.point.sketch == map && row.point.factor == 1.0);
            let off: Vec<f64> = mine
                .filter_map(|row| match &row.value {
                    Ok(length) => (length.vector == 0).then_some(length.deviation),
                    Err(_) => Some(f64::NAN),
                })
                .collect();
            let name = format!("{}: largest deviation, {} vectors", map.name(), NAMES[0]);
            checks.push(Check::at_most(name, stats::largest(&off), 1e-12));
        }
    }
    Ok(checks)
}

record! {
    /// An SRHT with or without signs.
    pub struct Signed {
        /// Whether the diagonal of signs is there.
        pub signs: bool,
        /// Dimension.
        pub n: usize,
        /// Rows of the sketch.
        pub m: usize,
        /// Columns of A, the first of a scaled Hadamard matrix.
        pub d: usize,
    }
}

record! {
    /// One draw.
    pub struct Rank {
        /// Whether sketch-and-solve refused for lack of rank.
        pub refused: bool,
        /// The rank that it found; d where it did not refuse.
        pub rank: usize,
        /// κ(SA); infinite without full rank.
        pub condition: f64,
    }
}

/// The SRHT on columns of the Hadamard matrix.
#[derive(Debug, Default)]
pub struct NeededSigns;

impl NeededSigns {
    /// One row per draw.
    pub const RANKS: Table<Self, Rank> = Table::new("ranks");
}

impl Experiment for NeededSigns {
    type Point = Signed;
    const KEY: &'static str = "srht-signs";
    const ABOUT: &'static str =
        "The subsampled Hadamard transform with and without signs on 32 columns of a Hadamard matrix.";
    const TABLES: &'static [TableSchema] = &[Self::RANKS.schema()];

    fn points(_: Scale) -> Vec<Signed> {
        [true, false].map(|signs| Signed { signs, n: 4096, m: 512, d: 32 }).into()
    }

    fn trials(scale: Scale, _: &Signed) -> u32 {
        by(scale, 10, 10, 100)
    }

    fn cost(_: &Signed) -> Cost {
        Cost { flops: 4e7, memory: 1 << 21, rows: 1 }
    }

    fn run(point: &Signed, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let (n, m, d) = (point.n, point.m, point.d);
        let mut rng = trial.rng("sketch");
        let entry = |i: usize, j: usize| if (i & j).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
        let a = Mat::from_fn(n, d, |i, j| entry(i, j) / (n as f64).sqrt());
        let sketch = if point.signs {
            Law::Srht(Picked::Distinct).draw(m, n, &mut rng)?
        } else {
            let rows = index::sample(&mut rng, n, m).into_iter().map(|row| row as u32).collect();
            Sketch::srht(Signs::plus(n), rows)?
        };
        let b: Vec<f64> = gaussian(n, 1, &mut rng).col_as_slice(0).to_vec();
        let (refused, rank) = match sketch_and_solve(Variant::Fast, &sketch, a.as_ref(), &b) {
            Ok(_) => (false, d),
            Err(Error::Numerical(NumericalError::SketchRankDeficient { rank, .. })) => (true, rank),
            Err(e) => return Err(e),
        };
        let values = singular_values(sketched(&sketch, a.as_ref())?.as_ref())?;
        let condition = if refused { f64::INFINITY } else { values[0] / values[d - 1] };
        out.put(Self::RANKS, Rank { refused, rank, condition });
        Ok(())
    }
}

/// The signs are needed.
pub const SIGNS: Claim = Claim {
    key: "sketch-srht-signs-needed",
    says: "Without its random signs the subsampled Hadamard transform embeds nothing: columns of the Hadamard matrix lose their rank, and sketch-and-solve refuses.",
    at: "our experiment",
    source: Source::Ours,
    kind: Kind::Exact,
    expected: Verdict::Reproduced,
    note: "A transformed column is a single spike, which a sample of m of n rows rarely holds.",
    experiments: &["srht-signs"],
    judge: signs,
    control: Some(Control { differs: "with signs", must_fail: &["fraction refused"] }),
};

fn signs(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(NeededSigns::RANKS)?;
    let number = |signs: bool, number: &dyn Fn(&Rank) -> f64| {
        let mine = rows.iter().filter(|row| row.point.signs == signs);
        mine.map(|row| row.value.as_ref().map_or(f64::NAN, number)).collect::<Vec<f64>>()
    };
    let refused = number(arm == Arm::Control, &|r| f64::from(u8::from(r.refused)));
    let share = stats::point(refused.iter().sum::<f64>() / refused.len() as f64, refused.len());
    let mut checks = vec![Check::new("fraction refused", share, (1.0, 1.0))];
    if arm == Arm::Claim {
        let worst = stats::largest;
        checks.push(Check::at_most(
            "without signs: largest rank of 32",
            worst(&number(false, &|r| r.rank as f64)),
            31.0,
        ));
        checks.push(Check::at_most("with signs: largest κ(SA)", worst(&number(true, &|r| r.condition)), 2.2));
    }
    Ok(checks)
}
