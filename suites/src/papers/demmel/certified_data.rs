//! Least-squares problems with certified solutions: the linear ones of higher difficulty among the Statistical
//! Reference Datasets of NIST, <https://www.itl.nist.gov/div898/strd/lls/lls.shtml>.

use algos::{Error, NumericalError};
use faer::Mat;
use serde::{Deserialize, Serialize};

use crate::harness::dataset;

/// A problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// A polynomial of degree five at 0, 1, …, 20; exact.
    Wampler1,
    /// Decreasing coefficients; exact.
    Wampler2,
    /// The first with a residual.
    Wampler3,
    /// A hundred times the residual.
    Wampler4,
    /// Ten thousand times the residual.
    Wampler5,
    /// Collinear economic series.
    Longley,
}

impl Problem {
    /// All problems.
    pub const ALL: [Self; 6] =
        [Self::Wampler1, Self::Wampler2, Self::Wampler3, Self::Wampler4, Self::Wampler5, Self::Longley];

    /// The name in checks and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wampler1 => "Wampler1",
            Self::Wampler2 => "Wampler2",
            Self::Wampler3 => "Wampler3",
            Self::Wampler4 => "Wampler4",
            Self::Wampler5 => "Wampler5",
            Self::Longley => "Longley",
        }
    }

    /// The certified coefficients.
    pub fn certified(self) -> Vec<f64> {
        match self {
            Self::Wampler2 => vec![1.0, 0.1, 0.01, 0.001, 0.0001, 0.00001],
            Self::Longley => LONGLEY.into(),
            _ => vec![1.0; 6],
        }
    }

    /// The matrix and the right-hand side.
    pub fn data(self) -> Result<(Mat<f64>, Vec<f64>), Error> {
        if self == Self::Longley {
            return longley();
        }
        let x = Mat::from_fn(21, 6, |i, k| (i as f64).powi(k as i32));
        let y = (0..21).map(|i| self.response(i)).collect();
        Ok((x, y))
    }

    /// `y_i` of Wampler's problems: integers below 2⁵³, divided by a power of ten once at most.
    fn response(self, i: i64) -> f64 {
        let sum = |coefficient: &dyn Fn(u32) -> i64| (0..6).map(|k| coefficient(k) * i.pow(k)).sum::<i64>() as f64;
        let residual = DELTA[i as usize] as f64;
        match self {
            Self::Wampler2 => sum(&|k| 10i64.pow(5 - k)) / 1e5,
            Self::Wampler3 => sum(&|_| 1) + residual,
            Self::Wampler4 => sum(&|_| 1) + 100.0 * residual,
            Self::Wampler5 => sum(&|_| 1) + 10_000.0 * residual,
            _ => sum(&|_| 1),
        }
    }
}

/// Wampler's residual, orthogonal to all powers up to the fifth.
const DELTA: [i64; 21] = [
    759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048, 2048, -2048, 1838, -2048, 2048, -2048, 2523, -2048,
    2048, -2048, 759,
];

/// Constant, then the columns of the file.
const LONGLEY: [f64; 7] = [
    -3_482_258.634_595_82,
    15.061_872_271_373_3,
    -0.035_819_179_292_591,
    -2.020_229_803_816_83,
    -1.033_226_867_173_59,
    -0.051_104_105_653_580_7,
    1_829.151_464_613_55,
];

fn longley() -> Result<(Mat<f64>, Vec<f64>), Error> {
    let failed = |what| Error::Numerical(NumericalError::Factorization { what });
    let table =
        dataset::load("longley").map_err(|_| failed("reading of Longley's data (see `residual data verify`)"))?;
    let y = table.group("response").ok_or(failed("reading of Longley's response"))?;
    let z = table.group("regressors").ok_or(failed("reading of Longley's regressors"))?;
    let x = Mat::from_fn(z.nrows(), z.ncols() + 1, |i, j| if j == 0 { 1.0 } else { z[(i, j - 1)] });
    Ok((x, y.col(0).iter().copied().collect()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::papers::demmel::double::Double;

    #[test]
    fn the_residual_is_orthogonal_to_all_columns() {
        for k in 0..6 {
            assert_eq!((0..21i64).map(|i| i.pow(k) * DELTA[i as usize]).sum::<i64>(), 0, "power {k}");
        }
        assert_eq!(DELTA.iter().map(|d| d * d).sum::<i64>(), 83_554_268);
        assert!(DELTA.iter().eq(DELTA.iter().rev()));
    }

    #[test]
    fn responses_are_those_of_the_coefficients() {
        let (x, y) = Problem::Wampler1.data().unwrap();
        assert!((0..21).all(|i| (0..6).map(|k| x[(i, k)]).sum::<f64>() == y[i]));
        let (_, y) = Problem::Wampler2.data().unwrap();
        assert_eq!((y[0], y[1], y[10]), (1.0, 1.11111, 6.0));
        let sd = |problem: Problem| {
            let (x, y) = problem.data().unwrap();
            let rest = (0..21).map(|i| (y[i] - (0..6).map(|k| x[(i, k)]).sum::<f64>()).powi(2)).sum::<f64>();
            (rest / 15.0).sqrt()
        };
        assert!((sd(Problem::Wampler3) / 2_360.145_023_792_68 - 1.0).abs() <= 1e-14);
        assert!((sd(Problem::Wampler5) / 23_601_450.237_926_8 - 1.0).abs() <= 1e-14);
    }

    /// Solves the normal equations by elimination in double-double arithmetic, 32 digits for a condition of 1e19.
    #[test]
    fn longleys_certified_coefficients_solve_the_normal_equations() {
        let (x, y) = Problem::Longley.data().unwrap();
        let n = x.ncols();
        let dot = |a: &dyn Fn(usize) -> f64, b: &dyn Fn(usize) -> f64| {
            (0..x.nrows()).fold(Double::ZERO, |s, i| s + Double::from(a(i)) * Double::from(b(i)))
        };
        let mut system: Vec<Vec<Double>> = (0..n)
            .map(|p| {
                let row = (0..n).map(|q| dot(&|i| x[(i, p)], &|i| x[(i, q)]));
                row.chain([dot(&|i| x[(i, p)], &|i| y[i])]).collect()
            })
            .collect();
        for p in 0..n {
            for q in p + 1..n {
                let factor = system[q][p] / system[p][p];
                let pivot = system[p].clone();
                system[q].iter_mut().zip(&pivot).for_each(|(x, &y)| *x = *x - factor * y);
            }
        }
        let mut beta = vec![Double::ZERO; n];
        for p in (0..n).rev() {
            let known = (p + 1..n).fold(Double::ZERO, |s, q| s + system[p][q] * beta[q]);
            beta[p] = (system[p][n] - known) / system[p][p];
        }
        for (found, certified) in beta.iter().zip(LONGLEY) {
            assert!((found.relative_error(certified)).abs() <= 5e-12, "{} {certified}", found.hi);
        }
    }
}
