//! F along single climbs, for the figure.

use std::ops::ControlFlow;

use algos::{
    Error,
    tensor::{
        instance::Spec,
        power::{Limits, climb, direction},
        subspace::Subspace,
    },
};
use serde::{Deserialize, Serialize};

use super::climb::Mode;
use crate::{harness::prelude::*, record};

/// What spans the subspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    /// Powers of vectors.
    Powers,
    /// Generic symmetric tensors.
    Generic,
}

record! {
    /// A subspace and a shift.
    pub struct Path {
        /// Subspace: powers, of 60 vectors of dimension 20; generic, of one symmetric 4×4×4 tensor.
        pub span: Span,
        /// Shift: none, fixed or adaptive.
        pub mode: Mode,
    }
}

record! {
    /// A climb.
    pub struct Climbed {
        /// The derived factor per step of the distance to the component reached; 1 without one.
        pub factor: f64,
        /// Steps.
        pub steps: usize,
    }
}

record! {
    /// A point of a climb.
    pub struct Height {
        /// Step.
        pub step: usize,
        /// F there.
        pub f: f64,
        /// 1 − F.
        pub gap: f64,
    }
}

const M: usize = 4;
const D: usize = 20;
const R: usize = 60;

impl Solve for Path {
    type Run = Climbed;
    type Iterate = Height;

    fn cost(&self, rows: u32) -> Cost {
        Cost { flops: 5e7, memory: 1 << 22, rows }
    }

    fn solve(&self, trial: &Trial<'_>, iterates: usize) -> Result<(Climbed, Vec<Height>), Error> {
        let mut rng = trial.paired("instance", &(self.span == Span::Powers));
        let mut space = match self.span {
            Span::Powers => Subspace::spanned_by(Spec::new(M, D, R).truth(&mut rng)?.vectors(), M / 2)?,
            Span::Generic => Subspace::generic(4, 3, 1, &mut rng)?,
        };
        let start = direction(if self.span == Span::Powers { D } else { 4 }, &mut rng);
        let mut heights = Vec::new();
        let limits = Limits { iterations: 2000, tolerance: 1e-13 };
        let summit = climb(&mut space, &start, self.mode.shift(), limits, |step, _, f| {
            heights.push(Height { step, f, gap: 1.0 - f });
            ControlFlow::Continue(())
        });
        let factor = if self.span == Span::Powers && 1.0 - summit.f < 1e-10 {
            let (rho, _) = space.local_rate(&summit.x)?;
            let gamma = if self.mode == Mode::Fixed { 0.5f64.sqrt() } else { 0.0 };
            (rho + gamma) / (1.0 + gamma)
        } else {
            1.0
        };
        heights.truncate(iterates);
        Ok((Climbed { factor, steps: summit.iterations }, heights))
    }
}

/// Climbs step by step.
#[derive(Debug, Default)]
pub struct Ascents;

impl Runs for Ascents {
    type Setting = Path;
    const KEY: &'static str = "ascent";
    const ABOUT: &'static str =
        "F along climbs from one start with every shift, in the span of 60 squares and in that of a generic tensor.";

    fn points(_: Scale) -> Vec<Path> {
        [Span::Powers, Span::Generic].into_iter().flat_map(|span| Mode::ALL.map(|mode| Path { span, mode })).collect()
    }

    fn trials(_: Scale, _: &Path) -> u32 {
        3
    }

    fn iterates(_: &Path, _: &Trial<'_>) -> usize {
        200
    }
}

/// F over steps.
pub const FIGURE: Figure = Figure {
    key: "ascent",
    title: "F along a climb",
    alt: "Three panels. 1 − F over steps in the span of squares on a logarithmic scale: straight lines at the derived rates, the fixed shift slower than the other two. F over steps there: all rise. F in the span of a generic tensor: without a shift it oscillates, with either shift it rises.",
    experiments: &["ascent"],
    draw,
};

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let (runs, heights) = (rows.of(Ascents::RUNS)?, rows.of(Ascents::TRAJECTORY)?);
    let line = |span: Span, mode: Mode, trial: u32, y: fn(&Height) -> f64| -> Vec<(f64, f64)> {
        succeeded(&heights)
            .filter(|(p, t, _): &(&Path, u32, &Height)| (p.span, p.mode, *t) == (span, mode, trial))
            .map(|(_, _, h)| (h.step as f64, y(h)))
            .collect()
    };
    let steps = || Axis::linear("step");
    let mut gap = Panel::new("Span of 60 squares, d = 20", steps(), Axis::log("1 − F").range(1e-15, 1.0));
    for mode in Mode::ALL {
        let points = line(Span::Powers, mode, 0, |h| h.gap);
        let factor = succeeded(&runs)
            .find(|(p, t, _): &(&Path, u32, &Climbed)| (p.span, p.mode, *t) == (Span::Powers, mode, 0))
            .map_or(1.0, |(_, _, run)| run.factor);
        let anchor = points.iter().find(|(_, gap)| *gap < 1e-9).copied();
        gap = gap.line(mode.name(), points);
        // No shift and the adaptive one share their rate.
        if let (Some((t, y)), true) = (anchor, mode != Mode::None) {
            let at = |s: f64| (t + s, y * factor.powf(2.0 * s));
            let formula = if mode == Mode::Fixed { "((ρ + γ)/(1 + γ))^{2t}" } else { "ρ^{2t}" };
            let back = (y / 1e-2).ln() / (2.0 * factor.ln());
            let ahead = (1e-14 / y).ln() / (2.0 * factor.ln());
            gap = gap.theory(formula, vec![at(-back), at(ahead)]);
        }
    }
    let mut panels = vec![gap];
    // Of the climbs of a generic span the one that falls most without a shift.
    let fall = |trial: u32| {
        let f: Vec<f64> = line(Span::Generic, Mode::None, trial, |h| h.f).into_iter().map(|p| p.1).collect();
        f.windows(2).map(|w| w[0] - w[1]).fold(0.0, f64::max)
    };
    let worst = (0..3).max_by(|a, b| fall(*a).total_cmp(&fall(*b))).unwrap_or(0);
    for (span, trial, title, most) in
        [(Span::Powers, 0, "The same, F", 60.0), (Span::Generic, worst, "Span of a generic 4×4×4 tensor", 30.0)]
    {
        let mut panel = Panel::new(title, Axis::linear("step").range(0.0, most), Axis::linear("F"));
        for mode in Mode::ALL {
            let points = line(span, mode, trial, |h| h.f).into_iter().filter(|p| p.0 <= most).collect();
            panel = panel.line(mode.name(), points);
        }
        panels.push(panel);
    }
    Ok(panels)
}
