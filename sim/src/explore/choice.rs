//! One thing that may happen next.

use winddown_core::{Exit, Outcome, UnitId};

/// How a stop is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Manner {
    /// As the plan says.
    Plain,
    /// Within half of the time that the plan says.
    Sooner,
    /// By force.
    Forced,
}

impl Manner {
    /// All of them, from mild to nasty.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Sooner, Self::Forced];
}

/// One thing that may happen next in an explored world.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Choice {
    /// An order of the host comes to its end: this one of those that it has for the unit.
    Finish(UnitId, u8, Outcome),
    /// This write of the unit comes to its end, and with it those before it, of which nobody is told.
    Store(UnitId, u8, Outcome),
    /// A body is seen to go.
    Exit(UnitId, Exit),
    /// The host gets SIGTERM.
    Signal,
    /// The next deadline has come.
    Wake,
    /// A body records a finding; and whether it waits until that is durable.
    Find(UnitId, bool),
    /// Somebody asks that a unit stops.
    Stop(UnitId, Manner),
    /// The host's process dies.
    Crash,
    /// Of the writes of this unit that were on their way at the crash, so many are in the store.
    Keep(UnitId, u8),
    /// The host's process comes back.
    Boot,
}

impl Choice {
    /// Which unit it is about, if it is about one.
    pub(super) const fn unit(self) -> Option<UnitId> {
        match self {
            Self::Finish(unit, ..)
            | Self::Store(unit, ..)
            | Self::Exit(unit, _)
            | Self::Find(unit, _)
            | Self::Stop(unit, _)
            | Self::Keep(unit, _) => Some(unit),
            Self::Signal | Self::Wake | Self::Crash | Self::Boot => None,
        }
    }
}
