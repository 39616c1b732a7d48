//! A result folder: one writer at a time, and every file replaced as a whole or not at all.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::error::{Error, Result};

/// Names of files being written; what a killed run left of them is removed by the next.
const TEMPORARY: &str = ".residual-";

/// A folder of results.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

/// Held while a command writes; the system releases it whatever ends the process.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

impl Folder {
    /// An existing folder.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        if root.is_dir() {
            Ok(Self { root })
        } else {
            Err(Error::input(format!("{} is not a result folder; run `residual reproduce` first", root.display())))
        }
    }

    /// A folder that is made if it is missing.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        fs::create_dir_all(&root).map_err(|e| Error::file("create the folder", &root, &e))?;
        Ok(Self { root })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of a file in it.
    pub fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    /// Takes the folder for writing and clears away what a killed writer left.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.path(".lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| Error::file("write to", &path, &e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let root = self.root.display();
                return Err(Error::input(format!(
                    "another run is writing {root}; wait for it, or give --out another folder"
                )));
            }
            Err(TryLockError::Error(e)) => return Err(Error::file("lock", &path, &e)),
        }
        self.remove_temporaries(&self.root)?;
        Ok(Lock(file))
    }

    fn remove_temporaries(&self, folder: &Path) -> Result<()> {
        let fault = |e: io::Error| Error::file("clean", folder, &e);
        for entry in fs::read_dir(folder).map_err(fault)? {
            let entry = entry.map_err(fault)?;
            if entry.file_type().map_err(fault)?.is_dir() {
                self.remove_temporaries(&entry.path())?;
            } else if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                fs::remove_file(entry.path()).map_err(fault)?;
            }
        }
        Ok(())
    }

    /// The bytes of a file.
    pub fn read(&self, file: &str) -> Result<Vec<u8>> {
        let path = self.path(file);
        fs::read(&path).map_err(|e| Error::file("read", &path, &e))
    }

    /// Whether a file is there.
    pub fn has(&self, file: &str) -> bool {
        self.path(file).is_file()
    }

    /// Replaces a file as a whole; returns its SHA-256.
    pub fn write(&self, file: &str, bytes: &[u8]) -> Result<String> {
        let mut writing = self.replace(file)?;
        writing.put(bytes)?;
        writing.finish()
    }

    /// Starts to replace a file: the old one stays until [`Replacement::finish`].
    pub fn replace(&self, file: &str) -> Result<Replacement> {
        let path = self.path(file);
        let parent = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent).map_err(|e| Error::file("create the folder", parent, &e))?;
        let temporary = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(parent)
            .map_err(|e| Error::file("write", &path, &e))?;
        Ok(Replacement { path, temporary: BufWriter::new(temporary), hash: Sha256::new() })
    }

    /// Removes a file if it is there.
    pub fn remove(&self, file: &str) -> Result<()> {
        let path = self.path(file);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", &path, &e)),
            _ => Ok(()),
        }
    }
}

/// A file on its way to replace another.
#[derive(Debug)]
pub struct Replacement {
    path: PathBuf,
    temporary: BufWriter<NamedTempFile>,
    hash: Sha256,
}

impl Replacement {
    /// Appends bytes.
    pub fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.temporary.write_all(bytes).map_err(|e| Error::file("write", &self.path, &e))
    }

    /// Puts the new file in the place of the old one; returns its SHA-256.
    pub fn finish(self) -> Result<String> {
        let fault = |e: &io::Error| Error::file("write", &self.path, e);
        let file = self.temporary.into_inner().map_err(|e| fault(e.error()))?;
        file.as_file().sync_data().map_err(|e| fault(&e))?;
        file.persist(&self.path).map_err(|e| fault(&e.error))?;
        Ok(hex::encode(self.hash.finalize()))
    }
}

/// The SHA-256 of some bytes, as lower-case hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
