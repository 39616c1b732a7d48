//! One sketched regression: the point, the record, and the experiment made of them.

use std::rc::Rc;

use algos::{
    Error,
    sketch::{
        Variant,
        instance::{Instance, balanced, balanced_dense, incoherent, spiked},
        leverage_scores,
        regression::sketch_and_solve,
        sample_rows,
    },
};
use serde::{Deserialize, Serialize};

use super::super::sketching::Map;
use crate::{harness::prelude::*, record};

/// The regression problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Data {
    /// Stacked identities and spikes on zero rows: hard for sparse sketches.
    Spiked,
    /// A random subspace and a random residual.
    Incoherent,
    /// Stacked identities and opposite spikes on copies: hard for sampling of rows.
    Balanced,
    /// The same matrix and a dense residual.
    BalancedDense,
}

record! {
    /// A point: problem and sketch.
    pub struct Setting {
        /// Problem: spiked, incoherent, balanced or balanced-dense.
        pub data: Data,
        /// Sketch.
        pub sketch: Map,
        /// Rows of A.
        pub n: usize,
        /// Columns of A.
        pub d: usize,
        /// Rows of the sketch.
        pub m: usize,
        /// Copies of the identity in A.
        pub c: usize,
        /// Spikes in the residual.
        pub k: usize,
    }
}

record! {
    /// What a sketched regression leaves.
    pub struct Run {
        /// R = √m ‖x′ − x*‖_∞/(‖r‖ ‖A⁺‖).
        pub linf: f64,
        /// √(m/d) ‖x′ − x*‖₂/(‖r‖ ‖A⁺‖).
        pub l2: f64,
        /// ‖x′ − x*‖_∞.
        pub err_inf: f64,
    }
}

impl Setting {
    /// The problem of a trial, the same for all sketches.
    pub fn instance(&self, trial: &Trial<'_>) -> Result<Rc<Instance>, Error> {
        trial.shared("instance", &self.problem(), |rng| match self.data {
            Data::Spiked => spiked(self.n, self.d, self.c, self.k, rng),
            Data::Incoherent => incoherent(self.n, self.d, rng),
            Data::Balanced => balanced(self.d, self.c, self.k, rng),
            Data::BalancedDense => balanced_dense(self.d, self.c, rng),
        })
    }

    fn problem(&self) -> (Data, usize, usize, usize, usize) {
        (self.data, self.n, self.d, self.c, self.k)
    }
}

impl Solve for Setting {
    type Run = Run;
    type Iterate = NoIterate;

    fn cost(&self, rows: u32) -> Cost {
        let (n, d, m) = (self.n as f64, self.d as f64, self.m as f64);
        let dense = match self.sketch {
            Map::Gaussian => 2.0 * m * n * (d + 20.0),
            Map::Srdct | Map::Circulant => 200.0 * n * (d + 16.0),
            Map::Leverage => 8.0 * n * d * d,
            _ => 60.0 * n * (d + 8.0),
        };
        Cost { flops: dense + 4.0 * m * d * d, memory: (24.0 * n * d) as u64, rows }
    }

    fn company(&self) -> Option<String> {
        Some(format!("{:?}", self.problem()))
    }

    /// Draws the problem and the sketch of a trial and solves.
    fn solve(&self, trial: &Trial<'_>, _: usize) -> Result<(Run, Vec<NoIterate>), Error> {
        let instance = self.instance(trial)?;
        let mut rng = trial.rng("sketch");
        let sketch = match self.sketch {
            Map::Leverage => {
                let scores = trial.shared("scores", &self.problem(), |_| leverage_scores(instance.a.as_ref()))?;
                sample_rows(&scores, self.m, 2.0, &mut rng)?
            }
            map => {
                let (law, m) = map.law(self.m, self.n);
                law.draw(m, self.n, &mut rng)?
            }
        };
        let x = sketch_and_solve(Variant::Fast, &sketch, instance.a.as_ref(), &instance.b)?.value;
        let (largest, length) = instance.errors(&x);
        let (m, d) = (self.m as f64, self.d as f64);
        let run = Run { linf: m.sqrt() * largest, l2: (m / d).sqrt() * length, err_inf: largest };
        Ok((run, Vec::new()))
    }
}
