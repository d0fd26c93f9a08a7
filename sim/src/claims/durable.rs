//! Claims about what is written, what is answered, and what is still there after a crash.

use winddown_core::{
    Answer, BodyClass, Disposition, Effect, Notice, Outcome, Promise, Row, Status, UnitId, UnitView,
    hint::unlikely,
};

use super::{
    Claim, Sight,
    judge::{Judge, Scene, Verdict, Wish},
};

impl Judge {
    pub(super) fn found(&mut self, unit: UnitId, disposition: Disposition) {
        let ledger = &mut self.units[unit.index()];
        if disposition == Disposition::Applied {
            ledger.recorded += 1;
            ledger.rewrite_due = true;
            if unlikely(ledger.noticed) {
                self.saw(Sight::LateFinding);
            }
        }
    }

    /// A row was asked to be written.
    pub(super) fn row_asked(&mut self, scene: &Scene<'_>, unit: UnitId, row: Row, plain: bool) -> Verdict {
        // What begins to go down with a shutdown may be written once more at its end, and that can be now.
        let draining = scene.engine.is_draining();
        let ledger = &mut self.units[unit.index()];
        if row.findings > ledger.recorded {
            let text = move || {
                format!(
                    "a row of {} counts {} findings, but it made {}",
                    scene.name(unit),
                    row.findings,
                    ledger.recorded
                )
            };
            return scene.broken(Claim::ReportIsTrue, Some(unit), text);
        }
        if !row.status.is_terminal() {
            // The next start is on record; there is no body of it yet.
            if row.incarnation > ledger.incarnation {
                ledger.leave_body();
                ledger.checkpoint_lost = false;
                if row.status == Status::Pending && scene.kind(unit).body == BodyClass::Process {
                    let others = if ledger.start_rows.0 == row.incarnation { ledger.start_rows.1 } else { 0 };
                    ledger.start_rows = (row.incarnation, others.saturating_add(1));
                }
            }
            return Ok(());
        }
        match ledger.terminal {
            Some((incarnation, status)) if incarnation == row.incarnation && status != row.status => {
                let text = move || {
                    format!("{} was {status}, and is to be written as {}", scene.name(unit), row.status)
                };
                return scene.broken(Claim::FirstTerminalWins, Some(unit), text);
            }
            _ => ledger.terminal = Some((row.incarnation, row.status)),
        }
        if unlikely(row.reason == winddown_core::Reason::StartOverdue) {
            self.saw(Sight::StartOverdue);
        }
        let ledger = &mut self.units[unit.index()];
        ledger.rows += 1;
        if plain
            && ledger.rows > 1
            && scene.kind(unit).promise == Promise::Upfront
            && !core::mem::take(&mut ledger.rewrite_due)
            && !draining
            && ledger.on_way
        {
            let text =
                move || format!("the stop of {} writes its row {} times", scene.name(unit), ledger.rows);
            return scene.broken(Claim::OneRowPerStop, Some(unit), text);
        }
        if ledger.rows == 1 {
            ledger.rewrite_due = false;
        }
        Ok(())
    }

    /// A row is in the store, or could not be written.
    pub(super) fn row_written(
        &mut self,
        scene: &Scene<'_>,
        unit: UnitId,
        row: Row,
        outcome: Outcome,
        effects: &[Effect],
    ) -> Verdict {
        let ledger = &mut self.units[unit.index()];
        ledger.rewrite_due |= outcome == Outcome::Failed;
        if row.status != Status::Pending || ledger.start_rows.0 != row.incarnation {
            return Ok(());
        }
        ledger.start_rows.1 = ledger.start_rows.1.saturating_sub(1);
        let on_their_way = ledger.start_rows.1;
        let failed = Effect::Notify { unit, incarnation: row.incarnation, notice: Notice::Failed };
        if outcome == Outcome::Done || on_their_way == 0 || !effects.contains(&failed) {
            return Ok(());
        }
        let text = move || {
            let (name, start) = (scene.name(unit), row.incarnation);
            format!(
                "start {start} of {name} is given up, and {on_their_way} rows that wait for it are on their way"
            )
        };
        scene.broken(Claim::StartHasItsRow, Some(unit), text)
    }

    /// What is down, with its row where it belongs, waits for nothing.
    pub(super) fn settled_is_idle(scene: &Scene<'_>, unit: UnitId) -> Verdict {
        let due = scene.engine.deadline_of(unit);
        let is_down = |it: UnitView| it.settled && it.status.is_terminal();
        if due.is_never() || !scene.engine.unit(unit).is_some_and(is_down) {
            return Ok(());
        }
        let text = move || format!("{} is down and on record, and waits until {due}", scene.name(unit));
        scene.broken(Claim::IdleAsksNothing, Some(unit), text)
    }

    pub(super) fn acknowledged(&mut self, scene: &Scene<'_>, unit: UnitId, findings: u32) -> Verdict {
        let durable = scene.store.row(unit).map_or(0, |row| row.findings);
        if durable < findings {
            let text = move || {
                format!(
                    "{} was told that {findings} findings are durable, and {durable} are",
                    scene.name(unit)
                )
            };
            return scene.broken(Claim::AckIsDurable, Some(unit), text);
        }
        self.units[unit.index()].acknowledged = findings;
        self.saw(Sight::FindingAcknowledged);
        Ok(())
    }

    /// What a new host finds of a unit.
    pub(super) fn check_recovered(&mut self, scene: &Scene<'_>, unit: UnitId, row: Row) -> Verdict {
        let acknowledged = self.units[unit.index()].acknowledged;
        let back = scene.engine.unit(unit).map_or(0, |view| view.recorded);
        if row.findings < acknowledged || back != row.findings {
            let text = move || {
                format!(
                    "{} had {acknowledged} findings acknowledged, {} are in the store, {back} came back",
                    scene.name(unit),
                    row.findings
                )
            };
            return scene.broken(Claim::AckedComesBack, Some(unit), text);
        }
        let status = scene.engine.unit(unit).map(|view| view.status);
        let ghost = matches!(status, Some(Status::Running | Status::Paused | Status::Stopping));
        if ghost {
            let text = move || {
                format!("{} is taken for {:?} by a host that never started it", scene.name(unit), status)
            };
            return scene.broken(Claim::NoGhosts, Some(unit), text);
        }
        Ok(())
    }

    /// What a caller was told is so.
    pub(super) fn check_answer(
        &mut self,
        scene: &Scene<'_>,
        unit: UnitId,
        wish: Wish,
        answer: Answer,
    ) -> Verdict {
        match answer {
            Answer::Stopped { status, leaked } => {
                self.answered_in_time(scene, unit)?;
                let row = self.durable_row(scene, unit, status)?;
                if leaked {
                    self.saw(Sight::BodyLeaks);
                }
                if leaked && !row.leaked {
                    let text = move || format!("{} leaked, and its row does not say so", scene.name(unit));
                    return scene.broken(Claim::LeaksAreListed, Some(unit), text);
                }
                self.answered_leaked(scene, unit, answer)?;
                self.over(unit);
                Ok(())
            }
            Answer::Cancelled(true) => {
                self.answered_in_time(scene, unit)?;
                let row = self.durable_row(scene, unit, Status::Cancelled)?;
                let ledger = &self.units[unit.index()];
                let seen = ledger.cancel_noticed && (ledger.told || !is_task(scene, unit) || !ledger.lives);
                if !seen || ledger.cancel != Some(row.reason) {
                    let text = move || {
                        format!(
                            "{} was answered as cancelled, but never told so, or with another reason",
                            scene.name(unit)
                        )
                    };
                    return scene.broken(Claim::CancelIsSeen, Some(unit), text);
                }
                self.over(unit);
                Ok(())
            }
            Answer::NotRecorded => {
                self.saw(Sight::NotRecorded);
                let ledger = &mut self.units[unit.index()];
                ledger.rewrite_due = true;
                ledger.on_way = false;
                Ok(())
            }
            Answer::Restarted if wish != Wish::Restart => {
                let text = move || {
                    format!("a request of {wish:?} for {} was answered as restarted", scene.name(unit))
                };
                scene.broken(Claim::AnswersAreTrue, Some(unit), text)
            }
            // What was started by this step may have run out of its time in it, too, after the answer.
            Answer::Restarted
                if !self.units[unit.index()].active
                    && scene.engine.status(unit).is_some_and(Status::is_terminal) =>
            {
                let text = move || format!("{} was answered as restarted, and is not", scene.name(unit));
                scene.broken(Claim::AnswersAreTrue, Some(unit), text)
            }
            Answer::Accepted
            | Answer::Cancelled(false)
            | Answer::Restarted
            | Answer::ShuttingDown { .. }
            | Answer::Refused(_) => Ok(()),
        }
    }

    fn over(&mut self, unit: UnitId) {
        let ledger = &mut self.units[unit.index()];
        ledger.on_way = false;
        ledger.free = true;
        if ledger.lives {
            self.saw(Sight::BodyLingers);
        }
    }

    fn durable_row(
        &self,
        scene: &Scene<'_>,
        unit: UnitId,
        status: Status,
    ) -> Result<Row, Box<super::Breach>> {
        match scene.store.row(unit) {
            Some(row) if row.status == status => Ok(row),
            other => {
                let found = other.map_or("no row", |row| row.status.name());
                let text = move || {
                    format!("{} was answered as {status}, and the store says {found}", scene.name(unit))
                };
                scene.broken(Claim::AnswersAreTrue, Some(unit), text)
            }
        }
    }

    fn answered_in_time(&self, scene: &Scene<'_>, unit: UnitId) -> Verdict {
        let ledger = &self.units[unit.index()];
        let ends = ledger.ends.min(self.units_end).max(ledger.began);
        if ledger.on_way && scene.now > ends.after(scene.setup.plan.record_patience) {
            return self.too_late(scene, unit, ends);
        }
        Ok(())
    }
}

fn is_task(scene: &Scene<'_>, unit: UnitId) -> bool {
    scene.setup.units[unit.index()].class == BodyClass::Task
}
