//! A store to be tested, whichever it is, and short words for what is written to it.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use tempfile::TempDir;
use winddown_core::{Incarnation, Outcome, Reason, Row, Status, Step};
use winddown_host::store::{
    Done, Finding, Kept, Memory, MemoryStore, Options, ProcessIdentity, SqliteStore, Store, Write,
};

use crate::vfs::{Disk, Fault, Plan};

/// Long enough for any disk, and short enough for whoever waits for a test that fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Where a store keeps its things between one host and the next.
pub(crate) enum Place {
    Memory(Memory),
    Disk(TempDir),
    /// One that can be told to fail.
    Failing(TempDir, Disk),
}

/// An open store, and what comes back from it.
pub(crate) struct Harness {
    place: Place,
    store: Option<Box<dyn Store>>,
    done: Receiver<Done>,
}

/// Checks the same thing of a store in memory and of one on disk.
#[track_caller]
pub(crate) fn check_both(check: impl Fn(&mut Harness)) {
    for place in [Place::Memory(Memory::new()), Place::Disk(tempfile::tempdir().unwrap())] {
        let (mut harness, kept) = Harness::open(place);
        assert_eq!(kept, [], "a new store is empty");
        check(&mut harness);
    }
}

impl Harness {
    pub(crate) fn open(place: Place) -> (Self, Vec<Kept>) {
        let mut harness = Self { place, store: None, done: mpsc::channel().1 };
        let kept = harness.reopen();
        (harness, kept)
    }

    /// Closes the store, opens it again, and says what it holds.
    pub(crate) fn reopen(&mut self) -> Vec<Kept> {
        self.close();
        let (sender, done) = mpsc::channel();
        self.done = done;
        // The receiver is gone when the test is over.
        let tell = move |done| drop(sender.send(done));
        let (store, kept): (Box<dyn Store>, _) = match &self.place {
            Place::Memory(memory) => {
                let (store, kept) = MemoryStore::open(memory, tell);
                (Box::new(store), kept)
            }
            Place::Disk(directory) => {
                let (store, kept) =
                    SqliteStore::open(&file_in(directory), tell, &Options::default()).unwrap();
                (Box::new(store), kept)
            }
            Place::Failing(directory, disk) => {
                let (store, kept) = SqliteStore::open(&file_in(directory), tell, &disk.options()).unwrap();
                (Box::new(store), kept)
            }
        };
        self.store = Some(store);
        kept
    }

    /// From now on every write fails, as on a full disk; or none does.
    pub(crate) fn fail(&mut self, fails: bool) {
        self.settle_quietly();
        self.fail_closed(fails);
    }

    /// The same of a store that is closed.
    pub(crate) fn fail_closed(&self, fails: bool) {
        match &self.place {
            Place::Memory(memory) => memory.fail(fails),
            Place::Disk(_) => panic!("a real disk cannot be told to fail"),
            Place::Failing(_, disk) => {
                disk.plan(fails.then_some(Plan { fault: Fault::Full, at: 0, stays: true }));
            }
        }
    }

    /// The file of a store on disk.
    pub(crate) fn path(&self) -> PathBuf {
        match &self.place {
            Place::Memory(_) => panic!("a memory is no file"),
            Place::Disk(directory) | Place::Failing(directory, _) => file_in(directory),
        }
    }

    /// Closes a store on disk, and leaves its directory.
    pub(crate) fn into_directory(mut self) -> TempDir {
        self.close();
        match self.place {
            Place::Memory(_) => panic!("a memory is no directory"),
            Place::Disk(directory) | Place::Failing(directory, _) => directory,
        }
    }

    pub(crate) fn close(&mut self) {
        if let Some(store) = self.store.take() {
            store.close(PATIENCE);
        }
    }

    pub(crate) fn write(&mut self, write: Write) {
        self.store.as_mut().unwrap().write(write);
    }

    /// The next thing that comes back.
    #[track_caller]
    pub(crate) fn next(&self) -> Done {
        self.done.recv_timeout(PATIENCE).expect("something comes back")
    }

    /// Waits until everything that was handed over is written, and says what came back and was not taken.
    pub(crate) fn settle(&mut self) -> Vec<Done> {
        self.settle_quietly();
        self.done.try_iter().collect()
    }

    fn settle_quietly(&mut self) {
        self.findings("nobody", 0, 0);
    }

    /// The findings of a unit, whatever is in them.
    pub(crate) fn all_findings(&mut self, unit: &str) -> Vec<Finding> {
        read_any(self.store.as_mut().unwrap().as_mut(), unit, 0, u32::MAX)
    }

    /// Writes a row, waits for it, and says how it went.
    #[track_caller]
    pub(crate) fn persist(&mut self, unit: &str, row: Row, findings: &[&str]) -> Outcome {
        self.write(persist(unit, row, findings));
        match self.next() {
            Done::Persisted { unit: of, row: what, outcome } => {
                assert_eq!((&*of, what), (unit, row));
                outcome
            }
            done @ Done::Checkpointed { .. } => panic!("{done:?} came back instead"),
        }
    }

    /// The names of findings.
    pub(crate) fn findings(&mut self, unit: &str, after: u32, limit: u32) -> Vec<String> {
        read(self.store.as_mut().unwrap().as_mut(), unit, after, limit)
    }
}

/// The names of findings of a unit, whose contents are what they should be.
pub(crate) fn read(store: &mut dyn Store, unit: &str, after: u32, limit: u32) -> Vec<String> {
    let found = read_any(store, unit, after, limit);
    for finding in &found {
        assert_eq!(*finding, self::finding(&finding.id));
    }
    found.into_iter().map(|finding| finding.id.to_string()).collect()
}

fn read_any(store: &mut dyn Store, unit: &str, after: u32, limit: u32) -> Vec<Finding> {
    let (sender, receiver) = mpsc::channel();
    let reply = Box::new(move |found| sender.send(found).unwrap());
    store.findings(unit.into(), after, limit, reply);
    receiver.recv_timeout(PATIENCE).expect("the reply comes").expect("they can be read")
}

pub(crate) fn file_in(directory: &TempDir) -> PathBuf {
    directory.path().join("state.db")
}

pub(crate) fn row(incarnation: u32, status: Status) -> Row {
    Row {
        incarnation: Incarnation(incarnation),
        status,
        reason: Reason::default(),
        findings: 0,
        leaked: false,
    }
}

/// A finding whose content follows from its name.
pub(crate) fn finding(id: &str) -> Finding {
    Finding::from((id, format!("what {id} says")))
}

pub(crate) fn findings(ids: &[&str]) -> Vec<Finding> {
    ids.iter().map(|id| finding(id)).collect()
}

pub(crate) fn declare(unit: &str) -> Write {
    Write::Declare { unit: unit.into(), kind: "engagement".into(), owner: "somebody".into() }
}

pub(crate) fn persist(unit: &str, row: Row, ids: &[&str]) -> Write {
    Write::Persist { unit: unit.into(), row, stated: None, findings: findings(ids), confirm: true }
}

pub(crate) fn behind(unit: &str, ids: &[&str]) -> Write {
    Write::Findings { unit: unit.into(), findings: findings(ids) }
}

pub(crate) fn checkpoint(unit: &str, row: Row, ids: &[&str], state: &[u8]) -> Write {
    Write::Checkpoint {
        unit: unit.into(),
        step: step(row),
        row,
        stated: None,
        findings: findings(ids),
        state: state.to_vec(),
    }
}

pub(crate) fn step(row: Row) -> Step {
    Step { incarnation: row.incarnation, rung: 1, round: 0 }
}

pub(crate) fn process(pid: u32) -> ProcessIdentity {
    ProcessIdentity { pid, started: u64::from(pid) * 1_000, boot: [7; 16] }
}

pub(crate) fn kept(unit: &str, row: Option<Row>) -> Kept {
    Kept {
        unit: Arc::from(unit),
        kind: "engagement".into(),
        owner: "somebody".into(),
        row,
        stated: None,
        state: None,
        process: None,
    }
}

/// How often something random is tried: so often, times `WINDDOWN_TORTURE` where that is set.
pub(crate) fn trials(short: u32) -> u32 {
    let times = std::env::var("WINDDOWN_TORTURE").map_or(1, |times| times.parse().expect("a number"));
    short.saturating_mul(times)
}

/// Says what was tried. Seen with `--nocapture`.
#[expect(clippy::print_stdout, reason = "the test harness takes it")]
pub(crate) fn report(what: &str) {
    println!("{what}");
}

/// Numbers that look random, and are the same every time.
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of 0 to `bound` - 1.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
