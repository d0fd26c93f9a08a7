//! What durability costs: the store beside bare SQLite on the same disk, in the same run. The two take turns,
//! so that a disk that is slow for a while is slow for both.

#![expect(clippy::expect_used, reason = "a benchmark stops where the disk does not do what it should")]

use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use rusqlite::{Connection, params};
use tempfile::TempDir;
use winddown_core::{Incarnation, Outcome, Reason, Row, Status, Step};
use winddown_host::store::{Done, Finding, Options, SqliteStore, Store, Write};

/// Beside the target directory: what is measured is a disk, and a temporary directory may not be on one.
fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory can be made")
}

fn name(unit: u32) -> Arc<str> {
    format!("engagement-{unit:06}").into()
}

fn row(start: u32, status: Status) -> Row {
    Row { incarnation: Incarnation(start), status, reason: Reason::ByUser, findings: 0, leaked: false }
}

/// A store, and what comes back from it.
struct Durable {
    store: SqliteStore,
    done: Receiver<Done>,
    start: u32,
}

impl Durable {
    fn with_units(directory: &Path, units: u32) -> Self {
        let (sender, done) = mpsc::channel();
        let tell = move |done| drop(sender.send(done));
        let (mut store, _) = SqliteStore::open(&directory.join("store.db"), tell, &Options::default())
            .expect("a store can be made");
        for unit in 0..units {
            store.write(Write::Declare {
                unit: name(unit),
                kind: "engagement".into(),
                owner: "somebody".into(),
            });
        }
        let mut durable = Self { store, done, start: 0 };
        durable.stop(0);
        durable
    }

    /// One stop: its row is committed when this returns.
    fn stop(&mut self, unit: u32) {
        self.start += 1;
        let row = row(self.start, Status::Stopped);
        let (unit, findings) = (name(unit), Vec::new());
        self.store.write(Write::Persist { unit, row, stated: None, findings, confirm: true });
        self.wait();
    }

    /// A checkpoint of each unit, all of them committed when this returns.
    fn checkpoint(&mut self, units: Vec<Vec<Finding>>) {
        let count = units.len();
        for (unit, findings) in (0..).zip(units) {
            let row = row(1, Status::Stopping);
            let step = Step { incarnation: row.incarnation, rung: 1, round: 0 };
            let state = vec![7; 1_000];
            let unit = name(unit);
            self.store.write(Write::Checkpoint { unit, step, row, stated: None, findings, state });
        }
        (0..count).for_each(|_| self.wait());
    }

    fn wait(&self) {
        match self.done.recv().expect("it comes back") {
            Done::Persisted { outcome, .. } | Done::Checkpointed { outcome, .. } => {
                assert_eq!(outcome, Outcome::Done);
            }
        }
    }
}

/// A bare connection with the same settings and the same tables, as somebody would write it for this alone.
struct Bare {
    connection: Connection,
    start: u32,
}

impl Bare {
    fn with_units(directory: &Path, units: u32) -> Self {
        let connection = Connection::open(directory.join("bare.db")).expect("a database can be made");
        connection
            .execute_batch(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 PRAGMA wal_autocheckpoint = 0;
                 CREATE TABLE unit (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
                     incarnation INTEGER, status TEXT, reason TEXT, leaked INTEGER) STRICT;
                 CREATE TABLE finding (unit INTEGER NOT NULL, place INTEGER NOT NULL, id TEXT NOT NULL,
                     data BLOB NOT NULL, PRIMARY KEY (unit, place), UNIQUE (unit, id)) STRICT, WITHOUT ROWID;",
            )
            .expect("tables can be made");
        connection.execute_batch("BEGIN").expect("a transaction begins");
        for unit in 0..units {
            connection
                .prepare_cached("INSERT INTO unit (number, name) VALUES (?1, ?2)")
                .and_then(|mut insert| insert.execute(params![unit, &*name(unit)]))
                .expect("a unit can be added");
        }
        connection.execute_batch("COMMIT").expect("it can be committed");
        Self { connection, start: 0 }
    }

    fn stop(&mut self, unit: u32) {
        self.start += 1;
        self.connection
            .prepare_cached(
                "UPDATE unit SET incarnation = ?2, status = 'stopped', reason = 'by-user', leaked = 0
                 WHERE number = ?1",
            )
            .and_then(|mut update| update.execute([unit, self.start]))
            .expect("a row can be written");
    }

    fn checkpoint(&self, units: &[Vec<Finding>]) {
        self.connection.execute_batch("BEGIN IMMEDIATE").expect("a transaction begins");
        {
            let mut insert = self
                .connection
                .prepare("INSERT INTO finding (unit, place, id, data) VALUES (?1, ?2, ?3, ?4)")
                .expect("the statement is sound");
            for (unit, findings) in (0_u32..).zip(units) {
                for (place, finding) in (1_u32..).zip(findings) {
                    insert
                        .execute(params![unit, place, &*finding.id, &*finding.data])
                        .expect("a finding can be added");
                }
            }
        }
        self.connection.execute_batch("COMMIT").expect("it can be committed");
    }
}

const UNITS: u32 = 1_000;

fn stops(criterion: &mut Criterion) {
    let directory = directory();
    let mut group = criterion.benchmark_group("one durable stop");
    let mut store = Durable::with_units(directory.path(), UNITS);
    let mut unit = (0..UNITS).cycle();
    let mut next = || unit.next().unwrap_or_default();
    group.bench_function("the store", |bencher| bencher.iter(|| store.stop(next())));
    let mut bare = Bare::with_units(directory.path(), UNITS);
    group.bench_function("a bare commit", |bencher| bencher.iter(|| bare.stop(next())));
    group.finish();
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The so many hundredths of some times are not longer than this.
fn percentile(times: &mut [Duration], hundredths: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * hundredths / 100).min(times.len() - 1)]
}

#[expect(clippy::print_stdout, clippy::float_arithmetic, reason = "a figure for people")]
fn stop_ratio(_criterion: &mut Criterion) {
    println!("\none durable stop beside a bare commit, taking turns");
    println!("  goal: at most 1.5 times the bare commit and 100 µs");
    for units in [1, 1_000, 100_000] {
        let directory = directory();
        let mut store = Durable::with_units(directory.path(), units);
        let mut bare = Bare::with_units(directory.path(), units);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for turn in 0..2_000 {
            let unit = turn * 7 % units;
            ours.push(timed(|| store.stop(unit)));
            theirs.push(timed(|| bare.stop(unit)));
        }
        for hundredths in [50, 99] {
            let (ours, theirs) = (percentile(&mut ours, hundredths), percentile(&mut theirs, hundredths));
            let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
            println!("  {units:7} units, p{hundredths}: {ours:9.1?} beside {theirs:9.1?}: {ratio:.2} times");
        }
    }
}

/// What 1,000 units found, 1,000 times 100 bytes each.
fn everything_found() -> Vec<Vec<Finding>> {
    let finding = |number: u32| {
        Finding::from((format!("finding-{number:06}"), [u8::try_from(number % 251).unwrap_or_default(); 100]))
    };
    (0..UNITS).map(|_| (0..1_000).map(finding).collect()).collect()
}

#[expect(clippy::print_stdout, reason = "a figure for people")]
fn checkpoint_ratio(_criterion: &mut Criterion) {
    println!("\n1,000 engagements with 1,000 findings of 100 bytes each, beside one bare transaction");
    println!("  goal: at least 80 % of its speed");
    let mut speeds: Vec<f64> = (1..=5).map(checkpoint_turn).collect();
    speeds.sort_unstable_by(f64::total_cmp);
    println!("  median: {:.0} % of its speed", speeds[speeds.len() / 2]);
}

/// Our speed in hundredths of the bare one's. Who goes first leaves the other a disk that is busy, so they
/// take turns in that as well.
#[expect(clippy::print_stdout, clippy::float_arithmetic, reason = "a figure for people")]
fn checkpoint_turn(turn: u32) -> f64 {
    let directory = directory();
    let found = everything_found();
    let bare = Bare::with_units(directory.path(), UNITS);
    let mut store = Durable::with_units(directory.path(), UNITS);
    let (ours, theirs) = if turn.is_multiple_of(2) {
        let theirs = timed(|| bare.checkpoint(&found));
        (timed(|| store.checkpoint(found)), theirs)
    } else {
        let again = everything_found();
        let ours = timed(|| store.checkpoint(again));
        (ours, timed(|| bare.checkpoint(&found)))
    };
    let speed = theirs.as_secs_f64() / ours.as_secs_f64() * 100.0;
    println!("  turn {turn}: {ours:.2?} beside {theirs:.2?}: {speed:.0} % of its speed");
    speed
}

criterion_group!(benches, stops, stop_ratio, checkpoint_ratio);
criterion_main!(benches);
