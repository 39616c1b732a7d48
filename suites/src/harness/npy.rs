//! Arrays for peers in other languages: writes and reads `.npy` files (format 1.0) of double precision in row-major
//! order. Written by hand: the crates for it bring a parser generator along.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

/// Bytes before the header: magic, version, length of the header.
const PRELUDE: usize = 10;

/// Writes an array in row-major order. The number of values must be the product of the shape; the shape of a scalar is
/// empty.
pub fn write(path: &Path, shape: &[usize], values: &[f64]) -> io::Result<()> {
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

/// Reads the values of an array, whatever its shape.
pub fn read(path: &Path) -> io::Result<Vec<f64>> {
    let bytes = fs::read(path)?;
    let length = bytes.get(8..10).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes);
    let (header, data) = bytes.split_at_checked(PRELUDE + usize::from(length)).unwrap_or_default();
    let text = String::from_utf8_lossy(header);
    let expected = ["NUMPY\u{1}", "'descr': '<f8'", "'fortran_order': False"];
    let (values, rest) = data.as_chunks();
    if !expected.iter().all(|part| text.contains(part)) || !rest.is_empty() {
        return Err(io::Error::other(format!("{} is not a row-major array of doubles", path.display())));
    }
    Ok(values.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
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
        assert_eq!(super::read(&path).unwrap(), values);
        assert!(write(&path, &[4], &values).is_err());
    }

    #[test]
    fn what_is_no_array_of_doubles_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        write(&path, &[], &[0.5]).unwrap();
        assert_eq!(super::read(&path).unwrap(), [0.5]);
        let whole = fs::read(&path).unwrap();
        let single = String::from_utf8_lossy(&whole[6..64]).replace("<f8", "<f4").into_bytes();
        let damaged =
            [&whole[..0], &whole[..7], &whole[..whole.len() - 1], &[&whole[..6], &single, &whole[64..]].concat()];
        for bytes in damaged {
            fs::write(&path, bytes).unwrap();
            assert!(super::read(&path).is_err(), "{} bytes", bytes.len());
        }
    }
}
