//! What can go wrong between a caller and the host.

use std::{fmt, path::PathBuf, sync::Arc};

use winddown_core::{Answer, Phase, PlanError, Why};

use crate::name::NoName;

/// So many bytes the reason of a cancel has at most.
pub const REASON_MAX: usize = 1024;

/// The reason of a cancel as it is handed on. `None`: nobody has said why.
pub(crate) fn reason(text: Arc<str>) -> Result<Option<Arc<str>>, Error> {
    if text.len() > REASON_MAX {
        return Err(Error::LongReason(text.len()));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Why a request was not carried out.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// No unit has this name.
    #[error("no unit is called {0:?}")]
    UnknownUnit(Arc<str>),
    /// No kind of units has this name.
    #[error("no kind of units is called {0:?}; register it with Builder::kind")]
    UnknownKind(Arc<str>),
    /// A process can outlive the host, and this kind says that its bodies cannot.
    #[error(
        "kind {0:?} is for tasks of the host's own process, which die with it; a command needs a kind with \
         BodyClass::Process, so that it is on record and looked for after a crash"
    )]
    NotForProcesses(Arc<str>),
    /// A unit cannot have this name.
    #[error(transparent)]
    BadName(#[from] NoName),
    /// A unit needs one that is not declared.
    #[error("no unit is called {0:?}: what a unit needs has to be declared before it")]
    UnknownNeed(Arc<str>),
    /// A unit with this name is declared already.
    #[error("a unit is called {0:?} already")]
    NameTaken(Arc<str>),
    /// There are as many of these as the host can number.
    #[error("the host cannot number any more {0}")]
    Full(&'static str),
    /// The reason of a cancel is kept with the unit's row, and bounded.
    #[error("a reason has at most {REASON_MAX} bytes, and this one has {0}; say it in fewer words")]
    LongReason(usize),
    /// The engine refused it.
    #[error("refused: {0}")]
    Refused(Why),
    /// It was done, but its row could not be written.
    #[error("done, but it could not be recorded: the store failed or took too long")]
    NotRecorded,
    /// The engine answered what is no answer to what was asked.
    #[error("the host answered {0:?}, which is no answer to what was asked")]
    Unexpected(Answer),
    /// The store could not be read.
    #[error("the store could not be read: {0}")]
    Store(String),
    /// The host has exited.
    #[error("the host has exited")]
    Gone,
}

/// Units of kinds that are not registered: the name of each, and of its kind. Its text names the first few.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing(pub Vec<(Arc<str>, Arc<str>)>);

/// So many are named in a message.
const NAMED: usize = 8;

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (unit, kind)) in self.0.iter().take(NAMED).enumerate() {
            let before = if place == 0 { "" } else { ", " };
            write!(formatter, "{before}unit {unit:?} of kind {kind:?}")?;
        }
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(formatter, " and {more} more"),
        }
    }
}

/// Why a host could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The plan makes no sense.
    #[error("the plan cannot be used: {0}")]
    Plan(#[from] PlanError),
    /// A kind was registered twice.
    #[error("kind {0:?} is registered twice; give one of them another name")]
    KindTwice(Arc<str>),
    /// There is something to be done in a phase that never asks for it.
    #[error(
        "phase {} never asks for any work of the host's own; use release-lease, close-listener, \
         unlink-socket or remove-pid-file", .0.name()
    )]
    NeverWound(Phase),
    /// There is something to be done in a phase that the shutdown does not have.
    #[error(
        "the shutdown ladder has no phase {phase}; give Builder::shutdown one that has it, such as \
         contracts::{ladder}", phase = .0.name(), ladder = ladder_with(*.0)
    )]
    NoSuchPhase(Phase),
    /// The store could not be opened.
    #[error("failed to open the store: {0}")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No store was given.
    #[error("no store was given; choose one with Builder::sqlite or Builder::memory")]
    NoStore,
    /// A unit could not be declared.
    #[error("failed to declare unit {unit:?}: {error}")]
    Unit {
        /// Its name.
        unit: Arc<str>,
        /// Why.
        error: Error,
    },
    /// The store knows units whose kinds nobody registered.
    #[error(
        "the store has {0}, which nobody registered; register the kind again, so that it is known how its units stop"
    )]
    KindsMissing(Missing),
    /// The journal could not be begun.
    #[error(
        "failed to begin the journal {}: {error}; each run has a journal of its own, so name a file that \
         is not there, in a directory that is", .file.display()
    )]
    Journal {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// The signal handlers could not be installed.
    #[error("failed to listen to signals: {0}")]
    Signals(#[source] std::io::Error),
}

/// The usual ladder that has a phase.
const fn ladder_with(phase: Phase) -> &'static str {
    match phase {
        Phase::ReleaseLease => "leased_shutdown",
        Phase::Notify
        | Phase::PauseUnits
        | Phase::StopUnits
        | Phase::DisconnectClients
        | Phase::CloseListener
        | Phase::UnlinkSocket
        | Phase::RemovePidFile => "daemon_shutdown",
    }
}
