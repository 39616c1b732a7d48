//! What all variants share: checks, scaling, rank, and the loop of those that find one component at a time.

use faer::Mat;

use super::options::{Options, Threshold, Uncertified};
use super::outcome::{Component, Decomposition, Phases, Warning, uniqueness_bound};
use super::power::{Ascent, search};
use super::symmetric::{SymmetricTensor, from_columns};
use crate::error::{Error, InputError, NumericalError, argument};
use crate::{Outcome, Status};

/// Singular values below this fraction of the largest cannot be divided by.
const SINGULAR: f64 = 1e-14;

/// `|αᵀD⁻¹α|` below this fraction of `‖α‖‖D⁻¹α‖` gives no weight.
const BREAKDOWN: f64 = 1e-12;

/// Components as they are found.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub vectors: Vec<Vec<f64>>,
    pub weights: Vec<f64>,
    pub components: Vec<Component>,
    pub spectrum: Vec<f64>,
    pub rank: usize,
    pub phases: Phases,
}

/// Checks the input, brings entries and an absolute threshold to order one by a power of two, and answers the trivial
/// cases.
///
/// # Errors
///
/// [`Error::Input`]: an order not in 3..=6 or options outside their domains; whatever `solve` returns.
pub(super) fn enter(
    tensor: &SymmetricTensor,
    options: &Options,
    solve: impl FnOnce(&SymmetricTensor, &Options) -> Result<Parts, Error>,
) -> Result<Outcome<Decomposition>, Error> {
    let (m, d) = (tensor.order(), tensor.dimension());
    argument((3..=6).contains(&m), "order", m as f64, "between 3 and 6")?;
    options.check()?;
    let mut parts = if tensor.largest() == 0.0 {
        if options.rank.is_some_and(|rank| rank > 0) {
            return Err(NumericalError::RankDeficient { column: 0 }.into());
        }
        Parts::default()
    } else {
        let (tensor, unit) = tensor.normalized();
        let options = Options { threshold: options.threshold.within(unit), ..*options };
        let mut parts = if d == 1 { scalar(&tensor, &options)? } else { solve(&tensor, &options)? };
        for size in parts.weights.iter_mut().chain(&mut parts.spectrum) {
            *size = unit.multiply(*size);
        }
        parts
    };
    let mut warnings = Vec::new();
    let bound = uniqueness_bound(m, d);
    if parts.rank > bound && d > 1 {
        warnings.push(Warning::BeyondUniquenessBound { bound });
    }
    let unconverged = parts.components.iter().filter(|c| !c.converged).count();
    if unconverged > 0 {
        warnings.push(Warning::NotConverged { components: unconverged });
    }
    if parts.weights.len() < parts.rank {
        warnings.push(Warning::Incomplete { found: parts.weights.len() });
    }
    let status =
        if unconverged == 0 && parts.weights.len() == parts.rank { Status::Converged } else { Status::IterationLimit };
    let effort = parts.phases.effort();
    let value = Decomposition {
        vectors: from_columns(d, &parts.vectors),
        weights: std::mem::take(&mut parts.weights),
        components: parts.components,
        rank: parts.rank,
        spectrum: parts.spectrum,
        warnings,
        phases: parts.phases,
    };
    Ok(Outcome { value, status, effort })
}

/// `T = λ` in dimension one.
fn scalar(tensor: &SymmetricTensor, options: &Options) -> Result<Parts, Error> {
    let weight = tensor.packed()[0];
    let spectrum = vec![weight.abs()];
    if rank(&spectrum, options)? == 0 {
        return Ok(Parts { spectrum, ..Parts::default() });
    }
    Ok(Parts {
        vectors: vec![vec![1.0]],
        weights: vec![weight],
        components: vec![Component { f: 1.0, iterations: 0, tries: 0, converged: true }],
        spectrum,
        rank: 1,
        phases: Phases::default(),
    })
}

/// The rank: as given, or the number of singular values above the threshold.
///
/// # Errors
///
/// [`Error::Input`]: a rank above the number of singular values. [`NumericalError::RankDeficient`]: a given rank above the
/// numerical rank.
pub(super) fn rank(spectrum: &[f64], options: &Options) -> Result<usize, Error> {
    let Some(rank) = options.rank else {
        let threshold = match options.threshold {
            Threshold::Relative(fraction) => fraction * typical(spectrum),
            Threshold::Absolute(threshold) => threshold,
        };
        return Ok(spectrum.iter().take_while(|s| **s > threshold).count());
    };
    let most = spectrum.len();
    if rank > most {
        let requirement = "at most the smaller side of the packed flattening";
        return Err(InputError::Argument { name: "rank", value: rank as f64, requirement }.into());
    }
    match spectrum[..rank].iter().position(|s| *s <= SINGULAR * spectrum[0]) {
        Some(column) => Err(NumericalError::RankDeficient { column }.into()),
        None => Ok(rank),
    }
}

/// `Σs²/Σs`, the size of a typical singular value.
pub fn typical(spectrum: &[f64]) -> f64 {
    let sum: f64 = spectrum.iter().sum();
    if sum == 0.0 { 0.0 } else { spectrum.iter().map(|s| s * s).sum::<f64>() / sum }
}

/// A weight and the directions that its removal makes superfluous.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// `λ`.
    pub lambda: f64,
    /// In the coordinates of `V`: what is left of the column space is orthogonal to it.
    pub left: Vec<f64>,
    /// In the coordinates of `U`, for odd orders.
    pub right: Option<Vec<f64>>,
}

/// `1/(αᵀy)`, unless that breaks down.
pub(super) fn reciprocal(alpha: &[f64], y: &[f64], component: usize) -> Result<f64, Error> {
    let product: f64 = alpha.iter().zip(y).map(|(a, y)| a * y).sum();
    let size = crate::linalg::norm(alpha) * crate::linalg::norm(y);
    if product.abs() > BREAKDOWN * size {
        Ok(1.0 / product)
    } else {
        Err(NumericalError::Deflation { component }.into())
    }
}

/// A column space from which components are taken one at a time.
pub(super) trait Model: Ascent {
    /// Columns left.
    fn width(&self) -> usize;
    /// The weight of a component.
    fn weight(&mut self, x: &[f64], component: usize) -> Result<Weight, Error>;
    /// Removes it.
    fn deflate(&mut self, weight: &Weight);
    /// Flops of both.
    fn deflation_flops(&self) -> u64;
}

/// Step 5 of the method.
pub(super) fn one_by_one(model: &mut impl Model, options: &Options, parts: &mut Parts) -> Result<(), Error> {
    let mut rng = options.rng();
    parts.rank = model.width();
    for component in 0..parts.rank {
        let found = search(model, options, &mut rng); // a
        parts.phases.power_steps += found.iterations as u64;
        parts.phases.power_flops += found.iterations as u64 * model.flops();
        parts.phases.starts += u64::from(found.tries);
        let summit = found.summit;
        if 1.0 - summit.f >= options.acceptance && options.uncertified == Uncertified::Stop {
            break;
        }
        let weight = model.weight(&summit.x, component)?; // b
        parts.phases.deflation_flops += model.deflation_flops();
        if model.width() > 1 {
            model.deflate(&weight); // d
            parts.phases.rounds += 1;
        }
        parts.weights.push(weight.lambda); // c
        parts.components.push(Component {
            f: summit.f.clamp(0.0, 1.0),
            iterations: found.iterations,
            tries: found.tries,
            converged: summit.converged,
        });
        parts.vectors.push(summit.x);
    }
    Ok(())
}

/// The reflection `I − hhᵀ` that maps a vector to a multiple of the last unit vector, as `h`.
pub(super) fn reflection(y: &[f64]) -> Vec<f64> {
    let length = crate::linalg::norm(y);
    let last = y.len() - 1;
    let sign = if y[last] < 0.0 { -1.0 } else { 1.0 };
    let mut h: Vec<f64> = y.iter().map(|y| sign * y / length).collect();
    let root = (1.0 + h[last]).sqrt();
    h[..last].iter_mut().for_each(|h| *h /= root);
    h[last] = root;
    h
}

/// `D ← ((I − gg ᵀ) D (I − hhᵀ))` without its last row and column. Cost: `8k²` flops.
pub(super) fn reflect_core(core: &Mat<f64>, g: &[f64], h: &[f64]) -> Mat<f64> {
    let k = core.nrows();
    let mut rows: Vec<f64> = vec![0.0; k];
    let mut columns: Vec<f64> = vec![0.0; k];
    for j in 0..k {
        for (i, d) in core.col_as_slice(j).iter().enumerate() {
            rows[i] += d * h[j];
            columns[j] += g[i] * d;
        }
    }
    let both: f64 = g.iter().zip(&rows).map(|(g, r)| g * r).sum();
    Mat::from_fn(k - 1, k - 1, |i, j| core[(i, j)] - g[i] * columns[j] - rows[i] * h[j] + g[i] * both * h[j])
}

/// `D v` and `Dᵀ v`.
pub(super) fn times(core: &Mat<f64>, v: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; core.nrows()];
    for (j, v) in v.iter().enumerate() {
        out.iter_mut().zip(core.col_as_slice(j)).for_each(|(o, d)| *o += d * v);
    }
    out
}

/// See [`times`].
pub(super) fn transposed_times(core: &Mat<f64>, v: &[f64]) -> Vec<f64> {
    let column = |j| core.col_as_slice(j).iter().zip(v).map(|(d, v)| d * v).sum();
    (0..core.ncols()).map(column).collect()
}
