//! Claims about the host's own artifacts: its lease, its listener, its socket, its PID file.

use winddown_core::{Disposition, Moment, Outcome, Phase};

use super::{
    Claim,
    judge::{Judge, Scene, Verdict},
};

/// The phases that concern the host's own artifacts.
const ALL: [Phase; 4] =
    [Phase::ReleaseLease, Phase::CloseListener, Phase::UnlinkSocket, Phase::RemovePidFile];

/// How far a shutdown has come with them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Artifacts {
    /// A bit for each phase that was ordered, and for each that was done in its time.
    ordered: u64,
    done: u64,
    /// Until when the phase ordered last is waited for, for all that was said since.
    until: Moment,
}

impl Artifacts {
    /// Whether this phase was ordered, or one that comes after it.
    fn began(self, phase: Phase) -> bool {
        let bit = bit(phase);
        self.ordered & bit != 0 || self.ordered > bit
    }

    fn begin(&mut self, phase: Phase, until: Moment) {
        self.ordered |= bit(phase);
        self.until = until;
    }

    /// A deadline has moved: nobody knows how long the present phase has.
    pub(super) const fn hurry(&mut self, now: Moment) {
        self.until = now;
    }

    /// What was `from` is `to` then.
    pub(super) const fn rebase(&mut self, from: Moment, to: Moment) {
        self.until = self.until.rebased(from, to);
    }

    /// Whether none of them was ordered.
    pub(super) const fn untouched(self) -> bool {
        self.ordered == 0
    }

    /// What verdicts depend on, as words.
    pub(super) fn visit(self, now: Moment, visit: &mut impl FnMut(u64)) {
        visit(self.ordered << 32 | self.done);
        visit(now.until(self.until).nanos());
    }
}

const fn bit(phase: Phase) -> u64 {
    1 << phase as u32
}

impl Judge {
    pub(super) fn wound(&mut self, scene: &Scene<'_>, phase: Phase, until: Moment) -> Verdict {
        self.check_deadline(scene, until)?;
        if self.artifacts.began(phase) {
            let text = move || format!("{} came twice, or after what should follow it", phase.name());
            return scene.broken(Claim::PhasesInOrder, None, text);
        }
        self.artifacts.begin(phase, until);
        let busy = self.busy(scene);
        let claim =
            if phase == Phase::ReleaseLease { Claim::LeaseOutlivesWork } else { Claim::PhasesInOrder };
        match busy {
            Some(unit) if !self.overran => {
                let text =
                    move || format!("{} while {} was still on its way down", phase.name(), scene.name(unit));
                scene.broken(claim, Some(unit), text)
            }
            _ => Ok(()),
        }
    }

    /// A phase has come to its end: what has failed is finished, too.
    pub(super) fn phase_ended(
        &mut self,
        scene: &Scene<'_>,
        phase: Phase,
        outcome: Outcome,
        disposition: Disposition,
    ) -> Verdict {
        let applied = disposition == Disposition::Applied;
        let last = self.artifacts.ordered >> (phase as u32) == 1;
        if last && !applied && scene.now < self.artifacts.until {
            let text = move || format!("{} is over, and that is not heeded", phase.name());
            return scene.broken(Claim::FailureIsFinished, None, text);
        }
        if last {
            self.artifacts.hurry(scene.now);
            self.artifacts.done |= if applied && outcome == Outcome::Done { bit(phase) } else { 0 };
        }
        Ok(())
    }

    /// All of them go away, and the report says where that did not work.
    pub(super) fn artifacts_gone(&self, scene: &Scene<'_>) -> Verdict {
        for rung in scene.setup.plan.shutdown.rungs().iter().filter(|rung| ALL.contains(&rung.action)) {
            let phase = rung.action;
            if self.artifacts.ordered & bit(phase) == 0 {
                let text = move || format!("the host exits, and {} was never done", phase.name());
                return scene.broken(Claim::ArtifactsGo, None, text);
            }
            let undone = self.artifacts.done & bit(phase) == 0;
            if undone && !scene.engine.phase_failed(phase) {
                let text = move || format!("{} did not work, and the report does not say so", phase.name());
                return scene.broken(Claim::ReportIsTrue, None, text);
            }
        }
        Ok(())
    }
}
