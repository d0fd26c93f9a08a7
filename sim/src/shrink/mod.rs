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
    world::{Arena, Outcome, run_while},
};

/// How much a shrinking takes at most. Counted and not timed, so that a recording shrinks to the same one on
/// every machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    /// As many runs.
    pub runs: u64,
    /// As many inputs that the engine takes, in all of them together: a long run is tried less often.
    pub steps: u64,
}

impl Limit {
    /// Unless it is told otherwise: a few seconds.
    pub const USUAL: Self = Self { runs: 60_000, steps: 3_000_000 };
}

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
    /// All that could make it smaller was tried; else the limit was reached, or somebody said that it is enough.
    pub complete: bool,
}

/// Makes a recording smaller within a limit, as long as what comes out is wanted. `watch` is told before each
/// run how it goes: runs so far, and what the smallest one amounts to. It says whether to go on; if not, the
/// smallest one so far is what came of it.
///
/// # Errors
/// If the recording's scenario cannot be run. `Ok(None)` if what comes out of it is not wanted.
pub fn shrink(
    recording: &Recording,
    wanted: &dyn Fn(&Outcome) -> bool,
    limit: Limit,
    watch: &mut dyn FnMut(u64, &Weight) -> bool,
) -> Result<Option<Shrunk>, SetupError> {
    let setup = recording.setup()?;
    let mut room = Room { arena: None, wanted, runs: 0, steps: 0 };
    let Some(best) = room.play(&setup, Replay::new(recording.tape.clone())) else { return Ok(None) };
    let mut shrinker = Shrinker { room, limit, is_over: false, setup, best, watch };
    shrinker.go();
    let Shrinker { room, is_over, setup, best, .. } = shrinker;
    let recording = Recording { scenario: setup.scenario, tape: best.tape };
    let Found { outcome, weight, .. } = best;
    Ok(Some(Shrunk { recording, outcome, weight, runs: room.runs, complete: !is_over }))
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
    /// In all of them, those that panicked among them.
    steps: u64,
}

impl Room<'_> {
    /// Plays a run; `None` unless it does what is wanted. A panic is another bug than the one looked for.
    fn play(&mut self, setup: &Setup, chooser: impl Chooser) -> Option<Found> {
        self.runs += 1;
        let mut recorded = Recorded { inner: chooser, tape: Tape::default() };
        let arena = &mut self.arena;
        let mut steps = 0;
        let played = catch_unwind(AssertUnwindSafe(|| {
            let arena = arena.get_or_insert_with(|| Arena::new(setup));
            run_while(setup, &mut recorded, arena, None, &mut |place| {
                steps = place.steps;
                true
            })
        }));
        self.steps += steps;
        let Ok((_, outcome)) = played else {
            self.arena = None;
            return None;
        };
        let outcome = outcome.filter(|outcome| (self.wanted)(outcome))?;
        let tape = recorded.tape.trimmed();
        let weight = Weight::of(&setup.scenario, &tape, outcome.steps);
        Some(Found { tape, outcome, weight })
    }
}

struct Shrinker<'a> {
    room: Room<'a>,
    limit: Limit,
    /// The limit is reached, or somebody said that it is enough.
    is_over: bool,
    setup: Setup,
    best: Found,
    watch: &'a mut dyn FnMut(u64, &Weight) -> bool,
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
            if self.is_over || self.best.weight == before {
                return;
            }
        }
    }

    /// Whether there may be no other run. Asked before each one.
    fn is_over(&mut self) -> bool {
        let Room { runs, steps, .. } = self.room;
        self.is_over |= runs >= self.limit.runs
            || steps >= self.limit.steps
            || !(self.watch)(self.room.runs, &self.best.weight);
        self.is_over
    }

    /// Plays another setup, or the present one, if there may be one more run. `None` unless it is smaller.
    fn play(&mut self, setup: Option<&Setup>, chooser: impl Chooser) -> Option<Found> {
        let over = self.is_over();
        let found = if over { None } else { self.room.play(setup.unwrap_or(&self.setup), chooser) };
        found.filter(|found| found.weight < self.best.weight)
    }

    /// Tries all edits of a sort. What one of them made smaller is edited on from the same place.
    fn edit(&mut self, edits: fn(&Scenario) -> Vec<Scenario>) {
        let mut place = 0;
        let mut list = edits(&self.setup.scenario);
        while let Some(scenario) = list.get(place).filter(|_| !self.is_over) {
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
        let mut found = self.play(Some(&setup), Mild).or_else(|| self.play(Some(&setup), tape));
        for seed in 0..LUCK {
            if found.is_some() || self.is_over {
                break;
            }
            found = match seed % 2 {
                0 => self.play(Some(&setup), Random::new(seed)),
                _ => self.play(Some(&setup), Often(Random::new(seed))),
            };
        }
        match found {
            Some(found) => {
                self.setup = setup;
                self.best = found;
                true
            }
            None => false,
        }
    }

    fn try_tape(&mut self, tape: Tape) -> bool {
        match self.play(None, Replay::new(tape)) {
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
                    if self.is_over {
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
