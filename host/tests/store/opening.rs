//! What cannot be opened is told in a way that helps, and stays as it was.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::Connection;
use tempfile::TempDir;
use winddown_core::{Outcome, Status};
use winddown_host::store::{Options, SqliteStore, StoreError};

use crate::{
    child::{self, Role, Running},
    harness::{Harness, Place, declare, file_in, kept, row},
    vfs::{Disk, Fault, Plan},
};

/// Not a minute for each test that waits for a lock.
fn impatient() -> Options {
    Options { patience: Duration::from_millis(20), ..Options::default() }
}

fn open(path: &Path) -> Result<(), StoreError> {
    let (store, _) = SqliteStore::open(path, drop, &impatient())?;
    drop(store);
    Ok(())
}

/// Everything in a directory, but for files with nothing in them.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect()
}

/// Checks that `path` is refused with a text that names it and says `what`, and that nothing is changed.
#[track_caller]
fn check_refused(path: &Path, what: &str) {
    let directory = path.parent().filter(|parent| parent.is_dir());
    let before = directory.map(contents);
    let text = open(path).expect_err("it is refused").to_string();
    assert!(text.contains(&path.display().to_string()), "names the file: {text}");
    assert!(text.contains(what), "{what:?} in: {text}");
    assert!(directory.map(contents) == before, "nothing is changed: {text}");
}

/// A directory with a store of one unit in it, closed. What was written is in the database file itself.
fn with_a_store() -> TempDir {
    let (mut store, _) = Harness::open(Place::Disk(tempfile::tempdir().unwrap()));
    store.write(declare("a"));
    assert_eq!(store.persist("a", row(1, Status::Stopped), &["one"]), Outcome::Done);
    store.close();
    store.into_directory()
}

fn change(directory: &TempDir, sql: &str) {
    Connection::open(file_in(directory)).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn no_directory() {
    let directory = tempfile::tempdir().unwrap();
    check_refused(&directory.path().join("nowhere/state.db"), "does not exist: make it first");
    fs::write(directory.path().join("file"), "").unwrap();
    check_refused(&directory.path().join("file/state.db"), "does not exist: make it first");
}

#[test]
fn a_directory_where_the_file_should_be() {
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("inner");
    fs::create_dir(&inner).unwrap();
    check_refused(&inner, "is a directory: name a file in it");
    check_refused(&inner.join(".."), "is a directory: name a file in it");
}

#[test]
fn a_symbolic_link() {
    let directory = with_a_store();
    let link = directory.path().join("link.db");
    symlink(file_in(&directory), &link).unwrap();
    check_refused(&link, "is a symbolic link");
    // One on the way there is somebody else's business.
    let way = directory.path().join("way");
    symlink(directory.path(), &way).unwrap();
    open(&way.join("state.db")).unwrap();
}

#[test]
fn something_else_than_a_database() {
    for text in ["no", "this is not a database", &"text, and a lot of it. ".repeat(1_000)] {
        let directory = tempfile::tempdir().unwrap();
        fs::write(file_in(&directory), text).unwrap();
        check_refused(&file_in(&directory), "is not a SQLite database; nothing was changed: name another");
    }
}

#[test]
fn the_database_of_another_application() {
    let directory = tempfile::tempdir().unwrap();
    change(&directory, "CREATE TABLE unit (name TEXT)");
    check_refused(&file_in(&directory), "belongs to another application (its application_id is 0x0)");
    change(&directory, "PRAGMA application_id = 0x0f055111");
    check_refused(&file_in(&directory), "belongs to another application (its application_id is 0xf055111)");
}

#[test]
fn a_newer_schema() {
    let directory = with_a_store();
    change(&directory, "PRAGMA user_version = 900");
    check_refused(&file_in(&directory), "has schema version 900, and this program knows no later one than 2");
    change(&directory, "PRAGMA user_version = -1");
    check_refused(&file_in(&directory), "has schema version -1");
}

#[test]
fn a_damaged_database() {
    // In order: the first page's tree, the end of the file, all of another page.
    for (from, to) in [(100, 200), (8_192, 30_000), (4_096, 8_192)] {
        let directory = with_a_store();
        let mut bytes = fs::read(file_in(&directory)).unwrap();
        let to = to.min(bytes.len());
        bytes[from..to].fill(0xAA);
        fs::write(file_in(&directory), bytes).unwrap();
        check_refused(&file_in(&directory), "is damaged");
    }
    let directory = with_a_store();
    let bytes = fs::read(file_in(&directory)).unwrap();
    fs::write(file_in(&directory), &bytes[..bytes.len() / 2]).unwrap();
    check_refused(&file_in(&directory), "bring back a copy of it and of its -wal file");
}

#[test]
fn a_database_that_says_what_was_never_written() {
    for sql in [
        "UPDATE unit SET status = 'resting'",
        "UPDATE unit SET reason = 'stated -1'",
        "UPDATE unit SET incarnation = -1",
        "UPDATE unit SET reason = NULL",
        "UPDATE unit SET leaked = 'x' WHERE name = 'b'; UPDATE unit SET found = 2",
        "DELETE FROM finding",
        "UPDATE finding SET place = 2",
        "INSERT INTO process VALUES (1, 1, -5, 0, x'00')",
        "INSERT INTO process VALUES (1, 1, 5, 0, x'00')",
    ] {
        let directory = with_a_store();
        change(&directory, sql);
        let error = open(&file_in(&directory)).expect_err(sql);
        assert!(matches!(error, StoreError::Corrupt { .. }), "{sql}: {error}");
    }
}

#[test]
fn a_log_without_its_database() {
    for (gone, text) in [(true, "frames"), (false, "frames"), (true, ""), (false, "")] {
        let directory = with_a_store();
        let log = directory.path().join("state.db-wal");
        fs::write(&log, text).unwrap();
        if gone {
            fs::remove_file(file_in(&directory)).unwrap();
        } else {
            fs::write(file_in(&directory), "").unwrap();
        }
        check_refused(&file_in(&directory), &format!("is empty or gone, but {} is there", log.display()));
    }
}

#[test]
fn in_use_by_another_process() {
    let directory = with_a_store();
    let mut child = Running::start(child::command(Role::Open, &file_in(&directory)));
    assert_eq!(child.line().as_deref(), Some("opened"));
    check_refused(&file_in(&directory), "is in use by another process; nothing was changed: stop the other");
    child.kill();
    open(&file_in(&directory)).unwrap();
}

#[test]
fn in_use_by_this_process() {
    let (mut store, _) = Harness::open(Place::Disk(tempfile::tempdir().unwrap()));
    store.write(declare("a"));
    store.settle();
    let path = store.path();
    check_refused(&path, "is in use");
    assert_eq!(store.persist("a", row(1, Status::Running), &[]), Outcome::Done, "it is not disturbed");
    assert_eq!(store.reopen(), [kept("a", Some(row(1, Status::Running)))]);
}

/// What a process without privileges says that opens the file.
fn said_by_nobody(directory: &TempDir) -> String {
    const NOBODY: u32 = 65_534;
    let program = tempfile::tempdir().unwrap();
    fs::set_permissions(program.path(), Permissions::from_mode(0o755)).unwrap();
    let copy = program.path().join("store-test");
    // Not by this process: what it writes to, its other children hold open for a moment, and a program that is
    // open for writing cannot be run.
    let mut copying = std::process::Command::new("cp");
    assert!(copying.arg(std::env::current_exe().unwrap()).arg(&copy).status().unwrap().success());
    let mut command = child::command_of(&copy, Role::Open, &file_in(directory));
    // Root may do anything, so this would show nothing.
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        std::os::unix::process::CommandExt::uid(&mut command, NOBODY);
        chown(directory.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        for file in fs::read_dir(directory.path()).unwrap() {
            chown(file.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    Running::start(command).line().expect("it says something")
}

#[test]
fn a_file_or_a_directory_that_may_only_be_read() {
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let directory = with_a_store();
    assert_eq!(said_by_nobody(&directory), "opened", "there is nothing else in the way");
    let cannot = format!("{} cannot be written, or its directory cannot", file_in(&directory).display());
    let before = contents(directory.path());
    for (file, around) in [(0o400, 0o700), (0o600, 0o500), (0o000, 0o700), (0o600, 0o000)] {
        fs::remove_file(directory.path().join("state.db-wal")).unwrap_or_default();
        set(&file_in(&directory), file);
        set(directory.path(), around);
        let said = said_by_nobody(&directory);
        set(directory.path(), 0o700);
        set(&file_in(&directory), 0o600);
        assert!(said.starts_with(&cannot), "{file:o} in {around:o}: {said}");
    }
    assert!(contents(directory.path()) == before, "nothing is changed");
    let empty = tempfile::tempdir().unwrap();
    set(empty.path(), 0o500);
    let said = said_by_nobody(&empty);
    assert!(said.contains("let this user write both"), "{said}");
    set(empty.path(), 0o700);
}

#[test]
fn no_file_descriptors_left() {
    let directory = with_a_store();
    let command = child::command(Role::OpenWithoutDescriptors, &file_in(&directory));
    let mut limited = std::process::Command::new("sh");
    limited
        .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args());
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let said = Running::start(limited).line().expect("it says something");
    assert!(said.contains("too many files are open; raise the limit"), "{said}");
    open(&file_in(&directory)).unwrap();
}

#[test]
fn only_the_owner_may_read_what_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let command = child::command(Role::Open, &file_in(&directory));
    let mut careless = std::process::Command::new("sh");
    careless.args(["-c", "umask 0; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
    careless.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = Running::start(careless);
    assert_eq!(child.line().as_deref(), Some("opened"));
    child.kill();
    for file in fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
}

#[test]
fn the_sqlite_inside_is_past_its_known_faults() {
    // 3.7.0 to 3.51.2 can damage a database when its log starts anew.
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}

#[test]
fn a_disk_that_is_full_or_that_fails() {
    for (fault, what) in [
        (Fault::Full, "is full; nothing was lost: make room, and start again"),
        (Fault::TornWrite, "cannot be read or written (disk I/O error)"),
        (Fault::Sync, "see what the kernel says (`dmesg`) and whether the disk is sound"),
    ] {
        let (disk, directory) = (Disk::new(), tempfile::tempdir().unwrap());
        let path = file_in(&directory);
        disk.plan(Some(Plan { fault, at: 0, stays: true }));
        let error = SqliteStore::open(&path, drop, &disk.options()).expect_err("it cannot be made");
        assert!(error.to_string().contains(what), "{fault:?}: {error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{fault:?}: {error}");
        disk.plan(None);
        SqliteStore::open(&path, drop, &disk.options()).expect("it can be made as soon as the disk works");
    }
}
