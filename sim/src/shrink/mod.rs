//! The smallest run that still does what a larger one did: as a rule, that it breaks the same claim.
//!
//! A run is a [`Recording`]: a scenario, and the answers to all that the scenario leaves open. Both get
//! smaller in turn: units, operators and faults are left out, settings are set to what is usual, times
//! are shortened and rounded, answers become milder. Whatever does the same with less is kept.
//!
//! A smaller scenario asks other questions, so old answers may mean nothing in it. That is why each one
//! is also tried with mild answers, and with some luck. Luck here is a fixed list of seeds: the same
//! recording always shrinks to the same one.

mod answers;
mod edits;
mod file;
mod recording;
mod times;
mod weight;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use self::{
    file::{Kept, RecordingError},
    recording::Recording,
    weight::Weight,
};

use crate::{
    chooser::{Chooser, Label, Mild, Random, Recorded, Replay, Tape},
    scenario::Scenario,
    setup::{Setup, SetupError},
    world::{Arena, Outcome, run},
};

/// As many runs as a shrinking takes at most unless it is told otherwise: a few seconds.
pub const RUNS_MAX: u64 = 60_000;

/// With so many seeds a smaller scenario is tried.
const LUCK: u64 = 40;

/// What came of a shrinking.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shrunk {
    /// The smallest run found.
    pub recording: Recording,
    /// What comes out of it.
    pub outcome: Outcome,
    /// What it amounts to.
    pub weight: Weight,
    /// How many runs it took to find.
    pub runs: u64,
}

/// Makes a recording smaller in at most so many runs, as long as what comes out is wanted. `watch` is told
/// how it goes, from the beginning: runs so far, and what the smallest one amounts to.
///
/// # Errors
/// If the recording's scenario cannot be run. `Ok(None)` if what comes out of it is not wanted.
pub fn shrink(
    recording: &Recording,
    wanted: &dyn Fn(&Outcome) -> bool,
    runs_max: u64,
    watch: &mut dyn FnMut(u64, &Weight),
) -> Result<Option<Shrunk>, SetupError> {
    let setup = recording.setup()?;
    let mut room = Room { arena: None, wanted, runs: 0 };
    let Some(best) = room.play(&setup, Replay::new(recording.tape.clone())) else { return Ok(None) };
    watch(room.runs, &best.weight);
    let mut shrinker = Shrinker { room, runs_max, setup, best, watch };
    shrinker.go();
    let Shrinker { room, setup, best, .. } = shrinker;
    let recording = Recording { scenario: setup.scenario, tape: best.tape };
    Ok(Some(Shrunk { recording, outcome: best.outcome, weight: best.weight, runs: room.runs }))
}

/// A run that does what is wanted.
struct Found {
    tape: Tape,
    outcome: Outcome,
    weight: Weight,
}

/// Where runs take place.
struct Room<'a> {
    arena: Option<Arena>,
    wanted: &'a dyn Fn(&Outcome) -> bool,
    runs: u64,
}

impl Room<'_> {
    /// Plays a run; `None` unless it does what is wanted. A panic is another bug than the one looked for.
    fn play(&mut self, setup: &Setup, chooser: impl Chooser) -> Option<Found> {
        self.runs += 1;
        let mut recorded = Recorded { inner: chooser, tape: Tape::default() };
        let arena = &mut self.arena;
        let played = catch_unwind(AssertUnwindSafe(|| {
            run(setup, &mut recorded, arena.get_or_insert_with(|| Arena::new(setup)), None)
        }));
        let Ok(outcome) = played else {
            self.arena = None;
            return None;
        };
        if !(self.wanted)(&outcome) {
            return None;
        }
        let tape = recorded.tape.trimmed();
        let weight = Weight::of(&setup.scenario, &tape, outcome.steps);
        Some(Found { tape, outcome, weight })
    }
}

struct Shrinker<'a> {
    room: Room<'a>,
    runs_max: u64,
    setup: Setup,
    best: Found,
    watch: &'a mut dyn FnMut(u64, &Weight),
}

impl Shrinker<'_> {
    fn go(&mut self) {
        loop {
            let before = self.best.weight.clone();
            let claim = self.best.outcome.breach.as_ref().map(|breach| breach.claim);
            for edits in edits::of(claim) {
                self.edit(*edits);
            }
            self.calm_down();
            if self.best.weight == before || self.is_exhausted() {
                return;
            }
        }
    }

    const fn is_exhausted(&self) -> bool {
        self.room.runs >= self.runs_max
    }

    /// Tries all edits of a sort. What one of them made smaller is edited on from the same place.
    fn edit(&mut self, edits: fn(&Scenario) -> Vec<Scenario>) {
        let mut place = 0;
        let mut list = edits(&self.setup.scenario);
        while let Some(scenario) = list.get(place) {
            if self.is_exhausted() {
                return;
            }
            if *scenario != self.setup.scenario && self.try_scenario(scenario.clone()) {
                list = edits(&self.setup.scenario);
            } else {
                place += 1;
            }
        }
    }

    fn try_scenario(&mut self, scenario: Scenario) -> bool {
        // An edit that makes no scenario of it is none.
        let Ok(setup) = Setup::new(scenario) else { return false };
        let tape = Replay::new(self.best.tape.clone());
        let mut found = self.room.play(&setup, Mild);
        found = self.better(found).or_else(|| self.room.play(&setup, tape));
        found = self.better(found);
        for seed in 0..LUCK {
            if found.is_some() || self.is_exhausted() {
                break;
            }
            found = match seed % 2 {
                0 => self.room.play(&setup, Random::new(seed)),
                _ => self.room.play(&setup, Often(Random::new(seed))),
            };
            found = self.better(found);
        }
        (self.watch)(self.room.runs, &self.best.weight);
        match found {
            Some(found) => {
                self.setup = setup;
                self.best = found;
                true
            }
            None => false,
        }
    }

    fn better(&self, found: Option<Found>) -> Option<Found> {
        found.filter(|found| found.weight < self.best.weight)
    }

    fn try_tape(&mut self, tape: Tape) -> bool {
        let found = self.room.play(&self.setup, Replay::new(tape));
        (self.watch)(self.room.runs, &self.best.weight);
        match self.better(found) {
            Some(found) => {
                self.best = found;
                true
            }
            None => false,
        }
    }

    /// Makes answers milder, label by label.
    fn calm_down(&mut self) {
        for label in Label::ALL {
            for edits in answers::ALL {
                let mut place = 0;
                while let Some(answers) = edits(&self.best.tape.0[label as usize], place) {
                    if self.is_exhausted() {
                        return;
                    }
                    let mut tape = self.best.tape.clone();
                    tape.0[label as usize] = answers;
                    if tape == self.best.tape || !self.try_tape(tape) {
                        place += 1;
                    }
                }
            }
        }
    }
}

/// Often answers mildly, and else as another chooser does.
struct Often<C>(C);

impl<C: Chooser> Chooser for Often<C> {
    fn choose(&mut self, label: Label, count: u64) -> u64 {
        let answer = self.0.choose(label, count);
        if self.0.choose(label, 4) < 3 { 0 } else { answer }
    }
}
