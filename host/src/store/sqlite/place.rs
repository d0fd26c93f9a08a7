//! Whether the files that are written to are those that the next start will find.
//!
//! Whoever removes a database, or puts a copy in its place, does not keep the process that has it open from writing:
//! all of that goes to a file without a name, and is gone when the process is.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rusqlite::ffi;

use super::log::log_of;

/// Device and inode.
type Identity = (u64, u64);

/// The database and its log, as they were opened.
#[derive(Debug)]
pub(super) struct Place {
    files: Vec<(PathBuf, Identity)>,
}

impl Place {
    /// Files that are there from now on. Called when both are open.
    pub(super) fn of(database: &Path) -> io::Result<Self> {
        let known = |path: PathBuf| identity(&path).map(|identity| (path, identity));
        Ok(Self { files: vec![known(database.to_owned())?, known(log_of(database))?] })
    }

    /// Fails as a disk does that takes nothing more.
    pub(super) fn check(&self) -> rusqlite::Result<()> {
        let moved = self.files.iter().find(|(path, own)| !identity(path).is_ok_and(|found| found == *own));
        let Some((path, _)) = moved else { return Ok(()) };
        let text = format!(
            "{} was removed or replaced while it is in use, and nothing that is recorded would be there at the next \
             start; move it back, or copy it out of /proc/{}/fd while this process lives, and start again",
            path.display(),
            std::process::id()
        );
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR), Some(text)))
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}
