//! Kills the process that writes, at any moment, and looks at what is there afterwards.
//!
//! This shows the order of acknowledgements and the recovery of a log that was left behind. It says nothing
//! about power loss: the kernel outlives the process, and keeps what was not synced.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use winddown_core::Outcome;
use winddown_host::store::{Options, SqliteStore, Store};

use crate::{
    child::{self, Role, Running},
    harness::{Random, file_in, report, trials},
    workload,
};

/// How many writes are under way at most.
const WINDOW: u32 = 40;
/// How many kills one database sees.
const LIVES: u32 = 12;

/// The child: writes for as long as it lives, and says what was acknowledged.
pub(crate) fn write(file: &Path) {
    let (sender, done) = mpsc::channel();
    let tell = move |done| {
        let (number, outcome) = workload::number_of(&done);
        assert_eq!(outcome, Outcome::Done, "nothing is in the way");
        child::say(&format!("{number}."));
        sender.send(()).unwrap();
    };
    let (mut store, kept) = SqliteStore::open(file, tell, &Options::default()).unwrap();
    workload::declarations().for_each(|write| store.write(write));
    for (handed_over, number) in (0..).zip(workload::last(&kept) + 1..) {
        store.write(workload::nth(number));
        if handed_over >= WINDOW {
            done.recv().unwrap();
        }
    }
}

/// Lets a child write for so long, and gives back what it acknowledged.
fn write_and_kill(file: &Path, after: Duration) -> BTreeSet<u32> {
    let end = Instant::now() + after;
    let mut child = Running::start(child::command(Role::Write, file));
    thread::sleep(end.saturating_duration_since(Instant::now()));
    child.kill();
    let mut acknowledged = BTreeSet::new();
    while let Some(line) = child.line() {
        // The last line may be torn.
        let Some(number) = line.strip_suffix('.') else { break };
        acknowledged.insert(number.parse().expect("a number"));
    }
    acknowledged
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    let (kills, mut writes, mut in_vain) = (trials(LIVES), 0, 0);
    let mut random = Random(1);
    for _ in 0..kills / LIVES {
        let directory = tempfile::tempdir().unwrap();
        let file = file_in(&directory);
        let mut acknowledged = BTreeSet::new();
        for _ in 0..LIVES {
            let more = write_and_kill(&file, Duration::from_millis(random.below(200)));
            in_vain += u32::from(more.is_empty());
            acknowledged.extend(more);
            workload::check(&file, &acknowledged).unwrap();
        }
        writes += acknowledged.len();
    }
    assert!(writes > 0, "the child never came to write anything");
    report(&format!("{kills} kills, {in_vain} before anything was written; {writes} acknowledged, 0 lost"));
}
