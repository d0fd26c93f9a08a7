//! Claims about single units: how they stop, how long that takes, and in which order.

use winddown_core::{
    Caller, Disposition, Effect, Incarnation, Moment, Notice, Promise, Reason, StopStage, UnitId, Why, Within,
};

use super::{
    Claim, Sight,
    judge::{Judge, Scene, Verdict},
    ledger::Ledger,
    rungs::{between, check_skipped},
};

impl Judge {
    /// By when the unit has to be down: its own deadline or the host's.
    pub(super) fn ends(&self, unit: UnitId) -> Moment {
        self.units[unit.index()].ends.min(self.units_end)
    }

    pub(super) fn is_forced(&self, scene: &Scene<'_>, unit: UnitId) -> bool {
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
            Disposition::Refused(Why::OwnerAtCap) => {
                self.saw(Sight::OwnerAtCap);
                return owner_is_at_cap(scene, unit);
            }
            Disposition::Refused(Why::StillActive | Why::AlreadyRunning) if self.units[unit.index()].free => {
                let text =
                    move || format!("{} was answered as stopped, and cannot be started", scene.name(unit));
                return scene.broken(Claim::OkFreesTheName, Some(unit), text);
            }
            Disposition::Ignored(_) | Disposition::Refused(_) => {}
        }
        Ok(())
    }

    pub(super) fn started(&mut self, scene: &Scene<'_>, unit: UnitId, incarnation: Incarnation) -> Verdict {
        let ledger = &self.units[unit.index()];
        if self.draining {
            let text = move || format!("{} was started while the host shuts down", scene.name(unit));
            return scene.broken(Claim::NothingAdmitted, Some(unit), text);
        }
        if ledger.stopped {
            let text =
                move || format!("{} was stopped, nobody asked for a start, and it started", scene.name(unit));
            return scene.broken(Claim::StopBeatsRestart, Some(unit), text);
        }
        if ledger.reaping {
            let text = move || {
                format!("{} was started while what a crash had left of it was being ended", scene.name(unit))
            };
            return scene.broken(Claim::ReapedFirst, Some(unit), text);
        }
        if incarnation <= ledger.incarnation && ledger.lives {
            let text = move || format!("{} started twice as number {incarnation}", scene.name(unit));
            return scene.broken(Claim::ExitCountsOnce, Some(unit), text);
        }
        if self.woken && incarnation > Incarnation(1) {
            self.saw(Sight::RestartByPolicy);
        }
        let ledger = &mut self.units[unit.index()];
        ledger.leave_body();
        *ledger = Ledger {
            incarnation,
            lives: true,
            active: true,
            recorded: ledger.recorded,
            acknowledged: ledger.acknowledged,
            left: ledger.left,
            at_large: ledger.at_large,
            ..Ledger::NEW
        };
        Ok(())
    }

    pub(super) fn stop_asked(
        &mut self,
        scene: &Scene<'_>,
        unit: UnitId,
        (force, within): (bool, Within),
        disposition: Disposition,
        effects: &[Effect],
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
                let waits_until = self.waits_until(scene, unit);
                let ledger = &mut self.units[unit.index()];
                ledger.waits_until = waits_until;
                ledger.now_ends(asked);
                (ledger.ends, ledger.changed, ledger.shortened) = (asked, scene.now, true);
            }
            if forces && !self.units[unit.index()].forced {
                self.saw(Sight::StopForced);
            }
        } else if active || goes_down(scene, unit) || is_ordered(effects, unit) {
            let ledger = &mut self.units[unit.index()];
            ledger.begin(scene.now, asked);
            ledger.clocked |= within != Within::Unset;
        }
        let ledger = &mut self.units[unit.index()];
        ledger.forced |= forces && (ledger.on_way || active);
        ledger.stopped = true;
        ledger.free &= disposition != Disposition::Applied;
    }

    /// By when a stop is over that does not say how long it may take. In a shutdown its ladder's budget
    /// is counted later, from the first step on that is more than a pause.
    pub(super) fn own_ends(&self, scene: &Scene<'_>, unit: UnitId) -> Moment {
        let budget = scene.kind(unit).ladder.budget();
        if scene.engine.is_draining() { Moment::NEVER } else { scene.now.after(budget) }
    }

    pub(super) fn restart_asked(&mut self, scene: &Scene<'_>, unit: UnitId, disposition: Disposition) {
        if disposition != Disposition::Applied {
            return;
        }
        self.saw(Sight::RestartByRequest);
        let ends = self.own_ends(scene, unit);
        let ledger = &mut self.units[unit.index()];
        if ledger.active || goes_down(scene, unit) {
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
        let went = self.left_body_went(scene, unit, incarnation, disposition)?;
        if went || self.units[unit.index()].at_large.lost_count() {
            return Ok(());
        }
        let quiet = effects.is_empty() && disposition != Disposition::Applied;
        if quiet || self.draining {
            return Ok(());
        }
        let text = move || {
            format!(
                "an exit of {} that was known, or of start {incarnation}, had an effect",
                scene.name(unit)
            )
        };
        scene.broken(Claim::ExitCountsOnce, Some(unit), text)
    }

    pub(super) fn paused(&mut self, unit: UnitId, disposition: Disposition) {
        let ledger = &mut self.units[unit.index()];
        if disposition == Disposition::Applied {
            ledger.paused = true;
            ledger.rung_over |= ledger.on_way;
        }
    }

    /// A terminal notice: the incarnation has ended for good.
    pub(super) fn ended(&mut self, scene: &Scene<'_>, unit: UnitId, notice: Notice) -> Verdict {
        let kind = scene.kind(unit);
        let ends = self.ends(unit);
        let proven = kind.promise == Promise::Proven;
        let ledger = &mut self.units[unit.index()];
        ledger.noticed = true;
        ledger.active = false;
        ledger.stopped |= notice == Notice::TimedOut;
        let asked = ledger.cancel.is_some();
        match notice {
            Notice::TimedOut => self.saw(Sight::RunBudgetOver),
            Notice::Cancelled if !asked => {
                let text = move || {
                    format!("{} was told to be cancelled, and nobody asked for that", scene.name(unit))
                };
                return scene.broken(Claim::CancelIsSeen, Some(unit), text);
            }
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
        if !ledger.on_way && proven && ledger.lives {
            let text =
                move || format!("{} has ended, and what lives of it was never told to", scene.name(unit));
            return scene.broken(Claim::OwnLadder, Some(unit), text);
        }
        if !ledger.on_way {
            return Ok(());
        }
        if proven {
            if self.rung_is_left(scene, unit) {
                self.cut_off_is_told(scene, unit, (ends, scene.now))?;
            }
            let forced = self.is_forced(scene, unit);
            let ledger = &self.units[unit.index()];
            let rest = between(kind.ladder.rungs(), ledger.rung, i16::MAX);
            check_skipped(scene, unit, ledger, forced, rest)?;
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
        let text = move || {
            format!(
                "the stop of {} began at {}, had to be over by {ends}, and was over at {}",
                scene.name(unit),
                ledger.began,
                scene.now
            )
        };
        scene.broken(claim, Some(unit), text)
    }

    /// What is promised upfront does not wait for the body.
    pub(super) fn upfront_was_at_once(
        &self,
        scene: &Scene<'_>,
        unit: UnitId,
        disposition: Disposition,
    ) -> Verdict {
        let upfront = scene.kind(unit).promise == Promise::Upfront;
        let over = scene.engine.status(unit).is_none_or(winddown_core::Status::is_terminal);
        if !upfront || over || disposition != Disposition::Applied {
            return Ok(());
        }
        let text = move || format!("{} was to be over upfront, and waits for its body", scene.name(unit));
        scene.broken(Claim::UpfrontIsAtOnce, Some(unit), text)
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
        let text = move || format!("{} was to stop within 0s, and is still on its way", scene.name(unit));
        scene.broken(Claim::ZeroIsAtOnce, Some(unit), text)
    }
}

/// Whether the unit is on its ladder, or waits for its turn: one may be that was ordered, and not started yet.
pub(super) fn goes_down(scene: &Scene<'_>, unit: UnitId) -> bool {
    scene.engine.stop_of(unit).is_some_and(|stop| stop.stage != StopStage::Recording)
}

/// Whether rungs of the unit were performed just now: all of them, if none takes time.
fn is_ordered(effects: &[Effect], unit: UnitId) -> bool {
    let is_rung = |effect: &Effect| matches!(effect, Effect::Perform { .. } | Effect::Checkpoint { .. });
    effects.iter().any(|effect| is_rung(effect) && effect.unit() == Some(unit))
}

/// An owner is at its cap only with so many units that have not ended.
fn owner_is_at_cap(scene: &Scene<'_>, unit: UnitId) -> Verdict {
    let owner = |unit: UnitId| scene.setup.scenario.units[scene.setup.units[unit.index()].plan].owner;
    let open = |unit: UnitId| scene.engine.status(unit).is_some_and(|status| !status.is_terminal());
    let count = scene.setup.unit_ids().filter(|other| owner(*other) == owner(unit) && open(*other)).count();
    if scene.setup.plan.owner_cap.is_none_or(|cap| count >= usize::try_from(cap).unwrap_or(usize::MAX)) {
        return Ok(());
    }
    let text =
        move || format!("{} has no place, and {count} units of its owner have not ended", scene.name(unit));
    scene.broken(Claim::OkFreesTheName, Some(unit), text)
}
