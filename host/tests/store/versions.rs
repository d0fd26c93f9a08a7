//! Databases of earlier versions are opened, brought forward, and keep what they have.

use std::collections::BTreeMap;

use rusqlite::Connection;
use winddown_core::{Reason, Row, Status};
use winddown_host::store::Kept;

use crate::harness::{Harness, Place, file_in, kept, process, row};

const VERSION_1: &str = include_str!("version-1.sql");

/// The tables and what makes them.
fn tables(database: &Connection) -> BTreeMap<String, String> {
    let mut query = database.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").unwrap();
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_database_of_version_1_is_all_there() {
    let directory = tempfile::tempdir().unwrap();
    Connection::open(file_in(&directory)).unwrap().execute_batch(VERSION_1).unwrap();
    let (mut store, found) = Harness::open(Place::Disk(directory));
    let stopped = Row { findings: 2, reason: Reason::Stated(7), leaked: true, ..row(3, Status::Stopped) };
    let state = Some(b"half way".to_vec());
    let a = Kept { state, process: Some(process(33)), ..kept("a", Some(stopped)) };
    assert_eq!(found, [a, kept("b", None)]);
    assert_eq!(store.findings("a", 0, 10), ["one", "two"]);
    assert_eq!(store.findings("removed", 0, 10), ["three"]);
}

#[test]
fn version_1_is_what_it_was_and_every_later_one_comes_to_the_same_tables() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Connection::open(file_in(&old)).unwrap().execute_batch(VERSION_1).unwrap();
    for directory in [old, new] {
        let (store, _) = Harness::open(Place::Disk(directory));
        let directory = store.into_directory();
        let database = Connection::open(file_in(&directory)).unwrap();
        // Where a later version changes the tables, what is expected is said here.
        let expected = Connection::open_in_memory().unwrap();
        expected.execute_batch(VERSION_1).unwrap();
        assert_eq!(tables(&database), tables(&expected));
    }
}
