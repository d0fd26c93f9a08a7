//! Stops: where they come from, and how a later one meets the one in flight.
//!
//! Severity only rises and deadlines only shrink. A harder or shorter request acts on the stop in
//! flight; any other one joins it and gets the same answer.

use super::{
    Engine, answer, refuse,
    unit::{Again, NO_BODY, RowState, Stage, Stop, Waiter, Wants},
};
use crate::{
    budget::Budget,
    disposition::{Disposition, Why},
    effect::{Answer, Effect, Effects, Notice},
    ids::UnitId,
    input::{Caller, Within},
    plan::Promise,
    status::{Reason, Status},
    time::Moment,
};

/// A stop as it is asked for, whoever asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct StopRequest {
    pub(super) force: bool,
    pub(super) within: Within,
    pub(super) ends_as: Status,
    pub(super) reason: Reason,
    pub(super) wants: Wants,
}

impl StopRequest {
    pub(super) const fn explicit(force: bool, within: Within) -> Self {
        Self { force, within, ends_as: Status::Stopped, reason: Reason::None, wants: Wants::Stop }
    }

    /// One that the engine asks for itself: nobody waits for it, and the plan says how long it may take.
    pub(super) const fn own(ends_as: Status, reason: Reason) -> Self {
        Self { force: false, within: Within::Unset, ends_as, reason, wants: Wants::Stop }
    }

    fn forces(&self) -> bool {
        self.force || matches!(self.within, Within::For(span) if span.is_zero())
    }

    /// How long it may take; `None` if it does not say.
    fn budget(&self, now: Moment) -> Option<Budget> {
        match self.within {
            Within::Unset => None,
            Within::For(span) => Some(Budget::root(now, span)),
            Within::Unlimited => Some(Budget::unlimited()),
        }
    }
}

impl Engine {
    pub(super) fn on_stop_requested(
        &mut self,
        now: Moment,
        unit: UnitId,
        request: StopRequest,
        caller: Caller,
        effects: &mut Effects,
    ) -> Disposition {
        if !self.knows(unit) {
            return refuse(caller, Why::UnknownUnit, effects);
        }
        let it = &mut self.units[unit.index()];
        // Whatever was to follow does not: no restart outlives a stop.
        let disarmed = core::mem::take(&mut it.stop.again) != Again::No;
        let disposition = match it.stop.stage {
            Stage::Waiting | Stage::Climbing => self.arbitrate(now, unit, request, caller, effects),
            Stage::Idle | Stage::Recording if it.status == Status::Pending && !it.active => {
                self.join(unit, request.wants, caller, effects);
                self.stop_before_start(now, unit, effects)
            }
            Stage::Recording => joined(self.join(unit, request.wants, caller, effects)),
            Stage::Idle if it.active => {
                self.join(unit, request.wants, caller, effects);
                self.begin_stop(now, unit, request, effects)
            }
            Stage::Idle if it.row != RowState::Clean => {
                // It has ended, but nobody can be told so before its row is durable.
                let unwritten = it.row == RowState::Dirty;
                it.stop.stage = Stage::Recording;
                self.join(unit, request.wants, caller, effects);
                if unwritten {
                    self.write(unit, effects);
                }
                self.await_row(now, unit);
                Disposition::Applied
            }
            Stage::Idle => {
                let stopped = Answer::Stopped { status: it.status, leaked: it.is_leaked() };
                answer(caller, stopped, effects);
                Disposition::Ignored(Why::AlreadyStopped)
            }
        };
        if disarmed { Disposition::Applied } else { disposition }
    }

    pub(super) fn on_cancel_requested(
        &mut self,
        now: Moment,
        unit: UnitId,
        reason: Reason,
        caller: Caller,
        effects: &mut Effects,
    ) -> Disposition {
        if !self.knows(unit) {
            return refuse(caller, Why::UnknownUnit, effects);
        }
        let it = &self.units[unit.index()];
        if !it.active || !it.is_idle() {
            answer(caller, Answer::Cancelled(false), effects);
            return Disposition::Ignored(Why::NotRunning);
        }
        let own = StopRequest::own(Status::Cancelled, reason);
        let request = StopRequest { wants: Wants::Cancel, ..own };
        self.join(unit, request.wants, caller, effects);
        self.begin_stop(now, unit, request, effects)
    }

    pub(super) fn on_restart_requested(
        &mut self,
        now: Moment,
        unit: UnitId,
        caller: Caller,
        effects: &mut Effects,
    ) -> Disposition {
        if !self.knows(unit) {
            return refuse(caller, Why::UnknownUnit, effects);
        }
        if self.shutdown.is_on() {
            return refuse(caller, Why::Draining, effects);
        }
        let it = &self.units[unit.index()];
        if !it.is_idle() {
            return refuse(caller, Why::AlreadyStopping, effects);
        }
        if !it.active {
            return self.on_start_requested(now, unit, caller, effects);
        }
        self.units[unit.index()].failures = 0;
        let own = StopRequest::own(Status::Stopped, Reason::None);
        let request = StopRequest { wants: Wants::Restart, ..own };
        self.join(unit, request.wants, caller, effects);
        let disposition = self.begin_stop(now, unit, request, effects);
        // A stop that was over at once waits for its row at least, so this comes in time.
        self.units[unit.index()].stop.again = Again::Now;
        disposition
    }

    /// Takes an active unit to the top of its ladder. The caller has made sure that it stands still.
    pub(super) fn begin_stop(
        &mut self,
        now: Moment,
        unit: UnitId,
        request: StopRequest,
        effects: &mut Effects,
    ) -> Disposition {
        let kind = self.kind(unit);
        let upfront = kind.promise == Promise::Upfront;
        let pauses_first = kind.ladder.pauses_first();
        let unclocked = self.shutdown.is_on() && request.within == Within::Unset;
        let own = match request.budget(now) {
            Some(budget) => budget,
            None if unclocked => Budget::unlimited(),
            None => Budget::root(now, kind.ladder.budget()),
        };
        let budget = own.shorter(self.shutdown.units_budget());
        let short = !unclocked && budget < Budget::root(now, kind.ladder.budget());
        let it = &mut self.units[unit.index()];
        it.pausing = false;
        it.announced = false;
        it.reason = request.reason;
        it.stop = Stop {
            stage: Stage::Climbing,
            forced: request.forces() || self.shutdown.is_forced(),
            ends_as: request.ends_as,
            began: now,
            unclocked,
            short,
            budget,
            ..Stop::NONE
        };
        let incarnation = it.incarnation;
        if request.wants == Wants::Cancel {
            effects.push(Effect::Notify { unit, incarnation, notice: Notice::CancellationRequested });
        }
        self.timers.clear(unit);
        if upfront {
            self.end_as(unit, request.ends_as, effects);
            self.write(unit, effects);
        } else {
            let it = &mut self.units[unit.index()];
            // A pause that an operator asked for counts on the way down.
            it.stop.rung = u8::from(it.status == Status::Paused && pauses_first);
            it.status = Status::Stopping;
            if !self.shutdown.is_on() {
                let row = it.row();
                effects.push(Effect::Persist { unit, row, confirm: false });
            }
        }
        self.block_dependencies(unit);
        self.climb(now, unit, effects);
        Disposition::Applied
    }

    /// A stop of something that never started, or only waits to start again.
    fn stop_before_start(&mut self, now: Moment, unit: UnitId, effects: &mut Effects) -> Disposition {
        let it = &mut self.units[unit.index()];
        it.backing_off = false;
        it.status = Status::Stopped;
        it.stop = Stop { stage: Stage::Recording, ..Stop::NONE };
        it.ended_on = NO_BODY;
        self.timers.clear(unit);
        self.write(unit, effects);
        self.await_row(now, unit);
        Disposition::Applied
    }

    fn arbitrate(
        &mut self,
        now: Moment,
        unit: UnitId,
        request: StopRequest,
        caller: Caller,
        effects: &mut Effects,
    ) -> Disposition {
        let waits = self.join(unit, request.wants, caller, effects);
        let shorter = request.budget(now).unwrap_or(Budget::unlimited());
        // A budget that ends in this very instant is spent, whether or not somebody said so already.
        let spent = shorter.is_spent(now);
        let tightened = self.tighten(unit, request.forces(), shorter) || spent;
        if tightened {
            self.aim_again(now, unit, effects);
        }
        joined(tightened || waits)
    }

    /// Makes the stop in flight harder or shorter. Says whether that changed anything; if so, the stop
    /// has to be aimed again.
    pub(super) fn tighten(&mut self, unit: UnitId, force: bool, budget: Budget) -> bool {
        let stop = &mut self.units[unit.index()].stop;
        let harder = force && !stop.forced;
        let shorter = budget < stop.budget;
        stop.forced |= force;
        stop.short |= shorter;
        stop.budget = stop.budget.shorter(budget);
        harder || shorter
    }

    /// Lets a stop that became harder or shorter act on it.
    pub(super) fn aim_again(&mut self, now: Moment, unit: UnitId, effects: &mut Effects) {
        let it = &mut self.units[unit.index()];
        let Stop { stage, rung, budget, .. } = it.stop;
        let ladder = &self.plan.kinds[usize::from(it.kind.0)].ladder;
        let out_of_place = ladder.rung(rung).is_some_and(|rung| rung.action.is_gentle() && !rung.always);
        if it.stop.forced && (stage == Stage::Waiting || out_of_place) {
            self.timers.clear(unit);
            self.climb(now, unit, effects);
        } else {
            let latest = if stage == Stage::Waiting {
                self.gate_ends(now, unit)
            } else {
                budget.cut(now, None, ladder.reserve_after(rung)).ends()
            };
            let until = self.timers.of(unit).min(latest);
            self.timers.set(unit, until);
            if until <= now {
                // No time is left at all: nobody has to be woken to know that.
                self.timers.clear(unit);
                self.on_unit_due(now, unit, effects);
            }
        }
    }

    /// Puts a caller on the list of those who are told once the unit is settled, and says whether one is
    /// on it now. A unit's own body is told at once: it cannot wait for its own end.
    fn join(&mut self, unit: UnitId, wants: Wants, caller: Caller, effects: &mut Effects) -> bool {
        match caller {
            Caller::Nobody => false,
            Caller::Body(ticket) => {
                effects.reply(ticket, Answer::Accepted);
                false
            }
            Caller::Outside(ticket) => {
                let it = &mut self.units[unit.index()];
                self.callers.add(&mut it.callers, Waiter { ticket, wants });
                true
            }
        }
    }
}

/// What a request is worth that found a stop in flight.
const fn joined(changed: bool) -> Disposition {
    if changed { Disposition::Applied } else { Disposition::Ignored(Why::AlreadyStopping) }
}
