//! Errors in every update: the floor and the rate before it.

use super::setting::{Run, Setting};
use crate::harness::prelude::*;
use crate::harness::stats::{largest, smallest};

const SIZES: [f64; 6] = [1e-10, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2];
const T: usize = 30;

/// Injected errors of many sizes, on one instance per trial.
#[derive(Debug, Default)]
pub struct Robust;

impl Runs for Robust {
    type Setting = Setting;
    const KEY: &'static str = "altmin-robust";
    const ABOUT: &'static str = "AltMin with an error of relative size ε injected into every update, n=500, k=5, p=0.2; as controls, errors in the first sweep only, and an ε that is not small.";

    fn points(scale: Scale) -> Vec<Setting> {
        if scale == Scale::Smoke {
            return Vec::new();
        }
        let with = |epsilon, perturbed| Setting { epsilon, perturbed, ..Setting::new(500, 5, 0.2, T) };
        let mut points = vec![with(0.0, 0), with(1e-2, 1), with(0.3, T)];
        points.extend(SIZES.map(|epsilon| with(epsilon, T)));
        points
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        if scale == Scale::Full { 30 } else { 10 }
    }

    fn iterates(point: &Setting, _: &Trial<'_>) -> usize {
        if [0.0, 1e-8, 1e-6, 1e-4, 0.3].contains(&point.epsilon) { usize::MAX } else { 0 }
    }
}

/// Robustness: the floor.
pub const FLOOR: Claim = Claim {
    key: "altmin-robust-floor",
    says: "An error of relative size ε in every least-squares update leaves a final error proportional to ε.",
    at: "main theorem",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The paper has no experiments. That robustness is the theorem's content was read; the constant 1.35 at κ = 1 is measured and grows with k/(np) and κ.",
    experiments: &["altmin-robust"],
    judge: judge_floor,
    control: Some(Control {
        differs: "errors are injected in the first sweep only",
        must_fail: &["smallest floor over ε", "ε = 1e-2: smallest floor over ε"],
    }),
};

fn judge_floor(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Robust::RUNS)?;
    let (sizes, perturbed): (&[f64], usize) = if arm == Arm::Claim { (&SIZES, T) } else { (&[1e-2], 1) };
    let at = |s: &Setting| s.perturbed == perturbed && sizes.contains(&s.epsilon);
    let relative = |epsilon: f64| numbers(&rows, |s| at(s) && s.epsilon == epsilon, |r: &Run| r.floor / epsilon);
    let all: Vec<f64> = sizes.iter().flat_map(|&e| relative(e)).collect();
    let mut checks = vec![
        Check::at_least("smallest floor over ε", smallest(&all), 1.31),
        Check::at_most("largest floor over ε", largest(&all), 1.39),
        Check::at_least("ε = 1e-2: smallest floor over ε", smallest(&relative(1e-2)), 1.31),
    ];
    if arm == Arm::Claim {
        let lines = series(&rows, at, |s| s.epsilon, |r: &Run| r.floor);
        let slope = stats::slope_over_seeds(&lines, stats::Axes::LogLog);
        checks.push(Check::new("power of ε in the floor", slope, (0.995, 1.005)));
    }
    Ok(checks)
}

/// Robustness: the rate.
pub const RATE: Claim = Claim {
    key: "altmin-robust-rate",
    says: "Small errors in the updates do not slow the contraction before the floor.",
    at: "main theorem",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The unperturbed run of the same instance is the comparison, wherever its error is above 100 ε.",
    experiments: &["altmin-robust"],
    judge: judge_rate,
    control: Some(Control {
        differs: "ε = 0.3 is not small (judged where the unperturbed error is above 1e-4)",
        must_fail: &["largest |log₁₀| of the ratio to the unperturbed error"],
    }),
};

fn judge_rate(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Robust::TRAJECTORY)?;
    let sweeps = |epsilon: f64| {
        let mine = succeeded(&rows).filter(move |(s, ..)| s.epsilon == epsilon && s.perturbed != 1);
        mine.map(|(_, trial, s)| ((trial, s.sweep), s.relerr)).collect::<std::collections::BTreeMap<_, _>>()
    };
    let sizes: &[f64] = if arm == Arm::Claim { &[1e-8, 1e-6, 1e-4] } else { &[0.3] };
    let clean = sweeps(0.0);
    let mut all = Vec::new();
    for &epsilon in sizes {
        let above = if arm == Arm::Claim { 100.0 * epsilon } else { 1e-4 };
        let perturbed = sweeps(epsilon);
        let compared = clean.iter().filter(|(_, e)| **e > above);
        all.extend(compared.map(|(at, e)| perturbed.get(at).map_or(f64::NAN, |x| (x / e).log10().abs())));
        let run = |s: &Setting| s.perturbed != 1 && (s.epsilon == epsilon || s.epsilon == 0.0);
        all.extend(rows.iter().filter(|row| run(&row.point) && row.value.is_err()).map(|_| f64::NAN));
    }
    Ok(vec![Check::at_most("largest |log₁₀| of the ratio to the unperturbed error", largest(&all), 0.005)])
}
