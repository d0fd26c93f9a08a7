//! Why a database could not be opened, and what to do about it.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;

/// Why a store could not be opened. Nothing was overwritten, and nothing that is there was taken for
/// nothing: what cannot be read is not empty. The texts follow "failed to open the store: ".
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// Something else than a SQLite database is in the file.
    #[error("{} is not a SQLite database; nothing was changed: name another file, or move this one away", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The database is damaged.
    #[error(
        "{} is damaged ({detail}); nothing was changed: bring back a copy of it and of its -wal file, or move both away to start with nothing",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The database is gone or empty, but its log is there, which is only made beside a database.
    #[error(
        "{} is empty or gone, but {} is there; nothing was changed: bring back the database that belongs to it, or move the -wal file away to start with nothing",
        path.display(), log.display()
    )]
    LogWithoutDatabase {
        /// The file.
        path: PathBuf,
        /// Its write-ahead log.
        log: PathBuf,
    },
    /// A later version of winddown wrote it.
    #[error(
        "{} has schema version {found}, and this program knows no later one than {known}; nothing was changed: use the version that wrote it, or a later one",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The latest version that is known here.
        known: usize,
    },
    /// It is a database, but not one of winddown.
    #[error(
        "{} belongs to another application (its application_id is {application_id:#x}); nothing was changed: name another file",
        path.display()
    )]
    AnotherApplication {
        /// The file.
        path: PathBuf,
        /// Whose it is, as SQLite keeps it. 0 = nobody said.
        application_id: i32,
    },
    /// Somebody else has it open.
    #[error(
        "{} is in use by another process; nothing was changed: stop the other one (`fuser {}` names it), or name another file",
        path.display(), path.display()
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It may not be written, or its directory may not.
    #[error(
        "{} cannot be written, or its directory cannot; nothing was changed: let this user write both, and see that the file system is not mounted read-only",
        path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// No room is left.
    #[error("the disk of {} is full; nothing was lost: make room, and start again", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The disk, or what is between it and here, failed.
    #[error(
        "{} cannot be read or written ({detail}); nothing was lost by trying: see what the kernel says (`dmesg`) and whether the disk is sound, and start again",
        path.display()
    )]
    Disk {
        /// The file.
        path: PathBuf,
        /// What failed.
        detail: String,
    },
    /// The process has too many files open, or the system has.
    #[error("{} cannot be opened: too many files are open; raise the limit (`ulimit -n`), and start again", path.display())]
    NoDescriptors {
        /// The file.
        path: PathBuf,
    },
    /// It is a directory.
    #[error("{} is a directory: name a file in it", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// It is a symbolic link, which somebody else may point elsewhere.
    #[error("{} is a symbolic link, and those are not followed: name the file that it leads to", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// The directory that it should be in is not there.
    #[error("the directory of {} does not exist: make it first", path.display())]
    NoDirectory {
        /// The file.
        path: PathBuf,
    },
    /// Anything else that the operating system has against it.
    #[error("{} cannot be used: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Anything else that SQLite has against it.
    #[error("{} cannot be used: SQLite says \"{source}\"", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

/// "Too many open files", in the system and in the process: the standard library has no word for either.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

/// The directory that a file is in.
pub(super) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

impl StoreError {
    pub(super) fn of_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if matches!(source.raw_os_error(), Some(ENFILE | EMFILE)) {
            return Self::NoDescriptors { path };
        }
        #[expect(clippy::wildcard_enum_match_arm, reason = "not an enumeration of ours, and not exhaustive")]
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NoDirectory { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::IsADirectory => Self::Directory { path },
            _ => Self::Io { path, source },
        }
    }

    pub(super) fn of_sqlite(path: &Path, source: rusqlite::Error) -> Self {
        // SQLite does not say why it cannot open a file. Whatever is in the way of one more file is in the
        // way of its directory as well; the file itself is left alone, since closing it would let go of
        // the locks that this process may have on it.
        if source.sqlite_error_code() == Some(ErrorCode::CannotOpen)
            && let Err(error) = File::open(directory_of(path))
        {
            return Self::of_io(path, error);
        }
        let path = path.to_owned();
        let detail = source.to_string();
        #[expect(clippy::wildcard_enum_match_arm, reason = "not enumerations of ours, and not exhaustive")]
        match &source {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::NotADatabase => Self::NotADatabase { path },
                ErrorCode::DatabaseCorrupt => Self::Corrupt { path, detail },
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Locked { path },
                ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
                    Self::ReadOnly { path }
                }
                ErrorCode::DiskFull => Self::Full { path },
                ErrorCode::SystemIoFailure => Self::Disk { path, detail },
                _ => Self::Sqlite { path, source },
            },
            // What is there reads as nothing that was ever written.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..) => Self::Corrupt { path, detail },
            _ => Self::Sqlite { path, source },
        }
    }
}
