//! Carrying effects out: one exhaustive match over everything that the engine can ask for.

use std::sync::Arc;

use winddown_core::{
    Answer, ClientId, Effect, Incarnation, Input, Moment, Notice, Outcome, Phase, Row, Step, Ticket, UnitId,
};

use super::{Driver, Message};
use crate::{
    body::task::{caught, words_of},
    client::ClientOrder,
    error::Error,
    host::News,
    store::Write,
};

impl Driver {
    pub(super) fn carry_out(&mut self, now: Moment, effect: Effect) {
        match effect {
            Effect::Start { unit, incarnation } => self.start_body(unit, incarnation),
            Effect::Pause { unit, incarnation } => self.pause_body(unit, incarnation),
            Effect::Resume { unit, incarnation } => self.resume_body(unit, incarnation),
            Effect::Perform { unit, step, action, until } => self.perform(unit, step, action, until > now),
            Effect::Checkpoint { unit, step, row, until: _ } => self.checkpoint(unit, step, row),
            Effect::Persist { unit, row, confirm } => self.persist(unit, row, confirm),
            Effect::Acknowledge { unit, findings } => {
                if let Some(entry) = self.table.get_mut(unit) {
                    entry.findings.saved(findings);
                }
            }
            Effect::Reap { unit, incarnation } => self.reap(unit, incarnation),
            Effect::Notify { unit, incarnation, notice } => self.notify(unit, incarnation, notice),
            Effect::Tell { client, by } => {
                let by = (!by.is_never()).then(|| self.instant(by));
                self.order(client, ClientOrder::Tell { by });
            }
            Effect::Disconnect { client } => self.order(client, ClientOrder::Leave),
            Effect::Wind { phase, until: _ } => self.wind(phase),
            Effect::Reply { ticket, answer } => self.answer(ticket, answer),
            Effect::Reload => self.hooks.reload(),
            Effect::Report => self.hooks.report(|| self.report()),
            Effect::Exit { code: _ } => self.exit = Some(self.report()),
        }
    }

    pub(super) fn persist(&mut self, unit: UnitId, row: Row, confirm: bool) {
        let Some(entry) = self.table.get_mut(unit) else { return };
        entry.row = Some(row);
        let (unit, stated, findings) =
            (Arc::clone(&entry.name), entry.stated(row.reason), entry.findings.take_fresh());
        self.store.write(Write::Persist { unit, row, stated, findings, confirm });
    }

    fn checkpoint(&mut self, unit: UnitId, step: Step, row: Row) {
        let Some(entry) = self.table.get_mut(unit) else { return };
        if let Some(kept) = entry.running.as_ref().and_then(|running| running.shared.state()) {
            entry.state = Some(kept);
        }
        entry.row = Some(row);
        let (unit, stated, findings) =
            (Arc::clone(&entry.name), entry.stated(row.reason), entry.findings.take_fresh());
        let state = entry.state.as_ref().map_or_else(Vec::new, |state| state.to_vec());
        self.store.write(Write::Checkpoint { unit, step, row, stated, findings, state });
    }

    fn notify(&mut self, unit: UnitId, start: Incarnation, notice: Notice) {
        let Some(entry) = self.table.get(unit) else { return };
        let everybody = Some(&self.news).filter(|news| news.receiver_count() > 0);
        let own = entry.subscribers.as_ref().filter(|news| news.receiver_count() > 0);
        if everybody.is_none() && own.is_none() {
            return;
        }
        let text = self.notice_text(unit, entry, start, notice);
        let news = News { unit: Arc::clone(&entry.name), incarnation: start.0, notice, text };
        for channel in [everybody, own].into_iter().flatten() {
            // Whoever listened is gone.
            drop(channel.send(news.clone()));
        }
    }

    fn order(&mut self, client: ClientId, order: ClientOrder) {
        // Who is gone has said so, and that is on its way.
        if let Some(Some(orders)) = self.clients.get(usize::from(client.0)) {
            let _gone = orders.send(order);
        }
    }

    fn wind(&mut self, phase: Phase) {
        let works = self.hooks.phase(phase);
        if works.is_empty() {
            // Nothing to be done is done.
            self.then.push_back(Input::PhaseFinished { phase, outcome: Outcome::Done });
            return;
        }
        let inbox = self.sender.clone();
        self.phases.spawn(async move {
            let mut errors = Vec::new();
            // One that fails does not keep the others from being done.
            for work in works {
                let error = match caught(|| work).await {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => Arc::from(error.to_string()),
                    Err(panic) => words_of(&*panic),
                };
                errors.push(format!("phase {}: {error}", phase.name()));
            }
            drop(inbox.send(Message::Wound { phase, errors }));
        });
    }

    /// What belongs to a phase was done, or could not be.
    pub(super) fn wound(&mut self, phase: Phase, errors: Vec<String>) {
        let outcome = if errors.is_empty() { Outcome::Done } else { Outcome::Failed };
        errors.iter().for_each(|error| self.hooks.remark(error));
        self.remarks.extend(errors);
        self.feed(Input::PhaseFinished { phase, outcome });
    }

    pub(super) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        let Some(reply) = self.waiting.remove(&ticket) else { return };
        let answer = match answer {
            Answer::Refused(why) => Err(Error::Refused(why)),
            Answer::NotRecorded => Err(Error::NotRecorded),
            Answer::Accepted
            | Answer::Stopped { .. }
            | Answer::Cancelled(_)
            | Answer::Restarted
            | Answer::ShuttingDown { .. } => Ok(answer),
        };
        // Who does not wait any more needs no answer.
        drop(reply.send(answer));
    }
}
