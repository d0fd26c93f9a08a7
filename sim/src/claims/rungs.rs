//! Claims about the way down a ladder: which rung, how long, and after whom.

use core::mem;

use winddown_core::{
    Action, Disposition, Effect, Incarnation, Moment, Otherwise, Outcome, Patience, Phase, Rung, Span, Step,
    UnitId, UnitReport, UnitView, Why, hint::unlikely,
};

use super::{
    Claim, Sight,
    judge::{Judge, Scene, Verdict},
    ledger::{Ledger, NO_RUNG},
};

impl Judge {
    pub(super) fn step_ended(
        &mut self,
        scene: &Scene<'_>,
        unit: UnitId,
        step: Step,
        outcome: Outcome,
        disposition: Disposition,
    ) -> Verdict {
        let Some(rung) = scene.kind(unit).ladder.rung(step.rung) else { return Ok(()) };
        let (action, otherwise) = (rung.action, rung.otherwise);
        if unlikely(disposition != Disposition::Applied) {
            let delivered = outcome == Outcome::Done && action.awaits_exit();
            let stale = disposition == Disposition::Ignored(Why::StaleIncarnation);
            if !delivered && !stale && self.is_awaited(unit, scene.now, step, action) {
                let text = move || {
                    format!("{} is done with {}, and that is not heeded", scene.name(unit), action.name())
                };
                return scene.broken(Claim::FailureIsFinished, Some(unit), text);
            }
        }
        let is_gone = outcome == Outcome::Done && action.ends_body();
        if is_gone && self.left_body_went(scene, unit, step.incarnation, disposition)? {
            return Ok(());
        }
        let ledger = &mut self.units[unit.index()];
        // A start that is on record only was not ordered, and is stopped as well.
        let is_current = |view: UnitView| view.incarnation == step.incarnation;
        let on_record = || ledger.on_way && scene.engine.unit(unit).is_some_and(is_current);
        if unlikely(step.incarnation != ledger.incarnation && !on_record()) {
            return Ok(());
        }
        ledger.lives &= !is_gone;
        if disposition != Disposition::Applied || i16::from(step.rung) != ledger.rung {
            return Ok(());
        }
        ledger.rung_over = true;
        if unlikely(outcome == Outcome::Failed) {
            ledger.rung_forces |= otherwise == Otherwise::Force;
            ledger.checkpoint_lost |= action == Action::Checkpoint;
            ledger.rewrite_due |= action == Action::Checkpoint;
            self.saw(if action == Action::Checkpoint { Sight::CheckpointFails } else { Sight::StepFails });
        }
        Ok(())
    }

    /// Whether this is the step that the unit's stop waits for, and nothing has come between.
    fn is_awaited(&self, unit: UnitId, now: Moment, step: Step, action: Action) -> bool {
        let ledger = &self.units[unit.index()];
        let last = step.incarnation == ledger.incarnation
            && i16::from(step.rung) == ledger.rung
            && step.round == ledger.round;
        let waits = ledger.on_way && !ledger.rung_over && now < ledger.rung_until;
        let shortened = self.is_cut_short(ledger);
        let in_place = ledger.lives || !action.needs_body();
        last && waits && in_place && !ledger.forced && !self.forced && !shortened
    }

    pub(super) fn performed(
        &mut self,
        scene: &Scene<'_>,
        unit: UnitId,
        step: Step,
        action: Action,
        until: Moment,
    ) -> Verdict {
        let ladder = &scene.kind(unit).ladder;
        let ledger = &mut self.units[unit.index()];
        if !ledger.on_way {
            // The engine's own stops: a run budget, a start that is overdue, a shutdown.
            let ends =
                if scene.engine.is_draining() { Moment::NEVER } else { scene.now.after(ladder.budget()) };
            ledger.begin(scene.now, ends);
            if self.draining && ledger.paused {
                self.sights |= Sight::PausedBefore.bit();
            }
        }
        let ended = ledger.ends.min(self.units_end);
        let clocked_now = !ledger.clocked && action != Action::Pause;
        if clocked_now {
            ledger.clocked = true;
            ledger.ends = ledger.ends.min(scene.now.after(ladder.budget()));
        }
        let limit = ledger.ends.min(self.units_end);
        if until > limit.max(scene.now) {
            let text = move || {
                let (name, action) = (scene.name(unit), action.name());
                format!("{name} may {action} until {until}, but has to be down by {limit}")
            };
            return scene.broken(Claim::StepInBudget, Some(unit), text);
        }
        // A shutdown's pause is not counted, and what there is for it is what the whole way down may take.
        let whole = if ledger.clocked { limit } else { limit.min(scene.now.after(ladder.budget())) };
        let own = ladder.rung(step.rung);
        let (wanted, patience) = match own.map(|rung| rung.patience) {
            Some(Patience::For(span)) => (span, span),
            Some(Patience::Rest) | None => (Span::ZERO, scene.now.until(whole)),
        };
        if unlikely(until < scene.now.after(patience) && ledger.lives) {
            check_share(scene, unit, action, until, whole, patience)?;
        }
        let forced = self.forced || ledger.forced || scene.now >= limit;
        if unlikely(self.draining && scene.now >= ended) && action != Action::Pause {
            self.had_a_share(scene, unit)?;
        }
        let given_up = self.rung_is_left(scene, unit);
        if unlikely(given_up) {
            self.sights |= Sight::PatienceOver.bit();
            self.cut_off_is_told(scene, unit, (ended, scene.now))?;
        }
        let ledger = &self.units[unit.index()];
        check_rung(scene, unit, ledger, own, step.rung, action)?;
        let skipped = between(ladder.rungs(), ledger.rung, step.rung.into());
        check_skipped(scene, unit, ledger, forced, skipped)?;
        if !ledger.rung_over && !given_up && !forced {
            check_grace(scene, unit, ledger, action)?;
        }
        let forced = forced || ledger.rung_forces;
        if !forced && unlikely(!scene.setup.dependencies.is_empty()) {
            self.check_dependents(scene, unit, action)?;
        }
        if action != Action::Pause {
            self.check_place(scene, unit, forced)?;
        }
        let ledger = &mut self.units[unit.index()];
        if unlikely(ledger.rung == i16::from(step.rung)) {
            self.sights |= Sight::CheckpointRepeats.bit();
        }
        if clocked_now {
            // Its time is its own from here on: how long a pause before had does not matter any more.
            ledger.cut = ended < scene.now.after(ladder.budget());
        }
        (ledger.rung, ledger.round) = (step.rung.into(), step.round);
        (ledger.rung_at, ledger.rung_until) = (scene.now, until);
        ledger.rung_over = until <= scene.now;
        ledger.cut |= until < scene.now.after(wanted);
        ledger.told |= action.ends_body() || action == Action::RequestCancel;
        Ok(())
    }

    /// Whether somebody made the way down shorter after its present rung began: that shortens the rung.
    fn is_cut_short(&self, ledger: &Ledger) -> bool {
        ledger.cut_short() || (self.draining && self.shutdown_seen >= ledger.rung_at)
    }

    /// The stop goes on from its present rung. One that nobody answered in its time counts as one that failed:
    /// says whether it is such a one.
    pub(super) fn rung_is_left(&mut self, scene: &Scene<'_>, unit: UnitId) -> bool {
        let ledger = &self.units[unit.index()];
        let given_up = !ledger.rung_over && (scene.now >= ledger.rung_until || self.is_cut_short(ledger));
        if unlikely(given_up) {
            self.rung_given_up(scene, unit);
        }
        given_up
    }

    #[inline(never)]
    fn rung_given_up(&mut self, scene: &Scene<'_>, unit: UnitId) {
        let ledger = &mut self.units[unit.index()];
        let rung = u8::try_from(ledger.rung).ok().and_then(|rung| scene.kind(unit).ladder.rung(rung));
        let Some(rung) = rung else { return };
        ledger.rung_forces |= rung.otherwise == Otherwise::Force;
        // Force leaves a checkpoint behind, and does not wait for it to fail. Of one that was on record and never
        // started, answers are not followed.
        let forced = self.forced || ledger.forced;
        let started = scene.engine.unit(unit).is_some_and(|view| view.incarnation == ledger.incarnation);
        ledger.checkpoint_lost |= rung.action == Action::Checkpoint && started && !forced;
    }

    /// The deadline cuts a rung off. The report says so, unless all that is left is the plan's own end: this rung
    /// and all before it had their patience, and nothing after it waits.
    #[inline(never)]
    pub(super) fn cut_off_is_told(
        &self,
        scene: &Scene<'_>,
        unit: UnitId,
        (ends, left): (Moment, Moment),
    ) -> Verdict {
        let ledger = &self.units[unit.index()];
        let said = |report: UnitReport| report.overran || report.incarnation != ledger.incarnation;
        // A deadline that somebody set when its time was over has not cut it off.
        let before = ledger.shortened && ledger.rung_until <= ledger.changed;
        if before || left.min(ledger.rung_until) < ends || scene.engine.unit_report(unit).is_none_or(said) {
            return Ok(());
        }
        let rungs = scene.kind(unit).ladder.rungs();
        let rung = usize::try_from(ledger.rung).ok().and_then(|place| rungs.get(place));
        // Force leaves gentle rungs at once, and needs no deadline for that.
        let left_by_force = rung.is_some_and(|rung| rung.action.is_gentle() && !rung.always);
        let answered = !ledger.lives && rung.is_some_and(|rung| rung.action.needs_body());
        if answered || left_by_force && (self.forced || ledger.forced) {
            return Ok(());
        }
        let waits = between(rungs, ledger.rung, i16::MAX)
            .iter()
            .any(|rung| rung.patience != Patience::For(Span::ZERO));
        if !waits && !ledger.cut {
            return Ok(());
        }
        let text = move || {
            format!(
                "the stop of {} was cut off by its deadline, and the report does not say so",
                scene.name(unit)
            )
        };
        scene.broken(Claim::ReportIsTrue, Some(unit), text)
    }

    /// In a shutdown, nothing is checkpointed while something else has not been given its time to pause.
    pub(super) fn all_hold_still(&mut self, scene: &Scene<'_>, unit: UnitId) -> Verdict {
        let Ledger { passed, rung_forces, began, .. } = self.units[unit.index()];
        // Who had more to do than to hold still before the shutdown began goes on with that; and nobody is held
        // back for more than half of its time.
        let earlier = passed == Some(false);
        let waited = scene.now >= began.after(began.until(self.ends(unit)).half());
        let forced = rung_forces || self.is_forced(scene, unit);
        if !self.draining || earlier || waited || forced || self.still_at == scene.step {
            return Ok(());
        }
        self.still_at = scene.step;
        // The phase does not wait longer than it has patience, whatever a ladder of somebody's own says.
        let pauses = |rung: &&Rung<Phase>| rung.action == Phase::PauseUnits;
        let phase = scene.setup.plan.shutdown.rungs().iter().find(pauses).map(|rung| rung.patience);
        let longest = if let Some(Patience::For(span)) = phase { span } else { Span::from_nanos(u64::MAX) };
        for (other, ledger) in scene.setup.unit_ids().zip(&self.units) {
            let pausing = ledger.on_way && ledger.rung == 0 && !ledger.rung_over;
            let until = ledger.rung_until.min(ledger.rung_at.after(longest));
            if !pausing || !ledger.lives || ledger.forced || scene.now >= until {
                continue;
            }
            if !self.is_cut_short(ledger) && scene.kind(other).ladder.pauses_first() {
                let (unit_name, other) = (scene.name(unit), scene.name(other));
                let text = move || format!("{unit_name} is checkpointed while {other} still pauses");
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
        (unit, start): (UnitId, Incarnation),
        disposition: Disposition,
        effects: &[Effect],
    ) -> Verdict {
        let ledger = &self.units[unit.index()];
        if start != ledger.incarnation {
            return Ok(());
        }
        let waits_for_others = self.draining || scene.setup.dependencies.iter().any(|(_, on)| *on == unit);
        if disposition != Disposition::Applied || !ledger.on_way || waits_for_others || ledger.rung == NO_RUNG
        {
            return Ok(());
        }
        let rungs = scene.kind(unit).ladder.rungs();
        let rung = usize::try_from(ledger.rung).ok().and_then(|place| rungs.get(place));
        let waits = rung.is_some_and(|rung| rung.action.needs_body());
        let settled = scene.engine.unit(unit).is_none_or(|view| view.status.is_terminal());
        if !waits || settled || effects.iter().any(|effect| effect.unit() == Some(unit)) {
            return Ok(());
        }
        let text = move || format!("{} has nothing left to wait for, and nothing follows", scene.name(unit));
        scene.broken(Claim::FailureIsFinished, Some(unit), text)
    }
}

/// The rung is one of the unit's own ladder and comes after the last one.
fn check_rung(
    scene: &Scene<'_>,
    unit: UnitId,
    ledger: &Ledger,
    own: Option<&Rung<Action>>,
    index: u8,
    action: Action,
) -> Verdict {
    let same = own.is_some_and(|rung| mem::discriminant(&rung.action) == mem::discriminant(&action));
    let index = i16::from(index);
    if index == ledger.rung && action != Action::Checkpoint {
        let text = move || format!("{} was told to {} twice in one stop", scene.name(unit), action.name());
        return scene.broken(Claim::StepsOnce, Some(unit), text);
    }
    if index < ledger.rung || !same {
        let text =
            move || format!("{} was told to {}, which is not its next rung", scene.name(unit), action.name());
        return scene.broken(Claim::OwnLadder, Some(unit), text);
    }
    Ok(())
}

/// The rungs after the last one performed and before `index`.
pub(super) fn between(rungs: &[Rung<Action>], last: i16, index: i16) -> &[Rung<Action>] {
    if index <= last + 1 {
        return &[];
    }
    let first = usize::try_from(last + 1).unwrap_or_default();
    let end = usize::try_from(index).unwrap_or_default().min(rungs.len());
    rungs.get(first..end).unwrap_or_default()
}

/// Rungs may only be left out for a reason.
pub(super) fn check_skipped(
    scene: &Scene<'_>,
    unit: UnitId,
    ledger: &Ledger,
    forced: bool,
    skipped: &[Rung<Action>],
) -> Verdict {
    let forced = forced || ledger.rung_forces;
    for rung in skipped {
        let out_of_place = rung.action.needs_body() && !ledger.lives;
        let paused = rung.action == Action::Pause && ledger.paused;
        let skipped = forced && rung.action.is_gentle() && !rung.always;
        if !out_of_place && !paused && !skipped {
            let text = move || format!("{} was never told to {}", scene.name(unit), rung.action.name());
            return scene.broken(Claim::OwnLadder, Some(unit), text);
        }
    }
    Ok(())
}

/// A step gets its patience, or half of what is left at the least: what the rungs after it need is at most
/// the other half.
fn check_share(
    scene: &Scene<'_>,
    unit: UnitId,
    action: Action,
    until: Moment,
    limit: Moment,
    patience: Span,
) -> Verdict {
    let due = scene.now.after(patience.min(scene.now.until(limit).half()));
    if until >= due {
        return Ok(());
    }
    let text = move || {
        let (name, action) = (scene.name(unit), action.name());
        format!("{name} may {action} until {until}, and is to have until {due}")
    };
    scene.broken(Claim::GraceIsGiven, Some(unit), text)
}

/// A body is ended by force only after it had its grace.
fn check_grace(scene: &Scene<'_>, unit: UnitId, ledger: &Ledger, action: Action) -> Verdict {
    if !matches!(action, Action::Kill | Action::Abort) || ledger.rung == NO_RUNG {
        return Ok(());
    }
    let text = move || {
        let (name, action, until) = (scene.name(unit), action.name(), ledger.rung_until);
        format!("{name} was told to {action} at {}, and had until {until}", scene.now)
    };
    scene.broken(Claim::GraceIsGiven, Some(unit), text)
}
