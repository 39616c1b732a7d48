//! Real data sets: what `data/datasets.toml` says about them, and their numbers, checked.
//!
//! The registry is compiled in, the files are read from the folder that `RESIDUAL_DATA` names, or from `data/` of the
//! workspace. A file is used only if its SHA-256 is the registered one.

use std::{
    collections::HashSet,
    env,
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use faer::{Mat, MatRef};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const REGISTRY: &str = include_str!("../../../data/datasets.toml");

/// Loads a data set of the built-in registry; see [`Registry::load`].
pub fn load(name: &str) -> Result<DataTable, DataError> {
    Registry::open()?.load(name)
}

/// An entry of `datasets.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// The name that selects it.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// File name inside the data folder.
    pub file: String,
    /// How the file is written.
    pub format: Format,
    /// Number of rows, a header not counted.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// SHA-256 of the file in lower-case hexadecimal.
    pub sha256: String,
    /// SPDX licence identifier.
    pub licence: String,
    /// Home of the data, and the package with the copy that was taken.
    pub source: String,
    /// How to cite it.
    pub citation: String,
    /// Where to get the file, if it is not committed.
    #[serde(default)]
    pub url: Option<String>,
    /// The columns from left to right, in named groups.
    #[serde(rename = "group")]
    pub groups: Vec<Group>,
}

/// How a data file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Comma-separated numbers.
    Csv,
    /// The same under one line of column names.
    CsvHeader,
    /// Matrix Market, sparse: a row holds row, column (from 1) and value of one entry.
    MatrixMarket,
}

/// Neighbouring columns with one meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Name within the data set.
    pub name: String,
    /// Number of columns.
    pub count: usize,
    /// What they hold, with units.
    pub meaning: String,
}

impl Dataset {
    fn validate(&self) -> Result<(), String> {
        let hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        let covered: usize = self.groups.iter().map(|group| group.count).sum();
        if self.rows == 0 || self.columns == 0 {
            Err("rows and columns must be positive".into())
        } else if covered != self.columns {
            Err(format!("the groups cover {covered} of {} columns", self.columns))
        } else if let Some(twice) = repeated(self.groups.iter().map(|group| &group.name)) {
            Err(format!("two groups are called `{twice}`"))
        } else if self.sha256.len() != 64 || !self.sha256.chars().all(hex) {
            Err("sha256 must be 64 lower-case hexadecimal digits".into())
        } else if Path::new(&self.file).file_name() != Some(self.file.as_ref()) {
            Err(format!("file `{}` must be a plain file name", self.file))
        } else {
            Ok(())
        }
    }

    /// How to get the registered file back.
    fn remedy(&self, path: &Path) -> String {
        match &self.url {
            Some(url) => format!("download {url} and save it as {}", path.display()),
            None => format!("restore it with `git restore data/{}`", self.file),
        }
    }
}

/// The numbers of a data set, all finite.
#[derive(Debug, Clone)]
pub struct DataTable {
    /// All columns: rows × columns, column-major.
    pub values: Mat<f64>,
    groups: Vec<Group>,
}

impl DataTable {
    /// The columns of a group, as a view.
    pub fn group(&self, name: &str) -> Option<MatRef<'_, f64>> {
        let index = self.groups.iter().position(|group| group.name == name)?;
        let start = self.groups[..index].iter().map(|group| group.count).sum();
        Some(self.values.as_ref().subcols(start, self.groups[index].count))
    }
}

/// Where a data file stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is there, and its checksum and shape are right.
    Verified(PathBuf),
    /// It is not committed and still to be downloaded.
    Absent {
        /// Where it can be had.
        url: String,
        /// Where to save it.
        path: PathBuf,
    },
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verified(path) => write!(f, "{}: verified", path.display()),
            Self::Absent { url, path } => write!(f, "download {url} and save it as {}", path.display()),
        }
    }
}

/// The data sets, and the folder with their files.
#[derive(Debug, Clone)]
pub struct Registry {
    dir: PathBuf,
    datasets: Vec<Dataset>,
}

impl Registry {
    /// The built-in registry over the folder that `RESIDUAL_DATA` names, or `data/` of the workspace.
    pub fn open() -> Result<Self, DataError> {
        Self::at(folder(env::var_os("RESIDUAL_DATA")))
    }

    /// The built-in registry over a given folder.
    pub fn at(dir: impl Into<PathBuf>) -> Result<Self, DataError> {
        Self::parse(REGISTRY, dir)
    }

    /// A registry from the text of another `datasets.toml`.
    pub fn parse(text: &str, dir: impl Into<PathBuf>) -> Result<Self, DataError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Document {
            dataset: Vec<Dataset>,
        }

        let Document { dataset: datasets } = toml::from_str(text)?;
        let invalid = |name: &str, why| DataError::Entry { name: name.to_owned(), why };
        for dataset in &datasets {
            dataset.validate().map_err(|why| invalid(&dataset.name, why))?;
        }
        if let Some(name) = repeated(datasets.iter().map(|dataset| &dataset.name)) {
            return Err(invalid(name, "the name is used twice".into()));
        }
        Ok(Self { dir: dir.into(), datasets })
    }

    /// All entries, in the order of the file.
    pub fn list(&self) -> &[Dataset] {
        &self.datasets
    }

    /// The entry of that name.
    pub fn get(&self, name: &str) -> Result<&Dataset, DataError> {
        self.datasets.iter().find(|dataset| dataset.name == name).ok_or_else(|| DataError::Unknown {
            name: name.to_owned(),
            known: self.datasets.iter().map(|dataset| dataset.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// Reads a data set: checksum, then shape, then every cell a finite number.
    pub fn load(&self, name: &str) -> Result<DataTable, DataError> {
        self.read(self.get(name)?)
    }

    /// Checks one data set as [`load`](Self::load) does. A file that has yet to be downloaded is an error.
    pub fn verify(&self, name: &str) -> Result<(), DataError> {
        self.load(name).map(drop)
    }

    /// Checks every data set. A file that has yet to be downloaded is no error.
    pub fn verify_all(&self) -> impl Iterator<Item = (&Dataset, Result<Presence, DataError>)> {
        self.datasets.iter().map(|dataset| (dataset, self.presence(dataset)))
    }

    /// Checks the file if it is there, else says where to download it. Nothing is downloaded here.
    pub fn fetch(&self, name: &str) -> Result<Presence, DataError> {
        self.presence(self.get(name)?)
    }

    fn presence(&self, dataset: &Dataset) -> Result<Presence, DataError> {
        match (self.read(dataset), &dataset.url) {
            (Ok(_), _) => Ok(Presence::Verified(self.path(dataset))),
            (Err(DataError::Missing { path, .. }), Some(url)) => Ok(Presence::Absent { url: url.clone(), path }),
            (Err(error), _) => Err(error),
        }
    }

    fn path(&self, dataset: &Dataset) -> PathBuf {
        self.dir.join(&dataset.file)
    }

    fn read(&self, dataset: &Dataset) -> Result<DataTable, DataError> {
        let path = self.path(dataset);
        let bytes = fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => DataError::Missing { path: path.clone(), remedy: dataset.remedy(&path) },
            _ => DataError::Unreadable { path: path.clone(), source },
        })?;
        let found = hex::encode(Sha256::digest(&bytes));
        if found != dataset.sha256 {
            let (expected, remedy) = (dataset.sha256.clone(), dataset.remedy(&path));
            return Err(DataError::Checksum { path, expected, found, remedy });
        }
        let values = match dataset.format {
            Format::MatrixMarket => parse_csv(dataset, &path, &entries_of(&bytes))?,
            Format::Csv | Format::CsvHeader => parse_csv(dataset, &path, &bytes)?,
        };
        Ok(DataTable { values, groups: dataset.groups.clone() })
    }
}

fn folder(variable: Option<OsString>) -> PathBuf {
    variable
        .filter(|value| !value.is_empty())
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("data"), PathBuf::from)
}

fn repeated<'a>(names: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    let mut seen = HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

/// The entries of a Matrix Market file as comma-separated lines: what is between blanks, without comments and without the
/// first line of numbers, which holds the sizes. Lines keep their numbers, so that errors point at the file.
fn entries_of(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let sizes = text.lines().position(|line| !line.starts_with('%'));
    let line = |(number, line): (usize, &str)| {
        let skipped = line.starts_with('%') || Some(number) == sizes;
        if skipped { String::new() } else { line.split_whitespace().collect::<Vec<_>>().join(",") }
    };
    text.lines().enumerate().map(line).collect::<Vec<_>>().join("\n").into_bytes()
}

fn parse_csv(dataset: &Dataset, path: &Path, bytes: &[u8]) -> Result<Mat<f64>, DataError> {
    let &Dataset { rows, columns, format, .. } = dataset;
    let mut reader =
        csv::ReaderBuilder::new().has_headers(format == Format::CsvHeader).flexible(true).from_reader(bytes);
    let mut values = Vec::new();
    let mut found = 0;
    for record in reader.records() {
        let record = record.map_err(|source| DataError::Syntax { path: path.to_owned(), source })?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != columns {
            return Err(DataError::Width { path: path.to_owned(), line, expected: columns, found: record.len() });
        }
        for (column, cell) in record.iter().enumerate() {
            let value = cell.parse().ok().filter(|value: &f64| value.is_finite());
            values.push(value.ok_or_else(|| DataError::Cell {
                path: path.to_owned(),
                line,
                column: column + 1,
                cell: cell.to_owned(),
            })?);
        }
        found += 1;
    }
    if found != rows {
        return Err(DataError::Rows { path: path.to_owned(), expected: rows, found });
    }
    Ok(Mat::from_fn(rows, columns, |i, j| values[i * columns + j]))
}

/// Why there are no data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The registry is not the TOML that it should be.
    #[error("datasets.toml: {0}")]
    Registry(#[from] toml::de::Error),
    /// An entry of the registry contradicts itself or another.
    #[error("datasets.toml, data set `{name}`: {why}")]
    Entry {
        /// The entry.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// No entry has this name.
    #[error("there is no data set `{name}`; there are: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// The file is not there.
    #[error("{} does not exist: {remedy}, or let RESIDUAL_DATA name the folder that holds it", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What to do.
        remedy: String,
    },
    /// The operating system refuses to read the file.
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Its reason.
        source: io::Error,
    },
    /// The file is not the registered one.
    #[error("{} has SHA-256 {found} instead of {expected}: {remedy}", .path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The registered checksum.
        expected: String,
        /// The checksum of the file.
        found: String,
        /// What to do.
        remedy: String,
    },
    /// The file is not CSV in UTF-8.
    #[error("{} is not CSV: {source}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: csv::Error,
    },
    /// A row is too short or too long.
    #[error("{}, line {line}: expected {expected} cells, found {found}; file and datasets.toml disagree", .path.display())]
    Width {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// The registered number of columns.
        expected: usize,
        /// The number of cells in the line.
        found: usize,
    },
    /// There are too few or too many rows.
    #[error("{}: expected {expected} rows, found {found}; file and datasets.toml disagree", .path.display())]
    Rows {
        /// The file.
        path: PathBuf,
        /// The registered number of rows.
        expected: usize,
        /// The number of rows in the file.
        found: usize,
    },
    /// A cell holds no finite number.
    #[error("{}, line {line}, column {column}: `{cell}` is not a finite number; correct the file", .path.display())]
    Cell {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: usize,
        /// What it holds.
        cell: String,
    },
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::collections::BTreeSet;

    use faer::Side;
    use tempfile::TempDir;

    use super::*;

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
        let listed: BTreeSet<String> = registry
            .list()
            .iter()
            .filter(|dataset| dataset.url.is_none())
            .map(|dataset| dataset.file.clone())
            .collect();
        let optional: BTreeSet<String> = registry
            .list()
            .iter()
            .filter(|dataset| dataset.url.is_some())
            .map(|dataset| dataset.file.clone())
            .collect();
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
        assert_eq!(message, "there is no data set `digit`; there are: digits, longley, pores");
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
            let right =
                matches!(error, DataError::Width { line, expected: 3, found, .. } if (line, found) == (at, cells));
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
}
