//! Writes `.npy` files (format 1.0), for peers in other languages. Written by hand: thirty lines, where the crates for
//! it also read and bring a parser generator along.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use faer::MatRef;

/// Writes a vector.
pub fn vector(path: &Path, values: &[f64]) -> io::Result<()> {
    write(path, &format!("({},)", values.len()), false, values.iter().copied())
}

/// Writes a matrix in column-major order.
pub fn matrix(path: &Path, matrix: MatRef<'_, f64>) -> io::Result<()> {
    let values = matrix.col_iter().flat_map(|column| column.iter().copied());
    write(path, &format!("({}, {})", matrix.nrows(), matrix.ncols()), true, values)
}

fn write(path: &Path, shape: &str, fortran: bool, values: impl Iterator<Item = f64>) -> io::Result<()> {
    const PRELUDE: usize = 10;
    let order = if fortran { "True" } else { "False" };
    let header = format!("{{'descr': '<f8', 'fortran_order': {order}, 'shape': {shape}, }}");
    // Magic, header and its closing newline fill a multiple of 64 bytes.
    let padded = (PRELUDE + header.len() + 1).next_multiple_of(64) - PRELUDE;
    let length = u16::try_from(padded).map_err(io::Error::other)?;
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&length.to_le_bytes())?;
    writeln!(file, "{header:<width$}", width = padded - 1)?;
    for value in values {
        file.write_all(&value.to_le_bytes())?;
    }
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_matrix_has_a_padded_header_and_its_columns_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let a = faer::mat![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        matrix(&path, a.as_ref()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let (header, data) = bytes.split_at(bytes.len() - 48);
        assert_eq!(header.len() % 64, 0);
        assert!(header.ends_with(b"\n"));
        let text = String::from_utf8_lossy(header);
        assert!(text.contains("{'descr': '<f8', 'fortran_order': True, 'shape': (3, 2), }"), "{text}");
        let values: Vec<f64> = data.chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
        assert_eq!(values, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    }
}
