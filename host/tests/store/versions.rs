//! Databases of earlier versions are opened, brought forward, and keep what they have.

use std::{collections::BTreeMap, sync::Arc};

use rusqlite::Connection;
use winddown_core::{Reason, Row, Status};
use winddown_host::store::Kept;

use crate::harness::{Harness, Place, file_in, kept, process, row};

const VERSION_1: &str = include_str!("version-1.sql");
const VERSION_2: &str = include_str!("version-2.sql");

/// The tables and what makes them.
fn tables(database: &Connection) -> BTreeMap<String, String> {
    let mut query = database.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").unwrap();
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// Opens what an earlier version left, and compares it with what it held.
fn opens(version: &str, stated: Option<&str>) {
    let directory = tempfile::tempdir().unwrap();
    Connection::open(file_in(&directory)).unwrap().execute_batch(version).unwrap();
    let (mut store, found) = Harness::open(Place::Disk(directory));
    let stopped = Row { findings: 2, reason: Reason::Stated(7), leaked: true, ..row(3, Status::Stopped) };
    let state = Some(b"half way".to_vec());
    let stated = stated.map(Arc::from);
    let a = Kept { state, stated, process: Some(process(33)), ..kept("a", Some(stopped)) };
    assert_eq!(found, [a, kept("b", None)]);
    assert_eq!(store.findings("a", 0, 10), ["one", "two"]);
    assert_eq!(store.findings("removed", 0, 10), ["three"]);
}

#[test]
fn a_database_of_version_1_is_all_there() {
    opens(VERSION_1, None);
}

#[test]
fn a_database_of_version_2_is_all_there() {
    opens(VERSION_2, Some("too slow"));
}

#[test]
fn each_version_is_what_it_was_and_comes_to_the_same_tables() {
    // The tables of the latest version, as a database has them that was brought there step by step.
    let expected = Connection::open_in_memory().unwrap();
    expected.execute_batch(VERSION_2).unwrap();
    for version in ["", VERSION_1, VERSION_2] {
        let directory = tempfile::tempdir().unwrap();
        Connection::open(file_in(&directory)).unwrap().execute_batch(version).unwrap();
        let (store, _) = Harness::open(Place::Disk(directory));
        let directory = store.into_directory();
        let database = Connection::open(file_in(&directory)).unwrap();
        assert_eq!(tables(&database), tables(&expected));
    }
}
