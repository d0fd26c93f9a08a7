//! The way down a ladder, rung by rung.

use super::{
    Engine,
    lifecycle::again_after,
    stop::StopRequest,
    unit::{NO_RUNG, Stage, Unit},
};
use crate::{
    budget::Budget,
    disposition::{Disposition, Why},
    effect::{Effect, Effects},
    ids::UnitId,
    input::{Outcome, Step},
    ladder::{Action, Otherwise, Patience, Rung},
    status::{Reason, Status},
    time::Moment,
};

impl Engine {
    /// Goes on from the unit's present rung: skips what is out of place, fires what is not waited for,
    /// and comes to rest on a rung that takes time, at the gate, or past the end of the ladder.
    pub(super) fn climb(&mut self, now: Moment, unit: UnitId, effects: &mut Effects) {
        loop {
            let it = &mut self.units[unit.index()];
            let ladder = &self.plan.kinds[usize::from(it.kind.0)].ladder;
            let Some(rung) = ladder.rung(it.stop.rung) else {
                return self.ladder_over(now, unit, effects);
            };
            if !rung.applies(it.stop.forced, it.body_lives()) {
                it.stop.rung += 1;
                continue;
            }
            let mut budget = it.stop.budget;
            if !it.stop.admitted {
                // Holding still keeps the body alive, so it needs no leave; everything else does.
                if rung.action != Action::Pause {
                    if self.pass_gate(now, unit) {
                        // Its budget may be counted from here on.
                        continue;
                    }
                    return;
                }
                if it.stop.unclocked && rung.patience == Patience::Rest {
                    // A pause that takes whatever there is takes no more than the whole way down may.
                    budget = budget.shorter(Budget::root(now, ladder.budget()));
                }
            }
            let until = ladder.cut(it.stop.rung, budget, now).ends();
            it.stop.short |= rung.is_cut_by(now, until);
            it.stop.stage = Stage::Climbing;
            order(unit, it, rung.action, until, effects);
            if until > now {
                self.timers.set(unit, until);
                return;
            }
            it.stop.rung += 1;
        }
    }

    pub(super) fn on_step_finished(
        &mut self,
        now: Moment,
        unit: UnitId,
        step: Step,
        outcome: Outcome,
        effects: &mut Effects,
    ) -> Disposition {
        if let Some(why) = self.staleness(unit, step.incarnation) {
            return self.earlier_step(unit, step, outcome, why);
        }
        let it = &self.units[unit.index()];
        let here = it.stop.rung == step.rung && it.stop.round == step.round;
        let current = it.stop.stage == Stage::Climbing && here;
        let kind = &self.plan.kinds[usize::from(it.kind.0)];
        let Some(rung) = kind.ladder.rung(step.rung).copied() else {
            return Disposition::Refused(Why::StaleStep);
        };
        match outcome {
            Outcome::Done if rung.action.ends_body() => self.proved_gone(now, unit, current, effects),
            Outcome::Done | Outcome::Failed if !current => Disposition::Ignored(Why::StaleStep),
            Outcome::Done if rung.action.awaits_exit() => Disposition::Ignored(Why::NothingDue),
            Outcome::Done => {
                if rung.action == Action::Checkpoint {
                    self.checkpoint_done(unit, effects);
                } else {
                    self.units[unit.index()].stop.rung += 1;
                }
                self.climb(now, unit, effects);
                Disposition::Applied
            }
            Outcome::Failed => {
                self.rung_failed(now, unit, &rung, effects);
                Disposition::Applied
            }
        }
    }

    /// A step of an earlier start has come to its end.
    #[cold]
    #[inline(never)]
    fn earlier_step(
        &mut self,
        unit: UnitId,
        step: Step,
        outcome: Outcome,
        otherwise: Disposition,
    ) -> Disposition {
        let ends_body = |it: &Unit| {
            let ladder = &self.plan.kinds[usize::from(it.kind.0)].ladder;
            ladder.rung(step.rung).is_some_and(|rung| rung.action.ends_body())
        };
        if outcome == Outcome::Done && self.units.get(unit.index()).is_some_and(ends_body) {
            return self.gone_after_all(unit, step.incarnation, otherwise);
        }
        otherwise
    }

    /// Somebody saw the body go, or found it gone: that is proof however late it comes.
    fn proved_gone(
        &mut self,
        now: Moment,
        unit: UnitId,
        current: bool,
        effects: &mut Effects,
    ) -> Disposition {
        let it = &mut self.units[unit.index()];
        let lived = it.body_lives();
        it.body = super::unit::Body::Gone;
        if current {
            self.note_end(unit, lived);
            self.units[unit.index()].stop.rung += 1;
            self.climb(now, unit, effects);
        } else if !lived {
            return Disposition::Ignored(Why::AlreadyExited);
        } else if it.stop.is_on_the_way() {
            self.body_went(now, unit, effects);
        }
        Disposition::Applied
    }

    /// The body of a unit on its way down is gone.
    pub(super) fn body_went(&mut self, now: Moment, unit: UnitId, effects: &mut Effects) {
        self.note_end(unit, true);
        let it = &mut self.units[unit.index()];
        if it.stop.stage != Stage::Climbing {
            // It waits at the gate for reasons that are not about its body; it passes when they pass.
            return;
        }
        let ladder = &self.plan.kinds[usize::from(it.kind.0)].ladder;
        if ladder.rung(it.stop.rung).is_some_and(|rung| rung.action.needs_body()) {
            self.climb(now, unit, effects);
        }
    }

    fn note_end(&mut self, unit: UnitId, lived: bool) {
        let it = &mut self.units[unit.index()];
        if lived && it.stop.stage == Stage::Climbing && it.ended_on == NO_RUNG {
            it.ended_on = it.stop.rung;
        }
    }

    /// A pause that was asked for before the stop is as good as the stop's own.
    pub(super) fn paused_on_the_way(
        &mut self,
        now: Moment,
        unit: UnitId,
        effects: &mut Effects,
    ) -> Disposition {
        let it = &mut self.units[unit.index()];
        let ladder = &self.plan.kinds[usize::from(it.kind.0)].ladder;
        let on_pause = ladder.rung(it.stop.rung).is_some_and(|rung| rung.action == Action::Pause);
        if it.stop.stage != Stage::Climbing || !on_pause {
            return Disposition::Ignored(Why::StaleStep);
        }
        it.stop.rung += 1;
        self.climb(now, unit, effects);
        Disposition::Applied
    }

    /// The present rung has not done its work. Of several, the report names a checkpoint, and else the first.
    fn rung_failed(&mut self, now: Moment, unit: UnitId, rung: &Rung<Action>, effects: &mut Effects) {
        let it = &mut self.units[unit.index()];
        if it.failed_on == NO_RUNG || rung.action == Action::Checkpoint {
            it.failed_on = it.stop.rung;
        }
        if rung.action == Action::Checkpoint {
            it.asked = it.saved;
        }
        it.stop.forced |= rung.otherwise == Otherwise::Force;
        it.stop.rung += 1;
        self.climb(now, unit, effects);
    }

    /// The unit's one deadline has come. What it was for, its state says.
    pub(super) fn on_unit_due(&mut self, now: Moment, unit: UnitId, effects: &mut Effects) {
        let it = &mut self.units[unit.index()];
        match it.stop.stage {
            Stage::Climbing => {
                let ladder = &self.plan.kinds[usize::from(it.kind.0)].ladder;
                let Some(rung) = ladder.rung(it.stop.rung).copied() else {
                    return self.climb(now, unit, effects);
                };
                // A last rung that used up its own patience, as all before it, has had all the time that it was
                // meant to have.
                let cut_off = it.stop.short || ladder.waits_after(it.stop.rung);
                if it.stop.budget.is_spent(now) && cut_off {
                    it.stop.forced = true;
                    it.stop.overran = true;
                }
                self.rung_failed(now, unit, &rung, effects);
            }
            Stage::Waiting => self.gate_opens(now, unit, effects),
            Stage::Recording => self.settle(now, unit, effects),
            Stage::Idle if it.backing_off => {
                if !self.shutdown.is_on() {
                    let _started = self.restart_if_allowed(now, unit, effects);
                }
            }
            Stage::Idle if it.announced => self.announced(now, unit, Outcome::Failed, effects),
            Stage::Idle if it.active && it.status == Status::Pending => {
                let again = again_after(
                    self.kind(unit).restart,
                    Status::Failed,
                    &mut self.units[unit.index()].failures,
                );
                let request = StopRequest::own(Status::Failed, Reason::StartOverdue);
                let _applied = self.begin_stop(now, unit, request, effects);
                self.units[unit.index()].stop.again = again;
            }
            Stage::Idle if it.active => {
                let request = StopRequest::own(Status::Cancelled, Reason::RunBudgetOver);
                let _applied = self.begin_stop(now, unit, request, effects);
            }
            Stage::Idle => {}
        }
    }

    /// No rung is left. What was promised is written down; what is not proven gone is said to be so.
    fn ladder_over(&mut self, now: Moment, unit: UnitId, effects: &mut Effects) {
        let it = &mut self.units[unit.index()];
        it.took = it.stop.began.until(now);
        it.stop.stage = Stage::Recording;
        let upfront = it.status.is_terminal();
        let written = it.stop.checkpointed && it.saved == it.recorded;
        let outlives = it.outlives;
        if !upfront {
            let ends_as = it.stop.ends_as;
            self.end_as(unit, ends_as, effects);
        }
        // Whatever its row takes, it moves no more.
        self.pause_finished(unit);
        // A row that was written while a process lived says so.
        if outlives || !(upfront || written) {
            self.write(unit, effects);
        }
        effects.stop_over(|| self.unit_report(unit));
        if self.units[unit.index()].is_writing() {
            self.await_row(now, unit);
        } else {
            self.settle(now, unit, effects);
        }
    }
}

/// Asks the world to do what the unit's present rung says.
#[inline]
fn order(unit: UnitId, it: &mut Unit, action: Action, until: Moment, effects: &mut Effects) {
    let step = Step { incarnation: it.incarnation, rung: it.stop.rung, round: it.stop.round };
    if action == Action::Checkpoint {
        it.asked = it.recorded;
        it.stop.checkpoint = it.recorded;
        let row = it.row_as(it.stop.ends_as);
        effects.push(Effect::Checkpoint { unit, step, row, until });
    } else {
        effects.push(Effect::Perform { unit, step, action, until });
    }
}
