//! Square matrices of order `k` as column-major slices, for blocks and for matrices of a few dozen columns.

/// The identity.
pub(crate) fn identity(k: usize, a: &mut [f64]) {
    a.fill(0.0);
    a.iter_mut().step_by(k + 1).for_each(|x| *x = 1.0);
}

/// `B = Aᵀ`.
pub(crate) fn transpose(k: usize, a: &[f64], b: &mut [f64]) {
    for j in 0..k {
        for i in 0..k {
            b[j + k * i] = a[i + k * j];
        }
    }
}

/// `C = A B`.
pub(crate) fn multiply(k: usize, a: &[f64], b: &[f64], c: &mut [f64]) {
    for j in 0..k {
        for i in 0..k {
            c[i + k * j] = (0..k).map(|l| a[i + k * l] * b[l + k * j]).sum();
        }
    }
}

/// Reverses the order of rows and of columns.
pub(crate) fn reverse(a: &mut [f64]) {
    a.reverse();
}

/// Overwrites the upper triangle of a positive definite `A` by `R` with `A = RᵀR`; or the first pivot that is not
/// positive.
pub(crate) fn cholesky(k: usize, a: &mut [f64]) -> Result<(), usize> {
    for j in 0..k {
        for i in 0..=j {
            let inner: f64 = (0..i).map(|l| a[l + k * i] * a[l + k * j]).sum();
            let rest = a[i + k * j] - inner;
            if i < j {
                a[i + k * j] = rest / a[i + k * i];
            } else if rest > 0.0 && rest < f64::INFINITY {
                a[j + k * j] = rest.sqrt();
            } else {
                return Err(j);
            }
        }
    }
    Ok(())
}

/// `B = A⁻¹` for a unit upper triangular `A`; exact zeros below the diagonal.
pub(crate) fn invert_unit_upper(k: usize, a: &[f64], b: &mut [f64]) {
    identity(k, b);
    for j in 0..k {
        for i in (0..j).rev() {
            b[i + k * j] = -(i + 1..=j).map(|l| a[i + k * l] * b[l + k * j]).sum::<f64>();
        }
    }
}

/// `R⁻¹` for an upper triangular `R`, of which the upper triangle is read.
pub(crate) fn invert_upper(k: usize, r: &[f64], b: &mut [f64]) {
    b.fill(0.0);
    for j in 0..k {
        b[j + k * j] = 1.0 / r[j + k * j];
        for i in (0..j).rev() {
            let sum: f64 = (i + 1..=j).map(|l| r[i + k * l] * b[l + k * j]).sum();
            b[i + k * j] = -sum / r[i + k * i];
        }
    }
}

/// An orthogonal matrix, uniformly random if the `k²` draws are independent standard normal numbers: the first factor of
/// a QR factorization whose second has a positive diagonal.
pub(crate) fn haar(k: usize, draws: &[f64]) -> Vec<f64> {
    let mut q = draws.to_vec();
    for j in 0..k {
        // Twice is enough.
        for _ in 0..2 {
            for l in 0..j {
                let along: f64 = (0..k).map(|i| q[i + k * l] * q[i + k * j]).sum();
                (0..k).for_each(|i| q[i + k * j] -= along * q[i + k * l]);
            }
        }
        let norm = q[k * j..k * (j + 1)].iter().map(|x| x * x).sum::<f64>().sqrt();
        q[k * j..k * (j + 1)].iter_mut().for_each(|x| *x /= norm);
    }
    q
}
