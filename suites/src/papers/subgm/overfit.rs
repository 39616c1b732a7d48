//! Under dense noise, least squares passes a good point and overfits; SubGM with decaying steps stays.

use crate::harness::prelude::*;
use crate::papers::sensing::{Law, Rule, Run, Setting, Start};

/// Gradient descent and SubGM beyond convergence.
#[derive(Debug, Default)]
pub struct Overfit;

impl Runs for Overfit {
    type Setting = Setting;
    const KEY: &'static str = "l2-overfits";
    const ABOUT: &'static str = "Gradient descent on the squared loss and SubGM at r′=d under dense noise with few measurements: best and last iterates.";

    fn points(scale: Scale) -> Vec<Setting> {
        if scale == Scale::Smoke {
            return Vec::new();
        }
        let squares = |nu| {
            let setting = Setting::new(20, 2, 300).dense(Law::Dense, nu);
            setting.start(Start::Gaussian, 1e-3, 20).rule(Rule::LeastSquares, 0.1, 10_000)
        };
        let absolute = |nu| {
            let setting = Setting::new(20, 2, 300).dense(Law::Dense, nu).scheduled(1e-6, 1e-8, Some(nu));
            setting.start(Start::Gaussian, 1e-6, 20)
        };
        vec![squares(0.5), absolute(0.5), squares(0.0)]
    }

    fn trials(scale: Scale, point: &Setting) -> u32 {
        match scale {
            Scale::Full => 50,
            _ if point.size == 0.0 => 8,
            _ if point.rule == Rule::Geometric => 40,
            _ => 24,
        }
    }

    fn iterates(_: &Setting, trial: &Trial<'_>) -> usize {
        if trial.index < 3 { 100 } else { 0 }
    }
}

/// The claim.
pub const CLAIM: Claim = Claim {
    key: "l2-gd-overfits",
    says: "Under dense noise gradient descent on the squared loss overfits from a small start, SubGM with decaying steps does not.",
    at: "introduction",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "The paper's contrast of the losses; set-up and numbers are ours. With steps that are not summable SubGM overfits too.",
    experiments: &["l2-overfits"],
    judge,
    control: Some(Control {
        differs: "there is no noise",
        must_fail: &["least squares: median of last over best error"],
    }),
};

/// Our finding beside it.
pub const EARLY: Claim = Claim {
    key: "early-stopped-l2-beats-l1",
    says: "Under dense Gaussian noise the best iterate of least squares is closer to the truth than the last one of SubGM.",
    at: "beside the claim on overfitting",
    source: Source::Ours,
    kind: Kind::Statistical,
    expected: Verdict::Reproduced,
    note: "Robustness has its price where there is nothing to be robust against; but finding the best iterate needs an oracle.",
    experiments: &["l2-overfits"],
    judge: judge_early,
    control: Some(Control {
        differs: "least squares is not stopped at its best iterate",
        must_fail: &["median of the least-squares error over the last of SubGM"],
    }),
};

fn squares(nu: f64) -> impl Fn(&Setting) -> bool {
    move |p: &Setting| p.rule == Rule::LeastSquares && p.size == nu
}

fn absolute(p: &Setting) -> bool {
    p.rule == Rule::Geometric
}

fn over(a: &std::collections::BTreeMap<u32, f64>, b: &std::collections::BTreeMap<u32, f64>) -> stats::Estimate {
    let ratios: Vec<_> = a.iter().filter_map(|(trial, x)| b.get(trial).map(|y| x / y)).collect();
    stats::median(&ratios)
}

fn judge(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Overfit::RUNS)?;
    let worse = |run: &Run| run.err / run.best_err;
    let nu = if arm == Arm::Claim { 0.5 } else { 0.0 };
    let overfit = stats::median(&numbers(&rows, squares(nu), worse));
    let mut checks = vec![Check::at_least("least squares: median of last over best error", overfit, 1.6)];
    if arm == Arm::Claim {
        let stays = stats::median(&numbers(&rows, absolute, worse));
        checks.push(Check::at_most("SubGM: median of last over best error", stays, 1.2));
        let last = |run: &Run| run.err;
        let both = over(&by_trial(&rows, squares(0.5), last), &by_trial(&rows, absolute, last));
        checks.push(Check::at_least("median of the last errors, least squares over SubGM", both, 1.2));
    }
    Ok(checks)
}

fn judge_early(rows: &Rows<'_>, arm: Arm, _: Scale) -> Result<Vec<Check>, Unjudged> {
    let rows = rows.of(Overfit::RUNS)?;
    let error = |run: &Run| if arm == Arm::Claim { run.best_err } else { run.err };
    let ratio = over(&by_trial(&rows, squares(0.5), error), &by_trial(&rows, absolute, |run: &Run| run.err));
    Ok(vec![Check::at_most("median of the least-squares error over the last of SubGM", ratio, 0.95)])
}
