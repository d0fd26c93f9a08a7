//! Everything that goes into the engine: requests, and facts about what the world did.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ClientId, Incarnation, KindId, OwnerId, Ticket, UnitId},
    ladder::Phase,
    status::{Reason, Status},
    time::Span,
};

/// Who waits for the answer to a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Caller {
    /// Nobody.
    #[default]
    Nobody,
    /// Somebody outside of the unit: answered when what was asked for is true.
    Outside(Ticket),
    /// The unit's own body: answered as soon as the request is accepted, since a body that waits for
    /// its own end would wait for ever.
    Body(Ticket),
}

/// How long a stop may take.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// Not said: what the plan says.
    #[default]
    Unset,
    /// So long. Zero: at once.
    For(Span),
    /// However long it takes.
    Unlimited,
}

/// A signal to the host's process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// SIGTERM: shut down; the second one forces.
    Terminate,
    /// SIGINT: the same.
    Interrupt,
    /// SIGHUP: reload, never a stop.
    Hangup,
}

/// How a body ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// By itself, with success.
    Completed,
    /// With an error.
    Failed,
    /// With a panic.
    Panicked,
    /// Because it was told to.
    Ended,
}

/// How something that the engine asked for went.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As asked. "It was so already" is done, too.
    Done,
    /// It did not work, and nobody tries again by itself.
    Failed,
}

/// Which try of which rung of which stop something belongs to. An incarnation is stopped once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Whose body.
    pub incarnation: Incarnation,
    /// The place on the ladder, from 0.
    pub rung: u8,
    /// Which try, from 0: a checkpoint is written again when more was found meanwhile, and the answer to
    /// the first try, told twice, must not be taken for one to the second.
    pub round: u16,
}

/// A persisted state of a unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Which start it is about. A row about a later incarnation replaces one about an earlier one.
    pub incarnation: Incarnation,
    /// The promised status. The first terminal one of an incarnation wins.
    pub status: Status,
    /// Why it was stopped or cancelled.
    pub reason: Reason,
    /// How many of the unit's findings are in it.
    pub findings: u32,
    /// Whether a body was left that is not proven gone.
    pub leaked: bool,
}

/// All that goes into the engine. Requests are named for what somebody asked, facts for what happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// A unit is known from now on. Numbers are given without gaps; a removed one may be used again.
    UnitDeclared {
        /// Its number.
        unit: UnitId,
        /// Its policies.
        kind: KindId,
        /// Its owner.
        owner: OwnerId,
    },
    /// `unit` needs `on` for as long as it lives. `on` has the smaller number, so there is no cycle.
    DependencyDeclared {
        /// What depends.
        unit: UnitId,
        /// What it depends on.
        on: UnitId,
    },
    /// A unit was found in the store when the host came up, with the row that was left of it.
    UnitRecovered {
        /// Its number, declared before.
        unit: UnitId,
        /// What the store says.
        row: Row,
    },
    /// Somebody asked for a start.
    StartRequested {
        /// Of which unit.
        unit: UnitId,
        /// Who waits.
        caller: Caller,
    },
    /// A body said that it is up.
    UnitStarted {
        /// Whose.
        unit: UnitId,
        /// Which start.
        incarnation: Incarnation,
    },
    /// A body could not be started: there is none.
    StartFailed {
        /// Whose.
        unit: UnitId,
        /// Which start.
        incarnation: Incarnation,
    },
    /// A body is gone.
    UnitExited {
        /// Whose.
        unit: UnitId,
        /// Which start.
        incarnation: Incarnation,
        /// How.
        exit: Exit,
    },
    /// A body reported progress.
    Progressed {
        /// Whose.
        unit: UnitId,
        /// Which start.
        incarnation: Incarnation,
    },
    /// A body recorded one finding.
    FindingRecorded {
        /// Whose.
        unit: UnitId,
        /// Whether the body waits until it is durable.
        durable: bool,
    },
    /// Somebody asked that a unit holds still.
    PauseRequested {
        /// Which.
        unit: UnitId,
        /// Who waits.
        caller: Caller,
    },
    /// A body holds still.
    UnitPaused {
        /// Whose.
        unit: UnitId,
        /// Which start.
        incarnation: Incarnation,
    },
    /// Somebody asked that a paused unit goes on.
    ResumeRequested {
        /// Which.
        unit: UnitId,
        /// Who waits.
        caller: Caller,
    },
    /// Somebody asked for a stop.
    StopRequested {
        /// Of which unit.
        unit: UnitId,
        /// Whether gentle rungs are skipped.
        force: bool,
        /// How long it may take.
        within: Within,
        /// Who waits.
        caller: Caller,
    },
    /// Somebody asked for a stop and a new start.
    RestartRequested {
        /// Of which unit.
        unit: UnitId,
        /// Who waits.
        caller: Caller,
    },
    /// Somebody asked that a run is cancelled.
    CancelRequested {
        /// Of which unit.
        unit: UnitId,
        /// Why.
        reason: Reason,
        /// Who waits.
        caller: Caller,
    },
    /// Somebody asked that an ended unit is forgotten, and its number free again. Refused where others depend
    /// on it; what it depends on itself is not held up by it any more.
    RemoveRequested {
        /// Which.
        unit: UnitId,
        /// Who waits.
        caller: Caller,
    },
    /// A rung's action came to an end.
    StepFinished {
        /// Of which unit.
        unit: UnitId,
        /// Which rung of which stop.
        step: Step,
        /// How.
        outcome: Outcome,
    },
    /// A row was written, or could not be. Echoes what was asked for.
    Persisted {
        /// Of which unit.
        unit: UnitId,
        /// What was to be written.
        row: Row,
        /// How it went.
        outcome: Outcome,
    },
    /// An earlier host's body was looked for and ended, or could not be.
    Reaped {
        /// Whose.
        unit: UnitId,
        /// How it went.
        outcome: Outcome,
    },
    /// A client is connected.
    ClientAttached {
        /// Which.
        client: ClientId,
    },
    /// A client was told that the host shuts down, or could not be.
    ClientTold {
        /// Which.
        client: ClientId,
        /// How it went. A client that cannot be told is dropped.
        outcome: Outcome,
    },
    /// A client is gone, by itself or because it was disconnected.
    ClientLeft {
        /// Which.
        client: ClientId,
    },
    /// Somebody asked that the whole host shuts down.
    ShutdownRequested {
        /// Whether work is preserved. If not, gentle steps are skipped and the rest is the same.
        graceful: bool,
        /// How long it may take.
        within: Within,
        /// Who waits.
        caller: Caller,
    },
    /// The host's process got a signal.
    SignalReceived {
        /// Which.
        signal: Signal,
    },
    /// A phase of the shutdown came to an end.
    PhaseFinished {
        /// Which.
        phase: Phase,
        /// How.
        outcome: Outcome,
    },
    /// The moment of [`Engine::next_deadline`](crate::Engine::next_deadline) has come. Safe early, late and twice.
    Woken,
}

impl Input {
    /// The unit that it is about, if it is about one.
    #[must_use]
    pub const fn unit(&self) -> Option<UnitId> {
        match *self {
            Self::UnitDeclared { unit, .. }
            | Self::DependencyDeclared { unit, .. }
            | Self::UnitRecovered { unit, .. }
            | Self::StartRequested { unit, .. }
            | Self::UnitStarted { unit, .. }
            | Self::StartFailed { unit, .. }
            | Self::UnitExited { unit, .. }
            | Self::Progressed { unit, .. }
            | Self::FindingRecorded { unit, .. }
            | Self::PauseRequested { unit, .. }
            | Self::UnitPaused { unit, .. }
            | Self::ResumeRequested { unit, .. }
            | Self::StopRequested { unit, .. }
            | Self::RestartRequested { unit, .. }
            | Self::CancelRequested { unit, .. }
            | Self::RemoveRequested { unit, .. }
            | Self::StepFinished { unit, .. }
            | Self::Persisted { unit, .. }
            | Self::Reaped { unit, .. } => Some(unit),
            Self::ClientAttached { .. }
            | Self::ClientTold { .. }
            | Self::ClientLeft { .. }
            | Self::ShutdownRequested { .. }
            | Self::SignalReceived { .. }
            | Self::PhaseFinished { .. }
            | Self::Woken => None,
        }
    }
}
