//! Who may go down before whom: dependents before what they depend on, and at most so many at once.

use core::hint::cold_path;

use super::{
    Engine,
    unit::{Stage, Stop},
};
use crate::{
    budget::Budget,
    disposition::{Disposition, Why},
    effect::Effects,
    hint::unlikely,
    ids::UnitId,
    time::{Moment, Span},
};

impl Engine {
    pub(super) fn on_dependency_declared(&mut self, unit: UnitId, on: UnitId) -> Disposition {
        if !self.knows(unit) || !self.knows(on) {
            return Disposition::Refused(Why::UnknownUnit);
        }
        if on >= unit {
            return Disposition::Refused(Why::Circular);
        }
        if self.edges.has(self.units[unit.index()].depends, on) {
            return Disposition::Ignored(Why::NumberTaken);
        }
        let takes = self.takes(on);
        let (before, from) = self.units.split_at_mut(unit.index());
        from[0].chain = from[0].chain.max(takes);
        self.edges.add(unit, &mut from[0].depends, on, &mut before[on.index()].dependents);
        Disposition::Applied
    }

    /// Counts the dependents that the unit has to wait for: those on their way down, and in a shutdown
    /// those that will be.
    #[inline]
    fn count_blockers(&mut self, unit: UnitId) {
        let mut place = self.units[unit.index()].dependents;
        let mut waits_for = 0;
        while let Some(edge) = self.edges.get(place) {
            cold_path();
            let dependent = &self.units[edge.unit.index()];
            let will_stop = self.shutdown.is_on() && dependent.active;
            let blocks = dependent.stop.is_on_the_way() || will_stop;
            self.edges.set_blocks(place, blocks);
            waits_for += u32::from(blocks);
            place = edge.next_of_on;
        }
        self.units[unit.index()].waits_for = waits_for;
    }

    /// The unit's way down begins: what it depends on and waits already waits for it, too.
    #[inline]
    pub(super) fn block_dependencies(&mut self, unit: UnitId) {
        let mut place = self.units[unit.index()].depends;
        while let Some(edge) = self.edges.get(place) {
            cold_path();
            let on = &mut self.units[edge.on.index()];
            if on.stop.stage == Stage::Waiting && !edge.blocks {
                on.waits_for += 1;
                self.edges.set_blocks(place, true);
            }
            place = edge.next_of_unit;
        }
    }

    /// Lines those up that waited for the unit alone.
    pub(super) fn unblock_dependencies(&mut self, unit: UnitId) {
        let mut place = self.units[unit.index()].depends;
        while let Some(edge) = self.edges.get(place) {
            cold_path();
            let next = edge.next_of_unit;
            if edge.blocks {
                self.edges.set_blocks(place, false);
                let on = &mut self.units[edge.on.index()];
                on.waits_for = on.waits_for.saturating_sub(1);
                if on.waits_for == 0 && on.stop.stage == Stage::Waiting {
                    self.queue.push(edge.on);
                }
            }
            place = next;
        }
    }

    /// Whether the unit may do more than hold still. If not, it waits, and whoever it waits for lets it
    /// go on; or its own budget does.
    pub(super) fn pass_gate(&mut self, now: Moment, unit: UnitId) -> bool {
        if self.units[unit.index()].stop.admitted {
            return true;
        }
        self.count_blockers(unit);
        let held = self.is_held();
        let full = self.shutdown.is_on()
            && self.plan.at_once.is_some_and(|cap| self.shutdown.placed() >= cap.into());
        self.pause_finished(unit);
        let it = &self.units[unit.index()];
        if it.stop.forced || it.stop.budget.is_spent(now) || (!held && it.waits_for == 0 && !full) {
            self.admit(now, unit);
            return true;
        }
        if !held && it.waits_for == 0 {
            self.queue.push(unit);
        }
        self.units[unit.index()].stop.stage = Stage::Waiting;
        self.timers.set(unit, self.gate_ends(now, unit));
        false
    }

    fn is_held(&self) -> bool {
        self.shutdown.is_on() && !self.shutdown.units_may_stop()
    }

    /// How long it takes at the most until the unit is down, and everything that it depends on, one after the
    /// other, each with its row. What is declared of those later than of this unit does not count.
    fn takes(&self, unit: UnitId) -> Span {
        let own = self.kind(unit).ladder.budget().plus(self.plan.record_patience);
        own.plus(self.units[unit.index()].chain)
    }

    /// Until when the unit waits at the gate at the most: it keeps what it takes itself and what waits for it in
    /// turn, at most half of what is left. The shutdown that holds it back lets it go by itself, unless somebody
    /// gave it less time than all have.
    pub(super) fn gate_ends(&self, now: Moment, unit: UnitId) -> Moment {
        let Stop { rung, budget, .. } = self.units[unit.index()].stop;
        let goes_with_all = self.is_held() && budget >= self.shutdown.units_budget();
        let reserve =
            if goes_with_all { self.kind(unit).ladder.reserve_after(rung) } else { self.takes(unit) };
        budget.cut(now, None, reserve).ends()
    }

    /// The time is over for which the unit waits at the gate. As long as one of those that it waits for waits
    /// itself, that one has had no turn yet, and has half of what is left for it.
    pub(super) fn gate_opens(&mut self, now: Moment, unit: UnitId, effects: &mut Effects) {
        let stop = &mut self.units[unit.index()].stop;
        let spent = stop.budget.is_spent(now);
        (stop.overran, stop.forced) = (stop.overran | spent, stop.forced | spent);
        if !spent && self.waits_for_one_that_waits(unit) {
            return self.timers.set(unit, self.gate_ends(now, unit));
        }
        self.admit(now, unit);
        self.climb(now, unit, effects);
    }

    fn waits_for_one_that_waits(&self, unit: UnitId) -> bool {
        let mut place = self.units[unit.index()].dependents;
        while let Some(edge) = self.edges.get(place) {
            if edge.blocks && self.units[edge.unit.index()].stop.stage == Stage::Waiting {
                return true;
            }
            place = edge.next_of_on;
        }
        false
    }

    /// Opens the gate for the unit.
    pub(super) fn admit(&mut self, now: Moment, unit: UnitId) {
        let on = self.shutdown.is_on();
        let it = &mut self.units[unit.index()];
        if !it.stop.admitted {
            it.stop.admitted = true;
            if core::mem::take(&mut it.stop.unclocked) {
                let own = Budget::root(now, self.plan.kinds[usize::from(it.kind.0)].ladder.budget());
                it.stop.short = it.stop.budget < own;
                it.stop.budget = it.stop.budget.shorter(own);
            }
            it.stop.placed = on;
            self.shutdown.place(on);
        }
    }

    /// Gives the unit's place back.
    pub(super) fn free_place(&mut self, unit: UnitId) {
        if core::mem::take(&mut self.units[unit.index()].stop.placed) {
            self.shutdown.free_place();
        }
    }

    /// Lets those through that are next in line, as far as there are places. A unit that is let through
    /// may end at once and free its place: that is seen here, by this loop, and not by a call within a
    /// call, so that the stack stays flat however many end in one instant.
    pub(super) fn let_through(&mut self, now: Moment, effects: &mut Effects) {
        if core::mem::replace(&mut self.letting_through, true) {
            return;
        }
        let cap = self.plan.at_once.filter(|_| self.shutdown.is_on()).map_or(u32::MAX, u32::from);
        while unlikely(self.queue_head < self.queue.len()) && self.shutdown.placed() < cap {
            let next = self.queue[self.queue_head];
            self.queue_head += 1;
            if self.units[next.index()].stop.stage == Stage::Waiting {
                self.climb(now, next, effects);
            }
        }
        if self.queue_head == self.queue.len() {
            self.queue.clear();
            self.queue_head = 0;
        }
        self.letting_through = false;
    }
}
