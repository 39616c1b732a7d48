//! Real data sets: what `data/datasets.toml` says about them, and their numbers, checked.
//!
//! The registry is compiled in, the files are read from the folder that `RESIDUAL_DATA` names, or from `data/` of the
//! workspace. A file is used only if its SHA-256 is the registered one.

use std::{
    env,
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

mod entry;
mod error;
mod table;
#[cfg(test)]
mod tests;

pub use entry::{Dataset, Format, Group};
pub use error::DataError;
pub use table::DataTable;

use entry::repeated;

const REGISTRY: &str = include_str!("../../../../data/datasets.toml");

/// Loads a data set of the built-in registry; see [`Registry::load`].
pub fn load(name: &str) -> Result<DataTable, DataError> {
    Registry::open()?.load(name)
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
        DataTable::parse(dataset, &path, &bytes)
    }
}

fn folder(variable: Option<OsString>) -> PathBuf {
    variable
        .filter(|value| !value.is_empty())
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("data"), PathBuf::from)
}
