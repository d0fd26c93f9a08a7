//! Everything that the engine asks for: the complete vocabulary of what a world must do.
//!
//! A world is one exhaustive `match` over [`Effect`]. Each effect says which input comes back.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{
    disposition::Why,
    ids::{ClientId, Incarnation, Ticket, UnitId},
    input::{Row, Step},
    ladder::{Action, Phase},
    report::UnitReport,
    status::Status,
    time::Moment,
};

/// What a caller is told.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// A start, a pause, a resume or a removal was carried out or is on its way; a request that came
    /// from the unit's own body was accepted.
    Accepted,
    /// The unit is stopped, and its row is durable.
    Stopped {
        /// The status that its row has.
        status: Status,
        /// Whether a body was left that is not proven gone.
        leaked: bool,
    },
    /// The unit was running and is cancelled, and its row is durable; or it was not running.
    Cancelled(bool),
    /// The unit was stopped and started again.
    Restarted,
    /// The ladder is over, but its row could not be written.
    NotRecorded,
    /// The whole host shuts down, by then at the latest.
    ShuttingDown {
        /// The deadline.
        by: Moment,
    },
    /// Nothing was done.
    Refused(Why),
}

/// What subscribers of a unit are told.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// It was started.
    Started,
    /// It reported progress.
    Progress,
    /// It holds still.
    Paused,
    /// It goes on.
    Resumed,
    /// It was asked to cancel.
    CancellationRequested,
    /// Terminal: it completed.
    Completed,
    /// Terminal: it failed.
    Failed,
    /// Terminal: it was cancelled.
    Cancelled,
    /// Terminal: it ran out of its run budget, and was cancelled.
    TimedOut,
    /// Terminal: it was stopped.
    Stopped,
}

impl Notice {
    /// Whether it is the last one of an incarnation. There is exactly one.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Started | Self::Progress | Self::Paused | Self::Resumed | Self::CancellationRequested => {
                false
            }
            Self::Completed | Self::Failed | Self::Cancelled | Self::TimedOut | Self::Stopped => true,
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Progress => "progress",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::CancellationRequested => "cancellation requested",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed out",
            Self::Stopped => "stopped",
        }
    }
}

/// One order of the engine to its world.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Start a body. Comes back as `UnitStarted` (only where the kind has a start patience),
    /// `StartFailed`, and in the end `UnitExited`.
    Start {
        /// Whose.
        unit: UnitId,
        /// Which start.
        incarnation: Incarnation,
    },
    /// Ask a body to hold still, outside of any stop. Comes back as `UnitPaused`.
    Pause {
        /// Whose.
        unit: UnitId,
        /// Which start.
        incarnation: Incarnation,
    },
    /// Let a paused body go on.
    Resume {
        /// Whose.
        unit: UnitId,
        /// Which start.
        incarnation: Incarnation,
    },
    /// Carry out a rung of a stop. Comes back as `StepFinished`, and as `UnitExited` when the body goes.
    Perform {
        /// On which unit.
        unit: UnitId,
        /// Which rung of which stop.
        step: Step,
        /// What to do.
        action: Action,
        /// When the engine goes on without it.
        until: Moment,
    },
    /// The checkpoint rung: write `row` and a durable copy of the body's state, both or neither.
    /// Comes back as `StepFinished`.
    Checkpoint {
        /// Of which unit.
        unit: UnitId,
        /// Which rung of which stop.
        step: Step,
        /// What to write.
        row: Row,
        /// When the engine goes on without it.
        until: Moment,
    },
    /// Write a unit's row, with its findings, both or neither. Rows of a unit are written in the
    /// order they were asked for. Comes back as `Persisted` where `confirm` is set.
    Persist {
        /// Of which unit.
        unit: UnitId,
        /// What to write.
        row: Row,
        /// Whether somebody waits for it.
        confirm: bool,
    },
    /// Tell a body that its findings up to this count are durable.
    Acknowledge {
        /// Whose.
        unit: UnitId,
        /// How many.
        findings: u32,
    },
    /// End what an earlier host may have left of a unit. Comes back as `Reaped`.
    Reap {
        /// Of which unit.
        unit: UnitId,
        /// Which start.
        incarnation: Incarnation,
    },
    /// Tell a unit's subscribers.
    Notify {
        /// About which unit.
        unit: UnitId,
        /// Which start.
        incarnation: Incarnation,
        /// What.
        notice: Notice,
    },
    /// Tell a client that the host shuts down. Comes back as `ClientTold`.
    Tell {
        /// Whom.
        client: ClientId,
        /// The deadline.
        by: Moment,
    },
    /// Disconnect a client. Comes back as `ClientLeft`.
    Disconnect {
        /// Whom.
        client: ClientId,
    },
    /// Carry out a phase of the shutdown that concerns the host's own artifacts. Comes back as
    /// `PhaseFinished`.
    Wind {
        /// Which.
        phase: Phase,
        /// When the engine goes on without it.
        until: Moment,
    },
    /// Answer a request.
    Reply {
        /// Which.
        ticket: Ticket,
        /// What.
        answer: Answer,
    },
    /// Read the configuration again.
    Reload,
    /// Write down [`Engine::report`](crate::Engine::report) as it stands: once when the deadline for
    /// units has passed with some of them still there, once before the exit.
    Report,
    /// End the process with this code. The last effect there is.
    Exit {
        /// 0: everything recorded is preserved and nothing is left over. 1: not so; the report says what.
        code: u8,
    },
}

impl Effect {
    /// The unit that it is about, if it is about one.
    #[must_use]
    pub const fn unit(&self) -> Option<UnitId> {
        match *self {
            Self::Start { unit, .. }
            | Self::Pause { unit, .. }
            | Self::Resume { unit, .. }
            | Self::Perform { unit, .. }
            | Self::Checkpoint { unit, .. }
            | Self::Persist { unit, .. }
            | Self::Acknowledge { unit, .. }
            | Self::Reap { unit, .. }
            | Self::Notify { unit, .. } => Some(unit),
            Self::Tell { .. }
            | Self::Disconnect { .. }
            | Self::Wind { .. }
            | Self::Reply { .. }
            | Self::Reload
            | Self::Report
            | Self::Exit { .. } => None,
        }
    }
}

/// Where effects are put down, in the order they are to be carried out. Reused, so that a warm stop
/// path allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    list: Vec<Effect>,
    /// Nothing, where nobody counts stops.
    stops: Option<Vec<UnitReport>>,
}

impl Effects {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self { list: Vec::new(), stops: None }
    }

    /// An empty list that also takes down which stops are over: see [`Effects::stops`].
    #[must_use]
    pub const fn with_stops() -> Self {
        Self { list: Vec::new(), stops: Some(Vec::new()) }
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }

    pub(crate) fn reply(&mut self, ticket: Ticket, answer: Answer) {
        self.push(Effect::Reply { ticket, answer });
    }

    /// A stop is over, as `report` says, if anybody wants to know.
    pub(crate) fn stop_over(&mut self, report: impl FnOnce() -> Option<UnitReport>) {
        if let Some(stops) = &mut self.stops {
            stops.extend(report());
        }
    }

    /// What was asked for, oldest first.
    #[must_use]
    pub fn as_slice(&self) -> &[Effect] {
        &self.list
    }

    /// Stops whose ladder is over, each once, as it went, oldest first, with the final row on its way; none,
    /// unless the list was made [`with_stops`](Effects::with_stops). Nothing is asked for by that: it is for
    /// whoever counts stops, since the same step may start the unit again, and then the engine knows only of that.
    #[must_use]
    pub fn stops(&self) -> &[UnitReport] {
        self.stops.as_deref().unwrap_or_default()
    }

    /// Takes everything out, oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.forget_stops();
        self.list.drain(..)
    }

    /// Forgets everything, and keeps the room.
    pub fn clear(&mut self) {
        self.list.clear();
        self.forget_stops();
    }

    #[inline]
    fn forget_stops(&mut self) {
        if let Some(stops) = &mut self.stops {
            core::hint::cold_path();
            stops.clear();
        }
    }
}
