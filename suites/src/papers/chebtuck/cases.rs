//! Cases: compression of a potential's coefficients, from the whole array and from its terms.

use std::{fs, io, path::Path};

use algos::{
    Error, Par,
    faer::Mat,
    tensor::chebyshev::{
        Canonical, Cube, Tucker, Variant, hosvd,
        potential::{newton_kernel, particles, potential},
        rhosvd,
        series::points,
    },
};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::TOLERANCE;
use crate::harness::{
    case::{Accuracy, Case, Output, Problem, Run, Unknown, Work, Wrong},
    experiment::Scale,
    npy,
};

/// All cases of the paper.
pub const ALL: &[&dyn Case] = &[&Compress { terms: false }, &Compress { terms: true }];

/// Chebyshev points in each direction.
const M: usize = 65;

/// The largest relative error: the tolerance of the array, or that of the terms, whose weights have 0.6 times its norm.
const CONTRACT: f64 = 2.0 * TOLERANCE;

struct Compress {
    /// From the terms; else from the array.
    terms: bool,
}

impl Case for Compress {
    fn key(&self) -> &'static str {
        if self.terms { "tensor/rhosvd-m65-n64" } else { "tensor/hosvd-m65-n64" }
    }

    fn about(&self) -> &'static str {
        if self.terms {
            "Tucker form of the potential of 64 particles, 65 points in a direction, from its 1088 terms"
        } else {
            "Tucker form of the same potential from its 65×65×65 coefficients"
        }
    }

    fn scale(&self) -> Scale {
        if self.terms { Scale::Smoke } else { Scale::Default }
    }

    fn variants(&self) -> &'static [&'static str] {
        &["reference", "fast"]
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let kernel: Vec<_> = newton_kernel(0.5, -16.0, 7.0)?.into_iter().filter(|g| g.t > 1e-3 && g.t <= 8.0).collect();
        let charges = particles(64, 0.8, &mut ChaCha8Rng::seed_from_u64(seed));
        let x = points(M)?;
        let canonical = potential(&kernel, &charges, [&x, &x, &x])?.coefficients(Variant::Fast)?.value;
        let whole = canonical.to_cube(Variant::Fast)?;
        Ok(Box::new(Potential { terms: self.terms, canonical, whole }))
    }
}

struct Potential {
    terms: bool,
    canonical: Canonical,
    whole: Cube,
}

/// Ranks, the core, the three factors by columns.
fn flatten(tucker: &Tucker) -> Vec<f64> {
    let mut values: Vec<f64> = tucker.ranks().iter().map(|&r| r as f64).collect();
    values.extend_from_slice(tucker.core.entries());
    for factor in &tucker.factors {
        (0..factor.ncols()).for_each(|j| values.extend_from_slice(factor.col_as_slice(j)));
    }
    values
}

fn unflatten(values: &[f64]) -> Option<Tucker> {
    let (ranks, mut rest) = values.split_at_checked(3)?;
    let ranks: [usize; 3] = [0, 1, 2].map(|n| ranks[n] as usize);
    let core = rest.split_off(..ranks.iter().try_fold(1usize, |p, r| p.checked_mul(*r))?)?;
    let mut factor = |rank: usize| {
        let columns = rest.split_off(..M.checked_mul(rank)?)?;
        Some(Mat::from_fn(M, rank, |i, j| columns[j * M + i]))
    };
    let factors = [factor(ranks[0])?, factor(ranks[1])?, factor(ranks[2])?];
    Some(Tucker { core: Cube::new(ranks, core.to_vec()).ok()?, factors })
}

impl Problem for Potential {
    fn prepare<'a>(&'a self, variant: &str, _: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        let variant = Variant::from_name(variant).ok_or_else(|| Unknown::Variant(variant.to_owned()))?;
        Ok(Box::new(Own { problem: self, variant }))
    }

    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        let tucker = unflatten(&output.values).ok_or_else(|| Wrong("not ranks, core and factors".into()))?;
        let found = tucker.to_cube().and_then(|found| found.minus(&self.whole)).map_err(|e| Wrong(e.to_string()))?;
        Accuracy { error: found.norm() / self.whole.norm(), contract: CONTRACT }.kept()
    }

    fn work(&self, _: &str) -> Work {
        let (m, k, r) = (M as f64, self.canonical.terms() as f64, 46.0);
        if self.terms {
            Work { flops: 6.0 * m * m * k + 2.0 * r * r * r * k, bytes: 24.0 * m * k }
        } else {
            Work { flops: 6.0 * m.powi(4), bytes: 24.0 * m.powi(3) }
        }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        // The last index fastest, as .npy has it.
        let entries = self.whole.entries();
        let at = |i: usize, j: usize, k: usize| entries[i + M * (j + M * k)];
        let all = || (0..M).flat_map(move |i| (0..M).flat_map(move |j| (0..M).map(move |k| (i, j, k))));
        let values: Vec<f64> = all().map(|(i, j, k)| at(i, j, k)).collect();
        npy::write(&folder.join("coefficients.npy"), &[M, M, M], &values)?;
        npy::write(&folder.join("tolerance.npy"), &[], &[TOLERANCE])?;
        let [r1, r2, r3] = hosvd(Variant::Fast, &self.whole, TOLERANCE).map_err(io::Error::other)?.value.tucker.ranks();
        npy::write(&folder.join("ranks.npy"), &[3], &[r1 as f64, r2 as f64, r3 as f64])?;
        if self.terms {
            npy::write(&folder.join("weights.npy"), &[self.canonical.terms()], self.canonical.weights())?;
            for (n, factor) in self.canonical.factors().into_iter().enumerate() {
                let rows: Vec<f64> =
                    factor.row_iter().flat_map(|row| row.iter().copied().collect::<Vec<_>>()).collect();
                npy::write(&folder.join(format!("factor{n}.npy")), &[M, self.canonical.terms()], &rows)?;
            }
        }
        Ok(())
    }
}

struct Own<'a> {
    problem: &'a Potential,
    variant: Variant,
}

impl Run for Own<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let Potential { terms, canonical, whole } = self.problem;
        let (tucker, effort) = if *terms {
            let found = rhosvd(self.variant, canonical, TOLERANCE)?;
            (found.value.hosvd.tucker, found.effort)
        } else {
            let found = hosvd(self.variant, whole, TOLERANCE)?;
            (found.value.tucker, found.effort)
        };
        Ok(Output { values: flatten(&tucker), effort })
    }
}
