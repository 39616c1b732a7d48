//! Identities: the tiles against the oracle, reductions of attention against each other.

use algos::{
    Error,
    kernel::{
        Bandwidth, Engine, Points, Problem, Variant,
        attention::{Reduction, attention},
        instance::gaussian,
        multiply,
    },
};
use faer::Mat;

use super::setting::{distance, norm, tile_flops, unit};
use crate::{harness::prelude::*, record};

record! {
    /// A variant and a size.
    pub struct Shape {
        /// Number of queries, and of keys.
        pub n: usize,
        /// Dimension.
        pub d: usize,
        /// What is added to all coordinates.
        pub shift: f64,
    }
}

record! {
    /// The largest error of a variant.
    pub struct Agreement {
        /// Name of the variant; `uncentred_f32` is the same tile on points that are not centred.
        pub variant: String,
        /// Largest |y − Kx| over Σ_j K_ij|x_j| (1 + largest squared norm).
        pub error: f64,
    }
}

/// The tiles against the oracle.
#[derive(Debug, Default)]
pub struct Exactness;

impl Exactness {
    /// One row a variant.
    pub const ERRORS: Table<Self, Agreement> = Table::new("errors");
}

impl Experiment for Exactness {
    type Point = Shape;
    const KEY: &'static str = "exactness";
    const ABOUT: &'static str =
        "Both tiles against the compensated oracle, at sizes around lanes and panels, and shifted far from the origin.";
    const TABLES: &'static [TableSchema] = &[Self::ERRORS.schema()];

    fn points(scale: Scale) -> Vec<Shape> {
        let mut points: Vec<Shape> = [1, 2, 3, 7, 8, 16, 64, 128]
            .into_iter()
            .flat_map(|d| [1, 5, 31, 33, 257].map(|n| Shape { n, d, shift: 0.0 }))
            .collect();
        points.push(Shape { n: 257, d: 8, shift: 1e6 });
        if scale > Scale::Smoke {
            points.extend([2, 64].map(|d| Shape { n: 2048, d, shift: 0.0 }));
        }
        points
    }

    fn trials(_: Scale, _: &Shape) -> u32 {
        2
    }

    fn cost(point: &Shape) -> Cost {
        Cost { flops: 20.0 * tile_flops(point.n, point.d), memory: 1 << 22, rows: 2 }
    }

    fn run(point: &Shape, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let mut rng = trial.rng("points");
        let mut draw = || {
            let all = gaussian(point.n * point.d, &mut rng).into_iter().map(|z| 0.7 * z + point.shift);
            Points::new(point.n, point.d, all.collect())
        };
        let (queries, keys) = (draw()?, draw()?);
        let problem = unit(&queries, &keys)?;
        let x = gaussian(point.n, &mut trial.rng("x"));
        let by = |variant, x: &[f64]| Ok::<_, Error>(multiply(variant, &problem, x, Engine::detect())?.value);
        let truth = by(Variant::Reference, &x)?;
        let moduli = by(Variant::Reference, &x.iter().map(|x| x.abs()).collect::<Vec<_>>())?;
        let square = |i: usize| queries.point(i).iter().map(|x| (x - point.shift).powi(2)).sum::<f64>();
        let size = 1.0 + (0..point.n).map(square).fold(0.0, f64::max);
        let error = |y: Vec<f64>| {
            let each: Vec<f64> =
                y.iter().zip(&truth).zip(&moduli).map(|((y, t), m)| (y - t).abs() / (m.max(1e-30) * size)).collect();
            stats::maximum(each)
        };
        for variant in [Variant::TileF64, Variant::TileF32] {
            out.put(Self::ERRORS, Agreement { variant: variant.name().into(), error: error(by(variant, &x)?) });
        }
        // The expanded square without centring, in double precision.
        let naive: Vec<f64> = (0..point.n)
            .map(|i| {
                let half = |p: &[f64]| 0.5 * p.iter().map(|x| x * x).sum::<f64>();
                let q = queries.point(i);
                let entry = |j: usize| {
                    let k = keys.point(j);
                    let product: f64 = q.iter().zip(k).map(|(q, k)| q * k).sum();
                    (product - half(q) - half(k)).min(0.0).exp()
                };
                (0..point.n).map(|j| entry(j) * x[j]).sum()
            })
            .collect();
        out.put(Self::ERRORS, Agreement { variant: "uncentred_f64".into(), error: error(naive) });
        Ok(())
    }
}

/// The claim on the tiles.
pub const EXACT: Claim = Claim {
    key: "kmv-exact-agree",
    says: "The fused tiles compute the exact product to rounding, also far from the origin.",
    at: "our kernels",
    source: Source::Derived,
    kind: Kind::Exact,
    expected: Verdict::Reproduced,
    note: "Errors over Σ K|x| (1 + largest squared norm). Far from the origin coordinates themselves are rounded; both codes get the same.",
    experiments: &["exactness"],
    judge: judge_exact,
    control: Some(Control {
        differs: "squares are expanded without centring",
        must_fail: &["shifted by a million: largest error, f64"],
    }),
};

fn judge_exact(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Exactness::ERRORS)?;
    let worst = |variant: &str, shifted: bool| {
        let mine = rows.iter().filter(|row| (row.point.shift > 0.0) == shifted);
        let all: Vec<f64> = mine
            .filter(|row| row.value.as_ref().map_or(true, |v| v.variant == variant))
            .map(|row| row.value.as_ref().map_or(f64::NAN, |v| v.error))
            .collect();
        stats::largest(&all)
    };
    let double = if arm == Arm::Claim { "tile_f64" } else { "uncentred_f64" };
    let mut checks = vec![Check::at_most("shifted by a million: largest error, f64", worst(double, true), 1e-9)];
    if arm == Arm::Claim {
        checks.extend([
            Check::at_most("largest error, f64", worst("tile_f64", false), 1e-13),
            Check::at_most("largest error, f32", worst("tile_f32", false), 3e-6),
            Check::at_most("shifted by a million: largest error, f32", worst("tile_f32", true), 3e-6),
        ]);
    }
    Ok(checks)
}

record! {
    /// The size of the logits.
    pub struct Logits {
        /// Largest modulus of ⟨q, k⟩, about.
        pub size: f64,
    }
}

record! {
    /// A reduction against the direct computation.
    pub struct Reduced {
        /// How attention was computed.
        pub reduction: String,
        /// Relative difference in the Frobenius norm; infinite where a row underflowed.
        pub error: f64,
    }
}

/// Reductions of attention.
#[derive(Debug, Default)]
pub struct Attention;

impl Attention {
    /// One row a reduction.
    pub const ERRORS: Table<Self, Reduced> = Table::new("errors");
}

impl Experiment for Attention {
    type Point = Logits;
    const KEY: &'static str = "attention";
    const ABOUT: &'static str =
        "Softmax attention of 64 queries and keys in 16 dimensions by two reductions to Gaussian kernels.";
    const TABLES: &'static [TableSchema] = &[Self::ERRORS.schema()];

    fn points(_: Scale) -> Vec<Logits> {
        [1.0, 30.0, 1000.0].map(|size| Logits { size }).into()
    }

    fn trials(_: Scale, _: &Logits) -> u32 {
        3
    }

    fn cost(_: &Logits) -> Cost {
        Cost { flops: 1e7, memory: 1 << 20, rows: 3 }
    }

    fn run(point: &Logits, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), Error> {
        let mut rng = trial.rng("points");
        let mut draw = || {
            let scale = (point.size / 14.0).sqrt();
            Points::new(64, 16, gaussian(64 * 16, &mut rng).into_iter().map(|z| scale * z).collect())
        };
        let (queries, keys) = (draw()?, draw()?);
        let numbers = gaussian(64 * 3, &mut trial.rng("values"));
        let values = Mat::from_fn(64, 3, |j, c| numbers[3 * j + c]);
        let flat = |m: &Mat<f64>| (0..3).flat_map(|c| m.col_as_slice(c).to_vec()).collect::<Vec<_>>();
        let direct = flat(&attention(Reduction::Direct, &queries, &keys, values.as_ref())?);
        for reduction in [Reduction::Scaled, Reduction::Augmented, Reduction::Unshifted] {
            let error = match attention(reduction, &queries, &keys, values.as_ref()) {
                Ok(found) => distance(&flat(&found), &direct) / norm(&direct),
                Err(_) => f64::INFINITY,
            };
            let reduction = format!("{reduction:?}").to_lowercase();
            // Infinite errors have a finite stand-in, so that a control can vanish.
            out.put(Self::ERRORS, Reduced { reduction, error: error.min(1e9) });
        }
        Ok(())
    }
}

/// The claim on attention.
pub const ATTENTION: Claim = Claim {
    key: "attention-id",
    says: "Softmax attention is a quotient of Gaussian kernel products, with weights that carry the keys' norms or with one more coordinate.",
    at: "a lemma on attention, in our form",
    source: Source::Derived,
    kind: Kind::Exact,
    expected: Verdict::Reproduced,
    note: "Logits up to a thousand. A kernel product that cannot shift its rows loses those whose entries all underflow.",
    experiments: &["attention"],
    judge: judge_attention,
    control: Some(Control {
        differs: "rows are not shifted",
        must_fail: &["logits of 1000: largest relative difference"],
    }),
};

fn judge_attention(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Attention::ERRORS)?;
    let judged = |name: &str| (name == "unshifted") == (arm == Arm::Control);
    let check = |size: f64| {
        let mine = rows.iter().filter(|row| row.point.size == size);
        let all: Vec<f64> = mine
            .filter(|row| row.value.as_ref().map_or(true, |v| judged(&v.reduction)))
            .map(|row| row.value.as_ref().map_or(f64::NAN, |v| v.error))
            .collect();
        Check::at_most(format!("logits of {size}: largest relative difference"), stats::largest(&all), 1e-10)
    };
    Ok([1.0, 30.0, 1000.0].map(check).into())
}

/// Points of a bandwidth other than one.
pub(super) fn with<'a>(queries: &'a Points, keys: &'a Points, sigma: f64) -> Result<Problem<'a>, Error> {
    Problem::new(queries, keys, Bandwidth::StandardDeviation(sigma))
}
