//! Seeded sets of points, for `σ = 1`.

use rand::{Rng, RngExt, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::Points;
use crate::error::{Error, argument};

/// `n` numbers from the standard normal distribution.
pub fn gaussian(n: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..n).map(|_| rng.sample(StandardNormal)).collect()
}

/// How queries and keys lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Clusters of 16 queries and 16 keys, 64 dimensions; the sum of `K` is about `11.7n` for every `n`.
    Cluster,
    /// Uniform in a cube whose volume grows with `n`: constant density.
    Box {
        /// Dimension.
        d: usize,
    },
    /// One Gaussian cloud whatever `n` is: the sum of `K` is `kappa·n²`.
    Fixed {
        /// Dimension.
        d: usize,
        /// Mean entry of `K`.
        kappa: f64,
    },
    /// Words with Zipf frequencies in a slowly moving context, 64 dimensions: a model of an attention head.
    Context {
        /// The share of a word's identity in its key.
        identity: f64,
    },
    /// Points on a sphere, and one key in its centre that all queries see equally; 128 dimensions.
    Hub,
}

/// Queries in a cluster, and keys.
const CLUSTER: usize = 16;
/// Sum of a row of `K` over the other clusters.
const BACKGROUND: f64 = 2.0;
/// Keys per unit of the Gaussian's volume `(2π)^{d/2}` in a box.
const DENSITY: f64 = 5.0;

impl Layout {
    /// A short name.
    pub fn name(self) -> String {
        match self {
            Self::Cluster => "cluster".into(),
            Self::Box { d } => format!("box, d = {d}"),
            Self::Fixed { d, kappa } => format!("fixed, d = {d}, κ = {kappa}"),
            Self::Context { identity } => format!("context, {identity} identity"),
            Self::Hub => "hub".into(),
        }
    }

    /// Draws `n` queries and `n` keys.
    ///
    /// # Errors
    ///
    /// Fewer than 16 points in clusters; a mean entry outside (0, 1); an identity outside [0, 1].
    pub fn draw(self, n: usize, rng: &mut ChaCha8Rng) -> Result<(Points, Points), Error> {
        match self {
            Self::Cluster => cluster(n, 64, CLUSTER, BACKGROUND, rng),
            Self::Box { d } => cube(n, d, rng),
            Self::Fixed { d, kappa } => cloud(n, d, kappa, rng),
            Self::Context { identity } => context(n, identity, rng),
            Self::Hub => hub(n, rng),
        }
    }
}

/// `n/size` centres, far enough apart that a row of `K` has the sum `background` outside its cluster, with `size` queries
/// and `size` keys about each, in random order; squared distances within a cluster are 1 on average.
///
/// # Errors
///
/// Fewer than `size` points; a size of zero.
pub fn cluster(
    n: usize,
    d: usize,
    size: usize,
    background: f64,
    rng: &mut ChaCha8Rng,
) -> Result<(Points, Points), Error> {
    argument(size > 0 && n >= size && d > 0, "n", n as f64, "a cluster needs its points and a dimension")?;
    let near = 1.0 / (2.0 * d as f64);
    let far = (((n as f64 / background).powf(2.0 / d as f64) - 1.0) / 2.0 - near).max(0.0).sqrt();
    let centres: Vec<f64> = gaussian(n / size * d, rng).into_iter().map(|z| far * z).collect();
    let mut draw = || {
        let mut order: Vec<usize> = (0..n).map(|i| i % (n / size)).collect();
        order.shuffle(rng);
        let about = |c: usize| centres[c * d..(c + 1) * d].to_vec();
        let points: Vec<f64> = order.into_iter().flat_map(about).collect();
        let noise = gaussian(n * d, rng);
        Points::new(n, d, points.iter().zip(noise).map(|(c, z)| c + near.sqrt() * z).collect())
    };
    Ok((draw()?, draw()?))
}

fn cube(n: usize, d: usize, rng: &mut ChaCha8Rng) -> Result<(Points, Points), Error> {
    let side = box_side(n, d);
    let mut draw = || Points::new(n, d, (0..n * d).map(|_| side * rng.random::<f64>()).collect());
    Ok((draw()?, draw()?))
}

/// The side of the box of `n` points.
pub fn box_side(n: usize, d: usize) -> f64 {
    (n as f64 / DENSITY).powf(1.0 / d as f64) * std::f64::consts::TAU.sqrt()
}

fn cloud(n: usize, d: usize, kappa: f64, rng: &mut ChaCha8Rng) -> Result<(Points, Points), Error> {
    argument(kappa > 0.0 && kappa < 1.0, "kappa", kappa, "must be in (0, 1)")?;
    let size = ((kappa.powf(-2.0 / d as f64) - 1.0) / 2.0).sqrt();
    let mut draw = || Points::new(n, d, gaussian(n * d, rng).into_iter().map(|z| size * z).collect());
    Ok((draw()?, draw()?))
}

fn context(n: usize, identity: f64, rng: &mut ChaCha8Rng) -> Result<(Points, Points), Error> {
    const D: usize = 64;
    const WORDS: usize = 5000;
    argument((0.0..=1.0).contains(&identity), "identity", identity, "must be in [0, 1]")?;
    let size = ((65536f64.powf(2.0 / D as f64) - 1.0) / 2.0).sqrt();
    let words = gaussian(WORDS * D, rng);
    let mut cumulative = Vec::with_capacity(WORDS);
    let mut total = 0.0;
    for word in 0..WORDS {
        total += 1.0 / (word as f64 + 2.7);
        cumulative.push(total);
    }
    let mut state = gaussian(D, rng);
    let (mut queries, mut keys) = (Vec::with_capacity(n * D), Vec::with_capacity(n * D));
    for i in 0..n {
        if i > 0 {
            let move_by = 0.19f64.sqrt();
            state.iter_mut().for_each(|c| *c = 0.9 * *c + move_by * rng.sample::<f64, _>(StandardNormal));
        }
        let at = total * rng.random::<f64>();
        let word = cumulative.partition_point(|&c| c <= at).min(WORDS - 1);
        for (c, e) in state.iter().zip(&words[word * D..(word + 1) * D]) {
            let h = size * (identity.sqrt() * e + (1.0 - identity).sqrt() * c);
            keys.push(h);
            queries.push(h + 0.05 * rng.sample::<f64, _>(StandardNormal));
        }
    }
    Ok((Points::new(n, D, queries)?, Points::new(n, D, keys)?))
}

fn hub(n: usize, rng: &mut ChaCha8Rng) -> Result<(Points, Points), Error> {
    const D: usize = 128;
    let radius = (n as f64).ln().sqrt();
    let mut points = gaussian(n * D, rng);
    for point in points.chunks_exact_mut(D) {
        let norm = point.iter().map(|x| x * x).sum::<f64>().sqrt();
        point.iter_mut().for_each(|x| *x *= radius / norm);
    }
    let mut keys = points.clone();
    keys[..D.min(n * D)].fill(0.0);
    Ok((Points::new(n, D, points)?, Points::new(n, D, keys)?))
}

/// What a product is taken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vector {
    /// All ones: `Kx` is a kernel density.
    One,
    /// Standard normal entries.
    Gauss,
    /// Fifth powers of them: few entries hold the norm.
    Spike,
}

impl Vector {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::One, Self::Gauss, Self::Spike];

    /// Draws it.
    pub fn draw(self, m: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
        match self {
            Self::One => vec![1.0; m],
            Self::Gauss => gaussian(m, rng),
            Self::Spike => gaussian(m, rng).into_iter().map(|z| z.powi(5)).collect(),
        }
    }
}

/// `count` of the numbers below `n`, in random order.
pub fn subset(n: usize, count: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut all: Vec<usize> = (0..n).collect();
    let (chosen, _) = all.partial_shuffle(rng, count.min(n));
    chosen.to_vec()
}
