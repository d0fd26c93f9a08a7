//! What became of an input.

use core::fmt;

use serde::{Deserialize, Serialize};

/// What became of an input. Only `Applied` changes anything; the others may still answer a caller.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// It changed something.
    Applied,
    /// It is true or wanted already, or too late to matter. By rule, not by mistake.
    Ignored(Why),
    /// It asks for what must not be, or reports what cannot be.
    Refused(Why),
}

/// Why an input was ignored or refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// There is no such unit.
    UnknownUnit,
    /// There is no such kind.
    UnknownKind,
    /// There is no such client.
    UnknownClient,
    /// That number is taken, or leaves a gap.
    NumberTaken,
    /// It would depend on itself, directly or in a circle.
    Circular,
    /// It runs already.
    AlreadyRunning,
    /// It is stopping already, as hard and as soon as was asked.
    AlreadyStopping,
    /// It is stopped already.
    AlreadyStopped,
    /// It holds still already, or was asked to.
    AlreadyPaused,
    /// That body's exit is known already.
    AlreadyExited,
    /// That row, or a later one, is known to be durable.
    AlreadyDurable,
    /// It does not run.
    NotRunning,
    /// It is not paused.
    NotPaused,
    /// It still runs, or something of it is not settled.
    StillActive,
    /// It belongs to an earlier start.
    StaleIncarnation,
    /// It belongs to a step that is over.
    StaleStep,
    /// The host shuts down and admits nothing.
    Draining,
    /// The owner has as many active units as it may have.
    OwnerAtCap,
    /// No deadline has come.
    NothingDue,
    /// The host has exited.
    Exited,
    /// Others depend on it.
    Needed,
}

impl Why {
    /// The reason as part of a sentence: "refused: the host shuts down".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::UnknownUnit => "no such unit",
            Self::UnknownKind => "no such kind",
            Self::UnknownClient => "no such client",
            Self::NumberTaken => "that number is taken",
            Self::Circular => "it would depend on itself",
            Self::AlreadyRunning => "it runs already",
            Self::AlreadyStopping => "it is stopping already",
            Self::AlreadyStopped => "it is stopped already",
            Self::AlreadyPaused => "it holds still already",
            Self::AlreadyExited => "that exit is known already",
            Self::AlreadyDurable => "that is durable already",
            Self::NotRunning => "it does not run",
            Self::NotPaused => "it is not paused",
            Self::StillActive => "it is still active",
            Self::StaleIncarnation => "that was an earlier start",
            Self::StaleStep => "that step is over",
            Self::Draining => "the host shuts down",
            Self::OwnerAtCap => "the owner is at its cap",
            Self::NothingDue => "nothing is due",
            Self::Exited => "the host has exited",
            Self::Needed => "others need it",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.words())
    }
}
