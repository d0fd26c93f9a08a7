//! What is asked for from outside of any body, and by bodies for themselves.

use std::sync::Arc;

use tokio::sync::{broadcast, mpsc};
use winddown_core::{Answer, Caller, ClientId, Disposition, Input, Reason, Span, Ticket, UnitId, Within};

use super::{Ask, Driver, Reply, Request};
use crate::{
    client::Client,
    error::Error,
    host::{News, UnitInfo},
    store::Write,
};

/// What a shutdown gets that is to take no time: enough to look twice at all processes of a machine that is busy, and
/// to write what became of them.
const KILL: Span = Span::from_secs(1);
/// So many notices may wait for a subscriber; then it misses the oldest.
const BACKLOG: usize = 256;

impl Driver {
    pub(super) fn asked(&mut self, ask: Ask) {
        // Who does not wait any more needs no answer.
        match ask {
            Ask::Unit { name, request, reply } => match self.table.find(&name) {
                Some(unit) => self.request(unit, request, Caller::Outside, reply),
                None => drop(reply.send(Err(Error::UnknownUnit(name)))),
            },
            Ask::Declare { name, unit, reply } => drop(reply.send(self.declare(name, unit, None))),
            Ask::Shutdown { graceful, within } => {
                let (graceful, within) = time_to_kill(graceful, within, self.engine.plan().force_within);
                self.feed(Input::ShutdownRequested { graceful, within, caller: Caller::Nobody });
            }
            Ask::List { reply } => {
                let all = self.table.iter().filter_map(|(unit, _)| self.info(unit)).collect();
                drop(reply.send(Ok(all)));
            }
            Ask::Inspect { name, reply } => {
                let info = self.table.find(&name).and_then(|unit| self.info(unit));
                drop(reply.send(info.ok_or(Error::UnknownUnit(name))));
            }
            Ask::Subscribe { name, reply } => drop(reply.send(self.subscribe(name))),
            Ask::Findings { name, after, limit, reply } => self.findings(name, after, limit, reply),
            Ask::Attach { reply } => self.attach(reply),
        }
    }

    /// Gives a request to the engine; the answer comes as an effect.
    pub(super) fn request(
        &mut self,
        unit: UnitId,
        request: Request,
        caller: fn(Ticket) -> Caller,
        reply: Reply<Answer>,
    ) {
        let ticket = self.next_ticket();
        self.waiting.insert(ticket, reply);
        let caller = caller(ticket);
        match request {
            Request::Start => self.feed(Input::StartRequested { unit, caller }),
            Request::Pause => self.feed(Input::PauseRequested { unit, caller }),
            Request::Resume => self.feed(Input::ResumeRequested { unit, caller }),
            Request::Stop { force, within } => {
                self.feed(Input::StopRequested { unit, force, within, caller });
            }
            Request::Restart => self.feed(Input::RestartRequested { unit, caller }),
            Request::Cancel { reason } => self.cancel(unit, reason, caller),
            Request::Remove => self.remove(unit, caller),
        }
    }

    fn next_ticket(&mut self) -> Ticket {
        loop {
            self.last_ticket = self.last_ticket.wrapping_add(1);
            let ticket = Ticket(self.last_ticket);
            if !self.waiting.contains_key(&ticket) {
                return ticket;
            }
        }
    }

    fn cancel(&mut self, unit: UnitId, text: Option<Arc<str>>, caller: Caller) {
        let Some(text) = text else {
            return self.feed(Input::CancelRequested { unit, reason: Reason::ByUser, caller });
        };
        self.last_reason = self.last_reason.wrapping_add(1);
        let number = self.last_reason;
        let Some(entry) = self.table.get_mut(unit) else { return };
        let before = entry.reason.replace((number, text));
        let reason = Reason::Stated(number);
        let disposition = self.feed_first(Input::CancelRequested { unit, reason, caller });
        if disposition != Disposition::Applied
            && let Some(entry) = self.table.get_mut(unit)
        {
            entry.reason = before;
        }
    }

    fn remove(&mut self, unit: UnitId, caller: Caller) {
        if self.feed_first(Input::RemoveRequested { unit, caller }) != Disposition::Applied {
            return;
        }
        self.write_behind();
        if let Some(mut entry) = self.table.remove(unit) {
            if let Some(running) = &mut entry.running {
                running.hands.end(&running.shared);
                self.tasks -= usize::from(running.hands.is_task());
            }
            self.store.write(Write::Remove { unit: entry.name });
        }
    }

    fn subscribe(&mut self, name: Arc<str>) -> Result<broadcast::Receiver<News>, Error> {
        let entry = self.table.find(&name).and_then(|unit| self.table.get_mut(unit));
        let entry = entry.ok_or(Error::UnknownUnit(name))?;
        let channel = entry.subscribers.get_or_insert_with(|| broadcast::channel(BACKLOG).0);
        Ok(channel.subscribe())
    }

    fn findings(&mut self, name: Arc<str>, after: u32, limit: u32, reply: Reply<Vec<crate::store::Finding>>) {
        self.write_behind();
        let told = move |found: Result<_, String>| drop(reply.send(found.map_err(Error::Store)));
        self.store.findings(name, after, limit, Box::new(told));
    }

    fn attach(&mut self, reply: Reply<Client>) {
        let free = self.clients.iter().position(Option::is_none).unwrap_or(self.clients.len());
        let Ok(number) = u16::try_from(free) else {
            return drop(reply.send(Err(Error::Full("clients"))));
        };
        let id = ClientId(number);
        let (orders, receiver) = mpsc::unbounded_channel();
        if free == self.clients.len() {
            self.clients.push(None);
        }
        self.clients[free] = Some(orders);
        let client = Client { id, orders: receiver, inbox: self.sender.clone() };
        self.feed(Input::ClientAttached { client: id });
        // A client that nobody takes leaves as it is dropped.
        drop(reply.send(Ok(client)));
    }

    pub(super) fn info(&self, unit: UnitId) -> Option<UnitInfo> {
        let entry = self.table.get(unit)?;
        let view = self.engine.unit(unit)?;
        let report = self.engine.unit_report(unit)?;
        Some(UnitInfo {
            name: Arc::clone(&entry.name),
            kind: Arc::clone(&self.names.kinds[usize::from(entry.kind.0)]),
            owner: Arc::clone(&self.names.owners[usize::from(entry.owner.0)]),
            status: view.status,
            incarnation: view.incarnation.0,
            settled: view.settled,
            body_lives: view.body_lives,
            leaked: view.leaked,
            ending: report.ending,
            failed: report.failed,
            pid: entry.process.as_ref().map(|process| process.pid),
            recorded: view.recorded,
            saved: view.saved,
            reason: self.reason_text(entry, report.reason),
            error: entry.error.clone(),
            progress: entry.progress.clone(),
            starts_again_in: self.engine.starts_again(unit).map(|at| self.now().until(at)),
        })
    }
}

/// A shutdown at once, as one by force with the time that a kill takes: not to be patient with anybody is no reason
/// to leave what is about to be gone, and to call it leaked.
fn time_to_kill(graceful: bool, within: Within, force_within: Span) -> (bool, Within) {
    match within {
        Within::For(span) if span.is_zero() => (false, Within::For(KILL.min(force_within))),
        Within::For(_) | Within::Unset | Within::Unlimited => (graceful, within),
    }
}
