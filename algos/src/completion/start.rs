//! The start: leading left singular vectors of the rescaled observations, clipped.

use faer::{Mat, MatRef, Par};
use rand::RngExt;
use rand_distr::StandardNormal;

use super::fast::spectral::leading;
use super::options::{Clip, Stream};
use super::{Init, Observations, Options};
use crate::linalg::{orthonormal_basis, thin_svd};
use crate::{Error, NumericalError};

/// A start `Û⁰`.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// `Û⁰: m×k`, orthonormal columns.
    pub u: Mat<f64>,
    /// Estimates of the leading singular values of `M`; empty unless the start is spectral.
    pub sigma: Vec<f64>,
    /// Entries that clipping set to zero.
    pub clipped: usize,
}

/// How singular vectors are computed.
#[derive(Debug, Clone, Copy)]
pub enum Svd {
    /// Of the dense matrix: literal, `O(mn·min(m,n))`.
    Dense,
    /// By subspace iteration on the sparse matrix, whose rows are split over threads.
    Subspace(Par),
}

/// The start that the options ask for, from these observations, of which `p̂ = |Ω|/(mn)` is taken as the rate.
///
/// # Errors
///
/// Options outside their domains; clipping that leaves fewer than `k` independent columns.
pub fn start(observations: &Observations, options: &Options<'_>, svd: Svd) -> Result<Start, Error> {
    let (m, n) = observations.shape();
    options.check((m, n))?;
    let k = options.rank;
    let mut rng = options.rng(Stream::Start);
    let mut gaussian = |width: usize| {
        let mut g = Mat::zeros(m, width);
        (0..width).for_each(|j| g.col_as_slice_mut(j).fill_with(|| rng.sample(StandardNormal)));
        g
    };
    let (u, sigma) = match options.init {
        Init::Random => (gaussian(k), Vec::new()),
        Init::Given(u) => (u.to_owned(), Vec::new()),
        Init::Spectral => {
            let rate = observations.len() as f64 / (m as f64 * n as f64);
            let (u, mut sigma) = match svd {
                Svd::Dense => dense(observations, k)?,
                Svd::Subspace(par) => leading(observations, k, gaussian((k + 8).min(m).min(n)), par)?,
            };
            sigma.iter_mut().for_each(|s| *s /= rate);
            (u, sigma)
        }
    };
    let (clipped, u) = match options.clip {
        None => (0, u),
        Some(clip) => clip_entries(u.as_ref(), clip),
    };
    let u = orthonormal_basis(u.as_ref())
        .map_err(|_| NumericalError::DegenerateInit { why: "its columns are not independent" })?;
    Ok(Start { u, sigma, clipped })
}

/// Sets entries with `|u| > constant·μ√k/√m` to zero; returns their number too.
fn clip_entries(u: MatRef<'_, f64>, clip: Clip) -> (usize, Mat<f64>) {
    let (m, k) = u.shape();
    let threshold = clip.constant * clip.mu * (k as f64).sqrt() / (m as f64).sqrt();
    let mut clipped = 0;
    let mut kept = u.to_owned();
    for column in 0..k {
        for x in kept.col_as_slice_mut(column).iter_mut().filter(|x| x.abs() > threshold) {
            *x = 0.0;
            clipped += 1;
        }
    }
    (clipped, kept)
}

fn dense(observations: &Observations, k: usize) -> Result<(Mat<f64>, Vec<f64>), Error> {
    let (m, n) = observations.shape();
    let mut w = Mat::zeros(m, n);
    observations.rows().entries().for_each(|(i, j, v)| w[(i, j)] = v);
    let svd = thin_svd(w.as_ref())?;
    Ok((svd.left.subcols(0, k).to_owned(), svd.values[..k].to_vec()))
}
