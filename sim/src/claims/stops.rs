//! Claims about single units: how they stop, how long that takes, and in which order.

use winddown_core::{
    Action, Caller, Disposition, Effect, Incarnation, Moment, Notice, Otherwise, Outcome, Promise, Reason,
    Step, UnitId, Why, Within,
};

use super::{
    Claim, Sight,
    judge::{Judge, Scene, Verdict},
    ledger::{Ledger, NO_RUNG},
};

impl Judge {
    /// By when the unit has to be down: its own deadline or the host's.
    fn ends(&self, unit: UnitId) -> Moment {
        self.units[unit.index()].ends.min(self.units_end)
    }

    fn is_forced(&self, scene: &Scene<'_>, unit: UnitId) -> bool {
        self.forced || self.units[unit.index()].forced || scene.now >= self.ends(unit)
    }

    pub(super) fn start_asked(
        &mut self,
        scene: &Scene<'_>,
        unit: UnitId,
        caller: Caller,
        disposition: Disposition,
    ) -> Verdict {
        self.heard(caller);
        match disposition {
            Disposition::Applied => {
                let ledger = &mut self.units[unit.index()];
                (ledger.stopped, ledger.free) = (false, false);
            }
            Disposition::Refused(Why::Draining) => self.saw(Sight::StartWhileDraining),
            Disposition::Refused(Why::OwnerAtCap) => self.saw(Sight::OwnerAtCap),
            Disposition::Refused(Why::StillActive | Why::AlreadyRunning) if self.units[unit.index()].free => {
                let text = format!("{} was answered as stopped, and cannot be started", scene.name(unit));
                return scene.broken(Claim::OkFreesTheName, Some(unit), text);
            }
            Disposition::Ignored(_) | Disposition::Refused(_) => {}
        }
        Ok(())
    }

    pub(super) fn started(&mut self, scene: &Scene<'_>, unit: UnitId, incarnation: Incarnation) -> Verdict {
        let ledger = &self.units[unit.index()];
        if self.draining {
            let text = format!("{} was started while the host shuts down", scene.name(unit));
            return scene.broken(Claim::NothingAdmitted, Some(unit), text);
        }
        if ledger.stopped {
            let text = format!("{} was stopped, nobody asked for a start, and it started", scene.name(unit));
            return scene.broken(Claim::StopBeatsRestart, Some(unit), text);
        }
        if incarnation <= ledger.incarnation && ledger.lives {
            let text = format!("{} started twice as number {incarnation}", scene.name(unit));
            return scene.broken(Claim::ExitCountsOnce, Some(unit), text);
        }
        if self.woken && incarnation > Incarnation(1) {
            self.saw(Sight::RestartByPolicy);
        }
        let ledger = &mut self.units[unit.index()];
        *ledger = Ledger {
            incarnation,
            lives: true,
            active: true,
            recorded: ledger.recorded,
            acknowledged: ledger.acknowledged,
            ..Ledger::NEW
        };
        Ok(())
    }

    pub(super) fn stop_asked(
        &mut self,
        scene: &Scene<'_>,
        unit: UnitId,
        force: bool,
        within: Within,
        disposition: Disposition,
    ) {
        let forces = force || within == Within::For(winddown_core::Span::ZERO);
        let Some(ledger) = self.units.get(unit.index()) else { return };
        let (on_way, active, known) = (ledger.on_way, ledger.active, ledger.incarnation > Incarnation(0));
        match disposition {
            Disposition::Refused(_) => return,
            Disposition::Ignored(Why::AlreadyStopped) => self.saw(Sight::StopAfterStop),
            Disposition::Applied if !active && !on_way && !known => self.saw(Sight::StopBeforeStart),
            Disposition::Applied if !active && !on_way => self.saw(Sight::StopDuringBackoff),
            Disposition::Applied | Disposition::Ignored(_) => {}
        }
        let asked = match within {
            Within::Unset if on_way => Moment::NEVER,
            Within::Unset => self.own_ends(scene, unit),
            Within::For(span) => scene.now.after(span),
            Within::Unlimited => Moment::NEVER,
        };
        if on_way {
            self.saw(Sight::StopDuringStop);
            if asked < self.ends(unit) {
                self.saw(Sight::StopShortened);
                let waits_until = self.waits_until(unit);
                let ledger = &mut self.units[unit.index()];
                ledger.waits_until = waits_until;
                (ledger.ends, ledger.changed, ledger.shortened) = (asked, scene.now, true);
            }
            if forces && !self.units[unit.index()].forced {
                self.saw(Sight::StopForced);
            }
        } else if active {
            let ledger = &mut self.units[unit.index()];
            ledger.begin(scene.now, asked);
            ledger.clocked |= within != Within::Unset;
        }
        let ledger = &mut self.units[unit.index()];
        ledger.forced |= forces && (on_way || active);
        ledger.stopped = true;
        ledger.free &= disposition != Disposition::Applied;
    }

    /// By when a stop is over that does not say how long it may take. In a shutdown its ladder's budget
    /// is counted later, from the first step on that is more than a pause.
    pub(super) fn own_ends(&self, scene: &Scene<'_>, unit: UnitId) -> Moment {
        let plan = scene.setup.units[unit.index()].plan;
        let budget = scene.setup.plan.kinds[plan].ladder.budget();
        if scene.engine.is_draining() { Moment::NEVER } else { scene.now.after(budget) }
    }

    pub(super) fn restart_asked(&mut self, scene: &Scene<'_>, unit: UnitId, disposition: Disposition) {
        if disposition != Disposition::Applied {
            return;
        }
        self.saw(Sight::RestartByRequest);
        let ends = self.own_ends(scene, unit);
        let ledger = &mut self.units[unit.index()];
        if ledger.active {
            ledger.begin(scene.now, ends);
        }
        (ledger.stopped, ledger.free) = (false, false);
    }

    pub(super) fn cancel_asked(
        &mut self,
        scene: &Scene<'_>,
        unit: UnitId,
        reason: Reason,
        disposition: Disposition,
    ) {
        if disposition != Disposition::Applied {
            self.saw(Sight::CancelFalse);
            return;
        }
        let ends = self.own_ends(scene, unit);
        let ledger = &mut self.units[unit.index()];
        ledger.begin(scene.now, ends);
        ledger.stopped = true;
        ledger.cancel = Some(reason);
    }

    /// The body is reported as gone.
    pub(super) fn body_ended(
        &mut self,
        scene: &Scene<'_>,
        unit: UnitId,
        incarnation: Incarnation,
        disposition: Disposition,
        effects: &[Effect],
    ) -> Verdict {
        let ledger = &mut self.units[unit.index()];
        let own = incarnation == ledger.incarnation && ledger.lives;
        if own {
            ledger.lives = false;
            if ledger.on_way && ledger.began == scene.now {
                self.saw(Sight::ExitMeetsStop);
            }
            return Ok(());
        }
        if incarnation != ledger.incarnation {
            self.saw(Sight::StaleExit);
        }
        let quiet = effects.is_empty() && disposition != Disposition::Applied;
        if quiet || self.draining {
            return Ok(());
        }
        let text = format!(
            "an exit of {} that was known, or of start {incarnation}, had an effect",
            scene.name(unit)
        );
        scene.broken(Claim::ExitCountsOnce, Some(unit), text)
    }

    pub(super) fn paused(&mut self, unit: UnitId, disposition: Disposition) {
        let ledger = &mut self.units[unit.index()];
        if disposition == Disposition::Applied {
            ledger.paused = true;
            ledger.rung_over |= ledger.on_way;
        }
    }

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
    fn check_skipped(&self, scene: &Scene<'_>, unit: UnitId, index: i16) -> Verdict {
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

    /// A terminal notice: the incarnation has ended for good.
    pub(super) fn ended(&mut self, scene: &Scene<'_>, unit: UnitId, notice: Notice) -> Verdict {
        let plan = scene.setup.units[unit.index()].plan;
        let kind = &scene.setup.plan.kinds[plan];
        let ends = self.ends(unit);
        let proven = kind.promise == Promise::Proven;
        let ledger = &mut self.units[unit.index()];
        ledger.noticed = true;
        ledger.active = false;
        ledger.stopped |= notice == Notice::TimedOut;
        match notice {
            Notice::TimedOut => self.saw(Sight::RunBudgetOver),
            Notice::Started
            | Notice::Progress
            | Notice::Paused
            | Notice::Resumed
            | Notice::CancellationRequested
            | Notice::Completed
            | Notice::Failed
            | Notice::Cancelled
            | Notice::Stopped => {}
        }
        let ledger = &self.units[unit.index()];
        if !ledger.on_way {
            return Ok(());
        }
        if proven {
            self.check_skipped(scene, unit, i16::MAX)?;
            if scene.now > ends {
                return self.too_late(scene, unit, ends);
            }
            self.units[unit.index()].on_way = false;
        }
        Ok(())
    }

    pub(super) fn too_late(&self, scene: &Scene<'_>, unit: UnitId, ends: Moment) -> Verdict {
        let ledger = &self.units[unit.index()];
        let claim = if ledger.shortened { Claim::LaterOnlyShortens } else { Claim::StopInTime };
        let text = format!(
            "the stop of {} began at {}, had to be over by {ends}, and was over at {}",
            scene.name(unit),
            ledger.began,
            scene.now
        );
        scene.broken(claim, Some(unit), text)
    }

    /// A stop within no time leaves nothing to wait for.
    pub(super) fn zero_was_at_once(
        &self,
        scene: &Scene<'_>,
        unit: UnitId,
        disposition: Disposition,
    ) -> Verdict {
        let status = scene.engine.unit(unit).map(|view| view.status);
        if disposition != Disposition::Applied || status.is_none_or(winddown_core::Status::is_terminal) {
            return Ok(());
        }
        let text = format!("{} was to stop within 0s, and is still on its way", scene.name(unit));
        scene.broken(Claim::ZeroIsAtOnce, Some(unit), text)
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
        if !waits || settled || effects.iter().any(|effect| unit_of(effect) == Some(unit)) {
            return Ok(());
        }
        let text = format!("{} has nothing left to wait for, and nothing follows", scene.name(unit));
        scene.broken(Claim::FailureIsFinished, Some(unit), text)
    }
}

/// The unit that an effect is about.
fn unit_of(effect: &Effect) -> Option<UnitId> {
    match *effect {
        Effect::Start { unit, .. }
        | Effect::Pause { unit, .. }
        | Effect::Resume { unit, .. }
        | Effect::Perform { unit, .. }
        | Effect::Checkpoint { unit, .. }
        | Effect::Persist { unit, .. }
        | Effect::Acknowledge { unit, .. }
        | Effect::Reap { unit, .. }
        | Effect::Notify { unit, .. } => Some(unit),
        Effect::Tell { .. }
        | Effect::Disconnect { .. }
        | Effect::Wind { .. }
        | Effect::Reply { .. }
        | Effect::Reload
        | Effect::Report
        | Effect::Exit { .. } => None,
    }
}
