//! What bodies, clients and the store say, as inputs.

use std::sync::Arc;

use tokio::sync::oneshot;
use winddown_core::{Caller, ClientId, Exit, Incarnation, Input, Outcome, Row, Status, UnitId, UnitView};

use super::{Driver, Word};
use crate::{
    context::NotSaved,
    store::{Done, Finding, Write},
};

impl Driver {
    pub(super) fn said(&mut self, unit: UnitId, incarnation: Incarnation, word: Word) {
        // A number that is given again takes nothing over from whoever had it before; a reply that is
        // dropped says so.
        let Some(entry) = self.table.get_mut(unit).filter(|entry| incarnation > entry.born) else { return };
        let is_present = entry.running.as_ref().is_some_and(|it| it.shared.incarnation == incarnation);
        match word {
            Word::Started => self.feed(Input::UnitStarted { unit, incarnation }),
            Word::Exited { exit, error } => self.exited(unit, incarnation, exit, error),
            Word::Recorded { finding, reply } => self.recorded(unit, finding, reply),
            Word::Spawned(process) => {
                if is_present {
                    entry.process = Some(Box::new(process));
                }
                self.store.write(Write::Spawned { unit: Arc::clone(&entry.name), incarnation, process });
            }
            Word::NotStarted { error } => {
                entry.running.take_if(|running| running.shared.incarnation == incarnation);
                if is_present {
                    entry.error = Some(error);
                }
                self.feed(Input::StartFailed { unit, incarnation });
            }
            Word::Looked { error } => {
                if let Some(error) = &error {
                    self.hooks.remark(&format!("unit {:?}: {error}", entry.name));
                }
                if is_present {
                    entry.error = error;
                }
            }
            Word::Progress { text, place } => {
                if is_present {
                    entry.progress = Some(text);
                }
                self.feed(Input::Progressed { unit, incarnation });
                // Whoever writes may go on.
                drop(place);
            }
            Word::HoldsStill { pause } => {
                let meant = is_present.then_some(entry.running.as_mut()).flatten();
                let meant = meant.filter(|running| running.shared.pauses() == pause);
                if let Some(running) = meant {
                    running.holds_still = true;
                    self.feed(Input::UnitPaused { unit, incarnation });
                }
            }
            Word::Asks { request, reply } => self.request(unit, request, Caller::Body, reply),
        }
    }

    fn exited(&mut self, unit: UnitId, incarnation: Incarnation, exit: Exit, error: Option<Arc<str>>) {
        let Some(entry) = self.table.get_mut(unit) else { return };
        let gone = entry.running.take_if(|running| running.shared.incarnation == incarnation);
        if let Some(running) = &gone {
            entry.error = error;
            self.tasks -= usize::from(running.hands.is_task());
        }
        self.feed(Input::UnitExited { unit, incarnation, exit });
        if let Some(step) = gone.and_then(|running| running.exit_step) {
            self.feed(Input::StepFinished { unit, step, outcome: Outcome::Done });
        }
    }

    fn recorded(
        &mut self,
        unit: UnitId,
        finding: Finding,
        reply: Option<oneshot::Sender<Result<(), NotSaved>>>,
    ) {
        let Some(entry) = self.table.get_mut(unit) else { return };
        let had_fresh = entry.findings.has_fresh();
        let is_new = entry.findings.add(finding);
        if !had_fresh && entry.findings.has_fresh() {
            self.unwritten.push(unit);
        }
        let durable = reply.is_some();
        if let Some(reply) = reply {
            entry.findings.wait(reply);
        }
        if is_new {
            self.feed(Input::FindingRecorded { unit, durable });
        } else if durable {
            self.told_again(unit);
        }
    }

    /// A producer that does not know what became of a finding tells it again, and waits. What is durable is
    /// acknowledged; what is not is written once more.
    fn told_again(&mut self, unit: UnitId) {
        let Some(view) = self.engine.unit(unit) else { return };
        let Some(entry) = self.table.get_mut(unit) else { return };
        entry.findings.saved(view.saved);
        match entry.row {
            Some(row) if view.saved < entry.findings.recorded() => {
                let row = Row { findings: entry.findings.recorded(), ..row };
                self.persist(unit, row, true);
            }
            Some(_) | None => {}
        }
    }

    pub(super) fn stored(&mut self, done: Done) {
        let (name, findings, outcome) = match &done {
            Done::Persisted { unit, row, outcome } => (unit, Some(row.findings), *outcome),
            Done::Checkpointed { unit, outcome, .. } => (unit, None, *outcome),
        };
        let Some(unit) = self.table.find(name) else { return };
        if let Done::Persisted { row, outcome: Outcome::Failed, .. } = &done {
            self.not_on_record(unit, *row);
        }
        self.feed(match done {
            Done::Persisted { row, outcome, .. } => Input::Persisted { unit, row, outcome },
            Done::Checkpointed { step, outcome, .. } => Input::StepFinished { unit, step, outcome },
        });
        let saved = self.engine.unit(unit).map_or(0, |view| view.saved);
        let Some(entry) = self.table.get_mut(unit) else { return };
        // Whoever told a finding again waits beside what the engine knows of.
        entry.findings.saved(saved);
        if let (Outcome::Failed, Some(findings)) = (outcome, findings) {
            entry.findings.failed(findings);
        }
    }

    /// A start comes to nothing when its row cannot be written, and there is no body to say why.
    fn not_on_record(&mut self, unit: UnitId, row: Row) {
        // What waits for its next start has the error of its last one.
        let waits = self.engine.starts_again(unit).is_some();
        let starts = |it: UnitView| it.status == Status::Pending && it.incarnation == row.incarnation;
        if row.status != Status::Pending || waits || !self.engine.unit(unit).is_some_and(starts) {
            return;
        }
        if let Some(entry) = self.table.get_mut(unit) {
            let why = self.trouble.as_deref().unwrap_or("the store failed");
            entry.error = Some(Arc::from(format!("its start could not be recorded: {why}")));
        }
    }

    pub(super) fn troubled(&mut self, why: Option<String>) {
        self.hooks.trouble(why.as_deref());
        self.trouble = why;
    }

    pub(super) fn client_left(&mut self, client: ClientId) {
        if let Some(place) = self.clients.get_mut(usize::from(client.0)) {
            *place = None;
        }
        self.feed(Input::ClientLeft { client });
    }
}
