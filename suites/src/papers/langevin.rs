//! Averaged Langevin dynamics for a spiked tensor.

use algos::{
    Error,
    linalg::norm,
    tensor::{
        instance::symmetric_gaussian,
        langevin::{Options, langevin, partial_trace},
        power::direction,
    },
};
use faer::Mat;

use super::spm::experiment;
use crate::{harness::prelude::*, record};

/// The paper.
pub const PAPER: Paper = Paper {
    key: "langevin",
    family: "tensor",
    title: "Improved high-dimensional estimation with Langevin dynamics and stochastic weight averaging",
    authors: "as listed at arXiv:2603.06028",
    year: 2026,
    link: "https://arxiv.org/abs/2603.06028",
    bibtex: "@inproceedings{langevin2026averaged,
  title     = {Improved high-dimensional estimation with Langevin dynamics and stochastic weight averaging},
  booktitle = {International Conference on Learning Representations},
  year      = {2026},
  eprint    = {2603.06028},
  archivePrefix = {arXiv}
}",
    about: "Langevin dynamics on the sphere finds the spike of a tensor far below the signal at which its last iterate \
            does, if one averages over time. We read the abstract and summaries; the model is order 3 with λ = d/2.",
    experiments: &[&Spiked],
    claims: &[BEATS, TRACE, FINISH],
    figures: &[Figure {
        key: "average",
        title: "The average over time and chains follows the partial trace",
        alt: "Cosine of the average with the spike against that of the partial trace, one point for each tensor: with a spike both are near 0.6, without one both scatter around zero along the diagonal.",
        experiments: &["spiked"],
        draw,
    }],
    cases: &[],
};

record! {
    /// A kind of spiked tensor.
    pub struct Spike {
        /// Dimension d.
        pub d: usize,
        /// Strength of the spike λ over d.
        pub strength: f64,
    }
}

record! {
    /// What the chains found.
    pub struct Cosines {
        /// Cosine of the average with the spike v.
        pub average: f64,
        /// Mean over chains of |cosine| of the last point with v.
        pub last: f64,
        /// Cosine of the average with the partial trace.
        pub trace: f64,
        /// Cosine of the partial trace with v.
        pub trace_spike: f64,
        /// Cosine with v after 200 tensor power steps from the average.
        pub finished: f64,
    }
}

fn points(scale: Scale) -> Vec<Spike> {
    let mut points = vec![Spike { d: 32, strength: 0.5 }, Spike { d: 32, strength: 0.0 }];
    if scale != Scale::Smoke {
        points.push(Spike { d: 64, strength: 0.5 });
    }
    points
}

experiment!(
    /// Chains on spiked tensors.
    Spiked, "spiked", "64 chains of Langevin dynamics on T = λ v⊗v⊗v + Z, their average and their last points.",
    Spike, Cosines, rows 1, points points, trials |_, p: &Spike| if p.d == 32 { 16 } else { 8 },
    flops |p: &Spike| 5e4 * (p.d as f64).powi(3), run run
);

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn run(point: &Spike, trial: &Trial<'_>) -> Result<Vec<Cosines>, Error> {
    let d = point.d;
    let v = direction(d, &mut trial.rng("spike"));
    let mut tensor = symmetric_gaussian(3, d, &mut trial.rng("noise"))?;
    let column = Mat::from_fn(d, 1, |i, _| v[i]);
    tensor.add_components(1.0, column.as_ref(), &[point.strength * d as f64])?;
    let options = Options { beta: 0.5, step: 0.3 / d as f64, steps: 600, burn_in: 20, chains: 64 };
    let average = langevin(&tensor, &options, &mut trial.rng("chains"))?.value;
    let trace = partial_trace(&tensor)?;
    let mut contraction = tensor.contraction();
    let (mut x, mut y) = (average.direction.clone(), vec![0.0; d]);
    for _ in 0..200 {
        contraction.apply(&x, &mut y);
        let scale = 1.0 / norm(&y);
        x.iter_mut().zip(&y).for_each(|(x, y)| *x = scale * y);
    }
    let chains = average.last.ncols();
    let last = (0..chains).map(|c| cosine(average.last.col_as_slice(c), &v).abs()).sum::<f64>() / chains as f64;
    Ok(vec![Cosines {
        average: cosine(&average.direction, &v),
        last,
        trace: cosine(&average.direction, &trace),
        trace_spike: cosine(&trace, &v),
        finished: cosine(&x, &v).abs(),
    }])
}

fn dimensions(scale: Scale) -> &'static [usize] {
    if scale == Scale::Smoke { &[32] } else { &[32, 64] }
}

fn of(rows: &[Row<Spike, Cosines>], d: usize, arm: Arm, number: fn(&Cosines) -> f64) -> Vec<f64> {
    let strength = if arm == Arm::Claim { 0.5 } else { 0.0 };
    numbers(rows, move |p: &Spike| (p.d, p.strength) == (d, strength), number)
}

const BEATS: Claim = Claim {
    key: "langevin-avg-beats-last",
    says: "The average over time points to the spike where the last iterate knows nothing of it.",
    at: "abstract",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Means over tensors; 64 chains are averaged together. The last iterate is at the level of a random direction.",
    experiments: &["spiked"],
    judge: beats,
    control: Some(Control {
        differs: "no spike",
        must_fail: &["d = 32: mean cosine of the average over three times that of the last points"],
    }),
};

fn beats(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Spiked::RUNS)?;
    let dimensions = if arm == Arm::Claim { dimensions(scale) } else { &[32] };
    let check = |&d: &usize| {
        let pairs: Vec<(f64, f64)> =
            of(&rows, d, arm, |c| c.average).into_iter().zip(of(&rows, d, arm, |c| c.last)).collect();
        let mean = |pairs: &[&(f64, f64)], pick: fn(&(f64, f64)) -> f64| pairs.iter().map(|p| pick(p)).sum::<f64>();
        let ratio = stats::bootstrap(&pairs, |p| mean(p, |p| p.0) / (3.0 * mean(p, |p| p.1)));
        Check::at_least(
            format!("d = {d}: mean cosine of the average over three times that of the last points"),
            ratio,
            1.0,
        )
    };
    Ok(dimensions.iter().map(check).collect())
}

const TRACE: Claim = Claim {
    key: "langevin-avg-is-partial-trace",
    says: "At this temperature the average is the partial trace of the tensor, up to fluctuations.",
    at: "first order in β",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Also without a spike, where it follows the partial trace of the noise. The control judges it against the spike there.",
    experiments: &["spiked"],
    judge: trace,
    control: Some(Control {
        differs: "no spike, and the spike's direction in place of the partial trace",
        must_fail: &["d = 32: mean cosine of the average with its direction"],
    }),
};

fn trace(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Spiked::RUNS)?;
    let name = |d: usize| format!("d = {d}: mean cosine of the average with its direction");
    if arm == Arm::Control {
        return Ok(vec![Check::at_least(name(32), stats::mean(&of(&rows, 32, arm, |c| c.average)), 0.85)]);
    }
    let limit = |d: usize| if d == 32 { 0.85 } else { 0.7 };
    let check = |&d: &usize| Check::at_least(name(d), stats::mean(&of(&rows, d, arm, |c| c.trace)), limit(d));
    let mut checks: Vec<Check> = dimensions(scale).iter().map(check).collect();
    let noise = stats::mean(&of(&rows, 32, Arm::Control, |c| c.trace));
    checks.push(Check::at_least("d = 32, no spike: mean cosine with the partial trace", noise, 0.7));
    Ok(checks)
}

const FINISH: Claim = Claim {
    key: "langevin-power-finish",
    says: "Tensor power steps from the average reach the spike.",
    at: "our experiment",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "200 steps; median over tensors.",
    experiments: &["spiked"],
    judge: finish,
    control: Some(Control { differs: "no spike", must_fail: &["d = 32: median cosine after the power steps"] }),
};

fn finish(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Spiked::RUNS)?;
    let dimensions = if arm == Arm::Claim { dimensions(scale) } else { &[32] };
    let check = |&d: &usize| {
        let reached = stats::median(&of(&rows, d, arm, |c| c.finished));
        Check::at_least(format!("d = {d}: median cosine after the power steps"), reached, 0.95)
    };
    Ok(dimensions.iter().map(check).collect())
}

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Spiked::RUNS)?;
    let mut panel = Panel::new(
        "",
        Axis::linear("cosine of the partial trace with v"),
        Axis::linear("cosine of the average with v"),
    )
    .note("one point for each tensor");
    for (d, strength, label) in
        [(32, 0.5, "d = 32, λ = d/2"), (64, 0.5, "d = 64, λ = d/2"), (32, 0.0, "d = 32, no spike")]
    {
        let points: Vec<(f64, f64)> = succeeded(&rows)
            .filter(|(p, ..)| (p.d, p.strength) == (d, strength))
            .map(|(_, _, c)| (c.trace_spike, c.average))
            .collect();
        if !points.is_empty() {
            panel = panel.points(label, points);
        }
    }
    Ok(vec![panel.guide("equal", vec![(-0.5, -0.5), (0.9, 0.9)])])
}
