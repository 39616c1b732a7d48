//! Following the iterates, at no cost when nobody looks.

use faer::MatRef;

/// Somebody who looks at iterates.
pub trait Observe {
    /// Whether iterate `t` is to be shown. Asked once for each `t = 0, 1, …, T`, in this order; `t = 0` is `U_0`.
    fn wants(&mut self, iteration: usize) -> bool {
        let _ = iteration;
        true
    }

    /// Shows an iterate.
    fn see(&mut self, iterate: &Iterate<'_>);
}

/// An iterate as an observer sees it.
///
/// Work that is done for observers alone (the loss of the last iterate, or of a variant that does not need it) is not
/// counted as effort.
pub struct Iterate<'a> {
    /// The iteration `t`.
    pub iteration: usize,
    /// `U_t: d×r'`.
    pub u: MatRef<'a, f64>,
    /// The step `η_t` that will lead on from here; `None` at the last iterate.
    pub step: Option<f64>,
    /// Measurements evaluated at this iterate by the algorithm; 0 at the last iterate.
    pub rows_evaluated: u64,
    pub(crate) known: Gauge,
    pub(crate) measure: &'a dyn Fn(MatRef<'_, f64>) -> Gauge,
}

/// Loss and sub-gradient norm at an iterate, as far as they are known.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Gauge {
    pub loss: Option<f64>,
    pub gradient_norm: Option<f64>,
}

impl Iterate<'_> {
    /// `f(U_t)`; one pass over the data if the algorithm has not computed it.
    pub fn loss(&self) -> f64 {
        self.known.loss.or_else(|| (self.measure)(self.u).loss).unwrap_or(f64::NAN)
    }

    /// `‖G_t‖_F`; one pass over the data if the algorithm has not computed it.
    pub fn gradient_norm(&self) -> f64 {
        self.known.gradient_norm.or_else(|| (self.measure)(self.u).gradient_norm).unwrap_or(f64::NAN)
    }
}

/// Looks at nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observe for Silent {
    fn wants(&mut self, _: usize) -> bool {
        false
    }

    fn see(&mut self, _: &Iterate<'_>) {}
}

impl<O: Observe + ?Sized> Observe for &mut O {
    fn wants(&mut self, iteration: usize) -> bool {
        (**self).wants(iteration)
    }

    fn see(&mut self, iterate: &Iterate<'_>) {
        (**self).see(iterate);
    }
}

/// Calls a function at every iterate.
#[derive(Debug)]
pub struct Each<F>(pub F);

impl<F: FnMut(&Iterate<'_>)> Observe for Each<F> {
    fn see(&mut self, iterate: &Iterate<'_>) {
        (self.0)(iterate);
    }
}

/// Calls a function at chosen iterates, which must ascend.
#[derive(Debug)]
pub struct At<F> {
    iterations: Vec<usize>,
    next: usize,
    see: F,
}

impl<F: FnMut(&Iterate<'_>)> At<F> {
    /// Looks at the given iterations, in ascending order.
    pub fn new(mut iterations: Vec<usize>, see: F) -> Self {
        iterations.sort_unstable();
        iterations.dedup();
        Self { iterations, next: 0, see }
    }
}

impl<F: FnMut(&Iterate<'_>)> Observe for At<F> {
    fn wants(&mut self, iteration: usize) -> bool {
        let hit = self.iterations.get(self.next) == Some(&iteration);
        self.next += usize::from(hit);
        hit
    }

    fn see(&mut self, iterate: &Iterate<'_>) {
        (self.see)(iterate);
    }
}

/// Two observers of one run.
#[derive(Debug)]
pub struct Both<A, B> {
    first: A,
    second: B,
    wanted: (bool, bool),
}

impl<A: Observe, B: Observe> Both<A, B> {
    /// Shows every iterate to those of the two who want it.
    pub fn new(first: A, second: B) -> Self {
        Self { first, second, wanted: (false, false) }
    }

    /// Gives the observers back.
    pub fn into_parts(self) -> (A, B) {
        (self.first, self.second)
    }
}

impl<A: Observe, B: Observe> Observe for Both<A, B> {
    fn wants(&mut self, iteration: usize) -> bool {
        self.wanted = (self.first.wants(iteration), self.second.wants(iteration));
        self.wanted.0 || self.wanted.1
    }

    fn see(&mut self, iterate: &Iterate<'_>) {
        if self.wanted.0 {
            self.first.see(iterate);
        }
        if self.wanted.1 {
            self.second.see(iterate);
        }
    }
}

/// At most `points` iterations between 0 and `last`, both included, evenly spaced on a log scale.
pub fn log_spaced(last: usize, points: usize) -> Vec<usize> {
    let mut iterations = vec![0, last];
    let steps = points.saturating_sub(2);
    for k in 0..steps {
        iterations.push((last as f64).powf(k as f64 / steps as f64).round() as usize);
    }
    iterations.retain(|&t| t <= last);
    iterations.sort_unstable();
    iterations.dedup();
    iterations
}
