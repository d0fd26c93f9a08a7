//! What may still happen: counted down, choice by choice.

use winddown_core::{Exit, Outcome};

use super::{choice::Choice, scope::Scope};

/// How often what may still happen: a byte of a word for each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Left(u64);

/// What is counted, by its byte.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counted {
    Crashes,
    Delays,
    Failures,
    Signals,
    Findings,
    Stops,
}

impl Left {
    pub(super) fn of(scope: &Scope) -> Self {
        let Scope { system: _, units: _, stops, findings, signals, failures, delays, crash } = *scope;
        Self(u64::from_le_bytes([crash.into(), delays, failures, signals, findings, stops, 0, 0]))
    }

    pub(super) const fn word(self) -> u64 {
        self.0
    }

    /// How often this may still happen.
    pub(super) const fn of_these(self, what: Counted) -> u8 {
        self.0.to_le_bytes()[what as usize]
    }

    /// Whether this may still happen.
    pub(super) const fn may(self, what: Counted) -> bool {
        self.of_these(what) > 0
    }

    /// What is left once this choice was taken. `draining`: in a shutdown. `in_time`: how many answers are waited
    /// for that no deadline has outrun.
    pub(super) fn after(self, choice: Choice, draining: bool, in_time: impl FnOnce() -> u8) -> Self {
        let (what, times) = match choice {
            Choice::Finish(.., Outcome::Failed)
            | Choice::Store(.., Outcome::Failed)
            | Choice::Exit(_, Exit::Failed) => (Counted::Failures, 1),
            Choice::Signal => (Counted::Signals, draining.into()),
            Choice::Wake => (Counted::Delays, in_time()),
            Choice::Find(..) => (Counted::Findings, 1),
            Choice::Stop(..) => (Counted::Stops, 1),
            Choice::Crash => (Counted::Crashes, 1),
            Choice::Finish(..) | Choice::Store(..) | Choice::Exit(..) | Choice::Keep(..) | Choice::Boot => {
                return self;
            }
        };
        self.less(what, times)
    }

    /// What is left if this has happened so often.
    const fn less(self, what: Counted, times: u8) -> Self {
        Self(self.0 - ((times as u64) << (8 * what as u64)))
    }
}
