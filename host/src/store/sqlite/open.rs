//! From a path to a connection that may be trusted.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    Options, StoreError,
    error::directory_of,
    log::{self, log_of},
    place::Place,
    rows,
    schema::{APPLICATION_ID, MIGRATIONS, migrate},
};
use crate::store::Kept;

/// Opens the database, makes it if there is none, and reads what it holds. Says where its files are, too.
pub(super) fn open(
    path: &Path,
    options: &Options,
) -> Result<(Connection, Option<Place>, Vec<Kept>), StoreError> {
    let real = real_path(path)?;
    make_file(path, &real)?;
    let mut connection = connect(&real, options).map_err(|error| StoreError::of_sqlite(path, error))?;
    check_owner(path, &connection)?;
    make_sound(path, &real)?;
    let sqlite = |error| StoreError::of_sqlite(path, error);
    configure(&connection).map_err(sqlite)?;
    // What is damaged is not brought forward.
    if options.verify {
        refuse_damage(path, quick_check(&connection))?;
    }
    migrate(&mut connection, MIGRATIONS).map_err(sqlite)?;
    if options.verify {
        refuse_damage(path, rows::miscounted(&connection))?;
    }
    let kept = rows::kept(&connection).map_err(sqlite)?;
    // What is reached in another way may have other names, or none.
    let place = options.vfs.is_none().then(|| Place::of(&real)).transpose();
    let place = place.map_err(|error| StoreError::of_io(path, error))?;
    Ok((connection, place, kept))
}

/// SQLite refuses a symbolic link anywhere in the path. One that leads to the directory is the business of
/// whoever set the machine up; the last part of the path is ours.
fn real_path(path: &Path) -> Result<PathBuf, StoreError> {
    let directory = fs::canonicalize(directory_of(path)).map_err(|error| StoreError::of_io(path, error))?;
    let name = path.file_name().ok_or_else(|| StoreError::Directory { path: path.to_owned() })?;
    Ok(directory.join(name))
}

/// Makes an empty file that only its owner may read (SQLite gives the same mode to the files beside it).
fn make_file(path: &Path, real: &Path) -> Result<(), StoreError> {
    let io = |error| StoreError::of_io(path, error);
    let size = match fs::symlink_metadata(real) {
        Ok(file) if file.is_dir() => return Err(StoreError::Directory { path: path.to_owned() }),
        Ok(file) if file.is_symlink() => return Err(StoreError::Link { path: path.to_owned() }),
        Ok(file) => Some(file.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(io(error)),
    };
    // SQLite takes an empty database for a new one, and deletes the log that does not fit it. An empty log
    // is a sign as well: what was in it is in the database that is not there.
    let log = log_of(real);
    if size.unwrap_or(0) == 0 && fs::symlink_metadata(&log).is_ok() {
        return Err(StoreError::LogWithoutDatabase { path: path.to_owned(), log });
    }
    if size.is_none() {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(real).map_err(io)?;
    }
    Ok(())
}

/// A connection that has the file to itself, and that changes nothing by being closed.
fn connect(real: &Path, options: &Options) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = match &options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(real, flags, vfs.as_str())?,
        None => Connection::open_with_flags(real, flags)?,
    };
    connection.busy_timeout(options.patience)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_prepared_statement_cache_capacity(32);
    // Nobody else reads the file while a host runs. So there is no shared memory beside it, and a second
    // host is told that it is the second one.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// Whether the file is ours to write: nothing of it was changed up to here.
fn check_owner(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let sqlite = |error| StoreError::of_sqlite(path, error);
    // SQLite is content with less than it was asked for, until it wants a lock.
    if connection.is_readonly("main").map_err(sqlite)? {
        return Err(StoreError::ReadOnly { path: path.to_owned() });
    }
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0)).map_err(sqlite);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(sqlite)?;
    let (application_id, version): (i64, i64) = (number("application_id")?, number("user_version")?);
    let fresh = tables == 0 && application_id == 0 && version == 0;
    if application_id != i64::from(APPLICATION_ID) && !fresh {
        let application_id = i32::try_from(application_id).unwrap_or_default();
        return Err(StoreError::AnotherApplication { path: path.to_owned(), application_id });
    }
    let known = MIGRATIONS.len();
    if usize::try_from(version).is_ok_and(|version| version <= known) {
        return Ok(());
    }
    Err(StoreError::Newer { path: path.to_owned(), found: version, known })
}

/// Sees to it that what is there is really on the disk, and whole. Called when the lock is ours.
///
/// A process that ended early may have made files whose names were never synced, and SQLite syncs the
/// directory only for a file that it has just made.
fn make_sound(path: &Path, real: &Path) -> Result<(), StoreError> {
    let io = |error| StoreError::of_io(path, error);
    if let Some(detail) = log::make_sound(real).map_err(io)? {
        return Err(StoreError::Corrupt { path: path.to_owned(), detail });
    }
    File::open(directory_of(real)).and_then(|directory| directory.sync_all()).map_err(io)
}

/// Settings that what is acknowledged depends on are read back: SQLite ignores what it cannot do.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    // The answer comes before the file is changed, so it is asked until the end: what goes wrong after the
    // answer would be dropped with it, and a rollback journal would be used.
    let mut change = connection.prepare("PRAGMA journal_mode = WAL")?;
    let modes = change.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    if modes == ["wal"] && synchronous == FULL {
        return Ok(());
    }
    let refused = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_MISUSE);
    let text = format!("journal_mode is {modes:?} and synchronous is {synchronous}, not wal and {FULL}");
    Err(rusqlite::Error::SqliteFailure(refused, Some(text)))
}

/// `synchronous` as SQLite reads it back.
const FULL: i64 = 2;

/// What is wrong with the pages and the indices, if anything.
fn quick_check(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok(Some(verdict).filter(|verdict| verdict != "ok"))
}

fn refuse_damage(path: &Path, found: rusqlite::Result<Option<String>>) -> Result<(), StoreError> {
    match found {
        Ok(None) => Ok(()),
        Ok(Some(detail)) => Err(StoreError::Corrupt { path: path.to_owned(), detail }),
        Err(error) => Err(StoreError::of_sqlite(path, error)),
    }
}
