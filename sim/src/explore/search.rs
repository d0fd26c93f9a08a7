//! The search: level by level, so that the first way to anything is a shortest one.
//!
//! Each thread goes on from the states that it has found itself, and then from those of others, and puts those
//! that are new into the next level. What comes out does not depend on how many threads there are, nor on which
//! of them is first.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{
    Model, Watcher,
    choice::Choice,
    foresight::Foresight,
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
    /// The smallest key of the nearest states of which one choice breaks a claim.
    pub(super) broken: Option<u64>,
    pub(super) foresight_bytes: u64,
}

/// Where a choice leads; and the state itself, if it had to be tried.
#[derive(Debug)]
struct Ahead {
    key: Key,
    state: Option<Arc<State>>,
}

/// A state that is new: what may happen next in it was not tried yet.
#[derive(Debug)]
struct Fresh {
    key: Key,
    /// The state before, shared by all that are new after it, and its key.
    from: Arc<State>,
    parent: u64,
    /// What leads here from there. Nothing if this is the first one.
    by: Option<Choice>,
}

/// One level, as all threads see it.
struct Level<'a> {
    model: &'a Model,
    watcher: &'a dyn Watcher,
    table: &'a Table,
    /// What no thread has taken yet: for each thread what it has found itself, which is warm there.
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
    /// States whose room can be used again. Nobody else has them.
    spare: Vec<Arc<State>>,
    found: Vec<Fresh>,
    /// Where each choice leads.
    ahead: Vec<Option<Ahead>>,
    foresight: Foresight,
    witness: Witness,
    menu: Vec<Choice>,
}

impl Worker {
    fn room(&mut self, model: &Model) -> Arc<State> {
        self.spare.pop().unwrap_or_else(|| Arc::new(model.empty()))
    }

    /// Its room can be used again while it is warm, if nobody else goes on from it.
    fn give_back(&mut self, mut state: Arc<State>) {
        if Arc::get_mut(&mut state).is_some() {
            self.spare.push(state);
        }
    }
}

pub(super) fn search(model: &Model, depth: u32, jobs: usize, watcher: &dyn Watcher) -> Searched {
    let table = Table::new(jobs);
    let stop = AtomicBool::new(false);
    let transitions = AtomicU64::new(0);
    let root = Arc::new(model.root());
    let first = vec![Fresh { key: root.look(model.symmetric()), from: root, parent: 0, by: None }];
    let _new = table.with_room(1).meet(first[0].key.value, 0, 0);
    let worker = || Worker {
        spare: Vec::new(),
        found: Vec::new(),
        ahead: Vec::new(),
        foresight: Foresight::default(),
        witness: Witness::default(),
        menu: Vec::new(),
    };
    let mut workers: Vec<Worker> = (0..jobs.max(1)).map(|_| worker()).collect();
    let mut levels = Vec::new();
    let mut broken = None;
    let mut all = true;
    workers[0].found = first;
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
            states: states.into_iter().map(Mutex::new).collect(),
            number,
            stop: &stop,
            transitions: &transitions,
            last: !all,
            broken: Mutex::new(None),
        };
        level.run(count, &mut workers);
        broken = level.broken.into_inner().unwrap_or_else(PoisonError::into_inner);
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
        foresight_bytes: workers.iter().map(|worker| worker.foresight.bytes()).sum(),
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
            let mut tried = 0;
            for fresh in block.drain(..) {
                tried += self.expand(fresh, worker);
            }
            let all = self.transitions.fetch_add(tried, Ordering::Relaxed) + tried;
            self.watcher.progress(self.number, all);
            if self.watcher.must_stop() {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Goes to a state, and tries everything that may happen next. Says how much that was.
    fn expand(&self, fresh: Fresh, worker: &mut Worker) -> u64 {
        let before = fresh.key;
        let Some(state) = self.reach(fresh, worker) else { return 0 };
        let mut tried = 0;
        if !self.last {
            let mut menu = core::mem::take(&mut worker.menu);
            let calm = state.menu(&mut menu);
            let twins = before.parts.twins();
            if twins != 0 {
                // What a unit's like may do leads to the same.
                menu.retain(|choice| state.unit_of(choice).is_none_or(|unit| twins >> unit.0 & 1 == 0));
            }
            self.look_ahead(&state, &before, &menu, worker);
            self.keep(&state, before.value, calm, &menu, worker);
            tried = menu.len() as u64;
            worker.menu = menu;
        }
        worker.give_back(state);
        tried
    }

    /// Finds out where each choice of the menu leads.
    fn look_ahead(&self, state: &State, before: &Key, menu: &[Choice], worker: &mut Worker) {
        let mut ahead = core::mem::take(&mut worker.ahead);
        ahead.extend(menu.iter().map(|choice| {
            let known =
                if self.model.foresees { worker.foresight.look(state, before, *choice) } else { None };
            known.map(|key| Ahead { key, state: None })
        }));
        // After all of them were looked up: looking up goes hand in hand, as long as nothing is in between.
        for (choice, ahead) in menu.iter().zip(&mut ahead).filter(|(_, ahead)| ahead.is_none()) {
            *ahead = self.try_out(state, before, *choice, worker);
        }
        worker.ahead = ahead;
    }

    /// Keeps those of a state's next states that are new.
    fn keep(&self, state: &Arc<State>, own: u64, calm: bool, menu: &[Choice], worker: &mut Worker) {
        let mut ahead = core::mem::take(&mut worker.ahead);
        let table = self.table.with_room(menu.len());
        table.reach_for(ahead.iter().flatten().map(|ahead| ahead.key.value).chain([own]));
        // The first one is the calm one.
        match ahead.first() {
            Some(Some(first)) if calm => table.set_calm(own, first.key.value),
            None | Some(None) if calm => {}
            Some(_) | None => table.set_calm(own, STUCK),
        }
        for (choice, ahead) in menu.iter().zip(ahead.drain(..)) {
            let Some(Ahead { key, state: there }) = ahead else { continue };
            if table.meet(key.value, own, self.number) == Met::New && !key.is_of_exit() {
                let by = there.is_none().then_some(*choice);
                let from = there.unwrap_or_else(|| Arc::clone(state));
                worker.found.push(Fresh { key, from, parent: own, by });
            } else if let Some(there) = there {
                worker.give_back(there);
            }
        }
        worker.ahead = ahead;
    }

    /// The state itself, which nobody else has then, if nothing is broken on the way there.
    fn reach(&self, fresh: Fresh, worker: &mut Worker) -> Option<Arc<State>> {
        let Fresh { key, from: mut state, parent, by } = fresh;
        if Arc::get_mut(&mut state).is_none() {
            let mut room = worker.room(self.model);
            Arc::get_mut(&mut room)?.copy_from(&state);
            state = room;
        }
        if let Some(choice) = by {
            let reached = Arc::get_mut(&mut state)?;
            let verdict = reached.take(self.model.setup(), choice, &mut worker.witness);
            // What was foreseen and does not come would be as bad as a broken claim.
            if verdict.is_err() || reached.look_after(&key) != key {
                self.break_at(self.number - 1, parent);
                worker.spare.push(state);
                return None;
            }
        }
        Some(state)
    }

    /// Tries what nobody knows. Says where it leads, if nothing is broken on the way there.
    fn try_out(&self, state: &State, before: &Key, choice: Choice, worker: &mut Worker) -> Option<Ahead> {
        let mut room = worker.room(self.model);
        let next = Arc::get_mut(&mut room)?;
        next.copy_from(state);
        if next.take(self.model.setup(), choice, &mut worker.witness).is_err() {
            self.break_at(self.number, before.value);
            worker.spare.push(room);
            return None;
        }
        let key = next.look_after(before);
        worker.foresight.learn(state, before, choice, next, &key);
        Some(Ahead { key, state: Some(room) })
    }

    /// A choice breaks a claim, in a state with this key that is so far away.
    fn break_at(&self, steps: u32, key: u64) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        *broken = Some(broken.map_or((steps, key), |other| other.min((steps, key))));
    }
}
