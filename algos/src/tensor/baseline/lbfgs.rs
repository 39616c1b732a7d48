//! Limited-memory BFGS with a line search for the weak Wolfe conditions by bisection.

use std::collections::VecDeque;
use std::ops::ControlFlow;

/// Where a minimization ended.
pub(super) struct Minimum {
    pub x: Vec<f64>,
    pub evaluations: u64,
}

/// Sufficient decrease and curvature.
const DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;

/// Minimizes `f` from `x`; `f(x, gradient)` returns the value. `see(f)` sees every accepted step and may end the run.
/// Cost: one or two evaluations a step and `4·memory` passes over `x`.
pub(super) fn minimize(
    mut x: Vec<f64>,
    memory: usize,
    most: u64,
    mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
    mut see: impl FnMut(&[f64], f64) -> ControlFlow<()>,
) -> Minimum {
    let size = x.len();
    let mut g = vec![0.0; size];
    let mut value = f(&x, &mut g);
    let mut evaluations = 1;
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)> = VecDeque::new();
    let (mut next, mut next_g) = (vec![0.0; size], vec![0.0; size]);
    while evaluations < most {
        if see(&x, value).is_break() {
            break;
        }
        let mut p = direction(&g, &pairs);
        let mut slope = dot(&p, &g);
        if slope >= 0.0 || !slope.is_finite() {
            pairs.clear();
            p = g.iter().map(|g| -g).collect();
            slope = dot(&p, &g);
        }
        if slope == 0.0 {
            break;
        }
        let (mut low, mut high) = (0.0, f64::INFINITY);
        let mut t = if pairs.is_empty() { 1.0f64.min(1.0 / dot(&g, &g).sqrt()) } else { 1.0 };
        let accepted = loop {
            next.iter_mut().zip(&x).zip(&p).for_each(|((n, x), p)| *n = x + t * p);
            let trial = f(&next, &mut next_g);
            evaluations += 1;
            if trial.is_nan() || trial > value + DECREASE * t * slope {
                high = t;
            } else if dot(&p, &next_g) < CURVATURE * slope {
                low = t;
            } else {
                break Some(trial);
            }
            t = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * low };
            if evaluations >= most || high - low <= 1e-16 * high {
                break None;
            }
        };
        let Some(trial) = accepted else { break };
        let s: Vec<f64> = next.iter().zip(&x).map(|(n, x)| n - x).collect();
        let y: Vec<f64> = next_g.iter().zip(&g).map(|(n, g)| n - g).collect();
        let along = dot(&s, &y);
        if along > 0.0 {
            pairs.push_back((s, y, along));
            if pairs.len() > memory {
                pairs.pop_front();
            }
        }
        std::mem::swap(&mut x, &mut next);
        std::mem::swap(&mut g, &mut next_g);
        value = trial;
    }
    Minimum { x, evaluations }
}

/// The two-loop recursion.
fn direction(g: &[f64], pairs: &VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut q: Vec<f64> = g.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for (s, y, along) in pairs.iter().rev() {
        let share = dot(s, &q) / along;
        q.iter_mut().zip(y).for_each(|(q, y)| *q -= share * y);
        shares.push(share);
    }
    if let Some((_, y, along)) = pairs.back() {
        let scale = along / dot(y, y);
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for ((s, y, along), share) in pairs.iter().zip(shares.iter().rev()) {
        let rest = share - dot(y, &q) / along;
        q.iter_mut().zip(s).for_each(|(q, s)| *q += rest * s);
    }
    q
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
