//! The search: level by level, so that the first way to anything is a shortest one.
//!
//! Each thread goes on from the states that it has found itself, and then from those of others, and puts those
//! that are new into the next level. What it finds out about pieces and choices all threads know from the next
//! level on. What comes out does not depend on how many threads there are, nor on which of them is first.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{
    Model, Watcher,
    choice::Choice,
    foresight::Foresight,
    key::{Key, Parts},
    pieces::Pieces,
    state::{State, Witness},
    table::{Calm, Met, STUCK, Table},
};
use crate::coverage::Coverage;

/// So many states a thread takes at a time.
const BLOCK: usize = 32;

/// What a search has found out.
#[derive(Debug)]
pub(super) struct Searched {
    pub(super) table: Table,
    pub(super) transitions: u64,
    pub(super) depth: u32,
    /// The states of each level.
    pub(super) levels: Vec<u64>,
    pub(super) coverage: Coverage,
    /// There is nothing that was not looked at.
    pub(super) exhausted: bool,
    pub(super) interrupted: bool,
    /// The smallest key of the nearest states of which one choice breaks a claim.
    pub(super) broken: Option<u64>,
    pub(super) foresight_bytes: u64,
}

impl Searched {
    /// What there is to say about calm, if no claim is broken.
    pub(super) fn calm(&self) -> Calm {
        match self.broken {
            Some(_) => Calm { lost: None, open: 0 },
            None => self.table.follow_calm(),
        }
    }
}

/// Where a way begins: a state to be put together, and the key of the one that was gone on from.
#[derive(Clone, Copy, Debug)]
struct Source {
    parts: Parts,
    parent: u64,
}

/// A state that is new: what may happen next in it was not tried yet.
#[derive(Clone, Copy, Debug)]
struct Fresh {
    key: u64,
    /// The state before; or the state itself, if it was gone to already.
    source: Source,
    /// What leads here from the state before.
    by: Option<Choice>,
}

/// Where a choice leads.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    /// Nowhere, if the choice breaks a claim.
    key: Option<u64>,
    /// The place of the source among those of the block.
    source: u32,
    by: Option<Choice>,
}

/// What all threads know of what was found out in the levels before.
#[derive(Debug, Default)]
struct Known {
    foresight: Foresight,
    pieces: Pieces,
}

/// One level, as all threads see it.
struct Level<'a> {
    model: &'a Model,
    watcher: &'a dyn Watcher,
    table: &'a Table,
    known: &'a Known,
    /// What no thread has taken yet: for each thread what it has found itself.
    states: Vec<Mutex<Vec<Fresh>>>,
    number: u32,
    stop: &'a AtomicBool,
    transitions: &'a AtomicU64,
    /// Nothing is tried in these states: they are only gone to.
    last: bool,
    /// How far away a choice is that breaks a claim, and in which state.
    broken: Mutex<Option<(u32, u64)>>,
}

/// What one thread has of its own, kept from level to level.
#[derive(Debug)]
struct Worker {
    /// The state that it is in, and one that a choice leads to.
    here: State,
    next: State,
    found: Vec<Fresh>,
    /// Where all choices of all states of a block lead, and where those ways begin.
    ahead: Vec<Ahead>,
    sources: Vec<Source>,
    /// Where calm leads from each of the block's states.
    calm: Vec<(u64, u64)>,
    /// What it has found out in this level.
    latest: Known,
    witness: Witness,
    menu: Vec<Choice>,
}

impl Worker {
    fn new(model: &Model) -> Self {
        Self {
            here: model.empty(),
            next: model.empty(),
            found: Vec::new(),
            ahead: Vec::new(),
            sources: Vec::new(),
            calm: Vec::new(),
            latest: Known::default(),
            witness: Witness::default(),
            menu: Vec::new(),
        }
    }

    /// The place of a new source.
    fn source(&mut self, parts: Parts, parent: u64) -> u32 {
        self.sources.push(Source { parts, parent });
        u32::try_from(self.sources.len() - 1).unwrap_or(u32::MAX)
    }
}

pub(super) fn search(model: &Model, depth: u32, jobs: usize, watcher: &dyn Watcher, ways: bool) -> Searched {
    let table = Table::new(ways);
    let stop = AtomicBool::new(false);
    let transitions = AtomicU64::new(0);
    let mut known = Known::default();
    let mut workers: Vec<Worker> = (0..jobs.max(1)).map(|_| Worker::new(model)).collect();
    let first = begin(model, &mut known);
    let _new = table.with_room(1).meet(first.key, 0, 0);
    workers[0].found.push(first);
    let mut levels = Vec::new();
    let mut broken = None;
    let mut all = true;
    while all && broken.is_none() {
        let states: Vec<_> = workers.iter_mut().map(|worker| core::mem::take(&mut worker.found)).collect();
        let count = states.iter().map(Vec::len).sum::<usize>();
        if count == 0 {
            break;
        }
        levels.push(count as u64);
        let number = u32::try_from(levels.len()).unwrap_or(u32::MAX);
        all = number <= depth && !stop.load(Ordering::Relaxed);
        let level = Level {
            model,
            watcher,
            table: &table,
            known: &known,
            states: states.into_iter().map(Mutex::new).collect(),
            number,
            stop: &stop,
            transitions: &transitions,
            last: !all,
            broken: Mutex::new(None),
        };
        level.run(count, &mut workers);
        broken = level.broken.into_inner().unwrap_or_else(PoisonError::into_inner);
        workers.iter_mut().for_each(|worker| known.absorb(&mut worker.latest));
    }
    let mut coverage = Coverage::default();
    workers.iter().for_each(|worker| coverage.merge(&worker.witness.coverage));
    let interrupted = stop.load(Ordering::Relaxed);
    Searched {
        table,
        transitions: transitions.into_inner(),
        depth: u32::try_from(levels.len()).unwrap_or(u32::MAX) - 1,
        levels,
        coverage,
        exhausted: all && broken.is_none() && !interrupted,
        interrupted,
        broken: broken.map(|(_, key)| key),
        foresight_bytes: known.foresight.bytes(),
    }
}

/// The first state, with all its pieces known.
fn begin(model: &Model, known: &mut Known) -> Fresh {
    let mut root = model.root();
    root.touch(None);
    let Key { value, parts } = root.look(model.symmetric());
    known.pieces.keep(&Pieces::default(), &root, &parts);
    Fresh { key: value, source: Source { parts, parent: 0 }, by: None }
}

impl Known {
    fn absorb(&mut self, latest: &mut Self) {
        self.foresight.absorb(&mut latest.foresight);
        self.pieces.absorb(&mut latest.pieces);
    }
}

impl Level<'_> {
    fn run(&self, count: usize, workers: &mut [Worker]) {
        if workers.len() == 1 || count <= BLOCK {
            return workers.iter_mut().take(1).for_each(|worker| self.work(0, worker));
        }
        std::thread::scope(|scope| {
            for (own, worker) in workers.iter_mut().enumerate() {
                scope.spawn(move || self.work(own, worker));
            }
        });
    }

    /// Takes some states that nobody has taken: of its own as long as there are any, and then of others'.
    fn take(&self, own: usize, block: &mut Vec<Fresh>) {
        for states in self.states[own..].iter().chain(&self.states[..own]) {
            let mut left = states.lock().unwrap_or_else(PoisonError::into_inner);
            let first = left.len().saturating_sub(BLOCK);
            block.extend(left.drain(first..));
            if !block.is_empty() {
                return;
            }
        }
    }

    fn work(&self, own: usize, worker: &mut Worker) {
        let mut block = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            self.take(own, &mut block);
            if block.is_empty() {
                break;
            }
            for fresh in block.drain(..) {
                self.expand(&fresh, worker);
            }
            let tried = worker.ahead.len() as u64;
            self.keep(worker);
            let all = self.transitions.fetch_add(tried, Ordering::Relaxed) + tried;
            self.watcher.progress(self.number, all);
            if self.watcher.must_stop() {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Goes to a state, and finds out where everything leads that may happen next.
    fn expand(&self, fresh: &Fresh, worker: &mut Worker) {
        let Some(key) = self.reach(fresh, worker) else {
            return self.break_at(self.number - 1, fresh.source.parent);
        };
        if self.last {
            return;
        }
        worker.latest.pieces.keep(&self.known.pieces, &worker.here, &key.parts);
        let mut menu = core::mem::take(&mut worker.menu);
        let calm = worker.here.menu(&mut menu);
        let twins = key.parts.twins();
        if twins != 0 {
            // What a unit's like may do leads to the same.
            menu.retain(|choice| worker.here.unit_of(choice).is_none_or(|unit| twins >> unit.0 & 1 == 0));
        }
        let first = worker.ahead.len();
        self.look_ahead(&key, &menu, worker);
        // The first one is the calm one.
        match worker.ahead.get(first).filter(|_| calm) {
            Some(Ahead { key: Some(next), .. }) => worker.calm.push((key.value, *next)),
            Some(Ahead { key: None, .. }) => {}
            None => worker.calm.push((key.value, STUCK)),
        }
        worker.menu = menu;
    }

    /// Finds out where each choice of the menu leads.
    fn look_ahead(&self, before: &Key, menu: &[Choice], worker: &mut Worker) {
        let Known { foresight, pieces: _ } = &self.known;
        let first = worker.ahead.len();
        let source = worker.source(before.parts, before.value);
        worker.ahead.extend(menu.iter().map(|choice| {
            let latest = &worker.latest.foresight;
            let look = || foresight.look(latest, &worker.here, &before.parts, *choice);
            let key = if self.model.foresees { look() } else { None };
            Ahead { key, source, by: Some(*choice) }
        }));
        // After all of them were looked up: looking up goes hand in hand, as long as nothing is in between.
        for (place, choice) in (first..).zip(menu) {
            if worker.ahead[place].key.is_none() {
                worker.ahead[place] = self.try_out(before, *choice, worker);
            }
        }
    }

    /// Keeps those of a block's next states that are new.
    fn keep(&self, worker: &mut Worker) {
        let Worker { ahead, sources, calm, found, .. } = worker;
        let mut table = self.table.with_room(ahead.len());
        table.reach_for(ahead.iter().filter_map(|ahead| ahead.key).chain(calm.iter().map(|(own, _)| *own)));
        for (own, next) in calm.drain(..) {
            table.set_calm(own, next);
        }
        for Ahead { key, source, by } in ahead.drain(..) {
            let Some(key) = key else { continue };
            let source = &sources[source as usize];
            if table.meet(key, source.parent, self.number) == Met::New && !Key::is_of_exit(key) {
                found.push(Fresh { key, source: *source, by });
            }
        }
        sources.clear();
    }

    /// Goes to a state. Gives its key, if nothing is broken on the way there.
    fn reach(&self, fresh: &Fresh, worker: &mut Worker) -> Option<Key> {
        let Fresh { key, source: Source { parts, .. }, by } = fresh;
        if !worker.here.put_together(&self.known.pieces, parts) {
            return None;
        }
        let Some(choice) = by else { return Some(Key { value: *key, parts: *parts }) };
        worker.here.take(self.model.setup(), *choice, &mut worker.witness).ok()?;
        // What was foreseen and does not come would be as bad as a broken claim.
        Some(worker.here.look_after(parts)).filter(|found| found.value == *key)
    }

    /// Tries what nobody knows. Says where it leads, if nothing is broken on the way there.
    fn try_out(&self, before: &Key, choice: Choice, worker: &mut Worker) -> Ahead {
        let Worker { here, next, latest, witness, .. } = worker;
        next.copy_from(here);
        if next.take(self.model.setup(), choice, witness).is_err() {
            self.break_at(self.number, before.value);
            return Ahead { key: None, source: 0, by: None };
        }
        let Key { value, parts } = next.look_after(&before.parts);
        if !next.is_over() {
            latest.foresight.learn(here, &before.parts, choice, next, &parts);
            latest.pieces.keep(&self.known.pieces, next, &parts);
        }
        Ahead { key: Some(value), source: worker.source(parts, before.value), by: None }
    }

    /// A choice breaks a claim, in a state with this key that is so far away.
    fn break_at(&self, steps: u32, key: u64) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        *broken = Some(broken.map_or((steps, key), |other| other.min((steps, key))));
    }
}
