//! A result folder: one writer at a time, and every file replaced as a whole or not at all.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufWriter, Read, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::error::{Error, Result};

/// Names of files being written; what a killed run left of them is removed by the next.
const TEMPORARY: &str = ".residual-";

/// The file that a writer locks.
const LOCK: &str = ".lock";

/// A folder of results.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// The lock file, once [`Folder::lock`] has locked it.
    held: OnceLock<Arc<File>>,
}

/// Held while a command writes; the system releases it whatever ends the process.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its lock")] Arc<File>);

impl Folder {
    /// An existing folder.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        if root.is_dir() {
            Ok(Self { root, held: OnceLock::new() })
        } else {
            Err(Error::input(format!("{} is not a result folder; run `residual reproduce` first", root.display())))
        }
    }

    /// A folder that is made if it is missing.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        fs::create_dir_all(&root).map_err(|e| Error::file("create the folder", &root, &e))?;
        Ok(Self { root, held: OnceLock::new() })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of a file in it.
    pub fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    /// Takes the folder for writing and clears away what a killed writer left. From then on nothing is written if the
    /// folder has been removed or replaced meanwhile: another run may own what stands there now.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.path(LOCK);
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
        let file = Arc::new(file);
        let _ = self.held.set(Arc::clone(&file));
        self.guard()?;
        self.remove_temporaries()?;
        Ok(Lock(file))
    }

    /// Refuses to write where the locked folder is no longer.
    fn guard(&self) -> Result<()> {
        match self.held.get() {
            Some(lock) if !is_at(lock, &self.path(LOCK)) => Err(vanished(&self.root)),
            _ => Ok(()),
        }
    }

    /// A failed operation on a file of this folder: the folder's own removal explains it best.
    fn fault(&self, doing: &str, path: &Path, error: &io::Error) -> Error {
        self.guard().err().unwrap_or_else(|| Error::file(doing, path, error))
    }

    /// Removes what a killed writer left, here and in the folders of the papers.
    fn remove_temporaries(&self) -> Result<()> {
        let papers = entries(&self.root)?.into_iter().filter(|path| path.is_dir() && !path.is_symlink());
        for folder in papers.chain([self.root.clone()]) {
            for path in entries(&folder)? {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if name.starts_with(TEMPORARY) && path.is_file() {
                    fs::remove_file(&path).map_err(|e| Error::file("remove", &path, &e))?;
                }
            }
        }
        Ok(())
    }

    /// The bytes of a file.
    pub fn read(&self, file: &str) -> Result<Vec<u8>> {
        let path = self.path(file);
        fs::read(&path).map_err(|e| Error::file("read", &path, &e))
    }

    /// The SHA-256 of a file.
    pub fn hash(&self, file: &str) -> Result<String> {
        let path = self.path(file);
        let fault = |e: &io::Error| Error::file("read", &path, e);
        let mut reader = File::open(&path).map_err(|e| fault(&e))?;
        let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
        loop {
            match reader.read(&mut buffer).map_err(|e| fault(&e))? {
                0 => return Ok(hex::encode(hash.finalize())),
                n => hash.update(&buffer[..n]),
            }
        }
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
    pub fn replace(&self, file: &str) -> Result<Replacement<'_>> {
        self.guard()?;
        let path = self.path(file);
        let parent = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent).map_err(|e| self.fault("create the folder", parent, &e))?;
        let temporary = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(parent)
            .map_err(|e| self.fault("write", &path, &e))?;
        Ok(Replacement { folder: self, path, temporary: BufWriter::new(temporary), hash: Sha256::new() })
    }

    /// Removes a file if it is there.
    pub fn remove(&self, file: &str) -> Result<()> {
        self.guard()?;
        let path = self.path(file);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", &path, &e)),
            _ => Ok(()),
        }
    }
}

/// Replaces a file as a whole; it keeps its permissions.
pub fn replace(path: &Path, text: &str) -> Result<()> {
    let fault = |e: &std::io::Error| Error::file("write", path, e);
    // What a link points to is replaced, not the link.
    let path = path.canonicalize().map_err(|e| fault(&e))?;
    let mode = fs::metadata(&path).map_err(|e| fault(&e))?.permissions();
    let beside = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(mode).tempfile_in(beside).map_err(|e| fault(&e))?;
    file.write_all(text.as_bytes()).map_err(|e| fault(&e))?;
    file.persist(&path).map(|_| ()).map_err(|e| fault(&e.error))
}

/// A file on its way to replace another.
#[derive(Debug)]
pub struct Replacement<'a> {
    folder: &'a Folder,
    path: PathBuf,
    temporary: BufWriter<NamedTempFile>,
    hash: Sha256,
}

impl Replacement<'_> {
    /// Appends bytes.
    pub fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.temporary.write_all(bytes).map_err(|e| self.folder.fault("write", &self.path, &e))
    }

    /// Puts the new file in the place of the old one, on the disk too; returns its SHA-256.
    pub fn finish(self) -> Result<String> {
        let fault = |e: &io::Error| self.folder.fault("write", &self.path, e);
        let file = self.temporary.into_inner().map_err(|e| fault(e.error()))?;
        file.as_file().sync_data().map_err(|e| fault(&e))?;
        self.folder.guard()?;
        file.persist(&self.path).map_err(|e| fault(&e.error))?;
        sync_folder(self.path.parent().unwrap_or(&self.folder.root))?;
        Ok(hex::encode(self.hash.finalize()))
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = fs::read_dir(folder).and_then(|list| list.map(|entry| Ok(entry?.path())).collect());
    list.map_err(|e| Error::file("list", folder, &e))
}

/// Whether an open file is still what stands at a path.
pub fn is_at(file: &File, path: &Path) -> bool {
    let identity = |m: fs::Metadata| (m.dev(), m.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => identity(open) == identity(there),
        _ => false,
    }
}

/// What to say of a file or folder that is gone while it is being written.
pub fn vanished(path: &Path) -> Error {
    let path = path.display();
    Error::broken(format!("{path} was removed or replaced while this run was writing it; run the same command again"))
}

/// Forces the names in a folder to the disk.
pub fn sync_folder(folder: &Path) -> Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| Error::file("sync", folder, &e))
}

/// The SHA-256 of some bytes, as lower-case hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
