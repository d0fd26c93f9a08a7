//! Who goes before whom, and how many at once.

use winddown_core::{Action, Incarnation, Moment, Phase, StopStage, UnitId, UnitView};

use super::{
    Claim, Sight,
    judge::{Judge, Scene, Verdict},
    ledger::{Ledger, NO_RUNG},
    stops::goes_down,
};

impl Judge {
    pub(super) fn check_dependents(&mut self, scene: &Scene<'_>, unit: UnitId, action: Action) -> Verdict {
        if action == Action::Pause {
            return Ok(());
        }
        let ledger = &self.units[unit.index()];
        if ledger.began < scene.now && ledger.rung == NO_RUNG {
            self.sights |= Sight::WaitedAtGate.bit();
        }
        if ledger.passed.is_some() || !ledger.lives {
            return Ok(());
        }
        // Who waits itself has had no turn, however much time is gone.
        let time_over = scene.now >= self.waits_until(scene, unit);
        for (dependent, on) in scene.setup.dependencies.iter().copied() {
            let other = &self.units[dependent.index()];
            let busy = other.lives && (other.on_way || (self.draining && other.active));
            let has_its_time = !time_over || (other.on_way && other.rung == NO_RUNG && !other.forced);
            // What is promised upfront has ended before its body has; it is waited for as long as it is on its way.
            // (Not if what goes down now is a start that comes later in this very step.)
            let same = |view: UnitView| view.incarnation == other.incarnation;
            let same = || scene.engine.unit(dependent).is_some_and(same);
            let open = other.terminal.is_none() || (goes_down(scene, dependent) && same());
            if on == unit && busy && has_its_time && open {
                let text = move || {
                    format!(
                        "{} was told to {} while {}, which depends on it, still lived",
                        scene.name(unit),
                        action.name(),
                        scene.name(dependent)
                    )
                };
                return scene.broken(Claim::DependentsFirst, Some(unit), text);
            }
        }
        Ok(())
    }

    /// Who waits for dependents waits for one that works, or is on its way down.
    pub(super) fn nobody_waits_for_nobody(scene: &Scene<'_>) -> Verdict {
        for unit in scene.setup.unit_ids() {
            let stage = scene.engine.stop_of(unit).map(|stop| stop.stage);
            if !matches!(stage, Some(StopStage::ForDependents(1..))) {
                continue;
            }
            let busy = |dependent: UnitId| {
                let open = |it: UnitView| it.incarnation > Incarnation(0) && !it.status.is_terminal();
                scene.engine.is_ending(dependent) || scene.engine.unit(dependent).is_some_and(open)
            };
            let mut dependents = scene.setup.dependencies.iter().filter(|(_, on)| *on == unit);
            if !dependents.any(|(dependent, _)| busy(*dependent)) {
                let text = move || {
                    format!("{} waits for what depends on it, and nothing does any more", scene.name(unit))
                };
                return scene.broken(Claim::FailureIsFinished, Some(unit), text);
            }
        }
        Ok(())
    }

    /// The host waits for units to hold still as long as there is one that is to, and has not said so.
    pub(super) fn somebody_pauses(&self, scene: &Scene<'_>) -> Verdict {
        let phase = scene.engine.present_phase().map(|(phase, _)| phase);
        if phase != Some(Phase::PauseUnits) {
            return Ok(());
        }
        self.one_pauses(scene)
    }

    #[inline(never)]
    fn one_pauses(&self, scene: &Scene<'_>) -> Verdict {
        let pauses = |(unit, ledger): (UnitId, &Ledger)| {
            let rung = u8::try_from(ledger.rung).ok().and_then(|rung| scene.kind(unit).ladder.rung(rung));
            // (Who has done more than that already holds nobody up when it pauses once more.)
            let first = ledger.passed.is_none();
            let unanswered = ledger.on_way && ledger.lives && !ledger.rung_over && first;
            unanswered && rung.is_some_and(|rung| rung.action == Action::Pause)
        };
        if scene.setup.unit_ids().zip(&self.units).any(pauses) {
            return Ok(());
        }
        let text = || "the host waits for units to hold still, and none of them is to".to_owned();
        scene.broken(Claim::FailureIsFinished, None, text)
    }

    /// Who begins to do more than hold still takes a place in a shutdown, and there are only so many.
    pub(super) fn check_place(&mut self, scene: &Scene<'_>, unit: UnitId, forced: bool) -> Verdict {
        let ledger = &mut self.units[unit.index()];
        let lives = ledger.lives;
        if ledger.passed.is_some() {
            return Ok(());
        }
        ledger.passed = Some(self.draining);
        let Some(cap) = scene.setup.plan.at_once else { return Ok(()) };
        core::hint::cold_path();
        if !self.draining || forced || !lives || scene.now >= self.waits_until(scene, unit) {
            return Ok(());
        }
        let takes = |(other, ledger): &(UnitId, &Ledger)| {
            *other != unit && ledger.on_way && ledger.passed == Some(true) && scene.engine.is_ending(*other)
        };
        let others = scene.setup.unit_ids().zip(&self.units).filter(takes).count();
        if others >= cap.into() {
            let text = move || {
                format!(
                    "{} goes down together with {others} others, where at once {cap} may",
                    scene.name(unit)
                )
            };
            return scene.broken(Claim::PlacesAreKept, Some(unit), text);
        }
        Ok(())
    }

    /// Whoever does something more than to hold still only now that its time is over was told so just now, or has
    /// waited for those that depend on it, or did not hold still for so long: a shutdown that holds it back leaves
    /// it a share.
    #[inline(never)]
    pub(super) fn had_a_share(&self, scene: &Scene<'_>, unit: UnitId) -> Verdict {
        let ledger = &self.units[unit.index()];
        let told_now = ledger.changed == scene.now || self.shutdown_seen == scene.now;
        let needed = scene.setup.dependencies.iter().any(|(_, on)| *on == unit);
        let own_end = ledger.ends < self.units_end;
        let paused_until_now = ledger.rung != NO_RUNG && ledger.rung_until >= scene.now;
        let excused = told_now || needed || paused_until_now;
        if ledger.passed.is_some() || !ledger.lives || ledger.forced || !own_end || excused {
            return Ok(());
        }
        let text = move || format!("{} has waited until all of its time was over", scene.name(unit));
        scene.broken(Claim::GraceIsGiven, Some(unit), text)
    }

    /// Whoever waits for dependents keeps what it takes itself, and what waits for it: half of its time at most.
    pub(super) fn waits_until(&self, scene: &Scene<'_>, unit: UnitId) -> Moment {
        let ledger = &self.units[unit.index()];
        let since = if self.draining && !ledger.shortened { self.shutdown_seen } else { ledger.changed };
        let ends = self.ends(unit);
        let kept = scene.setup.units[unit.index()].takes.min(since.until(ends).half());
        ends.before(kept).min(ledger.waits_until)
    }
}
