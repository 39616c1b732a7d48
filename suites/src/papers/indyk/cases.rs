//! Cases of the family `kernel`: exact tiles by dimension, and planned products by the number of points.

use std::{fs, io, path::Path, sync::OnceLock};

use algos::{
    Effort, Error, Par,
    kernel::{
        Engine, Points, Problem as Kernel, Variant,
        approximate::{self, Options},
        fast::limit,
        instance::{Layout, cluster},
        multiply,
    },
    simd::Simd,
};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::setting::{distance, norm, unit};
use crate::harness::{
    case::{Accuracy, Case, Output, Problem, Role, Run, Unknown, Work, Wrong},
    experiment::Scale,
    npy,
};

/// All cases of the paper.
pub const ALL: &[&dyn Case] = &[&TILE8, &TILE64, &APPROXIMATE4, &APPROXIMATE16, &APPROXIMATE64];

/// What the machine allows: the multiply-adds and exponentials of the exact product, which solves nothing.
pub(super) const LIMIT: &str = "fma_and_exp";
/// The literal sums.
pub(super) const REFERENCE: &str = "reference";
/// The tile in double precision.
pub(super) const DOUBLE: &str = "tile_f64";
/// The tile in single precision.
pub(super) const SINGLE: &str = "tile_f32";
const EXACT: &[&str] = &[REFERENCE, DOUBLE, SINGLE, LIMIT];
/// Planned products by their error, everything charged: pilot, plan, certificate.
pub(super) const PLANNED: &[(&str, f64)] = &[("planned_0.5", 0.5), ("planned_0.2", 0.2), ("planned_0.1", 0.1)];
const COMPARED: &[&str] = &[DOUBLE, SINGLE, "planned_0.5", "planned_0.2", "planned_0.1"];

pub(super) const TILE8: Product = Product {
    key: "kernel/exact-d8",
    about: "exact product, 2048 points in 8 dimensions",
    n: 2048,
    d: 8,
    scale: Scale::Smoke,
    planned: None,
};
pub(super) const TILE64: Product = Product {
    key: "kernel/exact-d64",
    about: "exact product, 2048 points in 64 dimensions",
    n: 2048,
    d: 64,
    scale: Scale::Smoke,
    planned: None,
};
const APPROXIMATE4: Product = Product {
    key: "kernel/planned-n4096",
    about: "clusters in 64 dimensions, 4096 points: exact and planned to errors of 0.5, 0.2, 0.1",
    n: 4096,
    d: 64,
    scale: Scale::Smoke,
    planned: Some(Layout::Cluster),
};
const APPROXIMATE16: Product = Product {
    key: "kernel/planned-n16384",
    about: "clusters in 64 dimensions, 16,384 points: exact and planned to errors of 0.5, 0.2, 0.1",
    n: 16384,
    d: 64,
    scale: Scale::Default,
    planned: Some(Layout::Cluster),
};
const APPROXIMATE64: Product = Product {
    key: "kernel/planned-n65536",
    about: "clusters in 64 dimensions, 65,536 points: exact and planned to errors of 0.5, 0.2, 0.1",
    n: 65536,
    d: 64,
    scale: Scale::Full,
    planned: Some(Layout::Cluster),
};

pub(super) struct Product {
    key: &'static str,
    about: &'static str,
    n: usize,
    d: usize,
    scale: Scale,
    /// How points lie where planned products are compared; none where only exact ones are.
    planned: Option<Layout>,
}

impl Product {
    /// Planned products of any size.
    pub(super) fn planned(layout: Layout, n: usize, d: usize) -> Self {
        let about = "exact, and planned to errors of 0.5, 0.2, 0.1";
        Self { key: "kernel/planned", about, n, d, scale: Scale::Full, planned: Some(layout) }
    }
}

impl Case for Product {
    fn key(&self) -> &'static str {
        self.key
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn scale(&self) -> Scale {
        self.scale
    }

    fn variants(&self) -> &'static [&'static str] {
        if self.planned.is_none() { EXACT } else { COMPARED }
    }

    fn role(&self, variant: &str) -> Role {
        match variant {
            LIMIT => Role::Bound,
            SINGLE => Role::Single,
            _ => Role::Algorithm,
        }
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (queries, keys) = match self.planned {
            None => cluster(self.n, self.d, 16, 2.0, &mut rng)?,
            Some(layout) => layout.draw(self.n, &mut rng)?,
        };
        let (x, expected) = (vec![1.0; self.n], OnceLock::new());
        Ok(Box::new(Instance { queries, keys, x, exact: self.planned.is_none(), rng, expected }))
    }
}

struct Instance {
    queries: Points,
    keys: Points,
    x: Vec<f64>,
    exact: bool,
    /// What planned products draw from, the same in every run.
    rng: ChaCha8Rng,
    expected: OnceLock<Vec<f64>>,
}

impl Problem for Instance {
    fn prepare<'a>(&'a self, variant: &str, par: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        let problem = unit(&self.queries, &self.keys)?;
        let engine = Engine { simd: Simd::detect(), par };
        if variant == LIMIT {
            let (pairs, d) = (self.x.len() * self.x.len(), self.keys.dimension());
            return Ok(Box::new(Call(move || Ok((vec![limit(engine, pairs, d)], Effort::default())))));
        }
        if let Some(&(_, epsilon)) = PLANNED.iter().find(|(name, _)| *name == variant) {
            return Ok(self.planned(problem, epsilon, engine));
        }
        let variant = Variant::from_name(variant).ok_or_else(|| Unknown::Variant(variant.to_owned()))?;
        Ok(Box::new(Call(move || {
            let done = multiply(variant, &problem, &self.x, engine)?;
            Ok((done.value, done.effort))
        })))
    }

    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        let expected = self.expected.get_or_init(|| {
            // Where tiles are judged the compensated sum judges; where plans are, a tile is exact enough.
            let judge = if self.exact { Variant::Reference } else { Variant::TileF64 };
            let exact = unit(&self.queries, &self.keys).and_then(|p| multiply(judge, &p, &self.x, Engine::detect()));
            exact.map(|done| done.value).unwrap_or_default()
        });
        if expected.len() != output.values.len() {
            return Err(Wrong(format!("{} values instead of {}", output.values.len(), expected.len())));
        }
        let distance = distance(expected, &output.values);
        if self.exact {
            // Single precision over sums of 2048 terms.
            return Accuracy { error: distance / norm(expected), contract: 3e-6 }.kept();
        }
        // The loosest error that a planned product is asked for, with room for a rare miss.
        Accuracy { error: distance / norm(&self.x), contract: 0.75 }.kept()
    }

    fn work(&self, _: &str) -> Work {
        let (n, d) = (self.x.len() as f64, self.keys.dimension() as f64);
        Work { flops: n * n * (2.0 * d + 34.0), bytes: 16.0 * n * d }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        for (name, points) in [("queries", &self.queries), ("keys", &self.keys)] {
            npy::write(&folder.join(format!("{name}.npy")), &[points.len(), points.dimension()], points.coordinates())?;
        }
        npy::write(&folder.join("x.npy"), &[self.x.len()], &self.x)
    }
}

impl Instance {
    fn planned<'a>(&'a self, problem: Kernel<'a>, epsilon: f64, engine: Engine) -> Box<dyn Run + 'a> {
        Box::new(Call(move || {
            // Approximate even where that does not pay: the case is there to show where it does.
            let options = Options { force: true, ..Options::new(epsilon) };
            let done = approximate::multiply(&problem, &self.x, &options, engine, &mut self.rng.clone())?;
            Ok((done.value.y, done.effort))
        }))
    }
}

/// A variant as a function.
struct Call<F>(F);

impl<F: FnMut() -> Result<(Vec<f64>, Effort), Error> + Send> Run for Call<F> {
    fn run(&mut self) -> Result<Output, Error> {
        let (values, effort) = (self.0)()?;
        Ok(Output { values, effort })
    }
}
