//! Ridge ensembles on real data, judged on rows that they have not seen.

use algos::{
    Error,
    sketch::ridge::{Fit, average, gcv},
};
use faer::{Mat, MatRef};
use rand::seq::index;

use super::super::sketching::Map;
use super::setting::member;
use crate::{harness::prelude::*, record};

record! {
    /// A sketch.
    pub struct Which {
        /// Sketch of the features.
        pub sketch: Map,
    }
}

record! {
    /// An ensemble on a random training set.
    pub struct Held {
        /// Generalized cross-validation over the error on the rest, minus 1.
        pub gcv: f64,
        /// Training error over the error on the rest, minus 1.
        pub train: f64,
        /// Mean squared error on the rest.
        pub error: f64,
    }
}

/// The sketches that are tried.
pub const MAPS: [Map; 3] = [Map::Srdct, Map::Srht, Map::Gaussian];
const MEMBERS: usize = 5;
const LAMBDA: f64 = 1e-3;

/// Rows of a table, of which some are drawn for training.
pub struct Split<'a> {
    /// Features, `n×p`.
    pub features: MatRef<'a, f64>,
    /// What each column is divided by.
    pub sizes: &'a [f64],
    /// The response, `n` entries.
    pub response: &'a [f64],
    /// Training rows.
    pub train: usize,
    /// Features of a sketch.
    pub q: usize,
}

impl Split<'_> {
    /// An ensemble of five with small penalties on a random training set, and its error on all other rows.
    pub fn hold_out(&self, sketch: Map, trial: &Trial<'_>) -> Result<Held, Error> {
        let (n, p) = self.features.shape();
        let order = index::sample(&mut trial.paired("split", &()), n, n).into_vec();
        let part = |rows: &[usize]| {
            let x = Mat::from_fn(rows.len(), p, |i, j| self.features[(rows[i], j)] / self.sizes[j]);
            (x, rows.iter().map(|&i| self.response[i]).collect::<Vec<f64>>())
        };
        let ((x, y), (fresh, expected)) = (part(&order[..self.train]), part(&order[self.train..]));
        let mut rng = trial.rng("sketches");
        let mut fits: Vec<Fit> = Vec::new();
        for _ in 0..MEMBERS {
            fits.append(&mut member(x.as_ref(), &y, sketch, self.q, &[LAMBDA], &mut rng)?.0);
        }
        let ensemble = average(&fits.iter().collect::<Vec<_>>())?;
        let estimate = gcv(x.as_ref(), &y, &ensemble)?;
        let square = |i: usize| {
            let fitted: f64 = ensemble.beta.iter().enumerate().map(|(j, beta)| beta * fresh[(i, j)]).sum();
            (expected[i] - fitted).powi(2)
        };
        let error = (0..expected.len()).map(square).sum::<f64>() / expected.len() as f64;
        Ok(Held { gcv: estimate.value / error - 1.0, train: estimate.train / error - 1.0, error })
    }
}

/// For each sketch the mean of the estimate over the error, minus 1, within `±range`; in the control that of the training
/// error.
pub fn near(rows: &[Row<Which, Held>], arm: Arm, range: f64) -> Vec<Check> {
    let number = |held: &Held| if arm == Arm::Claim { held.gcv } else { held.train };
    let check = |map: Map| {
        let all = numbers(rows, |which: &Which| which.sketch == map, number);
        Check::new(format!("{}: mean estimate over error, minus 1", map.name()), stats::mean(&all), (-range, range))
    };
    MAPS.map(check).into()
}
