//! A disk that can be told to fail, and that writes down what is done to it.
//!
//! It is a SQLite VFS in front of the usual one. Reads and writes go to real files; syncs do not, since
//! what a sync is worth is told by [`power`], from what was written down.

mod ffi;
mod power;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use winddown_host::store::Options;

pub(crate) use power::{Files, Loss, Power, put};

/// What happened to the disk, in order. Files are known by the last part of their names.
#[derive(Clone, Debug)]
pub(crate) enum Happened {
    /// A file was made that was not there.
    Made(Arc<str>),
    /// Bytes were written from a place on.
    Written(Arc<str>, u64, Vec<u8>),
    /// A file was cut, or made longer.
    Resized(Arc<str>, u64),
    /// Somebody else than SQLite wrote a file over itself, and synced it and its directory.
    Rewritten(Arc<str>, Vec<u8>),
    /// Everything up to here is on the disk.
    Synced(Arc<str>),
    /// Nobody knows what is on the disk, and the kernel takes it for written.
    SyncFailed(Arc<str>),
    /// A file was deleted.
    Deleted(Arc<str>),
    /// The names in the directory are on the disk.
    DirectorySynced,
    /// A fault was given to SQLite.
    Failed,
    /// Somebody was told that what has this number is durable.
    Acknowledged(u32),
}

impl Happened {
    /// What somebody was told is durable.
    pub(crate) const fn acknowledged(&self) -> Option<u32> {
        match self {
            Self::Acknowledged(number) => Some(*number),
            Self::Made(_)
            | Self::Written(..)
            | Self::Resized(..)
            | Self::Rewritten(..)
            | Self::Synced(_)
            | Self::SyncFailed(_)
            | Self::Deleted(_)
            | Self::DirectorySynced
            | Self::Failed => None,
        }
    }
}

/// What is asked of a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ask {
    Open,
    Read,
    Write,
    Sync,
    Resize,
    Delete,
}

/// How a disk fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// A file cannot be opened.
    Open,
    /// A read fails.
    Read,
    /// A read gives the first half of what is there.
    ShortRead,
    /// About half of a write is written, in whole sectors, and then the disk is full.
    Full,
    /// About half of a write is written, in whole sectors, and then the disk fails; or a file cannot be cut.
    TornWrite,
    /// A sync fails.
    Sync,
    /// A file cannot be deleted.
    Delete,
}

impl Fault {
    pub(crate) const ALL: [Self; 7] =
        [Self::Open, Self::Read, Self::ShortRead, Self::Full, Self::TornWrite, Self::Sync, Self::Delete];

    const fn concerns(self, ask: Ask) -> bool {
        match self {
            Self::Open => matches!(ask, Ask::Open),
            Self::Read | Self::ShortRead => matches!(ask, Ask::Read),
            Self::Full => matches!(ask, Ask::Write),
            Self::TornWrite => matches!(ask, Ask::Write | Ask::Resize),
            Self::Sync => matches!(ask, Ask::Sync),
            Self::Delete => matches!(ask, Ask::Delete),
        }
    }

    /// Whether nothing can be committed while it lasts.
    pub(crate) const fn stops_commits(self) -> bool {
        matches!(self, Self::Full | Self::TornWrite | Self::Sync)
    }
}

/// When a fault comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) fault: Fault,
    /// At the how-manieth thing that it concerns, from 0.
    pub(crate) at: u32,
    /// Whether everything after that fails as well.
    pub(crate) stays: bool,
}

/// A disk, as a VFS of its own name.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    name: Arc<str>,
    state: Arc<Mutex<State>>,
}

#[derive(Default, Debug)]
struct State {
    happened: Vec<Happened>,
    plan: Option<Plan>,
    /// How many things came that the plan concerns.
    seen: u32,
    /// How many of them failed.
    failed: u32,
}

impl Disk {
    /// One that does not fail. It stays registered for as long as the process lives.
    pub(crate) fn new() -> Self {
        let state = Arc::default();
        Self { name: ffi::register(&state), state }
    }

    /// How a store is opened on it.
    pub(crate) fn options(&self) -> Options {
        Options { vfs: Some(self.name.to_string()), ..Options::default() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// From now on it fails as planned, or not at all.
    pub(crate) fn plan(&self, plan: Option<Plan>) {
        let mut state = self.lock();
        (state.plan, state.seen, state.failed) = (plan, 0, 0);
    }

    /// How often it has failed since it was told to.
    pub(crate) fn failed(&self) -> u32 {
        self.lock().failed
    }

    /// Writes down that somebody was told that what has this number is durable.
    pub(crate) fn acknowledge(&self, number: u32) {
        self.lock().happened.push(Happened::Acknowledged(number));
    }

    /// How many things happened since they were last taken.
    pub(crate) fn happened(&self) -> usize {
        self.lock().happened.len()
    }

    /// Writes down something that did not come through SQLite, after so many things that did.
    pub(crate) fn note_at(&self, place: usize, happened: Happened) {
        self.lock().happened.insert(place, happened);
    }

    /// What happened since this was last asked.
    pub(crate) fn take(&self) -> Vec<Happened> {
        std::mem::take(&mut self.lock().happened)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// Whether what is asked fails, and how.
    fn judge(&mut self, ask: Ask) -> Option<Fault> {
        let plan = self.plan.filter(|plan| plan.fault.concerns(ask))?;
        let number = self.seen;
        self.seen += 1;
        if number == plan.at || (plan.stays && number > plan.at) {
            self.failed += 1;
            self.happened.push(Happened::Failed);
            return Some(plan.fault);
        }
        None
    }
}

/// The last part of a file's name.
fn name_of(path: &str) -> Arc<str> {
    Path::new(path).file_name().map_or_else(|| path.into(), |name| name.to_string_lossy().into())
}
