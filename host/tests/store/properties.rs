//! What is true of every order of writes, and of every damage.

use std::{
    fs,
    path::Path,
    sync::{Arc, mpsc},
};

use proptest::{collection::vec, option, prelude::*, sample, test_runner::RngSeed};
use winddown_core::{Incarnation, Outcome, Reason, Row, Status};
use winddown_host::store::{
    Done, Finding, Kept, Memory, Options, ProcessIdentity, SqliteStore, Store, StoreError, Write,
};

use crate::{
    crashes::fast_directory,
    harness::{Harness, PATIENCE, Place, file_in, step, trials},
    vfs::{Disk, Files, put},
    workload,
};

/// The same cases every time, more of them where that is asked for.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: trials(cases),
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// What is done to a store.
#[derive(Clone, Debug)]
enum Act {
    Write(Write),
    /// Waits until everything is written.
    Settle,
    /// Closes and opens it.
    Reopen,
    /// The disk is full from now on, or is not any more.
    Fail(bool),
}

/// Few, so that they meet; and some that could be taken for something else.
const NAMES: [&str; 5] = ["a", "b", "", "\u{0}'; DROP TABLE unit; --", "a/../b"];

fn name() -> impl Strategy<Value = Arc<str>> {
    sample::select(&NAMES).prop_map(Arc::from)
}

fn findings() -> impl Strategy<Value = Vec<Finding>> {
    let id = prop_oneof![4 => "[xyz]", 1 => any::<String>()];
    let finding = (id, vec(any::<u8>(), 0..20)).prop_map(Finding::from);
    vec(finding, 0..4)
}

fn reason() -> impl Strategy<Value = Reason> {
    prop_oneof![
        Just(Reason::None),
        Just(Reason::ByUser),
        any::<u32>().prop_map(Reason::Stated),
        Just(Reason::RunBudgetOver),
        Just(Reason::StartOverdue),
        Just(Reason::Shutdown),
        Just(Reason::Interrupted),
    ]
}

fn incarnation() -> impl Strategy<Value = Incarnation> {
    prop_oneof![9 => 0_u32..4, 1 => any::<u32>()].prop_map(Incarnation)
}

fn row() -> impl Strategy<Value = Row> {
    (incarnation(), sample::select(&Status::ALL), reason(), any::<u32>(), any::<bool>()).prop_map(
        |(incarnation, status, reason, findings, leaked)| Row {
            incarnation,
            status,
            reason,
            findings,
            leaked,
        },
    )
}

fn process() -> impl Strategy<Value = ProcessIdentity> {
    (any::<u32>(), any::<u64>(), any::<[u8; 16]>()).prop_map(|(pid, started, boot)| ProcessIdentity {
        pid,
        started,
        boot,
    })
}

fn stated() -> impl Strategy<Value = Option<Arc<str>>> {
    option::of(any::<String>().prop_map(Arc::from))
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        3 => (name(), any::<String>(), any::<String>()).prop_map(|(unit, kind, owner)| Write::Declare {
            unit,
            kind: kind.into(),
            owner: owner.into(),
        }),
        4 => (name(), row(), stated(), findings(), any::<bool>()).prop_map(
            |(unit, row, stated, findings, confirm)| Write::Persist { unit, row, stated, findings, confirm }
        ),
        2 => (name(), row(), stated(), findings(), vec(any::<u8>(), 0..2_000)).prop_map(
            |(unit, row, stated, findings, state)| {
                Write::Checkpoint { unit, step: step(row), row, stated, findings, state }
            }
        ),
        2 => (name(), findings()).prop_map(|(unit, findings)| Write::Findings { unit, findings }),
        1 => (name(), incarnation(), process())
            .prop_map(|(unit, incarnation, process)| Write::Spawned { unit, incarnation, process }),
        1 => name().prop_map(|unit| Write::Remove { unit }),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        20 => write().prop_map(Act::Write),
        2 => Just(Act::Settle),
        1 => Just(Act::Reopen),
        1 => any::<bool>().prop_map(Act::Fail),
    ]
}

/// All that can be seen of a store.
#[derive(Default, PartialEq, Debug)]
struct Seen {
    done: Vec<Done>,
    kept: Vec<Vec<Kept>>,
    found: Vec<Vec<Finding>>,
}

fn play(place: Place, acts: &[Act]) -> Seen {
    let (mut store, _) = Harness::open(place);
    let (mut seen, mut fails) = (Seen::default(), false);
    for act in acts.iter().chain([&Act::Reopen]) {
        match act {
            Act::Write(write) => store.write(write.clone()),
            Act::Settle => seen.take_done(&mut store, fails),
            Act::Reopen => {
                seen.take_done(&mut store, fails);
                store.close();
                store.fail_closed(false);
                fails = false;
                seen.kept.push(store.reopen());
                seen.found.extend(NAMES.map(|name| store.all_findings(name)));
            }
            Act::Fail(full) => {
                seen.take_done(&mut store, fails);
                store.fail(*full);
                fails = *full;
            }
        }
    }
    seen
}

impl Seen {
    /// On a disk that is full, a write that changes nothing still works, and the memory does not go so far.
    fn take_done(&mut self, store: &mut Harness, fails: bool) {
        self.done.extend(store.settle().into_iter().map(|done| match done {
            Done::Persisted { unit, row, .. } if fails => {
                Done::Persisted { unit, row, outcome: Outcome::Failed }
            }
            Done::Checkpointed { unit, step, .. } if fails => {
                Done::Checkpointed { unit, step, outcome: Outcome::Failed }
            }
            done @ (Done::Persisted { .. } | Done::Checkpointed { .. }) => done,
        }));
    }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn a_store_on_disk_does_what_one_in_memory_does(acts in vec(act(), 0..60)) {
        let on_disk = play(Place::Failing(fast_directory(), Disk::new()), &acts);
        prop_assert_eq!(on_disk, play(Place::Memory(Memory::new()), &acts));
    }
}

/// A database that is open, and its log.
fn read_files(database: &Path) -> Files {
    let read = |path: &Path| (path.file_name().unwrap().to_string_lossy().into(), fs::read(path).unwrap());
    [read(database), read(&database.with_extension("db-wal"))].into()
}

/// Where a file is damaged, and what is there then.
#[derive(Clone, Debug)]
enum Damage {
    Cut(sample::Index),
    Flip(sample::Index, u8),
    Overwrite(sample::Index, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<sample::Index>;
    prop_oneof![
        place().prop_map(Damage::Cut),
        (place(), 1..=u8::MAX).prop_map(|(place, mask)| Damage::Flip(place, mask)),
        (place(), vec(any::<u8>(), 1..600)).prop_map(|(place, bytes)| Damage::Overwrite(place, bytes)),
    ]
}

impl Damage {
    fn of(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Cut(place) => bytes.truncate(place.index(bytes.len())),
            Self::Flip(place, mask) => {
                let place = place.index(bytes.len());
                bytes[place] ^= mask;
            }
            Self::Overwrite(place, with) => {
                let place = place.index(bytes.len());
                for (byte, with) in bytes[place..].iter_mut().zip(with) {
                    *byte = *with;
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(config(150))]

    /// No sum guards the pages of a database, so not all damage can be seen. None of it is a panic, and
    /// what is refused stays as it is.
    #[test]
    fn a_damaged_file_is_opened_or_refused(of_the_log in any::<bool>(), damage in vec(damage(), 1..4)) {
        let (disk, directory) = (Disk::new(), fast_directory());
        let file = file_in(&directory);
        workload::live(&disk, &file, 12, 3).unwrap();
        let damaged = if of_the_log { file.with_extension("db-wal") } else { file.clone() };
        let mut bytes = fs::read(&damaged).unwrap_or_default();
        damage.iter().for_each(|damage| damage.of(&mut bytes));
        fs::write(&damaged, &bytes).unwrap();
        match SqliteStore::open(&file, drop, &Options::default()) {
            Ok((mut store, kept)) => {
                for kept in kept {
                    let (sender, receiver) = mpsc::channel();
                    let reply = Box::new(move |found| drop(sender.send(found)));
                    store.findings(kept.unit, 0, u32::MAX, reply);
                    // It may not be readable, but the answer comes.
                    drop(receiver.recv().unwrap());
                }
            }
            Err(error) => {
                prop_assert!(error.to_string().contains("state.db"), "{}", error);
                prop_assert_eq!(fs::read(&damaged).unwrap(), bytes, "{}", error);
            }
        }
    }
}

proptest! {
    #![proptest_config(config(150))]

    /// SQLite takes a frame that does not fit its sum for the end of the log. Only the end of it is.
    #[test]
    fn a_log_that_is_damaged_in_the_middle_is_refused(
        (of_the_header, place) in (any::<bool>(), any::<sample::Index>()),
        mask in 1..=u8::MAX,
    ) {
        const WRITES: u32 = 12;
        let (place_of_the_store, directory) = (fast_directory(), fast_directory());
        let (mut store, _) = Harness::open(Place::Disk(place_of_the_store));
        workload::declarations().for_each(|write| store.write(write));
        for number in 1..=WRITES {
            store.write(workload::nth(number));
            store.next();
        }
        let mut left = read_files(&store.path());
        let log = left.get_mut("state.db-wal").unwrap();
        let place = place.index(if of_the_header { 32 } else { log.len() });
        log[place] ^= mask;
        put(&left, directory.path());
        let file = file_in(&directory);
        match workload::check(&file, &(1..=WRITES - 2).collect()) {
            Ok(()) => {}
            Err(what) => prop_assert!(what.contains("is damaged"), "byte {}: {}", place, what),
        }
    }
}

fn value() -> impl Strategy<Value = rusqlite::types::Value> {
    prop_oneof![
        any::<i64>().prop_map(Into::into),
        (-2_i64..3).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        vec(any::<u8>(), 0..40).prop_map(Into::into),
        Just(rusqlite::types::Value::Null),
    ]
}

const COLUMNS: [&str; 18] = [
    "unit.number",
    "unit.name",
    "unit.kind",
    "unit.owner",
    "unit.found",
    "unit.incarnation",
    "unit.status",
    "unit.reason",
    "unit.leaked",
    "finding.place",
    "finding.id",
    "finding.data",
    "checkpoint.incarnation",
    "checkpoint.state",
    "process.pid",
    "process.started",
    "process.boot",
    "process.incarnation",
];

proptest! {
    #![proptest_config(config(60))]

    /// Sound pages can hold rows that make no sense.
    #[test]
    fn rows_that_make_no_sense_are_refused(changes in vec((sample::select(&COLUMNS), value()), 1..4)) {
        let directory = fast_directory();
        let file = file_in(&directory);
        let (mut store, _) = SqliteStore::open(&file, drop, &Options::default()).unwrap();
        workload::declarations().chain((1..9).map(workload::nth)).for_each(|write| store.write(write));
        let process = ProcessIdentity { pid: 1, started: 2, boot: [3; 16] };
        let unit = Arc::from("unit 1");
        store.write(Write::Spawned { unit, incarnation: Incarnation(1), process });
        Box::new(store).close(PATIENCE);
        let connection = rusqlite::Connection::open(&file).unwrap();
        for (column, value) in changes {
            let (table, column) = column.split_once('.').unwrap();
            // The tables themselves refuse much of it.
            drop(connection.execute(&format!("UPDATE {table} SET {column} = ?1"), [value]));
        }
        drop(connection);
        if let Err(error) = SqliteStore::open(&file, drop, &Options::default()) {
            prop_assert!(matches!(error, StoreError::Corrupt { .. }), "{}", error);
        }
    }
}
