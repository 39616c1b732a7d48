//! Ding, Jiang, Chen, Qu & Zhu: rank-overspecified robust matrix recovery.

use super::sensing::{Law, Rule, Run, Setting, Snapshot, Start};
use crate::harness::prelude::*;

/// The paper.
pub const PAPER: Paper = Paper {
    key: "ding",
    family: "recovery",
    title: "Rank Overspecified Robust Matrix Recovery: Subgradient Method and Exact Recovery",
    authors: "Lijun Ding, Liwei Jiang, Yudong Chen, Qing Qu and Zhihui Zhu",
    year: 2021,
    link: "https://arxiv.org/abs/2109.11154",
    bibtex: "@inproceedings{ding2021rank,
  author    = {Lijun Ding and Liwei Jiang and Yudong Chen and Qing Qu and Zhihui Zhu},
  title     = {Rank Overspecified Robust Matrix Recovery: Subgradient Method and Exact Recovery},
  booktitle = {Advances in Neural Information Processing Systems},
  year      = {2021},
  eprint    = {2109.11154},
  archivePrefix = {arXiv}
}",
    about: "The same problem and loss from a good rather than a tiny start, with steps that diminish with the \
            residuals: exact recovery at a sublinear rate when the rank is over-specified, at a linear rate when it \
            is exact. We read the abstract; that steps follow the median residual is recalled, its factor is ours.",
    experiments: &[&MedianStep],
    claims: &[CLAIM],
    figures: &[Figure {
        key: "rate-by-rank",
        title: "Median-scaled steps: linear at the exact rank, sublinear above it",
        alt: "Relative error over iterations for two densities of outliers. At r′=2 the error falls geometrically to \
              machine precision; at r′=20 it falls like 1/t and is near 1e-2 after 1500 iterations.",
        experiments: &["median-step"],
        draw,
    }],
    cases: &[],
};

const ITERATIONS: usize = 1500;

/// Steps that follow the median residual.
#[derive(Debug, Default)]
pub struct MedianStep;

impl Runs for MedianStep {
    type Setting = Setting;
    const KEY: &'static str = "median-step";
    const ABOUT: &'static str = "SubGM with steps proportional to the median residual from a start that is not small, at the exact rank and far above it.";

    fn points(scale: Scale) -> Vec<Setting> {
        let base = |p| Setting::new(20, 2, 1600).outliers(Law::Gauss, p, 10.0).rule(Rule::Median, 0.15, ITERATIONS);
        let densities: &[f64] = if scale == Scale::Smoke { &[0.2] } else { &[0.2, 0.45] };
        let mut points = Vec::new();
        for &p in densities {
            points.push(base(p).start(Start::Spectral, 0.7, 2));
            points.push(base(p).start(Start::Gaussian, 0.7, 20));
            if scale != Scale::Smoke {
                points.push(base(p).start(Start::Spectral, 0.7, 20));
            }
        }
        points
    }

    fn trials(scale: Scale, _: &Setting) -> u32 {
        match scale {
            Scale::Smoke => 3,
            Scale::Default => 6,
            Scale::Full => 30,
        }
    }

    fn iterates(_: &Setting, _: &Trial<'_>) -> usize {
        60
    }
}

const CLAIM: Claim = Claim {
    key: "ding-rate-by-rank",
    says: "With diminishing steps from a good start the rate is sublinear when the rank is over-specified and linear when it is exact.",
    at: "abstract",
    source: Source::Paper,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The Gaussian start of full width is the primary one.",
    experiments: &["median-step"],
    judge,
    control: Some(Control {
        differs: "the rank is exact (r′ = r): there is no sublinear phase",
        must_fail: &["p=0.2, gaussian start: median relative error at r′=20"],
    }),
};

fn judge(rows: &Rows<'_>, arm: Arm, scale: Scale) -> Result<Vec<Check>, Unjudged> {
    let runs = rows.of(MedianStep::RUNS)?;
    let tails = tails(rows)?;
    let rerr = |run: &Run| run.rerr;
    let (densities, starts): (&[f64], &[Start]) = match scale {
        Scale::Smoke => (&[0.2], &[Start::Gaussian]),
        _ => (&[0.2, 0.45], &[Start::Gaussian, Start::Spectral]),
    };
    let mut checks = Vec::new();
    for &p in densities {
        let exact = move |s: &Setting| s.p == p && s.width == 2;
        for &start in starts {
            let wide = move |s: &Setting| s.p == p && s.width == 20 && s.start == start;
            let name = format!("p={p}, {} start", if start == Start::Gaussian { "gaussian" } else { "spectral" });
            let at = |s: &Setting| if arm == Arm::Claim { wide(s) } else { exact(s) };
            let left = stats::median(&numbers(&runs, at, rerr));
            checks.push(Check::at_least(format!("{name}: median relative error at r′=20"), left, 1e-3));
            if arm == Arm::Claim {
                let tail: Vec<_> = tails.iter().filter(|((s, _), _)| wide(s)).map(|(_, tail)| tail).collect();
                let slope = stats::slope_over_seeds(&tail, stats::Axes::LogLog);
                checks.push(Check::new(format!("{name}: power of t over [100, 1500] at r′=20"), slope, (-1.15, -0.5)));
            }
        }
        if arm == Arm::Claim {
            let reached = stats::median(&numbers(&runs, exact, rerr));
            checks.push(Check::at_most(format!("p={p}: median relative error at r′=2"), reached, 1e-10));
        }
    }
    Ok(checks)
}

type Tail = ((Setting, u32), Vec<(f64, f64)>);

/// The trajectories from iteration 100 on, by setting and seed.
fn tails(rows: &Rows<'_>) -> Result<Vec<Tail>, Unjudged> {
    let mut tails: Vec<Tail> = Vec::new();
    for (point, trial, row) in succeeded(&rows.of(MedianStep::TRAJECTORY)?) {
        if tails.last().is_none_or(|((p, t), _)| (p, *t) != (point, trial)) {
            tails.push(((point.clone(), trial), Vec::new()));
        }
        if let (Some((_, tail)), true) = (tails.last_mut(), row.iteration >= 100) {
            tail.push((row.iteration as f64, row.rerr));
        }
    }
    Ok(tails)
}

fn draw(rows: &Rows<'_>) -> Result<Vec<Panel>, Unjudged> {
    let all = rows.of(MedianStep::TRAJECTORY)?;
    let mut panels = Vec::new();
    for (p, title) in [(0.2, "20 % outliers"), (0.45, "45 % outliers")] {
        let mut panel = Panel::new(title, Axis::log("iteration t"), Axis::log("‖UUᵀ − X*‖_F / ‖X*‖_F"));
        let mut any = false;
        for (width, label) in [(2, "r′ = 2"), (20, "r′ = 20")] {
            let band = band(
                &all,
                |s: &Setting| s.p == p && s.width == width && (width == 2 || s.start == Start::Gaussian),
                |snapshot: &Snapshot| (snapshot.iteration as f64, snapshot.rerr),
            );
            any |= !band.is_empty();
            panel = panel.line_band(label, band);
        }
        if any {
            let guide = [100.0, 1500.0].map(|t| (t, 3.0 / t)).to_vec();
            panels.push(panel.guide("slope −1", guide));
        }
    }
    Ok(panels)
}
