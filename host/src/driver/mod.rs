//! The driver: one task that owns the engine.
//!
//! It waits for something to come in or for the engine's next deadline, calls `handle`, and carries the
//! effects out through one exhaustive match. It keeps no deadline and takes no decision.

mod bodies;
mod hands;
mod message;
mod requests;
#[cfg(test)]
mod stops;
mod table;
mod units;
mod words;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{broadcast, mpsc, watch},
    task::{JoinSet, yield_now},
    time::{Instant, sleep_until},
};
use winddown_core::{
    Disposition, Effects, Ending, Engine, Input, Moment, Reason, Status, Ticket, UnitId, UnitReport,
};

use crate::{
    body::process::Means,
    client::ClientOrder,
    hooks::Hooks,
    host::News,
    recorder::Recorder,
    report::{Report, UnitStop},
    store::Store,
};

use self::table::Table;

pub(crate) use self::message::{Ask, Message, Reply, Request, Word};
pub(crate) use self::units::Left;

/// So many messages are taken in before deadlines and findings have their turn.
const BATCH: usize = 256;
/// What the store and the last phases get when the engine's own time is used up: enough for one slow
/// sync, well within the tenth of the outer grace that is kept back.
const LAST: Duration = Duration::from_millis(500);

/// What tasks get to be seen to end when the engine has exited: a task that yields does so sooner.
const YIELD: Duration = Duration::from_millis(100);

/// Kinds and owners by number, and what their names are.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) kinds: Vec<Arc<str>>,
    pub(crate) owners: Vec<Arc<str>>,
}

pub(crate) struct Driver {
    pub(crate) engine: Engine,
    effects: Effects,
    /// Inputs that came of carrying effects out.
    then: VecDeque<Input>,
    epoch: Instant,
    inbox: mpsc::UnboundedReceiver<Message>,
    /// What was taken out of it. Empty between two turns.
    batch: Vec<Message>,
    /// Handed to bodies and clients.
    sender: mpsc::UnboundedSender<Message>,
    store: Box<dyn Store>,
    /// What the database says while it fails.
    trouble: Option<String>,
    table: Table,
    /// How many bodies are tasks that were not seen to end.
    tasks: usize,
    pub(crate) names: Names,
    waiting: HashMap<Ticket, Reply<winddown_core::Answer>>,
    last_ticket: u32,
    last_reason: u32,
    clients: Vec<Option<mpsc::UnboundedSender<ClientOrder>>>,
    hooks: Hooks,
    phases: JoinSet<()>,
    /// What went wrong beside units, in words.
    remarks: Vec<String>,
    /// Where bodies run.
    bodies: Handle,
    means: Means,
    recorder: Option<Recorder>,
    news: broadcast::Sender<News>,
    /// Units that have findings which no write has held yet.
    unwritten: Vec<UnitId>,
    exit: Option<Report>,
}

/// What a driver is made of.
pub(crate) struct Parts {
    pub(crate) engine: Engine,
    pub(crate) names: Names,
    pub(crate) store: Box<dyn Store>,
    pub(crate) inbox: mpsc::UnboundedReceiver<Message>,
    pub(crate) sender: mpsc::UnboundedSender<Message>,
    pub(crate) hooks: Hooks,
    pub(crate) bodies: Handle,
    pub(crate) means: Means,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) news: broadcast::Sender<News>,
}

impl Driver {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { engine, names, store, inbox, sender, hooks, bodies, means, recorder, news } = parts;
        Self {
            engine,
            effects: if hooks.counts_stops() { Effects::with_stops() } else { Effects::new() },
            then: VecDeque::new(),
            epoch: Instant::now(),
            inbox,
            batch: Vec::with_capacity(BATCH),
            sender,
            store,
            trouble: None,
            table: Table::default(),
            tasks: 0,
            names,
            waiting: HashMap::new(),
            last_ticket: 0,
            last_reason: 0,
            clients: Vec::new(),
            hooks,
            phases: JoinSet::new(),
            remarks: Vec::new(),
            bodies,
            means,
            recorder,
            news,
            unwritten: Vec::new(),
            exit: None,
        }
    }

    /// Works until the engine exits, lets go of everything, and publishes the report.
    pub(crate) async fn run(mut self, done: watch::Sender<Option<Arc<Report>>>) {
        let mut report = loop {
            if let Some(report) = self.exit.take() {
                break report;
            }
            self.turn().await;
        };
        self.end_bodies().await;
        for unit in report.whole.units.iter_mut().filter(|unit| unit.lingers) {
            unit.lingers = self.table.get(unit.unit).is_some_and(|entry| entry.running.is_some());
        }
        let deadline = report.whole.deadline;
        let (remark, table) = self.leave(deadline).await;
        report.remarks.extend(remark);
        done.send_replace(Some(Arc::new(report)));
        // Whoever waits for the report does not wait until the memory is given back.
        yield_now().await;
        drop(table);
    }

    /// Waits for the next thing, takes in what is there, and lets deadlines and findings have their turn.
    async fn turn(&mut self) {
        let due = self.engine.next_deadline().map(|at| self.instant(at));
        let wake = async {
            match due {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let mut batch = std::mem::take(&mut self.batch);
        tokio::select! {
            biased;
            _ = self.inbox.recv_many(&mut batch, BATCH) => {}
            () = wake => {}
        }
        for message in batch.drain(..) {
            self.take_in(message);
        }
        self.batch = batch;
        if self.engine.next_deadline().is_some_and(|at| at <= self.now()) {
            self.feed(Input::Woken);
        }
        self.write_behind();
    }

    fn take_in(&mut self, message: Message) {
        match message {
            Message::Asked(ask) => self.asked(*ask),
            Message::Said { unit, incarnation, word } => self.said(unit, incarnation, word),
            Message::Stored(done) => self.stored(done),
            Message::Trouble(why) => self.troubled(why),
            Message::Signal(signal) => self.feed(Input::SignalReceived { signal }),
            Message::Wound { phase, errors } => self.wound(phase, errors),
            Message::ClientTold { client, outcome } => self.feed(Input::ClientTold { client, outcome }),
            Message::ClientLeft { client } => self.client_left(client),
            Message::Reaped { unit, name, outcome, found } => self.reaped(unit, &name, outcome, found),
        }
    }

    /// Gives the engine an input, and carries out what it asks for, and what comes of that.
    fn feed(&mut self, input: Input) {
        let _disposition = self.feed_first(input);
    }

    /// The same, and says what became of the input itself.
    fn feed_first(&mut self, input: Input) -> Disposition {
        let disposition = self.feed_one(input);
        while let Some(input) = self.then.pop_front() {
            let _disposition = self.feed_one(input);
        }
        disposition
    }

    fn feed_one(&mut self, input: Input) -> Disposition {
        let now = self.now();
        let mut effects = std::mem::take(&mut self.effects);
        let disposition = self.engine.handle(now, input, &mut effects);
        if let Some(recorder) = &mut self.recorder
            && let Some(remark) = recorder.step(now, input, disposition, effects.as_slice())
        {
            self.hooks.remark(&remark);
        }
        self.hooks.step(now, &input, disposition, effects.as_slice());
        // Before anybody has the answer: who was told of a stop finds it counted.
        for report in effects.stops() {
            let entry = self.table.get(report.unit);
            let error = entry.and_then(|entry| entry.error_of(report.incarnation)).map(|error| &**error);
            let name = entry.map_or("?", |entry| &entry.name);
            self.hooks.stopped(&UnitStop { name, error, report });
        }
        for effect in effects.drain() {
            self.carry_out(now, effect);
        }
        self.effects = effects;
        disposition
    }

    fn now(&self) -> Moment {
        Moment::START.after(self.epoch.elapsed().into())
    }

    fn instant(&self, at: Moment) -> Instant {
        // A host does not live for centuries, and what is later than that is never.
        let far = Duration::from_secs(60 * 60 * 24 * 365);
        self.epoch + Duration::from_nanos(at.nanos()).min(self.epoch.elapsed() + far)
    }

    fn report(&self) -> Report {
        let whole = self.engine.report();
        let stated = |unit: &UnitReport| Some((unit.unit, self.table.get(unit.unit)?.stated(unit.reason)?));
        let is_stated = |unit: &&UnitReport| matches!(unit.reason, Reason::Stated(_));
        let stated = whole.units.iter().filter(is_stated).filter_map(stated).collect();
        let error = |unit: &UnitReport| {
            let entry = self.table.get(unit.unit)?;
            let has_failed = unit.status == Status::Failed || unit.ending == Ending::BetweenStarts;
            let error = if has_failed { entry.error.as_ref() } else { entry.error_of(unit.incarnation) };
            Some((unit.unit, Arc::clone(error?)))
        };
        let errors = whole.units.iter().filter_map(error).collect();
        Report { whole, names: self.table.names(), stated, errors, remarks: self.remarks.clone() }
    }

    /// Hands over the findings that no write has held yet.
    fn write_behind(&mut self) {
        for unit in std::mem::take(&mut self.unwritten) {
            let Some(entry) = self.table.get_mut(unit) else { continue };
            let findings = entry.findings.take_fresh();
            if !findings.is_empty() {
                let unit = Arc::clone(&entry.name);
                self.store.write(crate::store::Write::Findings { unit, findings });
            }
        }
    }

    /// The engine has exited. Tasks end with their host, also where the process lives on, and get a moment
    /// to be seen to.
    async fn end_bodies(&mut self) {
        for running in self.table.running().filter(|running| !running.ends) {
            running.hands.host_is_gone(&running.shared);
        }
        let seen_to_end = async {
            while self.tasks > 0 {
                let Some(message) = self.inbox.recv().await else { return };
                self.take_in(message);
            }
        };
        drop(tokio::time::timeout(YIELD, seen_to_end).await);
    }

    /// What is left is to let go. Says what went wrong with that, and gives back what may take its time.
    async fn leave(mut self, deadline: Moment) -> (Option<String>, Table) {
        self.write_behind();
        self.inbox.close();
        let left = if deadline.is_never() { Duration::MAX } else { self.now().until(deadline).into() };
        let left = left.max(LAST);
        let store = self.store;
        let closed = tokio::task::spawn_blocking(move || store.close(left));
        let phases = async move { while self.phases.join_next().await.is_some() {} };
        // A hook that hangs ends with the process.
        drop(tokio::time::timeout(LAST, phases).await);
        drop(closed.await);
        let Some(recorder) = self.recorder else { return (None, self.table) };
        let remark = tokio::task::spawn_blocking(move || recorder.close(LAST)).await.ok().flatten();
        (remark, self.table)
    }
}
