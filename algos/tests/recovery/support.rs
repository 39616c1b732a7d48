//! Small problems and comparisons.

use algos::faer::{Mat, MatRef, Par};
use algos::recovery::instance::{Instance, Noise, Outlier, Spec, direction};
use algos::recovery::observe::Silent;
use algos::recovery::schedule::geometric;
use algos::recovery::{Factor, Init, Loss, Options, Step, Variant, subgm};
use algos::{Error, Outcome};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Gaussian outliers of scale 10 on a fraction `p` of the rows.
pub fn outliers(p: f64) -> Noise {
    Noise::Outliers { p, kind: Outlier::Gauss { scale: 10.0 } }
}

/// An instance with rows that are exact in `f32`, and a Gaussian direction.
pub fn draw(d: usize, rank: usize, m: usize, noise: Noise, seed: u64) -> (Instance, Mat<f64>) {
    let mut rng = rng(seed);
    let spec = Spec { quantise: true, ..Spec::flat(d, rank, m, noise) };
    (spec.draw(&mut rng).unwrap(), direction(d, &mut rng))
}

/// Options with the schedule of the instance's noise.
pub fn scheduled<'a>(
    instance: &Instance,
    noise: Noise,
    width: usize,
    alpha: f64,
    tol: f64,
    direction: MatRef<'a, f64>,
) -> Options<'a> {
    let schedule = geometric(instance.truth.target(), noise.corruption(), alpha, tol).unwrap();
    Options {
        width,
        init: Init::Gaussian { alpha, direction },
        step: schedule.step(),
        loss: Loss::L1,
        iterations: schedule.iterations,
    }
}

/// A few plain steps from a start of order one.
pub fn short(width: usize, iterations: usize, direction: MatRef<'_, f64>) -> Options<'_> {
    Options {
        width,
        init: Init::Gaussian { alpha: 0.5, direction },
        step: Step::Geometric { eta: 0.2, rho: 0.97 },
        loss: Loss::L1,
        iterations,
    }
}

pub fn run(variant: Variant, instance: &Instance, options: &Options<'_>) -> Result<Outcome<Factor>, Error> {
    subgm(variant, &instance.problem().unwrap(), options, Par::Seq, &mut Silent)
}

/// `‖U Uᵀ − V Vᵀ‖_F`.
pub fn apart(u: &Mat<f64>, v: &Mat<f64>) -> f64 {
    (u * u.transpose() - v * v.transpose()).norm_l2()
}

/// Every bit of a matrix.
pub fn bits(u: &Mat<f64>) -> Vec<u64> {
    u.col_iter().flat_map(|c| c.iter().map(|x| x.to_bits()).collect::<Vec<_>>()).collect()
}
