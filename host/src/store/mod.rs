//! Where rows, findings and checkpoints are kept.
//!
//! The driver never waits for a disk: it hands a [`Write`] over, and the outcome comes back later as a
//! [`Done`], through the sender that the store was opened with. Writes of one unit are carried out in the
//! order in which they were handed over. A unit is known to a store by its name, which outlives the host;
//! numbers do not.

mod memory;
mod owed;
mod sqlite;

use std::sync::Arc;

use winddown_core::{Incarnation, Outcome, Row, Step};

use crate::context::Place;

pub use memory::{Memory, MemoryStore};
pub use sqlite::{Options, SqliteStore, StoreError};

/// Something that a body found. Made from its two parts: `Finding::from((id, data))`. A store that keeps one in
/// memory keeps a copy: the one that came with a [`Write`] counts as being on its way until it is dropped.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Finding {
    /// Its producer's own name for it. A second finding of the same unit with the same name is the same
    /// finding, told again: a retry adds nothing.
    pub id: Arc<str>,
    /// What it is, as its producer wrote it.
    pub data: Arc<[u8]>,
    /// What it takes of its body's bound until it is written.
    pub(crate) place: Place,
}

/// A process that the host started, told apart from a later one with the same number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProcessIdentity {
    /// The number of the process, which is also the number of its group.
    pub pid: u32,
    /// When it was started, in the kernel's ticks since boot (field 22 of `/proc/PID/stat`).
    pub started: u64,
    /// Which boot that was (`/proc/sys/kernel/random/boot_id`).
    pub boot: [u8; 16],
}

/// One order to a store. All of it becomes durable, or nothing; but findings are taken from anybody, so those
/// that come with a row of a unit that was never declared are kept, although the row fails.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Write {
    /// A unit is known from now on, or known again with other policies.
    Declare {
        /// Its name.
        unit: Arc<str>,
        /// The name of its kind.
        kind: Arc<str>,
        /// The name of its owner.
        owner: Arc<str>,
    },
    /// A unit's row, and what it found since the last write. Comes back as [`Done::Persisted`] where
    /// `confirm` is set.
    Persist {
        /// Of which unit.
        unit: Arc<str>,
        /// Its row. `row.findings` counts all findings of the unit that are durable once this is written.
        row: Row,
        /// What the number of its reason stands for, where that is a number.
        stated: Option<Arc<str>>,
        /// The findings that no write before this one held.
        findings: Vec<Finding>,
        /// Whether somebody waits for it.
        confirm: bool,
    },
    /// The same with a copy of the body's state. Comes back as [`Done::Checkpointed`].
    Checkpoint {
        /// Of which unit.
        unit: Arc<str>,
        /// Which rung of which stop asked for it.
        step: Step,
        /// Its row.
        row: Row,
        /// What the number of its reason stands for, where that is a number.
        stated: Option<Arc<str>>,
        /// The findings that no write before this one held.
        findings: Vec<Finding>,
        /// What the body wants to see again when it starts again.
        state: Vec<u8>,
    },
    /// Findings ahead of any row (written behind, within the bound that a body's context keeps). Nothing comes back.
    Findings {
        /// Of which unit.
        unit: Arc<str>,
        /// The findings that no write before this one held.
        findings: Vec<Finding>,
    },
    /// Which process is the body of an incarnation. Nothing comes back.
    Spawned {
        /// Of which unit.
        unit: Arc<str>,
        /// Which start.
        incarnation: Incarnation,
        /// The process.
        process: ProcessIdentity,
    },
    /// A unit was removed: its row and its process are forgotten. Its findings stay.
    Remove {
        /// Which.
        unit: Arc<str>,
    },
}

impl Write {
    /// The name of the unit that it is about.
    #[must_use]
    pub const fn unit(&self) -> &Arc<str> {
        match self {
            Self::Declare { unit, .. }
            | Self::Persist { unit, .. }
            | Self::Checkpoint { unit, .. }
            | Self::Findings { unit, .. }
            | Self::Spawned { unit, .. }
            | Self::Remove { unit } => unit,
        }
    }

    /// The findings that come with it.
    fn findings(&self) -> &[Finding] {
        match self {
            Self::Persist { findings, .. }
            | Self::Checkpoint { findings, .. }
            | Self::Findings { findings, .. } => findings,
            Self::Declare { .. } | Self::Spawned { .. } | Self::Remove { .. } => &[],
        }
    }

    /// Whether somebody waits for it.
    const fn is_awaited(&self) -> bool {
        matches!(self, Self::Persist { confirm: true, .. } | Self::Checkpoint { .. })
    }

    /// What is told when it has come to its end, if somebody waits for it.
    fn done(&self, outcome: Outcome) -> Option<Done> {
        match self {
            Self::Persist { unit, row, confirm: true, .. } => {
                Some(Done::Persisted { unit: Arc::clone(unit), row: *row, outcome })
            }
            Self::Checkpoint { unit, step, .. } => {
                Some(Done::Checkpointed { unit: Arc::clone(unit), step: *step, outcome })
            }
            Self::Declare { .. }
            | Self::Persist { .. }
            | Self::Findings { .. }
            | Self::Spawned { .. }
            | Self::Remove { .. } => None,
        }
    }
}

/// What came of a [`Write`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Done {
    /// Of a [`Write::Persist`] with `confirm`.
    Persisted {
        /// Of which unit.
        unit: Arc<str>,
        /// What was to be written.
        row: Row,
        /// How it went.
        outcome: Outcome,
    },
    /// Of a [`Write::Checkpoint`].
    Checkpointed {
        /// Of which unit.
        unit: Arc<str>,
        /// Which rung of which stop asked for it.
        step: Step,
        /// How it went.
        outcome: Outcome,
    },
}

/// What a store holds of one unit when it is opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Its name.
    pub unit: Arc<str>,
    /// The name of its kind.
    pub kind: Arc<str>,
    /// The name of its owner.
    pub owner: Arc<str>,
    /// Its row, if one was ever written. `row.findings` is the number of findings that are really there,
    /// which is more than the last row said where findings were written ahead of it.
    pub row: Option<Row>,
    /// What the number of the row's reason stands for, where that is a number. A database of version 1 has none.
    pub stated: Option<Arc<str>>,
    /// The state of its last checkpoint.
    pub state: Option<Vec<u8>>,
    /// The process of its last start, if its body was one.
    pub process: Option<ProcessIdentity>,
}

/// Somewhere to keep things. [`Write`] says what comes back.
pub trait Store: Send + 'static {
    /// Takes an order. Never blocks, never fails: what goes wrong comes back as an outcome.
    fn write(&mut self, write: Write);

    /// Reads the findings of a unit in the order in which they were recorded, from the `after`-th on, at
    /// most `limit`, as they are once everything handed over before is written. `reply` is called once.
    fn findings(&mut self, unit: Arc<str>, after: u32, limit: u32, reply: FindingsReply);

    /// Writes what is still waiting and lets go of the files, within the time that is left. Blocks.
    fn close(self: Box<Self>, within: std::time::Duration);
}

/// What is called with the findings that were asked for, or with why they could not be read.
pub type FindingsReply = Box<dyn FnOnce(Result<Vec<Finding>, String>) + Send>;
