//! What a reader of a state wants to know beside the views: where a stop stands, and what it waits for.

use core::fmt;

use serde::Serialize;

use super::{
    Engine, callers,
    clients::ClientState,
    unit::{RowState, Stage},
};
use crate::{
    ids::{ClientId, UnitId},
    ladder::{Action, Phase},
    status::Status,
    time::Moment,
};

/// How the durable row stands to what is promised.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowView {
    /// Nothing is waited for.
    Settled,
    /// The final row is on its way.
    Writing,
    /// The final row could not be written.
    Failed,
}

/// Where a unit stands on its way down.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopStage {
    /// It waits for so many units that depend on it.
    ForDependents(u32),
    /// It waits for all others to hold still, or for a free place.
    ForItsTurn,
    /// It is on this rung of its ladder, counted from 0.
    OnRung(u8, Action),
    /// The ladder is over, and the final row is on its way.
    Recording,
}

/// One way down, as it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct StopView {
    /// How far it is.
    pub stage: StopStage,
    /// By when all of it has to be over; never, if it has all the time.
    pub ends: Moment,
    /// Whether gentle rungs are skipped.
    pub forced: bool,
    /// The status that the unit will have.
    pub ends_as: Status,
}

/// A client, as the engine knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientView {
    /// Attached.
    Attached,
    /// Being told that the host shuts down.
    BeingTold,
    /// Told to go.
    Leaving,
}

impl fmt::Display for ClientView {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Attached => "attached",
            Self::BeingTold => "being told",
            Self::Leaving => "leaving",
        })
    }
}

impl Engine {
    /// The unit's way down, if it is on one.
    #[must_use]
    pub fn stop_of(&self, unit: UnitId) -> Option<StopView> {
        let it = self.units.get(unit.index()).filter(|it| !it.vacant)?;
        let rung = it.stop.rung;
        let stage = match it.stop.stage {
            Stage::Idle => return None,
            Stage::Waiting if it.waits_for > 0 => StopStage::ForDependents(it.waits_for),
            Stage::Waiting => StopStage::ForItsTurn,
            Stage::Climbing => StopStage::OnRung(rung, self.kind(unit).ladder.rung(rung)?.action),
            Stage::Recording => StopStage::Recording,
        };
        let (forced, ends_as) = (it.stop.forced, it.stop.ends_as);
        Some(StopView { stage, ends: it.stop.budget.ends(), forced, ends_as })
    }

    /// When the unit's own deadline is; never, if it waits for none.
    #[must_use]
    pub fn deadline_of(&self, unit: UnitId) -> Moment {
        if unit.index() < self.units.len() { self.timers.of(unit) } else { Moment::NEVER }
    }

    /// When the present phase of the shutdown is over at the latest. Never, if there is none.
    #[must_use]
    pub const fn phase_deadline(&self) -> Moment {
        self.shutdown.until()
    }

    /// When the unit is started again by its restart policy, if it waits for that. Its owner's cap may have kept it
    /// from that already: then it waits for an explicit start, and this is none.
    #[must_use]
    pub fn starts_again(&self, unit: UnitId) -> Option<Moment> {
        let it = self.units.get(unit.index()).filter(|it| !it.vacant)?;
        (it.backing_off && !self.shutdown.is_on()).then(|| self.timers.of(unit)).filter(|at| !at.is_never())
    }

    /// How the unit's durable row stands, if there is such a unit.
    #[must_use]
    pub fn row_of(&self, unit: UnitId) -> Option<RowView> {
        let it = self.units.get(unit.index()).filter(|it| !it.vacant)?;
        Some(match it.row {
            RowState::Clean => RowView::Settled,
            RowState::Writing => RowView::Writing,
            RowState::Dirty => RowView::Failed,
        })
    }

    /// How many callers wait for the unit to be settled.
    #[must_use]
    pub fn callers_of(&self, unit: UnitId) -> usize {
        let head = self.units.get(unit.index()).map_or(callers::NONE, |it| it.callers);
        let mut words = 0;
        // One word for each, and one for the end.
        self.callers.visit(head, &mut |_| words += 1);
        words - 1
    }

    /// The phase that the host is in on its way down, and until when it waits for it.
    #[must_use]
    pub fn present_phase(&self) -> Option<(Phase, Moment)> {
        self.shutdown.phase.map(|phase| (phase, self.shutdown.until()))
    }

    /// The clients that are there.
    pub fn clients(&self) -> impl Iterator<Item = (ClientId, ClientView)> {
        let view = |state| match state {
            ClientState::Absent => None,
            ClientState::Attached => Some(ClientView::Attached),
            ClientState::Telling => Some(ClientView::BeingTold),
            ClientState::Dropping | ClientState::Leaving => Some(ClientView::Leaving),
        };
        (0..=u16::MAX)
            .zip(&self.clients)
            .filter_map(move |(client, state)| view(*state).map(|view| (ClientId(client), view)))
    }
}
