//! Writes whose traces can be checked later, whatever happened meanwhile.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, UNIX_EPOCH},
};

use winddown_core::{Outcome, Row, Status};
use winddown_host::store::{Done, Kept, Options, SqliteStore, Store, StoreError, Write};

use crate::{
    harness::{PATIENCE, checkpoint, declare, persist, read, row},
    vfs::{Disk, Happened},
};

/// How many units are written to.
const UNITS: u32 = 4;

/// The unit that a write is about.
fn unit(number: u32) -> String {
    format!("unit {}", number % UNITS)
}

pub(crate) fn declarations() -> impl Iterator<Item = Write> {
    (0..UNITS).map(|number| declare(&unit(number)))
}

/// Every write is one start of a unit, with one finding that has the same number. Every fifth has a state.
pub(crate) fn nth(number: u32) -> Write {
    let (unit, finding) = (unit(number), number.to_string());
    let row = row(number, status(number));
    if has_state(number) {
        checkpoint(&unit, row, &[&finding], finding.as_bytes())
    } else {
        persist(&unit, row, &[&finding])
    }
}

const fn status(number: u32) -> Status {
    if has_state(number) { Status::Stopping } else { Status::Running }
}

const fn has_state(number: u32) -> bool {
    number.is_multiple_of(5)
}

/// Which write came to its end, and how.
pub(crate) const fn number_of(done: &Done) -> (u32, Outcome) {
    match done {
        Done::Persisted { row, outcome, .. } => (row.incarnation.0, *outcome),
        Done::Checkpointed { step, outcome, .. } => (step.incarnation.0, *outcome),
    }
}

/// The last write that left a row.
pub(crate) fn last(kept: &[Kept]) -> u32 {
    kept.iter().filter_map(|kept| kept.row).map(|row| row.incarnation.0).max().unwrap_or(0)
}

/// Opens a store on that disk, writes to it, so many at a time, and closes it. The disk is told what is
/// acknowledged. Gives back how each write went.
pub(crate) fn live(
    disk: &Disk,
    file: &Path,
    writes: u32,
    window: u32,
) -> Result<Vec<(u32, Outcome)>, StoreError> {
    let (sender, done) = mpsc::channel();
    let witness = disk.clone();
    let tell = move |done: Done| {
        let (number, outcome) = number_of(&done);
        if outcome == Outcome::Done {
            witness.acknowledge(number);
        }
        // Nobody waits any more where a check has failed.
        let _nobody = sender.send((number, outcome));
    };
    let options = Options { log_pages: 12, ..disk.options() };
    let log = Log::mark(disk, file);
    let (mut store, kept) = SqliteStore::open(file, tell, &options)?;
    log.note_if_rewritten(disk);
    declarations().for_each(|write| store.write(write));
    let first = last(&kept) + 1;
    let mut outcomes = Vec::new();
    for handed_over in 0..writes {
        // The last two are written alone: a disk that fails once cannot fail both.
        let window = if handed_over + 2 < writes { window } else { 0 };
        while outcomes.len() + (window as usize) < handed_over as usize {
            outcomes.push(done.recv_timeout(PATIENCE).expect("every write comes back"));
        }
        store.write(nth(first + handed_over));
    }
    outcomes.push(done.recv_timeout(PATIENCE).expect("every write comes back"));
    Box::new(store).close(PATIENCE);
    Ok(outcomes)
}

/// A log that was there when a store was opened. It is not written to through SQLite alone.
struct Log {
    path: PathBuf,
    bytes: Option<Vec<u8>>,
    happened: usize,
}

impl Log {
    fn mark(disk: &Disk, file: &Path) -> Self {
        let path = file.with_extension("db-wal");
        let bytes = fs::read(&path).ok();
        if bytes.is_some() {
            File::options().write(true).open(&path).unwrap().set_modified(UNIX_EPOCH).unwrap();
        }
        Self { path, bytes, happened: disk.happened() }
    }

    fn note_if_rewritten(self, disk: &Disk) {
        let Some(bytes) = self.bytes else { return };
        if fs::metadata(&self.path).unwrap().modified().unwrap() != UNIX_EPOCH {
            let name = self.path.file_name().unwrap().to_string_lossy().into();
            disk.note_at(self.happened, Happened::Rewritten(name, bytes));
        }
    }
}

/// Opens what is left, and checks that all of what was acknowledged is there, that there is nothing that
/// was not written, and that each write is there as a whole.
pub(crate) fn check(file: &Path, acknowledged: &BTreeSet<u32>) -> Result<(), String> {
    let (mut store, kept) =
        SqliteStore::open(file, drop, &Options::default()).map_err(|error: StoreError| error.to_string())?;
    let mut units = BTreeMap::new();
    for kept in &kept {
        let found = read(&mut store, &kept.unit, 0, u32::MAX);
        let found: Vec<u32> = found.iter().map(|id| id.parse().expect("a number")).collect();
        let last = found.last().copied().unwrap_or(0);
        if !(1..=last).filter(|&number| *kept.unit == *unit(number)).eq(found) {
            return Err(format!("a finding of {kept:?} is missing or out of place"));
        }
        let row = kept.row.map_or(0, |row: Row| row.incarnation.0);
        // Findings may be ahead of a row that failed.
        if row > last || kept.row.is_some_and(|row| row.status != status(row.incarnation.0)) {
            return Err(format!("a row without its findings, or not as it was written: {kept:?}"));
        }
        let state = kept.state.as_deref().map_or_else(|| "0".into(), String::from_utf8_lossy).parse::<u32>();
        let state = state.map_err(|error| error.to_string())?;
        if state > row || !has_state(state) {
            return Err(format!("a state without its row: {kept:?}"));
        }
        units.insert(kept.unit.to_string(), (row, state));
    }
    Box::new(store).close(Duration::ZERO);
    for &number in acknowledged {
        let (row, state) = units.get(&unit(number)).copied().unwrap_or((0, 0));
        if row < number || (has_state(number) && state < number) {
            return Err(format!("{number} was acknowledged, and {row} is there with the state of {state}"));
        }
    }
    Ok(())
}
