//! How the whole host goes down: a ladder of phases under one budget.
//!
//! A phase is over when nothing it waits for is left, or its share of the budget is. So a shutdown has
//! a counter and a deadline, and no timers of its own beside them.

use super::{Engine, answer, stop::StopRequest, unit::Stage};
use crate::{
    budget::Budget,
    disposition::{Disposition, Why},
    effect::{Answer, Effect, Effects},
    ids::UnitId,
    input::{Caller, Outcome, Signal, Within},
    ladder::{Action, Phase},
    status::{Reason, Status},
    time::Moment,
};

/// The whole host on its way down.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Shutdown {
    on: bool,
    forced: bool,
    /// The deadline for units passed with some of them still there.
    pub(super) overran: bool,
    units_may_stop: bool,
    /// All phases are over; only writes are waited for.
    leaving: bool,
    rung: u8,
    /// What the present phase waits for.
    pub(super) waiting: u32,
    /// Units that stop at present.
    placed: u32,
    /// Until when the present phase waits.
    until: Moment,
    /// That moment has come, as far as anybody has said: a wake-up, or a deadline moved to the present.
    is_due: bool,
    pub(super) began: Moment,
    pub(super) budget: Budget,
    /// By when units must be settled.
    units: Budget,
    /// A bit for each rung whose phase failed.
    pub(super) failed: u64,
}

impl Shutdown {
    pub(super) const NONE: Self = Self {
        on: false,
        forced: false,
        overran: false,
        units_may_stop: false,
        leaving: false,
        rung: 0,
        waiting: 0,
        placed: 0,
        until: Moment::NEVER,
        is_due: false,
        began: Moment::START,
        budget: Budget::unlimited(),
        units: Budget::unlimited(),
        failed: 0,
    };

    pub(super) const fn is_on(&self) -> bool {
        self.on
    }

    pub(super) const fn is_forced(&self) -> bool {
        self.forced
    }

    pub(super) const fn units_may_stop(&self) -> bool {
        self.units_may_stop
    }

    pub(super) const fn until(&self) -> Moment {
        self.until
    }

    fn set_until(&mut self, now: Moment, until: Moment) {
        self.until = until;
        self.is_due = until <= now;
    }

    /// Somebody says that it is `now`. Says whether the present phase's time is over.
    pub(super) fn wake(&mut self, now: Moment) -> bool {
        self.is_due |= self.until <= now;
        self.is_due
    }

    pub(super) const fn units_budget(&self) -> Budget {
        self.units
    }

    pub(super) const fn placed(&self) -> u32 {
        self.placed
    }

    pub(super) fn place(&mut self, counts: bool) {
        self.placed += u32::from(counts);
    }

    pub(super) fn free_place(&mut self) {
        self.placed = self.placed.saturating_sub(1);
    }

    /// What the future depends on, deadlines aside, as words.
    pub(super) fn visit(&self, visit: &mut impl FnMut(u64)) {
        let bits = [self.on, self.forced, self.overran, self.units_may_stop, self.leaving, self.is_due];
        let bits = bits.iter().fold(0, |word, bit| word << 1 | u64::from(*bit));
        visit(bits << 40 | u64::from(self.rung) << 32 | u64::from(self.waiting));
        visit(u64::from(self.placed));
        visit(self.failed);
    }

    pub(super) fn one_less(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }
}

impl Engine {
    pub(super) fn on_signal(&mut self, now: Moment, signal: Signal, effects: &mut Effects) -> Disposition {
        match signal {
            Signal::Hangup if self.shutdown.on => Disposition::Ignored(Why::Draining),
            Signal::Hangup => {
                effects.push(Effect::Reload);
                Disposition::Applied
            }
            Signal::Terminate | Signal::Interrupt => {
                // The second signal forces.
                let graceful = !self.shutdown.on;
                self.on_shutdown_requested(now, graceful, Within::Unset, Caller::Nobody, effects)
            }
        }
    }

    pub(super) fn on_shutdown_requested(
        &mut self,
        now: Moment,
        graceful: bool,
        within: Within,
        caller: Caller,
        effects: &mut Effects,
    ) -> Disposition {
        let forces = !graceful || matches!(within, Within::For(span) if span.is_zero());
        let changed = if self.shutdown.on {
            let asked = match within {
                Within::Unset if forces => Budget::root(now, self.plan.force_within),
                Within::Unset | Within::Unlimited => Budget::unlimited(),
                Within::For(span) => Budget::root(now, span),
            };
            self.tighten_shutdown(now, forces, asked, effects)
        } else {
            self.begin_shutdown(now, forces, within, effects);
            true
        };
        answer(caller, Answer::ShuttingDown { by: self.shutdown.budget.ends() }, effects);
        if changed { Disposition::Applied } else { Disposition::Ignored(Why::AlreadyStopping) }
    }

    fn begin_shutdown(&mut self, now: Moment, forced: bool, within: Within, effects: &mut Effects) {
        let budget = match within {
            Within::Unset if forced => {
                Budget::root(now, self.plan.force_within.min(self.plan.shutdown.budget()))
            }
            Within::Unset => Budget::root(now, self.plan.shutdown.budget()),
            Within::For(span) => Budget::root(now, span),
            Within::Unlimited => Budget::unlimited(),
        };
        let outer = self.plan.outer_grace.map_or(Budget::unlimited(), |grace| {
            Budget::root(now, grace.minus(crate::time::Span::from_nanos(grace.nanos() / 10)))
        });
        self.shutdown =
            Shutdown { on: true, forced, began: now, budget: budget.shorter(outer), ..Shutdown::NONE };
        self.shutdown.units = self.units_share(now);
        self.tighten_stops(now, effects);
        self.enter(now, 0, effects);
    }

    /// What units get of the budget: all but what the phases after them need, and their rows.
    fn units_share(&self, now: Moment) -> Budget {
        let phases = self.plan.shutdown.rungs();
        let stop = phases.iter().position(|rung| rung.action == Phase::StopUnits);
        let stop = u8::try_from(stop.unwrap_or_default()).unwrap_or_default();
        let reserve = self.plan.shutdown.reserve_after(stop).plus(self.plan.record_patience);
        self.shutdown.budget.cut(now, None, reserve)
    }

    fn tighten_shutdown(&mut self, now: Moment, force: bool, budget: Budget, effects: &mut Effects) -> bool {
        let harder = force && !self.shutdown.forced;
        let shorter = budget < self.shutdown.budget;
        if !harder && !shorter {
            return false;
        }
        self.shutdown.forced |= force;
        self.shutdown.budget = self.shutdown.budget.shorter(budget);
        self.shutdown.units = self.shutdown.units.shorter(self.units_share(now));
        self.tighten_stops(now, effects);
        let rung = self.shutdown.rung;
        if let Some(phase) = self.plan.shutdown.rung(rung) {
            let share = self.plan.shutdown.cut(rung, self.shutdown.budget, now);
            self.shutdown.set_until(now, self.shutdown.until.min(share.ends()));
            if self.shutdown.forced && phase.action.is_gentle() && !phase.always {
                self.shutdown.waiting = 0;
            }
        } else {
            self.shutdown.set_until(now, self.shutdown.until.min(self.shutdown.budget.ends()));
        }
        true
    }

    /// Stops in flight get no longer than the shutdown leaves them. All of them are told before any of
    /// them acts on it: one that ends lets others go on.
    fn tighten_stops(&mut self, now: Moment, effects: &mut Effects) {
        let (forced, units) = (self.shutdown.forced, self.shutdown.units);
        for unit in self.unit_ids() {
            if self.units[unit.index()].stop.is_on_the_way() {
                let _changed = self.tighten(unit, forced, units);
            }
        }
        for unit in self.unit_ids() {
            if self.units[unit.index()].stop.is_on_the_way() {
                self.aim_again(now, unit, effects);
            }
        }
    }

    /// Leaves every phase that has nothing left to wait for, or no time left to wait.
    pub(super) fn wind(&mut self, now: Moment, effects: &mut Effects) {
        while !self.exited && (self.shutdown.waiting == 0 || self.shutdown.is_due) {
            // Units whose time is over at the same instant come first, whatever brought us here.
            if self.shutdown.waiting > 0 && self.fire_due(now, effects) {
                continue;
            }
            if self.shutdown.leaving {
                self.exit(now, effects);
            } else {
                self.finish_phase(now, effects);
                self.enter(now, self.shutdown.rung + 1, effects);
            }
        }
    }

    fn finish_phase(&mut self, now: Moment, effects: &mut Effects) {
        let all_done = self.shutdown.waiting == 0;
        match self.phase() {
            Some(Phase::StopUnits) => {
                self.shutdown.overran |= !all_done;
                self.settle_all(now, effects);
                if !all_done || self.units.iter().any(|unit| unit.stop.overran) {
                    effects.push(Effect::Report);
                }
            }
            _ if all_done => {}
            Some(Phase::ReleaseLease | Phase::CloseListener | Phase::UnlinkSocket | Phase::RemovePidFile) => {
                self.shutdown.failed |= self.phase_bit();
            }
            // Who does not want to know, or does not want to go, holds nobody up.
            Some(Phase::Notify | Phase::PauseUnits | Phase::DisconnectClients) | None => {}
        }
    }

    /// The present phase, if the way down has one.
    pub(super) fn phase(&self) -> Option<Phase> {
        if !self.shutdown.on || self.shutdown.leaving {
            return None;
        }
        self.plan.shutdown.rung(self.shutdown.rung).map(|rung| rung.action)
    }

    fn phase_bit(&self) -> u64 {
        1_u64.checked_shl(self.shutdown.rung.into()).unwrap_or(1 << 63)
    }

    fn enter(&mut self, now: Moment, rung: u8, effects: &mut Effects) {
        self.shutdown.rung = rung;
        self.shutdown.waiting = 0;
        let Some(&phase) = self.plan.shutdown.rung(rung) else {
            return self.enter_leaving(now, effects);
        };
        let until = self.plan.shutdown.cut(rung, self.shutdown.budget, now).ends();
        self.shutdown.set_until(now, until);
        if self.shutdown.forced && phase.action.is_gentle() && !phase.always {
            return;
        }
        match phase.action {
            Phase::Notify => self.tell_clients(effects),
            Phase::PauseUnits => self.pause_units(now, effects),
            Phase::StopUnits => self.stop_units(now, effects),
            Phase::DisconnectClients => self.disconnect_clients(effects),
            Phase::ReleaseLease | Phase::CloseListener | Phase::UnlinkSocket | Phase::RemovePidFile => {
                self.shutdown.waiting = 1;
                effects.push(Effect::Wind { phase: phase.action, until });
            }
        }
    }

    fn pause_units(&mut self, now: Moment, effects: &mut Effects) {
        for unit in self.unit_ids() {
            let ladder = &self.kind(unit).ladder;
            if !ladder.pauses_first() {
                continue;
            }
            let it = &self.units[unit.index()];
            let pauses = |rung: u8| ladder.rung(rung).is_some_and(|rung| rung.action == Action::Pause);
            if it.is_idle() && it.active {
                let request = StopRequest::own(Status::Stopped, Reason::Shutdown);
                let _applied = self.begin_stop(now, unit, request, effects);
                let it = &mut self.units[unit.index()];
                it.holds_up = it.stop.stage == Stage::Climbing;
            } else {
                let holds_up = it.stop.stage == Stage::Climbing && pauses(it.stop.rung);
                self.units[unit.index()].holds_up = holds_up;
            }
            self.shutdown.waiting += u32::from(self.units[unit.index()].holds_up);
        }
    }

    fn stop_units(&mut self, now: Moment, effects: &mut Effects) {
        self.shutdown.units_may_stop = true;
        for unit in &mut self.units {
            unit.holds_up = !unit.is_idle() || unit.active || unit.needs_write();
            self.shutdown.waiting += u32::from(unit.holds_up);
        }
        for unit in self.unit_ids() {
            let it = &mut self.units[unit.index()];
            match it.stop.stage {
                Stage::Idle if it.active => {
                    let request = StopRequest::own(Status::Stopped, Reason::Shutdown);
                    let _applied = self.begin_stop(now, unit, request, effects);
                }
                Stage::Idle if it.needs_write() => {
                    it.stop.stage = Stage::Recording;
                    self.write(unit, effects);
                    self.await_row(now, unit);
                }
                Stage::Waiting => {
                    self.count_blockers(unit);
                    self.climb(now, unit, effects);
                }
                Stage::Idle | Stage::Climbing | Stage::Recording => {}
            }
        }
    }

    /// Whoever waits for a unit is told what is true by now.
    fn settle_all(&mut self, now: Moment, effects: &mut Effects) {
        for unit in self.unit_ids() {
            if self.units[unit.index()].stop.stage == Stage::Recording {
                self.settle(now, unit, effects);
            }
        }
    }

    /// What could not be written gets one more try, and what is on its way gets what is left.
    fn enter_leaving(&mut self, now: Moment, effects: &mut Effects) {
        self.shutdown.leaving = true;
        self.shutdown.set_until(now, self.shutdown.budget.ends());
        for unit in self.unit_ids() {
            if self.units[unit.index()].needs_write() {
                self.write(unit, effects);
            }
            let it = &mut self.units[unit.index()];
            it.holds_up = it.is_writing();
            self.shutdown.waiting += u32::from(it.holds_up);
        }
    }

    fn exit(&mut self, now: Moment, effects: &mut Effects) {
        self.settle_all(now, effects);
        self.shutdown.overran |= self.shutdown.waiting > 0;
        effects.push(Effect::Report);
        effects.push(Effect::Exit { code: self.exit_code() });
        self.exited = true;
    }

    pub(super) fn on_phase_finished(&mut self, phase: Phase, outcome: Outcome) -> Disposition {
        if self.phase() != Some(phase) || self.shutdown.waiting == 0 {
            return Disposition::Ignored(Why::StaleStep);
        }
        match phase {
            Phase::ReleaseLease | Phase::CloseListener | Phase::UnlinkSocket | Phase::RemovePidFile => {
                if outcome == Outcome::Failed {
                    self.shutdown.failed |= self.phase_bit();
                }
                self.shutdown.waiting = 0;
                Disposition::Applied
            }
            Phase::Notify | Phase::PauseUnits | Phase::StopUnits | Phase::DisconnectClients => {
                Disposition::Refused(Why::StaleStep)
            }
        }
    }

    /// The unit holds still, or has gone past that.
    pub(super) fn pause_finished(&mut self, unit: UnitId) {
        if self.phase() == Some(Phase::PauseUnits) {
            self.let_go(unit);
        }
    }

    /// The unit is settled.
    pub(super) fn stop_finished(&mut self, unit: UnitId) {
        if self.phase() == Some(Phase::StopUnits) {
            self.let_go(unit);
        }
    }

    /// A write that mattered has come to an end.
    pub(super) fn write_finished(&mut self, unit: UnitId) {
        if self.shutdown.leaving && !self.units[unit.index()].is_writing() {
            self.let_go(unit);
        }
    }

    fn let_go(&mut self, unit: UnitId) {
        if core::mem::take(&mut self.units[unit.index()].holds_up) {
            self.shutdown.one_less();
        }
    }
}
