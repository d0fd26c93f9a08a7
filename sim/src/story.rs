//! A recorded run: every step with its effects, and what happened in the world beside them.

use winddown_core::{Disposition, Effect, Engine, Input, Moment, Status, UnitId};

use crate::{claims::Claim, fault::Fault, scenario::Outer};

/// Something in the world that is no input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Note {
    /// A fault struck, at a unit or elsewhere.
    Struck(Fault, Option<UnitId>),
    /// A body does not react, as its scenario says.
    Deaf(UnitId),
    /// The outer supervisor begins its stop.
    OuterStop(Outer),
    /// The outer supervisor's grace is over.
    OuterKill,
    /// The host's process died.
    Crashed,
    /// The host's process came back.
    Booted,
    /// The storm is over.
    Calm,
    /// A claim was found broken.
    Broken(Claim),
}

/// One line of a story.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    /// The engine took an input.
    Step {
        /// What.
        input: Input,
        /// What became of it.
        disposition: Disposition,
        /// What the engine asked for.
        effects: Vec<Effect>,
        /// Each unit afterwards: what is promised, and whether its body lives.
        units: Vec<(Status, bool)>,
    },
    /// Something happened that the engine was not told.
    Note(Note),
}

/// A recorded run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Story {
    /// When, and what, in order.
    pub entries: Vec<(Moment, Entry)>,
    /// What the engine was given last, while nothing has come of it: what a panic has left unfinished.
    pub unfinished: Option<(Moment, Input)>,
}

impl Story {
    #[cold]
    pub(crate) const fn given(&mut self, now: Moment, input: Input) {
        self.unfinished = Some((now, input));
    }

    /// Tells a step that `engine` has taken just now.
    #[cold]
    pub fn step(
        &mut self,
        now: Moment,
        input: Input,
        disposition: Disposition,
        effects: &[Effect],
        engine: &Engine,
    ) {
        let count = u32::try_from(engine.unit_count()).unwrap_or(u32::MAX);
        let view = |unit| {
            engine.unit(UnitId(unit)).map_or((Status::Pending, false), |it| (it.status, it.body_lives))
        };
        let units = (0..count).map(view).collect();
        self.unfinished = None;
        self.entries.push((now, Entry::Step { input, disposition, effects: effects.to_vec(), units }));
    }

    #[cold]
    pub(crate) fn note(&mut self, now: Moment, note: Note) {
        self.entries.push((now, Entry::Note(note)));
    }
}
