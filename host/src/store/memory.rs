//! A store without a disk: for tests, and for those who do not want one.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use winddown_core::{Incarnation, Outcome, Row};

use crate::roster::{Named, Roster};

use super::{Done, Finding, FindingsReply, Kept, ProcessIdentity, Store, Write, owed::Owed};

/// What a [`MemoryStore`] writes to. It outlives the store, so that a host can be started again on it, and
/// can be told to misbehave like a disk. Clones are the same memory.
#[derive(Clone, Default, Debug)]
pub struct Memory {
    inner: Arc<Mutex<Inner>>,
}

impl Memory {
    /// An empty one that behaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every write fails, as on a full disk; or none does.
    pub fn fail(&self, fails: bool) {
        self.lock().fails = fails;
    }

    /// From now on nothing comes back, as from a disk that hangs; or what hung is done, in order.
    pub fn hang(&self, hangs: bool) {
        self.lock().hangs = hangs;
        self.work();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what waits, unless it hangs, and tells whoever waits for it once the memory is free again.
    fn work(&self) {
        loop {
            let mut inner = self.lock();
            if inner.hangs {
                return;
            }
            let Some(order) = inner.waiting.pop_front() else { return };
            let told = inner.carry_out(order);
            let done = inner.done.clone();
            drop(inner);
            match (told, done) {
                (Some(Told::Done(what)), Some(done)) => {
                    done.lock().unwrap_or_else(PoisonError::into_inner)(what);
                }
                (Some(Told::Found(findings, reply)), _) => reply(Ok(findings)),
                (Some(Told::Done(_)) | None, _) => {}
            }
        }
    }
}

/// A store in memory that behaves as [`SqliteStore`](super::SqliteStore) does, but for what a disk is for.
#[derive(Debug)]
pub struct MemoryStore {
    memory: Memory,
}

impl MemoryStore {
    /// Opens the memory, and says what it holds. What still waited to be written by the store before this
    /// one never will be, as after a crash. `done` is called by whoever writes, and must not block.
    #[must_use]
    pub fn open(memory: &Memory, done: impl Fn(Done) + Send + 'static) -> (Self, Vec<Kept>) {
        let mut inner = memory.lock();
        inner.waiting.clear();
        inner.owed = Owed::default();
        inner.done = Some(Arc::new(Mutex::new(Box::new(done))));
        let kept = inner.kept();
        drop(inner);
        (Self { memory: memory.clone() }, kept)
    }
}

impl Store for MemoryStore {
    fn write(&mut self, write: Write) {
        self.memory.lock().waiting.push_back(Order::Write(write));
        self.memory.work();
    }

    fn findings(&mut self, unit: Arc<str>, after: u32, limit: u32, reply: FindingsReply) {
        self.memory.lock().waiting.push_back(Order::Findings { unit, after, limit, reply });
        self.memory.work();
    }

    fn close(self: Box<Self>, _within: Duration) {
        let mut inner = self.memory.lock();
        if !inner.hangs && !inner.fails {
            inner.settle_debts();
        }
    }
}

enum Order {
    Write(Write),
    Findings { unit: Arc<str>, after: u32, limit: u32, reply: FindingsReply },
}

enum Told {
    Done(Done),
    Found(Vec<Finding>, FindingsReply),
}

type Teller = Box<dyn Fn(Done) + Send>;

#[derive(Default)]
struct Inner {
    units: Roster<Unit>,
    /// How many units ever came.
    came: usize,
    fails: bool,
    hangs: bool,
    waiting: VecDeque<Order>,
    owed: Owed,
    done: Option<Arc<Mutex<Teller>>>,
}

impl core::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Memory")
            .field("units", &self.units.len())
            .field("fails", &self.fails)
            .field("hangs", &self.hangs)
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

struct Unit {
    name: Arc<str>,
    /// The how-manieth to come.
    came: usize,
    /// Its kind and its owner, unless it was removed.
    declared: Option<(Arc<str>, Arc<str>)>,
    findings: Vec<Finding>,
    /// What their producers call them.
    found: BTreeSet<Arc<str>>,
    row: Option<Row>,
    stated: Option<Arc<str>>,
    state: Option<(Incarnation, Vec<u8>)>,
    process: Option<(Incarnation, ProcessIdentity)>,
}

impl Inner {
    fn carry_out(&mut self, order: Order) -> Option<Told> {
        match order {
            Order::Write(write) => self.write(write).map(Told::Done),
            Order::Findings { unit, after, limit, reply } => {
                let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
                let unit = self.units.find(&unit).and_then(|number| self.units.get(number));
                let all = unit.map_or(&[][..], |unit| &unit.findings);
                Some(Told::Found(all.iter().skip(place(after)).take(place(limit)).cloned().collect(), reply))
            }
        }
    }

    fn write(&mut self, write: Write) -> Option<Done> {
        if self.fails {
            let done = write.done(Outcome::Failed);
            self.owed.owe(write);
            return done;
        }
        for debt in self.owed.settle(write.unit()) {
            self.apply(&debt);
        }
        let outcome = if self.apply(&write) { Outcome::Done } else { Outcome::Failed };
        write.done(outcome)
    }

    fn settle_debts(&mut self) {
        let units: Vec<_> = self.owed.units().cloned().collect();
        for unit in units {
            for debt in self.owed.settle(&unit) {
                self.apply(&debt);
            }
        }
    }

    /// Carries a write out, or refuses it: then nothing is taken from it but its findings.
    fn apply(&mut self, write: &Write) -> bool {
        let name = write.unit();
        let becomes_known = matches!(write, Write::Declare { .. }) || !write.findings().is_empty();
        let known = self.units.find(name).or_else(|| becomes_known.then(|| self.make_known(name)));
        let Some((number, unit)) = known.and_then(|number| Some((number, self.units.get_mut(number)?)))
        else {
            return matches!(write, Write::Remove { .. } | Write::Findings { .. });
        };
        unit.add(write.findings());
        let declared = unit.declared.is_some();
        match write {
            Write::Declare { kind, owner, .. } => unit.declared = Some((Arc::clone(kind), Arc::clone(owner))),
            Write::Findings { .. } => {}
            Write::Remove { .. } if unit.findings.is_empty() => drop(self.units.remove(number)),
            Write::Remove { .. } => unit.forget(),
            Write::Persist { .. } | Write::Checkpoint { .. } | Write::Spawned { .. } if !declared => {
                return false;
            }
            Write::Persist { row, stated, .. } => unit.put(*row, stated.as_ref()),
            Write::Checkpoint { row, stated, state, .. } => {
                unit.put(*row, stated.as_ref());
                if unit.state.as_ref().is_none_or(|(start, _)| *start <= row.incarnation) {
                    unit.state = Some((row.incarnation, state.clone()));
                }
            }
            Write::Spawned { incarnation, process, .. } => {
                if unit.process.is_none_or(|(start, _)| start <= *incarnation) {
                    unit.process = Some((*incarnation, *process));
                }
            }
        }
        true
    }

    /// Takes a new unit in, and says under which number.
    fn make_known(&mut self, name: &Arc<str>) -> usize {
        self.came += 1;
        let number = self.units.free(None);
        self.units.insert(number, Unit::new(Arc::clone(name), self.came));
        number
    }

    fn kept(&self) -> Vec<Kept> {
        let mut units: Vec<_> = self.units.places().iter().flatten().collect();
        units.sort_by_key(|unit| unit.came);
        units.into_iter().filter_map(Unit::kept).collect()
    }
}

impl Named for Unit {
    fn name(&self) -> &Arc<str> {
        &self.name
    }
}

impl Unit {
    /// One of which only the name is known.
    const fn new(name: Arc<str>, came: usize) -> Self {
        Self {
            name,
            came,
            declared: None,
            findings: Vec::new(),
            found: BTreeSet::new(),
            row: None,
            stated: None,
            state: None,
            process: None,
        }
    }

    fn add(&mut self, findings: &[Finding]) {
        for finding in findings {
            if self.found.insert(Arc::clone(&finding.id)) {
                self.findings.push(finding.clone());
            }
        }
    }

    /// Everything but what was found.
    fn forget(&mut self) {
        (self.declared, self.row, self.stated) = (None, None, None);
        (self.state, self.process) = (None, None);
    }

    /// Compare and set: a later incarnation replaces an earlier one, and the first terminal status of an
    /// incarnation stays.
    fn put(&mut self, row: Row, stated: Option<&Arc<str>>) {
        let stays = self.row.is_some_and(|old| {
            let settled = old.status.is_terminal() && old.status != row.status;
            row.incarnation < old.incarnation || (row.incarnation == old.incarnation && settled)
        });
        if !stays {
            self.row = Some(row);
            self.stated = stated.cloned();
        }
    }

    fn kept(&self) -> Option<Kept> {
        let (kind, owner) = self.declared.clone()?;
        let findings = u32::try_from(self.findings.len()).unwrap_or(u32::MAX);
        Some(Kept {
            unit: Arc::clone(&self.name),
            kind,
            owner,
            row: self.row.map(|row| Row { findings, ..row }),
            stated: self.stated.clone(),
            state: self.state.as_ref().map(|(_, state)| state.clone()),
            process: self.process.map(|(_, process)| process),
        })
    }
}
