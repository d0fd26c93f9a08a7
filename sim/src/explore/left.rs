//! What may still happen: counted down, choice by choice.

use winddown_core::{Exit, Outcome};

use super::{choice::Choice, scope::Scope, state::State};

/// How often what may still happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Left {
    pub(super) stops: u8,
    pub(super) findings: u8,
    pub(super) signals: u8,
    pub(super) failures: u8,
    pub(super) delays: u8,
    pub(super) crashes: u8,
}

impl Left {
    pub(super) fn of(scope: &Scope) -> Self {
        let Scope { system: _, units: _, stops, findings, signals, failures, delays, crash } = *scope;
        Self { stops, findings, signals, failures, delays, crashes: crash.into() }
    }

    pub(super) const fn word(self) -> u64 {
        let Self { stops, findings, signals, failures, delays, crashes } = self;
        u64::from_be_bytes([0, 0, stops, findings, signals, failures, delays, crashes])
    }
}

impl State {
    /// What may still happen once this has.
    pub(super) fn left_after(&self, choice: Choice) -> Left {
        let mut left = self.left;
        match choice {
            Choice::Finish(_, Outcome::Failed)
            | Choice::Store(_, Outcome::Failed)
            | Choice::Exit(_, Exit::Failed) => left.failures -= 1,
            Choice::Signal => left.signals -= u8::from(self.engine.is_draining()),
            Choice::Wake => left.delays -= self.in_time(),
            Choice::Find(..) => left.findings -= 1,
            Choice::Stop(..) => left.stops -= 1,
            Choice::Crash => left.crashes -= 1,
            Choice::Finish(..) | Choice::Store(..) | Choice::Exit(..) | Choice::Keep(..) | Choice::Boot => {}
        }
        left
    }

    /// How many answers are waited for that no deadline has outrun.
    pub(super) fn in_time(&self) -> u8 {
        let orders = self.orders.iter().filter(|order| !order.slow).count();
        let writes = self.writes.iter().filter(|write| write.counts() && !write.slow).count();
        u8::try_from(orders + writes).unwrap_or(u8::MAX)
    }
}
