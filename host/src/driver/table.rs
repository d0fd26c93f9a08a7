//! Names and numbers: what the driver keeps of each unit beside what the engine knows.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::{broadcast, oneshot};
use winddown_core::{Incarnation, KindId, OwnerId, Reason, Row, Step, UnitId};

use crate::{
    body::Hands,
    context::{NotSaved, Shared},
    host::News,
    roster::{Named, Roster},
    store::{Finding, ProcessIdentity},
    unit::Body,
};

/// One unit.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Arc<str>,
    pub(super) kind: KindId,
    pub(super) owner: OwnerId,
    pub(super) body: Body,
    /// What was the last start of whoever had this number before: its bodies' words are not this unit's.
    pub(super) born: Incarnation,
    pub(super) running: Option<Running>,
    pub(super) findings: Ledger,
    /// What the last checkpoint kept.
    pub(super) state: Option<Arc<[u8]>>,
    /// What the engine last wanted to have written.
    pub(super) row: Option<Row>,
    pub(super) process: Option<Box<ProcessIdentity>>,
    pub(super) progress: Option<Arc<str>>,
    pub(super) error: Option<Arc<str>>,
    /// The last start that got a body here.
    pub(super) embodied: Incarnation,
    /// What the number of a stated reason stands for.
    pub(super) reason: Option<(u32, Arc<str>)>,
    pub(super) subscribers: Option<broadcast::Sender<News>>,
}

impl Entry {
    /// A unit that has done nothing yet.
    pub(super) fn new(name: Arc<str>, kind: KindId, owner: OwnerId, body: Body, born: Incarnation) -> Self {
        Self {
            name,
            kind,
            owner,
            body,
            born,
            running: None,
            findings: Ledger::default(),
            state: None,
            row: None,
            process: None,
            progress: None,
            error: None,
            embodied: Incarnation(0),
            reason: None,
            subscribers: None,
        }
    }

    /// What the body of that start went wrong with, if it is the last one here. What waits for its next start, or was
    /// left by an earlier host, has no body here.
    pub(super) fn error_of(&self, start: Incarnation) -> Option<&Arc<str>> {
        self.error.as_ref().filter(|_| self.embodied == start)
    }

    /// What a reason stands for, where somebody stated it and that is known.
    pub(super) fn stated(&self, reason: Reason) -> Option<Arc<str>> {
        match (reason, &self.reason) {
            (Reason::Stated(number), Some((own, text))) if *own == number => Some(Arc::clone(text)),
            _ => None,
        }
    }
}

/// The body of a unit's last start.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) shared: Arc<Shared>,
    pub(super) hands: Hands,
    pub(super) holds_still: bool,
    /// It was told to end, by force.
    pub(super) ends: bool,
    /// The rung that waits for it to be gone, and does not hear so from its exit.
    pub(super) exit_step: Option<Step>,
}

/// What a unit found, as far as it has not been handed to the store, and who waits for it. Most units that are
/// alive at the same time have found nothing, so that takes no room.
#[derive(Debug, Default)]
pub(super) struct Ledger(Option<Box<Found>>);

#[derive(Debug, Default)]
struct Found {
    /// All ids so far.
    ids: HashSet<Arc<str>>,
    /// How many there are, as the engine counts them.
    recorded: u32,
    fresh: Vec<Finding>,
    /// Who waits until the findings up to that count are durable.
    waiters: Vec<(u32, oneshot::Sender<Result<(), NotSaved>>)>,
}

impl Ledger {
    /// What an earlier host left.
    pub(super) fn recovered(ids: impl Iterator<Item = Arc<str>>, count: u32) -> Self {
        let found = Found { ids: ids.collect(), recorded: count, ..Found::default() };
        Self((count > 0).then(|| Box::new(found)))
    }

    /// Takes a finding in. `false`: it is there already.
    pub(super) fn add(&mut self, finding: Finding) -> bool {
        let found = self.0.get_or_insert_default();
        let new = found.ids.insert(Arc::clone(&finding.id));
        if new {
            found.recorded += 1;
            found.fresh.push(finding);
        }
        new
    }

    pub(super) fn recorded(&self) -> u32 {
        self.0.as_ref().map_or(0, |found| found.recorded)
    }

    pub(super) fn wait(&mut self, reply: oneshot::Sender<Result<(), NotSaved>>) {
        let found = self.0.get_or_insert_default();
        found.waiters.push((found.recorded, reply));
    }

    /// What no write has held yet.
    pub(super) fn take_fresh(&mut self) -> Vec<Finding> {
        self.0.as_mut().map_or_else(Vec::new, |found| std::mem::take(&mut found.fresh))
    }

    /// Whether there is anything that no write has held yet.
    pub(super) fn has_fresh(&self) -> bool {
        self.0.as_ref().is_some_and(|found| !found.fresh.is_empty())
    }

    /// The first `count` are durable.
    pub(super) fn saved(&mut self, count: u32) {
        self.tell(count, Ok(()));
    }

    /// A write that held the first `count` failed.
    pub(super) fn failed(&mut self, count: u32) {
        self.tell(count, Err(NotSaved));
    }

    fn tell(&mut self, count: u32, what: Result<(), NotSaved>) {
        let Some(found) = &mut self.0 else { return };
        for (_, reply) in found.waiters.extract_if(.., |(place, _)| *place <= count) {
            // Who does not wait any more needs no answer.
            let _gone = reply.send(what);
        }
    }
}

impl Named for Entry {
    fn name(&self) -> &Arc<str> {
        &self.name
    }
}

/// All units, by number and by name.
#[derive(Debug, Default)]
pub(super) struct Table(Roster<Entry>);

impl Table {
    pub(super) fn find(&self, name: &str) -> Option<UnitId> {
        self.0.find(name).and_then(number)
    }

    pub(super) fn get(&self, unit: UnitId) -> Option<&Entry> {
        self.0.get(unit.index())
    }

    pub(super) fn get_mut(&mut self, unit: UnitId) -> Option<&mut Entry> {
        self.0.get_mut(unit.index())
    }

    /// A number for a unit that needs all of `needs`, if there is any left: a unit has a greater number
    /// than whatever it needs.
    pub(super) fn next_number(&self, needs: &[UnitId]) -> Option<UnitId> {
        number(self.0.free(needs.iter().max().map(|last| last.index())))
    }

    /// Puts a unit under the number that `next_number` gave.
    pub(super) fn insert(&mut self, unit: UnitId, entry: Entry) {
        self.0.insert(unit.index(), entry);
    }

    pub(super) fn remove(&mut self, unit: UnitId) -> Option<Entry> {
        self.0.remove(unit.index())
    }

    /// All units in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (UnitId, &Entry)> {
        (0..).map(UnitId).zip(self.0.places()).filter_map(|(unit, entry)| Some((unit, entry.as_ref()?)))
    }

    /// All bodies that are not known to be gone.
    pub(super) fn running(&mut self) -> impl Iterator<Item = &mut Running> {
        self.0.places_mut().iter_mut().flatten().filter_map(|entry| entry.running.as_mut())
    }

    /// The names by number; a number that nobody has is an empty name.
    pub(super) fn names(&self) -> Vec<Arc<str>> {
        let name = |entry: &Option<Entry>| entry.as_ref().map_or_else(|| Arc::from(""), |it| it.name.clone());
        self.0.places().iter().map(name).collect()
    }
}

fn number(place: usize) -> Option<UnitId> {
    u32::try_from(place).ok().map(UnitId)
}
