//! Dense against sparse sketches on the hard instance, and on an incoherent one.

use algos::sketch::instance::{copies, spikes};

use super::super::sketching::{Map, by, outcomes, ratio_of_medians, slope_of_medians};
use super::setting::{Data, Run, Setting};
use crate::harness::prelude::*;

pub(super) const DENSE: [Map; 4] = [Map::Gaussian, Map::Srht, Map::Srdct, Map::Circulant];
pub(super) const SPARSE: [Map; 4] = [Map::Countsketch, Map::Osnap2, Map::Osnap4, Map::Osnap8];

/// The hard instance.
#[derive(Debug, Default)]
pub struct Hard;

impl Runs for Hard {
    type Setting = Setting;
    const KEY: &'static str = "linf-hard";
    const ABOUT: &'static str = "Sketch-and-solve with m = 16d rows on stacked identities with spikes on zero rows, for dense and sparse sketches.";

    fn points(scale: Scale) -> Vec<Setting> {
        hard(scale)
    }

    fn trials(scale: Scale, point: &Setting) -> u32 {
        trials(scale, point)
    }
}

/// Incoherent data.
#[derive(Debug, Default)]
pub struct Incoherent;

impl Runs for Incoherent {
    type Setting = Setting;
    const KEY: &'static str = "linf-incoherent";
    const ABOUT: &'static str = "The same on a random subspace with a random residual.";

    fn points(scale: Scale) -> Vec<Setting> {
        incoherent(scale)
    }

    fn trials(scale: Scale, point: &Setting) -> u32 {
        trials(scale, point)
    }
}

/// The values of d.
pub(super) fn columns(scale: Scale) -> &'static [usize] {
    by(scale, &[16, 64], &[16, 32, 64, 128], &[16, 32, 64, 128, 256, 512])
}

fn largest(scale: Scale) -> usize {
    columns(scale).last().copied().unwrap_or(0)
}

fn hard(scale: Scale) -> Vec<Setting> {
    let n = by(scale, 4096, 8192, 65_536);
    let point = |sketch: Map, d: usize| {
        let (m, s) = (16 * d, sketch.nonzeros());
        let c = copies(s);
        // The product with a Gaussian sketch costs 2mnd flops; its error does not depend on n.
        let n = if sketch == Map::Gaussian { n.min(by(scale, 1024, 4096, 4096).max(8 * d)) } else { n };
        Setting { data: Data::Spiked, sketch, n, d, m, c, k: spikes(m, d, c, s) }
    };
    let maps = DENSE.into_iter().chain(SPARSE);
    maps.flat_map(|map| columns(scale).iter().map(move |&d| point(map, d))).collect()
}

fn incoherent(scale: Scale) -> Vec<Setting> {
    let n = by(scale, 4096, 4096, 16_384);
    let point = |sketch, d: usize| Setting { data: Data::Incoherent, sketch, n, d, m: 16 * d, c: 0, k: 0 };
    if scale == Scale::Smoke {
        return [Map::Countsketch, Map::Osnap2].map(|map| point(map, 64)).into();
    }
    let maps = [Map::Gaussian].into_iter().chain(SPARSE);
    let top = if scale == Scale::Full { 256 } else { largest(scale) };
    let sizes = columns(scale).iter().copied().filter(move |&d| d <= top);
    maps.flat_map(|map| sizes.clone().map(move |d| point(map, d))).collect()
}

fn trials(scale: Scale, point: &Setting) -> u32 {
    match (scale, point.data) {
        (Scale::Smoke, Data::Incoherent) => 16,
        // Errors of sparse sketches take few values, so that an interval of their median jumps.
        (Scale::Smoke, _) if SPARSE.contains(&point.sketch) => 48,
        (Scale::Smoke, _) => 24,
        (Scale::Default, _) => 40,
        (Scale::Full, _) => 200,
    }
}

fn cell(map: Map, d: usize) -> impl Fn(&Setting) -> bool {
    move |s: &Setting| s.sketch == map && s.d == d
}

fn of(map: Map) -> impl Fn(&Setting) -> bool {
    move |s: &Setting| s.sketch == map
}

/// Standard deviation of ln R over trials; zero errors and failures make it undefined.
fn spread(rows: &[Row<Setting, Run>], map: Map, d: usize) -> stats::Estimate {
    let logs: Vec<f64> = outcomes(rows, cell(map, d), |r| r.linf.ln());
    stats::bootstrap(&logs, |drawn| {
        let n = drawn.len() as f64;
        let mean = drawn.iter().copied().sum::<f64>() / n;
        (drawn.iter().map(|x| (**x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    })
}

/// Dense sketches keep the bound.
pub const DENSE_FLAT: Claim = Claim {
    key: "sketch-linf-dense-flat",
    says: "With m = ε⁻²d rows up to logarithms, sketch-and-solve with a dense sketch has a coordinate-wise error of ε‖r‖‖A⁺‖/√d: scaled by √m it does not grow like √d.",
    at: "theorem 1.1 (arXiv:2302.00248)",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Empirically consistent, proof disputed: a later paper of two of the authors (Song & Zhang 2026) says that the proof applies a bound for fixed vectors to one that depends on the sketch, and calls the near-linear bound for the SRHT an open problem; see sketch-oce-adaptive-gap. The paper has no experiments; instance and ranges are ours. √(2 ln d) is 3.1 at d = 128, √(d/2) is 8. The slope 0.10 to 0.16 is that of √(ln d) on this range.",
    experiments: &["linf-hard"],
    judge: dense_flat,
    control: Some(Control {
        differs: "CountSketch takes the place of each dense sketch",
        must_fail: &[
            "Gaussian: median R at the largest d",
            "SRHT: median R at the largest d",
            "SRDCT: median R at the largest d",
            "circulant: median R at the largest d",
        ],
    }),
};

fn dense_flat(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Hard::RUNS)?;
    let mut checks = Vec::new();
    for map in DENSE {
        let (name, map) = (map.name(), if arm == Arm::Claim { map } else { Map::Countsketch });
        let top = outcomes(&rows, cell(map, largest(scale)), |r| r.linf);
        checks.push(Check::at_most(format!("{name}: median R at the largest d"), stats::median(&top), 3.9));
        let all = outcomes(&rows, of(map), |r| r.linf);
        checks.push(Check::at_most(format!("{name}: largest R"), stats::largest(&all), 6.5));
        if arm == Arm::Claim {
            let spread = spread(&rows, map, 64);
            checks.push(Check::new(format!("{name}: deviation of ln R over trials, d = 64"), spread, (0.05, 0.30)));
        }
        if scale > Scale::Smoke {
            let slope = slope_of_medians(&rows, of(map), |s| s.d as f64, |r| r.linf);
            checks.push(Check::at_most(format!("{name}: power of d"), slope, 0.32));
        }
    }
    Ok(checks)
}

/// Sparse sketches lose it.
pub const SPARSE_LOSES: Claim = Claim {
    key: "sketch-linf-sparse-sqrt-d",
    says: "CountSketch and OSNAP with few nonzeros lose a factor √d in the coordinate-wise error.",
    at: "introduction: dense sketches are needed; Price, Song & Woodruff (arXiv:1705.10723)",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The instance is ours, in the spirit of the counterexamples of Price, Song & Woodruff, whose text we did not read: a spike of r that meets a nonzero of A in one row of S puts the whole error into one coordinate, R = √(d/2) times 1 to 1.2. The distribution is atomic (no coincidence in about 13 % of trials), hence medians. A trial in which SA loses rank counts as infinite.",
    experiments: &["linf-hard", "linf-incoherent"],
    judge: sparse_loses,
    control: Some(Control {
        differs: "incoherent data",
        must_fail: &["CountSketch: median R over √(d/2), d = 64", "OSNAP(2): median R over √(d/2), d = 64"],
    }),
};

fn sparse_loses(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let hard = rows.of(Hard::RUNS)?;
    let rows = if arm == Arm::Claim { rows.of(Hard::RUNS)? } else { rows.of(Incoherent::RUNS)? };
    let mut checks = Vec::new();
    let sizes: &[usize] = if scale == Scale::Smoke { &[64] } else { &[64, 128] };
    for map in [Map::Countsketch, Map::Osnap2] {
        for &d in sizes {
            let level = (d as f64 / 2.0).sqrt();
            let scaled = outcomes(&rows, cell(map, d), |r| r.linf / level);
            let name = format!("{}: median R over √(d/2), d = {d}", map.name());
            checks.push(Check::new(name, stats::median(&scaled), (0.85, 1.25)));
        }
    }
    if arm == Arm::Claim {
        let all = outcomes(&rows, |s| SPARSE.contains(&s.sketch), |r| r.linf);
        let lost = all.iter().filter(|r| !r.is_finite()).count() as f64 / all.len() as f64;
        checks.push(Check::at_most("fraction of sketches that lose rank", stats::point(lost, all.len()), 0.02));
    }
    if scale > Scale::Smoke {
        let dense = slope_of_medians(&hard, of(Map::Srht), |s| s.d as f64, |r| r.linf);
        for map in SPARSE {
            let slope = slope_of_medians(&rows, of(map), |s| s.d as f64, |r| r.linf);
            checks.push(Check::at_least(format!("{}: power of d", map.name()), slope, 0.38));
            if arm == Arm::Claim {
                let above = stats::Estimate {
                    value: slope.value - dense.value,
                    // Ends against ends: wider than the interval of the difference.
                    ci: (slope.ci.0 - dense.ci.1, slope.ci.1 - dense.ci.0),
                    n: slope.n,
                };
                checks.push(Check::at_least(format!("{}: power of d above that of SRHT", map.name()), above, 0.15));
            }
        }
    }
    Ok(checks)
}

/// The Euclidean error is the same.
pub const NO_SEPARATION: Claim = Claim {
    key: "sketch-l2-no-separation",
    says: "The Euclidean error does not tell dense from sparse sketches: it is √(d/m)‖r‖‖A⁺‖ for all.",
    at: "standard subspace embedding",
    source: Source::Derived,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "For sparse sketches it is √(j/2) times 1 to 1.07 with j coincidences: 0.71, 1.0 or 1.22.",
    experiments: &["linf-hard"],
    judge: no_separation,
    control: Some(Control {
        differs: "the coordinate-wise error is compared instead",
        must_fail: &["CountSketch: error over that of Gaussian at the largest d"],
    }),
};

fn no_separation(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Hard::RUNS)?;
    let number = move |r: &Run| if arm == Arm::Claim { r.l2 } else { r.linf };
    let mut checks = Vec::new();
    if arm == Arm::Claim {
        for map in DENSE.into_iter().chain(SPARSE) {
            for &d in columns(scale) {
                let median = stats::median(&outcomes(&rows, cell(map, d), number));
                checks.push(Check::new(format!("{}: median scaled error, d = {d}", map.name()), median, (0.6, 1.35)));
            }
        }
    }
    let top = largest(scale);
    let base = outcomes(&rows, cell(Map::Gaussian, top), number);
    for map in SPARSE {
        let ratio = ratio_of_medians(&outcomes(&rows, cell(map, top), number), &base);
        checks.push(Check::new(
            format!("{}: error over that of Gaussian at the largest d", map.name()),
            ratio,
            (0.6, 1.5),
        ));
    }
    Ok(checks)
}

/// On incoherent data nothing is lost.
pub const INCOHERENT: Claim = Claim {
    key: "sketch-linf-incoherent-control",
    says: "On incoherent data a CountSketch is as good as a Gaussian sketch, coordinate by coordinate.",
    at: "our experiment",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "So the loss comes from the data and not from the sketch alone.",
    experiments: &["linf-hard", "linf-incoherent"],
    judge: judge_incoherent,
    control: Some(Control {
        differs: "the hard instance",
        must_fail: &["CountSketch: R over that of Gaussian at the largest d", "CountSketch: median R at the largest d"],
    }),
};

fn judge_incoherent(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    if scale == Scale::Smoke {
        return Err(Unjudged::no_power("no Gaussian sketch is run on incoherent data at this scale"));
    }
    let top = if scale == Scale::Full { 256 } else { largest(scale) };
    let rows = if arm == Arm::Claim { rows.of(Incoherent::RUNS)? } else { rows.of(Hard::RUNS)? };
    let base = outcomes(&rows, cell(Map::Gaussian, top), |r| r.linf);
    let mut checks = Vec::new();
    for map in [Map::Countsketch, Map::Osnap2] {
        let own = outcomes(&rows, cell(map, top), |r| r.linf);
        let name = map.name();
        checks.push(Check::at_most(
            format!("{name}: R over that of Gaussian at the largest d"),
            ratio_of_medians(&own, &base),
            1.4,
        ));
        checks.push(Check::at_most(format!("{name}: median R at the largest d"), stats::median(&own), 3.9));
    }
    Ok(checks)
}
