//! The simulated world: carries effects out, and makes inputs of what happens.
//!
//! Time is virtual: the world jumps to whatever is next. Everything that could be one way or another is
//! asked of one chooser. The world is a value: no globals, no threads, no clock, nothing that depends on
//! the order of a hash map.

mod agenda;
mod before;
mod body;
mod hands;
mod happen;
mod operators;
mod outer;
mod pending;
mod play;
mod store;

use core::hint::cold_path;

use winddown_core::{
    Effects, Engine, Input, Moment, Signal, Span, UnitId,
    hint::{likely, unlikely},
};

pub(crate) use self::before::Before;
pub use self::{
    body::Body,
    pending::Pending,
    play::{Place, run, run_while},
    store::Store,
};

use self::agenda::{Agenda, Happening};
use crate::{
    chooser::{Chooser, Label},
    claims::{Breach, Claim, Judge, Scene},
    coverage::Coverage,
    digest::Digest,
    fault::{Fault, Faults},
    scenario::Range,
    setup::Setup,
    story::{Note, Story},
};

/// How long the host's own steps take: a system call, a message between tasks.
pub(crate) const STEP_TAKES: Range = Range::new(Span::from_micros(20), Span::from_millis(2));

/// A run with more steps than this is going round in circles.
const STEPS_MAX: u64 = 50_000;

/// In untimed order, the storm goes on for so many steps at least.
const UNTIMED_STORM_STEPS: u64 = 150;

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// The host exited with this code.
    Exited(u8),
    /// A claim was found broken.
    Broken,
}

/// What there is to say about one run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// How it ended.
    pub ended: Ended,
    /// The run's identity: a hash over all its steps.
    pub hash: u64,
    /// How many inputs the engine took.
    pub steps: u64,
    /// How much virtual time went by.
    pub took: Span,
    /// How often the host's process died.
    pub crashes: u32,
    /// Whether the outer supervisor's grace was over before the host was down (exit code 137).
    pub killed: bool,
    /// The broken claim.
    pub breach: Option<Box<Breach>>,
}

/// Everything that changes during a run. Kept between runs, so that runs allocate nothing once warm.
#[derive(Debug)]
pub struct Arena {
    engine: Engine,
    effects: Effects,
    agenda: Agenda,
    bodies: Vec<Body>,
    /// For each unit, its latest body.
    current: Vec<u32>,
    store: Store,
    judge: Judge,
    coverage: Coverage,
    /// Which of the host's lives this is.
    host: u32,
    judging: bool,
}

impl Arena {
    /// Room for runs of this setup. It may be used for other setups, too.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        Self {
            engine: setup.template.clone(),
            effects: Effects::new(),
            agenda: Agenda::default(),
            bodies: Vec::new(),
            current: Vec::new(),
            store: Store::default(),
            judge: Judge::default(),
            coverage: Coverage::default(),
            host: 0,
            judging: true,
        }
    }

    /// The same, but no claim is checked: for measuring what the claims cost, and for nothing else.
    #[must_use]
    pub fn unjudged(setup: &Setup) -> Self {
        Self { judging: false, ..Self::new(setup) }
    }

    /// What all runs so far have seen.
    #[must_use]
    pub const fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// The engine as the last run left it.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The store as the last run left it.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The bodies of the last run.
    #[must_use]
    pub fn bodies(&self) -> &[Body] {
        &self.bodies
    }

    fn reset(&mut self, setup: &Setup) {
        if let Some(before) = &setup.before {
            return self.copy_from(before, setup.is_timed());
        }
        self.engine.clone_from(&setup.template);
        self.effects.clear();
        self.agenda.reset(setup.is_timed());
        self.bodies.clear();
        self.current.clear();
        self.current.resize(setup.unit_count(), u32::MAX);
        self.store.reset(setup.unit_count());
        self.judge.reset(setup);
        self.host = 0;
    }
}

/// One run of a scenario.
struct World<'a, C> {
    setup: &'a Setup,
    state: &'a mut Arena,
    chooser: &'a mut C,
    story: Option<&'a mut Story>,
    now: Moment,
    timed: bool,
    calm: bool,
    faults: Faults,
    struck: u64,
    digest: Digest,
    steps: u64,
    /// The host's process is there.
    up: bool,
    exited: Option<u8>,
    crashes: u32,
    killed: bool,
    /// At which step it crashes, if it does.
    crash_at: u64,
    tickets: u32,
    breach: Option<Box<Breach>>,
}

impl<C: Chooser> World<'_, C> {
    fn prepare(&mut self) {
        if self.strikes(Label::Operators, Fault::EarlySignal, None) {
            self.plan(Moment::START, Happening::Signal(Signal::Terminate));
        }
        let is_up = self.setup.before.is_some();
        if is_up {
            self.go_on();
        } else {
            for client in self.setup.clients() {
                self.plan(Moment::START, Happening::ClientComes(client));
            }
        }
        for place in 0..self.setup.units.len() {
            if let Some(starts) = self.setup.units[place].starts_later(is_up) {
                let after = self.draw(Label::Operators, starts);
                let unit = UnitId(u32::try_from(place).unwrap_or(u32::MAX));
                self.plan_after(after, Happening::Start(unit));
            }
        }
        for place in 0..self.setup.asks.len() {
            let (at, times) = (self.setup.asks[place].at, self.setup.asks[place].times);
            for _ in 0..times {
                let after = self.draw(Label::Operators, at);
                self.plan_after(after, Happening::Ask(u32::try_from(place).unwrap_or(u32::MAX)));
            }
        }
        self.plan_disasters();
        self.plan_after(self.setup.scenario.storm, Happening::Calm);
    }

    /// Takes the next thing that happens.
    fn turn(&mut self) {
        let due = if likely(self.up) { self.state.engine.next_deadline() } else { None };
        let next = if likely(self.timed) { self.next_timed(due) } else { self.next_untimed(due) };
        match next {
            Some(what) => self.happen(what),
            // Whoever gave it as long as it takes has waited long enough.
            None if self.up && self.state.engine.shutdown_deadline().is_some_and(Moment::is_never) => {
                self.step(Input::SignalReceived { signal: Signal::Terminate });
            }
            None => {
                let text = "the host still runs, and nothing is left that could ever happen";
                self.never_ends(text.to_owned());
            }
        }
        if unlikely(self.steps > STEPS_MAX) {
            let (steps, now) = (STEPS_MAX, self.now);
            self.never_ends(format!("the host still runs after {steps} steps, in {now} of virtual time"));
        }
        if unlikely(self.steps >= self.crash_at) && !self.calm && self.up && self.exited.is_none() {
            self.crash_at = u64::MAX;
            self.crash();
        }
    }

    /// Whatever is earliest.
    fn next_timed(&mut self, due: Option<Moment>) -> Option<Happening> {
        let next = self.state.agenda.earliest();
        let (at, what) = match due {
            Some(due) if next.is_none_or(|next| !self.comes_first(next, due)) => (due, Happening::Woken),
            Some(_) | None => self.state.agenda.pop()?,
        };
        self.now = self.now.max(at);
        Some(what)
    }

    /// Whether what happens at `next` comes before a deadline; in the same instant, either may.
    fn comes_first(&mut self, next: Moment, due: Moment) -> bool {
        next < due || (next == due && self.chooser.choose(Label::Order, 2) == 0)
    }

    /// Whatever is pending may be next, and takes no time; only deadlines move the clock.
    fn next_untimed(&mut self, due: Option<Moment>) -> Option<Happening> {
        let pending = self.state.agenda.line().len();
        let menu = pending + usize::from(due.is_some());
        if menu == 0 {
            return None;
        }
        let line = self.state.agenda.line();
        let who = |place: usize| line.get(place).map_or(agenda::CLOCK, |what| what.actor());
        let mut place = self.chooser.turn(menu, &who);
        let early = self.steps < UNTIMED_STORM_STEPS && menu > 1;
        if early && line.get(place) == Some(&Happening::Calm) {
            place = (place + 1) % menu;
        }
        self.state.agenda.take(place).or_else(|| {
            self.now = self.now.max(due?);
            Some(Happening::Woken)
        })
    }

    #[cold]
    fn never_ends(&mut self, text: String) {
        self.breach = Some(Breach::new(Claim::EveryRunEnds, self.now, self.steps, None, text));
    }

    /// Gives the engine one input, checks all claims, and carries out what it wants.
    fn step(&mut self, input: Input) {
        if unlikely(!self.up) {
            return;
        }
        self.steps += 1;
        let state = &mut *self.state;
        state.effects.clear();
        state.store.advance(self.now);
        if likely(state.judging) {
            let unit = input.unit();
            state.coverage.saw_input(&state.engine, unit, &input);
            state.judge.before(&state.engine, unit);
        }
        if let Some(story) = self.story.as_deref_mut() {
            story.given(self.now, input);
        }
        let disposition = state.engine.handle(self.now, input, &mut state.effects);
        let effects = state.effects.as_slice();
        self.digest.step(self.now, &input, disposition, effects);
        if let Some(story) = self.story.as_deref_mut() {
            story.step(self.now, input, disposition, effects, &state.engine);
        }
        let scene = Scene {
            setup: self.setup,
            engine: &state.engine,
            store: &state.store,
            bodies: &state.bodies,
            now: self.now,
            step: self.steps,
            was_killed: self.killed,
        };
        if likely(state.judging)
            && let Err(breach) = state.judge.observe(&scene, &input, disposition, effects)
        {
            cold_path();
            self.breach = Some(breach);
            return;
        }
        if effects.is_empty() {
            return;
        }
        let effects = core::mem::take(&mut self.state.effects);
        for effect in effects.as_slice() {
            self.carry_out(effect);
        }
        self.state.effects = effects;
    }

    fn finish(self) -> Outcome {
        let state = self.state;
        state.coverage.saw_faults(self.struck);
        state.coverage.saw_sights(state.judge.sights());
        if let (Some(breach), Some(story)) = (&self.breach, self.story) {
            story.note(self.now, Note::Broken(breach.claim));
        }
        Outcome {
            ended: self.exited.filter(|_| self.breach.is_none()).map_or(Ended::Broken, Ended::Exited),
            hash: self.digest.value(),
            steps: self.steps - self.setup.before.as_ref().map_or(0, |before| before.steps),
            took: Moment::START.until(self.now),
            crashes: self.crashes,
            killed: self.killed,
            breach: self.breach,
        }
    }

    /// How long something takes; no time in untimed order.
    fn draw(&mut self, label: Label, range: Range) -> Span {
        if likely(self.timed) { self.chooser.span(label, range.min, range.max) } else { Span::ZERO }
    }

    fn plan(&mut self, at: Moment, what: Happening) {
        let rank = if likely(self.timed) { self.chooser.choose(Label::Order, 8) } else { 0 };
        self.state.agenda.plan(at, rank, what);
    }

    fn plan_after(&mut self, after: Span, what: Happening) {
        self.plan(self.now.after(after), what);
    }

    /// Whether this fault strikes here. Never when it is calm.
    #[inline]
    fn strikes(&mut self, label: Label, fault: Fault, unit: Option<UnitId>) -> bool {
        let rate = self.faults.rate(fault);
        // Most faults are off in most runs.
        unlikely(rate > 0) && !self.calm && self.strikes_at(label, fault, rate, unit)
    }

    #[cold]
    fn strikes_at(&mut self, label: Label, fault: Fault, rate: u16, unit: Option<UnitId>) -> bool {
        let strikes = self.chooser.strikes(label, rate);
        if strikes {
            self.struck |= 1 << fault as u32;
            self.note(Note::Struck(fault, unit));
        }
        strikes
    }

    fn note(&mut self, note: Note) {
        if let Some(story) = self.story.as_deref_mut() {
            story.note(self.now, note);
        }
    }
}
