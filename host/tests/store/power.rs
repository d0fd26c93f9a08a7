//! What was acknowledged outlives the power, which goes at any moment and takes what was not synced.

use std::collections::BTreeSet;

use rusqlite::{Connection, OpenFlags};

use winddown_core::Outcome;

use crate::{
    crashes::{Crashes, fast_directory, nothing_yet},
    harness::{file_in, report, trials},
    vfs::{Disk, Happened, Power, put},
    workload,
};

#[test]
fn what_was_acknowledged_outlives_the_power() {
    let mut crashes = Crashes::new(trials(1), 1, workload::check);
    for window in [0, 1, 3, 30] {
        let (mut left, mut acknowledged) = (nothing_yet(), BTreeSet::new());
        // Each life starts with what the one before it left behind.
        for _life in 0..4 {
            let (disk, directory) = (Disk::new(), fast_directory());
            put(&left, directory.path());
            let outcomes = workload::live(&disk, &file_in(&directory), 25, window).unwrap();
            assert!(outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Done), "{outcomes:?}");
            (left, acknowledged) = crashes.play(&mut Power::on(left), &disk.take(), &mut acknowledged);
        }
    }
    assert_eq!(crashes.lost, [""; 0], "of {} states", crashes.states);
    report(&format!(
        "{} states after a power loss, {} of them different, 0 lost",
        crashes.states,
        crashes.seen.len()
    ));
}

#[test]
fn a_store_on_a_disk_that_lies_about_syncs_is_found_out() {
    let (disk, directory) = (Disk::new(), fast_directory());
    workload::live(&disk, &file_in(&directory), 25, 3).unwrap();
    let lies = |happened: &Happened| !matches!(happened, Happened::Synced(name) if name.ends_with("-wal"));
    let happened: Vec<_> = disk.take().into_iter().filter(lies).collect();
    let mut crashes = Crashes::new(2, 1, workload::check);
    crashes.play(&mut Power::on(nothing_yet()), &happened, &mut BTreeSet::new());
    assert!(crashes.lost.len() > 10, "{} of {} states", crashes.lost.len(), crashes.states);
}

/// How many states lose something when a bare connection writes one row after the other, of how many.
fn lost_by_a_bare_connection(journal_mode: &str, synchronous: &str) -> (usize, u32) {
    let (disk, directory) = (Disk::new(), fast_directory());
    let file = file_in(&directory);
    std::fs::write(&file, "").unwrap();
    let connection = Connection::open_with_flags_and_vfs(&file, OpenFlags::default(), disk.name()).unwrap();
    // A journal is cut and not deleted where the lock stays; a log would need shared memory where it does not.
    let locking_mode = if journal_mode == "WAL" { "EXCLUSIVE" } else { "NORMAL" };
    let settings = format!(
        "PRAGMA locking_mode = {locking_mode}; PRAGMA journal_mode = {journal_mode};
         PRAGMA synchronous = {synchronous}; CREATE TABLE written (number INTEGER PRIMARY KEY, text TEXT);"
    );
    connection.execute_batch(&settings).unwrap();
    for number in 1..=40 {
        connection.execute("INSERT INTO written VALUES (?1, hex(randomblob(400)))", [number]).unwrap();
        disk.acknowledge(number);
    }
    let mut crashes = Crashes::new(4, 1, |file, acknowledged| {
        let numbers = || -> rusqlite::Result<Vec<u32>> {
            let connection = Connection::open(file)?;
            let mut query = connection.prepare("SELECT number FROM written ORDER BY number")?;
            query.query_map([], |row| row.get(0))?.collect()
        };
        let there = if acknowledged.is_empty() { Vec::new() } else { numbers().unwrap_or_default() };
        let missing = acknowledged.iter().find(|number| !there.contains(number));
        missing.map_or(Ok(()), |number| Err(format!("{number} is missing")))
    });
    crashes.play(&mut Power::on(nothing_yet()), &disk.take(), &mut BTreeSet::new());
    (crashes.lost.len(), crashes.states)
}

#[test]
fn only_some_settings_of_sqlite_keep_what_was_committed() {
    for (journal_mode, synchronous, keeps) in [
        ("WAL", "FULL", true),
        ("WAL", "NORMAL", false),
        ("DELETE", "EXTRA", true),
        ("DELETE", "FULL", false),
    ] {
        let (lost, states) = lost_by_a_bare_connection(journal_mode, synchronous);
        report(&format!("{journal_mode} with {synchronous}: {lost} of {states} states lose something"));
        assert_eq!(lost == 0, keeps, "{journal_mode} with {synchronous}: {lost} of {states} states");
    }
}
