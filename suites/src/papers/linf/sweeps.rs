//! Sweeps: the sparsity at which the loss disappears, the rate in m, the pooled sketch, and sampling of rows.

use algos::sketch::instance::{copies, spikes};

use super::super::sketching::{Map, by, middle, outcomes, slope_of_medians};
use super::setting::{Data, Run, Setting};
use crate::harness::prelude::*;

/// Nonzeros in a column.
#[derive(Debug, Default)]
pub struct Sparsity;

impl Runs for Sparsity {
    type Setting = Setting;
    const KEY: &'static str = "linf-sparsity";
    const ABOUT: &'static str = "Block OSNAP with s = 1 to 64 nonzeros on the hard instance with k = 1 to 64 spikes, d = 64, m = 1024; and on incoherent data.";

    fn points(scale: Scale) -> Vec<Setting> {
        sparsity(scale)
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        by(scale, 2, 30, 100)
    }
}

/// Rows of the sketch.
#[derive(Debug, Default)]
pub struct Rate;

impl Runs for Rate {
    type Setting = Setting;
    const KEY: &'static str = "linf-rate";
    const ABOUT: &'static str = "SRHT on the hard instance, d = 64, with m = 4d to 64d rows.";

    fn points(scale: Scale) -> Vec<Setting> {
        rate(scale)
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        by(scale, 2, 30, 100)
    }
}

/// The pooled sketch.
#[derive(Debug, Default)]
pub struct Pooled;

impl Runs for Pooled {
    type Setting = Setting;
    const KEY: &'static str = "linf-pooled";
    const ABOUT: &'static str = "The Gaussian-pooled sketch and CountSketch on the hard instance, n = 16384, m = 16d.";

    fn points(scale: Scale) -> Vec<Setting> {
        pooled(scale)
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        by(scale, 2, 60, 200)
    }
}

/// Sampling of rows.
#[derive(Debug, Default)]
pub struct Sampling;

impl Runs for Sampling {
    type Setting = Setting;
    const KEY: &'static str = "linf-leverage";
    const ABOUT: &'static str =
        "Leverage-score sampling and CountSketch on 128 stacked identities with opposite spikes on copies, m = 16d.";

    fn points(scale: Scale) -> Vec<Setting> {
        sampling(scale)
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        by(scale, 2, 40, 200)
    }
}

pub(super) const OSNAPS: [(usize, Map); 7] = [
    (1, Map::Countsketch),
    (2, Map::Osnap2),
    (4, Map::Osnap4),
    (8, Map::Osnap8),
    (16, Map::Osnap16),
    (32, Map::Osnap32),
    (64, Map::Osnap64),
];
const SPIKES: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

fn sparsity(scale: Scale) -> Vec<Setting> {
    let (d, m, n) = (64, 1024, 4096);
    let maps = OSNAPS.into_iter().filter(|o| scale > Scale::Smoke || [1, 4, 64].contains(&o.0));
    let mut points = Vec::new();
    for (s, sketch) in maps {
        let c = copies(Some(s));
        let counts = SPIKES.into_iter().filter(|&k| scale > Scale::Smoke || [1, 2, 8].contains(&k));
        points.extend(counts.map(|k| Setting { data: Data::Spiked, sketch, n, d, m, c, k }));
        if [1, 64].contains(&s) {
            points.push(Setting { data: Data::Incoherent, sketch, n, d, m, c: 0, k: 0 });
        }
    }
    points
}

fn rate(scale: Scale) -> Vec<Setting> {
    let d = 64;
    let multiples: &[usize] = if scale == Scale::Smoke { &[4, 16, 64] } else { &[4, 8, 16, 32, 64] };
    let point = |&multiple: &usize| {
        let m = multiple * d;
        Setting { data: Data::Spiked, sketch: Map::Srht, n: 16_384, d, m, c: 4, k: spikes(m, d, 4, None) }
    };
    multiples.iter().map(point).collect()
}

fn pooled(scale: Scale) -> Vec<Setting> {
    let sizes: &[usize] = if scale == Scale::Smoke { &[32] } else { &[16, 32, 64, 128] };
    let point = |sketch, d| Setting { data: Data::Spiked, sketch, n: 16_384, d, m: 16 * d, c: 4, k: 8 };
    [Map::Pooled, Map::Countsketch].into_iter().flat_map(|map| sizes.iter().map(move |&d| point(map, d))).collect()
}

fn sampling(scale: Scale) -> Vec<Setting> {
    let sizes: &[usize] = if scale == Scale::Smoke { &[16] } else { &[16, 32, 64, 128] };
    let c = 128;
    let arms =
        [(Data::Balanced, Map::Leverage), (Data::Balanced, Map::Countsketch), (Data::BalancedDense, Map::Leverage)];
    let point = |(data, sketch), d: usize| Setting { data, sketch, n: c * d, d, m: 16 * d, c, k: 16 };
    arms.into_iter().flat_map(|arm| sizes.iter().map(move |&d| point(arm, d))).collect()
}

/// The largest median of R over the numbers of spikes; the interval resamples trials at all of them and takes the largest
/// each time, since a single median jumps between the atoms of its distribution.
pub(super) fn worst(rows: &[Row<Setting, Run>], data: Data, sketch: Map) -> stats::Estimate {
    let counts: &[usize] = if data == Data::Spiked { &SPIKES } else { &[0] };
    let at = |k: usize| outcomes(rows, move |s: &Setting| (s.data, s.sketch, s.k) == (data, sketch, k), |r| r.linf);
    let cells: Vec<Vec<f64>> = counts.iter().map(|&k| at(k)).filter(|cell| !cell.is_empty()).collect();
    let trials = cells.iter().map(Vec::len).min().unwrap_or(0);
    let all: Vec<usize> = (0..trials).collect();
    stats::bootstrap(&all, |drawn| {
        let median = |cell: &Vec<f64>| middle(&mut drawn.iter().map(|&&trial| cell[trial]).collect::<Vec<f64>>());
        stats::maximum(cells.iter().map(median))
    })
}

fn quotient(a: stats::Estimate, b: stats::Estimate) -> stats::Estimate {
    stats::Estimate { value: a.value / b.value, ci: (a.ci.0 / b.ci.1, a.ci.1 / b.ci.0), n: a.n.min(b.n) }
}

/// The sparsity threshold.
pub const THRESHOLD: Claim = Claim {
    key: "sketch-linf-sparsity-threshold",
    says: "The loss of a sparse sketch disappears only at about √m nonzeros in a column.",
    at: "derived from the instance: R ≈ √m/s once a single spike is enough",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "For each s the worst of the numbers of spikes counts. Typical values: 8.0 for s up to 4, then 4.3, 3.7, 2.9, 2.7; where the number of spikes with one expected coincidence misses, 6.03 is found instead of 8.0.",
    experiments: &["linf-sparsity"],
    judge: threshold,
    control: Some(Control { differs: "incoherent data", must_fail: &["R at s = 64 over R at s = 1"] }),
};

fn threshold(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    if scale == Scale::Smoke {
        return Err(Unjudged::no_power("medians of two atomic values are not judged"));
    }
    let rows = rows.of(Sparsity::RUNS)?;
    let data = if arm == Arm::Claim { Data::Spiked } else { Data::Incoherent };
    let at = |sketch| worst(&rows, data, sketch);
    let mut checks =
        vec![Check::at_most("R at s = 64 over R at s = 1", quotient(at(Map::Osnap64), at(Map::Countsketch)), 0.65)];
    if arm == Arm::Claim {
        for (s, map) in &OSNAPS[..3] {
            checks.push(Check::at_least(format!("worst median R, s = {s}"), at(*map), 5.0));
        }
        checks.push(Check::at_most("worst median R, s = 64", at(Map::Osnap64), 3.6));
        let ratio = quotient(at(Map::Osnap64), at(Map::Osnap4));
        checks.push(Check::at_most("R at s = 64 over R at s = 4", ratio, 0.65));
    }
    Ok(checks)
}

/// The rate in m.
pub const EPS_RATE: Claim = Claim {
    key: "sketch-linf-eps-rate",
    says: "The coordinate-wise error falls like m^{−1/2}.",
    at: "theorem 1.1 (arXiv:2302.00248)",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Steeper than −1/2 on this range, as √((1 − m/N)/(m − d)) predicts: −0.598 for m from 4d to N/4, sampled without replacement.",
    experiments: &["linf-rate"],
    judge: eps_rate,
    control: Some(Control { differs: "the errors at m = 16d stand at every m", must_fail: &["power of m"] }),
};

fn eps_rate(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    if scale == Scale::Smoke {
        return Err(Unjudged::no_power("two trials leave too wide an interval"));
    }
    let rows = rows.of(Rate::RUNS)?;
    let slope = match arm {
        Arm::Claim => slope_of_medians(&rows, |_| true, |s| s.m as f64, |r| r.err_inf),
        Arm::Control => {
            let same: Vec<Row<Setting, Run>> = rows
                .iter()
                .filter(|row| row.point.m == 1024)
                .flat_map(|row| {
                    [256, 512, 1024, 2048, 4096]
                        .map(|m| Row { point: Setting { m, ..row.point.clone() }, ..row.clone() })
                })
                .collect();
            slope_of_medians(&same, |_| true, |s| s.m as f64, |r| r.err_inf)
        }
    };
    Ok(vec![Check::new("power of m", slope, (-0.70, -0.49))])
}

/// The pooled sketch.
pub const POOLED: Claim = Claim {
    key: "sketch-linf-bgp",
    says: "The balanced Gaussian-pooled sketch keeps the coordinate-wise bound.",
    at: "Song & Zhang 2026, main theorem",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The theorem asks for far larger blocks than the 8 to 64 entries here, so this tests the sketch and not the theorem. Expected: slope 0.18, median 3.08 at d = 128.",
    experiments: &["linf-pooled"],
    judge: judge_pooled,
    control: Some(Control { differs: "CountSketch instead", must_fail: &["power of d", "median R at d = 128"] }),
};

fn judge_pooled(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    if scale == Scale::Smoke {
        return Err(Unjudged::no_power("one value of d has no slope"));
    }
    let rows = rows.of(Pooled::RUNS)?;
    let map = if arm == Arm::Claim { Map::Pooled } else { Map::Countsketch };
    let slope = slope_of_medians(&rows, move |s: &Setting| s.sketch == map, |s| s.d as f64, |r| r.linf);
    let top = outcomes(&rows, move |s: &Setting| s.sketch == map && s.d == 128, |r| r.linf);
    Ok(vec![Check::at_most("power of d", slope, 0.34), Check::at_most("median R at d = 128", stats::median(&top), 3.9)])
}

/// Sampling of rows.
pub const LEVERAGE: Claim = Claim {
    key: "sketch-linf-leverage-fails",
    says: "Sampling rows by leverage scores loses a factor √d in the coordinate-wise error, even where all scores are equal.",
    at: "Price, Song & Woodruff, abstract (arXiv:1705.10723)",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The paper names the counterexample; the instance is ours. A spike is sampled without its opposite and stands alone in a coordinate of about 16 sampled rows: R ≈ √(d/2). CountSketch averages over the copies and keeps the bound.",
    experiments: &["linf-leverage"],
    judge: judge_leverage,
    control: Some(Control {
        differs: "the same matrix with a dense residual",
        must_fail: &["power of d", "median R at d = 128"],
    }),
};

fn judge_leverage(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    if scale == Scale::Smoke {
        return Err(Unjudged::no_power("one value of d has no slope"));
    }
    let rows = rows.of(Sampling::RUNS)?;
    let data = if arm == Arm::Claim { Data::Balanced } else { Data::BalancedDense };
    let at = move |map: Map| move |s: &Setting| s.data == data && s.sketch == map;
    let slope = slope_of_medians(&rows, at(Map::Leverage), |s| s.d as f64, |r| r.linf);
    let top = |map: Map| outcomes(&rows, move |s: &Setting| at(map)(s) && s.d == 128, |r| r.linf);
    let mut checks = vec![
        Check::at_least("power of d", slope, 0.32),
        Check::at_least("median R at d = 128", stats::median(&top(Map::Leverage)), 5.0),
    ];
    if arm == Arm::Claim {
        let median = stats::median(&top(Map::Countsketch));
        checks.push(Check::at_most("CountSketch: median R at d = 128", median, 4.2));
    }
    Ok(checks)
}
