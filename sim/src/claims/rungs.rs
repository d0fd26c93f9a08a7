//! Claims about the way down a ladder: which rung, how long, and after whom.

use winddown_core::{Action, Disposition, Effect, Moment, Otherwise, Outcome, Step, UnitId};

use super::{
    Claim, Sight,
    judge::{Judge, Scene, Verdict},
    ledger::NO_RUNG,
};

impl Judge {
    pub(super) fn step_ended(
        &mut self,
        scene: &Scene<'_>,
        unit: UnitId,
        step: Step,
        outcome: Outcome,
        disposition: Disposition,
    ) {
        let plan = scene.setup.units[unit.index()].plan;
        let Some(rung) = scene.setup.plan.kinds[plan].ladder.rung(step.rung) else { return };
        let (action, otherwise) = (rung.action, rung.otherwise);
        let ledger = &mut self.units[unit.index()];
        if step.incarnation != ledger.incarnation {
            return;
        }
        if outcome == Outcome::Done && action.ends_body() {
            ledger.lives = false;
        }
        if disposition != Disposition::Applied || i16::from(step.rung) != ledger.rung {
            return;
        }
        ledger.rung_over = true;
        if outcome == Outcome::Failed {
            ledger.rung_forces |= otherwise == Otherwise::Force;
            self.saw(if action == Action::Checkpoint { Sight::CheckpointFails } else { Sight::StepFails });
        }
    }

    pub(super) fn performed(
        &mut self,
        scene: &Scene<'_>,
        unit: UnitId,
        step: Step,
        action: Action,
        until: Moment,
    ) -> Verdict {
        let plan = scene.setup.units[unit.index()].plan;
        let budget = scene.setup.plan.kinds[plan].ladder.budget();
        let draining = self.draining;
        let own_ends = self.own_ends(scene, unit);
        let ledger = &mut self.units[unit.index()];
        if !ledger.on_way {
            // The engine's own stops: a run budget, a start that is overdue, a shutdown.
            ledger.begin(scene.now, own_ends);
            if draining && ledger.paused {
                self.saw(Sight::PausedBefore);
            }
        }
        let ledger = &mut self.units[unit.index()];
        if !ledger.clocked && action != Action::Pause {
            ledger.clocked = true;
            ledger.ends = ledger.ends.min(scene.now.after(budget));
        }
        let limit = self.ends(unit);
        if until > limit.max(scene.now) {
            let text = format!(
                "{} may {} until {until}, but has to be down by {limit}",
                scene.name(unit),
                action.name()
            );
            return scene.broken(Claim::StepInBudget, Some(unit), text);
        }
        self.patience_over(scene, unit);
        self.check_rung(scene, unit, step.rung, action)?;
        self.check_grace(scene, unit, action)?;
        self.check_dependents(scene, unit, action)?;
        let ledger = &mut self.units[unit.index()];
        if ledger.rung == i16::from(step.rung) {
            self.saw(Sight::CheckpointRepeats);
        }
        let ledger = &mut self.units[unit.index()];
        ledger.rung = step.rung.into();
        (ledger.rung_at, ledger.rung_until) = (scene.now, until);
        ledger.rung_over = until <= scene.now;
        ledger.told |= matches!(action, Action::Abort | Action::RequestCancel);
        Ok(())
    }

    /// A rung that nobody answered in its time counts as one that failed.
    fn patience_over(&mut self, scene: &Scene<'_>, unit: UnitId) {
        let plan = scene.setup.units[unit.index()].plan;
        let cut_short = self.cut_short(unit);
        let ledger = &mut self.units[unit.index()];
        if ledger.rung_over || (scene.now < ledger.rung_until && !cut_short) {
            return;
        }
        let rung =
            u8::try_from(ledger.rung).ok().and_then(|rung| scene.setup.plan.kinds[plan].ladder.rung(rung));
        ledger.rung_forces |= rung.is_some_and(|rung| rung.otherwise == Otherwise::Force);
        self.saw(Sight::PatienceOver);
    }

    /// The rung is one of the unit's own ladder, comes after the last one, and none was left out that
    /// had its place.
    fn check_rung(&self, scene: &Scene<'_>, unit: UnitId, index: u8, action: Action) -> Verdict {
        let ledger = &self.units[unit.index()];
        let plan = scene.setup.units[unit.index()].plan;
        let rungs = scene.setup.plan.kinds[plan].ladder.rungs();
        let index = i16::from(index);
        let again = index == ledger.rung && action == Action::Checkpoint;
        if index == ledger.rung && !again {
            let text = format!("{} was told to {} twice in one stop", scene.name(unit), action.name());
            return scene.broken(Claim::StepsOnce, Some(unit), text);
        }
        let own = usize::try_from(index).ok().and_then(|place| rungs.get(place));
        let same = own.is_some_and(|rung| rung.action.name() == action.name());
        if index < ledger.rung || !same {
            let text =
                format!("{} was told to {}, which is not its next rung", scene.name(unit), action.name());
            return scene.broken(Claim::OwnLadder, Some(unit), text);
        }
        self.check_skipped(scene, unit, index)
    }

    /// Rungs between the last one performed and `index` may only be left out for a reason.
    pub(super) fn check_skipped(&self, scene: &Scene<'_>, unit: UnitId, index: i16) -> Verdict {
        let ledger = &self.units[unit.index()];
        let plan = scene.setup.units[unit.index()].plan;
        let rungs = scene.setup.plan.kinds[plan].ladder.rungs();
        let first = usize::try_from(ledger.rung + 1).unwrap_or_default();
        let last = usize::try_from(index).unwrap_or_default().min(rungs.len());
        let forced = self.is_forced(scene, unit) || ledger.rung_forces;
        for rung in rungs.get(first..last).unwrap_or_default() {
            let out_of_place = rung.action.needs_body() && !ledger.lives;
            let paused = rung.action == Action::Pause && ledger.paused;
            let skipped = forced && rung.action.is_gentle() && !rung.always;
            if !out_of_place && !paused && !skipped {
                let text = format!("{} was never told to {}", scene.name(unit), rung.action.name());
                return scene.broken(Claim::OwnLadder, Some(unit), text);
            }
        }
        Ok(())
    }

    fn check_grace(&self, scene: &Scene<'_>, unit: UnitId, action: Action) -> Verdict {
        let ledger = &self.units[unit.index()];
        let kills = matches!(action, Action::Kill | Action::Abort);
        let waited = ledger.rung_over || scene.now >= ledger.rung_until;
        let shortened = self.cut_short(unit);
        if !kills || ledger.rung == NO_RUNG || waited || shortened || self.is_forced(scene, unit) {
            return Ok(());
        }
        let text = format!(
            "{} was told to {} at {}, and had until {}",
            scene.name(unit),
            action.name(),
            scene.now,
            ledger.rung_until
        );
        scene.broken(Claim::GraceIsGiven, Some(unit), text)
    }

    /// Whether a deadline was shortened after the unit's present rung began: that shortens the rung.
    fn cut_short(&self, unit: UnitId) -> bool {
        let ledger = &self.units[unit.index()];
        let by_request = ledger.shortened && ledger.changed >= ledger.rung_at;
        by_request || (self.draining && self.shutdown_seen >= ledger.rung_at)
    }

    fn check_dependents(&mut self, scene: &Scene<'_>, unit: UnitId, action: Action) -> Verdict {
        if action == Action::Pause || self.is_forced(scene, unit) || scene.setup.dependencies.is_empty() {
            return Ok(());
        }
        let ledger = &self.units[unit.index()];
        if ledger.began < scene.now && ledger.rung == NO_RUNG {
            self.saw(Sight::WaitedAtGate);
        }
        let ledger = &self.units[unit.index()];
        if ledger.rung > 0 || scene.now >= self.waits_until(unit) || !ledger.lives {
            return Ok(());
        }
        for (dependent, on) in scene.setup.dependencies.iter().copied() {
            let other = &self.units[dependent.index()];
            let busy = other.lives && (other.on_way || (self.draining && other.active));
            if on == unit && busy && other.terminal.is_none() && ledger.rung == NO_RUNG {
                let text = format!(
                    "{} was told to {} while {}, which depends on it, still lived",
                    scene.name(unit),
                    action.name(),
                    scene.name(dependent)
                );
                return scene.broken(Claim::DependentsFirst, Some(unit), text);
            }
        }
        Ok(())
    }

    /// Whoever waits for dependents keeps half of its time for its own rungs.
    pub(super) fn waits_until(&self, unit: UnitId) -> Moment {
        let ledger = &self.units[unit.index()];
        let since = if self.draining && !ledger.shortened { self.shutdown_seen } else { ledger.changed };
        let half = since.until(self.ends(unit)).half();
        since.after(half).min(ledger.waits_until)
    }

    /// In a shutdown, nothing is checkpointed while something else has not been given its time to pause.
    pub(super) fn all_hold_still(&mut self, scene: &Scene<'_>, unit: UnitId) -> Verdict {
        if !self.draining || self.still_at == scene.step || self.is_forced(scene, unit) {
            return Ok(());
        }
        self.still_at = scene.step;
        for (place, other) in self.units.iter().enumerate() {
            let plan = scene.setup.units[place].plan;
            let pauses = scene.setup.plan.kinds[plan].ladder.pauses_first();
            let pausing = pauses && other.on_way && other.rung == 0 && !other.rung_over;
            let other_unit = UnitId(u32::try_from(place).unwrap_or(u32::MAX));
            let in_time = scene.now < other.rung_until && !self.cut_short(other_unit);
            if pausing && other.lives && in_time && !other.forced {
                let other = other_unit;
                let text =
                    format!("{} is checkpointed while {} still pauses", scene.name(unit), scene.name(other));
                return scene.broken(Claim::PhasesInOrder, Some(unit), text);
            }
        }
        Ok(())
    }

    /// What failed, or is gone, is not waited for: something follows in the same instant, unless the
    /// unit has to wait for others.
    pub(super) fn went_on(
        &self,
        scene: &Scene<'_>,
        unit: UnitId,
        disposition: Disposition,
        effects: &[Effect],
    ) -> Verdict {
        let ledger = &self.units[unit.index()];
        let waits_for_others = self.draining || scene.setup.dependencies.iter().any(|(_, on)| *on == unit);
        if disposition != Disposition::Applied || !ledger.on_way || waits_for_others || ledger.rung == NO_RUNG
        {
            return Ok(());
        }
        let plan = scene.setup.units[unit.index()].plan;
        let rungs = scene.setup.plan.kinds[plan].ladder.rungs();
        let rung = usize::try_from(ledger.rung).ok().and_then(|place| rungs.get(place));
        let waits = rung.is_some_and(|rung| rung.action.needs_body());
        let settled = scene.engine.unit(unit).is_none_or(|view| view.status.is_terminal());
        if !waits || settled || effects.iter().any(|effect| effect.unit() == Some(unit)) {
            return Ok(());
        }
        let text = format!("{} has nothing left to wait for, and nothing follows", scene.name(unit));
        scene.broken(Claim::FailureIsFinished, Some(unit), text)
    }
}
