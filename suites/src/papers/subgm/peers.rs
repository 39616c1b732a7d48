//! SubGM with two matrix-vector products of a library on the packed rows: the strongest simple baseline, what a user of
//! that library would write.

use algos::{Effort, Error, Par, recovery::Step};
use faer::{Accum, Mat, MatRef, linalg::matmul::matmul};

use super::cases::{Recovery, WIDTH, entries};
use crate::harness::case::{Output, Run};

/// How the names of these variants end; they begin with the library's.
pub const TWO_PRODUCTS: &str = "_two_products";

/// The two products of a library with the rows A of m measurements, m×n.
trait Products: Send {
    /// z = A x.
    fn forward(&self, x: &[f64], z: &mut [f64]);
    /// g = Aᵀ z / m.
    fn backward(&self, z: &[f64], g: &mut [f64]);
}

/// The variant of a library, if there is one of this name.
pub fn prepare<'a>(problem: &'a Recovery, variant: &str, par: Par) -> Option<Box<dyn Run + 'a>> {
    let rows = problem.instance.measurements.packed();
    let products: Box<dyn Products + 'a> = match variant.strip_suffix(TWO_PRODUCTS)? {
        "faer" => Box::new(Faer(rows, par)),
        #[cfg(feature = "peers")]
        "nalgebra" => Box::new(Nalgebra::new(rows)),
        #[cfg(feature = "peers")]
        "ndarray" => Box::new(Ndarray::new(rows)),
        _ => return None,
    };
    let (n, m) = (rows.nrows(), rows.ncols());
    let column = |n| Mat::zeros(n, 1);
    Some(Box::new(TwoProducts { problem, products, x: column(n), z: column(m), g: column(n) }))
}

/// The transposed rows, and threads.
struct Faer<'a>(MatRef<'a, f64>, Par);

impl Products for Faer<'_> {
    fn forward(&self, x: &[f64], z: &mut [f64]) {
        let (x, z) = (faer::ColRef::from_slice(x), faer::ColMut::from_slice_mut(z));
        matmul(z.as_mat_mut(), Accum::Replace, self.0.transpose(), x.as_mat(), 1.0, self.1);
    }

    fn backward(&self, z: &[f64], g: &mut [f64]) {
        let scale = 1.0 / z.len() as f64;
        let (z, g) = (faer::ColRef::from_slice(z), faer::ColMut::from_slice_mut(g));
        matmul(g.as_mat_mut(), Accum::Replace, self.0, z.as_mat(), scale, self.1);
    }
}

/// The transposed rows.
#[cfg(feature = "peers")]
struct Nalgebra(nalgebra::DMatrix<f64>);

#[cfg(feature = "peers")]
impl Nalgebra {
    fn new(rows: MatRef<'_, f64>) -> Self {
        Self(nalgebra::DMatrix::from_fn(rows.nrows(), rows.ncols(), |i, j| rows[(i, j)]))
    }
}

#[cfg(feature = "peers")]
impl Products for Nalgebra {
    fn forward(&self, x: &[f64], z: &mut [f64]) {
        let x = nalgebra::DVectorView::from_slice(x, x.len());
        nalgebra::DVectorViewMut::from_slice(z, self.0.ncols()).gemv_tr(1.0, &self.0, &x, 0.0);
    }

    fn backward(&self, z: &[f64], g: &mut [f64]) {
        let z = nalgebra::DVectorView::from_slice(z, z.len());
        nalgebra::DVectorViewMut::from_slice(g, self.0.nrows()).gemv(1.0 / z.len() as f64, &self.0, &z, 0.0);
    }
}

/// The rows.
#[cfg(feature = "peers")]
struct Ndarray(ndarray::Array2<f64>);

#[cfg(feature = "peers")]
impl Ndarray {
    fn new(rows: MatRef<'_, f64>) -> Self {
        Self(ndarray::Array2::from_shape_fn((rows.ncols(), rows.nrows()), |(i, j)| rows[(j, i)]))
    }
}

#[cfg(feature = "peers")]
impl Products for Ndarray {
    fn forward(&self, x: &[f64], z: &mut [f64]) {
        let mut z = ndarray::ArrayViewMut1::from(z);
        ndarray::linalg::general_mat_vec_mul(1.0, &self.0, &ndarray::ArrayView1::from(x), 0.0, &mut z);
    }

    fn backward(&self, z: &[f64], g: &mut [f64]) {
        // Its product with a transposed matrix walks down the columns; sums of rows are what a user settles for.
        let mut g = ndarray::ArrayViewMut1::from(g);
        g.fill(0.0);
        for (row, z) in self.0.rows().into_iter().zip(z) {
            g.scaled_add(z / self.0.nrows() as f64, &row);
        }
    }
}

/// SubGM with steps of geometric decay.
struct TwoProducts<'a> {
    problem: &'a Recovery,
    products: Box<dyn Products + 'a>,
    /// Columns, since a matrix of faer is aligned to cache lines.
    x: Mat<f64>,
    z: Mat<f64>,
    g: Mat<f64>,
}

impl Run for TwoProducts<'_> {
    fn run(&mut self) -> Result<Output, Error> {
        let Recovery { instance, direction, alpha, step, iterations, .. } = self.problem;
        let Step::Geometric { eta, rho } = *step else {
            return Ok(Output { values: Vec::new(), effort: Effort::default() });
        };
        let [x, z, g] = [&mut self.x, &mut self.z, &mut self.g].map(|column| column.col_as_slice_mut(0));
        let d = instance.measurements.order();
        let scale = alpha / (d as f64).sqrt();
        let mut u = Mat::from_fn(d, WIDTH, |i, j| scale * direction[(i, j)]);
        let (mut square, mut gradient) = (Mat::<f64>::zeros(d, d), Mat::<f64>::zeros(d, d));
        let mut step = Mat::<f64>::zeros(d, WIDTH);
        for t in 0..*iterations {
            matmul(square.as_mut(), Accum::Replace, u.as_ref(), u.transpose(), 1.0, Par::Seq);
            for (x, (i, j)) in x.iter_mut().zip(upper(d)) {
                *x = square[(i, j)] * if i == j { 1.0 } else { std::f64::consts::SQRT_2 };
            }
            self.products.forward(x, z);
            for (z, y) in z.iter_mut().zip(&instance.y) {
                let residual = *z - y;
                *z = f64::from(i8::from(residual > 0.0) - i8::from(residual < 0.0));
            }
            self.products.backward(z, g);
            for (g, (i, j)) in g.iter().zip(upper(d)) {
                let entry = g * if i == j { 1.0 } else { std::f64::consts::FRAC_1_SQRT_2 };
                gradient[(i, j)] = entry;
                gradient[(j, i)] = entry;
            }
            let factor = 2.0 * eta * rho.powf(t as f64);
            matmul(step.as_mut(), Accum::Replace, gradient.as_ref(), u.as_ref(), factor, Par::Seq);
            u -= &step;
        }
        Ok(Output { values: entries(&u), effort: Effort::default() })
    }
}

/// The upper triangle, row by row: the order of `svec`.
fn upper(d: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..d).flat_map(move |i| (i..d).map(move |j| (i, j)))
}
