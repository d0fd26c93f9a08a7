//! The search: level by level, so that the first way to anything is a shortest one.
//!
//! Each thread goes on from the states that it has found itself, and then from those of others, and puts those
//! that are new into the next level. What it finds out about choices all threads know from the next level on.
//! What comes out does not depend on how many threads there are, nor on which of them is first.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{
    Model, Watcher,
    choice::Choice,
    foresight::{Foresight, Here, Led},
    key::{self, Digests},
    menu::Options,
    pieces::{Known, Parts, Pieces},
    recent::Recent,
    state::{State, Witness},
    table::{Calm, Met, STUCK, Table},
};
use crate::coverage::Coverage;

/// So many states a thread takes at a time.
const BLOCK: usize = 32;

/// In one of so many states, by its key, a choice is tried whose end is foreseen, and compared.
const CHECKED: u64 = 32;

const fn is_checked(key: u64) -> bool {
    key.is_multiple_of(CHECKED)
}

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
    /// How many choices were tried by all threads.
    pub(super) tried: u64,
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

/// A state that is new: what may happen next in it was not tried yet.
#[derive(Clone, Copy, Debug)]
struct Fresh {
    key: u64,
    parts: Parts,
}

/// Where a choice leads.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    /// Nowhere, if it is not known yet, or the choice breaks a claim.
    key: Option<u64>,
    /// What the state there is put together from, unless it is an exit.
    parts: Parts,
    /// The key of the state before.
    parent: u64,
}

/// One level, as all threads see it.
struct Level<'a> {
    model: &'a Model,
    watcher: &'a dyn Watcher,
    table: &'a Table,
    pieces: &'a Pieces,
    /// What was found out in the levels before.
    foresight: &'a Foresight,
    /// What no thread has taken yet: for each thread what it has found itself.
    states: Vec<Mutex<Vec<Fresh>>>,
    number: u32,
    stop: &'a AtomicBool,
    transitions: &'a AtomicU64,
    /// These states are too far away: nothing is tried in them.
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
    /// What was found in the level before: by now, room.
    room: Vec<Fresh>,
    /// Where all choices of all states of a block lead.
    ahead: Vec<Ahead>,
    /// Where calm leads from each of the block's states.
    calm: Vec<(u64, u64)>,
    /// The pieces that it knows of, and what it has found out in this level.
    known: Known,
    latest: Foresight,
    witness: Witness,
    menu: Vec<Choice>,
    recent: Recent,
    /// How many choices it has tried.
    tried: u64,
}

impl Worker {
    fn new(model: &Model) -> Self {
        Self {
            here: model.empty(),
            next: model.empty(),
            found: Vec::new(),
            room: Vec::new(),
            ahead: Vec::new(),
            calm: Vec::new(),
            known: Known::default(),
            latest: Foresight::default(),
            witness: Witness::default(),
            menu: Vec::new(),
            recent: Recent::default(),
            tried: 0,
        }
    }

    /// What it has found, for all to go on from; and it has room for more.
    fn turn(&mut self) -> Mutex<Vec<Fresh>> {
        self.room.clear();
        Mutex::new(core::mem::replace(&mut self.found, core::mem::take(&mut self.room)))
    }
}

pub(super) fn search(model: &Model, depth: u32, jobs: usize, watcher: &dyn Watcher, ways: bool) -> Searched {
    let table = Table::new(ways);
    let stop = AtomicBool::new(false);
    let transitions = AtomicU64::new(0);
    let pieces = Pieces::default();
    let mut foresight = Foresight::default();
    let mut workers: Vec<Worker> = (0..jobs.max(1)).map(|_| Worker::new(model)).collect();
    let first = begin(model, &pieces);
    let _new = table.with_room(1).meet(first.key, 0, 0);
    workers[0].found.push(first);
    let mut levels = Vec::new();
    let mut broken = None;
    let mut all = true;
    while all && broken.is_none() {
        let count = workers.iter().map(|worker| worker.found.len()).sum::<usize>();
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
            pieces: &pieces,
            foresight: &foresight,
            states: workers.iter_mut().map(Worker::turn).collect(),
            number,
            stop: &stop,
            transitions: &transitions,
            last: !all,
            broken: Mutex::new(None),
        };
        level.run(count, &mut workers);
        broken = level.broken.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (worker, states) in workers.iter_mut().zip(level.states) {
            worker.room = states.into_inner().unwrap_or_else(PoisonError::into_inner);
        }
        workers.iter_mut().for_each(|worker| foresight.absorb(&mut worker.latest));
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
        tried: workers.iter().map(|worker| worker.tried).sum(),
        foresight_bytes: foresight.bytes(),
    }
}

/// The first state, with all its pieces.
fn begin(model: &Model, pieces: &Pieces) -> Fresh {
    let root = model.root();
    let digests = root.digests(model.symmetric());
    let parts = pieces.parts(&mut Known::default(), &root, &digests, None);
    Fresh { key: digests.key(), parts }
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
        worker.known.catch_up(self.pieces);
        while !self.stop.load(Ordering::Relaxed) {
            self.take(own, &mut block);
            if block.is_empty() {
                // States that are made of the same pieces one after the other: then these stay warm.
                worker.found.sort_unstable_by_key(|fresh| fresh.parts.place());
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

    /// Finds out where everything leads that may happen next in a state.
    fn expand(&self, fresh: &Fresh, worker: &mut Worker) {
        if self.last {
            return;
        }
        let Fresh { key, parts } = fresh;
        let mut menu = core::mem::take(&mut worker.menu);
        let options = worker.known.options(parts);
        let calm = options.menu(|unit| worker.known.units.digest(parts.units()[unit.index()]), &mut menu);
        let twins = if self.model.symmetric() { parts.twins() } else { 0 };
        if twins != 0 {
            // What a unit's like may do leads to the same.
            menu.retain(|choice| choice.unit().is_none_or(|unit| twins >> unit.0 & 1 == 0));
        }
        let first = worker.ahead.len();
        self.look_ahead(fresh, &options, &menu, worker);
        // The first one is the calm one.
        match worker.ahead.get(first).filter(|_| calm) {
            Some(Ahead { key: Some(next), .. }) => worker.calm.push((*key, *next)),
            Some(Ahead { key: None, .. }) => {}
            None => worker.calm.push((*key, STUCK)),
        }
        worker.menu = menu;
    }

    /// Finds out where each choice of the menu leads.
    fn look_ahead(&self, fresh: &Fresh, options: &Options, menu: &[Choice], worker: &mut Worker) {
        let Fresh { key, parts } = fresh;
        let Worker { ahead, known, latest, .. } = worker;
        let first = ahead.len();
        let digests = known.digests(parts, self.model.symmetric());
        let prospect = self.foresight.seen_from(latest, Here { parts, options, digests: &digests, known });
        ahead.extend(menu.iter().map(|choice| {
            let foreseen = if self.model.foresees { prospect.look(*choice) } else { None };
            let (next, parts) = foreseen.map_or((None, *parts), |(key, parts)| (Some(key), parts));
            Ahead { key: next, parts, parent: *key }
        }));
        if is_checked(*key) || ahead[first..].iter().any(|ahead| ahead.key.is_none()) {
            self.find_out(fresh, &digests, menu, worker);
        }
    }

    /// Goes to a state and tries what is not foreseen; and in some of them something that is.
    fn find_out(&self, fresh: &Fresh, digests: &Digests, menu: &[Choice], worker: &mut Worker) {
        let Fresh { key, parts } = fresh;
        worker.here.put_together(self.pieces, parts);
        if is_checked(*key) {
            self.check(*key, digests, menu, worker);
        }
        let Worker { here, next, ahead, known, latest, witness, tried, .. } = worker;
        let first = ahead.len() - menu.len();
        let mut unknown =
            ahead[first..].iter_mut().zip(menu).filter(|(ahead, _)| ahead.key.is_none()).peekable();
        while let Some((ahead, choice)) = unknown.next() {
            // What is tried last is tried in the state itself, which nobody needs any more.
            let next = if unknown.peek().is_none() {
                &mut *here
            } else {
                next.copy_from(here);
                &mut *next
            };
            *tried += 1;
            if next.take(self.model.setup(), *choice, witness).is_err() {
                self.break_at(self.number, *key);
                continue;
            }
            ahead.key = next.key_of_exit();
            let led = if let Some(key) = ahead.key {
                Led::Out(key)
            } else {
                let after = next.digests_after(digests);
                ahead.key = Some(after.key());
                ahead.parts = self.pieces.parts(known, next, &after, Some(parts));
                Led::On(&ahead.parts, next.touched)
            };
            if self.model.foresees {
                latest.learn(parts, known, *choice, led);
            }
        }
    }

    /// Tries one choice of the state that the thread is in, if its end is foreseen. What was foreseen and does not
    /// come is as bad as a broken claim.
    fn check(&self, key: u64, digests: &Digests, menu: &[Choice], worker: &mut Worker) {
        let Worker { here, next, ahead, witness, .. } = worker;
        let first = ahead.len() - menu.len();
        // Any of them will do: another one in each state.
        let place = usize::try_from(key / CHECKED).unwrap_or_default() % menu.len().max(1);
        let Some(Ahead { key: Some(foreseen), .. }) = ahead[first..].get(place) else { return };
        next.copy_from(here);
        worker.tried += 1;
        let verdict = next.take(self.model.setup(), menu[place], witness);
        let comes = || next.key_of_exit().unwrap_or_else(|| next.digests_after(digests).key());
        if verdict.is_err() || comes() != *foreseen {
            self.break_at(self.number, key);
        }
    }

    /// Keeps those of a block's next states that are new.
    fn keep(&self, worker: &mut Worker) {
        let Worker { ahead, calm, found, recent, .. } = worker;
        let mut table = self.table.with_room(ahead.len());
        // Who notes ways wants to know of every one.
        if !table.has_ways() {
            for ahead in ahead.iter_mut().filter(|ahead| ahead.key.is_some_and(|key| recent.met(key))) {
                ahead.key = None;
            }
        }
        table.reach_for(ahead.iter().filter_map(|ahead| ahead.key).chain(calm.iter().map(|(own, _)| *own)));
        for (own, next) in calm.drain(..) {
            table.set_calm(own, next);
        }
        for Ahead { key, parts, parent } in ahead.drain(..) {
            let Some(key) = key else { continue };
            if table.meet(key, parent, self.number) == Met::New && !key::is_of_exit(key) {
                found.push(Fresh { key, parts });
            }
        }
    }

    /// A choice breaks a claim, in a state with this key that is so far away.
    fn break_at(&self, steps: u32, key: u64) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        *broken = Some(broken.map_or((steps, key), |other| other.min((steps, key))));
    }
}
