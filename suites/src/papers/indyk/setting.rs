//! What the experiments share.

use algos::{
    Error,
    kernel::{Bandwidth, Engine, Points, Problem, Variant, instance::Layout, multiply},
};
use serde::{Deserialize, Serialize};

use crate::harness::prelude::*;

/// A family of sets of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Set {
    /// Clusters of 16 queries and 16 keys in 64 dimensions.
    Cluster,
    /// Uniform at constant density, two dimensions.
    Box2,
    /// The same in three.
    Box3,
    /// Word vectors in a context that carries 80 % of them.
    Context,
    /// Word vectors that carry 90 % of themselves: frequent words repeat.
    Identity,
    /// One cloud in 64 dimensions.
    Fixed,
    /// A denser cloud in 16 dimensions.
    Dense,
    /// One key that all queries see equally.
    Hub,
}

impl Set {
    /// How it is drawn.
    pub fn layout(self) -> Layout {
        match self {
            Self::Cluster => Layout::Cluster,
            Self::Box2 => Layout::Box { d: 2 },
            Self::Box3 => Layout::Box { d: 3 },
            Self::Context => Layout::Context { identity: 0.2 },
            Self::Identity => Layout::Context { identity: 0.9 },
            Self::Fixed => Layout::Fixed { d: 64, kappa: 0.01 },
            Self::Dense => Layout::Fixed { d: 16, kappa: 0.05 },
            Self::Hub => Layout::Hub,
        }
    }

    /// The name in checks and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cluster => "clusters",
            Self::Box2 => "box, d = 2",
            Self::Box3 => "box, d = 3",
            Self::Context => "context",
            Self::Identity => "word identity",
            Self::Fixed => "one cloud",
            Self::Dense => "dense cloud",
            Self::Hub => "hub",
        }
    }

    /// Draws it.
    pub fn draw(self, n: usize, trial: &Trial<'_>) -> Result<(Points, Points), Error> {
        self.layout().draw(n, &mut trial.paired("points", &(self, n)))
    }

    /// Dimension.
    pub fn dimension(self) -> usize {
        match self {
            Self::Box2 => 2,
            Self::Box3 => 3,
            Self::Dense => 16,
            Self::Hub => 128,
            _ => 64,
        }
    }
}

/// The problem of bandwidth one.
pub fn unit<'a>(queries: &'a Points, keys: &'a Points) -> Result<Problem<'a>, Error> {
    Problem::new(queries, keys, Bandwidth::StandardDeviation(1.0))
}

/// The exact product.
pub fn exact(problem: &Problem<'_>, x: &[f64]) -> Result<Vec<f64>, Error> {
    Ok(multiply(Variant::TileF64, problem, x, Engine::detect())?.value)
}

/// `‖x‖₂`.
pub fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// `‖a − b‖₂`.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// The flops of a tile.
pub fn tile_flops(n: usize, d: usize) -> f64 {
    (n * n) as f64 * (2 * d + 34) as f64
}

/// Root mean square over seeds.
pub fn rms(values: &[f64]) -> stats::Estimate {
    stats::bootstrap(values, |v| (v.iter().map(|x| **x * **x).sum::<f64>() / v.len() as f64).sqrt())
}
