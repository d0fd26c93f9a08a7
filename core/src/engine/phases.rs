//! The phases of a shutdown: each is entered, waits for a number of things, and is left when nothing is
//! left to wait for or its share of the budget is over.

use super::{Engine, stop::StopRequest, unit::Stage};
use crate::{
    disposition::{Disposition, Why},
    effect::{Effect, Effects},
    hint::unlikely,
    ids::UnitId,
    input::Outcome,
    ladder::{Action, Phase},
    status::{Reason, Status},
    time::Moment,
};

impl Engine {
    /// Leaves every phase that has nothing left to wait for, or no time left to wait.
    pub(super) fn wind(&mut self, now: Moment, effects: &mut Effects) {
        while unlikely(self.shutdown.waiting == 0 || self.shutdown.is_due) && !self.exited {
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
        match self.shutdown.phase {
            Some(Phase::StopUnits) => {
                self.shutdown.overran |= !all_done;
                self.settle_all(now, effects);
                if !all_done || self.units.iter().any(|unit| !unit.vacant && unit.stop.overran) {
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

    fn phase_bit(&self) -> u64 {
        1 << self.shutdown.rung
    }

    pub(super) fn enter(&mut self, now: Moment, rung: u8, effects: &mut Effects) {
        self.shutdown.rung = rung;
        self.shutdown.waiting = 0;
        let phase = self.plan.shutdown.rung(rung).copied();
        self.shutdown.phase = phase.map(|phase| phase.action);
        let Some(phase) = phase else {
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
                // Who is past that already goes on with what it does, whatever its ladder says.
                let pauses = it.stop.stage == Stage::Climbing && pauses(it.stop.rung);
                let holds_up = pauses && !it.stop.admitted;
                self.units[unit.index()].holds_up = holds_up;
            }
            self.shutdown.waiting += u32::from(self.units[unit.index()].holds_up);
        }
    }

    fn stop_units(&mut self, now: Moment, effects: &mut Effects) {
        self.shutdown.units_may_stop = true;
        for unit in &mut self.units {
            unit.holds_up = !unit.is_idle() || unit.reaping || unit.active || unit.needs_write();
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
                Stage::Waiting => self.climb(now, unit, effects),
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
            let it = &mut self.units[unit.index()];
            it.holds_up = false;
            if it.needs_write() {
                self.write(unit, effects);
            } else if it.is_writing() {
                self.hold_up(unit);
            }
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
        if self.shutdown.phase != Some(phase) || self.shutdown.waiting == 0 {
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
        if self.shutdown.phase == Some(Phase::PauseUnits) {
            self.let_go(unit);
        }
    }

    /// The unit is settled, or what an earlier host left of it is dealt with. The phase goes on until both
    /// are so: a process that is being ended is work, and who gives the lease back meanwhile has lied.
    pub(super) fn part_done(&mut self, unit: UnitId) {
        let it = &self.units[unit.index()];
        if self.shutdown.phase == Some(Phase::StopUnits) && it.is_idle() && !it.reaping {
            self.let_go(unit);
        }
    }

    /// A write that mattered has come to an end.
    pub(super) fn write_finished(&mut self, unit: UnitId) {
        if self.shutdown.leaving && !self.units[unit.index()].is_writing() {
            self.let_go(unit);
        }
    }

    /// The present phase goes on until the unit has done its part.
    pub(super) fn hold_up(&mut self, unit: UnitId) {
        if !core::mem::replace(&mut self.units[unit.index()].holds_up, true) {
            self.shutdown.waiting += 1;
        }
    }

    fn let_go(&mut self, unit: UnitId) {
        if core::mem::take(&mut self.units[unit.index()].holds_up) {
            self.shutdown.one_less();
        }
    }
}
