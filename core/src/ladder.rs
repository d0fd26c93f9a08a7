//! Stop plans as data: an ordered list of rungs.
//!
//! A rung is one action and a patience. Done → the next rung; failed → the next rung at once; patience
//! over → the next rung. Whatever stops (a unit, the whole host) goes down a ladder, and nothing stops
//! in any other way.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{
    budget::Budget,
    time::{Moment, Span},
};

/// One thing that can be done to a unit on its way down.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Ask whether the body still responds.
    Probe,
    /// Ask the body to hold still. Keeps it alive.
    Pause,
    /// Write a durable copy of all findings together with the final status.
    Checkpoint,
    /// Disconnect the unit's client, which ends the children it holds.
    Disconnect,
    /// Raise the flag that the body's cancellation checks see, and interrupt it where it waits.
    RequestCancel,
    /// Ask the body, its whole process tree, to end (SIGTERM), and end it by force after `grace`.
    Terminate {
        /// How long whoever carries this out waits between asking and forcing. Zero: never forces.
        grace: Span,
    },
    /// End the body, its whole process tree, by force (SIGKILL).
    Kill,
    /// Drop the body: cancel the async task without waiting for it.
    Abort,
    /// Remove what the body leaves behind, by force, by its name.
    Remove,
    /// Forget the handle and release the name.
    Forget,
}

impl Action {
    /// All of them, in declaration order; a terminate with no grace stands for every terminate.
    pub const ALL: [Self; 10] = [
        Self::Probe,
        Self::Pause,
        Self::Checkpoint,
        Self::Disconnect,
        Self::RequestCancel,
        Self::Terminate { grace: Span::ZERO },
        Self::Kill,
        Self::Abort,
        Self::Remove,
        Self::Forget,
    ];

    /// Whether it leaves the body a say. Gentle rungs are skipped once a stop is forced.
    #[must_use]
    pub const fn is_gentle(self) -> bool {
        match self {
            Self::Probe
            | Self::Pause
            | Self::Checkpoint
            | Self::Disconnect
            | Self::RequestCancel
            | Self::Terminate { .. } => true,
            Self::Kill | Self::Abort | Self::Remove | Self::Forget => false,
        }
    }

    /// Whether it only makes sense while the body lives.
    #[must_use]
    pub const fn needs_body(self) -> bool {
        match self {
            Self::Probe
            | Self::Pause
            | Self::Disconnect
            | Self::RequestCancel
            | Self::Terminate { .. }
            | Self::Kill
            | Self::Abort => true,
            Self::Checkpoint | Self::Remove | Self::Forget => false,
        }
    }

    /// Whether its success means that the body is gone: a world that answers "done" has seen it go,
    /// and "it was gone already" is success too.
    #[must_use]
    pub const fn ends_body(self) -> bool {
        match self {
            Self::Terminate { .. } | Self::Kill | Self::Abort | Self::Remove => true,
            Self::Probe
            | Self::Pause
            | Self::Checkpoint
            | Self::Disconnect
            | Self::RequestCancel
            | Self::Forget => false,
        }
    }

    /// Whether "done" only says that it was delivered: the rung goes on until the body is gone.
    #[must_use]
    pub const fn awaits_exit(self) -> bool {
        matches!(self, Self::RequestCancel)
    }

    /// The action in lower case, as it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Pause => "pause",
            Self::Checkpoint => "checkpoint",
            Self::Disconnect => "disconnect",
            Self::RequestCancel => "request-cancel",
            Self::Terminate { .. } => "terminate",
            Self::Kill => "kill",
            Self::Abort => "abort",
            Self::Remove => "remove",
            Self::Forget => "forget",
        }
    }
}

/// One thing that the whole host does on its way down.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Tell every client that the host shuts down, and when.
    Notify,
    /// Pause every unit whose ladder starts with a pause; nothing is checkpointed before all hold still.
    PauseUnits,
    /// Stop all units by their own ladders, dependents before what they depend on.
    StopUnits,
    /// Disconnect all clients.
    DisconnectClients,
    /// Give back the lease that tells others this host still works.
    ReleaseLease,
    /// Accept no further connection.
    CloseListener,
    /// Remove the socket file.
    UnlinkSocket,
    /// Remove the PID file.
    RemovePidFile,
}

impl Phase {
    /// Whether it is skipped once a shutdown is forced.
    #[must_use]
    pub const fn is_gentle(self) -> bool {
        matches!(self, Self::Notify | Self::PauseUnits)
    }

    /// The phase in lower case, as it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::PauseUnits => "pause-units",
            Self::StopUnits => "stop-units",
            Self::DisconnectClients => "disconnect-clients",
            Self::ReleaseLease => "release-lease",
            Self::CloseListener => "close-listener",
            Self::UnlinkSocket => "unlink-socket",
            Self::RemovePidFile => "remove-pid-file",
        }
    }
}

/// How long a rung waits for what it asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Patience {
    /// So long. Zero: fire and do not wait.
    For(Span),
    /// What is left of the stop's budget.
    Rest,
}

impl Patience {
    const fn span(self) -> Option<Span> {
        match self {
            Self::For(span) => Some(span),
            Self::Rest => None,
        }
    }
}

/// Where to go when a rung fails or its patience is over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Otherwise {
    /// To the next rung.
    #[default]
    Next,
    /// The stop becomes a forced one: gentle rungs that follow are skipped.
    Force,
}

/// One step of a ladder.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Rung<A> {
    /// What is done.
    pub action: A,
    /// How long it is waited for.
    pub patience: Patience,
    /// Whether it runs on every path, forced ones included.
    pub always: bool,
    /// What a failure leads to.
    pub otherwise: Otherwise,
}

impl<A> Rung<A> {
    /// A rung that waits `span` and is skipped where its action is out of place.
    pub const fn new(action: A, span: Span) -> Self {
        Self { action, patience: Patience::For(span), always: false, otherwise: Otherwise::Next }
    }

    /// The same, waiting for what is left of the budget.
    #[must_use]
    pub fn rest(self) -> Self {
        Self { patience: Patience::Rest, ..self }
    }

    /// The same, on every path.
    #[must_use]
    pub fn always(self) -> Self {
        Self { always: true, ..self }
    }

    /// The same, forcing the stop when it fails.
    #[must_use]
    pub fn or_force(self) -> Self {
        Self { otherwise: Otherwise::Force, ..self }
    }
}

/// An ordered list of rungs, and how long all of it takes at most unless a request says otherwise.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Ladder<A> {
    rungs: Vec<Rung<A>>,
    budget: Span,
    // Invariant: reserves[i] is the summed patience of the rungs after i that run on forced paths; more
    // than there is if one of the rungs after i waits for the rest, which is to be half of it at least.
    reserves: Vec<Span>,
}

impl<A> Rung<A> {
    /// Whether it is waited for only until `until`, and would have waited for longer from `now` on.
    #[inline]
    pub(crate) fn is_cut_by(&self, now: Moment, until: Moment) -> bool {
        matches!(self.patience, Patience::For(span) if until < now.after(span))
    }
}

impl Rung<Action> {
    /// Whether it counts for a stop in this state.
    pub(crate) const fn applies(&self, forced: bool, body_lives: bool) -> bool {
        let in_place = body_lives || !self.action.needs_body();
        in_place && (self.always || !forced || !self.action.is_gentle())
    }

    /// Whether it gives a grace that is longer than it waits: the ladder would go on, to a kill most of the
    /// time, before the grace is over. [`Plan::check`](crate::Plan::check) refuses such a rung.
    #[must_use]
    pub fn cuts_its_grace_short(&self) -> bool {
        match (self.action, self.patience) {
            (Action::Terminate { grace }, Patience::For(patience)) => grace > patience,
            (_, _) => false,
        }
    }
}

impl<A: Copy> Ladder<A> {
    /// The rung at `index`, if the ladder goes down so far.
    #[must_use]
    pub fn rung(&self, index: u8) -> Option<&Rung<A>> {
        self.rungs.get(usize::from(index))
    }

    /// All rungs, from the first to the last.
    #[must_use]
    pub fn rungs(&self) -> &[Rung<A>] {
        &self.rungs
    }

    /// How long the whole ladder takes at most unless a request says otherwise.
    #[must_use]
    pub const fn budget(&self) -> Span {
        self.budget
    }

    /// What has to be kept for the rungs after `index`.
    #[must_use]
    pub fn reserve_after(&self, index: u8) -> Span {
        self.reserves.get(usize::from(index)).copied().unwrap_or_default()
    }

    /// Whether any rung after `index` waits for anything.
    pub(crate) fn waits_after(&self, index: u8) -> bool {
        let later = self.rungs.iter().skip(usize::from(index) + 1);
        later.into_iter().any(|rung| rung.patience != Patience::For(Span::ZERO))
    }

    /// The share of `budget` that the rung at `index` may take from `now` on.
    pub(crate) fn cut(&self, index: u8, budget: Budget, now: Moment) -> Budget {
        let wanted = self.rung(index).and_then(|rung| rung.patience.span());
        budget.cut(now, wanted, self.reserve_after(index))
    }

    /// `budget`: `None` for the sum of all patiences.
    fn build(rungs: Vec<Rung<A>>, budget: Option<Span>, is_gentle: fn(A) -> bool) -> Self {
        let mut later = Span::ZERO;
        let mut reserves = Vec::with_capacity(rungs.len());
        for rung in rungs.iter().rev() {
            reserves.push(later);
            later = match rung.patience {
                Patience::Rest => Span::from_nanos(u64::MAX),
                Patience::For(span) if rung.always || !is_gentle(rung.action) => later.plus(span),
                Patience::For(_) => later,
            };
        }
        reserves.reverse();
        let sum = rungs.iter().filter_map(|rung| rung.patience.span()).fold(Span::ZERO, Span::plus);
        Self { rungs, budget: budget.unwrap_or(sum), reserves }
    }
}

impl Ladder<Action> {
    /// A unit's ladder. `budget`: `None` for the sum of all patiences.
    #[must_use]
    pub fn of_unit(rungs: Vec<Rung<Action>>, budget: Option<Span>) -> Self {
        Self::build(rungs, budget, Action::is_gentle)
    }

    /// Whether any of its rungs ends the body, or asks it to go, also when the stop is forced.
    #[must_use]
    pub fn ends_body(&self) -> bool {
        let ends = |action: Action| action.ends_body() || action == Action::RequestCancel;
        self.rungs.iter().any(|rung| ends(rung.action) && (rung.always || !rung.action.is_gentle()))
    }

    /// Whether it starts by holding the body still, so that a shutdown pauses it ahead of all stops.
    #[must_use]
    pub fn pauses_first(&self) -> bool {
        self.rungs.first().is_some_and(|rung| rung.action == Action::Pause)
    }
}

impl Ladder<Phase> {
    /// The whole host's ladder.
    #[must_use]
    pub fn of_host(rungs: Vec<Rung<Phase>>, budget: Span) -> Self {
        Self::build(rungs, Some(budget), Phase::is_gentle)
    }
}
