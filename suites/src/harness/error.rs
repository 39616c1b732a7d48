//! Why the command stopped: the caller's mistake or the harness's failure.

use std::path::Path;

/// An error of the harness. Each is one plain sentence that names what is at fault and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Bad usage or bad input: exit status 2.
    #[error("{0}")]
    Input(String),
    /// The harness failed: exit status 3.
    #[error("{0}")]
    Broken(String),
    /// Stopped by the user: exit status 130, the shell's convention.
    #[error("{0}")]
    Interrupted(String),
}

/// A result of the harness.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An [`Error::Input`].
    pub fn input(message: impl Into<String>) -> Self {
        Self::Input(message.into())
    }

    /// An [`Error::Broken`].
    pub fn broken(message: impl Into<String>) -> Self {
        Self::Broken(message.into())
    }

    /// A failed file operation. What a caller can set right (a missing, protected or misplaced file) is his input;
    /// anything else, such as a full disk, is a failure of the harness.
    pub fn file(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let message = format!("cannot {doing} {}: {error}", path.display());
        match error.kind() {
            K::NotFound
            | K::PermissionDenied
            | K::ReadOnlyFilesystem
            | K::NotADirectory
            | K::IsADirectory
            | K::AlreadyExists
            | K::InvalidFilename
            | K::InvalidInput => Self::Input(format!("{message}; check the path and its permissions")),
            K::StorageFull | K::QuotaExceeded | K::FileTooLarge => {
                Self::Broken(format!("{message}; free some space and run the same command: finished trials are kept"))
            }
            _ => Self::Broken(message),
        }
    }

    /// The exit status of the command.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Input(_) => 2,
            Self::Broken(_) => 3,
            Self::Interrupted(_) => 130,
        }
    }
}
