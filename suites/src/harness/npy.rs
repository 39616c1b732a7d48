//! Writes `.npy` files (format 1.0), for peers in other languages. Written by hand: thirty lines, where the crates for
//! it also read and bring a parser generator along.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

/// Writes an array in row-major order. The number of values must be the product of the shape.
pub fn write(path: &Path, shape: &[usize], values: &[f64]) -> io::Result<()> {
    const PRELUDE: usize = 10;
    if shape.iter().product::<usize>() != values.len() {
        return Err(io::Error::other(format!("{} values do not fill the shape {shape:?}", values.len())));
    }
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}), }}", sizes.trim_end());
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
    file.into_inner().map_err(io::IntoInnerError::into_error).map(drop)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_array_has_a_padded_header_and_its_values_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        write(&path, &[3, 2], &values).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let (header, data) = bytes.split_at(bytes.len() - 48);
        assert_eq!(header.len() % 64, 0);
        assert!(header.ends_with(b"\n"));
        let text = String::from_utf8_lossy(header);
        assert!(text.contains("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2,), }"), "{text}");
        let read: Vec<f64> = data.chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
        assert_eq!(read, values);
        assert!(write(&path, &[4], &values).is_err());
    }
}
