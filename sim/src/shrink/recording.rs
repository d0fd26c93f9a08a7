//! One run, whole: what it is a run of, and every answer that was given in it.

use crate::{
    chooser::{Recorded, Tape},
    scenario::Scenario,
    setup::{Setup, SetupError},
    sweep::Source,
    world::{Arena, Outcome, run},
};

/// A scenario, and the answers to all that it leaves open. It needs no seed and no generator: the same
/// recording is the same run as long as the engine and the world mean the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recording {
    /// Who does what when.
    pub scenario: Scenario,
    /// The answers. Where they are at their end, the mildest ones follow.
    pub tape: Tape,
}

impl Recording {
    /// The recording of a seed, and what came out.
    ///
    /// # Errors
    /// If the generated scenario cannot be run.
    pub fn of_seed(source: &Source, seed: u64) -> Result<(Self, Outcome), SetupError> {
        let (setup, chooser) = source.open(seed)?;
        let mut recorded = Recorded { inner: chooser, tape: Tape::default() };
        let outcome = run(&setup, &mut recorded, &mut Arena::new(&setup), None);
        let mut scenario = setup.into_owned().scenario;
        if scenario.name.is_empty() {
            "generated".clone_into(&mut scenario.name);
        }
        Ok((Self { scenario, tape: recorded.tape.trimmed() }, outcome))
    }

    /// Its scenario made ready.
    ///
    /// # Errors
    /// What in it cannot be run.
    pub fn setup(&self) -> Result<Setup, SetupError> {
        Setup::new(self.scenario.clone())
    }
}
