//! The search: level by level, so that the first way to anything is a shortest one.
//!
//! All threads take states of a level from one line, and put those that are new into the next. What comes
//! out does not depend on how many threads there are, nor on which of them is first.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{
    Model, Watcher,
    choice::Choice,
    key::Key,
    state::{State, Witness},
    table::{Met, STUCK, Table},
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
    /// The smallest key of the states of which one choice breaks a claim.
    pub(super) broken: Option<u64>,
}

/// A state whose choices were not tried yet.
#[derive(Debug)]
struct Fresh {
    key: Key,
    // In a box, so that it stays where it is while lists of them grow.
    state: Box<State>,
}

/// One level, as all threads see it.
struct Level<'a> {
    model: &'a Model,
    watcher: &'a dyn Watcher,
    table: &'a Table,
    /// What no thread has taken yet.
    states: Mutex<Vec<Fresh>>,
    number: u32,
    stop: &'a AtomicBool,
    transitions: &'a AtomicU64,
    broken: Mutex<Option<u64>>,
}

/// What one thread has of its own, kept from level to level.
#[derive(Debug)]
struct Worker {
    /// States whose room can be used again.
    #[expect(clippy::vec_box, reason = "boxes go from list to list, and states stay where they are")]
    spare: Vec<Box<State>>,
    found: Vec<Fresh>,
    /// What a state's choices lead to.
    next: Vec<Fresh>,
    witness: Witness,
    menu: Vec<Choice>,
}

impl Worker {
    fn room(&mut self, model: &Model) -> Box<State> {
        self.spare.pop().unwrap_or_else(|| Box::new(model.empty()))
    }
}

pub(super) fn search(model: &Model, depth: u32, jobs: usize, watcher: &dyn Watcher) -> Searched {
    let table = Table::new(jobs);
    let stop = AtomicBool::new(false);
    let transitions = AtomicU64::new(0);
    let root = Box::new(model.root());
    let mut states = vec![Fresh { key: root.look(model.symmetric()), state: root }];
    let _new = table.with_room(1).meet(states[0].key.value, 0, 0);
    let worker = || Worker {
        spare: Vec::new(),
        found: Vec::new(),
        next: Vec::new(),
        witness: Witness::default(),
        menu: Vec::new(),
    };
    let mut workers: Vec<Worker> = (0..jobs.max(1)).map(|_| worker()).collect();
    let mut levels = Vec::new();
    let mut broken = None;
    while !states.is_empty() && broken.is_none() {
        levels.push(states.len() as u64);
        let number = u32::try_from(levels.len()).unwrap_or(u32::MAX);
        if number > depth || stop.load(Ordering::Relaxed) {
            break;
        }
        let level = Level {
            model,
            watcher,
            table: &table,
            states: Mutex::new(core::mem::take(&mut states)),
            number,
            stop: &stop,
            transitions: &transitions,
            broken: Mutex::new(None),
        };
        level.run(&mut workers);
        broken = level.broken.into_inner().unwrap_or_else(PoisonError::into_inner);
        states = level.states.into_inner().unwrap_or_else(PoisonError::into_inner);
        for worker in &mut workers {
            states.append(&mut worker.found);
        }
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
        exhausted: states.is_empty() && broken.is_none() && !interrupted,
        interrupted,
        broken,
    }
}

impl Level<'_> {
    fn run(&self, workers: &mut [Worker]) {
        if workers.len() == 1 || self.left().len() <= BLOCK {
            return workers.iter_mut().take(1).for_each(|worker| self.work(worker));
        }
        std::thread::scope(|scope| {
            for worker in workers {
                scope.spawn(|| self.work(worker));
            }
        });
    }

    fn left(&self) -> MutexGuard<'_, Vec<Fresh>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, worker: &mut Worker) {
        let mut block = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            {
                let mut left = self.left();
                let first = left.len().saturating_sub(BLOCK);
                block.extend(left.drain(first..));
            }
            if block.is_empty() {
                break;
            }
            let mut tried = 0;
            for fresh in block.drain(..) {
                tried += self.expand(&fresh, worker);
                // Its room is used again while it is warm.
                worker.spare.push(fresh.state);
            }
            let all = self.transitions.fetch_add(tried, Ordering::Relaxed) + tried;
            self.watcher.progress(self.number, all);
            if self.watcher.must_stop() {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Tries everything that may happen next in a state. Says how much that was.
    fn expand(&self, fresh: &Fresh, worker: &mut Worker) -> u64 {
        let (model, symmetric) = (self.model, self.model.symmetric());
        let Fresh { key: before @ Key { value: own, twins, .. }, state } = fresh;
        let mut menu = core::mem::take(&mut worker.menu);
        let calm = state.menu(&mut menu);
        let mut tried = 0;
        for choice in &menu {
            // What a unit's like may do leads to the same.
            if *twins != 0 && state.unit_of(choice).is_some_and(|unit| twins >> unit.0 & 1 == 1) {
                continue;
            }
            tried += 1;
            let mut next = worker.room(model);
            next.copy_from(state);
            if next.take(model.setup(), *choice, &mut worker.witness).is_err() {
                let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
                *broken = Some(broken.map_or(*own, |other| other.min(*own)));
                worker.spare.push(next);
            } else {
                worker.next.push(Fresh { key: next.look_after(symmetric, before), state: next });
            }
        }
        worker.menu = menu;
        self.keep(*own, calm, worker);
        tried
    }

    /// Keeps those of a state's next states that are new.
    fn keep(&self, own: u64, calm: bool, worker: &mut Worker) {
        let seen = self.table.with_room(worker.next.len());
        seen.reach_for(worker.next.iter().map(|next| next.key.value).chain([own]));
        // The first one is the calm one.
        match worker.next.first() {
            Some(first) if calm => seen.set_calm(own, first.key.value),
            None if calm => {}
            Some(_) | None => seen.set_calm(own, STUCK),
        }
        for next in worker.next.drain(..) {
            if seen.meet(next.key.value, own, self.number) == Met::New && !next.state.is_over() {
                worker.found.push(next);
            } else {
                worker.spare.push(next.state);
            }
        }
    }
}
