//! Cases of the family `recovery`: SubGM where the data fit in cache, where they do not, and where signs freeze.

use std::{fs, io, path::Path, sync::OnceLock};

use algos::{
    Effort, Error, Par,
    recovery::{
        Init, Loss, Options, Prepared, Step, Variant,
        instance::{Instance, Noise, Outlier, Spec, direction},
        observe::Silent,
        schedule::{Target, geometric},
    },
    simd::{Simd, streaming_sum},
};
use faer::Mat;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::peers;
use crate::harness::{
    case::{Accuracy, Case, Output, Problem, Role, Run, Unknown, Work, Wrong},
    experiment::Scale,
    npy,
};

/// All cases of the paper.
pub const ALL: &[&dyn Case] = &[&CACHE, &MEMORY, &NOISY];

/// Data that fit in the second cache: 1.4 MB packed.
const CACHE: SubGm = SubGm {
    key: "recovery/subgm-d20",
    about: "60 iterations of SubGM from a large start, d = 20, m = 800, r′ = 20, 20 % outliers: 1.4 MB of packed rows",
    scale: Scale::Smoke,
    d: 20,
    m: 800,
    noise: Noise::Outliers { p: 0.2, kind: Outlier::Gauss { scale: 10.0 } },
    alpha: LARGE,
    iterations: Some(60),
    reference: true,
};

/// Data that do not fit: 162 MB packed, 320 MB in full.
const MEMORY: SubGm = SubGm {
    key: "recovery/subgm-d100",
    about: "5 iterations of SubGM from a large start, d = 100, m = 4000, r′ = 20, 20 % outliers: 162 MB of packed rows",
    scale: Scale::Default,
    d: 100,
    m: 4000,
    noise: Noise::Outliers { p: 0.2, kind: Outlier::Gauss { scale: 10.0 } },
    alpha: LARGE,
    iterations: Some(5),
    reference: true,
};

/// A whole run under dense noise, where most signs freeze.
const NOISY: SubGm = SubGm {
    key: "recovery/subgm-noisy",
    about: "a whole run of SubGM from a small start, d = 20, m = 800, r′ = 20, dense noise ν = 0.5",
    scale: Scale::Default,
    d: 20,
    m: 800,
    noise: Noise::Gaussian { nu: 0.5 },
    alpha: SMALL,
    iterations: None,
    reference: false,
};

/// What memory allows: one streaming sum of the packed rows per iteration, which solves nothing.
const STREAM: &str = "streaming_sum";
/// The variant that stores its rows in single precision.
const SINGLE: &str = "fused_f32";
/// Reference first, bound last.
const ALL_VARIANTS: &[&str] = &[
    "reference",
    "faer_two_products",
    #[cfg(feature = "peers")]
    "nalgebra_two_products",
    #[cfg(feature = "peers")]
    "ndarray_two_products",
    "fused_packed",
    SINGLE,
    "lazy_sign",
    STREAM,
];

struct SubGm {
    key: &'static str,
    about: &'static str,
    scale: Scale,
    d: usize,
    m: usize,
    noise: Noise,
    /// Scale of the start.
    alpha: f64,
    /// Iterations, or a whole schedule.
    iterations: Option<usize>,
    /// Whether the literal reference is among the variants: it is left out where it would take seconds a run.
    reference: bool,
}

impl Case for SubGm {
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
        if self.reference { ALL_VARIANTS } else { &ALL_VARIANTS[1..ALL_VARIANTS.len() - 1] }
    }

    fn role(&self, variant: &str) -> Role {
        match variant {
            STREAM => Role::Bound,
            SINGLE => Role::Single,
            _ if variant.ends_with(peers::TWO_PRODUCTS) => Role::Peer,
            _ => Role::Algorithm,
        }
    }

    fn problem(&self, seed: u64) -> Result<Box<dyn Problem>, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Quantised, so that storage in single precision is exact.
        let spec = Spec { quantise: true, ..Spec::flat(self.d, 2, self.m, self.noise) };
        let instance = spec.draw(&mut rng)?;
        let direction = direction(self.d, &mut rng);
        let schedule = geometric(Target::flat(2), self.noise.corruption(), SMALL, 1e-8)?;
        Ok(Box::new(Recovery {
            instance,
            direction,
            alpha: self.alpha,
            step: schedule.step(),
            iterations: self.iterations.unwrap_or(schedule.iterations),
            expected: OnceLock::new(),
        }))
    }
}

const SMALL: f64 = 1e-6;
/// Few iterations from a small start would move nothing, and screening would be paid for that; from a start of the size
/// of the truth all signs are in doubt.
const LARGE: f64 = 0.7;
pub(super) const WIDTH: usize = 20;

/// A drawn instance.
pub(super) struct Recovery {
    pub(super) instance: Instance,
    pub(super) direction: Mat<f64>,
    pub(super) alpha: f64,
    pub(super) step: Step,
    pub(super) iterations: usize,
    /// `U_T` of the packed variant, or of the reference where it is quick.
    expected: OnceLock<Vec<f64>>,
}

impl Recovery {
    fn options(&self) -> Options<'_> {
        let init = Init::Gaussian { alpha: self.alpha, direction: self.direction.as_ref() };
        Options { width: WIDTH, init, step: self.step, loss: Loss::L1, iterations: self.iterations }
    }

    fn solve(&self, prepared: &Prepared<'_>, par: Par) -> Result<Output, Error> {
        let outcome = prepared.subgm(&self.instance.y, &self.options(), par, &mut Silent)?;
        Ok(Output { values: entries(&outcome.value.u), effort: outcome.effort })
    }
}

impl Problem for Recovery {
    fn prepare<'a>(&'a self, variant: &str, par: Par) -> Result<Box<dyn Run + 'a>, Unknown> {
        if variant == STREAM {
            return Ok(Box::new(Stream(self)));
        }
        if let Some(run) = peers::prepare(self, variant, par) {
            return Ok(run);
        }
        let variant = Variant::from_name(variant).ok_or_else(|| Unknown::Variant(variant.to_owned()))?;
        let prepared = variant.prepare(&self.instance.measurements)?;
        Ok(Box::new(Prepare { problem: self, prepared, par }))
    }

    fn verify(&self, output: &Output) -> Result<Accuracy, Wrong> {
        let expected = self.expected.get_or_init(|| {
            let reference = Variant::Reference.prepare(&self.instance.measurements);
            let solved = reference.and_then(|p| self.solve(&p, Par::Seq));
            solved.map(|output| output.values).unwrap_or_default()
        });
        if expected.len() != output.values.len() {
            return Err(Wrong(format!("{} values instead of {}", output.values.len(), expected.len())));
        }
        let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
        let distance = norm(&mut expected.iter().zip(&output.values).map(|(a, b)| a - b));
        let error = distance / norm(&mut expected.iter().copied());
        Accuracy { error, contract: 1e-9 }.kept()
    }

    fn work(&self, variant: &str) -> Work {
        let (d, m) = (self.instance.measurements.order() as f64, self.instance.measurements.len() as f64);
        let (iterations, entries) = (self.iterations as f64, m * d * (d + 1.0) / 2.0);
        // One pass over the packed rows is what the problem asks for; the reference and the two products do more.
        let passes = 8.0 * entries;
        let bytes = if variant == SINGLE { passes / 2.0 } else { passes };
        Work { flops: iterations * (4.0 * entries + 4.0 * d * d * WIDTH as f64), bytes: iterations * bytes }
    }

    fn export(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let packed = self.instance.measurements.packed();
        let rows: Vec<f64> = packed.col_iter().flat_map(|row| row.iter().copied()).collect();
        npy::write(&folder.join("rows.npy"), &[packed.ncols(), packed.nrows()], &rows)?;
        npy::write(&folder.join("y.npy"), &[self.instance.y.len()], &self.instance.y)?;
        // Columns of the direction are rows of the file; as many as the factor has.
        let direction = self.direction.subcols(0, WIDTH).to_owned();
        npy::write(&folder.join("direction.npy"), &[WIDTH, direction.nrows()], &entries(&direction))?;
        let Step::Geometric { eta, rho } = self.step else {
            return Err(io::Error::other("peers know geometric steps only"));
        };
        let scalars = [("alpha", self.alpha), ("eta", eta), ("rho", rho), ("iterations", self.iterations as f64)];
        scalars.iter().try_for_each(|(name, x)| npy::write(&folder.join(format!("{name}.npy")), &[], &[*x]))
    }
}

pub(super) fn entries(a: &Mat<f64>) -> Vec<f64> {
    a.col_iter().flat_map(|column| column.iter().copied()).collect()
}

/// A variant of `algos` on its prepared form.
struct Prepare<'a> {
    problem: &'a Recovery,
    prepared: Prepared<'a>,
    par: Par,
}

impl Run for Prepare<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        self.problem.solve(&self.prepared, self.par)
    }
}

/// Sums the packed rows once per iteration.
struct Stream<'a>(&'a Recovery);

impl Run for Stream<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let rows = self.0.instance.measurements.packed();
        let total = (0..self.0.iterations).map(|_| streaming_sum(Simd::detect(), rows)).sum();
        Ok(Output { values: vec![total], effort: Effort::default() })
    }
}
