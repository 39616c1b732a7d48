//! Global maxima of F below, at and above the rank bound.

use algos::{
    Error,
    tensor::{
        Shift,
        instance::Spec,
        landscape::{Landscape, Place},
        power::{Limits, direction},
        uniqueness_bound,
    },
};
use serde::{Deserialize, Serialize};

use super::setting::experiment;
use crate::{harness::prelude::*, record};

/// How climbs end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// By power steps with the fixed shift.
    Plain,
    /// By Newton's method.
    Newton,
}

record! {
    /// A kind of tensor.
    pub struct Crowd {
        /// Order m.
        pub m: usize,
        /// Dimension d.
        pub d: usize,
        /// Rank R.
        pub r: usize,
        /// End of climbs: plain or newton.
        pub finish: Finish,
    }
}

record! {
    /// Where the climbs from 25 starts (100 with Newton's method) on one tensor led.
    pub struct Ends {
        /// To a component.
        pub component: u32,
        /// To a maximum below 1.
        pub spurious: u32,
        /// To another point with F = 1.
        pub other: u32,
        /// Not converged.
        pub unconverged: u32,
        /// Distinct other points with F = 1, up to sign.
        pub distinct: u32,
        /// Steps of all climbs.
        pub steps: u64,
    }
}

/// Starts on a tensor. With Newton's method more, because a single other maximum attracts only some percent of them.
const STARTS: u32 = 25;
const STARTS_NEWTON: u32 = 100;

/// Order, dimension, ranks and most steps of the plain climbs.
type Arm1 = (usize, usize, std::ops::RangeInclusive<usize>);

const PLAIN: [Arm1; 3] = [(4, 4, 4..=9), (4, 5, 6..=13), (6, 3, 5..=9)];

const NEWTON: [(usize, usize); 3] = [(4, 4), (6, 3), (4, 5)];

fn points(scale: Scale) -> Vec<Crowd> {
    if scale == Scale::Smoke {
        return Vec::new();
    }
    let mut points = Vec::new();
    for (m, d, ranks) in PLAIN {
        points.extend(ranks.map(|r| Crowd { m, d, r, finish: Finish::Plain }));
    }
    for (m, d) in NEWTON {
        let bound = uniqueness_bound(m, d);
        points.extend([bound, bound + 1].map(|r| Crowd { m, d, r, finish: Finish::Newton }));
    }
    points
}

fn trials(scale: Scale, _: &Crowd) -> u32 {
    if scale == Scale::Full { 200 } else { 40 }
}

experiment!(
    /// Climbs from random starts.
    Ends25, "landscape", "Climbs of F from random starts on each tensor, 25 or, with Newton's method, 100, and what they reach.",
    Crowd, Ends, rows 1, points points, trials trials,
    flops |p: &Crowd| 2e7 * (p.d * p.r) as f64, run run
);

fn run(point: &Crowd, trial: &Trial<'_>) -> Result<Vec<Ends>, Error> {
    let mut rng = trial.rng("instance");
    let truth = Spec::new(point.m, point.d, point.r).truth(&mut rng)?;
    let mut landscape = Landscape::new(truth.vectors(), point.m.div_ceil(2))?;
    let mut ends = Ends { component: 0, spurious: 0, other: 0, unconverged: 0, distinct: 0, steps: 0 };
    let mut others: Vec<Vec<f64>> = Vec::new();
    let limits = Limits { iterations: if point.m == 4 { 20_000 } else { 10_000 }, tolerance: 1e-10 };
    let starts = if point.finish == Finish::Plain { STARTS } else { STARTS_NEWTON };
    let starts: Vec<Vec<f64>> = (0..starts).map(|_| direction(point.d, &mut rng)).collect();
    let climbs: Vec<(Vec<f64>, bool, usize)> = match point.finish {
        Finish::Plain => {
            let summits = landscape.climb_all(&starts, Shift::Fixed, limits).into_iter();
            summits.map(|summit| (summit.x, summit.converged, summit.iterations)).collect()
        }
        Finish::Newton => landscape.finish_all(&starts),
    };
    for (x, converged, steps) in climbs {
        ends.steps += steps as u64;
        match landscape.place(&x, converged) {
            Place::Component => ends.component += 1,
            Place::Spurious => ends.spurious += 1,
            Place::Unconverged => ends.unconverged += 1,
            Place::Other => {
                ends.other += 1;
                let cosine = |o: &Vec<f64>| o.iter().zip(&x).map(|(a, b)| a * b).sum::<f64>().abs();
                if !others.iter().any(|o| cosine(o) > 1.0 - 1e-6) {
                    others.push(x);
                }
            }
        }
    }
    ends.distinct = others.len() as u32;
    Ok(vec![ends])
}

/// The bound.
pub const CLAIM: Claim = Claim {
    key: "spm-rank-bound-landscape",
    says: "Up to the rank bound F has no global maxima but the components, and beyond it has.",
    at: "theorem on global maxima and the figure of its landscape",
    source: Source::Recalled,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "B = C(d+n−1, n) − d. At B + 1 the powers meet the subspace in n^{d−1} complex points, R of them the components; Newton's method finds the real ones, which the plain iteration approaches too slowly.",
    experiments: &["landscape"],
    judge,
    control: Some(Control {
        differs: "the rank is B + 2",
        must_fail: &["m = 4, d = 4: share of converged climbs to other maxima"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Ends25::RUNS)?;
    let sum =
        |at: &dyn Fn(&Crowd) -> bool, number: fn(&Ends) -> u32| numbers_all(&rows, at, number).iter().sum::<f64>();
    let others = |at: &dyn Fn(&Crowd) -> bool| {
        let other = sum(at, |e| e.other);
        let converged = other + sum(at, |e| e.component) + sum(at, |e| e.spurious);
        stats::point(other / converged, converged.max(0.0) as usize)
    };
    let mut checks = Vec::new();
    for (m, d, _) in PLAIN {
        let bound = uniqueness_bound(m, d);
        let at = move |p: &Crowd, r: std::ops::RangeInclusive<usize>| {
            (p.m, p.d, p.finish) == (m, d, Finish::Plain) && r.contains(&p.r)
        };
        let name = format!("m = {m}, d = {d}: share of converged climbs to other maxima");
        let below = if arm == Arm::Claim { 0..=bound } else { bound + 2..=bound + 2 };
        checks.push(Check::at_most(name, others(&|p| at(p, below.clone())), 0.0));
        if arm == Arm::Control {
            continue;
        }
        let beyond = others(&|p| at(p, bound + 2..=bound + 2));
        checks.push(Check::at_least(format!("m = {m}, d = {d}: the same at B + 2"), beyond, 0.9));
        let easy = |p: &Crowd| at(p, 0..=bound - 2);
        let component = sum(&easy, |e| e.component);
        let converged = component + sum(&easy, |e| e.spurious) + sum(&easy, |e| e.other);
        let share = stats::point(component / converged, converged.max(0.0) as usize);
        checks.push(Check::at_least(format!("m = {m}, d = {d}: share to components up to B − 2"), share, 0.98));
    }
    if arm == Arm::Claim {
        for (m, d) in NEWTON {
            let (n, r) = (m.div_ceil(2), uniqueness_bound(m, d) + 1);
            let at = move |p: &Crowd| (p.m, p.d, p.r, p.finish) == (m, d, r, Finish::Newton);
            let distinct = numbers_all(&rows, &at, |e| e.distinct);
            let allowed = (n.pow(d as u32 - 1) - r) as f64;
            let name = format!("m = {m}, d = {d}, B + 1: most other maxima of a tensor");
            checks.push(Check::at_most(name, stats::largest(&distinct), allowed));
            let some: Vec<bool> = distinct.iter().map(|x| *x >= 1.0).collect();
            checks.push(Check::at_least(
                format!("m = {m}, d = {d}, B + 1: share of tensors with one"),
                stats::fraction(&some),
                0.5,
            ));
            let at = move |p: &Crowd| (p.m, p.d, p.r, p.finish) == (m, d, r - 1, Finish::Newton);
            checks.push(Check::at_most(format!("m = {m}, d = {d}, B: share to other maxima"), others(&at), 0.0));
        }
    }
    Ok(checks)
}

/// All numbers, NaN for failed trials.
fn numbers_all(rows: &[Row<Crowd, Ends>], at: &dyn Fn(&Crowd) -> bool, number: fn(&Ends) -> u32) -> Vec<f64> {
    let mine = rows.iter().filter(|row| at(&row.point));
    mine.map(|row| row.value.as_ref().map_or(f64::NAN, |e| f64::from(number(e)))).collect()
}

/// Shares of ends over the rank.
pub const FIGURE: Figure = Figure {
    key: "landscape",
    title: "Where climbs of F end, over the rank",
    alt: "Shares of climbs over the rank for m = 4, d = 4 and others: components up to the bound B, with more and more unconverged climbs near it; beyond B + 1 nearly all reach other points with F = 1.",
    experiments: &["landscape"],
    draw,
};

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let rows = rows.of(Ends25::RUNS)?;
    let mut panels = Vec::new();
    for (m, d) in [(4, 4), (4, 5), (6, 3)] {
        let mine: Vec<_> = succeeded(&rows)
            .filter(|(p, ..)| (p.m, p.d, p.finish) == (m, d, Finish::Plain))
            .map(|(p, _, e)| (p.r, e.clone()))
            .collect();
        if mine.is_empty() {
            continue;
        }
        let mut ranks: Vec<usize> = mine.iter().map(|(r, _)| *r).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let line = |number: fn(&Ends) -> u32| -> Vec<(f64, f64)> {
            let share = |r: usize| {
                let here: Vec<f64> = mine.iter().filter(|(q, _)| *q == r).map(|(_, e)| f64::from(number(e))).collect();
                here.iter().sum::<f64>() / (here.len() as f64 * f64::from(STARTS))
            };
            ranks.iter().map(|&r| (r as f64, share(r))).collect()
        };
        let panel = Panel::new(
            format!("m = {m}, d = {d}"),
            Axis::linear("rank R"),
            Axis::linear("share of climbs").range(0.0, 1.0),
        )
        .line("component", line(|e| e.component))
        .line("other, F = 1", line(|e| e.other))
        .line("F < 1", line(|e| e.spurious))
        .line("not converged", line(|e| e.unconverged))
        .vline(uniqueness_bound(m, d) as f64, "B");
        panels.push(panel);
    }
    Ok(panels)
}
