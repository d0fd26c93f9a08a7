//! Looking at the engine from outside: views, the report, and what its future depends on.

use alloc::{sync::Arc, vec::Vec};
use core::hash::{Hash, Hasher};

use super::{
    Engine,
    unit::{NO_BODY, NO_RUNG, RowState, Unit},
};
use crate::{
    hint::likely,
    ids::{Incarnation, UnitId},
    ladder::{Action, Phase},
    plan::Plan,
    report::{Ending, Report, UnitReport},
    status::{Reason, Status},
    time::Moment,
};

/// A unit as it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnitView {
    /// What is promised.
    pub status: Status,
    /// The present or last start.
    pub incarnation: Incarnation,
    /// Whether nothing is going on: no stop in flight, no row waited for.
    pub settled: bool,
    /// Whether its body is not known to be gone. With a terminal status: it lingers.
    pub body_lives: bool,
    /// Findings so far.
    pub recorded: u32,
    /// Findings known to be durable.
    pub saved: u32,
    /// Whether a body was left that is not proven gone.
    pub leaked: bool,
}

impl Engine {
    /// The plan that it follows.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// How many unit numbers are in use.
    #[must_use]
    pub const fn unit_count(&self) -> usize {
        self.units.len()
    }

    /// What is promised about the unit, if there is one.
    #[must_use]
    #[inline]
    pub fn status(&self, unit: UnitId) -> Option<Status> {
        self.units.get(unit.index()).filter(|it| likely(!it.vacant)).map(|it| it.status)
    }

    /// Whether the unit is on its way down, or its final row is waited for.
    #[must_use]
    pub fn is_ending(&self, unit: UnitId) -> bool {
        self.units.get(unit.index()).is_some_and(|it| !it.is_idle())
    }

    /// The unit as it stands, if there is one.
    #[must_use]
    #[inline]
    pub fn unit(&self, unit: UnitId) -> Option<UnitView> {
        let it = self.units.get(unit.index()).filter(|it| likely(!it.vacant))?;
        Some(UnitView {
            status: it.status,
            incarnation: it.incarnation,
            settled: it.is_idle() && it.row == RowState::Clean,
            body_lives: it.body_lives(),
            recorded: it.recorded,
            saved: it.saved,
            leaked: it.is_leaked(),
        })
    }

    /// Whether the host is on its way down and admits nothing.
    #[must_use]
    pub const fn is_draining(&self) -> bool {
        self.shutdown.is_on()
    }

    /// Whether [`Effect::Exit`](crate::Effect::Exit) was given.
    #[must_use]
    pub const fn has_exited(&self) -> bool {
        self.exited
    }

    /// By when the host will be down, if it is on its way.
    #[must_use]
    pub fn shutdown_deadline(&self) -> Option<Moment> {
        self.shutdown.is_on().then(|| self.shutdown.budget.ends())
    }

    /// By when its units have to be down, if it is on its way: the host needs the rest for itself.
    #[must_use]
    pub fn units_deadline(&self) -> Option<Moment> {
        self.shutdown.is_on().then(|| self.shutdown.units_budget().ends())
    }

    /// What there is to say about one unit.
    #[must_use]
    #[inline]
    pub fn unit_report(&self, unit: UnitId) -> Option<UnitReport> {
        let it = self.units.get(unit.index()).filter(|it| likely(!it.vacant))?;
        let action =
            |rung: u8| -> Option<Action> { self.kind(unit).ladder.rung(rung).map(|rung| rung.action) };
        Some(UnitReport {
            unit,
            incarnation: it.incarnation,
            status: it.status,
            reason: it.reason,
            ending: ending(it, action(it.ended_on)),
            took: it.took,
            forced: it.stop.forced,
            overran: it.stop.overran,
            failed: if it.failed_on == NO_RUNG { None } else { action(it.failed_on) },
            recorded: it.recorded,
            saved: it.saved,
            row_durable: it.row == RowState::Clean,
            leaked: it.is_leaked(),
            lingers: it.body_lives() && it.status.is_terminal(),
            abandoned: it.abandoned,
        })
    }

    /// Whether this phase of the shutdown failed, or was not answered in its time.
    #[must_use]
    pub fn phase_failed(&self, phase: Phase) -> bool {
        let place = self.plan.shutdown.rungs().iter().position(|rung| rung.action == phase);
        place.is_some_and(|place| self.shutdown.has_failed(place))
    }

    /// What there is to say about the whole host. Complete when [`Effect::Exit`](crate::Effect::Exit)
    /// is given; before that, as it stands.
    #[must_use]
    pub fn report(&self) -> Report {
        let failed = self.plan.shutdown.rungs().iter().enumerate();
        let failed = failed.filter(|(place, _)| self.shutdown.has_failed(*place));
        Report {
            code: self.exit_code(),
            began: self.shutdown.began,
            deadline: self.shutdown.budget.ends(),
            forced: self.shutdown.is_forced(),
            overran: self.shutdown.overran,
            failed_phases: failed.map(|(_, rung)| rung.action).collect(),
            units: self.unit_ids().filter_map(|unit| self.unit_report(unit)).collect(),
        }
    }

    /// 0: everything that was recorded is durable, and nothing went wrong or is left over.
    pub(super) fn exit_code(&self) -> u8 {
        let failed = |it: &Unit| {
            let rung = self.plan.kinds[usize::from(it.kind.0)].ladder.rung(it.failed_on);
            let unsaved = it.recorded > it.saved || it.row != RowState::Clean;
            let lost_checkpoint = rung.is_some_and(|rung| rung.action == Action::Checkpoint);
            unsaved || it.is_leaked() || it.stop.overran || lost_checkpoint
        };
        let clean = !self.shutdown.overran && self.shutdown.failed == 0;
        u8::from(!clean || self.units.iter().any(|it| !it.vacant && failed(it)))
    }

    /// How a unit stands to what is done with all of them at once, as a phase of the shutdown and the exit do, in a
    /// word without times and numbers: what these make of the host depends on each of its units by this alone.
    #[must_use]
    pub fn standing(&self, unit: UnitId) -> u64 {
        let Some(it) = self.units.get(unit.index()) else { return 0 };
        let stop = &it.stop;
        let bits = [
            it.vacant,
            it.active,
            it.pausing,
            it.reaping,
            it.holds_up,
            it.is_leaked(),
            it.is_writing(),
            it.needs_write(),
            it.recorded > it.saved,
            stop.forced,
            stop.overran,
            stop.admitted,
            stop.placed,
            stop.checkpointed,
        ];
        let bits = bits.iter().fold(0, |word, bit| word << 1 | u64::from(*bit));
        let kinds = [it.status as u8, it.body as u8, it.row as u8, stop.stage as u8, stop.rung, it.failed_on];
        kinds.iter().fold(bits, |word, kind| word << 8 | u64::from(*kind))
    }

    /// Gives everything that the future depends on to `visit`, as seen from `now`: deadlines count as
    /// time left, and what is only remembered for the report does not count.
    pub fn visit_state(&self, now: Moment, visit: &mut impl FnMut(u64)) {
        for unit in self.unit_ids() {
            self.visit_unit_state(now, unit, visit);
            self.callers.visit(self.units[unit.index()].callers, visit);
            self.visit_abandoned(unit, visit);
        }
        self.edges.visit(visit);
        self.visit_host_state(now, visit);
    }

    /// One unit's part of [`Engine::visit_state`], without its number and without the tickets of those who
    /// wait for it, but with what they want: units of the same words are interchangeable, as far as no
    /// other unit depends on them and none is before another in line.
    pub fn visit_unit_state(&self, now: Moment, unit: UnitId, visit: &mut impl FnMut(u64)) {
        let Some(it) = self.units.get(unit.index()) else { return };
        visit(left(now, self.timers.of(unit)));
        visit(left(now, it.stop.future().budget.ends()));
        it.visit(visit);
        self.callers.visit(it.callers, &mut |word| visit(if word == u64::MAX { word } else { word & 0xff }));
        self.visit_abandoned(unit, visit);
    }

    /// How many there are has been visited with the unit; most have none.
    fn visit_abandoned(&self, unit: UnitId, visit: &mut impl FnMut(u64)) {
        if self.units[unit.index()].abandoned > 0 {
            self.abandoned.visit(unit, visit);
        }
    }

    /// The part of [`Engine::visit_state`] that is about no single unit.
    pub fn visit_host_state(&self, now: Moment, visit: &mut impl FnMut(u64)) {
        self.clients.iter().for_each(|state| visit(*state as u64));
        self.owners.iter().for_each(|count| visit(u64::from(*count)));
        self.queue[self.queue_head..].iter().for_each(|unit| visit(u64::from(unit.0)));
        visit(left(now, self.shutdown.until()));
        visit(left(now, self.shutdown.budget.ends()));
        visit(left(now, self.shutdown.units_budget().ends()));
        self.shutdown.visit(visit);
        visit(u64::from(self.exited));
    }
}

/// The time left, as a word.
const fn left(now: Moment, at: Moment) -> u64 {
    if at.is_never() { u64::MAX } else { now.until(at).nanos() }
}

/// Two engines are equal if they will behave alike, seen from the world's start.
impl PartialEq for Engine {
    fn eq(&self, other: &Self) -> bool {
        let words = |engine: &Self| {
            let mut words = Vec::new();
            engine.visit_state(Moment::START, &mut |word| words.push(word));
            words
        };
        self.plan == other.plan && words(self) == words(other)
    }
}

impl Eq for Engine {}

impl Hash for Engine {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.visit_state(Moment::START, &mut |word| hasher.write_u64(word));
    }
}

#[inline]
fn ending(it: &Unit, on: Option<Action>) -> Ending {
    match it.status {
        Status::Completed => Ending::ByItself,
        // A stop that ends as a failure is one of a start that was overdue; a host that was gone saw nothing.
        Status::Failed if it.stop.ends_as != Status::Failed && it.reason != Reason::Interrupted => {
            Ending::ByItself
        }
        Status::Pending if it.backing_off => Ending::BetweenStarts,
        Status::Pending => Ending::NotStarted,
        Status::Stopped if it.ended_on == NO_BODY && it.incarnation == it.born => Ending::NotStarted,
        Status::Stopped if it.ended_on == NO_BODY => Ending::BetweenStarts,
        Status::Running | Status::Paused | Status::Stopping => Ending::NotEnded,
        Status::Stopped | Status::Failed | Status::Cancelled => on.map_or(Ending::Unseen, Ending::OnRung),
    }
}
