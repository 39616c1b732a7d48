//! The largest and the smallest of some values, where one that is not a number counts.

/// The largest value: NaN if one of them is, or if there is none.
///
/// `fold(0.0, f64::max)` ignores what is not a number, and an error of NaN is then the best of all.
pub fn maximum(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().reduce(|a, b| if a.is_nan() || b <= a { a } else { b }).unwrap_or(f64::NAN)
}

/// The smallest value, as [`maximum`].
pub fn minimum(values: impl IntoIterator<Item = f64>) -> f64 {
    -maximum(values.into_iter().map(|x| -x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_counts_wherever_it_stands() {
        for at in 0..3 {
            let mut values = [1.0, -3.0, 2.0];
            assert_eq!((maximum(values), minimum(values)), (2.0, -3.0));
            values[at] = f64::NAN;
            assert!(maximum(values).is_nan() && minimum(values).is_nan());
        }
        assert!(maximum([]).is_nan() && minimum([]).is_nan());
        assert_eq!((maximum([f64::NEG_INFINITY]), minimum([f64::INFINITY])), (f64::NEG_INFINITY, f64::INFINITY));
    }
}
