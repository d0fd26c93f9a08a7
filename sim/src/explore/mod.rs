//! Everything that can happen in a small world, with the real engine and all claims on.
//!
//! A [`Scope`] says how small. From its first state every choice is followed, in every state that is reached,
//! each state once: states that will behave alike are one state, however late it is when they are reached
//! and whichever unit is which. A choice is tried, and judged as in a run, unless its like was: then it is known
//! where it leads. From every state a calm way, in which nobody asks for anything more and all that is waited for
//! comes, must lead to the exit.
//!
//! There is no clock and no randomness here: what comes out depends on the scope alone.

mod choice;
mod copy;
mod deed;
mod foresight;
mod key;
mod left;
mod map;
mod menu;
mod path;
mod pieces;
mod recent;
mod scope;
mod search;
mod state;
mod table;

use winddown_core::{Caller, Input, Moment, UnitId};

pub use self::{
    choice::{Choice, Manner},
    path::{NoSuchChoice, Told},
    scope::Scope,
    state::{State, Witness},
};

use self::{left::Left, state::Hand, table::Calm};
use crate::{
    claims::{Breach, Judge},
    coverage::Coverage,
    setup::{Setup, SetupError},
    world::{Body, Store},
};

/// Who looks on while a search goes on. Called from all threads.
pub trait Watcher: Sync {
    /// The search is in this level, and has tried so many choices in all.
    fn progress(&self, _level: u32, _transitions: u64) {}
    /// Whether to stop: somebody has interrupted.
    fn must_stop(&self) -> bool {
        false
    }
}

/// Nobody looks on.
impl Watcher for () {}

/// A scope made ready to be explored.
#[derive(Debug)]
pub struct Model {
    scope: Scope,
    setup: Setup,
    symmetric: bool,
    foresees: bool,
}

/// What there is to say about an explored scope.
#[derive(Debug)]
pub struct Exploration {
    /// States that will not all behave alike, as far as is known.
    pub states: u64,
    /// Choices that were tried, or of which it was known what comes of them.
    pub transitions: u64,
    /// How many steps the state farthest away is from the first one.
    pub depth: u32,
    /// How many states there are at each distance.
    pub levels: Vec<u64>,
    /// How many bytes the table of states takes.
    pub table_bytes: u64,
    /// How many choices were tried, to see what comes of them or whether what was foreseen does. Several threads try
    /// some more, since each learns for itself first.
    pub tried: u64,
    /// How many bytes all threads take for what they have tried.
    pub foresight_bytes: u64,
    /// What was seen.
    pub coverage: Coverage,
    /// All of the scope was explored.
    pub exhausted: bool,
    /// Somebody stopped it.
    pub interrupted: bool,
    /// From so many states it is not known whether calm leads to the exit: it leads out of what was
    /// explored.
    pub open: u64,
    /// A way to a broken claim. There is no shorter one.
    pub counterexample: Option<Told>,
}

impl Model {
    /// Makes a scope ready.
    ///
    /// # Errors
    /// Why it makes no plan that can be run.
    pub fn new(scope: Scope) -> Result<Self, SetupError> {
        Ok(Self { setup: scope.setup()?, scope, symmetric: true, foresees: true })
    }

    /// Takes states that only differ in which unit is which for different ones. For tests: it finds the
    /// same, and more slowly.
    #[must_use]
    pub const fn without_symmetry(mut self) -> Self {
        self.symmetric = false;
        self
    }

    /// Tries every choice of every state, also where it is known what comes of it: it has to find the same,
    /// and takes longer.
    #[must_use]
    pub const fn without_foresight(mut self) -> Self {
        self.foresees = false;
        self
    }

    /// What it is made from.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The units and their plan.
    #[must_use]
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Whether it makes no difference which unit is which.
    #[must_use]
    pub const fn symmetric(&self) -> bool {
        self.symmetric
    }

    /// The first state: all units run, and that is durable.
    #[must_use]
    pub fn root(&self) -> State {
        self.start(&mut Witness::default()).0
    }

    /// The first state, and what was broken on the way to it.
    fn start(&self, witness: &mut Witness) -> (State, Result<(), Box<Breach>>) {
        let mut state = self.empty();
        let mut run = || {
            for unit in self.setup.unit_ids() {
                state.input(&self.setup, Input::StartRequested { unit, caller: Caller::Nobody }, witness)?;
            }
            let mut menu = Vec::new();
            while state.menu(&mut menu)
                && let Some(choice @ (Choice::Finish(..) | Choice::Store(..))) = menu.first()
            {
                state.take(&self.setup, *choice, witness)?;
            }
            state.settle();
            Ok(())
        };
        let verdict = run();
        (state, verdict)
    }

    /// A host with units that were never started.
    pub(super) fn empty(&self) -> State {
        let setup = &self.setup;
        let mut judge = Judge::default();
        judge.reset(setup);
        let mut store = Store::default();
        store.reset(setup.unit_count());
        let body = |unit: UnitId| Body::none(unit);
        let hand = Hand { told: false, unreported: false, orphan: false };
        State {
            engine: setup.template.clone(),
            judge,
            store,
            bodies: setup.unit_ids().map(body).collect(),
            hands: vec![hand; setup.unit_count()],
            orders: Vec::new(),
            writes: Vec::new(),
            phase: None,
            left: Left::of(&self.scope),
            now: Moment::START,
            step: 0,
            tickets: 0,
            up: true,
            exited: None,
            touched: u8::MAX,
        }
    }

    /// Explores all of it, or all that is no more than `depth` steps away, on so many threads.
    #[must_use]
    pub fn explore(&self, depth: u32, jobs: usize, watcher: &dyn Watcher) -> Exploration {
        let searched = search::search(self, depth, jobs, watcher, false);
        let Calm { lost, open } = searched.calm();
        let counterexample = (searched.broken.is_some() || lost.is_some()).then(|| {
            // Nobody has noted the way, as that takes room and time: now it is worth it.
            let again = search::search(self, depth, jobs, &(), true);
            let end = match searched.broken {
                Some(key) => path::End::Breach(key),
                None => path::End::NoExit(again.calm().lost.or(lost).unwrap_or_default()),
            };
            path::to_breach(self, &again.table, end)
        });
        Exploration {
            states: searched.table.len(),
            transitions: searched.transitions,
            depth: searched.depth,
            levels: searched.levels,
            table_bytes: searched.table.bytes(),
            tried: searched.tried,
            foresight_bytes: searched.foresight_bytes,
            coverage: searched.coverage,
            exhausted: searched.exhausted && open == 0,
            interrupted: searched.interrupted,
            open,
            counterexample,
        }
    }

    /// Walks one way, choice by choice, and calmly on from where it ends.
    ///
    /// # Errors
    /// Which choice is on no menu: the way belongs to another scope, or to another version.
    pub fn follow(&self, way: &[u8]) -> Result<Told, NoSuchChoice> {
        path::along(self, way)
    }
}
