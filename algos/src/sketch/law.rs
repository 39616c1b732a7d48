//! Distributions of sketches.

use faer::Mat;
use rand::{Rng, RngExt, seq::SliceRandom, seq::index};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::parts::{padded, power_of_two, sizes};
use super::{Signs, Sketch};
use crate::error::{Error, NumericalError, Size, argument, finite, shape};
use crate::linalg::{householder, norm};

/// The key of the generator of a Gaussian sketch.
///
/// Entries are drawn in tiles, each with a stream of its own, so that they depend on nothing but the key and their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(pub [u8; 32]);

impl Key {
    /// A key from a generator.
    pub fn draw<R: Rng + ?Sized>(rng: &mut R) -> Self {
        let mut key = [0; 32];
        rng.fill_bytes(&mut key);
        Self(key)
    }

    /// The generator of a tile.
    pub(super) fn tile(&self, number: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::from_seed(self.0);
        rng.set_stream(number);
        rng
    }
}

/// How rows of a transform are picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    /// Without replacement: the error is smaller by `√(1 − m/N)` than theory says for the other.
    #[default]
    Distinct,
    /// With replacement.
    Replaced,
}

impl Rows {
    fn draw<R: Rng + ?Sized>(self, m: usize, size: usize, rng: &mut R) -> Result<Vec<u32>, Error> {
        match self {
            Self::Replaced => Ok((0..m).map(|_| rng.random_range(0..size as u32)).collect()),
            Self::Distinct => {
                argument(m <= size, "m", m as f64, "must not exceed the rows to draw from without replacement")?;
                Ok(index::sample(rng, size, m).into_iter().map(|row| row as u32).collect())
            }
        }
    }
}

/// A distribution of `S: m×n` with `E[SᵀS] = I`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// Independent normal entries.
    Gaussian,
    /// Independent signs.
    Rademacher,
    /// Subsampled randomized Hadamard transform (Ailon & Chazelle 2009, Tropp 2011).
    Srht(Rows),
    /// Subsampled randomized cosine transform, for any `n`.
    Srdct(Rows),
    /// Subsampled circulant matrix of signs with random signs of the columns.
    Circulant(Rows),
    /// One sign in each column (Charikar, Chen & Farach-Colton 2002; Clarkson & Woodruff 2013).
    CountSketch,
    /// `s` entries in each column, one in each of `s` blocks of rows (Nelson & Nguyễn 2013); `m` is a multiple of `s`.
    /// It is also the stack of `s` independent CountSketches.
    OsnapBlocks(usize),
    /// `s` entries in different rows of each column (Nelson & Nguyễn 2013).
    OsnapGraph(usize),
    /// Entries that are nonzero with probability `1/s` (Achlioptas 2003, `s = 3`; Li, Hastie & Church 2006, `s = √n`).
    VerySparse(f64),
    /// The tensor form of the Hadamard transform on vectors of length `left·right` (Ahle et al. 2020).
    TensorSrht {
        /// Length of the left factor, a power of two.
        left: usize,
        /// Length of the right factor, a power of two.
        right: usize,
    },
    /// Hadamard transform, permutation, Gaussian weights and sums of blocks (Song & Zhang 2026); `m` a power of two.
    Pooled,
    /// `√(n/m)` times orthonormal rows, uniformly distributed.
    Orthogonal,
}

impl Law {
    /// Draws a sketch. Cost: that of the random numbers, which are `mn` for [`Rademacher`](Law::Rademacher) (bits) and
    /// [`Orthogonal`](Law::Orthogonal) (and a QR factorization), `O(n s)` for the sparse ones, `O(N + m)` else.
    ///
    /// # Errors
    /// An empty shape; parameters that do not fit it.
    pub fn draw<R: Rng + ?Sized>(self, m: usize, n: usize, rng: &mut R) -> Result<Sketch, Error> {
        sizes(m, n)?;
        match self {
            Self::Gaussian => Sketch::gaussian(m, n, Key::draw(rng)),
            Self::Rademacher => Sketch::rademacher(m, n, Signs::draw(m * n, rng)),
            Self::Srht(rows) => {
                let signs = Signs::draw(n, rng);
                Sketch::srht(signs, rows.draw(m, padded(n), rng)?)
            }
            Self::Srdct(rows) => {
                let signs = Signs::draw(n, rng);
                Sketch::srdct(signs, rows.draw(m, n, rng)?)
            }
            Self::Circulant(rows) => {
                let (generator, signs) = (Signs::draw(n, rng), Signs::draw(n, rng));
                Sketch::circulant(generator, signs, rows.draw(m, n, rng)?)
            }
            Self::CountSketch => hashed(m, n, 1, rng, |_, rng| rng.random_range(0..m as u32)),
            Self::OsnapBlocks(s) => {
                argument((1..=m).contains(&s), "s", s as f64, "must be in 1..=m")?;
                argument(m.is_multiple_of(s), "s", s as f64, "must divide m in the block form")?;
                let size = (m / s) as u32;
                hashed(m, n, s, rng, |k, rng| k as u32 * size + rng.random_range(0..size))
            }
            Self::OsnapGraph(s) => {
                argument((1..=m).contains(&s), "s", s as f64, "must be in 1..=m")?;
                let mut column = Vec::with_capacity(s);
                hashed(m, n, s, rng, |k, rng| {
                    if k == 0 {
                        column = index::sample(rng, m, s).into_vec();
                    }
                    column[k] as u32
                })
            }
            Self::VerySparse(s) => very_sparse(m, n, s, rng),
            Self::TensorSrht { left, right } => {
                shape("the tensor sketch", Size::Len(n), Size::Len(left * right))?;
                power_of_two(left)?;
                power_of_two(right)?;
                let signs = [Signs::draw(left, rng), Signs::draw(right, rng)];
                let pair = |_| (rng.random_range(0..left as u32), rng.random_range(0..right as u32));
                let pairs = (0..m).map(pair).collect();
                let [left, right] = signs;
                Sketch::tensor_srht(left, right, pairs)
            }
            Self::Pooled => {
                let size = padded(n);
                let signs = Signs::draw(n, rng);
                let mut order: Vec<u32> = (0..size as u32).collect();
                order.shuffle(rng);
                let weights = (0..size).map(|_| rng.sample(StandardNormal)).collect();
                Sketch::pooled(m, signs, order, weights)
            }
            Self::Orthogonal => orthogonal(m, n, rng),
        }
    }
}

fn hashed<R: Rng + ?Sized>(
    m: usize,
    n: usize,
    s: usize,
    rng: &mut R,
    mut row: impl FnMut(usize, &mut R) -> u32,
) -> Result<Sketch, Error> {
    let signs = Signs::draw(n * s, rng);
    let rows: Vec<u32> = (0..n * s).map(|k| row(k % s, rng)).collect();
    Sketch::hashed(m, s, &rows, &signs)
}

/// Skips from nonzero to nonzero by geometric gaps: two draws for each instead of one for each entry.
fn very_sparse<R: Rng + ?Sized>(m: usize, n: usize, s: f64, rng: &mut R) -> Result<Sketch, Error> {
    argument(s >= 1.0 && s.is_finite(), "s", s, "must be at least 1")?;
    let log = (-1.0 / s).ln_1p();
    let mut gap = || {
        let u: f64 = rng.random();
        let skip = if s > 1.0 { ((1.0 - u).ln() / log).floor() } else { 0.0 };
        (skip, rng.random::<bool>())
    };
    let mut columns = vec![Vec::new(); n];
    let (mut place, end) = (0.0, (m as f64) * (n as f64));
    loop {
        let (skip, minus) = gap();
        place += skip;
        if place >= end {
            break;
        }
        let at = place as usize;
        columns[at / m].push(((at % m) as u32, minus));
        place += 1.0;
    }
    Sketch::sparse(m, &columns, (s / m as f64).sqrt())
}

fn orthogonal<R: Rng + ?Sized>(m: usize, n: usize, rng: &mut R) -> Result<Sketch, Error> {
    argument(m <= n, "m", m as f64, "must not exceed n for orthonormal rows")?;
    let mut gaussian = Mat::<f64>::zeros(n, m);
    (0..m).for_each(|j| gaussian.col_as_slice_mut(j).fill_with(|| rng.sample(StandardNormal)));
    let factors = householder(gaussian.as_ref());
    let (q, r) = (factors.embed(Mat::<f64>::identity(m, m).as_ref()), factors.r());
    let scale = (n as f64 / m as f64).sqrt();
    // The signs of R's diagonal make Q uniformly distributed.
    Sketch::dense(Mat::from_fn(m, n, |i, j| scale * q[(j, i)] * if r[(i, i)] < 0.0 { -1.0 } else { 1.0 }))
}

/// Keeps row `i` independently with probability `q_i = min(1, m·score_i/Σ score)` and the weight `q_i^{−1/p}`.
///
/// The number of rows kept is random, with mean at most `m`.
///
/// # Errors
/// No scores, a score that is negative or not finite, `p` not positive, no row kept.
pub fn sample_rows<R: Rng + ?Sized>(scores: &[f64], m: usize, p: f64, rng: &mut R) -> Result<Sketch, Error> {
    sizes(m, scores.len())?;
    finite("scores", scores)?;
    argument(p > 0.0 && p.is_finite(), "p", p, "must be positive")?;
    let total: f64 = scores.iter().sum();
    argument(total > 0.0, "sum of the scores", total, "must be positive")?;
    let mut kept = Vec::new();
    for (i, &score) in scores.iter().enumerate() {
        argument(score >= 0.0, "score", score, "must not be negative")?;
        let q = (m as f64 * score / total).min(1.0);
        if rng.random::<f64>() < q {
            kept.push((i as u32, q.powf(-1.0 / p)));
        }
    }
    Sketch::sample(scores.len(), kept)
}

/// A column with at most this part outside the span of those before it depends on them.
const DEPENDENT: f64 = 1e-13;

/// Leverage scores of `A: n×d`, `n ≥ d`: squared norms of the rows of an orthonormal basis. Cost: `4nd²` flops.
///
/// # Errors
/// [`Error::Input`]: `A` is empty, wide, or not finite. [`NumericalError::RankDeficient`]: a column depends on those
/// before it to thirteen digits; the basis then spans more than the range of `A`.
pub fn leverage_scores(a: faer::MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
    let (n, d) = a.shape();
    sizes(n, d)?;
    argument(n >= d, "rows", n as f64, "must be at least as many as columns")?;
    for column in a.col_iter() {
        finite("the matrix", column.iter())?;
    }
    let factors = householder(a);
    let r = factors.r();
    // What is new in a column beside all of it, whatever its unit.
    let new = |j: usize| r[(j, j)].abs() / norm(r.col_as_slice(j));
    if let Some(column) = (0..d).find(|&j| new(j).is_nan() || new(j) <= DEPENDENT) {
        return Err(NumericalError::RankDeficient { column }.into());
    }
    let q = factors.embed(Mat::<f64>::identity(d, d).as_ref());
    let mut scores = vec![0.0; n];
    for column in q.col_iter() {
        scores.iter_mut().zip(column.iter()).for_each(|(score, x)| *score += x * x);
    }
    Ok(scores)
}
