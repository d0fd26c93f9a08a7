//! Kills the process that writes, at any moment, and looks at what is there afterwards.
//!
//! This shows the order of acknowledgements and the recovery of a log that was left behind. It says nothing
//! about power loss: the kernel outlives the process, and keeps what was not synced.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use winddown_core::{Outcome, Status};
use winddown_host::store::{Done, Kept, Options, SqliteStore, Store, Write};

use crate::{
    child::{self, Role, Running},
    harness::{Harness, Place, checkpoint, declare, persist, report, row, trials},
};

/// How many units are written to.
const UNITS: u32 = 4;
/// How many writes are under way at most.
const WINDOW: u32 = 40;

fn unit(number: u32) -> String {
    format!("unit {}", number % UNITS)
}

/// Every write of the child is one start of a unit, with one finding that has the same number.
fn nth(number: u32) -> Write {
    let (unit, finding) = (unit(number), number.to_string());
    if number.is_multiple_of(5) {
        checkpoint(&unit, row(number, Status::Stopping), &[&finding], finding.as_bytes())
    } else {
        persist(&unit, row(number, Status::Running), &[&finding])
    }
}

/// The child: writes for as long as it lives, and says what was acknowledged.
pub(crate) fn write(file: &Path) {
    let (sender, done) = mpsc::channel();
    let tell = move |done| {
        let (number, outcome) = match done {
            Done::Persisted { row, outcome, .. } => (row.incarnation.0, outcome),
            Done::Checkpointed { step, outcome, .. } => (step.incarnation.0, outcome),
        };
        assert_eq!(outcome, Outcome::Done, "nothing is in the way");
        child::say(&format!("{number}."));
        sender.send(()).unwrap();
    };
    let (mut store, kept) = SqliteStore::open(file, tell, &Options::default()).unwrap();
    let last = kept.iter().filter_map(|kept| kept.row).map(|row| row.incarnation.0).max().unwrap_or(0);
    (0..UNITS).for_each(|number| store.write(declare(&unit(number))));
    for (handed_over, number) in (0..).zip(last + 1..) {
        store.write(nth(number));
        if handed_over >= WINDOW {
            done.recv().unwrap();
        }
    }
}

/// Lets a child write for so long, and gives back the highest number that it acknowledged.
fn write_and_kill(file: &Path, after: Duration) -> u32 {
    let end = Instant::now() + after;
    let mut child = Running::start(child::command(Role::Write, file));
    thread::sleep(end.saturating_duration_since(Instant::now()));
    child.kill();
    let mut highest = 0;
    while let Some(line) = child.line() {
        // The last line may be torn.
        let Some(number) = line.strip_suffix('.') else { break };
        highest = highest.max(number.parse().expect("a number"));
    }
    highest
}

/// Each unit holds what was written to it up to some write, all of it, and nothing else.
#[track_caller]
fn check_whole(kept: &[Kept], store: &mut Harness) -> BTreeMap<String, u32> {
    let mut last = BTreeMap::new();
    for kept in kept {
        let found = store.findings(&kept.unit, 0, u32::MAX);
        let Some(row) = kept.row else {
            assert_eq!(found, [""; 0], "findings without their row");
            continue;
        };
        let number = row.incarnation.0;
        let expect = (1..=number).filter(|&number| *kept.unit == *unit(number));
        assert!(expect.clone().map(|number| number.to_string()).eq(found), "findings of {kept:?}");
        assert_eq!(row.status, if number.is_multiple_of(5) { Status::Stopping } else { Status::Running });
        let saved = expect.filter(|number| number.is_multiple_of(5)).max();
        assert_eq!(kept.state, saved.map(|number| number.to_string().into_bytes()));
        last.insert(kept.unit.to_string(), number);
    }
    last
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    let new = || Harness::open(Place::Disk(tempfile::tempdir().unwrap())).0;
    let (mut store, mut acknowledged) = (new(), 0);
    let (kills, mut writes, mut in_vain) = (trials(12), 0, 0);
    let mut moment: u64 = 1;
    for kill in 1..=kills {
        store.close();
        moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let highest = write_and_kill(&store.path(), Duration::from_millis((moment >> 33) % 100));
        in_vain += u32::from(highest == 0);
        acknowledged = acknowledged.max(highest);
        let kept = store.reopen();
        let last = check_whole(&kept, &mut store);
        // Acknowledgements come in the order of the writes.
        for number in (1..=acknowledged).rev().take(UNITS as usize) {
            let there = last.get(&unit(number)).copied().unwrap_or(0);
            assert!(there >= number, "{number} was acknowledged, and {there} is there");
        }
        if kill % 12 == 0 {
            writes += acknowledged;
            (store, acknowledged) = (new(), 0);
        }
    }
    assert!(writes > 0, "the child never came to write anything");
    report(&format!(
        "kills: {kills} ({in_vain} before anything was written), acknowledged: {writes}, lost: 0"
    ));
}
