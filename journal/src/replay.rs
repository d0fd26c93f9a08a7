//! Playing a journal again.

use std::sync::Arc;

use winddown_core::{Disposition, Effect, Effects, Engine, PlanError};

use crate::{Journal, Step};

/// What an engine does about the inputs of a journal.
#[derive(Debug)]
pub struct Played {
    /// The engine after the last input, or after the first step that was another one.
    pub engine: Engine,
    /// Where it did something else, if it did.
    pub difference: Option<Difference>,
}

/// A step that was another one when it was recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Its place among the steps, from 0.
    pub place: usize,
    /// What became of the input.
    pub disposition: Disposition,
    /// What the engine asks for.
    pub effects: Vec<Effect>,
}

impl Journal {
    /// Gives the inputs to a new engine, and compares. `each` is told of every step as the engine does it:
    /// up to the first one that was another one when it was recorded, and that one, too.
    ///
    /// # Errors
    /// The plan cannot be used.
    pub fn replay(
        &self,
        mut each: impl FnMut(&Step, Disposition, &[Effect], &Engine),
    ) -> Result<Played, PlanError> {
        let mut engine = Engine::new(Arc::new(self.head.plan.clone()))?;
        let mut effects = Effects::new();
        for (place, step) in self.steps.iter().enumerate() {
            effects.clear();
            let disposition = engine.handle(step.at, step.input, &mut effects);
            each(step, disposition, effects.as_slice(), &engine);
            if disposition != step.disposition || effects.as_slice() != step.effects {
                let effects = effects.as_slice().to_vec();
                return Ok(Played { engine, difference: Some(Difference { place, disposition, effects }) });
            }
        }
        Ok(Played { engine, difference: None })
    }
}
