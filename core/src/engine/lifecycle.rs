//! From declaration to the natural end: everything about a unit that is not a stop.

use super::{
    Engine, answer,
    edges::NONE,
    refuse,
    unit::{Again, Body, RowState, Stage, Stop, Unit},
};
use crate::{
    disposition::{Disposition, Why},
    effect::{Answer, Effect, Effects, Notice},
    hint::unlikely,
    ids::{Incarnation, KindId, OwnerId, UnitId},
    input::{Caller, Exit, Outcome},
    plan::{BodyClass, Restart},
    status::Status,
    time::{Moment, Span},
};

impl Engine {
    pub(super) fn on_unit_declared(&mut self, unit: UnitId, kind: KindId, owner: OwnerId) -> Disposition {
        let Some(policies) = self.plan.kinds.get(usize::from(kind.0)) else {
            return Disposition::Refused(Why::UnknownKind);
        };
        let outlives = policies.body == BodyClass::Process;
        let next = self.units.len();
        match self.units.get_mut(unit.index()) {
            Some(place) if place.vacant => {
                // The number is used again, the incarnations go on: a late exit of the old unit, or a row
                // of it, must not be taken for one of the new unit.
                *place = Unit::new(kind, owner, place.incarnation.next(), outlives);
            }
            None if unit.index() == next => {
                self.units.push(Unit::new(kind, owner, Incarnation(0), outlives));
            }
            Some(_) | None => return Disposition::Refused(Why::NumberTaken),
        }
        let owners = usize::from(owner.0) + 1;
        if self.owners.len() < owners {
            self.owners.resize(owners, 0);
        }
        self.timers.grow_to(self.units.len());
        self.queue.reserve(self.units.len().saturating_sub(self.queue.len()));
        Disposition::Applied
    }

    pub(super) fn on_start_requested(
        &mut self,
        now: Moment,
        unit: UnitId,
        caller: Caller,
        effects: &mut Effects,
    ) -> Disposition {
        if let Some(why) = self.start_refusal(unit) {
            return refuse(caller, why, effects);
        }
        let it = &mut self.units[unit.index()];
        it.failures = 0;
        if it.stop.stage == Stage::Recording {
            // Nobody waits for the row; who waits for the end of the run before has waited long enough.
            it.stop.again = Again::No;
            self.settle(now, unit, effects);
        }
        self.start(now, unit, effects);
        answer(caller, Answer::Accepted, effects);
        Disposition::Applied
    }

    fn start_refusal(&self, unit: UnitId) -> Option<Why> {
        if !self.knows(unit) {
            return Some(Why::UnknownUnit);
        }
        let it = &self.units[unit.index()];
        // A natural end whose row is still on its way does not stand in the way of the next start;
        // a stop does, until everybody who asked for it has an answer.
        let settled =
            it.is_idle() || (it.stop.stage == Stage::Recording && it.callers == super::callers::NONE);
        if self.shutdown.is_on() {
            Some(Why::Draining)
        } else if it.active && it.is_idle() {
            Some(Why::AlreadyRunning)
        } else if it.active || !settled {
            Some(Why::StillActive)
        } else if self.plan.owner_cap.is_some_and(|cap| self.owners[usize::from(it.owner.0)] >= cap) {
            Some(Why::OwnerAtCap)
        } else {
            None
        }
    }

    /// Starts the unit's next incarnation. The caller has made sure that it may start.
    pub(super) fn start(&mut self, now: Moment, unit: UnitId, effects: &mut Effects) {
        self.begin_run(unit);
        let it = &mut self.units[unit.index()];
        if !core::mem::take(&mut it.backing_off) {
            it.incarnation = it.incarnation.next();
            it.start_rows = 0;
        }
        it.row = RowState::Clean;
        it.active = true;
        it.announced = it.outlives;
        it.announces();
        let row = it.row();
        self.owners[usize::from(it.owner.0)] += 1;
        if it.outlives {
            // What outlives a crash must be on record before it lives, or nobody looks for it.
            effects.push(Effect::Persist { unit, row, confirm: true });
            self.await_row(now, unit);
        } else {
            self.launch(now, unit, effects);
        }
    }

    /// What an earlier host left is gone, or cannot be ended: what waited for that starts.
    pub(super) fn hold_no_more(&mut self, now: Moment, unit: UnitId, effects: &mut Effects) {
        let it = &mut self.units[unit.index()];
        if core::mem::take(&mut it.held) && it.active && it.is_idle() && !self.shutdown.is_on() {
            self.launch(now, unit, effects);
        }
    }

    /// Orders the body.
    fn launch(&mut self, now: Moment, unit: UnitId, effects: &mut Effects) {
        let kind = self.kind(unit);
        let (patience, run_budget) = (kind.start_patience, kind.run_budget);
        let it = &mut self.units[unit.index()];
        it.status = if patience.is_some() { Status::Pending } else { Status::Running };
        it.body = if patience.is_some() { Body::Starting } else { Body::Alive };
        let (incarnation, row) = (it.incarnation, it.row());
        effects.push(Effect::Persist { unit, row, confirm: false });
        effects.push(Effect::Start { unit, incarnation });
        if patience.is_none() {
            effects.push(Effect::Notify { unit, incarnation, notice: Notice::Started });
        }
        self.timers.set(unit, patience.or(run_budget).map_or(Moment::NEVER, |span| now.after(span)));
    }

    /// The row that a start waits for is durable, or could not be written.
    pub(super) fn announced(&mut self, now: Moment, unit: UnitId, outcome: Outcome, effects: &mut Effects) {
        self.units[unit.index()].announced = false;
        self.timers.clear(unit);
        match outcome {
            // The shutdown will stop it like any other; a body that never was has nothing to do.
            _ if self.shutdown.is_on() => {}
            // Two at once would be in each other's way: for a port, a lock, a file.
            Outcome::Done if self.units[unit.index()].reaping => self.units[unit.index()].held = true,
            Outcome::Done => self.launch(now, unit, effects),
            Outcome::Failed => self.ended_by_itself(now, unit, Exit::Failed, effects),
        }
    }

    pub(super) fn on_unit_started(
        &mut self,
        now: Moment,
        unit: UnitId,
        incarnation: Incarnation,
        effects: &mut Effects,
    ) -> Disposition {
        if let Some(why) = self.staleness(unit, incarnation) {
            return why;
        }
        let run_budget = self.kind(unit).run_budget;
        let it = &mut self.units[unit.index()];
        if it.body != Body::Starting {
            return Disposition::Ignored(Why::AlreadyRunning);
        }
        it.body = Body::Alive;
        if it.is_idle() && it.active {
            it.status = Status::Running;
            let row = it.row();
            effects.push(Effect::Persist { unit, row, confirm: false });
            effects.push(Effect::Notify { unit, incarnation, notice: Notice::Started });
            self.timers.set(unit, run_budget.map_or(Moment::NEVER, |span| now.after(span)));
        }
        Disposition::Applied
    }

    pub(super) fn on_unit_exited(
        &mut self,
        now: Moment,
        unit: UnitId,
        incarnation: Incarnation,
        exit: Exit,
        effects: &mut Effects,
    ) -> Disposition {
        if let Some(why) = self.staleness(unit, incarnation) {
            return self.gone_after_all(unit, incarnation, why);
        }
        let it = &mut self.units[unit.index()];
        if !it.body_lives() {
            return Disposition::Ignored(Why::AlreadyExited);
        }
        it.body = Body::Gone;
        if it.stop.is_on_the_way() {
            self.body_went(now, unit, effects);
        } else if it.active {
            self.ended_by_itself(now, unit, exit, effects);
        }
        // And if none of these, it was late: proven gone after all. That changes no status and writes nothing.
        Disposition::Applied
    }

    fn ended_by_itself(&mut self, now: Moment, unit: UnitId, exit: Exit, effects: &mut Effects) {
        let restart = self.kind(unit).restart;
        let it = &mut self.units[unit.index()];
        let status = match exit {
            Exit::Completed => Status::Completed,
            Exit::Failed | Exit::Panicked | Exit::Ended => Status::Failed,
        };
        let again = again_after(restart, status, &mut it.failures);
        it.stop = Stop { stage: Stage::Recording, again, ..Stop::NONE };
        self.end_as(unit, status, effects);
        self.write(unit, effects);
        self.await_row(now, unit);
    }

    pub(super) fn on_progressed(
        &mut self,
        unit: UnitId,
        incarnation: Incarnation,
        effects: &mut Effects,
    ) -> Disposition {
        if let Some(why) = self.staleness(unit, incarnation) {
            return why;
        }
        if !self.units[unit.index()].active {
            return Disposition::Ignored(Why::NotRunning);
        }
        effects.push(Effect::Notify { unit, incarnation, notice: Notice::Progress });
        Disposition::Applied
    }

    pub(super) fn on_pause_requested(
        &mut self,
        unit: UnitId,
        caller: Caller,
        effects: &mut Effects,
    ) -> Disposition {
        if !self.knows(unit) {
            return refuse(caller, Why::UnknownUnit, effects);
        }
        let it = &mut self.units[unit.index()];
        let why = match it.status {
            _ if !it.is_idle() => Why::AlreadyStopping,
            Status::Running if !it.pausing => {
                it.pausing = true;
                effects.push(Effect::Pause { unit, incarnation: it.incarnation });
                answer(caller, Answer::Accepted, effects);
                return Disposition::Applied;
            }
            Status::Running | Status::Paused => {
                answer(caller, Answer::Accepted, effects);
                return Disposition::Ignored(Why::AlreadyPaused);
            }
            Status::Pending
            | Status::Stopping
            | Status::Stopped
            | Status::Completed
            | Status::Failed
            | Status::Cancelled => Why::NotRunning,
        };
        refuse(caller, why, effects)
    }

    pub(super) fn on_unit_paused(
        &mut self,
        now: Moment,
        unit: UnitId,
        incarnation: Incarnation,
        effects: &mut Effects,
    ) -> Disposition {
        if let Some(why) = self.staleness(unit, incarnation) {
            return why;
        }
        let it = &mut self.units[unit.index()];
        if it.stop.is_on_the_way() {
            return self.paused_on_the_way(now, unit, effects);
        }
        if !core::mem::take(&mut it.pausing) {
            return Disposition::Ignored(Why::StaleStep);
        }
        it.status = Status::Paused;
        let row = it.row();
        effects.push(Effect::Persist { unit, row, confirm: false });
        effects.push(Effect::Notify { unit, incarnation, notice: Notice::Paused });
        Disposition::Applied
    }

    pub(super) fn on_resume_requested(
        &mut self,
        unit: UnitId,
        caller: Caller,
        effects: &mut Effects,
    ) -> Disposition {
        if !self.knows(unit) {
            return refuse(caller, Why::UnknownUnit, effects);
        }
        let it = &mut self.units[unit.index()];
        if !it.is_idle() {
            return refuse(caller, Why::AlreadyStopping, effects);
        }
        let incarnation = it.incarnation;
        let was_pausing = core::mem::take(&mut it.pausing);
        if it.status != Status::Paused && !was_pausing {
            return refuse(caller, Why::NotPaused, effects);
        }
        effects.push(Effect::Resume { unit, incarnation });
        if it.status == Status::Paused {
            it.status = Status::Running;
            let row = it.row();
            effects.push(Effect::Persist { unit, row, confirm: false });
            effects.push(Effect::Notify { unit, incarnation, notice: Notice::Resumed });
        }
        answer(caller, Answer::Accepted, effects);
        Disposition::Applied
    }

    pub(super) fn on_remove_requested(
        &mut self,
        unit: UnitId,
        caller: Caller,
        effects: &mut Effects,
    ) -> Disposition {
        if !self.knows(unit) {
            return refuse(caller, Why::UnknownUnit, effects);
        }
        let (before, from) = self.units.split_at_mut(unit.index());
        let it = &mut from[0];
        let unsaved = it.recorded > it.saved || it.row != RowState::Clean;
        if it.active || it.backing_off || !it.is_idle() || it.is_leaked() || unsaved {
            return refuse(caller, Why::StillActive, effects);
        }
        if it.dependents != NONE {
            return refuse(caller, Why::Needed, effects);
        }
        // Nobody waits for it: it is down. What it needed was declared before it.
        while let Some((place, on)) = self.edges.pop(&mut it.depends) {
            self.edges.unlink(&mut before[on.index()].dependents, place);
        }
        it.vacant = true;
        self.abandoned.forget(unit);
        answer(caller, Answer::Accepted, effects);
        Disposition::Applied
    }

    /// What a fact about a body is worth that is not about the body of the present.
    pub(super) fn staleness(&self, unit: UnitId, incarnation: Incarnation) -> Option<Disposition> {
        match self.units.get(unit.index()) {
            None => Some(Disposition::Refused(Why::UnknownUnit)),
            Some(it) if unlikely(it.vacant || it.incarnation != incarnation) => {
                Some(Disposition::Ignored(Why::StaleIncarnation))
            }
            Some(_) => None,
        }
    }
}

/// What the restart policy says about a unit that ended by itself.
pub(super) fn again_after(restart: Restart, status: Status, failures: &mut u16) -> Again {
    match (restart, status == Status::Completed) {
        (Restart::Never, _) => Again::No,
        (Restart::Always { backoff }, _) => Again::After(backoff),
        (Restart::OnFailure { .. }, true) => {
            *failures = 0;
            Again::No
        }
        (Restart::OnFailure { limit, .. }, false) if *failures >= limit => Again::No,
        (Restart::OnFailure { backoff, backoff_max, .. }, false) => {
            let wait: Span = backoff.doubled(u32::from(*failures)).min(backoff_max);
            *failures += 1;
            Again::After(wait)
        }
    }
}
