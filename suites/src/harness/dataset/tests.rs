//! Tests of the registry, of the committed files and of damaged ones.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use faer::{Mat, MatRef, Side};
use tempfile::TempDir;

use super::{table::entries_of, *};

fn committed() -> Registry {
    Registry::at(folder(None)).unwrap()
}

/// A registry of one 2×3 data set `small` whose file holds `content`, with the right checksum.
fn small(content: &str, extra: &str) -> (TempDir, Registry) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("small.csv"), content).unwrap();
    let registry = Registry::parse(&entry(&hex::encode(Sha256::digest(content)), extra), dir.path()).unwrap();
    (dir, registry)
}

fn entry(sha256: &str, extra: &str) -> String {
    format!(
        "[[dataset]]\nname = 'small'\ntitle = 't'\nfile = 'small.csv'\nformat = 'csv'\nrows = 2\ncolumns = 3\n\
         sha256 = '{sha256}'\nlicence = 'CC0-1.0'\nsource = 's'\ncitation = 'c'\n{extra}\n\
         group = [{{ name = 'x', count = 2, meaning = 'm' }}, {{ name = 'y', count = 1, meaning = 'm' }}]\n"
    )
}

fn copy_of_digits(change: impl FnOnce(&mut Vec<u8>)) -> (TempDir, Registry) {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(folder(None).join("digits.csv")).unwrap();
    change(&mut bytes);
    fs::write(dir.path().join("digits.csv"), bytes).unwrap();
    let registry = Registry::at(dir.path()).unwrap();
    (dir, registry)
}

#[test]
fn matrix_market_files_lose_comments_and_sizes() {
    let text = "%%MatrixMarket matrix coordinate real general\n% by hand\n3 2 2\n1 1  -2.5e+00\n 3 2 4\n";
    assert_eq!(String::from_utf8(entries_of(text.as_bytes())).unwrap(), "\n\n\n1,1,-2.5e+00\n3,2,4");
    let table = committed().load("pores").unwrap();
    let (places, values) = (table.group("place").unwrap(), table.group("value").unwrap());
    assert_eq!((places[(1, 0)], places[(1, 1)], values[(1, 0)]), (2.0, 1.0, -7.178_501_646e6));
}

#[test]
fn committed_data_verify() {
    let registry = committed();
    for (dataset, result) in registry.verify_all() {
        assert_eq!(result.unwrap(), Presence::Verified(registry.path(dataset)));
    }
}

#[test]
fn committed_files_are_the_listed_ones() {
    let registry = committed();
    let listed: BTreeSet<String> =
        registry.list().iter().filter(|dataset| dataset.url.is_none()).map(|dataset| dataset.file.clone()).collect();
    let optional: BTreeSet<String> =
        registry.list().iter().filter(|dataset| dataset.url.is_some()).map(|dataset| dataset.file.clone()).collect();
    let present: BTreeSet<String> = fs::read_dir(folder(None))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !["README.md", "datasets.toml"].contains(&name.as_str()) && !name.starts_with('.'))
        .filter(|name| !optional.contains(name))
        .collect();
    assert_eq!(present, listed);
}

#[test]
fn digits_have_the_published_shape_and_ranges() {
    let table = committed().load("digits").unwrap();
    let (pixels, label) = (table.group("pixels").unwrap(), table.group("label").unwrap());
    assert_eq!((table.values.nrows(), pixels.ncols(), label.ncols()), (1797, 64, 1));
    assert_eq!(
        pixels.row_iter().next().unwrap().iter().take(6).copied().collect::<Vec<_>>(),
        [0., 0., 5., 13., 9., 1.]
    );
    let integers = |columns: MatRef<'_, f64>, most: f64| {
        columns.col_iter().all(|column| column.iter().all(|&x| x.fract() == 0.0 && (0.0..=most).contains(&x)))
    };
    assert!(integers(pixels, 16.0) && integers(label, 9.0));
    assert!(table.group("nonsense").is_none());
}

#[test]
fn digits_covariance_has_the_expected_leading_eigenvalues() {
    let table = committed().load("digits").unwrap();
    let pixels = table.group("pixels").unwrap();
    let n = pixels.nrows() as f64;
    let means: Vec<f64> = pixels.col_iter().map(|column| column.iter().sum::<f64>() / n).collect();
    let centred = Mat::from_fn(pixels.nrows(), pixels.ncols(), |i, j| pixels[(i, j)] - means[j]);
    let mut eigenvalues = (centred.transpose() * &centred).self_adjoint_eigenvalues(Side::Lower).unwrap();
    eigenvalues.reverse();
    let ratios: Vec<f64> = eigenvalues.iter().map(|value| value / eigenvalues[0]).collect();
    for (ratio, expected) in ratios.iter().zip([1.0, 0.914589, 0.792084, 0.564785, 0.388327, 0.330202]) {
        assert!((ratio - expected).abs() < 6e-7, "{ratio} instead of {expected}");
    }
    let norm = ratios[..5].iter().map(|ratio| ratio * ratio).sum::<f64>().sqrt();
    assert!((norm - 1.712790).abs() < 6e-7, "{norm}");
}

#[test]
fn longley_has_the_published_first_and_last_years() {
    let table = committed().load("longley").unwrap();
    let (response, regressors) = (table.group("response").unwrap(), table.group("regressors").unwrap());
    assert_eq!((regressors.nrows(), regressors.ncols()), (16, 6));
    assert_eq!((response[(0, 0)], response[(15, 0)]), (60323.0, 70551.0));
    assert_eq!((regressors[(0, 0)], regressors[(0, 5)], regressors[(15, 5)]), (83.0, 1947.0, 1962.0));
}

#[test]
fn a_flipped_bit_is_a_checksum_error_that_says_what_to_do() {
    let (dir, registry) = copy_of_digits(|bytes| bytes[1000] ^= 1);
    let error = registry.load("digits").unwrap_err();
    let DataError::Checksum { path, expected, found, .. } = &error else { panic!("{error}") };
    assert_eq!(path, &dir.path().join("digits.csv"));
    assert_eq!(expected, &registry.get("digits").unwrap().sha256);
    let message = error.to_string();
    assert_ne!(expected, found);
    for part in [path.to_str().unwrap(), expected, found, "git restore data/digits.csv"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_truncated_or_empty_file_is_a_checksum_error() {
    for length in [0, 1, 132_356] {
        let (_dir, registry) = copy_of_digits(|bytes| bytes.truncate(length));
        assert!(matches!(registry.verify("digits"), Err(DataError::Checksum { .. })));
    }
}

#[test]
fn a_missing_file_and_a_folder_in_its_place_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let registry = Registry::at(dir.path()).unwrap();
    for result in [registry.verify("digits"), registry.fetch("digits").map(drop)] {
        assert!(matches!(result, Err(DataError::Missing { .. })));
    }
    fs::create_dir(dir.path().join("digits.csv")).unwrap();
    assert!(matches!(registry.verify("digits"), Err(DataError::Unreadable { .. })));
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let message = committed().load("digit").unwrap_err().to_string();
    assert_eq!(message, "there is no data set `digit`; there are: digits, jacksboro, longley, pores, randhie");
}

#[test]
fn cells_land_in_column_major_order_and_groups() {
    let (_dir, registry) = small("1,2,-3e1\n4,5,6.5\n", "");
    let table = registry.load("small").unwrap();
    assert_eq!(table.values, faer::mat![[1.0, 2.0, -30.0], [4.0, 5.0, 6.5]]);
    assert_eq!(table.group("y").unwrap(), faer::mat![[-30.0], [6.5]]);
}

#[test]
fn a_shape_other_than_the_registered_one_is_refused() {
    for (content, rows) in [("1,2,3\n", 1), ("1,2,3\n4,5,6\n7,8,9\n", 3), ("", 0)] {
        let (_dir, registry) = small(content, "");
        let error = registry.load("small").unwrap_err();
        assert!(matches!(error, DataError::Rows { expected: 2, found, .. } if found == rows), "{error}");
    }
    for (content, at, cells) in [("1,2\n4,5\n", 1, 2), ("1,2,3\n4,5,6,7\n", 2, 4)] {
        let (_dir, registry) = small(content, "");
        let error = registry.load("small").unwrap_err();
        let right = matches!(error, DataError::Width { line, expected: 3, found, .. } if (line, found) == (at, cells));
        assert!(right, "{error}");
    }
}

#[test]
fn a_cell_that_is_no_finite_number_is_refused() {
    for bad in ["NaN", "nan", "inf", "-inf", "1e999", "", "x", "0x1", "1 2"] {
        let (_dir, registry) = small(&format!("1,2,3\n4,{bad},6\n"), "");
        let error = registry.load("small").unwrap_err();
        let right = matches!(&error, DataError::Cell { line: 2, column: 2, cell, .. } if cell == bad);
        assert!(right, "{bad}: {error}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("small.csv"), b"1,2,\xff\n").unwrap();
    let text = entry(&hex::encode(Sha256::digest(b"1,2,\xff\n")), "");
    let error = Registry::parse(&text, dir.path()).unwrap().load("small").unwrap_err();
    assert!(matches!(error, DataError::Syntax { .. }), "{error}");
}

#[test]
fn a_file_to_download_is_absent_until_it_is_there() {
    let (dir, registry) = small("1,2,3\n4,5,6\n", "url = 'https://example.org/small.csv'");
    let path = dir.path().join("small.csv");
    assert_eq!(registry.fetch("small").unwrap(), Presence::Verified(path.clone()));
    fs::write(&path, "1,2,3\n4,5,7\n").unwrap();
    let message = registry.fetch("small").unwrap_err().to_string();
    assert!(message.contains("download https://example.org/small.csv and save it as"), "{message}");
    fs::remove_file(&path).unwrap();
    let absent = Presence::Absent { url: "https://example.org/small.csv".into(), path };
    assert_eq!(registry.fetch("small").unwrap(), absent);
    assert_eq!(registry.verify_all().next().unwrap().1.unwrap(), absent);
    assert!(matches!(registry.verify("small"), Err(DataError::Missing { .. })));
}

#[test]
fn a_faulty_registry_is_refused() {
    let text = entry(&"0".repeat(64), "");
    assert!(Registry::parse(&text, "").is_ok());
    let faults = [
        ("count = 2", "count = 3"),
        ("name = 'y'", "name = 'x'"),
        ("rows = 2", "rows = 0"),
        ("'small.csv'", "'../small.csv'"),
        (&"0".repeat(64), "A"),
    ];
    for (right, wrong) in faults {
        let result = Registry::parse(&text.replace(right, wrong), "");
        assert!(matches!(result, Err(DataError::Entry { .. })), "{wrong}");
    }
    assert!(matches!(Registry::parse(&text.repeat(2), ""), Err(DataError::Entry { .. })));
    for (right, wrong) in [("rows = 2", "rows = -2"), ("title", "titel"), ("'csv'", "'xls'")] {
        assert!(matches!(Registry::parse(&text.replace(right, wrong), ""), Err(DataError::Registry(_))), "{wrong}");
    }
}

#[test]
fn the_folder_follows_the_variable() {
    assert_eq!(folder(Some("elsewhere".into())), Path::new("elsewhere"));
    assert!(folder(None).ends_with("data"));
    assert_eq!(folder(Some(OsString::new())), folder(None));
}
