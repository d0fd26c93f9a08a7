//! What is going to happen, earliest first.

use winddown_core::{
    ClientId, Exit, Incarnation, Moment, Outcome, Phase, Signal, Step, UnitId, hint::unlikely,
};

use crate::chooser::NOBODY;

/// Something that is going to happen in the simulated world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Happening {
    /// An operator asks; an index into the setup's asks.
    Ask(u32),
    /// An operator asks the same once more.
    AskAgain(u32),
    /// A unit is started according to plan.
    Start(UnitId),
    /// A body is up; an index into the bodies, like all of these.
    BodyUp(u32),
    /// A body ends.
    BodyEnds(u32, Exit),
    /// A body's exit is reported once more.
    ExitAgain(u32, Exit),
    /// A body finishes its work on a finding.
    BodyFinds(u32),
    /// A body holds still, outside of a stop.
    BodyPaused(u32),
    /// A body asks for its own end.
    BodyStopsItself(u32),
    /// A body could not be started.
    StartFailed(UnitId, Incarnation),
    /// A rung's action comes to its end.
    StepFinished(UnitId, Step, Outcome),
    /// A write comes to its end; an index into the writes.
    Stored(u32),
    /// An earlier host's bodies were looked for.
    Reaped(UnitId, Outcome),
    /// A client connects.
    ClientComes(ClientId),
    /// A client has read what it was told, or could not.
    ClientTold(ClientId, Outcome),
    /// A client is gone.
    ClientLeaves(ClientId),
    /// A phase of the shutdown comes to its end.
    PhaseFinished(Phase, Outcome),
    /// The host gets a signal.
    Signal(Signal),
    /// The outer supervisor's grace is over.
    OuterKill,
    /// The disk is full from now on, until calm.
    DiskFills,
    /// Writes hang from now on, until calm.
    DiskHangs,
    /// The host's process comes back.
    Boot,
    /// The host is woken; where that was planned, although nothing is due.
    Woken,
    /// The storm is over.
    Calm,
}

/// Who acts when a deadline passes.
pub(super) const CLOCK: u32 = u32::MAX;

impl Happening {
    /// Who acts: a body, the one who carries out a unit's steps, the store, an operator, a client, …
    pub(super) const fn actor(self) -> u32 {
        let (kind, number) = match self {
            Self::BodyUp(body)
            | Self::BodyEnds(body, _)
            | Self::ExitAgain(body, _)
            | Self::BodyFinds(body)
            | Self::BodyPaused(body)
            | Self::BodyStopsItself(body) => (1, body),
            Self::Start(unit)
            | Self::StartFailed(unit, _)
            | Self::StepFinished(unit, _, _)
            | Self::Reaped(unit, _) => (2, unit.0),
            Self::Ask(ask) | Self::AskAgain(ask) => (3, ask),
            Self::ClientComes(client) | Self::ClientTold(client, _) | Self::ClientLeaves(client) => {
                (4, client.0 as u32)
            }
            Self::Stored(_) => (5, 0),
            Self::PhaseFinished(..) => (6, 0),
            Self::Signal(_) | Self::OuterKill => (7, 0),
            Self::DiskFills | Self::DiskHangs => (8, 0),
            Self::Boot => (9, 0),
            Self::Woken => (10, 0),
            Self::Calm => (0, NOBODY),
        };
        kind << 24 | number
    }

    /// Whether it happens inside of the host's process, or to its connections, and dies with it.
    pub(super) const fn needs_host(self) -> bool {
        match self {
            Self::BodyUp(_)
            | Self::ExitAgain(..)
            | Self::BodyFinds(_)
            | Self::BodyPaused(_)
            | Self::BodyStopsItself(_)
            | Self::StartFailed(..)
            | Self::StepFinished(..)
            | Self::Stored(_)
            | Self::Reaped(..)
            | Self::ClientTold(..)
            | Self::ClientLeaves(_)
            | Self::PhaseFinished(..)
            | Self::OuterKill
            | Self::Woken => true,
            Self::Ask(_)
            | Self::AskAgain(_)
            | Self::Start(_)
            | Self::BodyEnds(..)
            | Self::ClientComes(_)
            | Self::Signal(_)
            | Self::DiskFills
            | Self::DiskHangs
            | Self::Boot
            | Self::Calm => false,
        }
    }
}

/// Everything that is planned: by time, or, in untimed order, in a line from which anything may be taken.
///
/// By time, the earliest stands last. Most of what is planned is near, and the far future is short: so a
/// new entry finds its place after a few steps from the end, and taking the next one costs nothing. On
/// the workloads here that is three times as fast as a heap.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    timed: bool,
    /// When, then a drawn rank, then which plan it is: 64, 16 and 48 bits.
    // Invariant: keys fall from the first to the last; no two are equal.
    keys: Vec<u128>,
    /// All that was ever planned by time, in the order of planning.
    plans: Vec<Happening>,
    line: Vec<Happening>,
}

/// So many entries are looked at one by one before a search by halves is worth it.
const NEAR: usize = 16;

/// Which plan a key belongs to.
const fn plan_of(key: u128) -> usize {
    (key & 0xffff_ffff_ffff) as usize
}

const fn time_of(key: u128) -> Moment {
    Moment::from_nanos((key >> 64) as u64)
}

impl Agenda {
    pub(super) fn reset(&mut self, timed: bool) {
        self.timed = timed;
        self.keys.clear();
        self.plans.clear();
        self.line.clear();
    }

    /// Plans something. `rank`: its place among what happens in the same instant, below 2^16.
    pub(super) fn plan(&mut self, at: Moment, rank: u64, what: Happening) {
        if unlikely(!self.timed) {
            return self.line.push(what);
        }
        let key = u128::from(at.nanos()) << 64 | u128::from(rank << 48 | self.plans.len() as u64);
        self.plans.push(what);
        let mut place = self.keys.len();
        for other in self.keys.iter().rev().take(NEAR) {
            if unlikely(*other > key) {
                break;
            }
            place -= 1;
        }
        if unlikely(place + NEAR == self.keys.len()) {
            place = self.keys[..place].partition_point(|other| *other > key);
        }
        self.keys.insert(place, key);
    }

    pub(super) fn earliest(&self) -> Option<Moment> {
        self.keys.last().map(|key| time_of(*key))
    }

    /// Takes out what is next in timed order.
    pub(super) fn pop(&mut self) -> Option<(Moment, Happening)> {
        self.keys.pop().map(|key| (time_of(key), self.plans[plan_of(key)]))
    }

    /// What may be next in untimed order, oldest plan first.
    pub(super) fn line(&self) -> &[Happening] {
        &self.line
    }

    /// All that is planned; what is next, or has waited longest, comes first.
    pub(super) fn pending(&self) -> impl Iterator<Item = (Option<Moment>, Happening)> {
        let timed = self.keys.iter().rev().map(|key| (Some(time_of(*key)), self.plans[plan_of(*key)]));
        timed.chain(self.line.iter().map(|what| (None, *what)))
    }

    /// Takes out what stands at this place of the line.
    pub(super) fn take(&mut self, place: usize) -> Option<Happening> {
        (place < self.line.len()).then(|| self.line.remove(place))
    }

    /// Keeps only what `keep` says.
    pub(super) fn retain(&mut self, keep: impl Fn(Happening) -> bool) {
        self.keys.retain(|key| keep(self.plans[plan_of(*key)]));
        self.line.retain(|what| keep(*what));
    }
}
