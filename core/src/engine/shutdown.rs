//! How the whole host goes down: a ladder of phases under one budget.
//!
//! A phase is over when nothing it waits for is left, or its share of the budget is. So a shutdown has
//! a counter and a deadline, and no timers of its own beside them.

use super::{Engine, answer};
use crate::{
    budget::Budget,
    disposition::{Disposition, Why},
    effect::{Answer, Effect, Effects},
    input::{Caller, Signal, Within},
    ladder::Phase,
    plan::Plan,
    time::Moment,
};

/// The whole host on its way down.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Shutdown {
    pub(super) on: bool,
    pub(super) forced: bool,
    /// A signal has asked for it, or joined it.
    signalled: bool,
    /// The deadline for units passed with some of them still there.
    pub(super) overran: bool,
    pub(super) units_may_stop: bool,
    /// All phases are over; only writes are waited for.
    pub(super) leaving: bool,
    pub(super) rung: u8,
    /// What is done on that rung; nothing, if the way down is over or has not begun.
    pub(super) phase: Option<Phase>,
    /// What the present phase waits for.
    pub(super) waiting: u32,
    /// Units that stop at present.
    placed: u32,
    /// Until when the present phase waits.
    until: Moment,
    /// That moment has come, as far as anybody has said: a wake-up, or a deadline moved to the present.
    pub(super) is_due: bool,
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
        signalled: false,
        overran: false,
        units_may_stop: false,
        leaving: false,
        rung: 0,
        phase: None,
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

    pub(super) fn set_until(&mut self, now: Moment, until: Moment) {
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

    /// Whether the phase at this place of the ladder failed. A plan has no more places than there are bits.
    pub(super) const fn has_failed(&self, place: usize) -> bool {
        self.failed >> place & 1 == 1
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
        let bits = [
            self.on,
            self.forced,
            self.signalled,
            self.overran,
            self.units_may_stop,
            self.leaving,
            self.is_due,
        ];
        let bits = bits.iter().fold(0, |word, bit| word << 1 | u64::from(*bit));
        visit(bits << 40 | u64::from(self.rung) << 32 | u64::from(self.waiting));
        visit(u64::from(self.placed));
        visit(self.failed);
    }

    /// What was `from` is `to` then.
    pub(super) const fn rebase(&mut self, from: Moment, to: Moment) {
        self.until = self.until.rebased(from, to);
        self.began = self.began.rebased(from, to);
        self.budget = self.budget.rebased(from, to);
        self.units = self.units.rebased(from, to);
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
            Signal::Terminate | Signal::Interrupt if self.shutdown.signalled => {
                self.on_shutdown_requested(now, false, Within::Unset, Caller::Nobody, effects)
            }
            Signal::Terminate | Signal::Interrupt => self.on_first_signal(now, effects),
        }
    }

    /// The first one asks for a shutdown as the plan has it, and the second one forces it. So one that finds a
    /// shutdown that somebody else has asked for joins it: a hook that asks before the signal comes is no reason
    /// to drop work. It is to be over by when the signal's own would have been.
    fn on_first_signal(&mut self, now: Moment, effects: &mut Effects) -> Disposition {
        if self.shutdown.on {
            let own = self.new_budget(now, false, Within::Unset);
            let _changed = self.tighten_shutdown(now, false, own, effects);
        } else {
            self.begin_shutdown(now, false, Within::Unset, effects);
        }
        self.shutdown.signalled = true;
        Disposition::Applied
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

    /// What a shutdown has that begins now. Whoever runs the host kills it once its grace is over.
    fn new_budget(&self, now: Moment, forced: bool, within: Within) -> Budget {
        let budget = match within {
            Within::Unset if forced => {
                Budget::root(now, self.plan.force_within.min(self.plan.shutdown.budget()))
            }
            Within::Unset => Budget::root(now, self.plan.shutdown.budget()),
            Within::For(span) => Budget::root(now, span),
            Within::Unlimited => Budget::unlimited(),
        };
        let outer = |grace| Budget::root(now, Plan::longest_shutdown(grace));
        budget.shorter(self.plan.outer_grace.map_or(Budget::unlimited(), outer))
    }

    fn begin_shutdown(&mut self, now: Moment, forced: bool, within: Within, effects: &mut Effects) {
        let budget = self.new_budget(now, forced, within);
        self.shutdown = Shutdown { on: true, forced, began: now, budget, ..Shutdown::NONE };
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
}
