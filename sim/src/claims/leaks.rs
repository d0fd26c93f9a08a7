//! Claims about bodies that were left behind: which they are, and when they are gone after all.

use winddown_core::{
    Action, Answer, BodyClass, Disposition, Incarnation, Outcome, Phase, Rung, UnitId, UnitReport,
    hint::unlikely,
};

use super::{
    Breach, Claim,
    judge::{Judge, Scene, Verdict},
};

/// So many of a unit are followed at once. Of one that had more, nothing is claimed.
const FOLLOWED: usize = 4;

/// The earlier starts of a unit of which nobody has said that their body is gone. Small: it is in every state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct AtLarge {
    // Invariant: the first `count` are in order, the others are 0.
    starts: [u16; FOLLOWED],
    count: u8,
    /// There were more than can be followed.
    lost_count: bool,
}

impl AtLarge {
    pub(super) const NONE: Self = Self { starts: [0; FOLLOWED], count: 0, lost_count: false };

    pub(super) fn add(&mut self, start: Incarnation) {
        match (self.starts.get_mut(usize::from(self.count)), u16::try_from(start.0)) {
            (Some(place), Ok(start)) => {
                *place = start;
                self.count += 1;
            }
            (None, _) | (_, Err(_)) => self.lost_count = true,
        }
    }

    /// Somebody says that it is gone. Says whether it was at large until now.
    fn take(&mut self, start: Incarnation) -> bool {
        if self.count == 0 {
            return false;
        }
        let Some(place) = self.of().position(|other| other == start) else { return false };
        self.starts[place..].rotate_left(1);
        self.starts[FOLLOWED - 1] = 0;
        self.count -= 1;
        true
    }

    fn of(&self) -> impl Iterator<Item = Incarnation> {
        self.starts.into_iter().take(self.count.into()).map(|start| Incarnation(start.into()))
    }

    pub(super) const fn lost_count(&self) -> bool {
        self.lost_count
    }

    const fn is_empty(&self) -> bool {
        self.count == 0 && !self.lost_count
    }

    /// What verdicts depend on, as words; of most units none.
    pub(super) fn visit(&self, visit: &mut impl FnMut(u64)) {
        if !self.is_empty() {
            visit(u64::MAX << 1 | u64::from(self.lost_count));
            self.of().for_each(|start| visit(start.0.into()));
        }
    }
}

impl Judge {
    /// A body is told to be gone. The first time that this is said of one that the unit has left behind, it is to be
    /// heeded. Says whether it was such a one.
    pub(super) fn left_body_went(
        &mut self,
        scene: &Scene<'_>,
        unit: UnitId,
        start: Incarnation,
        disposition: Disposition,
    ) -> Result<bool, Box<Breach>> {
        let at_large = &mut self.units[unit.index()].at_large;
        if !at_large.take(start) {
            return Ok(false);
        }
        // What a unit has left is nobody's once that is removed.
        if disposition == Disposition::Applied || scene.engine.unit(unit).is_none() {
            return Ok(true);
        }
        let text = move || {
            format!("what start {start} of {} left is gone, and that is not heeded", scene.name(unit))
        };
        scene.broken(Claim::ExitCountsOnce, Some(unit), text)
    }

    /// Somebody has looked for what an earlier host left.
    pub(super) fn reaped(&mut self, unit: UnitId, outcome: Outcome) {
        let ledger = &mut self.units[unit.index()];
        ledger.reaping = false;
        ledger.left &= outcome != Outcome::Done;
    }

    /// Whether all that was ever started of the unit is known to be gone.
    fn all_gone(&self, unit: UnitId) -> bool {
        let ledger = &self.units[unit.index()];
        !ledger.left && !ledger.lives && ledger.at_large.is_empty()
    }

    /// Who is told that something was left is told so because something was.
    pub(super) fn answered_leaked(&self, scene: &Scene<'_>, unit: UnitId, answer: Answer) -> Verdict {
        if !matches!(answer, Answer::Stopped { leaked: true, .. }) || !self.all_gone(unit) {
            return Ok(());
        }
        let text = move || {
            format!("{} was answered as leaked, and all that was started of it is gone", scene.name(unit))
        };
        scene.broken(Claim::AnswersAreTrue, Some(unit), text)
    }

    /// The report says what was left: not more, and of earlier starts not less. What is really alive is looked at
    /// beside it.
    pub(super) fn leaks_are_true(&self, scene: &Scene<'_>, unit: UnitId, report: UnitReport) -> Verdict {
        if unlikely(report.leaked) && self.all_gone(unit) {
            let text = move || {
                format!(
                    "the report calls {} leaked, and all that was started of it is gone",
                    scene.name(unit)
                )
            };
            return scene.broken(Claim::ReportIsTrue, Some(unit), text);
        }
        let AtLarge { count, lost_count, .. } = self.units[unit.index()].at_large;
        let outlives = scene.kind(unit).body == BodyClass::Process;
        let listed = report.leaked || count == 0 || !outlives;
        if lost_count || (listed && report.abandoned == count.into()) {
            return Ok(());
        }
        let text = move || {
            let (name, said) = (scene.name(unit), report.abandoned);
            format!("of {name}, {count} earlier bodies were not seen to go, and the report says {said}")
        };
        scene.broken(Claim::ReportIsTrue, Some(unit), text)
    }
}

/// An exit code that is not 0 has a reason that the report tells.
pub(super) fn check_reason(scene: &Scene<'_>, code: u8) -> Verdict {
    let (engine, setup) = (scene.engine, scene.setup);
    let bad = |unit| engine.unit_report(unit).is_some_and(is_bad);
    let failed = |rung: &Rung<Phase>| engine.phase_failed(rung.action);
    if code == 0 || setup.unit_ids().any(bad) || setup.plan.shutdown.rungs().iter().any(failed) {
        return Ok(());
    }
    if engine.report().overran {
        return Ok(());
    }
    let text = move || format!("the exit code is {code}, and the report says that all is well");
    scene.broken(Claim::ReportIsTrue, None, text)
}

fn is_bad(it: UnitReport) -> bool {
    let checkpoint = it.failed == Some(Action::Checkpoint);
    it.unsaved() > 0 || it.leaked || it.overran || !it.row_durable || checkpoint
}
